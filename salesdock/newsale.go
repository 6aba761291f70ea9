package salesdock

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
)

// CustomerMail is the decision whether Salesdock writes to the customer about a
// new sale. There is no default: the zero value is refused.
type CustomerMail struct {
	decided  bool
	contract *Contract
}

// SendCustomerMail leaves the sale uncompleted: Salesdock makes a new contract
// and mails it to the customer, for an offer to accept or an order to confirm or
// verify. A customer who has signed already is asked to sign again.
func SendCustomerMail() CustomerMail { return CustomerMail{decided: true} }

// NoCustomerMail makes a completed sale with the contract that the customer has
// signed; Salesdock writes to nobody.
func NoCustomerMail(c Contract) CustomerMail { return CustomerMail{decided: true, contract: &c} }

// Contract is a contract that was signed elsewhere.
type Contract struct {
	Date      countersign.Date // when it was signed; required
	PDF       []byte           // required
	CreatedAt time.Time        // when the file was made; zero: at the start of Date
}

// Place is an address in a new sale.
type Place struct {
	Postcode    string
	Housenumber string // digits; a connection's is sent as a number
	Suffix      string
	Streetname  string
	City        string
}

// Answer is an answer to a product question. Make one with TextAnswer,
// ChoicesAnswer, DateAnswer, SwitchDateAnswer or FileAnswer.
type Answer struct {
	value  any
	option string
	noDay  bool // made of a day that does not exist
}

// TextAnswer answers a question of the type text, date or mc-single.
func TextAnswer(s string) Answer { return Answer{value: s} }

// ChoicesAnswer answers a question of the type mc-multi.
func ChoicesAnswer(options ...string) Answer { return Answer{value: List[string](options)} }

// DateAnswer answers a question with a day in a layout of package time. Samples
// send time.DateOnly to questions of the type date. The zero day is no answer.
func DateAnswer(d countersign.Date, layout string) Answer {
	if d.IsZero() {
		return Answer{}
	}
	return Answer{value: d.In(time.UTC).Format(layout), noDay: !d.IsValid()}
}

// The options of a switchdate question that were seen.
const (
	SwitchAsSoonAsPossible = "Zo snel als mogelijk"
	SwitchOther            = "Anders"
)

// SwitchDateAnswer answers a question of the type switchdate. The day is not sent
// with SwitchAsSoonAsPossible; samples send it as 02-01-2006 in layout's terms.
func SwitchDateAnswer(option string, d countersign.Date, layout string) Answer {
	a := Answer{}
	if option != SwitchAsSoonAsPossible {
		a = DateAnswer(d, layout)
	}
	a.option = option
	return a
}

// FileAnswer answers a question of the type file.
func FileAnswer(files ...File) Answer { return Answer{value: List[File](files)} }

// masked reports whether the answer is one that was anonymised.
func (a Answer) masked() bool {
	switch v := a.value.(type) {
	case string:
		return anyMasked(v)
	case List[string]:
		return anyMasked(v...)
	}
	return false
}

// add writes the answer under the question's identifier.
func (a Answer) add(all map[string]any, identifier string) {
	if a.option != "" {
		all[identifier+"_switchdate_option"] = a.option
	}
	if a.value != nil {
		all[identifier] = a.value
	}
}

// RelatedProduct is a product beside the main one.
type RelatedProduct struct {
	ProductID ProductID `json:"product_id"`
	Quantity  int       `json:"quantity,omitempty"`
	Section   string    `json:"section_identifier,omitempty"` // of flows of the type default
}

