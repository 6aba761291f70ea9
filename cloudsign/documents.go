package cloudsign

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

const (
	// pageSize is fixed by the service.
	pageSize = 100
	// instant is how the specification writes the bounds of a window.
	instant = "2006-01-02T15:04:05.000000Z07:00"
)

// DocumentsService makes, sends and reads documents. GET /documents gives what the
// client ID's user can see, GET /team_documents what the members of the team
// exchanged.
type DocumentsService struct{ service }

// DocumentQuery narrows a listing. The zero value asks for everything.
type DocumentQuery struct {
	// Page is the page to read, from 1; 0 is 1. All and AllTeam start there.
	Page int
	// Status is one of draft to template; nil: any. The service does not accept
	// StatusImported here, and does not say whether "any" includes imported
	// documents. Team listings have no such filter: there it is a *ConfigError.
	Status *DocumentStatus
	// From and To bound the time of the last consent or refusal. Whether the
	// bounds themselves belong to the window is undocumented: let windows overlap.
	From, To time.Time
	// WithoutFiles and WithoutParticipants leave the lists out of the answer.
	WithoutFiles        bool
	WithoutParticipants bool
	// WithReportees and WithAttachment add to the answer what it leaves out by
	// itself.
	WithReportees  bool
	WithAttachment bool
	// WithSharedTemplates adds templates that others share; it needs Status to be
	// StatusTemplate and is not for team listings.
	WithSharedTemplates bool
}

