package docusign

import (
	"cmp"
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

// next is the query of the next page, as far as it concerns paging; empty at the
// end. The end is what the service says, never a page that is short, and never
// an announcement that can't be read.
func (l listing) next() (string, error) {
	if l.NextURI != "" {
		u, err := url.Parse(l.NextURI)
		if err != nil {
			return "", badPage("nextUri is no address")
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			return "", badPage("nextUri has no readable query")
		}
		if at := pageQuery(q.Get("start_position"), cmp.Or(q.Get("continuation_token"), l.NextMark)); at != "" {
			return at, nil
		}
		return "", badPage("nextUri names no position")
	}
	total, ok := l.total()
	switch {
	case ok && (int64(l.End)+1 >= total || int64(l.Start) >= total):
		return "", nil
	case l.NextMark != "":
		return pageQuery("", l.NextMark), nil
	case l.Total == "":
		return "", nil
	case !ok:
		return "", badPage("totalSetSize is no number")
	case l.Size == 0:
		return "", badPage("totalSetSize announces more, and nothing says where")
	}
	return pageQuery(strconv.FormatInt(int64(l.End)+1, 10), ""), nil
}

// total is how many items all pages hold, if it is known.
func (l listing) total() (int64, bool) {
	n, err := strconv.ParseInt(string(l.Total), 10, 64)
	return n, err == nil
}

func badPage(reason string) error {
	return &countersign.DecodeError{Provider: "docusign", Op: "list", StatusCode: 200, ContentType: "application/json", Reason: reason}
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

// pageOf is a page with its cursor. When more is announced and can't be read, the
// error is a *countersign.DecodeError.
func pageOf[T any](l listing, items []T) (*countersign.Page[T], error) {
	next, err := l.next()
	if err != nil {
		return nil, err
	}
	total, ok := l.total()
	if !ok {
		total = -1
	}
	return &countersign.Page[T]{Items: items, Total: total, Next: next}, nil
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
				yield(nil, badPage("the pages go in a circle"))
				return
			}
		}
	}
}
