package activecampaign

// Identifiers. Those of custom objects are UUIDs or texts of one's own; all others
// are numbers, which ActiveCampaign writes as text or as numbers. Both are read.
type (
	// ContactID names a contact.
	ContactID string
	// FieldID names a custom field of contacts.
	FieldID string
	// FieldValueID names the value of a field on one contact.
	FieldValueID string
	// FieldOptionID names one option of a field.
	FieldOptionID string
	// FieldRelationID names a relation of a field to a list.
	FieldRelationID string
	// ListID names a list.
	ListID string
	// TagID names a tag.
	TagID string
	// ContactTagID names a tag on one contact.
	ContactTagID string
	// AutomationID names an automation.
	AutomationID string
	// EnrolmentID names a contact's run through an automation.
	EnrolmentID string
	// NoteID names a note.
	NoteID string
	// WebhookID names a webhook.
	WebhookID string
	// UserID names a user of the account.
	UserID string
	// SchemaID names a custom object's schema.
	SchemaID string
	// RecordID names a record of a custom object.
	RecordID string
	// BatchID names a bulk import.
	BatchID string
)

// UnmarshalJSON reads text or a number.
func (id *ContactID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *FieldID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *FieldValueID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *FieldOptionID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *FieldRelationID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *ListID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *TagID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *ContactTagID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *AutomationID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *EnrolmentID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *NoteID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *WebhookID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }

// UnmarshalJSON reads text or a number.
func (id *UserID) UnmarshalJSON(data []byte) error { return (*Text)(id).UnmarshalJSON(data) }