// Get reads one document (GET /documents/{documentID}).
func (s DocumentsService) Get(ctx context.Context, id DocumentID, opts ...countersign.CallOption) (*Document, error) {
	d := new(Document)
	err := s.api.Run(ctx, api.Call{
		Op: "get document", Method: http.MethodGet, Effect: api.Read,
		Path: api.NewPath("/documents/{documentID}", string(id)),
	}, func(contentType string, body []byte) error {
		err := decodeDocument(d, id)(contentType, body)
		if err == nil && d.Status == StatusMissing {
			err = api.BadAnswer("the document has no status") // what may be done with it follows from that
		}
		return err
	}, opts...)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// List reads one page of up to 100 documents that the user can see
// (GET /documents). The order is undocumented.
func (s DocumentsService) List(ctx context.Context, q DocumentQuery, opts ...countersign.CallOption) (*countersign.Page[Document], error) {
	v, err := q.values()
	if err != nil {
		return nil, err
	}
	return s.page(ctx, "list documents", "/documents", q.Page, v, opts)
}

// ListTeam reads one page of up to 100 documents of the team: pending,
// concluded, cancelled and imported ones (GET /team_documents). It needs an
// administrator and is refused to Enterprise accounts. The order is
// undocumented.
func (s DocumentsService) ListTeam(ctx context.Context, q DocumentQuery, opts ...countersign.CallOption) (*countersign.Page[Document], error) {
	switch {
	case q.Status != nil:
		return nil, badQuery("Status", "is not a filter of team listings", "filter the documents that come")
	case q.WithSharedTemplates:
		return nil, badQuery("WithSharedTemplates", "is not for team listings", "")
	}
	v, err := q.values()
	if err != nil {
		return nil, err
	}
	return s.page(ctx, "list team documents", "/team_documents", q.Page, v, opts)
}

// All goes through the documents of List. See AllTeam for what it promises.
func (s DocumentsService) All(ctx context.Context, q DocumentQuery) iter.Seq2[*Document, error] {
	return documents(s.Pages(ctx, q))
}

// AllTeam goes through the documents of ListTeam, page by page. A document that
// shows up on neighbouring pages is given once. An error is given once and ends
// the sequence. The sequence can be gone through again, which reads anew.
func (s DocumentsService) AllTeam(ctx context.Context, q DocumentQuery) iter.Seq2[*Document, error] {
	return documents(s.PagesTeam(ctx, q))
}

// Pages goes through the pages of List. See PagesTeam for what it promises.
func (s DocumentsService) Pages(ctx context.Context, q DocumentQuery) iter.Seq2[*countersign.Page[Document], error] {
	return pages(ctx, q, s.List)
}

// PagesTeam goes through the pages of ListTeam, from q.Page on. When q.To is
// zero it is set to the present, so that documents that arrive meanwhile do not
// shift the pages; when the total shrinks, the pages before are read again that
// what stood on this one may have moved to. Pages may therefore repeat documents. An error is given once and ends the sequence.
func (s DocumentsService) PagesTeam(ctx context.Context, q DocumentQuery) iter.Seq2[*countersign.Page[Document], error] {
	return pages(ctx, q, s.ListTeam)
}

type listFunc func(context.Context, DocumentQuery, ...countersign.CallOption) (*countersign.Page[Document], error)

func pages(ctx context.Context, q DocumentQuery, list listFunc) iter.Seq2[*countersign.Page[Document], error] {
	return func(yield func(*countersign.Page[Document], error) bool) {
		q := q
		if q.To.IsZero() {
			q.To = time.Now()
		}
		q.Page = max(q.Page, 1)
		for least, begun := int64(0), false; ; {
			page, err := list(ctx, q)
			if err != nil {
				yield(nil, err)
				return
			}
			// Compared with the least total so far, so that totals that go up and
			// down do not lead back again and again.
			gone := least - page.Total
			if !begun || gone > 0 {
				least = page.Total
			}
			if begun && gone > 0 && q.Page > 1 { // what stood here may have moved that far
				q.Page = max(1, q.Page-int((gone+pageSize-1)/pageSize))
				continue
			}
			begun = true
			if !yield(page, nil) || page.Next == "" {
				return
			}
			q.Page++
		}
	}
}

func documents(pages iter.Seq2[*countersign.Page[Document], error]) iter.Seq2[*Document, error] {
	return func(yield func(*Document, error) bool) {
		var seen recent
		for page, err := range pages {
			if err != nil {
				yield(nil, err)
				return
			}
			seen.turn()
			for i := range page.Items {
				if seen.add(page.Items[i].ID) && !yield(&page.Items[i], nil) {
					return
				}
			}
		}
	}
}

// recent remembers the documents of the last few pages: a page shift repeats
// neighbours, and a long listing must not fill the memory.
type recent [4]map[DocumentID]struct{}

func (r *recent) turn() {
	copy(r[1:], r[:len(r)-1])
	r[0] = make(map[DocumentID]struct{}, pageSize)
}

func (r *recent) add(id DocumentID) bool {
	for _, m := range r {
		if _, ok := m[id]; ok {
			return false
		}
	}
	r[0][id] = struct{}{}
	return true
}

type documentList struct {
	Total     int64      `json:"total"`
	Page      int64      `json:"page"`
	Documents []Document `json:"documents"`
}

func (s DocumentsService) page(ctx context.Context, op, path string, page int, v url.Values, opts []countersign.CallOption) (*countersign.Page[Document], error) {
	m, err := api.JSON[documentList](ctx, s.api, api.Call{
		Op: op, Method: http.MethodGet, Path: api.NewPath(path), Query: v, Effect: api.Read,
	}, opts...)
	if err != nil {
		return nil, err
	}
	return &countersign.Page[Document]{Items: m.Documents, Total: m.Total, Next: nextPage(page, len(m.Documents), m.Total)}, nil
}

// nextPage: a page past the end is empty, not an error.
func nextPage(page, items int, total int64) string {
	page = max(page, 1)
	if items == 0 || int64(page)*pageSize >= total {
		return ""
	}
	return strconv.Itoa(page + 1)
}

func (q DocumentQuery) values() (url.Values, error) {
	v := url.Values{
		"with_files":        {yesNo(!q.WithoutFiles)},
		"with_participants": {yesNo(!q.WithoutParticipants)},
	}
	switch {
	case q.Page < 0:
		return nil, badQuery("Page", "is negative", "pages start at 1")
	case !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From):
		return nil, badQuery("To", "lies before From", "")
	}
	if q.Page > 0 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	if q.Status != nil {
		if *q.Status < StatusDraft || *q.Status > StatusTemplate {
			return nil, badQuery("Status", "is "+q.Status.String()+", which the service does not accept as a filter", "leave it out and filter the documents that come")
		}
		v.Set("status", strconv.Itoa(int(*q.Status)))
	}
	if q.WithReportees {
		v.Set("with_reportees", "y")
	}
	if q.WithAttachment {
		v.Set("with_attachment", "y")
	}
	if q.WithSharedTemplates {
		if q.Status == nil || *q.Status != StatusTemplate {
			return nil, badQuery("WithSharedTemplates", "needs Status to be template", "")
		}
		v.Set("with_shared_templates", "y")
	}
	if !q.From.IsZero() {
		v.Set("from", q.From.Format(instant))
	}
	if !q.To.IsZero() {
		v.Set("to", q.To.Format(instant))
	}
	return v, nil
}

func badQuery(field, reason, fix string) error {
	return &countersign.ConfigError{Component: "cloudsign", Field: "DocumentQuery." + field, Reason: reason, Fix: fix}
}

// yesNo: anything but y leaves the list out; the two listings have opposite
// defaults, so it is always said.
func yesNo(b bool) string {
	if b {
		return "y"
	}
	return "n"
}
