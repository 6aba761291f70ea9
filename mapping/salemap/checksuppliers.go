package salemap

import (
	"slices"
	"strings"

	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/salesdock"
)

// suppliers checks the pairs, and that products that are to be imported have a
// supplier at A: without one they can't be made there. No sale is lost by that, and
// so these are warnings.
func (c *checker) suppliers() {
	for i, p := range c.m.Suppliers {
		a, b := string(p.A), string(p.B)
		drop := &Suggestion{Action: ActionUnmap, A: a, B: b}
		same := func(o SupplierPair) bool { return o.B == p.B }
		switch {
		case slices.ContainsFunc(c.m.Suppliers[:i], same):
			c.add(mapping.SeverityWarning, PartSupplier, CodeDuplicate, a, b, "", "the supplier of B is mapped twice, and the first pair counts", drop)
		case supplierOf(c.a, p.A) == nil:
			c.add(mapping.SeverityWarning, PartSupplier, CodeDangling, a, b, "", "the supplier of A is gone, so that B's products of it can't be written", drop)
		}
	}
	seen := map[salesdock.SupplierID]bool{"": true}
	for _, p := range c.b.Products {
		if seen[p.SupplierID] || c.o.Wanted == nil || !c.o.Wanted(p.ID) {
			continue
		}
		seen[p.SupplierID] = true
		if _, mapped := c.m.SupplierOf(p.SupplierID); !mapped {
			c.unmappedSupplier(p.SupplierID)
		}
	}
}

func (c *checker) unmappedSupplier(id salesdock.SupplierID) {
	fix, name := &Suggestion{Action: ActionMap, B: string(id)}, ""
	if s := supplierOf(c.b, id); s != nil {
		name = s.Name
	}
	for i := range c.a.Suppliers {
		if s := &c.a.Suppliers[i]; name != "" && strings.EqualFold(s.Name, name) {
			fix.A = string(s.ID)
		}
	}
	c.add(mapping.SeverityWarning, PartSupplier, CodeUnmapped, "", string(id), name, "products of B's supplier can't be imported", fix)
}

func supplierOf(c *Catalogue, id salesdock.SupplierID) *salesdock.Supplier {
	i := slices.IndexFunc(c.Suppliers, func(s salesdock.Supplier) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Suppliers[i]
}
