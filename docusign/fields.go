package docusign

import (
	"context"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// CustomFieldsService reads and changes the custom fields of an envelope.
type CustomFieldsService struct{ service }

// CustomFields are an envelope's own fields, which no recipient fills.
type CustomFields struct {
	Text []CustomField `json:"textCustomFields,omitempty"`
	List []CustomField `json:"listCustomFields,omitempty"`
}

// CustomField is one field. Name and value have at most 100 characters.
type CustomField struct {
	ID       FieldID       `json:"fieldId,omitempty"`
	Name     string        `json:"name,omitempty"`
	Value    Text          `json:"value,omitempty"`
	Required *Bool         `json:"required,omitempty"`
	Show     *Bool         `json:"show,omitempty"`      // to recipients
	Items    []string      `json:"listItems,omitempty"` // of a list
	Error    *ErrorDetails `json:"errorDetails,omitempty"`
}

// Get gives a field's value, whichever kind it is.
func (f *CustomFields) Get(name string) (string, bool) {
	if f != nil {
		for _, list := range [][]CustomField{f.Text, f.List} {
			for _, field := range list {
				if field.Name == name {
					return string(field.Value), true
				}
			}
		}
	}
	return "", false
}

const customFieldsPath = "/envelopes/{envelopeId}/custom_fields"

// List reads an envelope's fields (GET /envelopes/{envelopeId}/custom_fields).
func (s CustomFieldsService) List(ctx context.Context, id EnvelopeID, opts ...countersign.CallOption) (*CustomFields, error) {
	return ask[CustomFields](ctx, s.conn, get("list custom fields", customFieldsPath, string(id)), opts)
}

// Add adds fields (POST /envelopes/{envelopeId}/custom_fields). It is sent
// once.
func (s CustomFieldsService) Add(ctx context.Context, id EnvelopeID, f CustomFields, opts ...countersign.CallOption) (*CustomFields, error) {
	return s.change(ctx, send(api.Write, "add custom fields", "POST", customFieldsPath, f, string(id)), opts)
}

// Update changes fields, found by their ids (PUT
// /envelopes/{envelopeId}/custom_fields). It is repeated when no answer comes.
func (s CustomFieldsService) Update(ctx context.Context, id EnvelopeID, f CustomFields, opts ...countersign.CallOption) (*CustomFields, error) {
	return s.change(ctx, send(api.IdempotentWrite, "update custom fields", "PUT", customFieldsPath, f, string(id)), opts)
}

// Remove removes fields, found by their ids (DELETE
// /envelopes/{envelopeId}/custom_fields). It is sent once.
func (s CustomFieldsService) Remove(ctx context.Context, id EnvelopeID, f CustomFields, opts ...countersign.CallOption) (*CustomFields, error) {
	return s.change(ctx, send(api.Write, "remove custom fields", "DELETE", customFieldsPath, f, string(id)), opts)
}

func (s CustomFieldsService) change(ctx context.Context, c call, opts []countersign.CallOption) (*CustomFields, error) {
	m, err := ask[CustomFields](ctx, s.conn, c, opts)
	if err != nil {
		return nil, err
	}
	var refused refusals
	for _, list := range [][]CustomField{m.Text, m.List} {
		for _, f := range list {
			refused.add(f.Name, f.Error)
		}
	}
	return m, refused.err(c.Op)
}

// FormData is what the recipients of an envelope entered.
type FormData struct {
	EnvelopeID EnvelopeID      `json:"envelopeId"`
	Status     EnvelopeStatus  `json:"status"`
	Sent       Time            `json:"sentDateTime"`
	Subject    string          `json:"emailSubject"`
	Items      []FormItem      `json:"formData"`
	Recipients []RecipientForm `json:"recipientFormData"`
	Prefill    *PrefillForm    `json:"prefillFormData"`
}

// FormItem is one field and its value.
type FormItem struct {
	Name          string `json:"name"`
	Value         Text   `json:"value"`
	OriginalValue Text   `json:"originalValue"`
	ListSelected  Text   `json:"listSelectedValue"`
	Numerical     Text   `json:"numericalValue"`
}

// RecipientForm is what one recipient entered, and when.
type RecipientForm struct {
	RecipientID RecipientID `json:"recipientId"`
	Name        string      `json:"name"`
	Email       string      `json:"email"`
	Items       []FormItem  `json:"formData"`
	Sent        Time        `json:"SentTime"`
	Delivered   Time        `json:"DeliveredTime"`
	Signed      Time        `json:"SignedTime"`
	Declined    Time        `json:"DeclinedTime"`
}

// PrefillForm is what the sender filled in.
type PrefillForm struct {
	Items       []FormItem `json:"formData"`
	SenderName  string     `json:"senderName"`
	SenderEmail string     `json:"senderEmail"`
	SenderID    UserID     `json:"senderUserId"`
}

// FormData reads what was entered into an envelope that is under way or has
// ended (GET /envelopes/{envelopeId}/form_data). It needs the account setting
// "Allow sender to download form data".
func (s EnvelopesService) FormData(ctx context.Context, id EnvelopeID, opts ...countersign.CallOption) (*FormData, error) {
	return ask[FormData](ctx, s.conn, get("get form data", "/envelopes/{envelopeId}/form_data", string(id)), opts)
}

// Notification says when recipients are reminded and when an envelope expires.
type Notification struct {
	UseAccountDefaults *Bool       `json:"useAccountDefaults,omitempty"`
	Reminders          *Reminders  `json:"reminders,omitempty"`
	Expirations        *Expiration `json:"expirations,omitempty"`
}

// Reminders are mails to recipients who have not finished, in days.
type Reminders struct {
	Enabled   *Bool `json:"reminderEnabled,omitempty"`
	Delay     Int   `json:"reminderDelay,omitempty"` // before the first
	Frequency Int   `json:"reminderFrequency,omitempty"`
}

// Expiration is when an envelope is voided by itself, in days.
type Expiration struct {
	Enabled *Bool `json:"expireEnabled,omitempty"`
	After   Int   `json:"expireAfter,omitempty"`
	Warn    Int   `json:"expireWarn,omitempty"` // before the end
}

const notificationPath = "/envelopes/{envelopeId}/notification"

// Notification reads an envelope's reminders and expiration (GET
// /envelopes/{envelopeId}/notification).
func (s EnvelopesService) Notification(ctx context.Context, id EnvelopeID, opts ...countersign.CallOption) (*Notification, error) {
	return ask[Notification](ctx, s.conn, get("get notification", notificationPath, string(id)), opts)
}

// SetNotification changes an envelope's reminders and expiration (PUT
// /envelopes/{envelopeId}/notification). It is repeated when no answer comes.
func (s EnvelopesService) SetNotification(ctx context.Context, id EnvelopeID, n Notification, opts ...countersign.CallOption) (*Notification, error) {
	return ask[Notification](ctx, s.conn, send(api.IdempotentWrite, "set notification", "PUT", notificationPath, n, string(id)), opts)
}
