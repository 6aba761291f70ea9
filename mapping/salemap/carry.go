package salemap

import (
	"fmt"
	"strings"

	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/salesdock"
)

// Carried is a sale of A as B gets it.
type Carried struct {
	// New is complete but for Mail, ExternalReference, Signature and OptIn, which are
	// the program's, and for the answers that are files.
	New salesdock.NewSale
	// Files are the files to download from A and to answer with, by the identifiers
	// of B's questions.
	Files map[string][]salesdock.Document
	// Findings say what is not passed on, and with an error that the sale can't be
	// sent.
	Findings []Finding
}

// Carry makes the sale that B gets. It reads nothing but its arguments: the same
// sale gives the same result. A sale with an error among its findings must not be
// sent.
func Carry(fields *Map, sale *salesdock.Sale, a, b *Catalogue, m Mapping) Carried {
	c := &carrier{sale: sale, a: a, b: b, m: m, out: Carried{Files: map[string][]salesdock.Document{}}}
	if sale.Masked() {
		c.fail(PartSale, CodeMasked, string(sale.ID), "", "", "the sale was anonymised, and what is left must not be passed on")
		return c.out
	}
	res := fields.Run(sale, &c.out.New)
	for _, f := range res.Findings {
		c.add(Finding{Severity: f.Severity, Part: PartSale, Code: CodeValue, A: string(sale.ID), B: f.Field, Name: labelOf(f.Field), Message: f.Message})
	}
	c.out.New.Business = bool(sale.Customer.Business)
	c.transaction()
	c.flow()
	c.products()
	c.shape()
	c.answers()
	c.agreements()
	sortFindings(c.out.Findings)
	return c.out
}

type carrier struct {
	sale  *salesdock.Sale
	a, b  *Catalogue
	m     Mapping
	flowB *salesdock.Flow
	lines []Product // B's products of the sale
	out   Carried
}

func (c *carrier) add(f Finding) { c.out.Findings = append(c.out.Findings, f) }

func (c *carrier) fail(p Part, code, a, b, name, message string) {
	c.add(Finding{Severity: mapping.SeverityError, Part: p, Code: code, A: a, B: b, Name: name, Message: message})
}

func (c *carrier) warn(p Part, code, a, b, name, message string) {
	c.add(Finding{Severity: mapping.SeverityWarning, Part: p, Code: code, A: a, B: b, Name: name, Message: message})
}

func (c *carrier) transaction() {
	c.out.New.Type = c.sale.Type
	if c.sale.Type != salesdock.Offer && c.sale.Type != salesdock.Order {
		c.fail(PartSale, CodeShape, string(c.sale.ID), "", "", "it is neither an offer nor an order")
	}
}

func (c *carrier) flow() {
	id, ok := c.m.FlowOf(c.sale.Flow.ID)
	if !ok {
		c.fail(PartFlow, CodeUnmapped, string(c.sale.Flow.ID), "", string(c.sale.Flow.Label), "the sale's flow is not mapped")
		return
	}
	if c.flowB = c.b.Flow(id); c.flowB == nil {
		c.fail(PartFlow, CodeDangling, string(c.sale.Flow.ID), string(id), string(c.sale.Flow.Label), "the flow of B is gone")
		return
	}
	if c.flowB.Type != c.sale.Flow.Type && c.sale.Flow.Type != "" {
		c.fail(PartFlow, CodeType, string(c.sale.Flow.ID), string(id), string(c.sale.Flow.Label), "the flows are of different types")
	}
	c.out.New.FlowType, c.out.New.FlowIdentifier = c.flowB.Type, c.flowB.Identifier
}

