package salemap

import (
	"slices"

	"github.com/countersign/countersign/salesdock"
)

// Mapping says what of A is what of B. It is a plain value: keep it as JSON.
type Mapping struct {
	Flows      []FlowPair      `json:"flows,omitempty"`
	Questions  []QuestionPair  `json:"questions,omitempty"`
	Agreements []AgreementPair `json:"agreements,omitempty"`
	Statuses   []StatusPair    `json:"statuses,omitempty"`
	Suppliers  []SupplierPair  `json:"suppliers,omitempty"`
	// Products are the imported ones. The flow that imports them fills the list; where
	// Salesdock's own integration does, a person names them.
	Products []ProductPair `json:"products,omitempty"`
}

// FlowPair sends sales of one of A's flows through one of B's.
type FlowPair struct {
	A salesdock.FlowID `json:"a"`
	B salesdock.FlowID `json:"b"`
}

// QuestionPair answers a question of B with the answer to one of A's.
type QuestionPair struct {
	A salesdock.QuestionID `json:"a"`
	B salesdock.QuestionID `json:"b"`
	// Options gives B's option for an answer at A; answers that are spelt alike
	// need no entry.
	Options map[string]string `json:"options,omitempty"`
	// Layout is how B wants a day, in terms of package time. Empty: 2006-01-02 for
	// questions of the type date and 02-01-2006 for switchdate, as Salesdock's
	// samples have it. Which layout an account takes is undocumented.
	Layout string `json:"layout,omitempty"`
}

// AgreementPair passes an agreement on that the customer accepted at A.
type AgreementPair struct {
	A salesdock.AgreementID `json:"a"`
	B salesdock.AgreementID `json:"b"`
}

// StatusPair gives A's status for one of B's.
type StatusPair struct {
	B string `json:"b"`
	A string `json:"a"`
}

// SupplierPair gives A's supplier for one of B's, for imported products.
type SupplierPair struct {
	B salesdock.SupplierID `json:"b"`
	A salesdock.SupplierID `json:"a"`
}

// ProductPair is a product of B and what it was imported as.
type ProductPair struct {
	B salesdock.ProductID `json:"b"`
	A salesdock.ProductID `json:"a"`
}

// Catalogue is what one environment tells of itself.
type Catalogue struct {
	Products   []Product
	Flows      []salesdock.Flow
	Questions  []salesdock.Question
	Agreements []salesdock.Agreement
	Statuses   []salesdock.Status // of sales
	Suppliers  []salesdock.Supplier
}

// Product is what a mapping needs to know of a product.
type Product struct {
	ID         salesdock.ProductID  `json:"id"`
	Name       string               `json:"name"`
	Type       string               `json:"type"`
	SupplierID salesdock.SupplierID `json:"supplier_id"`
}

// FlowOf gives B's flow for one of A's.
func (m Mapping) FlowOf(a salesdock.FlowID) (salesdock.FlowID, bool) {
	i := slices.IndexFunc(m.Flows, func(p FlowPair) bool { return p.A == a })
	if i < 0 {
		return "", false
	}
	return m.Flows[i].B, true
}

// ProductOf gives B's product for one of A's.
func (m Mapping) ProductOf(a salesdock.ProductID) (salesdock.ProductID, bool) {
	i := slices.IndexFunc(m.Products, func(p ProductPair) bool { return p.A == a })
	if i < 0 {
		return "", false
	}
	return m.Products[i].B, true
}

// SupplierOf gives A's supplier for one of B's.
func (m Mapping) SupplierOf(b salesdock.SupplierID) (salesdock.SupplierID, bool) {
	i := slices.IndexFunc(m.Suppliers, func(p SupplierPair) bool { return p.B == b })
	if i < 0 {
		return "", false
	}
	return m.Suppliers[i].A, true
}

// questionFor gives the pair that answers B's question.
func (m Mapping) questionFor(b salesdock.QuestionID) (QuestionPair, bool) {
	i := slices.IndexFunc(m.Questions, func(p QuestionPair) bool { return p.B == b })
	if i < 0 {
		return QuestionPair{}, false
	}
	return m.Questions[i], true
}

// agreementFor gives the pair that answers B's agreement.
func (m Mapping) agreementFor(b salesdock.AgreementID) (AgreementPair, bool) {
	i := slices.IndexFunc(m.Agreements, func(p AgreementPair) bool { return p.B == b })
	if i < 0 {
		return AgreementPair{}, false
	}
	return m.Agreements[i], true
}

// find gives the element with an id.
func find[T any, ID comparable](all []T, id ID, of func(*T) ID) *T {
	for i := range all {
		if of(&all[i]) == id {
			return &all[i]
		}
	}
	return nil
}

// Flow gives a flow of the catalogue, nil if there is none.
func (c *Catalogue) Flow(id salesdock.FlowID) *salesdock.Flow {
	return find(c.Flows, id, func(f *salesdock.Flow) salesdock.FlowID { return f.ID })
}

// Question gives a question of the catalogue, nil if there is none.
func (c *Catalogue) Question(id salesdock.QuestionID) *salesdock.Question {
	return find(c.Questions, id, func(q *salesdock.Question) salesdock.QuestionID { return q.ID })
}

// Agreement gives an agreement of the catalogue, nil if there is none.
func (c *Catalogue) Agreement(id salesdock.AgreementID) *salesdock.Agreement {
	return find(c.Agreements, id, func(a *salesdock.Agreement) salesdock.AgreementID { return a.ID })
}

// Product gives a product of the catalogue, nil if there is none.
func (c *Catalogue) Product(id salesdock.ProductID) *Product {
	return find(c.Products, id, func(p *Product) salesdock.ProductID { return p.ID })
}

// Status gives a status of the catalogue, nil if there is none.
func (c *Catalogue) Status(id string) *salesdock.Status {
	return find(c.Statuses, id, func(s *salesdock.Status) string { return s.ID })
}
