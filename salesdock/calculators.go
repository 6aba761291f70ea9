package salesdock

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/countersign/countersign"
)

// CalculatorsService computes energy, solar and telecom propositions. Their
// answers are large, differ by account and hold amounts as Dutch texts, for
// DutchDecimal: only what they have in common is typed, and the rest is in Raw.
// None of them changes anything.
type CalculatorsService struct{ service }

// Calculation is one computed proposition.
type Calculation struct {
	ID       ProductID `json:"id"`
	Name     Text      `json:"name"`
	Type     Text      `json:"type"`
	Supplier Text      `json:"supplier_name"`
	// Raw is the whole proposition as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the proposition and keeps it whole.
func (c *Calculation) UnmarshalJSON(data []byte) error {
	type plain Calculation
	return decodeKept(data, (*plain)(c), &c.Raw)
}

// Energy computes what Dutch energy products cost for a usage; the parameters
// are those of "Products, energy" of the Salesdock API. It needs the scope user.
func (s CalculatorsService) Energy(ctx context.Context, q url.Values, opts ...countersign.CallOption) ([]Calculation, error) {
	return askList[Calculation](ctx, s.conn, get(userOnly, "calculate energy", "/products/energy").query(q), opts)
}

// EnergyProduct computes what one Dutch energy product costs. It needs the scope
// user.
func (s CalculatorsService) EnergyProduct(ctx context.Context, id ProductID, q url.Values, opts ...countersign.CallOption) (*Calculation, error) {
	return ask[Calculation](ctx, s.conn, get(userOnly, "calculate energy product", "/products/{id}/energy", string(id)).query(q), opts)
}

// BelgianEnergy computes what Belgian energy products cost. It needs the scope
// user.
func (s CalculatorsService) BelgianEnergy(ctx context.Context, q url.Values, opts ...countersign.CallOption) ([]Calculation, error) {
	return askList[Calculation](ctx, s.conn, get(userOnly, "calculate Belgian energy", "/products/energy-be").query(q), opts)
}

// EnergyUsage estimates a household's usage from business, building_type and
// household_size. It needs the scope user.
func (s CalculatorsService) EnergyUsage(ctx context.Context, q url.Values, opts ...countersign.CallOption) (Map[json.RawMessage], error) {
	v, err := ask[Map[json.RawMessage]](ctx, s.conn, get(userOnly, "estimate energy usage", "/energy/estimation").query(q), opts)
	if err != nil {
		return nil, err
	}
	return *v, nil
}

// SolarPanels estimates how many panels are needed.
func (s CalculatorsService) SolarPanels(ctx context.Context, q url.Values, opts ...countersign.CallOption) (json.RawMessage, error) {
	return s.raw(ctx, get(unscoped, "estimate solar panels", "/solar/estimate-panels").query(q), opts)
}

// CompareSolar compares solar propositions. request encodes as an object.
func (s CalculatorsService) CompareSolar(ctx context.Context, request any, opts ...countersign.CallOption) (json.RawMessage, error) {
	return s.raw(ctx, send(unscoped, "compare solar", "POST", "/solar/compare", request).reads(), opts)
}

// TelecomQuery asks what can be delivered at an address.
type TelecomQuery struct {
	Postcode       string            `json:"postcode"`
	Housenumber    string            `json:"housenumber"`
	Suffix         string            `json:"housenumber_suffix,omitempty"`
	Business       Bool              `json:"business"`
	FlowIdentifier string            `json:"flow_identifier"`
	Filters        map[string]string `json:"customfield_filters,omitempty"`
}

// CompareTelecom compares telecom propositions at an address.
func (s CalculatorsService) CompareTelecom(ctx context.Context, q TelecomQuery, opts ...countersign.CallOption) (json.RawMessage, error) {
	return s.raw(ctx, send(unscoped, "compare telecom", "POST", "/telecom/compare", q).reads(), opts)
}

func (s CalculatorsService) raw(ctx context.Context, c call, opts []countersign.CallOption) (json.RawMessage, error) {
	v, err := ask[json.RawMessage](ctx, s.conn, c, opts)
	if err != nil {
		return nil, err
	}
	return *v, nil
}
