package docusign

import (
	"iter"
	"net/url"
	"strconv"

	"github.com/countersign/countersign"
)

// listing is what all lists say about their pages.
type listing struct {
	Start    Int    `json:"startPosition"`
	End      Int    `json:"endPosition"`
	Size     Int    `json:"resultSetSize"`
	Total    Text   `json:"totalSetSize"`
	NextURI  string `json:"nextUri"` // relative; older answers have none
	NextMark string `json:"continuationToken"`
}

// next is the query of the next page, as far as it concerns paging. The end is
// what the service says, never a page that is short.
func (l listing) next() string {
	if l.NextURI != "" {
		u, err := url.Parse(l.NextURI)
		if err != nil {
			return ""
		}
		return pageQuery(u.Query().Get("start_position"), u.Query().Get("continuation_token"))
	}
	total, err := strconv.ParseInt(string(l.Total), 10, 64)
	if err != nil || l.Size == 0 || int64(l.End)+1 >= total {
		return ""
	}
	return pageQuery(strconv.FormatInt(int64(l.End)+1, 10), "")
}

func pageQuery(start, mark string) string {
	v := url.Values{}
	if start != "" {
		v.Set("start_position", start)
	}
	if mark != "" {
		v.Set("continuation_token", mark)
	}
	return v.Encode()
}

func pageOf[T any](l listing, items []T) *countersign.Page[T] {
	total, err := strconv.ParseInt(string(l.Total), 10, 64)
	if err != nil {
		total = -1
	}
	return &countersign.Page[T]{Items: items, Total: total, Next: l.next()}
}

// addPage adds the cursor of a page before, and the size of the page.
func addPage(v url.Values, count int, cursor string) error {
	if count > 0 {
		v.Set("count", strconv.Itoa(count))
	}
	at, err := url.ParseQuery(cursor)
	if err != nil {
		return badConfig("Cursor", "is not one that a page gave", "use Page.Next")
	}
	for name, values := range at {
		if name != "start_position" && name != "continuation_token" {
			return badConfig("Cursor", "is not one that a page gave", "use Page.Next")
		}
		v[name] = values
	}
	return nil
}

// pages goes through the items of all pages. A cursor that comes again would
// never end: it is an error.
func pages[T any](cursor string, read func(cursor string) (*countersign.Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		seen := map[string]bool{}
		for at := cursor; ; {
			page, err := read(at)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			seen[at], at = true, page.Next
			if seen[at] {
				yield(nil, &countersign.DecodeError{Provider: "docusign", Op: "list", StatusCode: 200, ContentType: "application/json", Reason: "the pages go in a circle"})
				return
			}
		}
	}
}
