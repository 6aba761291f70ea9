package docusign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// EventFormat is the form in which a Connect message came.
type EventFormat string

// The formats that ParseEvent reads.
const (
	// FormatSIM is one JSON message an event (deliveryMode SIM, eventData
	// version restv2.1, format json): the one to configure.
	FormatSIM EventFormat = "sim"
	// FormatAggregate is JSON that holds the envelope itself. It reports the
	// state at the time of sending; events in between may be missing.
	FormatAggregate EventFormat = "aggregate"
	// FormatXML is the legacy DocuSignEnvelopeInformation.
	FormatXML EventFormat = "xml"
)

// Event is one Connect message, whatever its format. It survives a round trip
// through JSON, and ParseEvent(Raw) gives it again, but for what a receiver adds
// about the account.
type Event struct {
	// Kind of FormatAggregate and FormatXML, which name no event, is "envelope-"
	// and the status.
	Kind      EventKind   `json:"kind"`
	Format    EventFormat `json:"format"`
	AccountID AccountID   `json:"accountId,omitempty"`
	// AccountAssumed: AccountID is from the message's header, which no signature
	// covers, and nothing in the body confirms it. A receiver with KeysFor says so;
	// the account is then as sure as its keys are its own.
	AccountAssumed bool       `json:"accountAssumed,omitempty"`
	EnvelopeID     EnvelopeID `json:"envelopeId,omitempty"` // empty in template and click events
	UserID         string     `json:"userId,omitempty"`     // the sender, in account-level messages
	// RecipientID is whom a recipient event is about; see Recipient.
	RecipientID RecipientID `json:"recipientId,omitempty"`
	// GeneratedAt is when the message was made, not when the thing happened.
	// Whether it stays the same in a repetition is undocumented.
	GeneratedAt     time.Time `json:"generatedAt,omitzero"`
	ConfigurationID string    `json:"configurationId,omitempty"`
	RetryCount      int       `json:"retryCount,omitempty"` // a hint: no schedule of repetitions is published
	// Envelope is nil where the message carries ids alone (no eventData.includeData).
	Envelope *EventEnvelope `json:"envelope,omitempty"`
	Raw      []byte         `json:"raw"` // the body as it came
}

// EventEnvelope is what a message says about its envelope. Times that it leaves
// out are zero.
type EventEnvelope struct {
	Status          EnvelopeStatus     `json:"status,omitempty"`
	Subject         string             `json:"subject,omitempty"`
	Sender          EventSender        `json:"sender,omitzero"`
	CreatedAt       time.Time          `json:"createdAt,omitzero"`
	InitialSentAt   time.Time          `json:"initialSentAt,omitzero"`
	SentAt          time.Time          `json:"sentAt,omitzero"` // InitialSentAt where the message has no other
	DeliveredAt     time.Time          `json:"deliveredAt,omitzero"`
	CompletedAt     time.Time          `json:"completedAt,omitzero"`
	DeclinedAt      time.Time          `json:"declinedAt,omitzero"`
	VoidedAt        time.Time          `json:"voidedAt,omitzero"`
	StatusChangedAt time.Time          `json:"statusChangedAt,omitzero"`
	VoidedReason    string             `json:"voidedReason,omitempty"`
	Recipients      []EventRecipient   `json:"recipients,omitempty"` // in routing order; all of them, in every message that has any
	CustomFields    []EventCustomField `json:"customFields,omitempty"`
	Documents       []EventDocument    `json:"documents,omitempty"`
	PrefillTabs     []EventTab         `json:"prefillTabs,omitempty"` // the sender's own fields
	// AssumedUTC: the times came without a time zone and were read as UTC, so
	// they may be hours off. It happens in FormatXML without includeTimeZone. With
	// it, times from before a change of clocks may be off by that one hour.
	AssumedUTC bool `json:"assumedUTC,omitempty"`
}

// EventSender is who sent the envelope.
type EventSender struct {
	Name      string    `json:"name,omitempty"`
	Email     string    `json:"email,omitempty"`
	UserID    string    `json:"userId,omitempty"`
	AccountID AccountID `json:"accountId,omitempty"`
}

