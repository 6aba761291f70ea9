package envelopesync

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
)

// observe is what a message says about the recipients that it concerns: those of
// the connection's types, by its scope. A message that concerns nobody gives
// none.
func observe(c Connection, e docusign.Event) []contactmap.Record {
	env := e.Envelope
	if env == nil {
		return nil
	}
	at := changed(env, e.GeneratedAt)
	var out []contactmap.Record
	for _, r := range concerned(c, e) {
		rec := contactmap.Record{
			Account: c.Account, Envelope: e.EnvelopeID, Recipient: cmp.Or(r.GUID, string(r.ID)),
			Times: times(c.Scope, e, r, at), Facts: facts(env, r, at, e.GeneratedAt),
		}
		if !slices.Contains(c.Actions, contactmap.Voided) {
			// Whether other messages mention it is chance, so that it is as if it had
			// not happened unless it is chosen.
			delete(rec.Times, contactmap.Voided)
			rec.Facts.VoidedReason = ""
		}
		if rec.Recipient != "" && len(rec.Times) > 0 {
			out = append(out, rec)
		}
	}
	return out
}

// concerned are the recipients that a message is about. In SIM mode a recipient
// event names who acted; the other forms name nobody and report how everybody
// stands.
func concerned(c Connection, e docusign.Event) []docusign.EventRecipient {
	var who []docusign.EventRecipient
	acting, named := e.Recipient()
	switch {
	case e.Format == docusign.FormatSIM && c.Scope.Action(e.Kind) == "":
	case e.Format == docusign.FormatSIM && c.Scope != contactmap.EnvelopeScope && e.Kind != docusign.EventEnvelopeVoided:
		if named {
			who = append(who, acting)
		}
	default:
		who = e.Envelope.Recipients
	}
	return slices.DeleteFunc(slices.Clone(who), func(r docusign.EventRecipient) bool {
		return !slices.Contains(c.Types, docusign.RecipientType(r.Type))
	})
}

// times is when each action happened, as a message tells it. What the message is
// about has happened even if no time says when.
func times(scope contactmap.Scope, e docusign.Event, r docusign.EventRecipient, now time.Time) map[contactmap.Action]time.Time {
	env := e.Envelope
	out := map[contactmap.Action]time.Time{}
	set := func(a contactmap.Action, happened bool, at time.Time) {
		if happened && at.IsZero() {
			at = now
		}
		if !at.IsZero() {
			out[a] = at
		}
	}
	about := func(a contactmap.Action) bool { return e.Format == docusign.FormatSIM && e.Kind == scope.Event(a) }
	declined := r.Status == docusign.RecipientDeclined
	if scope == contactmap.EnvelopeScope {
		set(contactmap.Sent, about(contactmap.Sent), env.SentAt)
		set(contactmap.Delivered, about(contactmap.Delivered), env.DeliveredAt)
		set(contactmap.Completed, about(contactmap.Completed), env.CompletedAt)
		set(contactmap.Declined, declined, r.DeclinedAt)
	} else {
		completed := r.Status == docusign.RecipientCompleted
		set(contactmap.Sent, about(contactmap.Sent), r.SentAt)
		set(contactmap.Delivered, about(contactmap.Delivered), r.DeliveredAt)
		set(contactmap.Completed, about(contactmap.Completed) || completed, r.SignedAt)
		set(contactmap.Declined, about(contactmap.Declined) || declined, r.DeclinedAt)
	}
	// Only who had something to do with the envelope learns that it is void.
	if len(out) > 0 || about(contactmap.Voided) && r.Status != docusign.RecipientCreated {
		set(contactmap.Voided, about(contactmap.Voided), env.VoidedAt)
	}
	return out
}

// changed is the time of the last change that a message knows of, or when it was
// made where it tells none.
func changed(env *docusign.EventEnvelope, generated time.Time) time.Time {
	last := env.StatusChangedAt
	all := []time.Time{env.CreatedAt, env.SentAt, env.DeliveredAt, env.CompletedAt, env.DeclinedAt, env.VoidedAt}
	for _, r := range env.Recipients {
		all = append(all, r.SentAt, r.DeliveredAt, r.SignedAt, r.DeclinedAt)
	}
	for _, at := range all {
		if at.After(last) {
			last = at
		}
	}
	if last.IsZero() {
		return generated
	}
	return last
}

