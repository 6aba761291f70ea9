package salemap

import (
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/salesdock"
)

// Map carries the members of a sale that have a fixed place at B: the customer,
// the addresses, the original seller. Carry adds what the Mapping decides.
type Map = mapping.Map[salesdock.Sale, salesdock.NewSale]

// Config chooses between the ways to map. The zero value is the default.
type Config struct {
	// DropInfix leaves an infix ("van der") out. A new sale has no member for it, so
	// by default it becomes part of the last name.
	DropInfix bool
}

// New compiles the map. Its error is a *countersign.ConfigError.
func New(cfg Config) (*Map, error) { return Definition(cfg).Compile() }

// Definition is the map before it is compiled, for programs that add fields or
// rules.
func Definition(cfg Config) mapping.Definition[salesdock.Sale, salesdock.NewSale] {
	return mapping.Definition[salesdock.Sale, salesdock.NewSale]{
		Name:   "salemap",
		Source: mapping.Source[salesdock.Sale]{Name: "sale of A", Fields: sourceFields(cfg)},
		Target: mapping.Target[salesdock.NewSale]{Name: "new sale of B", Fields: targetFields()},
		Rules:  fieldRules(),
	}
}

// line is a member of the sale with its place at B. The keys are the names of
// Salesdock's "Get sale" and "Create sale".
type line struct {
	from, nl string
	get      func(*salesdock.Sale) mapping.Value
	to       string
	set      func(*salesdock.NewSale, mapping.Value)
	required bool
}

