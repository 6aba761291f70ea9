package salesdock

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/countersign/countersign"
)

// RelationsService is the customers of the account. Each sale that names no
// relation makes a new one.
type RelationsService struct{ service }

// Visibility says who sees a relation.
type Visibility string

// The visibilities.
const (
	VisiblePrivately      Visibility = "private"
	VisibleToOrganisation Visibility = "organisation"
	VisibleToAccount      Visibility = "account"
)

// Relation is a customer. A list is flat; a single relation nests Customer.
type Relation struct {
	ID          RelationID `json:"id"`
	Visibility  Visibility `json:"visibility"`
	Business    Bool       `json:"business"`
	Firstname   Text       `json:"firstname"`
	Lastname    Text       `json:"lastname"`
	CompanyName Text       `json:"company_name"`
	Email       Text       `json:"email"`
	Phone       Text       `json:"phone"`
	Customer    *Customer  `json:"customer"`
	CreatedAt   Time       `json:"created_at"`
	UpdatedAt   Time       `json:"updated_at"`
	// Raw is the whole relation as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the relation and keeps it whole.
func (r *Relation) UnmarshalJSON(data []byte) error {
	type plain Relation
	return decodeKept(data, (*plain)(r), &r.Raw)
}

// Masked reports whether the relation was anonymised. It must not be passed on.
func (r *Relation) Masked() bool {
	return anyMasked(string(r.Firstname), string(r.Lastname), string(r.CompanyName), string(r.Email), string(r.Phone)) ||
		r.Customer != nil && r.Customer.Masked()
}

// RelationQuery narrows a list of relations; the zero value is all.
type RelationQuery struct {
	Search   string
	Business *bool
	Period   Period
	Cursor   string // of Page.Next; empty: the first page
}

// List gives one page of relations.
func (s RelationsService) List(ctx context.Context, q RelationQuery, opts ...countersign.CallOption) (*countersign.Page[Relation], error) {
	p := params{}
	p.set("q", q.Search)
	p.flag("business", q.Business)
	p.period(q.Period, stampLayout)
	return askPage[Relation](ctx, s.conn, get(either, "list relations", "/relations").query(map[string][]string(p)), q.Cursor, opts)
}

// All goes through all relations.
func (s RelationsService) All(ctx context.Context, q RelationQuery, opts ...countersign.CallOption) iter.Seq2[*Relation, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Relation], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}

// Get reads one relation. It needs the scope account.
func (s RelationsService) Get(ctx context.Context, id RelationID, opts ...countersign.CallOption) (*Relation, error) {
	return ask[Relation](ctx, s.conn, get(accountOnly, "get relation", "/relations/{id}", string(id)), opts)
}

// RelationInput is what a relation is made of. Visibility is required, and
// CompanyName of a business.
type RelationInput struct {
	Visibility     Visibility     `json:"visibility"`
	Business       Bool           `json:"business"`
	UserID         UserID         `json:"user_id,omitempty"`
	OrganisationID OrganisationID `json:"organisation_id,omitempty"`
	Gender         string         `json:"gender,omitempty"`
	Initials       string         `json:"initials,omitempty"`
	Firstname      string         `json:"firstname,omitempty"`
	Lastname       string         `json:"lastname,omitempty"`
	Email          string         `json:"email,omitempty"`
	Phone          string         `json:"phone,omitempty"`
	AddressInput
	CompanyName string `json:"company_name,omitempty"`
	COC         string `json:"company_coc,omitempty"`
	VAT         string `json:"company_vat,omitempty"`
	// CustomFields are sent as cf_{identifier}.
	CustomFields map[string]string `json:"-"`
}

// MarshalJSON writes custom fields beside the others.
func (in RelationInput) MarshalJSON() ([]byte, error) {
	type plain RelationInput
	return flatten(plain(in), prefixed("cf_", in.CustomFields))
}

// Create makes a relation.
func (s RelationsService) Create(ctx context.Context, in RelationInput, opts ...countersign.CallOption) (RelationID, error) {
	return askID[RelationID](ctx, s.conn, send(either, "create relation", "POST", "/relations", in), "relation_id", opts)
}

// Update changes a relation. It needs the scope account.
func (s RelationsService) Update(ctx context.Context, id RelationID, in RelationInput, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "update relation", "PUT", "/relations/{id}", in, string(id)), nil, opts)
}
