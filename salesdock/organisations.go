package salesdock

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/countersign/countersign"
)

// OrganisationsService is the organisations that sell for the account. It needs
// the scope account.
type OrganisationsService struct{ service }

// Organisation is an organisation; a list fills in a part of it.
type Organisation struct {
	ID            OrganisationID  `json:"id"`
	Name          string          `json:"name"`
	Identifier    string          `json:"identifier"`
	CompanyName   Text            `json:"company_name"`
	ContactPerson Text            `json:"contact_person"`
	Email         Text            `json:"email"`
	Phone         Text            `json:"phone"`
	ExtraFields   json.RawMessage `json:"extrafields"`
	Text          Text            `json:"text"`
	Description   Text            `json:"description"`
	Partner       YesNo           `json:"partner"`
	SalesChannel  Text            `json:"sales_channel"`
	Contractor    YesNo           `json:"contractor"`
	Postcode      Text            `json:"postcode"`
	Housenumber   Text            `json:"housenumber"`
	Suffix        Text            `json:"suffix"`
	Streetname    Text            `json:"streetname"`
	City          Text            `json:"city"`
	COC           Text            `json:"coc"`
	VAT           Text            `json:"vat"`
	Website       Text            `json:"website"`
	Logo          *File           `json:"logo"`
	CreatedAt     Time            `json:"created_at"`
	UpdatedAt     Time            `json:"updated_at"`
	// Raw is the whole organisation as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the organisation and keeps it whole.
func (o *Organisation) UnmarshalJSON(data []byte) error {
	type plain Organisation
	return decodeKept(data, (*plain)(o), &o.Raw)
}

// OrganisationInput is what an organisation is made of. Name and Identifier, which
// is unique, are required.
type OrganisationInput struct {
	Name         string `json:"name"`
	Identifier   string `json:"identifier"`
	Description  string `json:"description,omitempty"`
	SalesChannel string `json:"sales_channel,omitempty"`
	Company
	// CustomFields are sent as cf_{identifier}.
	CustomFields map[string]string `json:"-"`
}

// MarshalJSON writes custom fields beside the others.
func (in OrganisationInput) MarshalJSON() ([]byte, error) {
	type plain OrganisationInput
	return flatten(plain(in), prefixed("cf_", in.CustomFields))
}

// List gives one page of organisations; cursor is that of Page.Next, empty for
// the first.
func (s OrganisationsService) List(ctx context.Context, cursor string, opts ...countersign.CallOption) (*countersign.Page[Organisation], error) {
	return askPage[Organisation](ctx, s.conn, get(accountOnly, "list organisations", "/organisations"), cursor, opts)
}

// All goes through all organisations.
func (s OrganisationsService) All(ctx context.Context, opts ...countersign.CallOption) iter.Seq2[*Organisation, error] {
	return pages("", func(cursor string) (*countersign.Page[Organisation], error) { return s.List(ctx, cursor, opts...) })
}

// Get reads one organisation.
func (s OrganisationsService) Get(ctx context.Context, id OrganisationID, opts ...countersign.CallOption) (*Organisation, error) {
	return ask[Organisation](ctx, s.conn, get(accountOnly, "get organisation", "/organisations/{id}", string(id)), opts)
}

// Create makes an organisation.
func (s OrganisationsService) Create(ctx context.Context, in OrganisationInput, opts ...countersign.CallOption) (OrganisationID, error) {
	return askID[OrganisationID](ctx, s.conn, send(accountOnly, "create organisation", "POST", "/organisations", in), "organisation_id", opts)
}

// Update changes an organisation.
func (s OrganisationsService) Update(ctx context.Context, id OrganisationID, in OrganisationInput, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "update organisation", "PUT", "/organisations/{id}", in, string(id)), nil, opts)
}

// Delete removes an organisation that has no users.
func (s OrganisationsService) Delete(ctx context.Context, id OrganisationID, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "delete organisation", "DELETE", "/organisations/{id}", nil, string(id)), nil, opts)
}