func lines(cfg Config) []line {
	text := func(get func(*salesdock.Sale) salesdock.Text) func(*salesdock.Sale) mapping.Value {
		return func(s *salesdock.Sale) mapping.Value { return mapping.TextOf(strings.TrimSpace(string(get(s)))) }
	}
	customer := func(get func(*salesdock.Customer) salesdock.Text) func(*salesdock.Sale) mapping.Value {
		return text(func(s *salesdock.Sale) salesdock.Text { return get(&s.Customer) })
	}
	address := func(get func(*salesdock.Address) salesdock.Text) func(*salesdock.Sale) mapping.Value {
		return text(func(s *salesdock.Sale) salesdock.Text { return get(&s.Customer.Address) })
	}
	post := func(get func(*salesdock.Address) salesdock.Text) func(*salesdock.Sale) mapping.Value {
		return text(func(s *salesdock.Sale) salesdock.Text { return get(correspondence(s)) })
	}
	return []line{
		{"customer.gender", "Geslacht", customer(func(c *salesdock.Customer) salesdock.Text { return c.Gender }), "gender", func(n *salesdock.NewSale, v mapping.Value) { n.Gender = v.Text() }, false},
		{"customer.firstname", "Voornaam", customer(func(c *salesdock.Customer) salesdock.Text { return c.Firstname }), "firstname", func(n *salesdock.NewSale, v mapping.Value) { n.Firstname = v.Text() }, true},
		{"customer.lastname", "Achternaam", customer(cfg.lastname), "lastname", func(n *salesdock.NewSale, v mapping.Value) { n.Lastname = v.Text() }, true},
		{"customer.birthdate", "Geboortedatum", func(s *salesdock.Sale) mapping.Value { return mapping.DateOf(s.Customer.Birthdate.Date) }, "birthdate", func(n *salesdock.NewSale, v mapping.Value) { n.Birthdate = v.Date() }, false},
		{"customer.email", "E-mailadres", customer(func(c *salesdock.Customer) salesdock.Text { return c.Email }), "email", func(n *salesdock.NewSale, v mapping.Value) { n.Email = v.Text() }, true},
		{"customer.phone", "Telefoonnummer", customer(func(c *salesdock.Customer) salesdock.Text { return c.Phone }), "phone", func(n *salesdock.NewSale, v mapping.Value) { n.Phone = v.Text() }, true},
		{"customer.iban", "IBAN", customer(func(c *salesdock.Customer) salesdock.Text { return c.IBAN }), "iban", func(n *salesdock.NewSale, v mapping.Value) { n.IBAN = v.Text() }, false},
		{"customer.iban_holder", "IBAN ten name van", customer(func(c *salesdock.Customer) salesdock.Text { return c.IBANHolder }), "iban_holder", func(n *salesdock.NewSale, v mapping.Value) { n.IBANHolder = v.Text() }, false},
		{"customer.company_name", "Bedrijfsnaam", customer(func(c *salesdock.Customer) salesdock.Text { return c.CompanyName }), "company_name", func(n *salesdock.NewSale, v mapping.Value) { n.CompanyName = v.Text() }, false},
		{"customer.contact_person", "Contactpersoon", customer(func(c *salesdock.Customer) salesdock.Text { return c.ContactPerson }), "contact_person", func(n *salesdock.NewSale, v mapping.Value) { n.ContactPerson = v.Text() }, false},
		{"customer.coc", "KvK-nummer", customer(func(c *salesdock.Customer) salesdock.Text { return c.COC }), "company_coc", func(n *salesdock.NewSale, v mapping.Value) { n.COC = v.Text() }, false},
		{"customer.vat", "Btw-nummer", customer(func(c *salesdock.Customer) salesdock.Text { return c.VAT }), "company_vat", func(n *salesdock.NewSale, v mapping.Value) { n.VAT = v.Text() }, false},
		{"customer.address.postcode", "Postcode", address(func(a *salesdock.Address) salesdock.Text { return a.Postcode }), "connection_postcode", func(n *salesdock.NewSale, v mapping.Value) { n.Connection.Postcode = v.Text() }, true},
		{"customer.address.housenumber", "Huisnummer", address(func(a *salesdock.Address) salesdock.Text { return a.Housenumber }), "connection_housenumber", func(n *salesdock.NewSale, v mapping.Value) { n.Connection.Housenumber = v.Text() }, true},
		{"customer.address.suffix", "Toevoeging", address(func(a *salesdock.Address) salesdock.Text { return a.Suffix }), "connection_suffix", func(n *salesdock.NewSale, v mapping.Value) { n.Connection.Suffix = v.Text() }, false},
		{"customer.address.streetname", "Straatnaam", address(func(a *salesdock.Address) salesdock.Text { return a.Streetname }), "connection_streetname", func(n *salesdock.NewSale, v mapping.Value) { n.Connection.Streetname = v.Text() }, true},
		{"customer.address.city", "Plaats", address(func(a *salesdock.Address) salesdock.Text { return a.City }), "connection_city", func(n *salesdock.NewSale, v mapping.Value) { n.Connection.City = v.Text() }, true},
		{"customer.correspondence_address.postcode", "Postcode (correspondentie)", post(func(a *salesdock.Address) salesdock.Text { return a.Postcode }), "postcode", func(n *salesdock.NewSale, v mapping.Value) { n.Address.Postcode = v.Text() }, true},
		{"customer.correspondence_address.housenumber", "Huisnummer (correspondentie)", post(func(a *salesdock.Address) salesdock.Text { return a.Housenumber }), "housenumber", func(n *salesdock.NewSale, v mapping.Value) { n.Address.Housenumber = v.Text() }, true},
		{"customer.correspondence_address.suffix", "Toevoeging (correspondentie)", post(func(a *salesdock.Address) salesdock.Text { return a.Suffix }), "suffix", func(n *salesdock.NewSale, v mapping.Value) { n.Address.Suffix = v.Text() }, false},
		{"customer.correspondence_address.streetname", "Straatnaam (correspondentie)", post(func(a *salesdock.Address) salesdock.Text { return a.Streetname }), "streetname", func(n *salesdock.NewSale, v mapping.Value) { n.Address.Streetname = v.Text() }, true},
		{"customer.correspondence_address.city", "Plaats (correspondentie)", post(func(a *salesdock.Address) salesdock.Text { return a.City }), "city", func(n *salesdock.NewSale, v mapping.Value) { n.Address.City = v.Text() }, true},
		{"channel", "Verkoopkanaal", text(func(s *salesdock.Sale) salesdock.Text { return s.Channel }), "sale_channel", func(n *salesdock.NewSale, v mapping.Value) { n.Channel = v.Text() }, false},
		{"created_by.user.firstname", "Voornaam verkoper", text(func(s *salesdock.Sale) salesdock.Text { return s.CreatedBy.User.Firstname }), "initial_user_firstname", func(n *salesdock.NewSale, v mapping.Value) { n.SellerFirstname = v.Text() }, false},
		{"created_by.user.lastname", "Achternaam verkoper", text(func(s *salesdock.Sale) salesdock.Text { return s.CreatedBy.User.Lastname }), "initial_user_lastname", func(n *salesdock.NewSale, v mapping.Value) { n.SellerLastname = v.Text() }, false},
		{"created_by.organisation.label", "Organisatie verkoper", text(sellersOrganisation), "initial_organisation_name", func(n *salesdock.NewSale, v mapping.Value) { n.SellerOrganisation = v.Text() }, false},
		{"created_at", "Aangemaakt op", func(s *salesdock.Sale) mapping.Value { return mapping.TimeOf(s.CreatedAt.Time) }, "initial_created_at", func(n *salesdock.NewSale, v mapping.Value) { n.SoldAt = v.Time() }, false},
	}
}

