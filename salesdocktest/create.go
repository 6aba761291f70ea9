package salesdocktest

import (
	"slices"
	"strings"
	"time"
)

// OpCreateSale is the operation that makes a sale.
const OpCreateSale = "POST /sales/flow/{flow_type}/{flow_identifier}"

// Mail is a mail that the service would send to a customer.
type Mail struct {
	SaleID int
	To     string
}

func (s *Server) createRoutes() { s.add(none, OpCreateSale, (*Server).createSale) }

// Mails gives the mails to customers: one for each sale that came without a
// contract.
func (a *Account) Mails() []Mail {
	var out []Mail
	for _, v := range a.Received() {
		if v.requested && !v.Completed {
			out = append(out, Mail{v.ID, object(v.Body).text("email")})
		}
	}
	return out
}

func (s *Server) createSale(c *call) {
	var flow *Flow
	for _, f := range c.account.flows {
		if f.Type == c.values["flow_type"] && f.Identifier == c.values["flow_identifier"] && c.user.seesFlow(f) {
			flow = f
		}
	}
	if flow == nil {
		c.notFound()
		return
	}
	p := c.account.product(c.body.number("product_id"))
	fields := c.required(flow)
	if len(fields) > 0 {
		c.invalid("Validatie mislukt.", "Validation failed.", fields)
		return
	}
	if p == nil || p.Inactive || !c.user.sees(p) || !flow.holds(p) || !c.relatedFit(flow) {
		c.invalid("Ongeldig product", "Invalid product", nil)
		return
	}
	if fields := c.faultyAnswers(p); len(fields) > 0 {
		c.invalid("Validatie mislukt.", "Validation failed.", fields)
		return
	}
	reference := c.body.text("external_reference")
	if s.cfg.uniqueReference && reference != "" && slices.ContainsFunc(c.account.sales, func(v *Sale) bool { return v.ExternalReference == reference }) {
		c.invalid("Validatie mislukt.", "Validation failed.", map[string][]string{"external_reference": {"The external reference has already been taken."}})
		return
	}
	v := c.account.makeSale(flow, p, c.user, c.body)
	v.requested = true
	c.created(object{"sale_id": v.ID})
}

// holds reports whether a flow offers a product. One without sections offers all.
func (f *Flow) holds(p *Product) bool {
	if len(f.Sections) == 0 {
		return true
	}
	return slices.ContainsFunc(f.Sections, func(s Section) bool {
		return slices.ContainsFunc(s.Products, func(v *Product) bool { return v.ID == p.ID })
	})
}

func (c *call) relatedFit(f *Flow) bool {
	for _, item := range c.body.list("related_products") {
		m, _ := item.(map[string]any)
		p := c.account.product(object(m).number("product_id"))
		if p == nil || p.Inactive || !c.user.sees(p) || !f.holds(p) {
			return false
		}
	}
	return true
}

// required gives the errors of members that every sale needs.
func (c *call) required(f *Flow) map[string][]string {
	names := []string{
		"transaction_type", "connection_postcode", "connection_housenumber", "connection_streetname", "connection_city", "postcode", "housenumber",
		"streetname", "city", "firstname", "lastname", "email", "phone", "product_id", "business",
	}
	if c.body.yes("business") {
		names = append(names, "contact_person", "company_name", "company_coc")
	} else {
		names = append(names, "birthdate")
	}
	fields := c.missing(names...)
	fault := func(name, nl, en string) { fields[name] = []string{c.say(nl, en)} }
	if t := c.body.text("transaction_type"); t != "" && t != "offer" && t != "order" {
		fault("transaction_type", "Ongeldige waarde.", "The selected transaction type is invalid.")
	}
	if d := c.body.text("birthdate"); d != "" && !dutchDay(d) {
		fault("birthdate", "Geen datum als dd-mm-jjjj.", "The birthdate does not match the format d-m-Y.")
	}
	if d := c.body.text("contract_date"); d != "" {
		pdf := c.body.object("contract_pdf")
		if !dutchDay(d) {
			fault("contract_date", "Geen datum als dd-mm-jjjj.", "The contract date does not match the format d-m-Y.")
		}
		if pdf.text("content") == "" || pdf.text("extension") != "pdf" {
			fault("contract_pdf", "Dit veld is verplicht.", "The contract pdf field is required.")
		}
	}
	if f.Signature && c.body.text("signature") == "" && c.body.text("contract_date") == "" {
		fault("signature", "Dit veld is verplicht.", "The signature field is required.")
	}
	if mail := c.body.text("email"); mail != "" && (!strings.Contains(mail, "@") || strings.Contains(mail, "*")) {
		fault("email", "Geen geldig e-mailadres.", "The email must be a valid email address.")
	}
	return fields
}

func dutchDay(s string) bool {
	_, err := time.Parse("02-01-2006", s)
	return err == nil
}

// faultyAnswers checks answers and agreements against the account's questions.
func (c *call) faultyAnswers(p *Product) map[string][]string {
	fields := map[string][]string{}
	data := c.body.object("questionData")
	about := facts{product: p, profile: c.body.text("type"), answers: map[string][]string{}}
	for _, q := range c.account.questions {
		about.answers[q.Name] = q.given(data)
	}
	for _, q := range c.account.questions {
		if !q.asked(about) {
			continue
		}
		if reason := q.fault(about, data); reason != "" {
			fields["questionData."+q.Identifier] = []string{reason}
		}
	}
	accepted := c.body.object("agreements")
	for _, g := range c.account.agreements {
		if g.Required && !g.Hidden && !accepted.yes(g.Identifier) {
			fields["agreements."+g.Identifier] = []string{c.say("Deze accordering is verplicht.", "This agreement is required.")}
		}
	}
	return fields
}

// asked reports whether a question is asked for a sale.
func (q *Question) asked(f facts) bool {
	if len(q.ProductTypes) > 0 && !slices.Contains(q.ProductTypes, f.product.Type) {
		return false
	}
	if q.RuleVisible {
		return q.Rule.holds(f)
	}
	return !q.Hidden
}

// given is the answer as texts.
func (q *Question) given(data object) []string {
	if q.InputType == "mc-multi" || q.InputType == "file" {
		var out []string
		for _, v := range data.list(q.Identifier) {
			out = append(out, orElse(object{"v": v}.text("v"), "file"))
		}
		return out
	}
	text := data.text(q.Identifier)
	if q.InputType == "switchdate" {
		text = orElse(text, data.text(q.Identifier+"_switchdate_option"))
	}
	if text == "" {
		return nil
	}
	return []string{text}
}

// fault says what is wrong with an answer; empty: nothing.
func (q *Question) fault(f facts, data object) string {
	given := f.answers[q.Name]
	if len(given) == 0 {
		if q.Required || q.RuleRequired && q.Rule.holds(f) {
			return "The " + q.Identifier + " field is required."
		}
		return ""
	}
	for _, v := range given {
		if strings.HasPrefix(q.InputType, "mc-") && !slices.Contains(q.Options, v) {
			return "The selected " + q.Identifier + " is invalid."
		}
		if q.Accepts != nil && !q.Accepts(v) {
			return "The " + q.Identifier + " format is invalid."
		}
	}
	if option := data.text(q.Identifier + "_switchdate_option"); q.InputType == "switchdate" && (option == "" || option == "Anders" && data.text(q.Identifier) == "") {
		return "The " + q.Identifier + " switch date is incomplete."
	}
	if q.InputType == "date" && day(given[0], time.DateOnly) == given[0] && !isoDay(given[0]) {
		return "The " + q.Identifier + " is not a valid date."
	}
	return ""
}

func isoDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
