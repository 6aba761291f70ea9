package salesdock

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/url"
	"strconv"

	"github.com/countersign/countersign"
)

// paginator is what both kinds of page say about themselves: pages that are
// counted, and pages that follow a cursor.
type paginator[T any] struct {
	Items      List[T]         `json:"data"`
	Current    Int             `json:"current_page"`
	Last       Int             `json:"last_page"`
	Total      json.RawMessage `json:"total"`
	NextPage   string          `json:"next_page_url"`
	NextCursor string          `json:"next_cursor"`
}

// page gives the items and where the next ones are. Of next_page_url, which names
// the production host whatever host was called, only the position counts.
// Some last pages name themselves as the next.
func (p paginator[T]) page() (*countersign.Page[T], error) {
	out := &countersign.Page[T]{Items: p.Items, Total: p.total()}
	if p.Last > 0 && p.Current >= p.Last {
		return out, nil
	}
	at := url.Values{}
	if p.NextPage != "" {
		u, err := url.Parse(p.NextPage)
		if err != nil {
			return nil, badPage("next_page_url is no address")
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			return nil, badPage("next_page_url has no readable query")
		}
		setPosition(at, q.Get("page"), cmp.Or(q.Get("cursor"), p.NextCursor))
		if p.Current > 0 && q.Has("page") {
			// Pages that are counted repeat the request's own cursor=true.
			setPosition(at, q.Get("page"), "")
		}
		if len(at) == 0 {
			return nil, badPage("next_page_url names no position")
		}
		if n, err := strconv.ParseInt(at.Get("page"), 10, 64); err == nil && n <= int64(p.Current) {
			return nil, badPage("the pages go in a circle")
		}
	} else if p.Last > p.Current {
		if p.Current < 1 {
			return nil, badPage("it does not say which page it is")
		}
		setPosition(at, strconv.FormatInt(int64(p.Current)+1, 10), "")
	} else {
		setPosition(at, "", p.NextCursor)
	}
	out.Next = at.Encode()
	return out, nil
}

func setPosition(at url.Values, page, cursor string) {
	clear(at)
	if cursor != "" {
		at.Set("cursor", cursor)
	} else if page != "" {
		at.Set("page", page)
	}
}

// total is how many items all pages hold; -1 when it is not said.
func (p paginator[T]) total() int64 {
	var n Int
	if len(p.Total) == 0 || string(p.Total) == "null" || n.UnmarshalJSON(p.Total) != nil {
		return -1
	}
	return int64(n)
}

func badPage(reason string) error {
	return &countersign.DecodeError{Provider: "salesdock", Op: "list", StatusCode: 200, ContentType: "application/json", Reason: reason}
}

// askPage reads one page. A cursor is the text that the page before gave.
func askPage[T any](ctx context.Context, c *conn, d call, cursor string, opts []countersign.CallOption) (*countersign.Page[T], error) {
	at, err := url.ParseQuery(cursor)
	if err != nil {
		return nil, badConfig("Cursor", "is not one that a page gave", "use Page.Next")
	}
	q := url.Values{}
	maps.Copy(q, d.Query)
	for name, values := range at {
		if name != "page" && name != "cursor" || len(values) != 1 {
			return nil, badConfig("Cursor", "is not one that a page gave", "use Page.Next")
		}
		q[name] = values
	}
	p, err := ask[paginator[T]](ctx, c, d.query(q), opts)
	if err != nil {
		return nil, err
	}
	return p.page()
}

// pages goes through the items of all pages. It can be ranged over again; each
// time begins at the cursor. A position that comes again would never end: it is an
// error.
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

// each makes an iterator of a list that comes whole.
func each[T any](read func() ([]T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		items, err := read()
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range items {
			if !yield(&items[i], nil) {
				return
			}
		}
	}
}
