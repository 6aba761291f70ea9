package salesdock

import (
	"context"

	"github.com/countersign/countersign"
)

// ConceptsService hands what a dialer knows to people who go on in the screens. It
// needs the scope account. It is the only way by which opt-in data reaches a
// sale of an integration.
type ConceptsService struct{ service }

// Concept is a transaction or lead that a person completes.
type Concept struct {
	Source   string         `json:"source"`                   // lower case, at most 20 characters; required
	SourceID string         `json:"source_id"`                // required
	Version  int            `json:"source_version,omitempty"` // 1 to 255
	Metadata map[string]any `json:"source_metadata,omitempty"`
	// Fields are the person, company and address, under the names that Fields of this
	// service lists: "firstname", "postcode", "cf_…".
	Fields map[string]string `json:"-"`
	OptIn  *OptIn            `json:"-"` // of transactions
}

// MarshalJSON writes the fields beside the others, and opt-in data as these
// endpoints want it: optin_….
func (c Concept) MarshalJSON() ([]byte, error) {
	type plain Concept
	further := prefixed("", c.Fields)
	if c.OptIn != nil {
		own, err := members(c.OptIn)
		if err != nil {
			return nil, err
		}
		for name, value := range own {
			further["optin_"+name] = value
		}
		further["optin"] = 1
	}
	return flatten(plain(c), further)
}

// ConceptTransaction says where a person completes a transaction. The addresses
// open what is known of a customer.
type ConceptTransaction struct {
	UUID     string `json:"uuid"`
	OrderURL string `json:"order_url"`
	OfferURL string `json:"offer_url"`
}

// ConceptLead says where a person completes a lead.
type ConceptLead struct {
	UUID      string `json:"uuid"`
	AgendaURL string `json:"agenda_url"`
	LeadURL   string `json:"lead_url"`
}

// CreateTransaction prepares a sale or offer.
func (s ConceptsService) CreateTransaction(ctx context.Context, in Concept, opts ...countersign.CallOption) (*ConceptTransaction, error) {
	return ask[ConceptTransaction](ctx, s.conn, send(accountOnly, "create concept transaction", "POST", "/concepttransaction", in), opts)
}

// CreateLead prepares a lead.
func (s ConceptsService) CreateLead(ctx context.Context, in Concept, opts ...countersign.CallOption) (*ConceptLead, error) {
	return ask[ConceptLead](ctx, s.conn, send(accountOnly, "create concept lead", "POST", "/conceptlead", in), opts)
}

// Schema describes the fields that a concept takes.
type Schema struct {
	Fields     List[SchemaField] `json:"fields"`
	Validators Map[Text]         `json:"validators"` // rule → explanation
}

// SchemaField is one field. Validations are rules such as "max:20",
// "in:male,female" and "date_format:d-m-Y".
type SchemaField struct {
	Name        string     `json:"name"`
	Type        Text       `json:"type"`
	Required    Bool       `json:"required"`
	Description Text       `json:"description"`
	Validations List[Text] `json:"validations"`
}

// TransactionFields describes the fields of a transaction.
func (s ConceptsService) TransactionFields(ctx context.Context, opts ...countersign.CallOption) (*Schema, error) {
	return ask[Schema](ctx, s.conn, get(accountOnly, "get transaction fields", "/concepttransaction/fields"), opts)
}

// OptInFields describes the fields of a transaction's opt-in data.
func (s ConceptsService) OptInFields(ctx context.Context, opts ...countersign.CallOption) (*Schema, error) {
	return ask[Schema](ctx, s.conn, get(accountOnly, "get opt-in fields", "/concepttransaction/fields/optin"), opts)
}

// LeadFields describes the fields of a lead.
func (s ConceptsService) LeadFields(ctx context.Context, opts ...countersign.CallOption) (*Schema, error) {
	return ask[Schema](ctx, s.conn, get(accountOnly, "get lead fields", "/conceptlead/fields"), opts)
}

// ConceptKey names a concept: by the dialer's id, Salesdock's, or both.
type ConceptKey struct{ SourceID, UUID string }

func (k ConceptKey) query() (params, error) {
	if k == (ConceptKey{}) {
		return nil, badConfig("ConceptKey", "is empty", "give SourceID, UUID or both")
	}
	p := params{}
	p.set("source_id", k.SourceID)
	p.set("uuid", k.UUID)
	return p, nil
}

// LastSale gives the newest sale that came of a concept; empty if there is none.
func (s ConceptsService) LastSale(ctx context.Context, source string, k ConceptKey, opts ...countersign.CallOption) (SaleID, error) {
	p, err := k.query()
	if err != nil {
		return "", err
	}
	v, err := ask[struct {
		SaleID SaleID `json:"sale_id"`
	}](ctx, s.conn, get(accountOnly, "get concept's sale", "/concepttransaction/sale_id/{source}", source).query(map[string][]string(p)), opts)
	if err != nil {
		return "", err
	}
	return v.SaleID, nil
}

// Sales gives the sales that came of a concept.
func (s ConceptsService) Sales(ctx context.Context, source string, k ConceptKey, opts ...countersign.CallOption) ([]SaleID, error) {
	p, err := k.query()
	if err != nil {
		return nil, err
	}
	v, err := ask[struct {
		SaleIDs List[SaleID] `json:"sale_ids"`
	}](ctx, s.conn, get(accountOnly, "get concept's sales", "/concepttransaction/sales/{source}", source).query(map[string][]string(p)), opts)
	if err != nil {
		return nil, err
	}
	return v.SaleIDs, nil
}
