package digipost

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
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

// Delivery is what became of a message. Beside an error only MessageID and
// Documents are set.
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
	// was lost. Then Status, Details and Links are empty, and so are Channel,
	// SenderID and Delivered where the message-id was made by Send; see
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
// where an attempt's outcome is not known, once after a 500 too: the message-id
// keeps it from arriving twice. ErrNotDigipostUser says that the recipient has no
// Digipost; ErrDuplicate that the message-id was used before. An ErrDuplicate that
// is countersign.ErrOutcomeUnknown as well may be this call's own doing: an answer
// got lost, and Documents.Status did not tell that the message arrived.
//
// A message that can't be sent as it is gives no Delivery. Beside every other error
// stands one with the ids that the message has or was given, with which it can be
// sent again and asked for.
func (s MessagesService) Send(ctx context.Context, m Message, opts ...countersign.CallOption) (*Delivery, error) {
	if err := m.check(s.attachments); err != nil {
		return nil, err
	}
	return s.send(ctx, m.named(), m.ID == "", opts)
}

// send sends a message that has all of its ids; fresh says that its message-id was
// made for this call.
func (s MessagesService) send(ctx context.Context, m Message, fresh bool, opts []countersign.CallOption) (*Delivery, error) {
	body, err := m.body()
	if err != nil {
		return nil, err
	}
	out := m.ids()
	p, query, err := s.link(ctx, 0, "create_message")
	if err != nil {
		return out, err
	}
	var w xmlDelivery
	err = s.repeated(ctx, api.Call{Op: "send message", Method: http.MethodPost, Effect: api.IdempotentWrite, Path: p, Query: query, Body: api.Raw(body)}, &w, opts)
	if errors.Is(err, ErrDuplicate) && errors.Is(err, countersign.ErrOutcomeUnknown) && s.arrived(ctx, m, fresh, out) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Channel, out.SenderID, out.Status, out.Delivered = w.Channel, w.SenderID, w.Status, w.Delivered
	out.Details, out.Links = append([]DeliveredDocument{w.Primary}, w.Attached...), w.Links
	return out, nil
}

// repeated is run that repeats a call once after a 500, which it leaves at that:
// what has a message-id is safe to send again. Whatever the repetition meets, the
// first attempt may have had its effect.
func (s MessagesService) repeated(ctx context.Context, call api.Call, into any, opts []countersign.CallOption) error {
	first := s.run(ctx, call, into, opts...)
	e, ok := errors.AsType[*countersign.Error](first)
	retry := s.api.Settings().Retry
	if !ok || e.StatusCode != http.StatusInternalServerError || retry.MaxAttempts < 2 || countersign.NewCallSettings(opts...).NoRetry {
		return first
	}
	select {
	case <-ctx.Done():
		return first
	case <-time.After(retry.BaseDelay):
	}
	err := s.run(ctx, call, into, opts...)
	if err == nil || errors.Is(err, countersign.ErrOutcomeUnknown) {
		return err
	}
	return fmt.Errorf("%w; before it: %w", err, first)
}

// arrived reports whether it was an earlier attempt of this call that used the
// message-id. One that was made for the call nobody else can have used. One of
// the caller's own may be another message's, so Digipost is asked for the document.
func (s MessagesService) arrived(ctx context.Context, m Message, fresh bool, out *Delivery) bool {
	if fresh {
		out.Duplicate = true
		return true
	}
	sender := m.Sender
	if o := m.SenderOrganisation; o != nil {
		info, err := SendersService(s).GetByPart(ctx, OrganisationNumber(o.ID), o.Part)
		if err != nil || !info.Valid() {
			return false
		}
		sender = info.SenderID
	}
	if sender == 0 {
		sender = SenderID(s.broker)
	}
	status, err := DocumentsService(s).Status(ctx, sender, m.Primary.UUID)
	if err != nil {
		return false
	}
	out.Duplicate, out.SenderID, out.Channel, out.Delivered = true, status.SenderID, status.Channel, status.Delivered
	return true
}

// SendOrPrint sends to the recipient's Digipost, or on paper where Digipost says
// that the recipient is no user: known without being one, or not found. Several
// matches, or an answer that is not one of the documented, are
// ErrUnclearRecipient. An error is never a reason to print: paper can't be taken
// back. The message's own Print is not used, and PrintIfUnread not for paper.
// Registration, which is another answer to the same question, is refused, and so
// is a recipient whom identification doesn't know (Emails, Peppol). What stands
// beside an error is as in Send.
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
	fresh := m.ID == ""
	m = m.named()
	who, err := RecipientsService(s).Identify(ctx, m.Recipient, opts...)
	if err != nil {
		return m.ids(), err
	}
	switch {
	case who.Result == ResultDigipost:
	case who.Result == ResultIdentified, who.Result == ResultUnidentified && who.Reason == ReasonNotFound:
		m.Recipient, m.Print, m.PrintIfUnread = Recipient{}, &p, nil
	default:
		return m.ids(), &countersign.Error{
			Provider: "digipost", Op: "send message", Kind: ErrUnclearRecipient, Message: "the recipient is " + string(who.Result) + " " + who.Reason,
		}
	}
	return s.send(ctx, m, fresh, opts)
}

// ids are the ids of a message that has them, as a delivery that tells nothing else.
func (m Message) ids() *Delivery {
	out := &Delivery{MessageID: m.ID}
	for _, d := range m.documents() {
		out.Documents = append(out.Documents, d.UUID)
	}
	return out
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