func facts(env *docusign.EventEnvelope, r docusign.EventRecipient, at, generated time.Time) contactmap.Facts {
	out := contactmap.Facts{
		At: at, Generated: generated, Subject: env.Subject, SenderName: env.Sender.Name, SenderEmail: env.Sender.Email,
		Name: r.Name, Email: r.Email, Role: r.RoleName, Type: r.Type, Status: r.Status, EnvelopeStatus: env.Status,
		DeclinedReason: r.DeclinedReason, VoidedReason: env.VoidedReason, CustomFields: env.CustomFields,
	}
	for _, t := range r.Tabs {
		if t.Label != "" && t.Value != "" {
			out.Tabs = append(out.Tabs, contactmap.Tab{Label: t.Label, Value: t.Value})
		}
	}
	return out
}

// eventOf is what an envelope that was read through the API says, in the form of
// a message. Such a message is about nobody in particular.
func eventOf(account docusign.AccountID, env *docusign.Envelope, read time.Time) docusign.Event {
	out := &docusign.EventEnvelope{
		Status: env.Status, Subject: env.EmailSubject, CreatedAt: env.Created.Time, InitialSentAt: env.InitiallySent.Time,
		SentAt: cmp.Or(env.Sent, env.InitiallySent).Time, DeliveredAt: env.Delivered.Time, CompletedAt: env.Completed.Time,
		DeclinedAt: env.Declined.Time, VoidedAt: env.Voided.Time, StatusChangedAt: env.StatusChanged.Time, VoidedReason: env.VoidedReason,
	}
	if s := env.Sender; s != nil {
		out.Sender = docusign.EventSender{Name: s.Name, Email: s.Email, UserID: string(s.ID)}
	}
	for kind, r := range env.Recipients.All() {
		out.Recipients = append(out.Recipients, recipientOf(kind, r))
	}
	if f := env.CustomFields; f != nil {
		for _, field := range slices.Concat(f.Text, f.List) {
			out.CustomFields = append(out.CustomFields, docusign.EventCustomField{ID: string(field.ID), Name: field.Name, Value: string(field.Value)})
		}
	}
	return docusign.Event{
		Format: docusign.FormatAggregate, AccountID: account, EnvelopeID: env.ID, GeneratedAt: read, Envelope: out,
	}
}

func recipientOf(kind docusign.RecipientType, r *docusign.Recipient) docusign.EventRecipient {
	out := docusign.EventRecipient{
		ID: r.ID, GUID: r.GUID, Type: string(kind), Name: r.Name, Email: r.Email, RoleName: r.RoleName,
		Status: r.Status, SentAt: r.Sent.Time, DeliveredAt: r.Delivered.Time, SignedAt: r.Signed.Time, DeclinedAt: r.Declined.Time,
		DeclinedReason: r.DeclinedReason,
	}
	if kind == docusign.TypeInPersonSigner {
		// The plain members are the host's.
		out.Name, out.Email = cmp.Or(r.SignerName, r.Name), ""
		_ = json.Unmarshal(r.Extra["signerEmail"], &out.Email) // none, where it is missing
	}
	for kind, t := range r.Tabs.All() {
		value := ""
		switch {
		case t.Value != nil:
			value = string(*t.Value)
		case t.Selected != nil && kind == docusign.CheckboxTabs:
			value = map[bool]string{true: "true", false: "false"}[bool(*t.Selected)]
		}
		out.Tabs = append(out.Tabs, docusign.EventTab{Kind: string(kind), Label: string(t.Label), Value: value})
	}
	if r.Tabs != nil {
		for _, g := range r.Tabs.RadioGroups {
			out.Tabs = append(out.Tabs, docusign.EventTab{Label: string(g.GroupName), Value: string(g.Value)})
		}
	}
	return out
}
