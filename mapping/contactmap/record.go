package contactmap

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/docusign"
)

// Record is what is known of one recipient of one envelope: what maps read.
type Record struct {
	Account   docusign.AccountID  `json:"account"`
	Envelope  docusign.EnvelopeID `json:"envelope"`
	Recipient string              `json:"recipient"` // recipientIdGuid, or recipientId where DocuSign gives no other
	// Times is when each action first happened, as far as it did.
	Times map[Action]time.Time `json:"times,omitempty"`
	Facts Facts                `json:"facts"`
	// Link leads to the envelope in DocuSign. A flow sets it.
	Link string `json:"-"`
}

// Facts is what one message says about the envelope and the recipient.
type Facts struct {
	// At is the time of the last change that the facts know of, and Generated when
	// the message was made: of two messages the one with the later At is the newer.
	At             time.Time                   `json:"at,omitzero"`
	Generated      time.Time                   `json:"generated,omitzero"`
	Subject        string                      `json:"subject,omitzero"`
	SenderName     string                      `json:"sender_name,omitzero"`
	SenderEmail    string                      `json:"sender_email,omitzero"`
	Name           string                      `json:"name,omitzero"`
	Email          string                      `json:"email,omitzero"` // as DocuSign has it; see EmailKey
	Role           string                      `json:"role,omitzero"`
	Type           string                      `json:"type,omitzero"` // "signer", "carboncopy", …
	Status         docusign.RecipientStatus    `json:"status,omitzero"`
	EnvelopeStatus docusign.EnvelopeStatus     `json:"envelope_status,omitzero"`
	DeclinedReason string                      `json:"declined_reason,omitzero"`
	VoidedReason   string                      `json:"voided_reason,omitzero"`
	CustomFields   []docusign.EventCustomField `json:"custom_fields,omitempty"`
	Tabs           []Tab                       `json:"tabs,omitempty"`
}

// Tab is what a recipient entered into a field of the documents.
type Tab struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// ID names the record in ActiveCampaign: "<envelope>:<recipient>", since one
// envelope has many recipients and a record one contact.
func (r *Record) ID() string { return string(r.Envelope) + ":" + r.Recipient }

// Reached are the actions of a choice that happened, in their order.
func (r *Record) Reached(chosen []Action) []Action {
	var out []Action
	for _, a := range Actions() {
		if _, ok := r.Times[a]; ok && slices.Contains(chosen, a) {
			out = append(out, a)
		}
	}
	return out
}

// AsOf is the record as it was when an action had happened and nothing that
// comes after it: reasons come with the actions that have them, and the recipient's
// status is that of the action. Everything else that messages say is as it is known
// now.
func (r *Record) AsOf(a Action) Record {
	out := *r
	out.Times = maps.Clone(r.Times)
	maps.DeleteFunc(out.Times, func(other Action, _ time.Time) bool { return other != a && !other.Before(a) })
	if _, ok := out.Times[Declined]; !ok {
		out.Facts.DeclinedReason = ""
	}
	if _, ok := out.Times[Voided]; !ok {
		out.Facts.VoidedReason = ""
	}
	if status, ok := statusAfter[a]; ok && len(out.Times) < len(r.Times) {
		out.Facts.Status = status
	}
	return out
}

// statusAfter is the recipient's status after an action of their own.
var statusAfter = map[Action]docusign.RecipientStatus{
	Sent: docusign.RecipientSent, Delivered: docusign.RecipientDelivered, Completed: docusign.RecipientCompleted, Declined: docusign.RecipientDeclined,
}

// Status is the last action that happened, empty before the first.
func (r *Record) Status() Action {
	var last Action
	for _, a := range Actions() {
		if _, ok := r.Times[a]; ok {
			last = a
		}
	}
	return last
}

// EmailKey is an address as contacts are compared by it: without white space
// around it, in lower case.
func EmailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// FirstLast splits a person's name at its last white space. A name without any
// is a last name. DocuSign keeps names whole.
func FirstLast(name string) (first, last string) {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "", ""
	}
	return strings.Join(words[:len(words)-1], " "), words[len(words)-1]
}

// WebLink is where DocuSign's web application shows an envelope to people with
// access to the sender's account. No API gives this address and no document of
// DocuSign promises it: it is undocumented, and a flow can be given another.
func WebLink(env docusign.Environment, id docusign.EnvelopeID) string {
	host := "app.docusign.com"
	if env == docusign.Demo {
		host = "appdemo.docusign.com"
	}
	return "https://" + host + "/documents/details/" + string(id)
}