// EventRecipient is one recipient of the envelope.
type EventRecipient struct {
	ID           RecipientID     `json:"id,omitempty"`   // empty in FormatXML
	GUID         string          `json:"guid,omitempty"` // the service's own id
	Type         string          `json:"type,omitempty"` // in lower case: "signer", "carboncopy", "inpersonsigner", …
	Name         string          `json:"name,omitempty"`
	Email        string          `json:"email,omitempty"`     // of the person, not of an in-person signer's host; may be empty
	HostEmail    string          `json:"hostEmail,omitempty"` // of an in-person signer's host
	RoleName     string          `json:"roleName,omitempty"`
	RoutingOrder int             `json:"routingOrder,omitempty"`
	ClientUserID string          `json:"clientUserId,omitempty"` // set for embedded recipients
	Status       RecipientStatus `json:"status,omitempty"`
	SentAt       time.Time       `json:"sentAt,omitzero"`
	DeliveredAt  time.Time       `json:"deliveredAt,omitzero"`
	SignedAt     time.Time       `json:"signedAt,omitzero"`
	DeclinedAt   time.Time       `json:"declinedAt,omitzero"`
	// DeclinedReason is what the recipient wrote.
	DeclinedReason string     `json:"declinedReason,omitempty"`
	Tabs           []EventTab `json:"tabs,omitempty"`
}

// EventTab is a field on a document with what was filled in.
type EventTab struct {
	Kind       string `json:"kind,omitempty"` // "text", "checkbox", "radioGroup", "signHere", …
	ID         string `json:"id,omitempty"`
	Label      string `json:"label,omitempty"` // tabLabel, or the group's name
	Name       string `json:"name,omitempty"`
	Value      string `json:"value,omitempty"` // "true" or "false" for a checkbox
	DocumentID string `json:"documentId,omitempty"`
	Status     string `json:"status,omitempty"`
}

// EventCustomField is an envelope custom field.
type EventCustomField struct {
	ID    string `json:"id,omitempty"` // empty in FormatXML
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
}

// EventDocument is a document of the envelope. Its bytes, where a message has
// them, stay in Event.Raw.
type EventDocument struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"` // "content", or "summary" for the certificate
}

// Recipient is whom a recipient event is about. It reports false for other
// events, and where the message does not carry the recipients.
func (e Event) Recipient() (EventRecipient, bool) {
	if e.Envelope == nil || e.RecipientID == "" {
		return EventRecipient{}, false
	}
	for _, r := range e.Envelope.Recipients {
		if r.ID == e.RecipientID {
			return r, true
		}
	}
	return EventRecipient{}, false
}

// Key names the event for de-duplication: account, envelope, kind, recipient
// and time, each escaped, with "|" between them. DocuSign sends no id of its
// own. Where envelope or time are missing, and in FormatAggregate, which names
// neither the event nor the recipient, a digest of the content follows.
//
// Messages may come twice and in any order, so a key alone is not enough:
// compare states too, and never go back from a later one.
func (e Event) Key() string {
	parts := []string{
		url.PathEscape(strings.ToLower(string(e.AccountID))), url.PathEscape(strings.ToLower(string(e.EnvelopeID))),
		url.PathEscape(string(e.Kind)), url.PathEscape(string(e.RecipientID)), "",
	}
	if !e.GeneratedAt.IsZero() {
		parts[4] = e.GeneratedAt.UTC().Format(time.RFC3339Nano)
	}
	if e.EnvelopeID == "" || e.GeneratedAt.IsZero() || e.Format == FormatAggregate {
		digest := sha256.Sum256(e.content())
		parts = append(parts, hex.EncodeToString(digest[:]))
	}
	return strings.Join(parts, "|")
}

// ErrNotEvent says that a body is no Connect message, or a damaged one.
var ErrNotEvent = errors.New("docusign: not a Connect message")

func notEvent(reason string) error { return fmt.Errorf("%w: %s", ErrNotEvent, reason) }

// ParseEvent reads a Connect message of any format; the format is told by the
// content alone. It is tolerant: members that are unknown, missing or of an
// unexpected type do not fail it, and an event of an unknown kind is kept. It
// authenticates nothing; see VerifySignature and Receiver. Its error is
// ErrNotEvent and quotes nothing of the body.
func ParseEvent(body []byte) (Event, error) { return parseEvent(bytes.Clone(body)) }

// parseEvent keeps body as the event's Raw.
func parseEvent(body []byte) (Event, error) {
	text := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 {
		return Event{}, notEvent("the body is empty")
	}
	var event Event
	var err error
	switch text[0] {
	case '{':
		event, err = parseJSONEvent(text)
	case '<':
		event, err = parseXMLEvent(text)
	default:
		err = notEvent("neither a JSON object nor XML")
	}
	if err != nil {
		return Event{}, err
	}
	event.Raw = body
	return event, nil
}
