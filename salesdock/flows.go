package salesdock

import (
	"context"
	"encoding/json"

	"github.com/countersign/countersign"
)

// FlowsService is the sales flows. Nothing in the API grants one to an
// organisation, and nothing tells which questions or agreements belong to one.
type FlowsService struct{ service }

// The types of flows that are published. The list is open.
const (
	FlowDefault             = "default"
	FlowEnergySmallBusiness = "energie-small-business"
	FlowSolarPanels         = "solar-panels"
	FlowHeatPump            = "heat-pump"
)

// FlowRow is a flow in a list.
type FlowRow struct {
	ID         FlowID `json:"id"`
	Title      string `json:"title"`
	Type       string `json:"type"`
	Identifier string `json:"identifier"`
	CreatedAt  Time   `json:"created_at"`
	UpdatedAt  Time   `json:"updated_at"`
}

// Flow is a flow with its settings.
type Flow struct {
	FlowRow
	TransactionType           Text `json:"transaction_type"`    // "all", …
	VerificationMethod        Text `json:"verification_method"` // "signature", …
	MinimumAge                Int  `json:"minimum_age_customer"`
	MaximumAge                Int  `json:"maximum_age_customer"`
	ConsumerOfferIBANRequired Bool `json:"consumer_offer_iban_required"`
	BusinessOfferIBANRequired Bool `json:"business_offer_iban_required"`
	ConsumerOrderIBANRequired Bool `json:"consumer_order_iban_required"`
	BusinessOrderIBANRequired Bool `json:"business_order_iban_required"`
	// Sections are told of flows of the type default alone.
	Sections List[FlowSection] `json:"sections"`
	// Raw is the whole flow as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the flow and keeps it whole.
func (f *Flow) UnmarshalJSON(data []byte) error {
	type plain Flow
	return decodeKept(data, (*plain)(f), &f.Raw)
}

// FlowSection is a part of a flow from which products are chosen.
type FlowSection struct {
	ID                    Text              `json:"id"`
	Title                 string            `json:"title"`
	Identifier            string            `json:"identifier"`
	Mandatory             Bool              `json:"mandatory"`
	MandatoryForSuppliers List[SupplierID]  `json:"mandatory_for_supplier_ids"`
	MandatoryForProducts  List[ProductID]   `json:"mandatory_for_product_ids"`
	Products              List[FlowProduct] `json:"products"`
}

// FlowProduct is a product that can be chosen in a section.
type FlowProduct struct {
	ID              ProductID `json:"id"`
	Name            string    `json:"name"`
	Identifier      string    `json:"identifier"`
	MaximumQuantity Int       `json:"maximum_quantity"`
}

// List gives all flows; the service does not page them.
func (s FlowsService) List(ctx context.Context, opts ...countersign.CallOption) ([]FlowRow, error) {
	return askList[FlowRow](ctx, s.conn, get(either, "list flows", "/flows"), opts)
}

// Get reads one flow.
func (s FlowsService) Get(ctx context.Context, id FlowID, opts ...countersign.CallOption) (*Flow, error) {
	return ask[Flow](ctx, s.conn, get(either, "get flow", "/flows/{id}", string(id)), opts)
}
