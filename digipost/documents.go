package digipost

import (
	"context"
	"encoding/xml"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// DocumentsService tells what became of documents.
type DocumentsService struct{ service }

// DocumentStatus is where a document is.
type DocumentStatus struct {
	UUID      string    `xml:"uuid,attr"`
	SenderID  SenderID  `xml:"sender-id,attr"`
	Status    string    `xml:"status,attr"` // "DELIVERED" or "NOT_DELIVERED"
	Created   time.Time `xml:"created,attr"`
	Delivered time.Time `xml:"delivered,attr"`
	Read      string    `xml:"read,attr"` // "Y" or "N" where an opening receipt was asked for
	Channel   Channel   `xml:"channel,attr"`
	Primary   bool      `xml:"is-primary-document,attr"`
}

// Status reads a document's status (GET /documents/{sender-id}/{uuid}/status).
func (s DocumentsService) Status(ctx context.Context, sender SenderID, uuid string, opts ...countersign.CallOption) (*DocumentStatus, error) {
	var m struct {
		XMLName xml.Name `xml:"document-status"`
		DocumentStatus
	}
	err := s.run(ctx, api.Call{
		Op: "get document status", Method: http.MethodGet, Effect: api.Read,
		Path: api.NewPath("/documents/{senderID}/{uuid}/status", strconv.FormatInt(int64(sender), 10), uuid),
	}, &m, opts...)
	if err != nil {
		return nil, err
	}
	return &m.DocumentStatus, nil
}

// DocumentEvent is something that happened to a document. Types are open:
// "OPENED", "EMAIL_NOTIFICATION_FAILED", "PRINT_FAILED", "SHREDDED", …
type DocumentEvent struct {
	UUID            string    `xml:"uuid,attr"`
	Type            string    `xml:"type,attr"`
	Created         time.Time `xml:"created,attr"`
	DocumentCreated time.Time `xml:"document-created,attr"`
}

// EventQuery says which events are wanted: those created in [From, To).
type EventQuery struct {
	From, To time.Time // required; events are deleted after 30 days
	Sender   SenderID  // zero: the broker's
	Offset   int
	PageSize int // 0: 1,000
}

// Events reads one page (GET /documents/events). Next is the offset of the next
// one.
func (s DocumentsService) Events(ctx context.Context, q EventQuery, opts ...countersign.CallOption) (*countersign.Page[DocumentEvent], error) {
	if q.From.IsZero() || q.To.IsZero() || !q.From.Before(q.To) {
		return nil, messageError("EventQuery", "has no span of time")
	}
	if q.PageSize <= 0 {
		q.PageSize = 1000
	}
	const layout = "2006-01-02T15:04:05.000-07:00"
	query := url.Values{
		"from": {q.From.Format(layout)}, "to": {q.To.Format(layout)},
		"offset": {strconv.Itoa(q.Offset)}, "maxResults": {strconv.Itoa(q.PageSize)},
	}
	if q.Sender != 0 {
		query.Set("sender", strconv.FormatInt(int64(q.Sender), 10))
	}
	var m struct {
		XMLName xml.Name        `xml:"document-events"`
		Events  []DocumentEvent `xml:"event"`
	}
	err := s.run(ctx, api.Call{Op: "list document events", Method: http.MethodGet, Effect: api.Read, Path: api.NewPath("/documents/events"), Query: query}, &m, opts...)
	if err != nil {
		return nil, err
	}
	page := &countersign.Page[DocumentEvent]{Items: m.Events}
	if len(m.Events) >= q.PageSize {
		page.Next = strconv.Itoa(q.Offset + len(m.Events))
	}
	return page, nil
}

// AllEvents goes through the events of a span, page by page. An error is given
// once and ends the sequence. Keep To fixed while going through; then begin the
// next span there.
func (s DocumentsService) AllEvents(ctx context.Context, q EventQuery, opts ...countersign.CallOption) iter.Seq2[DocumentEvent, error] {
	return func(yield func(DocumentEvent, error) bool) {
		for q := q; ; {
			page, err := s.Events(ctx, q, opts...)
			if err != nil {
				yield(DocumentEvent{}, err)
				return
			}
			for _, e := range page.Items {
				if !yield(e, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Offset += len(page.Items)
		}
	}
}
