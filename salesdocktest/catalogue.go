package salesdocktest

import (
	"slices"
	"time"
)

// Product is a product. Add it with [Account.AddProduct].
type Product struct {
	ID         int // given by AddProduct
	Name       string
	Identifier string // empty: made of the name
	Type       string // empty: "simple"
	Supplier   *Supplier
	Audience   string // "0" consumers, "1" business, "2" both; empty: "2"
	Inactive   bool
	// Further are members of the detail under the names of the API: "price",
	// "usp", ….
	Further map[string]any
	// Custom are the custom fields, an energy product's tariffs among them.
	Custom    map[string]string
	Documents []File

	created, updated time.Time
}

// File is a file with its content.
type File struct {
	Name    string
	Content []byte
}

// Supplier is a supplier of products.
type Supplier struct {
	ID         int // given by AddSupplier
	Name       string
	Identifier string
	created    time.Time
}

// Flow is a sales flow. Add it with [Account.AddFlow].
type Flow struct {
	ID         int // given by AddFlow
	Title      string
	Type       string // empty: "default"
	Identifier string // empty: made of the title
	// Signature has the flow demand a signature.
	Signature bool
	Sections  []Section

	created, updated time.Time
}

// Section is a part of a flow with its products.
type Section struct {
	Title      string
	Identifier string // empty: made of the title
	Mandatory  bool
	Products   []*Product
	id         int
}

// Question is a product question. Add it with [Account.AddQuestion].
type Question struct {
	ID         int // given by AddQuestion
	Name       string
	Identifier string // empty: made of the name
	InputType  string // empty: "text"
	Required   bool
	Hidden     bool
	Options    []string
	// ProductTypes says which products the question is asked for; empty: all.
	ProductTypes []string
	Rule         *Rule
	// RuleRequired and RuleVisible say what the rule decides.
	RuleRequired, RuleVisible bool
	// Validator is what the API shows; its vocabulary is undocumented. Accepts is
	// what the fake does with an answer; nil takes every text.
	Validator string
	Accepts   func(answer string) bool

	created, updated time.Time
}

// Agreement is an agreement that a customer accepts. Add it with
// [Account.AddAgreement].
type Agreement struct {
	ID         int // given by AddAgreement
	Name       string
	Identifier string // empty: made of the name
	Text       string
	Required   bool
	Hidden     bool
	created    time.Time
}

// Status is a status of sales.
type Status struct {
	ID, Name string
	Type     string // empty: "default"
	system   bool
}

// AddSupplier adds a supplier.
func (a *Account) AddSupplier(name string) *Supplier {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	v := &Supplier{ID: a.srv.next(), Name: name, Identifier: slug(name), created: a.srv.now()}
	a.suppliers = append(a.suppliers, v)
	return v
}

// AddProduct adds a product.
func (a *Account) AddProduct(p Product) *Product {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	return a.addProduct(p)
}

func (a *Account) addProduct(p Product) *Product {
	p.ID, p.created, p.updated = a.srv.next(), a.srv.now(), a.srv.now()
	p.Identifier = orElse(p.Identifier, slug(p.Name))
	p.Type, p.Audience = orElse(p.Type, "simple"), orElse(p.Audience, "2")
	a.products = append(a.products, &p)
	return &p
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// ChangeProduct changes a product. updated_at moves, unless the change is of its
// custom fields or documents alone, which [WithEveryChangeTouching] decides.
func (a *Account) ChangeProduct(p *Product, change func(*Product)) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	before := plainOf(p)
	change(p)
	if a.srv.cfg.touchAlways || plainOf(p) != before {
		p.updated = a.srv.now()
	}
	a.srv.emit(a, "product.updated", object{"id": p.ID})
}

// plainOf is what of a product always moves updated_at.
func plainOf(p *Product) string {
	return rawJSON([]any{p.Name, p.Identifier, p.Type, p.Audience, p.Inactive, p.Further})
}

// RemoveProduct deletes a product.
func (a *Account) RemoveProduct(p *Product) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	a.removeProduct(p.ID)
}

func (a *Account) removeProduct(id int) {
	a.products = slices.DeleteFunc(a.products, func(p *Product) bool { return p.ID == id })
	for _, o := range a.organisations {
		delete(o.products, id)
	}
}

