package salesdock

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/countersign/countersign"
)

// ProductsService is the catalogue ("Products" of the Salesdock API).
type ProductsService struct{ service }

// Audience says whom a product is for.
type Audience string

// The audiences.
const (
	ForConsumers Audience = "0"
	ForBusiness  Audience = "1"
	ForBoth      Audience = "2"
)

// UnmarshalJSON reads a number, a text or a boolean.
func (a *Audience) UnmarshalJSON(data []byte) error {
	if err := scalar(data, (*string)(a)); err != nil {
		return err
	}
	switch *a {
	case "true":
		*a = ForBusiness
	case "false":
		*a = ForConsumers
	}
	return nil
}

// ProductRow is a product in a list.
type ProductRow struct {
	ID                 ProductID  `json:"id"`
	Name               string     `json:"name"`
	Identifier         string     `json:"identifier"`
	SupplierID         SupplierID `json:"supplier_id"`
	SupplierName       string     `json:"supplier_name"`
	SupplierIdentifier string     `json:"supplier_identifier"`
	Type               string     `json:"type"` // "energy_e_g", "telecom_3p", … and an account's own
	USP                Text       `json:"usp"`
	Description        Text       `json:"description"`
	CartInfo           Text       `json:"cart_info"`
	Audience           Audience   `json:"business"`
	Active             Bool       `json:"active"`
	ValidFrom          Date       `json:"valid_from"`
	ValidTill          Date       `json:"valid_till"`
	CreatedAt          Time       `json:"created_at"`
	// UpdatedAt is not known to move when tariffs, custom fields, attachments or
	// rights change.
	UpdatedAt Time `json:"updated_at"`
	// Raw is the whole row as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the row and keeps it whole.
func (p *ProductRow) UnmarshalJSON(data []byte) error {
	type plain ProductRow
	return decodeKept(data, (*plain)(p), &p.Raw)
}

// Product is a product with everything that the API tells of it.
type Product struct {
	ID                      ProductID      `json:"id"`
	Name                    string         `json:"name"`
	Identifier              string         `json:"identifier"`
	SupplierID              SupplierID     `json:"supplier_id"`
	SupplierName            string         `json:"supplier_name"`
	SupplierIdentifier      string         `json:"supplier_identifier"`
	Type                    string         `json:"type"`
	USP                     Text           `json:"usp"`
	Description             Text           `json:"description"`
	Audience                Audience       `json:"business"`
	Active                  Bool           `json:"active"`
	Main                    Bool           `json:"main"`
	Image                   *File          `json:"image"`
	Duration                Text           `json:"duration"`
	Retention               Text           `json:"retention"` // "0" new customers, "1" existing ones, "2" both
	ConfirmationLayout      Text           `json:"confirmation_pdf_layout"`
	Price                   Decimal        `json:"price"`
	PriceAction             Decimal        `json:"price_action"`
	PriceActionType         Text           `json:"price_action_type"`
	PriceActionValue        Decimal        `json:"price_action_value"`
	PriceMonthly            Decimal        `json:"price_monthly"`
	PriceMonthlyAction      Decimal        `json:"price_monthly_action"`
	PriceMonthlyActionType  Text           `json:"price_monthly_action_type"`  // "monthly": there is a promotion
	PriceMonthlyActionValue Decimal        `json:"price_monthly_action_value"` // months
	CustomFields            Map[Text]      `json:"customfields"`               // a list or an object stays JSON
	Documents               List[Document] `json:"documents"`
	ValidFrom               Date           `json:"valid_from"`
	ValidTill               Date           `json:"valid_till"`
	CreatedAt               Time           `json:"created_at"`
	UpdatedAt               Time           `json:"updated_at"`
	// Raw is the whole product as it came. The addresses of its documents differ
	// each time.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the product and keeps it whole.
func (p *Product) UnmarshalJSON(data []byte) error {
	type plain Product
	var m struct {
		*plain
		CustomFields Map[json.RawMessage] `json:"customfields"` // instead of the plain one
	}
	m.plain = (*plain)(p)
	if err := decodeKept(data, &m, &p.Raw); err != nil {
		return err
	}
	p.CustomFields = nil
	if m.CustomFields != nil {
		p.CustomFields = make(Map[Text], len(m.CustomFields))
	}
	for name, raw := range m.CustomFields {
		var value Text
		if value.UnmarshalJSON(raw) != nil {
			value = Text(raw)
		}
		p.CustomFields[name] = value
	}
	return nil
}

// File is a small file inside an answer or a request. Content is not base64 here;
// encoding/json does that.
type File struct {
	Name      string `json:"name,omitempty"`
	Extension string `json:"extension"` // "png", without a point
	Content   []byte `json:"content"`
}

// UnmarshalJSON reads a file; null, [], "" and {} are an empty one. A content that is
// no base64 is left out.
func (f *File) UnmarshalJSON(data []byte) error {
	var m struct {
		Name      Text `json:"name"`
		Extension Text `json:"extension"`
		Content   Text `json:"content"`
	}
	if emptyJSON(data) {
		*f = File{}
		return nil
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	*f = File{Name: string(m.Name), Extension: string(m.Extension), Content: decodeBase64(string(m.Content))}
	return nil
}

// ProductQuery narrows a list of products; the zero value is all active ones
// that the user may see.
type ProductQuery struct {
	Search     string
	Type       string
	Types      []string
	Audience   Audience
	SupplierID SupplierID
	// Active lists active or inactive products; nil: active ones. Inactive ones exist
	// in the scope account alone.
	Active *bool
	// Period counts whole days; Of is "created_date" or "updated_date".
	Period Period
}

// List gives all products; the service does not page them.
func (s ProductsService) List(ctx context.Context, q ProductQuery, opts ...countersign.CallOption) ([]ProductRow, error) {
	p := params{}
	p.set("q", q.Search)
	p.set("type", q.Type)
	list(p, "types", q.Types)
	p.set("business", string(q.Audience))
	p.set("supplier_id", string(q.SupplierID))
	p.flag("active", q.Active)
	p.period(q.Period, time.DateOnly)
	return askList[ProductRow](ctx, s.conn, get(either, "list products", "/products").query(map[string][]string(p)), opts)
}

// All goes through all products, like List.
func (s ProductsService) All(ctx context.Context, q ProductQuery, opts ...countersign.CallOption) iter.Seq2[*ProductRow, error] {
	return each(func() ([]ProductRow, error) { return s.List(ctx, q, opts...) })
}

// Get reads one product. Which error a product without rights or an inactive one
// gives is not documented.
func (s ProductsService) Get(ctx context.Context, id ProductID, opts ...countersign.CallOption) (*Product, error) {
	return ask[Product](ctx, s.conn, get(either, "get product", "/products/{id}", string(id)), opts)
}

// Download fetches a file of a product.
func (s ProductsService) Download(ctx context.Context, d Document, opts ...countersign.CallOption) (*countersign.Download, error) {
	return s.conn.download(ctx, "download product document", d.Location, opts)
}

// ProductInput is what a product is made of.
type ProductInput struct {
	Name       string     `json:"name"`       // required
	Identifier string     `json:"identifier"` // required
	Type       string     `json:"type,omitempty"`
	Active     Bool       `json:"active"`
	SupplierID SupplierID `json:"supplier_id,omitempty"` // required for main products
	Retention  string     `json:"retention,omitempty"`   // required for main products

	Audience                Audience            `json:"business,omitempty"`
	USP                     string              `json:"usp,omitempty"`
	Description             string              `json:"description,omitempty"`
	Duration                string              `json:"duration,omitempty"`
	Price                   countersign.Decimal `json:"price,omitzero"`
	PriceAction             countersign.Decimal `json:"price_action,omitzero"`
	PriceMonthly            countersign.Decimal `json:"price_monthly,omitzero"`
	PriceMonthlyAction      countersign.Decimal `json:"price_monthly_action,omitzero"`
	PriceMonthlyActionValue int                 `json:"price_monthly_action_value,omitempty"` // months
	ValidFrom               countersign.Date    `json:"valid_from,omitzero"`
	ValidTill               countersign.Date    `json:"valid_till,omitzero"`
	Image                   *File               `json:"image,omitempty"`
	Attachments             []File              `json:"attachments,omitempty"`
	// CustomFields are sent as cf_{identifier}.
	CustomFields map[string]string `json:"-"`
}

// MarshalJSON writes custom fields beside the others.
func (in ProductInput) MarshalJSON() ([]byte, error) {
	type plain ProductInput
	return flatten(plain(in), prefixed("cf_", in.CustomFields))
}

// Create makes a product. It needs the scope account.
func (s ProductsService) Create(ctx context.Context, in ProductInput, opts ...countersign.CallOption) (ProductID, error) {
	if in.Type == "" {
		return "", badConfig("ProductInput.Type", "is empty", "")
	}
	return askID[ProductID](ctx, s.conn, send(accountOnly, "create product", "POST", "/products", in), "product_id", opts)
}

// Update changes a product; its type can't change and is not sent. It needs the
// scope account.
func (s ProductsService) Update(ctx context.Context, id ProductID, in ProductInput, opts ...countersign.CallOption) error {
	in.Type = ""
	return s.conn.run(ctx, send(accountOnly, "update product", "PUT", "/products/{id}", in, string(id)), nil, opts)
}

// Delete removes a product for good. It needs the scope account.
func (s ProductsService) Delete(ctx context.Context, id ProductID, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "delete product", "DELETE", "/products/{id}", nil, string(id)), nil, opts)
}

// EnergyInput changes an energy product.
type EnergyInput struct {
	Type        string // required: "energy_e_g", "energy_e" or "energy_g"
	Active      bool
	ProductType string // required: "fixed", "variable" or "dynamic"
	// Fields are the tariffs and further members, under the names of the API:
	// "tariff_single", "tariff_g", "cashback", "cf_…".
	Fields map[string]string
	// KeepTariffs touches the extra fields alone.
	KeepTariffs          bool
	ValidFrom, ValidTill countersign.Date
}

// MarshalJSON writes the fields beside the others, and days as this endpoint
// alone wants them: DD-MM-YYYY.
func (in EnergyInput) MarshalJSON() ([]byte, error) {
	further := prefixed("", in.Fields)
	for name, day := range map[string]countersign.Date{"valid_from": in.ValidFrom, "valid_till": in.ValidTill} {
		if !day.IsZero() {
			further[name] = dutchDate(day)
		}
	}
	return flatten(struct {
		Type        string `json:"type"`
		Active      Bool   `json:"active"`
		ProductType string `json:"product_type"`
		KeepTariffs bool   `json:"do_not_update_tariffs,omitempty"`
	}{in.Type, Bool(in.Active), in.ProductType, in.KeepTariffs}, further)
}

// UpdateEnergy changes an energy product and its tariffs. It needs the scope
// account.
func (s ProductsService) UpdateEnergy(ctx context.Context, id ProductID, in EnergyInput, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "update energy product", "PUT", "/products/{id}/energy", in, string(id)), nil, opts)
}
