package contactmap

import "time"

// RecordField is a field of the record that an envelope has on a contact.
type RecordField struct {
	ID    string // in the custom object
	Label string
	Type  string // ActiveCampaign's: "text", "textarea" or "datetime"
	From  string // key of DocuSign's field
}

// RecordSlug is the slug of the custom object that a flow makes unless it is
// given another.
const RecordSlug = "docusign-envelope"

// MainFields is how many of RecordFields ActiveCampaign's own integration shows
// without "Details". ActiveCampaign shows five fields of a record at once, so that
// these come first.
const MainFields = 5

// RecordFields are the fields of the record in their order: the five of
// ActiveCampaign's own integration, then what stands under "Details". The status
// is a text and no choice, so that a status which DocuSign adds is no error.
func RecordFields() []RecordField {
	return []RecordField{
		{"status", "Status", "text", Status},
		{"sender-name", "Sender user name", "text", SenderName},
		{"document-link", "Link to the document", "text", EnvelopeLink},
		{"sent-at", "Sent", "datetime", SentAt},
		{"completed-at", "Completed", "datetime", CompletedAt},
		{"envelope-id", "Envelope ID", "text", EnvelopeID},
		{"subject", "Subject", "text", EnvelopeSubject},
		{"recipient-status", "Recipient status", "text", RecipientStatus},
		{"delivered-at", "Delivered", "datetime", DeliveredAt},
		{"declined-at", "Declined", "datetime", DeclinedAt},
		{"decline-reason", "Reason for declining", "textarea", DeclinedReason},
		{"voided-at", "Voided", "datetime", VoidedAt},
		{"void-reason", "Reason for voiding", "textarea", VoidedReason},
		{"sender-email", "Sender's e-mail", "text", SenderEmail},
		{"last-event-at", "Last event", "datetime", LastEventAt},
	}
}

// FieldValue is a field of a record and what it holds.
type FieldValue struct{ ID, Value string }

// getters read the fields of records.
var getters = func() map[string]func(*Record) string {
	out := map[string]func(*Record) string{}
	for _, f := range Source().Fields {
		out[f.Key] = func(r *Record) string {
			v := f.Get(r)
			if t := v.Time(); !t.IsZero() {
				return t.Format(time.RFC3339)
			}
			return v.String()
		}
	}
	return out
}()

// Values is the complete record, in the order of RecordFields: times in UTC as
// RFC 3339. Fields without a value are left out, which clears them, since
// ActiveCampaign's upsert clears what it is not given.
func (r *Record) Values() []FieldValue {
	var out []FieldValue
	for _, f := range RecordFields() {
		if v := getters[f.From](r); v != "" {
			out = append(out, FieldValue{f.ID, v})
		}
	}
	return out
}

// Value is one field of the record by its id, empty if it has none.
func (r *Record) Value(id string) string {
	for _, f := range RecordFields() {
		if f.ID == id {
			return getters[f.From](r)
		}
	}
	return ""
}
