package digipost

import (
	"context"
	"encoding/xml"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// EventType is what happened to a document. The set is open.
type EventType string

// The documented types.
const (
	EventEmailNotificationFailed EventType = "EMAIL_NOTIFICATION_FAILED"
	EventEmailSent               EventType = "EMAIL_MESSAGE_SENT"
	EventEmailFailed             EventType = "EMAIL_MESSAGE_FAILED"
	EventSMSNotificationFailed   EventType = "SMS_NOTIFICATION_FAILED"
	EventOpened                  EventType = "OPENED"
	EventMovedFromPublicSector   EventType = "MOVE_FILES_FROM_PUBLIC_SECTOR"
	EventPostmarked              EventType = "POSTMARKED"
	EventPrintFailed             EventType = "PRINT_FAILED"
	EventShredded                EventType = "SHREDDED"
	EventPeppolDelivered         EventType = "PEPPOL_DELIVERED"
	EventPeppolFailed            EventType = "PEPPOL_FAILED"
	EventRegistrationExpired     EventType = "REQUEST_FOR_REGISTRATION_EXPIRED"
	EventRegistrationDelivered   EventType = "REQUEST_FOR_REGISTRATION_DELIVERED_DIGIPOST"
	EventRegistrationFailed      EventType = "REQUEST_FOR_REGISTRATION_FAILED"
	EventDocumentsShared         EventType = "SHARE_DOCUMENTS_REQUEST_DOCUMENTS_SHARED"
	EventSharingWithdrawn        EventType = "SHARE_DOCUMENTS_REQUEST_SHARING_WITHDRAWN"
)

// DocumentEvent is something that happened to a document.
type DocumentEvent struct {
	UUID            string    `xml:"uuid,attr"`
	Type            EventType `xml:"type,attr"`
	Created         time.Time `xml:"created,attr"`
	DocumentCreated time.Time `xml:"document-created,attr"`
	// Metadata says more about some types; nil where there is none.
	Metadata *EventMetadata `xml:"metadata"`
}

// EventMetadata is what is known beyond an event's type. Kind, the schema's name of
// it ("failed-print-metadata"), says which fields are set. Of
// "move-files-from-public-sector-metadata", Moved are the files.
type EventMetadata struct {
	Kind            string              `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
	EmailAddress    string              `xml:"email-address,attr"`
	MobileNumber    string              `xml:"mobile-number,attr"`
	ErrorCode       string              `xml:"error-code,attr"`
	Postmarked      time.Time           `xml:"postmarked-date,attr"`
	FallbackChannel string              `xml:"fallback-channel,attr"` // of a registration that expired: "print"
	Opened          bool                `xml:"opened,attr"`
	Delivered       time.Time           `xml:"delivery-time,attr"`
	Subject         string              `xml:"subject,attr"`
	Authentication  AuthenticationLevel `xml:"authentication-level,attr"`
	Sensitivity     SensitivityLevel    `xml:"sensitivity-level,attr"`
	Mailbox         string              `xml:"destination-mailbox,attr"`
	MailboxAddress  string              `xml:"destination-mailbox-address,attr"`
	Moved           []MovedDocument     `xml:"document"`
	Certificate     string              `xml:"x509Certificate"`
}

// MovedDocument is a file that a recipient moved from a public mailbox.
type MovedDocument struct {
	UUID          string `xml:"uuid,attr"`
	TechnicalType string `xml:"technical-type,attr"`
	Links         []Link `xml:"link"`
}

// EventQuery says which events are wanted: those created in [From, To).
type EventQuery struct {
	From, To time.Time // required; events are deleted after 30 days
	// Sender, or Organisation and a Part of it, narrow the events down. Neither: all
	// of the broker's.
	Sender       SenderID
	Organisation OrganisationNumber
	Part         string
	Offset       int
	PageSize     int // 0: 1,000
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
	for name, value := range map[string]string{"org": string(q.Organisation), "part": q.Part} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if q.Sender != 0 {
		query.Set("sender", q.Sender.text())
	}
	var m struct {
		XMLName xml.Name        `xml:"document-events"`
		Events  []DocumentEvent `xml:"event"`
	}
	err := s.run(ctx, api.Call{Op: "list document events", Method: http.MethodGet, Effect: api.Read, Path: api.NewPath("/documents/events"), Query: query}, &m, opts...)
	if err != nil {
		return nil, err
	}
	for _, e := range m.Events {
		if e.Metadata != nil { // without the prefix that the document gave the namespace
			e.Metadata.Kind = e.Metadata.Kind[strings.LastIndexByte(e.Metadata.Kind, ':')+1:]
		}
	}
	page := &countersign.Page[DocumentEvent]{Items: m.Events, Total: -1}
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
