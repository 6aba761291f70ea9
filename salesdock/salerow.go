package salesdock

import (
	"encoding/json"
	"slices"
)

// OfferAnswer is what the customer said to an offer.
type OfferAnswer string

// The answers.
const (
	OfferOpen     OfferAnswer = "open"
	OfferAccepted OfferAnswer = "accepted"
	OfferDeclined OfferAnswer = "declined"
	OfferExpired  OfferAnswer = "expired"
	// OfferNotAccepted is what a single sale says of an offer that nobody answered:
	// it is open or expired. An order that never was an offer has it too.
	OfferNotAccepted OfferAnswer = "not accepted"
)

// UnmarshalJSON reads "1", "0" and "2" of lists, the booleans of a single sale,
// and null for an open offer. Another text is kept as it is.
func (a *OfferAnswer) UnmarshalJSON(data []byte) error {
	if err := scalar(data, (*string)(a)); err != nil {
		return err
	}
	switch *a {
	case "", "open":
		*a = OfferOpen
	case "1", "true":
		*a = OfferAccepted
	case "0":
		*a = OfferDeclined
	case "false":
		*a = OfferNotAccepted
	case "2":
		*a = OfferExpired
	}
	return nil
}

// SaleRow is a sale in a list: flat, and with IncomingID, which the full sale
// lacks.
type SaleRow struct {
	ID                   SaleID      `json:"id"`
	UserID               UserID      `json:"user_id"`
	Type                 string      `json:"type"`     // "sale"
	SubType              string      `json:"sub_type"` // "offer"
	Offer                Bool        `json:"offer"`
	OfferAnswer          OfferAnswer `json:"offer_accepted"`
	Status               string      `json:"status"` // the status' ID
	Verification         Text        `json:"verification"`
	Verified             Bool        `json:"verified"`
	FlowID               FlowID      `json:"flow_id"`
	ProductID            ProductID   `json:"product_id"`
	IncomingID           Text        `json:"incoming_id"`
	CreatedAt            Time        `json:"created_at"`
	LastPublishedAt      Time        `json:"last_published_at"`
	FinalizedAt          Time        `json:"finalized_at"`
	UpdatedAt            Time        `json:"updated_at"`
	OutgoingAt           Time        `json:"outgoing_at"`
	OfferAnsweredAt      Time        `json:"offer_answered_at"`
	VerifiedAt           Time        `json:"verified_at"`
	ValidTill            Time        `json:"valid_till"`
	CancelledAt          Time        `json:"cancelled_at"`
	StatusRemark         Text        `json:"status_remark"`
	CancelledRemark      Text        `json:"cancelled_remark"`
	UserFirstname        Text        `json:"user_firstname"`
	UserLastname         Text        `json:"user_lastname"`
	UserEmail            Text        `json:"user_email"`
	OrganisationName     Text        `json:"organisation_name"`
	Organisation         Text        `json:"organisation_identifier"`
	Gender               Text        `json:"gender"`
	Initials             Text        `json:"initials"`
	Firstname            Text        `json:"firstname"`
	Infix                Text        `json:"infix"`
	Lastname             Text        `json:"lastname"`
	Business             Bool        `json:"business"`
	CompanyName          Text        `json:"company_name"`
	Source               Text        `json:"source"`
	SourceID             Text        `json:"source_id"`
	Postcode             Text        `json:"postcode"`
	Housenumber          Text        `json:"housenumber"`
	Streetname           Text        `json:"streetname"`
	City                 Text        `json:"city"`
	COCBranchNumber      Text        `json:"coc_branch_number"`
	Birthdate            Date        `json:"birthdate"`
	Phone                Text        `json:"phone"`
	Email                Text        `json:"email"`
	IBAN                 Text        `json:"iban"`
	ConnectionPostcode   Text        `json:"connection_postcode"`
	ConnectionNumber     Text        `json:"connection_housenumber"`
	ConnectionStreetname Text        `json:"connection_streetname"`
	ConnectionCity       Text        `json:"connection_city"`
	ProductName          Text        `json:"product_name"`
	ProductIdentifier    Text        `json:"product_identifier"`
	SupplierName         Text        `json:"supplier_name"`
	LeadID               LeadID      `json:"lead_id"`
	RelationID           RelationID  `json:"relation_id"`
	// Raw is the whole row as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the row and keeps it whole.
func (r *SaleRow) UnmarshalJSON(data []byte) error {
	type plain SaleRow
	return decodeKept(data, (*plain)(r), &r.Raw)
}

// Masked reports whether the sale was anonymised: its ids, products and status
// are still there, the person is not. Such a sale must not be passed on.
func (r *SaleRow) Masked() bool {
	return slices.ContainsFunc([]Text{
		r.Firstname, r.Lastname, r.Initials, r.Infix, r.CompanyName, r.Email, r.Phone, r.IBAN, r.Postcode, r.Housenumber, r.Streetname,
		r.City, r.ConnectionPostcode, r.ConnectionNumber, r.ConnectionStreetname, r.ConnectionCity, Text(r.Birthdate.Raw),
	}, func(t Text) bool { return anyMasked(string(t)) })
}
