package activecampaign

import (
	"iter"
	"net/url"
	"reflect"
	"strconv"

	"github.com/countersign/countersign"
)

// maxPage is the largest page that ActiveCampaign gives ("Pagination").
const maxPage = 100

// meta is what lists say about their pages. The total is text in the classic
// calls and a number in those of custom objects and events.
type meta struct {
	Total *Int `json:"total"`
}

func (m meta) total() int64 {
	if m.Total == nil {
		return -1
	}
	return int64(*m.Total)
}

// PageQuery says which part of a listing to read; the zero value is its start.
type PageQuery struct {
	Cursor string // Page.Next of the page before
	Limit  int    // 0: 100, which is the most
}

func pageSize(limit int) (int, error) {
	switch {
	case limit == 0:
		return maxPage, nil
	case limit < 0 || limit > maxPage:
		return 0, badConfig("Limit", "is not between 1 and 100", "")
	}
	return limit, nil
}

// values adds limit and offset to a query; v may be nil.
func (q PageQuery) values(v url.Values) (url.Values, error) {
	if v == nil {
		v = url.Values{}
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return nil, err
	}
	offset := 0
	if q.Cursor != "" {
		if offset, err = strconv.Atoi(q.Cursor); err != nil || offset < 0 {
			return nil, badConfig("Cursor", "is not one that a page gave", "use Page.Next")
		}
	}
	v.Set("limit", strconv.Itoa(limit))
	v.Set("offset", strconv.Itoa(offset))
	return v, nil
}

// page cuts a listing. The end is a page that is short or, where the total is
// known, its last item.
func page[T any](q PageQuery, items []T, m meta) *countersign.Page[T] {
	out := &countersign.Page[T]{Items: items, Total: m.total()}
	limit, _ := pageSize(q.Limit)
	start, _ := strconv.Atoi(q.Cursor)
	end := start + len(items)
	if len(items) >= limit && (out.Total < 0 || int64(end) < out.Total) {
		out.Next = strconv.Itoa(end)
	}
	return out
}

func badPage(op, reason string) error {
	return &countersign.DecodeError{Provider: provider, Op: op, StatusCode: 200, ContentType: "application/json", Reason: reason}
}

// pages goes through the items of all pages. A page that begins as the one before
// it ends them: the service has ignored the offset, and would do so for ever.
func pages[T any](cursor string, read func(cursor string) (*countersign.Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		var first any
		for at := cursor; ; {
			page, err := read(at)
			if err == nil && len(page.Items) > 0 {
				if first != nil && reflect.DeepEqual(first, page.Items[0]) {
					err = badPage("list", "the pages repeat")
				}
				first = page.Items[0]
			}
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
			at = page.Next
		}
	}
}

// collect reads all pages into one list.
func collect[T any](all iter.Seq2[*T, error]) ([]T, error) {
	var out []T
	for v, err := range all {
		if err != nil {
			return nil, err
		}
		out = append(out, *v)
	}
	return out, nil
}
