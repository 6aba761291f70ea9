package salesdock

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// FormsService is the account's forms and what was filled in in them.
type FormsService struct{ service }

// FormElement is one element of a form. Type is an input type of questions, or
// "email", "signature", "relation", "array", "h2" or "p".
type FormElement struct {
	ID         Text    `json:"id"`
	Identifier Text    `json:"identifier"`
	Name       Text    `json:"name"`
	Type       Text    `json:"input_type"`
	Required   Bool    `json:"required"`
	Options    Options `json:"options"`
	// Raw is the whole element as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the element and keeps it whole.
func (e *FormElement) UnmarshalJSON(data []byte) error {
	type plain FormElement
	return decodeKept(data, (*plain)(e), &e.Raw)
}

// FormInstance is a form that was filled in. Raw holds the answers, which differ
// by form.
type FormInstance struct {
	ID          InstanceID `json:"id"`
	FormID      FormID     `json:"form_id"`
	SaleID      SaleID     `json:"sale_id"`
	Status      Text       `json:"status"`
	ClientName  Text       `json:"client_name"`
	ClientEmail Text       `json:"client_email"`
	ClientPhone Text       `json:"client_phone"`
	CreatedAt   Time       `json:"created_at"`
	UpdatedAt   Time       `json:"updated_at"`
	// Raw is the whole form as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the form and keeps it whole.
func (f *FormInstance) UnmarshalJSON(data []byte) error {
	type plain FormInstance
	return decodeKept(data, (*plain)(f), &f.Raw)
}

// FormPDF is a form as a file.
type FormPDF struct {
	Name     string
	MimeType string
	Content  []byte
}

// UnmarshalJSON reads the file, out of the member pdf where there is one. An empty
// content is an error.
func (f *FormPDF) UnmarshalJSON(data []byte) error {
	type file struct {
		Content  []byte `json:"content"`
		MimeType string `json:"mime-type"`
		Name     string `json:"name"`
	}
	var m struct {
		file
		PDF *file `json:"pdf"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	if m.PDF != nil {
		m.file = *m.PDF
	}
	if len(m.Content) == 0 {
		return api.BadAnswer("it has no file")
	}
	*f = FormPDF{m.Name, m.MimeType, m.Content}
	return nil
}

// List gives one page of forms; cursor is that of Page.Next, empty for the first.
func (s FormsService) List(ctx context.Context, cursor string, opts ...countersign.CallOption) (*countersign.Page[Labelling], error) {
	return askPage[Labelling](ctx, s.conn, get(either, "list forms", "/forms"), cursor, opts)
}

// All goes through all forms.
func (s FormsService) All(ctx context.Context, opts ...countersign.CallOption) iter.Seq2[*Labelling, error] {
	return pages("", func(cursor string) (*countersign.Page[Labelling], error) { return s.List(ctx, cursor, opts...) })
}

// Elements gives the elements of a form.
func (s FormsService) Elements(ctx context.Context, id FormID, opts ...countersign.CallOption) ([]FormElement, error) {
	return askList[FormElement](ctx, s.conn, get(either, "list form's elements", "/forms/{id}/elements", string(id)), opts)
}

// InstanceQuery narrows a list of filled in forms; the zero value is all.
type InstanceQuery struct {
	FormID   FormID
	SaleID   SaleID
	Statuses []string
	Period   Period
	Cursor   string // of Page.Next; empty: the first page
}

// Instances gives one page of filled in forms.
func (s FormsService) Instances(ctx context.Context, q InstanceQuery, opts ...countersign.CallOption) (*countersign.Page[FormInstance], error) {
	p := params{}
	p.set("form_id", string(q.FormID))
	p.set("sale_id", string(q.SaleID))
	list(p, "statuses", q.Statuses)
	p.period(q.Period, stampLayout)
	return askPage[FormInstance](ctx, s.conn, get(either, "list form instances", "/forms/instances").query(map[string][]string(p)), q.Cursor, opts)
}

// Instance reads one filled in form.
func (s FormsService) Instance(ctx context.Context, id InstanceID, opts ...countersign.CallOption) (*FormInstance, error) {
	return ask[FormInstance](ctx, s.conn, get(either, "get form instance", "/forms/instances/{id}", string(id)), opts)
}

// OfSale gives the forms of a sale.
func (s FormsService) OfSale(ctx context.Context, id SaleID, opts ...countersign.CallOption) ([]FormInstance, error) {
	return askList[FormInstance](ctx, s.conn, get(either, "list sale's forms", "/forms/instances/sale/{id}", string(id)), opts)
}

// PDF gives a filled in form as a file.
func (s FormsService) PDF(ctx context.Context, id InstanceID, opts ...countersign.CallOption) (*FormPDF, error) {
	return ask[FormPDF](ctx, s.conn, get(either, "get form's file", "/forms/instances/pdf/{id}", string(id)), opts)
}

// FormAnswers is a form to fill in. Files are answered with data URIs.
type FormAnswers struct {
	Answers     map[string]any `json:"questionData"`
	ClientName  string         `json:"client_name,omitempty"`
	ClientEmail string         `json:"client_email,omitempty"`
	ClientPhone string         `json:"client_phone,omitempty"`
}

// Fill fills in a form.
func (s FormsService) Fill(ctx context.Context, id FormID, in FormAnswers, opts ...countersign.CallOption) (InstanceID, error) {
	return askID[InstanceID](ctx, s.conn, send(unscoped, "fill in form", "POST", "/forms/{id}/instances", in, string(id)), "form_instance_id", opts)
}

// FilledLeadForm names what filling in a lead form made.
type FilledLeadForm struct {
	InstanceID InstanceID `json:"form_instance_id"`
	LeadID     LeadID     `json:"lead_id"`
}

// FillLead fills in a lead form, which makes a lead. in is a FormAnswers, or any
// value that encodes as the other form of the documentation: form, client and
// lead.
func (s FormsService) FillLead(ctx context.Context, id FormID, in any, opts ...countersign.CallOption) (*FilledLeadForm, error) {
	return ask[FilledLeadForm](ctx, s.conn, send(unscoped, "fill in lead form", "POST", "/leads/forms/{id}/instances", in, string(id)), opts)
}
