package digipost

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// MessagesService sends.
type MessagesService struct{ service }

// Channel is how a message reaches its recipient. The set is open.
type Channel string

// The documented channels.
const (
	ChannelDigipost Channel = "DIGIPOST"
	ChannelPrint    Channel = "PRINT"
	ChannelPeppol   Channel = "PEPPOL"
	ChannelEmail    Channel = "EPOST"
	ChannelPending  Channel = "PENDING"
)

// Delivery is what became of a message.
type Delivery struct {
	MessageID string // the one that was sent
	Channel   Channel
	SenderID  SenderID
	Status    string // "DELIVERED", "DELIVERED_TO_PRINT", "COMPLETE" or "NOT_COMPLETE"
	Delivered time.Time
	// Documents are the UUIDs, the primary document's first.
	Documents []string
	// Details are the documents as the service answered.
	Details []DeliveredDocument
	Links   []Link
	// Duplicate: an earlier attempt of this call had arrived although its answer
	// was lost. Then the fields above but MessageID and Documents are empty; see
	// Documents.Status.
	Duplicate bool
}

// DeliveredDocument is one document of a delivery.
type DeliveredDocument struct {
	UUID        string      `xml:"uuid"`
	Subject     string      `xml:"subject"`
	FileType    string      `xml:"file-type"`
	ContentHash ContentHash `xml:"content-hash"`
	Links       []Link      `xml:"link"`
}

// ContentHash is the hash of a file as the service computed it.
type ContentHash struct {
	Algorithm string `xml:"hash-algorithm,attr"` // "SHA256"; empty: there is no hash
	Value     string `xml:",chardata"`
}

type xmlDelivery struct {
	XMLName   xml.Name            `xml:"message-delivery"`
	MessageID string              `xml:"message-id"`
	Channel   Channel             `xml:"delivery-method"`
	SenderID  SenderID            `xml:"sender-id"`
	Status    string              `xml:"status"`
	Delivered time.Time           `xml:"delivery-time"`
	Primary   DeliveredDocument   `xml:"primary-document"`
	Attached  []DeliveredDocument `xml:"attachment"`
	Links     []Link              `xml:"link"`
}

// Send sends a message (POST /messages, relation create_message). It is repeated
// where an attempt's outcome is not known: the message-id keeps it from arriving
// twice. ErrDuplicate says that the message-id was used before this call;
// ErrNotDigipostUser that the recipient has no Digipost.
func (s MessagesService) Send(ctx context.Context, m Message, opts ...countersign.CallOption) (*Delivery, error) {
	if err := m.check(s.attachments); err != nil {
		return nil, err
	}
	m = m.named()
	body, err := m.body()
	if err != nil {
		return nil, err
	}
	p, query, err := s.link(ctx, 0, "create_message")
	if err != nil {
		return nil, err
	}
	var w xmlDelivery
	err = s.run(ctx, api.Call{Op: "send message", Method: http.MethodPost, Effect: api.IdempotentWrite, Path: p, Query: query, Body: api.Raw(body)}, &w, opts...)
	out := &Delivery{MessageID: m.ID}
	for _, d := range m.documents() {
		out.Documents = append(out.Documents, d.UUID)
	}
	if e, ok := errors.AsType[*countersign.Error](err); ok && errors.Is(err, ErrDuplicate) && e.Attempts > 1 {
		out.Duplicate = true
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Channel, out.SenderID, out.Status, out.Delivered = w.Channel, w.SenderID, w.Status, w.Delivered
	out.Details, out.Links = append([]DeliveredDocument{w.Primary}, w.Attached...), w.Links
	return out, nil
}

// SendOrPrint sends to the recipient's Digipost, or on paper where Digipost says
// that the recipient is no user. An error is never a reason to print: paper can't
// be taken back. The message's own Print is not used, and PrintIfUnread not for
// paper. Registration, which is another answer to the same question, is refused,
// and so is a recipient whom identification doesn't know (Emails, Peppol).
func (s MessagesService) SendOrPrint(ctx context.Context, m Message, p Print, opts ...countersign.CallOption) (*Delivery, error) {
	m.Print = nil
	if m.Registration != nil {
		return nil, messageError("Registration", "is another way to reach who is no user")
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := m.check(s.attachments); err != nil {
		return nil, err
	}
	who, err := RecipientsService(s).Identify(ctx, m.Recipient, opts...)
	if err != nil {
		return nil, err
	}
	switch who.Result {
	case ResultDigipost:
	case ResultIdentified, ResultUnidentified:
		m.Recipient, m.Print, m.PrintIfUnread = Recipient{}, &p, nil
	default:
		return nil, &countersign.Error{
			Provider: "digipost", Op: "send message", Kind: countersign.ErrInvalid, Message: "the recipient is " + string(who.Result) + " " + who.Reason,
		}
	}
	return s.Send(ctx, m, opts...)
}

// named gives message and documents the ids that they don't have.
func (m Message) named() Message {
	if m.ID == "" {
		m.ID = NewUUID()
	}
	if m.Primary.UUID == "" {
		m.Primary.UUID = NewUUID()
	}
	m.Attachments = slices.Clone(m.Attachments)
	for i := range m.Attachments {
		if m.Attachments[i].UUID == "" {
			m.Attachments[i].UUID = NewUUID()
		}
	}
	return m
}

// NewUUID makes a random UUID in lower case, as Digipost wants it.
func NewUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return formatUUID(b)
}

var uuidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func isUUID(s string) bool { return uuidText.MatchString(s) }
