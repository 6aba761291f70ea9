package salemap

import (
	"fmt"
	"slices"

	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/salesdock"
)

// Options are what a check needs to know beside the mapping. The zero value is
// the default.
type Options struct {
	Statuses StatusOptions
	// PullStatuses checks the mapping of statuses too.
	PullStatuses bool
	// Signature says that the program supplies the image that a flow of B may want.
	Signature bool
	// Wanted reports whether a product of B is to be imported: its supplier has to be
	// mapped first. Nil: none is.
	Wanted func(salesdock.ProductID) bool
}

// Check compares a mapping with both catalogues and gives all that is wrong with
// it, errors first. The products that count are those of Mapping.Products: only
// their questions are looked at. It is for the time before sales go through, and
// whenever either side changes; Carry checks each sale.
func Check(a, b Catalogue, m Mapping, o Options) []Finding {
	c := &checker{a: &a, b: &b, m: m, o: o}
	c.products()
	c.suppliers()
	c.flows()
	c.questions()
	c.agreements()
	if o.PullStatuses {
		c.statuses()
	}
	sortFindings(c.found)
	return c.found
}

type checker struct {
	a, b  *Catalogue
	m     Mapping
	o     Options
	offer []Product // B's products that are imported
	sold  []Product // and what they are at A
	found []Finding
}

func (c *checker) add(s mapping.Severity, p Part, code, a, b, name, message string, fix *Suggestion) {
	c.found = append(c.found, Finding{Severity: s, Part: p, Code: code, A: a, B: b, Name: name, Message: message, Suggestion: fix})
}

// products finds the imported products on both sides.
func (c *checker) products() {
	inA, inB := byID(c.a.Products), byID(c.b.Products)
	for _, p := range c.m.Products {
		at, of := inA[p.A], inB[p.B]
		switch {
		case of == nil:
			c.add(mapping.SeverityWarning, PartProduct, CodeDangling, string(p.A), string(p.B), nameOf(at), "B does not offer it any more: sales of it are not forwarded", nil)
		case at == nil:
			c.add(mapping.SeverityWarning, PartProduct, CodeDangling, string(p.A), string(p.B), of.Name, "what it was imported as is gone at A", nil)
		default:
			c.offer, c.sold = append(c.offer, *of), append(c.sold, *at)
		}
	}
}

// byID indexes products: links may have ten thousand of them.
func byID(all []Product) map[salesdock.ProductID]*Product {
	out := make(map[salesdock.ProductID]*Product, len(all))
	for i := range all {
		out[all[i].ID] = &all[i]
	}
	return out
}

func nameOf(p *Product) string {
	if p == nil {
		return ""
	}
	return p.Name
}

// flows checks the pairs, and that each imported product has a flow.
func (c *checker) flows() {
	seen := map[salesdock.FlowID]bool{}
	var targets []*salesdock.Flow
	for _, p := range c.m.Flows {
		from, to := c.a.Flow(p.A), c.b.Flow(p.B)
		drop := &Suggestion{Action: ActionUnmap, A: string(p.A), B: string(p.B)}
		switch {
		case seen[p.A]:
			c.add(mapping.SeverityError, PartFlow, CodeDuplicate, string(p.A), string(p.B), "", "the flow of A is mapped twice", drop)
			continue
		case from == nil:
			c.add(mapping.SeverityError, PartFlow, CodeDangling, string(p.A), string(p.B), "", "the flow of A is gone", drop)
		case to == nil:
			c.add(mapping.SeverityError, PartFlow, CodeDangling, string(p.A), string(p.B), from.Title, "the flow of B is gone, or the organisation has no right to it", drop)
		case from.Type != to.Type:
			c.add(mapping.SeverityError, PartFlow, CodeType, string(p.A), string(p.B), from.Title,
				fmt.Sprintf("A's flow is of the type %s, B's of the type %s", quote(from.Type), quote(to.Type)), c.flowOfType(from))
		default:
			targets = append(targets, to)
		}
		seen[p.A] = true
		if to != nil && to.VerificationMethod == "signature" && !c.o.Signature {
			c.add(mapping.SeverityWarning, PartFlow, CodeSignature, string(p.A), string(p.B), to.Title,
				"B's flow wants a signature, which A's API does not give", &Suggestion{Action: ActionAskB, B: string(p.B)})
		}
	}
	c.flowsOfProducts(targets)
}

