package docusign

// Identifiers are opaque text; envelopes and accounts carry GUIDs.
type (
	// AccountID names an account: a GUID, or the short account number in legacy
	// XML messages.
	AccountID string
	// EnvelopeID names an envelope.
	EnvelopeID string
	// RecipientID names a recipient within one envelope. The sender chose it
	// ("1"), so it says nothing outside of the envelope.
	RecipientID string
)

// EnvelopeStatus is the state of an envelope, in lower case. Values that this
// package does not know are kept.
type EnvelopeStatus string

// The states of an envelope.
const (
	EnvelopeCreated   EnvelopeStatus = "created" // a draft
	EnvelopeSent      EnvelopeStatus = "sent"
	EnvelopeDelivered EnvelopeStatus = "delivered" // all recipients have opened it
	EnvelopeSigned    EnvelopeStatus = "signed"    // passing
	EnvelopeCompleted EnvelopeStatus = "completed"
	EnvelopeDeclined  EnvelopeStatus = "declined"
	EnvelopeVoided    EnvelopeStatus = "voided" // by the sender, or expired
	EnvelopeDeleted   EnvelopeStatus = "deleted"
)

// RecipientStatus is the state of a recipient, in lower case. Values that this
// package does not know are kept.
type RecipientStatus string

// The states of a recipient.
const (
	RecipientCreated       RecipientStatus = "created" // not their turn yet
	RecipientSent          RecipientStatus = "sent"
	RecipientDelivered     RecipientStatus = "delivered" // has opened the envelope
	RecipientSigned        RecipientStatus = "signed"    // passing
	RecipientCompleted     RecipientStatus = "completed"
	RecipientDeclined      RecipientStatus = "declined"
	RecipientFaxPending    RecipientStatus = "faxpending"
	RecipientAutoResponded RecipientStatus = "autoresponded" // the mail bounced
)

// EventKind is what a Connect message reports. Kinds that this package does not
// know are kept.
type EventKind string

// The events of the eSignature REST API v2.1, connectCustomConfiguration.events,
// and those that the vendor added later.
const (
	EventEnvelopeCreated               EventKind = "envelope-created"
	EventEnvelopeSent                  EventKind = "envelope-sent" // to at least one recipient
	EventEnvelopeResent                EventKind = "envelope-resent"
	EventEnvelopeDelivered             EventKind = "envelope-delivered" // all recipients have opened it
	EventEnvelopeCompleted             EventKind = "envelope-completed"
	EventEnvelopeDeclined              EventKind = "envelope-declined"
	EventEnvelopeVoided                EventKind = "envelope-voided" // or expired
	EventEnvelopeCorrected             EventKind = "envelope-corrected"
	EventEnvelopePurge                 EventKind = "envelope-purge"
	EventEnvelopeDeleted               EventKind = "envelope-deleted"
	EventEnvelopeDiscard               EventKind = "envelope-discard" // a draft was deleted
	EventRecipientSent                 EventKind = "recipient-sent"   // their turn has come
	EventRecipientResent               EventKind = "recipient-resent"
	EventRecipientDelivered            EventKind = "recipient-delivered" // has opened the envelope
	EventRecipientCompleted            EventKind = "recipient-completed"
	EventRecipientDeclined             EventKind = "recipient-declined"
	EventRecipientAuthenticationFailed EventKind = "recipient-authenticationfailed"
	EventRecipientAutoResponded        EventKind = "recipient-autoresponded" // the mail bounced
	EventRecipientReassign             EventKind = "recipient-reassign"
	EventRecipientDelegate             EventKind = "recipient-delegate"
	EventRecipientFinishLater          EventKind = "recipient-finish-later"
	EventTemplateCreated               EventKind = "template-created"
	EventTemplateModified              EventKind = "template-modified"
	EventTemplateDeleted               EventKind = "template-deleted"
	EventClickAgreed                   EventKind = "click-agreed"
	EventClickDeclined                 EventKind = "click-declined"
	EventExtensionExecuted             EventKind = "extension-executed"
)

// IsKnown reports whether the kind is one of the constants.
func (k EventKind) IsKnown() bool {
	switch k {
	case EventEnvelopeCreated, EventEnvelopeSent, EventEnvelopeResent, EventEnvelopeDelivered, EventEnvelopeCompleted,
		EventEnvelopeDeclined, EventEnvelopeVoided, EventEnvelopeCorrected, EventEnvelopePurge, EventEnvelopeDeleted,
		EventEnvelopeDiscard, EventRecipientSent, EventRecipientResent, EventRecipientDelivered, EventRecipientCompleted,
		EventRecipientDeclined, EventRecipientAuthenticationFailed, EventRecipientAutoResponded, EventRecipientReassign,
		EventRecipientDelegate, EventRecipientFinishLater, EventTemplateCreated, EventTemplateModified, EventTemplateDeleted,
		EventClickAgreed, EventClickDeclined, EventExtensionExecuted:
		return true
	}
	return false
}
