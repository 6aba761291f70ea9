package salesdock

import (
	"encoding/json"
	"slices"
)

// Sale is a sale or offer with everything that the API tells of it. It carries
// neither incoming_id nor external_reference; see SaleRow.IncomingID.
type Sale struct {
	ID                 SaleID                 `json:"id"`
	Type               TransactionType        `json:"type"`
	Status             SaleStatus             `json:"status"`
	OfferAnswer        OfferAnswer            `json:"offer_accepted"`
	OfferAnsweredAt    Time                   `json:"offer_answered_at"`
	OfferRejectMessage Text                   `json:"offer_reject_message"`
	OfferValidTill     Time                   `json:"offer_valid_till"`
	OfferViews         Int                    `json:"offer_views"`
	OfferDownloads     Int                    `json:"offer_downloads"`
	OfferLastViewedAt  Time                   `json:"offer_last_viewed_at"`
	CreatedAt          Time                   `json:"created_at"`
	LastPublishedAt    Time                   `json:"last_published_at"`
	FinalizedAt        Time                   `json:"finalized_at"` // when it was signed
	UpdatedAt          Time                   `json:"updated_at"`
	Processed          *Processed             `json:"processed"` // nil: not handed over yet
	Cancelled          *Cancelled             `json:"cancelled"` // nil: not cancelled
	PurchaseNumber     Text                   `json:"purchase_number"`
	Channel            Text                   `json:"channel"`
	Source             *Labelled              `json:"source"`
	Customer           Customer               `json:"customer"`
	CreatedBy          CreatedBy              `json:"created_by"`
	Representative     *Representative        `json:"sales_representative"`
	AssignedTo         json.RawMessage        `json:"assigned_to"`
	Lead               json.RawMessage        `json:"lead"`
	Relation           *Labelled              `json:"relation"`
	Product            SaleThing[ProductID]   `json:"product"` // the main product
	Products           List[SaleProduct]      `json:"products"`
	AdditionalCosts    List[AdditionalCost]   `json:"additional_costs"`
	Discounts          List[Discount]         `json:"discounts"`
	Totals             Map[Decimal]           `json:"totals"`
	Supplier           *SaleThing[SupplierID] `json:"supplier"`
	Flow               SaleFlow               `json:"flow"`
	FlowData           FlowData               `json:"flow_data"`
	Energy             *EnergyData            `json:"flow_data_energy"`
	SolarPanel         json.RawMessage        `json:"flow_data_solar_panel"`
	HeatPump           json.RawMessage        `json:"flow_data_heat_pump"`
	ExtraFields        ExtraFields            `json:"extrafields"`
	Bundle             json.RawMessage        `json:"bundle"`
	// Raw is the whole sale as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the sale and keeps it whole. The documentation names two of
// its parts otherwise than the samples; both are read.
func (s *Sale) UnmarshalJSON(data []byte) error {
	type plain Sale
	if err := json.Unmarshal(emptied(data, "processed", "cancelled", "source", "relation", "sales_representative", "supplier", "flow_data_energy"), (*plain)(s)); err != nil {
		return err
	}
	var documented struct {
		Energy      *EnergyData     `json:"flow_data_energie"`
		SolarPanels json.RawMessage `json:"flow_data_solar_panels"`
	}
	if err := json.Unmarshal(emptied(data, "flow_data_energie"), &documented); err != nil {
		return err
	}
	if s.Energy == nil {
		s.Energy = documented.Energy
	}
	if emptyJSON(s.SolarPanel) {
		s.SolarPanel = documented.SolarPanels
	}
	if s.OfferAnswer == OfferNotAccepted && s.OfferAnsweredAt.Raw != "" {
		s.OfferAnswer = OfferDeclined
	}
	s.Raw = append(json.RawMessage(nil), data...)
	return nil
}

// emptied writes null for members that are objects, where an empty one came as
// an empty list or text.
func emptied(data []byte, names ...string) []byte {
	var all map[string]json.RawMessage
	if json.Unmarshal(data, &all) != nil {
		return data
	}
	changed := false
	for _, name := range names {
		if v := string(all[name]); v == "[]" || v == `""` {
			all[name], changed = json.RawMessage("null"), true
		}
	}
	if !changed {
		return data
	}
	out, err := json.Marshal(all)
	if err != nil {
		return data
	}
	return out
}

// TransactionType is what a sale is.
type TransactionType string

// The transaction types.
const (
	Offer TransactionType = "offer"
	Order TransactionType = "order"
)

// SaleStatus is a sale's status.
type SaleStatus struct {
	ID     string `json:"status_identifier"`
	Name   Text   `json:"status"`
	Remark Text   `json:"status_remark"`
}

// UnmarshalJSON reads the status, also one that is its id alone, as in lists.
func (s *SaleStatus) UnmarshalJSON(data []byte) error {
	type plain SaleStatus
	var id string
	if scalar(data, &id) == nil {
		*s = SaleStatus{ID: id}
		return nil
	}
	return json.Unmarshal(data, (*plain)(s))
}

// Processed says that a sale was handed over.
type Processed struct {
	At Time `json:"processed_at"`
	// OutgoingID is the sale's id at the other side, and OutgoingApp the other side:
	// "salesdock" for an integration of Salesdock's own (inferred from samples).
	OutgoingID  Text `json:"outgoing_id"`
	OutgoingApp Text `json:"outgoing_app"`
}

// Cancelled says when and why a sale was cancelled.
type Cancelled struct {
	At     Time            `json:"cancelled_at"`
	Reason Text            `json:"reason"`
	By     json.RawMessage `json:"cancelled_by"`
}

// Labelled is a thing with an id and a label.
type Labelled struct {
	ID    Text `json:"id"`
	Label Text `json:"label"`
}

// SaleThing is a thing that a sale refers to.
type SaleThing[ID ~string] struct {
	ID         ID   `json:"id"`
	Identifier Text `json:"identifier"`
	Label      Text `json:"label"`
}

// SaleFlow is the flow of a sale.
type SaleFlow struct {
	SaleThing[FlowID]
	Type string `json:"type"`
}

// Address is where somebody is.
type Address struct {
	Postcode    Text `json:"postcode"`
	Housenumber Text `json:"housenumber"`
	Suffix      Text `json:"suffix"`
	Streetname  Text `json:"streetname"`
	City        Text `json:"city"`
}

func (a *Address) masked() bool {
	return a != nil && anyMasked(string(a.Postcode), string(a.Housenumber), string(a.Suffix), string(a.Streetname), string(a.City))
}

// Customer is the person or company that buys.
type Customer struct {
	Gender         Text     `json:"gender"`
	Initials       Text     `json:"initials"`
	Firstname      Text     `json:"firstname"`
	Infix          Text     `json:"infix"`
	Lastname       Text     `json:"lastname"`
	Birthdate      Date     `json:"birthdate"`
	Email          Text     `json:"email"`
	Phone          Text     `json:"phone"`
	Business       Bool     `json:"business"`
	CompanyName    Text     `json:"company_name"`
	ContactPerson  Text     `json:"contact_person"`
	COC            Text     `json:"coc"`
	VAT            Text     `json:"vat"`
	IBAN           Text     `json:"iban"`
	IBANHolder     Text     `json:"iban_holder"`
	Address        Address  `json:"address"`                // of the connection
	Correspondence *Address `json:"correspondence_address"` // nil: the same
}

// UnmarshalJSON reads the customer; an address that came as an empty list is
// none.
func (c *Customer) UnmarshalJSON(data []byte) error {
	type plain Customer
	return json.Unmarshal(emptied(data, "address", "correspondence_address"), (*plain)(c))
}

// Masked reports whether the person was anonymised.
func (c *Customer) Masked() bool {
	return c.Address.masked() || c.Correspondence.masked() || slices.ContainsFunc([]Text{
		c.Initials, c.Firstname, c.Infix, c.Lastname, c.Email, c.Phone, c.CompanyName, c.ContactPerson, c.COC, c.VAT, c.IBAN, c.IBANHolder,
		Text(c.Birthdate.Raw),
	}, func(t Text) bool { return anyMasked(string(t)) })
}

// Masked reports whether the sale was anonymised: its ids, products and status
// are still there, the person is not. Such a sale must not be passed on.
func (s *Sale) Masked() bool {
	return s.Customer.Masked() || s.Energy != nil && slices.ContainsFunc(s.Energy.Sites, func(site EnergySite) bool { return site.Address.masked() })
}

// CreatedBy is who made a sale.
type CreatedBy struct {
	User         SaleUser                   `json:"user"`
	Organisation *SaleThing[OrganisationID] `json:"organisation"`
	Team         json.RawMessage            `json:"team"`
}

// SaleUser is the user who made a sale.
type SaleUser struct {
	ID        UserID `json:"id"`
	Username  Text   `json:"username"`
	Firstname Text   `json:"firstname"`
	Lastname  Text   `json:"lastname"`
}

// Representative is the original seller of a sale that came from elsewhere.
type Representative struct {
	Name         Text `json:"name"`
	Organisation Text `json:"organisation"`
	Account      Text `json:"account"`
}

// SaleProduct is a line of a sale.
type SaleProduct struct {
	ID            ProductID `json:"id"` // empty: a package that is no product of the catalogue
	Name          Text      `json:"name"`
	Type          Text      `json:"type"`
	Quantity      Int       `json:"quantity"`
	VATType       Text      `json:"vat_type"` // "inclusive" or "exclusive"
	VATPercentage Decimal   `json:"vat_percentage"`
	// Prices are an energy product's flat tariffs, or the members onetime and monthly
	// of others; PriceOf reads the latter.
	Prices  Map[json.RawMessage] `json:"price_data"`
	Package json.RawMessage      `json:"package_data"`
}

// Price is what a product costs once or each month.
type Price struct {
	Price             Decimal `json:"price"`
	PromotionPrice    Decimal `json:"promotion_price"`
	PromotionMonths   Int     `json:"promotion_months"`
	SubtotalExclusive Decimal `json:"subtotal_exclusive_vat"`
	SubtotalInclusive Decimal `json:"subtotal_inclusive_vat"`
}

// PriceOf reads the price "onetime" or "monthly"; false where there is none.
func (p SaleProduct) PriceOf(kind string) (Price, bool) {
	var out Price
	raw, ok := p.Prices[kind]
	if !ok || json.Unmarshal(raw, &out) != nil {
		return Price{}, false
	}
	return out, true
}

// AdditionalCost is a cost beside the products.
type AdditionalCost struct {
	Description   Text    `json:"description"`
	Type          Text    `json:"type"` // "onetime" or "monthly"
	Months        Int     `json:"number_months"`
	Price         Decimal `json:"price"`
	VATType       Text    `json:"vat_type"`
	VATPercentage Decimal `json:"vat_percentage"`
}

// Discount is a discount.
type Discount struct {
	Description Text    `json:"description"`
	Type        Text    `json:"type"`
	Kind        Text    `json:"type_of_discount"` // "percentage" or "fixed"
	Months      Int     `json:"number_months"`
	Value       Decimal `json:"value"`
}
