package cloudsign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/countersign/countersign"
)

// EventKind is the leading word of a webhook's text. Words that this package
// does not know are kept, in capitals.
type EventKind string

// The kinds of CloudSign's help centre article on webhooks.
const (
	EventCompleted EventKind = "COMPLETED" // concluded (締結)
	EventCanceled  EventKind = "CANCELED"  // cancelled by the sender or declined by a recipient
	EventBounced   EventKind = "BOUNCED"   // a mail to a recipient came back
)

// IsKnown reports whether the kind is one of the constants.
func (k EventKind) IsKnown() bool {
	return k == EventCompleted || k == EventCanceled || k == EventBounced
}

// Event is a webhook. CloudSign signs nothing and gives neither an id nor a
// time, so what a webhook says of itself is a hint only: Document, which the
// receiver reads from the service, is the truth.
type Event struct {
	Kind       EventKind      `json:"kind"`
	DocumentID DocumentID     `json:"documentId"`
	Status     DocumentStatus `json:"status"` // at the time of the notification, as the webhook says
	UserID     UserID         `json:"userId,omitempty"`
	Email      string         `json:"email,omitempty"`   // the sender's
	Text       string         `json:"text,omitempty"`    // for people: title, sender and address of the document
	Bounced    string         `json:"bounced,omitempty"` // the address that a mail did not reach; EventBounced only
	Raw        []byte         `json:"raw"`               // the body as it came
	// Document is as the service gave it when the webhook came; nil from
	// ParseEvent.
	Document *Document `json:"document,omitempty"`
}

// Key names the event for de-duplication: document, status and kind, and the
// address of a bounce, each escaped, with "|" between them. The same mail that
// comes back twice to one address gives the same key.
func (e Event) Key() string {
	parts := []string{url.PathEscape(string(e.DocumentID)), strconv.Itoa(int(e.Status)), url.PathEscape(string(e.Kind))}
	switch {
	case e.Bounced != "":
		parts = append(parts, url.PathEscape(strings.ToLower(e.Bounced)))
	case !e.Kind.IsKnown() || e.Kind == EventBounced:
		// What else tells two of them apart is not known, so their text does.
		digest := sha256.Sum256([]byte(e.Text))
		parts = append(parts, hex.EncodeToString(digest[:]))
	}
	return strings.Join(parts, "|")
}

// ErrNotEvent says that a body is no webhook of CloudSign.
var ErrNotEvent = errors.New("cloudsign: not a webhook")

// ParseEvent reads the body of a webhook. It is tolerant: members that are
// unknown or missing do not fail it, only a missing document does. It
// authenticates nothing; see Receiver. Its error is ErrNotEvent.
func ParseEvent(body []byte) (Event, error) {
	var m struct {
		DocumentID DocumentID      `json:"documentID"` // the API itself writes document_id
		Status     json.RawMessage `json:"status"`
		UserID     UserID          `json:"userID"`
		Email      string          `json:"email"`
		Text       string          `json:"text"`
	}
	err := json.Unmarshal(body, &m)
	if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !wrongType || m.DocumentID == "" {
		return Event{}, ErrNotEvent
	}
	status, err := strconv.Atoi(strings.Trim(string(m.Status), `"`))
	if err != nil {
		status = -1 // no known status, and not 0, which is a draft
	}
	e := Event{
		Kind: kindOf(m.Text), DocumentID: m.DocumentID, Status: DocumentStatus(status),
		UserID: m.UserID, Email: m.Email, Text: m.Text, Raw: bytes.Clone(body),
	}
	if e.Kind == EventBounced {
		e.Bounced = bouncedAddress(m.Text)
	}
	return e, nil
}

// kindOf is the leading word of "COMPLETED : <title> sent by <sender>".
func kindOf(text string) EventKind {
	word := strings.TrimLeftFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	if end := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && r != '_' && r != '-' }); end >= 0 {
		word = word[:end]
	}
	return EventKind(strings.ToUpper(word))
}

// bouncedAddress is the end of "BOUNCED : <title> sent by <sender> for <address>\n<url>".
// The title may itself hold " for ", so the last one counts.
func bouncedAddress(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	at := strings.LastIndex(line, " for ")
	if at < 0 {
		return ""
	}
	address := strings.Trim(strings.TrimSpace(line[at+len(" for "):]), "<>")
	if !strings.Contains(address, "@") || strings.ContainsFunc(address, unicode.IsSpace) {
		return ""
	}
	return address
}

// WebhookSources are the addresses from which an environment's webhooks come,
// as CloudSign's help centre lists them, for ReceiverConfig.AllowedSources. They
// may change, so make them a setting that you can override. For the LGWAN
// environments none are published: the error is a *countersign.ConfigError.
func WebhookSources(e Environment) ([]netip.Prefix, error) {
	var addresses []string
	switch e {
	case Production:
		addresses = []string{"52.68.17.229", "52.198.144.82", "3.112.114.42"}
	case Sandbox:
		addresses = []string{"52.197.119.179"}
	default:
		if _, err := e.baseURL(); err != nil {
			return nil, err
		}
		return nil, &countersign.ConfigError{
			Component: "cloudsign", Field: "Environment", Reason: "has no published webhook addresses",
			Fix: "ask CloudSign for them, or leave AllowedSources empty",
		}
	}
	out := make([]netip.Prefix, 0, len(addresses))
	for _, a := range addresses {
		addr := netip.MustParseAddr(a)
		out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
	}
	return out, nil
}