// products finds what the sale's lines are at B.
func (c *carrier) products() {
	main, ok := c.product(c.sale.Product.ID, string(c.sale.Product.Label))
	if ok {
		c.out.New.ProductID = main
	}
	seenMain := false
	for _, l := range c.sale.Products {
		if l.ID == "" {
			c.fail(PartProduct, CodeShape, "", "", string(l.Name), "a package that is no product of the catalogue can't be passed on")
			continue
		}
		if l.ID == c.sale.Product.ID && !seenMain {
			seenMain = true
			if l.Quantity > 1 {
				c.fail(PartProduct, CodeShape, string(l.ID), string(main), string(l.Name), "the main product is sold more than once")
			}
			continue
		}
		id, ok := c.product(l.ID, string(l.Name))
		if !ok {
			continue
		}
		related := salesdock.RelatedProduct{ProductID: id, Quantity: max(1, int(l.Quantity))}
		c.section(&related, string(l.Name))
		c.out.New.Related = append(c.out.New.Related, related)
	}
}

func (c *carrier) product(a salesdock.ProductID, name string) (salesdock.ProductID, bool) {
	b, ok := c.m.ProductOf(a)
	if !ok {
		c.fail(PartProduct, CodeUnmapped, string(a), "", name, "it is not imported from B, or has vanished there")
		return "", false
	}
	p := c.b.Product(b)
	if p == nil {
		c.fail(PartProduct, CodeDangling, string(a), string(b), name, "B does not offer it any more")
		return "", false
	}
	c.lines = append(c.lines, *p)
	return b, true
}

// section finds where B's flow sells a product: the sale at A does not tell its
// own section.
func (c *carrier) section(p *salesdock.RelatedProduct, name string) {
	if c.flowB == nil || c.flowB.Type != salesdock.FlowDefault {
		return
	}
	s := sectionOf(c.flowB, p.ProductID)
	if s == nil {
		c.fail(PartProduct, CodeNoFlow, "", string(p.ProductID), name, "B's flow does not sell it")
		return
	}
	p.Section = s.Identifier
	for _, in := range s.Products {
		if in.ID == p.ProductID && in.MaximumQuantity > 0 && p.Quantity > int(in.MaximumQuantity) {
			c.fail(PartProduct, CodeShape, "", string(p.ProductID), name, fmt.Sprintf("B sells at most %d of it", in.MaximumQuantity))
		}
	}
}

// shape looks at what has no place in a new sale.
func (c *carrier) shape() {
	id := string(c.sale.ID)
	if n := c.out.New.Connection.Housenumber; n != "" && strings.Trim(n, "0123456789") != "" {
		c.fail(PartSale, CodeValue, id, "connection_housenumber", labelOf("connection_housenumber"), "it is not a number: letters belong into the suffix")
	}
	if present(c.sale.SolarPanel) || present(c.sale.HeatPump) {
		c.fail(PartSale, CodeShape, id, "", "", "what a flow for solar panels or heat pumps has filled in can't be told from what its API takes")
	}
	if len(c.sale.AdditionalCosts) > 0 || len(c.sale.Discounts) > 0 {
		c.warn(PartSale, CodeShape, id, "", "", "additional costs and discounts are not passed on")
	}
	c.energy()
}

// present reports a part that is there and not empty.
func present(raw []byte) bool {
	switch strings.TrimSpace(string(raw)) {
	case "", "null", "[]", "{}", `""`:
		return false
	}
	return true
}

// energy flattens the only site of an energy sale.
func (c *carrier) energy() {
	e := c.sale.Energy
	if e == nil {
		return
	}
	if bool(e.Multisite) || len(e.Sites) != 1 {
		c.fail(PartSale, CodeShape, string(c.sale.ID), "", "", "a new sale takes one energy site, and this one has another number")
		return
	}
	kind, ok := profileOf(c.mainType())
	if !ok {
		c.fail(PartSale, CodeShape, string(c.sale.ID), "", "", "whether it is electricity, gas or both can't be told from the product's type")
		return
	}
	if strings.HasSuffix(c.mainType(), "_be") {
		c.fail(PartSale, CodeShape, string(c.sale.ID), "", "", "a Belgian energy sale needs what A's API does not tell")
		return
	}
	c.out.New.Kind = energySale(kind, &e.Sites[0])
}

func (c *carrier) mainType() string {
	if p := c.b.Product(c.out.New.ProductID); p != nil {
		return p.Type
	}
	return ""
}