// NewSale is a sale to make ("Create sale" of the Salesdock API).
type NewSale struct {
	FlowType       string // "default", "energie-small-business", …; required
	FlowIdentifier string // required
	// Mail is required: it decides whether the customer is written to.
	Mail CustomerMail

	Type       TransactionType // required
	ProductID  ProductID       // required
	Related    []RelatedProduct
	Connection Place // where it is delivered; required
	Address    Place // where post goes; required
	Business   bool

	Gender, Firstname, Lastname string // first and last name are required
	Birthdate                   countersign.Date
	Email, Phone                string // required
	IBAN, IBANHolder            string
	// ContactPerson, CompanyName and COC are required of a business.
	ContactPerson, CompanyName, COC, VAT string

	Channel string // "d2d", "retail", "telemarketing", "online" or "f2f"
	// Signature is an image as a data URI; some flows require it.
	Signature string

	Answers    map[string]Answer // by the questions' identifiers
	Agreements []string          // the identifiers of those that the customer accepted

	// The original seller, as the receiving account shows it.
	SellerFirstname, SellerLastname, SellerOrganisation string
	SoldAt                                              time.Time
	// ExternalReference is kept with the sale. It is not unique there and can't be
	// searched for.
	ExternalReference string
	RelationID        RelationID // empty: a new relation is made
	OptIn             *OptIn     // the member was seen in a sample alone

	// Kind holds the members that one kind of flow has: EnergySale, BelgianEnergySale,
	// SolarSale, HeatPumpSale, or any other value that encodes as an object.
	Kind any
	// Further members, under the names of the API. Neither they nor Kind may hold
	// "contract_date" or "contract_pdf", about which Mail decides.
	Further map[string]any
}

// Create makes a sale and gives its id. It is not repeated, unless the token was
// refused and Config.TokenFrom has another: Salesdock recognises no repeated
// request, so after an answer that did not come the sale may exist, and
// the error is a countersign.ErrOutcomeUnknown. Look for the sale before another
// attempt. Masked data is refused with ErrMasked, and a missing decision or member
// with a *countersign.ConfigError, before anything is sent.
func (s SalesService) Create(ctx context.Context, in NewSale, opts ...countersign.CallOption) (SaleID, error) {
	if err := in.Validate(); err != nil {
		return "", err
	}
	opts = append(slices.Clip(opts), countersign.WithoutRetry())
	c := send(unscoped, "create sale", "POST", "/sales/flow/{flow_type}/{flow_identifier}", in, in.FlowType, in.FlowIdentifier)
	id, err := askID[SaleID](ctx, s.conn, c, "sale_id", opts)
	return id, inDoubt(err)
}

// inDoubt: a gateway that says 503 may have passed the request on, whatever it
// says about coming back.
func inDoubt(err error) error {
	if e, ok := errors.AsType[*countersign.Error](err); ok && e.StatusCode >= http.StatusInternalServerError {
		e.Kind = countersign.ErrOutcomeUnknown
	}
	return err
}

// Validate reports what Create would refuse before sending: the first thing that
// is missing, as a *countersign.ConfigError, or ErrMasked.
func (in NewSale) Validate() error {
	if !in.Mail.decided {
		return badConfig("NewSale.Mail", "is not decided", "use SendCustomerMail or NoCustomerMail")
	}
	if c := in.Mail.contract; c != nil && (!c.Date.IsValid() || len(c.PDF) == 0) {
		return badConfig("NewSale.Mail", "has a contract without a date or a file", "without both Salesdock writes to the customer")
	}
	if in.masked() {
		return ErrMasked
	}
	if err := in.checkBeside(); err != nil {
		return err
	}
	required := []struct{ name, value string }{
		{"FlowType", in.FlowType}, {"FlowIdentifier", in.FlowIdentifier}, {"Type", string(in.Type)}, {"ProductID", string(in.ProductID)},
		{"Firstname", in.Firstname}, {"Lastname", in.Lastname}, {"Email", in.Email}, {"Phone", in.Phone},
		{"Connection.Postcode", in.Connection.Postcode}, {"Connection.Streetname", in.Connection.Streetname}, {"Connection.City", in.Connection.City},
		{"Address.Postcode", in.Address.Postcode}, {"Address.Housenumber", in.Address.Housenumber}, {"Address.Streetname", in.Address.Streetname}, {"Address.City", in.Address.City},
	}
	if in.Business {
		required = append(required, []struct{ name, value string }{{"ContactPerson", in.ContactPerson}, {"CompanyName", in.CompanyName}, {"COC", in.COC}}...)
	}
	for _, r := range required {
		if strings.TrimSpace(r.value) == "" {
			return badConfig("NewSale."+r.name, "is empty", "")
		}
	}
	if n := in.Connection.Housenumber; n == "" || len(n) > 9 || strings.Trim(n, "0123456789") != "" {
		return badConfig("NewSale.Connection.Housenumber", "is not a number", "put letters into Suffix")
	}
	if in.Type != Offer && in.Type != Order {
		return badConfig("NewSale.Type", "is neither offer nor order", "")
	}
	return nil
}

