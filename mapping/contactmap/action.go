package contactmap

import (
	"slices"

	"github.com/countersign/countersign/docusign"
)

// Action is what happened to a recipient's envelope. Its text is also what
// records show as their status.
type Action string

// The actions, in the order in which they happen.
const (
	Sent      Action = "Sent"
	Delivered Action = "Delivered" // the recipient opened it
	Completed Action = "Completed"
	Declined  Action = "Declined"
	Voided    Action = "Voided" // by the sender, or expired; ActiveCampaign's own integration has no such action
)

// Actions are all actions, in the order in which they happen; of the three ends
// one alone happens, but that a completed envelope may be voided for its others.
func Actions() []Action { return []Action{Sent, Delivered, Completed, Declined, Voided} }

// DefaultActions are those of ActiveCampaign's own integration: all but Voided.
func DefaultActions() []Action { return []Action{Sent, Delivered, Completed, Declined} }

// IsKnown reports whether the action is one of the constants.
func (a Action) IsKnown() bool { return slices.Contains(Actions(), a) }

// Before reports whether a comes before b where both happened: by the order of
// Actions, which is their rank.
func (a Action) Before(b Action) bool {
	all := Actions()
	return slices.Index(all, a) < slices.Index(all, b)
}

// Scope says whose doing an action is.
type Scope string

// The scopes. The screens of ActiveCampaign's own integration speak of actions of
// the recipient and of the envelope both.
const (
	// RecipientScope reacts to what the acting recipient did. It is what the zero
	// Scope means.
	RecipientScope Scope = "recipient"
	// EnvelopeScope reacts to what happened to the envelope as a whole, for each of
	// its recipients; a refusal is that of the recipient who refused.
	EnvelopeScope Scope = "envelope"
)

// IsKnown reports whether the scope is empty or one of the constants.
func (s Scope) IsKnown() bool { return s == "" || s == RecipientScope || s == EnvelopeScope }

// Event is the Connect event that reports an action. Envelopes alone are voided.
func (s Scope) Event(a Action) docusign.EventKind {
	if s == EnvelopeScope {
		return envelopeEvents[a]
	}
	return recipientEvents[a]
}

// Action is the action that a Connect event reports, empty for events that are
// none in this scope.
func (s Scope) Action(kind docusign.EventKind) Action {
	for _, a := range Actions() {
		if s.Event(a) == kind {
			return a
		}
	}
	return ""
}

var (
	recipientEvents = map[Action]docusign.EventKind{
		Sent: docusign.EventRecipientSent, Delivered: docusign.EventRecipientDelivered, Completed: docusign.EventRecipientCompleted,
		Declined: docusign.EventRecipientDeclined, Voided: docusign.EventEnvelopeVoided,
	}
	envelopeEvents = map[Action]docusign.EventKind{
		Sent: docusign.EventEnvelopeSent, Delivered: docusign.EventEnvelopeDelivered, Completed: docusign.EventEnvelopeCompleted,
		Declined: docusign.EventEnvelopeDeclined, Voided: docusign.EventEnvelopeVoided,
	}
)
