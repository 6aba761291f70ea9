package contactmap

import (
	"strings"

	"github.com/countersign/countersign/mapping"
)

// Keys of DocuSign's fields. TabField and CustomField give those of an account's
// own.
const (
	RecipientEmail     = "recipient.email"
	RecipientName      = "recipient.name"
	RecipientFirstName = "recipient.first_name" // the name up to its last white space
	RecipientLastName  = "recipient.last_name"  // what comes after it
	RecipientRole      = "recipient.role"
	RecipientStatus    = "recipient.status"
	DeclinedReason     = "recipient.declined_reason"
	SenderName         = "sender.name"
	SenderEmail        = "sender.email"
	EnvelopeID         = "envelope.id"
	EnvelopeSubject    = "envelope.subject"
	EnvelopeStatus     = "envelope.status" // of the envelope as a whole, when the recipient last acted
	EnvelopeLink       = "envelope.link"
	VoidedReason       = "envelope.voided_reason"
	Status             = "status" // the last action
	SentAt             = "sent_at"
	DeliveredAt        = "delivered_at"
	CompletedAt        = "completed_at"
	DeclinedAt         = "declined_at"
	VoidedAt           = "voided_at"
	LastEventAt        = "last_event_at"
)

const (
	tabPrefix    = "tab."
	customPrefix = "custom."
)

// TabField is the key of a tab by its label (data label): what the recipient
// entered.
func TabField(label string) string { return tabPrefix + label }

// CustomField is the key of an envelope custom field by its name.
func CustomField(name string) string { return customPrefix + name }

// Source is the catalogue of what DocuSign tells of a recipient and the envelope,
// with the tabs and custom fields that the keys name.
func Source(own ...string) mapping.Source[Record] {
	fields := fixedFields()
	known := map[string]bool{}
	for _, f := range fields {
		known[f.Key] = true
	}
	for _, key := range own {
		f, ok := ownField(key)
		if ok && !known[key] {
			fields, known[key] = append(fields, f), true
		}
	}
	return mapping.Source[Record]{Name: "DocuSign envelope and recipient", Fields: fields}
}

func fixedFields() []mapping.SourceField[Record] {
	fields := []mapping.SourceField[Record]{
		text(RecipientEmail, "Recipient's e-mail", func(r *Record) string { return strings.TrimSpace(r.Facts.Email) }),
		text(RecipientName, "Recipient's name", func(r *Record) string { return r.Facts.Name }),
		text(RecipientFirstName, "Recipient's first name", func(r *Record) string { first, _ := FirstLast(r.Facts.Name); return first }),
		text(RecipientLastName, "Recipient's last name", func(r *Record) string { _, last := FirstLast(r.Facts.Name); return last }),
		text(RecipientRole, "Recipient's role", func(r *Record) string { return r.Facts.Role }),
		text(RecipientStatus, "Recipient's status", func(r *Record) string { return string(r.Facts.Status) }),
		text(DeclinedReason, "Reason for declining", func(r *Record) string { return r.Facts.DeclinedReason }),
		text(SenderName, "Sender's name", func(r *Record) string { return r.Facts.SenderName }),
		text(SenderEmail, "Sender's e-mail", func(r *Record) string { return r.Facts.SenderEmail }),
		text(EnvelopeID, "Envelope ID", func(r *Record) string { return string(r.Envelope) }),
		text(EnvelopeSubject, "Subject", func(r *Record) string { return r.Facts.Subject }),
		text(EnvelopeStatus, "Status of the envelope", func(r *Record) string { return string(r.Facts.EnvelopeStatus) }),
		text(EnvelopeLink, "Link to the document", func(r *Record) string { return r.Link }),
		text(VoidedReason, "Reason for voiding", func(r *Record) string { return r.Facts.VoidedReason }),
		text(Status, "Status", func(r *Record) string { return string(r.Status()) }),
	}
	for _, f := range []struct {
		key, label string
		action     Action
	}{
		{SentAt, "Sent", Sent}, {DeliveredAt, "Delivered", Delivered}, {CompletedAt, "Completed", Completed},
		{DeclinedAt, "Declined", Declined}, {VoidedAt, "Voided", Voided},
	} {
		fields = append(fields, mapping.SourceField[Record]{
			Field: mapping.Field{Key: f.key, Labels: mapping.Labels{"en": f.label}, Kind: mapping.KindTime},
			Get:   func(r *Record) mapping.Value { return mapping.TimeOf(r.Times[f.action]) },
		})
	}
	return append(fields, mapping.SourceField[Record]{
		Field: mapping.Field{Key: LastEventAt, Labels: mapping.Labels{"en": "Last event"}, Kind: mapping.KindTime},
		Get:   func(r *Record) mapping.Value { return mapping.TimeOf(r.Times[r.Status()]) },
	})
}

func text(key, label string, get func(*Record) string) mapping.SourceField[Record] {
	return mapping.SourceField[Record]{
		Field: mapping.Field{Key: key, Labels: mapping.Labels{"en": label}, Kind: mapping.KindText},
		Get:   func(r *Record) mapping.Value { return mapping.TextOf(get(r)) },
	}
}

// ownField is the field of a tab or an envelope custom field.
func ownField(key string) (mapping.SourceField[Record], bool) {
	if label, ok := strings.CutPrefix(key, tabPrefix); ok && label != "" {
		return text(key, "Tab "+label, func(r *Record) string {
			for _, t := range r.Facts.Tabs {
				if t.Label == label && t.Value != "" {
					return t.Value
				}
			}
			return ""
		}), true
	}
	if name, ok := strings.CutPrefix(key, customPrefix); ok && name != "" {
		return text(key, "Custom field "+name, func(r *Record) string {
			for _, f := range r.Facts.CustomFields {
				if f.Name == name {
					return f.Value
				}
			}
			return ""
		}), true
	}
	return mapping.SourceField[Record]{}, false
}
