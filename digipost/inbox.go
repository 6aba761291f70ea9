package digipost

import (
	"context"
	"encoding/xml"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// InboxService reads the mail that an organisation got.
type InboxService struct{ service }

// InboxDocument is one document of an inbox. Its ID, not its place, is its key:
// places shift while mail arrives.
type InboxDocument struct {
	ID            int64               `xml:"id"`
	Reference     string              `xml:"reference-from-sender"`
	Subject       string              `xml:"subject"`
	Sender        string              `xml:"sender"` // a name for display
	Delivered     time.Time           `xml:"delivery-time"`
	FirstAccessed time.Time           `xml:"first-accessed"` // zero: its content was never read
	Level         AuthenticationLevel `xml:"authentication-level"`
	ContentType   string              `xml:"content-type"`
	Attachments   []InboxDocument     `xml:"attachment"`

	ContentURI string `xml:"content-uri"` // deprecated by links; empty where there is one
	DeleteURI  string `xml:"delete-uri"`
	Links      []Link `xml:"link"`
}

const maxInboxPage = 1000

// List reads a page of the inbox, newest first (GET /{sender-id}/inbox). A limit of
// 0 is 100, the largest is 1,000.
func (s InboxService) List(ctx context.Context, sender SenderID, offset, limit int, opts ...countersign.CallOption) (*countersign.Page[InboxDocument], error) {
	if limit == 0 {
		limit = 100
	}
	if offset < 0 || limit < 0 || limit > maxInboxPage {
		return nil, messageError("limit", "is not 1 to 1,000, or offset is negative")
	}
	var m struct {
		XMLName   xml.Name        `xml:"inbox"`
		Documents []InboxDocument `xml:"document"`
	}
	err := s.run(ctx, api.Call{
		Op: "list inbox", Method: http.MethodGet, Effect: api.Read, Path: api.NewPath("/{senderID}/inbox", sender.text()),
		Query: url.Values{"offset": {strconv.Itoa(offset)}, "limit": {strconv.Itoa(limit)}},
	}, &m, opts...)
	if err != nil {
		return nil, err
	}
	page := &countersign.Page[InboxDocument]{Items: m.Documents, Total: -1}
	if len(m.Documents) >= limit {
		page.Next = strconv.Itoa(offset + len(m.Documents))
	}
	return page, nil
}

// All goes through the inbox, newest first. Mail that arrives meanwhile may make a
// document come twice: stop at the first ID that was seen before. An error is
// given once and ends the sequence.
func (s InboxService) All(ctx context.Context, sender SenderID, opts ...countersign.CallOption) iter.Seq2[InboxDocument, error] {
	return func(yield func(InboxDocument, error) bool) {
		for offset := 0; ; {
			page, err := s.List(ctx, sender, offset, 0, opts...)
			if err != nil {
				yield(InboxDocument{}, err)
				return
			}
			for _, d := range page.Items {
				if !yield(d, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			offset += len(page.Items)
		}
	}
}

// Content streams a document. Digipost leads to an address that is good once, for
// 30 seconds; it is fetched with a request that carries no credential. The caller
// closes the stream.
func (s InboxService) Content(ctx context.Context, d InboxDocument, opts ...countersign.CallOption) (*countersign.Download, error) {
	return s.download(ctx, "get inbox content", d.links("get_document_content", d.ContentURI), "get_document_content", opts)
}

// Delete deletes a document for good.
func (s InboxService) Delete(ctx context.Context, d InboxDocument, opts ...countersign.CallOption) error {
	p, query, err := follow(d.links("self_delete", d.DeleteURI), "self_delete")
	if err != nil {
		return err
	}
	return s.remove(ctx, "delete inbox document", p, query, opts)
}

// links are a document's links, with an address of the older kind behind them.
func (d InboxDocument) links(relation, older string) []Link {
	if older == "" {
		return d.Links
	}
	return append(slices.Clone(d.Links), Link{Rel: relation, URI: older})
}
