package salesdock

import (
	"encoding/json"

	"github.com/countersign/countersign"
)

// EnergySale is what a sale in a Dutch energy flow adds. What is left empty of
// operators, EANs and connections, Salesdock looks up.
type EnergySale struct {
	Type             string              `json:"type"`              // "e", "g" or "e_g"; required
	BuildingFunction Bool                `json:"building_function"` // people live or work there
	DoubleMeter      Bool                `json:"tarifftype"`
	UsageSingle      countersign.Decimal `json:"usage_e_single,omitzero"`
	UsageHigh        countersign.Decimal `json:"usage_e_high,omitzero"`
	UsageLow         countersign.Decimal `json:"usage_e_low,omitzero"`
	UsageGas         countersign.Decimal `json:"usage_g,omitzero"`
	HasReturn        Bool                `json:"has_return"`
	Return           countersign.Decimal `json:"return,omitzero"`
	ReturnHigh       countersign.Decimal `json:"return_e_high,omitzero"`
	ReturnLow        countersign.Decimal `json:"return_e_low,omitzero"`
	GridOperator     string              `json:"e_gridoperator,omitempty"`
	GasGridOperator  string              `json:"g_gridoperator,omitempty"`
	Connection       string              `json:"e_connection_type,omitempty"` // "E_3X25A", …
	GasConnection    string              `json:"g_connection_type,omitempty"` // "G_G6_500_4000", …
	GasRegion        string              `json:"g_region,omitempty"`          // "1" to "10"
	EAN              string              `json:"electricity_ean,omitempty"`   // 18 digits
	GasEAN           string              `json:"gas_ean,omitempty"`           // 18 digits
	// Classification is of businesses alone: "micro_business", "small_business",
	// "medium_business" or "large_business".
	Classification string `json:"customer_classification,omitempty"`
}

// BelgianEnergySale is what a sale in a Belgian energy flow adds to EnergySale's
// members. The documentation calls Region connection_region_code and the sample
// region; both are sent.
type BelgianEnergySale struct {
	EnergySale
	MeasurementFrequency    string              `json:"e_measurement_frequency,omitempty"` // "YMR", "MMR" or "AMR"
	GasMeasurementFrequency string              `json:"g_measurement_frequency,omitempty"`
	ExclusiveNight          Bool                `json:"exclusive_night"`
	UsageExclusive          countersign.Decimal `json:"usage_e_exclusive,omitzero"`
	Region                  string              `json:"connection_region_code,omitempty"` // "brussels", "flanders" or "wallonia"
	DigitalMeter            Bool                `json:"has_digital_meter"`
	ConverterPower          countersign.Decimal `json:"converter_power,omitzero"`
	AverageMonthlyPeak      countersign.Decimal `json:"average_monthly_peak,omitzero"` // 2.5 or more
	BelgianGridOperator     string              `json:"e_grid_operator,omitempty"`
	BelgianGasGridOperator  string              `json:"g_grid_operator,omitempty"`
}

// MarshalJSON writes the region under both names.
func (b BelgianEnergySale) MarshalJSON() ([]byte, error) {
	type plain BelgianEnergySale
	further := map[string]any{}
	if b.Region != "" {
		further["region"] = b.Region
	}
	return flatten(plain(b), further)
}

// SolarSale is what a sale of solar panels adds.
type SolarSale struct {
	SellType        string              `json:"sell_type"` // "buy" or "rent"; required
	Usage           countersign.Decimal `json:"usage"`     // required
	PanelProduct    ProductID           `json:"panel_product"`
	PanelCount      int                 `json:"panel_count"`
	BuildingType    string              `json:"building_type,omitempty"` // "apartment", "townhouse", "corner_house" or "detached"
	FuseBoxCapacity string              `json:"fuse_box_capacity,omitempty"`
	RoofType        string              `json:"roof_type,omitempty"` // "sloping" or "flat"
	Roofing         string              `json:"roofing,omitempty"`
	RoofDirection   string              `json:"roof_direction,omitempty"`
	WpKWhFactor     countersign.Decimal `json:"wp_kwh_factor,omitzero"`
	RoofLength      countersign.Decimal `json:"roof_length,omitzero"`
	RoofWidth       countersign.Decimal `json:"roof_width,omitzero"`
	VATLumpSum      string              `json:"vat_lump_sum,omitempty"` // "include_in_totals" or "disclaimer_only"
	OptionProducts  []RelatedProduct    `json:"option_products,omitempty"`
	DynamicPricing  *bool               `json:"dynamic_pricing,omitempty"`
	DynamicName     string              `json:"dynamic_product_name,omitempty"`
	DynamicPrice    countersign.Decimal `json:"dynamic_product_price,omitzero"`
	DynamicVATType  string              `json:"dynamic_product_price_vat_type,omitempty"`
	DynamicOptions  []json.RawMessage   `json:"dynamic_options,omitempty"`
	SelectedOptions map[ProductID]int   `json:"selected_options,omitempty"` // product → quantity
}

// HeatPumpSale is what a sale of a heat pump adds. All members are required.
type HeatPumpSale struct {
	SellType         string              `json:"sell_type"` // "buy" or "rent"
	Persons          int                 `json:"number_of_persons"`
	ElectricityUsage countersign.Decimal `json:"electricity_usage"`
	GasUsage         countersign.Decimal `json:"gas_usage"`
	// HeatingSystem is "underfloor-heating", "underfloor-heating-and-radiators",
	// "radiators-and-underfloor-heating", "radiators" or "convectors".
	HeatingSystem string              `json:"heating_system"`
	TapWater      countersign.Decimal `json:"gas_usage_tap_water_per_person"`
}
