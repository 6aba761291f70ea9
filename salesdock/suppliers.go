package salesdock

import (
	"context"
	"encoding/json"

	"github.com/countersign/countersign"
)

// SuppliersService is the suppliers of products.
type SuppliersService struct{ service }

// Supplier is a supplier; a list fills in its first six members.
type Supplier struct {
	ID                 SupplierID      `json:"id"`
	Name               string          `json:"name"`
	Text               Text            `json:"text"`
	Identifier         string          `json:"identifier"`
	Description        Text            `json:"description"`
	Active             Bool            `json:"active"`
	ConfirmationLayout Text            `json:"confirmation_pdf_layout"`
	Contractor         YesNo           `json:"contractor"`
	CompanyName        Text            `json:"company_name"`
	ContactPerson      Text            `json:"contact_person"`
	Postcode           Text            `json:"postcode"`
	Housenumber        Text            `json:"housenumber"`
	Suffix             Text            `json:"suffix"`
	Streetname         Text            `json:"streetname"`
	City               Text            `json:"city"`
	Email              Text            `json:"email"`
	Phone              Text            `json:"phone"`
	COC                Text            `json:"coc"`
	VAT                Text            `json:"vat"`
	Website            Text            `json:"website"`
	Logo               *File           `json:"logo"`
	EmailTemplate      json.RawMessage `json:"email_template"`
	ExtraFields        json.RawMessage `json:"extrafields"`
	CreatedAt          Time            `json:"created_at"`
	UpdatedAt          Time            `json:"updated_at"`
	// Raw is the whole supplier as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the supplier and keeps it whole.
func (v *Supplier) UnmarshalJSON(data []byte) error {
	type plain Supplier
	return decodeKept(data, (*plain)(v), &v.Raw)
}

// Company is what suppliers and organisations are made of as companies. With
// Contractor the first seven of the others are required.
type Company struct {
	Contractor    YesNo  `json:"contractor"`
	CompanyName   string `json:"company_name,omitempty"`
	Email         string `json:"email,omitempty"`
	ContactPerson string `json:"contact_person,omitempty"`
	Postcode      string `json:"postcode,omitempty"`
	Housenumber   string `json:"housenumber,omitempty"`
	Streetname    string `json:"streetname,omitempty"`
	City          string `json:"city,omitempty"`
	Suffix        string `json:"suffix,omitempty"`
	COC           string `json:"coc,omitempty"`
	VAT           string `json:"vat,omitempty"`
	Phone         string `json:"phone,omitempty"`
	Website       string `json:"website,omitempty"`
	Logo          *File  `json:"logo,omitempty"` // png, gif, jpg or jpeg
}

// SupplierInput is what a supplier is made of. Name and Identifier are required.
type SupplierInput struct {
	Name        string `json:"name"`
	Identifier  string `json:"identifier"`
	Active      Bool   `json:"active"`
	Description string `json:"description,omitempty"`
	Company
}

// List gives all suppliers; the service does not page them.
func (s SuppliersService) List(ctx context.Context, opts ...countersign.CallOption) ([]Supplier, error) {
	return askList[Supplier](ctx, s.conn, get(either, "list suppliers", "/suppliers"), opts)
}

// Get reads one supplier.
func (s SuppliersService) Get(ctx context.Context, id SupplierID, opts ...countersign.CallOption) (*Supplier, error) {
	return ask[Supplier](ctx, s.conn, get(either, "get supplier", "/suppliers/{id}", string(id)), opts)
}

// Create makes a supplier. It needs the scope account.
func (s SuppliersService) Create(ctx context.Context, in SupplierInput, opts ...countersign.CallOption) (SupplierID, error) {
	return askID[SupplierID](ctx, s.conn, send(accountOnly, "create supplier", "POST", "/suppliers", in), "supplier_id", opts)
}

// Update changes a supplier. It needs the scope account.
func (s SuppliersService) Update(ctx context.Context, id SupplierID, in SupplierInput, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "update supplier", "PUT", "/suppliers/{id}", in, string(id)), nil, opts)
}

// Delete removes a supplier. It needs the scope account.
func (s SuppliersService) Delete(ctx context.Context, id SupplierID, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "delete supplier", "DELETE", "/suppliers/{id}", nil, string(id)), nil, opts)
}