// checkBeside checks what is no text that is required.
func (in NewSale) checkBeside() error {
	if !in.Birthdate.IsZero() && !in.Birthdate.IsValid() {
		return badConfig("NewSale.Birthdate", "is no day of the calendar", "")
	}
	for identifier, a := range in.Answers {
		if a.noDay {
			return badConfig("NewSale.Answers", "has for "+identifier+" what is no day of the calendar", "")
		}
	}
	beside, err := in.beside()
	if err != nil {
		return badConfig("NewSale.Kind", "does not encode as an object", "")
	}
	for _, name := range []string{"contract_date", "contract_pdf"} {
		if _, is := beside[name]; is {
			return badConfig("NewSale.Further", "has "+name+", which decides whether the customer is written to", "use NewSale.Mail")
		}
	}
	return nil
}

// beside are the members of Kind and Further; where both have one, Kind's counts.
func (in NewSale) beside() (map[string]any, error) {
	out := maps.Clone(in.Further)
	if out == nil {
		out = map[string]any{}
	}
	if in.Kind == nil {
		return out, nil
	}
	kind, err := members(in.Kind)
	for name, value := range kind {
		out[name] = value
	}
	return out, err
}

func (in NewSale) masked() bool {
	for _, a := range in.Answers {
		if a.masked() {
			return true
		}
	}
	return anyMasked(in.Firstname, in.Lastname, in.Email, in.Phone, in.IBAN, in.IBANHolder, in.ContactPerson, in.CompanyName, in.COC, in.VAT,
		in.Connection.Postcode, in.Connection.Housenumber, in.Connection.Suffix, in.Connection.Streetname, in.Connection.City,
		in.Address.Postcode, in.Address.Housenumber, in.Address.Suffix, in.Address.Streetname, in.Address.City)
}

// MarshalJSON writes the body as Salesdock reads it.
func (in NewSale) MarshalJSON() ([]byte, error) {
	answers := map[string]any{}
	for identifier, a := range in.Answers {
		a.add(answers, identifier)
	}
	accepted := map[string]string{}
	for _, identifier := range in.Agreements {
		accepted[identifier] = "1"
	}
	own := saleBody{
		Type: in.Type, ConnectionPostcode: in.Connection.Postcode, ConnectionNumber: wholeNumber(in.Connection.Housenumber),
		ConnectionSuffix: in.Connection.Suffix, ConnectionStreet: in.Connection.Streetname, ConnectionCity: in.Connection.City,
		Postcode: in.Address.Postcode, Housenumber: in.Address.Housenumber, Suffix: in.Address.Suffix, Streetname: in.Address.Streetname, City: in.Address.City,
		Gender: in.Gender, Firstname: in.Firstname, Lastname: in.Lastname, Birthdate: dutchDate(in.Birthdate), Email: in.Email, Phone: in.Phone,
		IBAN: in.IBAN, IBANHolder: in.IBANHolder, Channel: in.Channel, ProductID: in.ProductID, Related: in.Related, Business: Bool(in.Business),
		ContactPerson: in.ContactPerson, CompanyName: in.CompanyName, COC: in.COC, VAT: in.VAT, Signature: in.Signature,
		Answers: answers, Agreements: accepted, SellerFirstname: in.SellerFirstname, SellerLastname: in.SellerLastname,
		SellerOrganisation: in.SellerOrganisation, SoldAt: stamp(in.SoldAt), ExternalReference: in.ExternalReference,
		RelationID: in.RelationID, OptIn: in.OptIn,
	}
	own.complete(in.Mail.contract)
	further, err := in.beside()
	if err != nil {
		return nil, err
	}
	return flatten(own, further)
}

