package salelink

import (
	"fmt"
	"slices"
	"time"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

// Trigger says what forwards a sale.
type Trigger string

// The triggers.
const (
	Off       Trigger = ""          // nothing does ("Zet saleverwerking aan" is off)
	Manual    Trigger = "manual"    // Forward does, as "verzenden" on a transaction
	Automatic Trigger = "automatic" // the flow does ("Zet automatische saleverwerking aan")
)

// Processing says which sales are forwarded.
type Processing struct {
	Trigger Trigger `json:"trigger,omitempty"`
	// Statuses are the statuses in which a sale of A is forwarded ("Specifiek" at
	// "Verwerk order op status?"). Nil: in all of them.
	Statuses []string `json:"statuses,omitempty"`
}

// Conditional is processing under conditions ("Condities bij verwerken van een
// sale").
type Conditional struct {
	Processing
	// When must hold. Its subjects are those of SaleFacts. A condition that can't be
	// decided does not hold.
	When salemap.Condition `json:"when,omitzero"`
}

// Vanished says what happens at A with an imported product that B no longer offers
// ("Instellingen synchroniseren"). B may have deleted or deactivated it or have
// withdrawn the right to it: the API does not tell which.
type Vanished string

// The choices.
const (
	VanishedKeep       Vanished = ""           // nothing ("doe niks")
	VanishedDeactivate Vanished = "deactivate" // deactivate it ("deactiveer")
	VanishedDelete     Vanished = "delete"     // delete it for good ("verwijderen")
)

// Mail says who writes to the customer about a forwarded sale. Agree on it with B:
// exactly one side does.
type Mail string

// The choices; there is no default where sales are forwarded.
const (
	// MailByA sends the contract that the customer signed along, so that B writes to
	// nobody.
	MailByA Mail = "a"
	// MailByB leaves the sale open at B: Salesdock mails the customer, who may be
	// asked to sign again.
	MailByB Mail = "b"
)

// Policy is what people choose in the screen "Instellingen". The zero value
// imports nothing, forwards nothing and pulls nothing.
type Policy struct {
	// Import are B's products to import; ImportAll imports all that B offers.
	Import    []salesdock.ProductID `json:"import,omitempty"`
	ImportAll bool                  `json:"import_all,omitempty"`
	Vanished  Vanished              `json:"vanished,omitempty"`
	// Absences is in how many complete listings in a row a product must be missing
	// before it counts as vanished. 0: 2.
	Absences int `json:"absences,omitempty"`
	// Breaker is the largest part of the imported products, in percent, that may
	// vanish without a person's confirmation: a lost right or a wrong token looks the
	// same as products that are gone. 0: 20. All of them never may.
	Breaker int `json:"breaker,omitempty"`

	// Sales is plain processing and Conditions processing under conditions. At most
	// one of the two is on.
	Sales      Processing  `json:"sales,omitzero"`
	Conditions Conditional `json:"conditions,omitzero"`
	// Hold keeps a sale back for this long after its last change, before it is
	// forwarded automatically. Forward does not wait. In JSON it is in nanoseconds.
	Hold time.Duration `json:"hold,omitempty"`
	// OptIn sends opt-in data along ("Verstuur opt-in informatie"). It comes from the
	// dialer alone: from Deps.OptIn.
	OptIn bool `json:"opt_in,omitempty"`
	Mail  Mail `json:"mail,omitempty"`
	// SentStatus is set at A when B has a sale, and marks it as processed; empty: A's
	// status stays.
	SentStatus string `json:"sent_status,omitempty"`
	// ReferenceField is an extra field of A's sales that gets the id of B's sale;
	// empty: none.
	ReferenceField string `json:"reference_field,omitempty"`

	// PullStatuses pulls B's statuses ("Controleer updates van een sale").
	PullStatuses bool `json:"pull_statuses,omitempty"`
	// ShowSystem lists system statuses too ("Toon systeemstatussen").
	ShowSystem bool `json:"show_system,omitempty"`
	// System replaces the list of the statuses that come with Salesdock, which is
	// undocumented; nil: salesdock.SystemSaleStatuses.
	System []string `json:"system"`
}

// processing gives the one that is on, and the conditions.
func (p Policy) processing() (Processing, salemap.Condition) {
	if p.Conditions.Trigger != Off {
		return p.Conditions.Processing, p.Conditions.When
	}
	return p.Sales, salemap.Condition{}
}

func (p Policy) statuses() salemap.StatusOptions { return salemap.StatusOptions{System: p.System} }

// imports reports whether a product of B is to be imported.
func (p Policy) imports(id salesdock.ProductID) bool {
	return p.ImportAll || slices.Contains(p.Import, id)
}

func (p Policy) filled() Policy {
	if p.Absences == 0 {
		p.Absences = 2
	}
	if p.Breaker == 0 {
		p.Breaker = 20
	}
	return p
}

func (p Policy) check() error {
	switch {
	case !slices.Contains([]Vanished{VanishedKeep, VanishedDeactivate, VanishedDelete}, p.Vanished):
		return configError("Policy.Vanished", "is not known", "choose VanishedKeep, VanishedDeactivate or VanishedDelete")
	case p.Absences < 0, p.Breaker < 0, p.Breaker > 100, p.Hold < 0:
		return configError("Policy", "has a number that is out of bounds", "Breaker is a percentage, and nothing is negative")
	case p.Sales.Trigger != Off && p.Conditions.Trigger != Off:
		return configError("Policy.Sales", "is on beside Policy.Conditions", "with conditions, processing is on there and off here")
	case p.Sales.Trigger != Off && !p.Conditions.When.Empty():
		return configError("Policy.Conditions", "has conditions and is off, and Policy.Sales would forward without them", "turn processing on there, and off in Policy.Sales")
	case p.Conditions.Trigger != Off && p.Conditions.When.Empty():
		return configError("Policy.Conditions.When", "is empty", "use Policy.Sales for sales without conditions")
	case p.Conditions.Trigger != Off:
		if err := checkCondition(p.Conditions.When); err != nil {
			return err
		}
	}
	on, _ := p.processing()
	switch {
	case !slices.Contains([]Trigger{Off, Manual, Automatic}, on.Trigger):
		return configError("Policy.Sales.Trigger", "is not known", "choose Off, Manual or Automatic")
	case on.Trigger != Off && on.Statuses != nil && len(on.Statuses) == 0:
		return configError("Policy.Sales.Statuses", "is an empty list", "name statuses, or leave it nil for all")
	case on.Trigger != Off && p.Mail != MailByA && p.Mail != MailByB:
		return configError("Policy.Mail", "is not decided", "agree with B who writes to the customer: MailByA or MailByB")
	}
	return nil
}

// SaleFacts are what conditions on a sale of A may ask for: "status", "type"
// (offer or order), "channel", "business" (0 or 1), "source", "flow.id",
// "flow.identifier", "product.identifier" (of the main product), "product.id" and
// "product.type" (of all lines; a line without a type makes it unknown), "supplier.id", "supplier.identifier", "organisation.identifier",
// "user.id", and "question:" and "agreement:" with an identifier. Anything else
// is not known.
func SaleFacts(s *salesdock.Sale) salemap.Fact {
	known := map[string][]string{
		"status": {s.Status.ID}, "type": {string(s.Type)}, "channel": {string(s.Channel)}, "business": {truth(bool(s.Customer.Business))},
		"flow.id": {string(s.Flow.ID)}, "flow.identifier": {string(s.Flow.Identifier)}, "user.id": {string(s.CreatedBy.User.ID)},
		"product.id": {string(s.Product.ID)}, "product.identifier": {string(s.Product.Identifier)},
	}
	if s.Supplier != nil {
		known["supplier.id"], known["supplier.identifier"] = []string{string(s.Supplier.ID)}, []string{string(s.Supplier.Identifier)}
	}
	if s.CreatedBy.Organisation != nil {
		known["organisation.identifier"] = []string{string(s.CreatedBy.Organisation.Identifier)}
	}
	if s.Source != nil {
		known["source"] = []string{string(s.Source.Label)}
	}
	types := []string{}
	for _, l := range s.Products {
		if l.ID != "" && l.ID != s.Product.ID {
			known["product.id"] = append(known["product.id"], string(l.ID))
		}
		types = append(types, string(l.Type))
	}
	if len(types) > 0 && !slices.Contains(types, "") { // a line without a type leaves open what is sold
		known["product.type"] = types
	}
	for _, q := range s.FlowData.Questions {
		texts := q.Value.Texts
		if q.Value.Text != "" {
			texts = []string{q.Value.Text}
		}
		known["question:"+q.Identifier] = texts
	}
	for _, a := range s.FlowData.Agreements {
		known["agreement:"+a.Identifier] = []string{truth(bool(a.Value))}
	}
	return func(subject string) ([]string, bool) {
		values, ok := known[subject]
		return values, ok
	}
}

func truth(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// percent gives n of total as people read it.
func percent(n, total int) string { return fmt.Sprintf("%d of %d", n, total) }