// flowOfType suggests B's flow where one alone has the type.
func (c *checker) flowOfType(from *salesdock.Flow) *Suggestion {
	var only *salesdock.Flow
	for i := range c.b.Flows {
		if f := &c.b.Flows[i]; f.Type == from.Type {
			if only != nil {
				return nil
			}
			only = f
		}
	}
	if only == nil {
		return nil
	}
	return &Suggestion{Action: ActionMap, A: string(from.ID), B: string(only.ID)}
}

// flowsOfProducts finds products that no mapped flow sells. Flows of the type
// default alone tell what they sell.
func (c *checker) flowsOfProducts(targets []*salesdock.Flow) {
	open, sold := false, map[salesdock.ProductID]bool{}
	for _, f := range targets {
		open = open || len(f.Sections) == 0
		for _, s := range f.Sections {
			for _, p := range s.Products {
				sold[p.ID] = true
			}
		}
	}
	for _, p := range c.offer {
		switch {
		case sold[p.ID]:
		case open:
			c.add(mapping.SeverityWarning, PartProduct, CodeUndecidable, "", string(p.ID), p.Name, "B does not tell which products its flow sells", nil)
		default:
			c.add(mapping.SeverityError, PartProduct, CodeNoFlow, "", string(p.ID), p.Name, "no mapped flow of B sells it", c.flowThatSells(p))
		}
	}
}

func (c *checker) flowThatSells(p Product) *Suggestion {
	for i := range c.b.Flows {
		if sectionOf(&c.b.Flows[i], p.ID) != nil {
			return &Suggestion{Action: ActionMap, B: string(c.b.Flows[i].ID)}
		}
	}
	return &Suggestion{Action: ActionAskB, B: string(p.ID)}
}

// sectionOf gives the section of a flow that sells a product.
func sectionOf(f *salesdock.Flow, id salesdock.ProductID) *salesdock.FlowSection {
	for i := range f.Sections {
		if slices.ContainsFunc(f.Sections[i].Products, func(p salesdock.FlowProduct) bool { return p.ID == id }) {
			return &f.Sections[i]
		}
	}
	return nil
}

// statuses finds targets that are gone and custom statuses that nobody mapped.
func (c *checker) statuses() {
	seen := map[string]bool{}
	for _, p := range c.m.Statuses {
		drop := &Suggestion{Action: ActionUnmap, A: p.A, B: p.B}
		switch {
		case seen[p.B]:
			c.add(mapping.SeverityError, PartStatus, CodeDuplicate, p.A, p.B, "", "the status of B is mapped twice", drop)
		case c.a.Status(p.A) == nil:
			c.add(mapping.SeverityError, PartStatus, CodeDangling, p.A, p.B, "", "the status of A is gone", drop)
		case c.b.Status(p.B) == nil:
			c.add(mapping.SeverityWarning, PartStatus, CodeDangling, p.A, p.B, "", "the status of B is gone", drop)
		}
		seen[p.B] = true
	}
	for _, s := range c.b.Statuses {
		to, kind := Translate(c.m, s.ID, c.o.Statuses)
		switch {
		case kind == StatusUnmapped:
			c.add(mapping.SeverityWarning, PartStatus, CodeNotSynced, "", s.ID, s.Name, "a custom status of B that is not mapped is not synced", c.statusNamed(s))
		case kind == StatusSystem && c.a.Status(to) == nil:
			c.add(mapping.SeverityWarning, PartStatus, CodeNotSynced, "", s.ID, s.Name, "the system status does not exist at A", nil)
		}
	}
}

// statusNamed suggests A's status of the same name.
func (c *checker) statusNamed(s salesdock.Status) *Suggestion {
	for _, at := range c.a.Statuses {
		if at.ID == s.ID || at.Name == s.Name {
			return &Suggestion{Action: ActionMap, A: at.ID, B: s.ID}
		}
	}
	return &Suggestion{Action: ActionMap, B: s.ID}
}