// wholeNumber are digits as JSON has them: without zeros in front.
func wholeNumber(digits string) json.Number {
	if short := strings.TrimLeft(digits, "0"); short != "" || digits == "" {
		return json.Number(short)
	}
	return "0"
}

// members are the members that v encodes as.
func members(v any) (map[string]json.RawMessage, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out map[string]json.RawMessage
	return out, json.Unmarshal(data, &out)
}

// saleBody is the common part of a new sale.
type saleBody struct {
	Type               TransactionType   `json:"transaction_type"`
	ConnectionPostcode string            `json:"connection_postcode"`
	ConnectionNumber   json.Number       `json:"connection_housenumber"`
	ConnectionSuffix   string            `json:"connection_suffix,omitempty"`
	ConnectionStreet   string            `json:"connection_streetname"`
	ConnectionCity     string            `json:"connection_city"`
	Postcode           string            `json:"postcode"`
	Housenumber        string            `json:"housenumber"`
	Suffix             string            `json:"suffix"`
	Streetname         string            `json:"streetname"`
	City               string            `json:"city"`
	Gender             string            `json:"gender,omitempty"`
	Firstname          string            `json:"firstname"`
	Lastname           string            `json:"lastname"`
	Birthdate          string            `json:"birthdate,omitempty"`
	Email              string            `json:"email"`
	Phone              string            `json:"phone"`
	IBAN               string            `json:"iban,omitempty"`
	IBANHolder         string            `json:"iban_holder,omitempty"`
	Channel            string            `json:"sale_channel,omitempty"`
	ProductID          ProductID         `json:"product_id"`
	Related            []RelatedProduct  `json:"related_products,omitempty"`
	Business           Bool              `json:"business"`
	ContactPerson      string            `json:"contact_person,omitempty"`
	CompanyName        string            `json:"company_name,omitempty"`
	COC                string            `json:"company_coc,omitempty"`
	VAT                string            `json:"company_vat,omitempty"`
	ContractDate       string            `json:"contract_date,omitempty"`
	ContractPDF        *contractPDF      `json:"contract_pdf,omitempty"`
	Signature          string            `json:"signature,omitempty"`
	Answers            map[string]any    `json:"questionData"`
	Agreements         map[string]string `json:"agreements"`
	SellerFirstname    string            `json:"initial_user_firstname,omitempty"`
	SellerLastname     string            `json:"initial_user_lastname,omitempty"`
	SellerOrganisation string            `json:"initial_organisation_name,omitempty"`
	SoldAt             string            `json:"initial_created_at,omitempty"`
	ExternalReference  string            `json:"external_reference,omitempty"`
	RelationID         RelationID        `json:"relation_id,omitempty"`
	OptIn              *OptIn            `json:"optin,omitempty"`
}

type contractPDF struct {
	Content   string `json:"content"`
	Extension string `json:"extension"`
	CreatedAt string `json:"created_at"`
}

// complete adds what keeps Salesdock from writing to the customer.
func (b *saleBody) complete(c *Contract) {
	if c == nil {
		return
	}
	at := c.CreatedAt
	if at.IsZero() {
		at = c.Date.In(amsterdam)
	}
	b.ContractDate = dutchDate(c.Date)
	b.ContractPDF = &contractPDF{base64.StdEncoding.EncodeToString(c.PDF), "pdf", stamp(at)}
}