// Products gives the ids of the account's products, active or not.
func (a *Account) Products() []*Product {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	out := make([]*Product, len(a.products))
	for i, p := range a.products {
		own := *p
		out[i] = &own
	}
	return out
}

// AddFlow adds a flow.
func (a *Account) AddFlow(f Flow) *Flow {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	f.ID, f.created, f.updated = a.srv.next(), a.srv.now(), a.srv.now()
	f.Type, f.Identifier = orElse(f.Type, "default"), orElse(f.Identifier, slug(f.Title))
	for i := range f.Sections {
		f.Sections[i].id = a.srv.next()
		f.Sections[i].Identifier = orElse(f.Sections[i].Identifier, slug(f.Sections[i].Title))
	}
	a.flows = append(a.flows, &f)
	return &f
}

// AddQuestion adds a question.
func (a *Account) AddQuestion(q Question) *Question {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	q.ID, q.created, q.updated = a.srv.next(), a.srv.now(), a.srv.now()
	q.Identifier, q.InputType = orElse(q.Identifier, slug(q.Name)), orElse(q.InputType, "text")
	a.questions = append(a.questions, &q)
	return &q
}

// ChangeQuestion changes a question and moves its updated_at.
func (a *Account) ChangeQuestion(q *Question, change func(*Question)) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	change(q)
	q.updated = a.srv.now()
}

// RemoveQuestion deletes a question.
func (a *Account) RemoveQuestion(q *Question) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	a.questions = slices.DeleteFunc(a.questions, func(v *Question) bool { return v.ID == q.ID })
}

// AddAgreement adds an agreement.
func (a *Account) AddAgreement(g Agreement) *Agreement {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	g.ID, g.created = a.srv.next(), a.srv.now()
	g.Identifier = orElse(g.Identifier, slug(g.Name))
	a.agreements = append(a.agreements, &g)
	return &g
}

// AddStatus adds a custom status.
func (a *Account) AddStatus(v Status) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	v.Type = orElse(v.Type, "default")
	a.statuses = append(a.statuses, v)
}

// Grant gives an organisation the right to products.
func (a *Account) Grant(o *Organisation, products ...*Product) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	for _, p := range products {
		o.products[p.ID] = true
		a.touch(p)
	}
}

// Revoke takes the right to products from an organisation.
func (a *Account) Revoke(o *Organisation, products ...*Product) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	for _, p := range products {
		delete(o.products, p.ID)
		a.touch(p)
	}
}

// touch moves updated_at for a change that may not move it.
func (a *Account) touch(p *Product) {
	if a.srv.cfg.touchAlways {
		p.updated = a.srv.now()
	}
}

// GrantFlow gives an organisation the right to flows: a step of the screens, which
// the API does not have.
func (a *Account) GrantFlow(o *Organisation, flows ...*Flow) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	for _, f := range flows {
		o.flows[f.ID] = true
	}
}

// sees reports whether a user may sell a product. A user without an organisation
// may sell all.
func (u *User) sees(p *Product) bool {
	return u.admin() || u.Organisation == nil || u.Organisation.products[p.ID]
}

func (u *User) seesFlow(f *Flow) bool {
	return u.admin() || u.Organisation == nil || u.Organisation.flows[f.ID]
}

func systemStatuses() []Status {
	var out []Status
	for _, id := range []string{
		"new", "sent", "cancelled", "error", "verification_pending", "verification_expired", "verified", "offer_pending", "offer_accepted",
		"offer_rejected", "offer_expired", "offer_rejected_alternative", "accepted_by_supplier", "netto", "resolved", "reminder-1", "reminder-2",
		"reminder-3", "invoiced", "paid", "contract_terminated", "cancelled_within_happy_call", "concept", "open", "default", "closed",
		"open_cancellation_proposal", "synced_cancellation_request", "completed", "saved", "waiting_for_client", "fnalized", "unfinalized",
	} {
		kind := "default"
		switch id {
		case "cancelled", "cancelled_within_happy_call":
			kind = "cancelled"
		case "closed", "contract_terminated":
			kind = "closed"
		case "error", "open_cancellation_proposal":
			kind = "action_required"
		case "netto":
			kind = "netto"
		}
		out = append(out, Status{ID: id, Name: id, Type: kind, system: true})
	}
	return out
}
