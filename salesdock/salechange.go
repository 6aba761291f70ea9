package salesdock

import (
	"context"

	"github.com/countersign/countersign"
)

// SaleEdit changes an offer or a sale of the flow kinds default, telecom and heat
// pump. At least one member is required. Salesdock refuses it for a sale that was
// cancelled, sent, anonymised or locked, and for one of an integration.
type SaleEdit struct {
	Customer   *CustomerEdit                           `json:"customer,omitempty"`
	Questions  *Edit[QuestionID, map[QuestionID]any]   `json:"product_questions,omitempty"`
	Agreements *Edit[AgreementID, map[AgreementID]any] `json:"agreements,omitempty"`
	Default    *SectionsEdit                           `json:"flow_default,omitempty"`
	Telecom    *TelecomEdit                            `json:"flow_telecom,omitempty"`
	HeatPump   *HeatPumpEdit                           `json:"flow_heatpump,omitempty"`
	ProductID  ProductID                               `json:"product_id,omitempty"` // of heat pumps
	ValidTill  countersign.Date                        `json:"valid_till,omitzero"`  // of heat pumps
}

// Edit removes some things and sets others.
type Edit[ID ~string, U any] struct {
	Delete []ID `json:"delete,omitempty"`
	Upsert U    `json:"upsert,omitempty"`
}

// SectionsEdit changes products by the identifiers of their sections.
type SectionsEdit struct {
	Products SectionProducts `json:"products"`
}

// SectionProducts are products to remove and to set, by section.
type SectionProducts struct {
	Delete map[string][]ProductID       `json:"delete,omitempty"`
	Upsert map[string][]ProductQuantity `json:"upsert,omitempty"`
}

// ProductQuantity is a number of one product.
type ProductQuantity struct {
	ID       ProductID `json:"id"`
	Quantity int       `json:"quantity"`
}

// TelecomEdit changes the products of a telecom sale.
type TelecomEdit struct {
	Products Edit[ProductID, []ProductQuantity] `json:"products"`
}

// HeatPumpEdit changes a sale of a heat pump.
type HeatPumpEdit struct {
	Products *SectionProducts `json:"products,omitempty"`
	// Further members under the names of the API: "number_of_persons",
	// "electricity_tariff", ….
	Further map[string]any `json:"-"`
}

// MarshalJSON writes further members beside the products.
func (e HeatPumpEdit) MarshalJSON() ([]byte, error) {
	type plain HeatPumpEdit
	return flatten(plain(e), e.Further)
}

// CustomerEdit changes a customer. Empty members stay as they are.
type CustomerEdit struct {
	Business       *Bool         `json:"business,omitempty"`
	Gender         string        `json:"gender,omitempty"`
	Firstname      string        `json:"firstname,omitempty"`
	Lastname       string        `json:"lastname,omitempty"`
	Birthdate      DutchDate     `json:"birthdate,omitzero"`
	Email          string        `json:"email,omitempty"`
	Phone          string        `json:"phone,omitempty"`
	CompanyName    string        `json:"company_name,omitempty"`
	ContactPerson  string        `json:"contact_person,omitempty"`
	COC            string        `json:"coc,omitempty"`
	VAT            string        `json:"vat,omitempty"`
	Address        *AddressInput `json:"address,omitempty"`
	Correspondence *AddressInput `json:"correspondence_address,omitempty"`
}

// AddressInput is an address to set.
type AddressInput struct {
	Postcode    string `json:"postcode,omitempty"`
	Housenumber string `json:"housenumber,omitempty"`
	Suffix      string `json:"suffix,omitempty"`
	Streetname  string `json:"streetname,omitempty"`
	City        string `json:"city,omitempty"`
}

// DutchDate is a day that is written as DD-MM-YYYY.
type DutchDate countersign.Date

// IsZero reports whether there is no day; encoding/json's omitzero asks it.
func (d DutchDate) IsZero() bool { return countersign.Date(d).IsZero() }

// MarshalText writes DD-MM-YYYY, and nothing for the zero value.
func (d DutchDate) MarshalText() ([]byte, error) { return []byte(dutchDate(countersign.Date(d))), nil }

func (e SaleEdit) check() error {
	if e == (SaleEdit{}) {
		return badConfig("SaleEdit", "changes nothing", "")
	}
	return nil
}

// EditOffer changes an offer that is still open.
func (s SalesService) EditOffer(ctx context.Context, id SaleID, e SaleEdit, opts ...countersign.CallOption) error {
	if err := e.check(); err != nil {
		return err
	}
	return s.conn.run(ctx, send(either, "edit offer", "PATCH", "/proposal/{id}", e, string(id)), nil, opts)
}

// EditSale changes a finished sale: an accepted offer or a direct order. Its
// contract is not made anew. It needs the scope account.
func (s SalesService) EditSale(ctx context.Context, id SaleID, e SaleEdit, opts ...countersign.CallOption) error {
	if err := e.check(); err != nil {
		return err
	}
	return s.conn.run(ctx, send(accountOnly, "edit sale", "PATCH", "/sales/{id}", e, string(id)), nil, opts)
}