func (cfg Config) lastname(c *salesdock.Customer) salesdock.Text {
	if cfg.DropInfix || c.Infix == "" {
		return c.Lastname
	}
	return salesdock.Text(strings.TrimSpace(string(c.Infix + " " + c.Lastname)))
}

// correspondence is where post goes; where nothing is said, to the connection.
func correspondence(s *salesdock.Sale) *salesdock.Address {
	if s.Customer.Correspondence != nil {
		return s.Customer.Correspondence
	}
	return &s.Customer.Address
}

func sellersOrganisation(s *salesdock.Sale) salesdock.Text {
	if s.CreatedBy.Organisation == nil {
		return ""
	}
	return s.CreatedBy.Organisation.Label
}

func kindOf(key string) mapping.Kind {
	switch key {
	case "customer.birthdate", "birthdate":
		return mapping.KindDate
	case "created_at", "initial_created_at":
		return mapping.KindTime
	}
	return mapping.KindText
}

func sourceFields(cfg Config) (out []mapping.SourceField[salesdock.Sale]) {
	for _, l := range lines(cfg) {
		out = append(out, mapping.SourceField[salesdock.Sale]{
			Field: mapping.Field{Key: l.from, Labels: mapping.Labels{"nl": l.nl}, Kind: kindOf(l.from)}, Get: l.get,
		})
	}
	return out
}

func targetFields() (out []mapping.TargetField[salesdock.NewSale]) {
	for _, l := range lines(Config{}) {
		out = append(out, mapping.TargetField[salesdock.NewSale]{
			Field: mapping.Field{Key: l.to, Labels: mapping.Labels{"nl": l.nl}, Kind: kindOf(l.to)}, Set: l.set,
		})
	}
	return out
}

func fieldRules() (out []mapping.Rule) {
	for _, l := range lines(Config{}) {
		out = append(out, mapping.Rule{From: []string{l.from}, To: l.to, Required: l.required})
	}
	return out
}

// labelOf gives the Dutch label of one of B's fields; empty for one that is not
// on the list.
func labelOf(to string) string {
	for _, l := range lines(Config{}) {
		if l.to == to {
			return l.nl
		}
	}
	return ""
}

// day reads an answer that is a day.
func day(s string) (countersign.Date, bool) {
	d, err := salesdock.ParseDate(strings.TrimSpace(s))
	return d, err == nil
}
