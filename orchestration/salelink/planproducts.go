package salelink

import (
	"time"

	"github.com/countersign/countersign/salesdock"
)

// Offered is a product as B offers it.
type Offered struct {
	ID         salesdock.ProductID  `json:"id"`
	Name       string               `json:"name"`
	Type       string               `json:"type"`
	SupplierID salesdock.SupplierID `json:"supplier_id"`
	// Mark is a hash of the product's row in the list, its updated_at included: the
	// first stage of change detection.
	Mark string `json:"mark"`
	// Hash is the canonical hash of the product with its documents: the second
	// stage. Empty: it was not read.
	Hash string    `json:"hash,omitempty"`
	read time.Time // when Hash was taken
}

// Imported is a product of B that was imported, or is about to be.
type Imported struct {
	B    salesdock.ProductID `json:"b"`
	A    salesdock.ProductID `json:"a,omitempty"` // empty: not made yet
	Name string              `json:"name"`
	Mark string              `json:"mark,omitempty"`
	Hash string              `json:"hash,omitempty"`
	// Absences counts the complete listings in a row that it was missing from.
	Absences int `json:"absences,omitempty"`
	// Gone says that it was deactivated or deleted at A because it had vanished.
	Gone Vanished `json:"gone,omitempty"`
	// Confirmed says that a person confirmed that it vanished.
	Confirmed bool `json:"confirmed,omitempty"`
	// FullAt is when its hash was last taken.
	FullAt time.Time `json:"full_at,omitzero"`
	// Doubted is when B said last that it changed; its row may not show that.
	Doubted time.Time `json:"doubted,omitzero"`
}

// ProductAction is what is done with a product.
type ProductAction string

// The actions.
const (
	ProductCreate     ProductAction = "create"     // make it at A
	ProductRead       ProductAction = "read"       // its row changed, or a full look is due: take its hash
	ProductUpdate     ProductAction = "update"     // it changed: bring A up to date
	ProductUnchanged  ProductAction = "unchanged"  //
	ProductMissing    ProductAction = "missing"    // not in the list, and not yet vanished
	ProductKeep       ProductAction = "keep"       // vanished, and nothing is to be done
	ProductDeactivate ProductAction = "deactivate" //
	ProductDelete     ProductAction = "delete"     //
	ProductAsk        ProductAction = "ask"        // vanished, and a person has to confirm
)

// planProducts compares what B offers with what was imported. complete says that
// the list was read to its end; a list that was not proves nobody's absence.
// fullEvery is how often each product's hash is taken whatever its row says;
// 0: at once.
func planProducts(offered []Offered, imported []Imported, complete bool, p Policy, fullEvery time.Duration, now time.Time) []Action {
	p = p.filled()
	known := map[salesdock.ProductID]*Imported{}
	for i := range imported {
		known[imported[i].B] = &imported[i]
	}
	var out []Action
	there := map[salesdock.ProductID]bool{}
	for _, o := range offered {
		there[o.ID] = true
		i := known[o.ID]
		if i == nil && !p.imports(o.ID) {
			continue
		}
		out = append(out, planOffered(o, i, fullEvery, now))
	}
	return append(out, planMissing(imported, there, complete, p)...)
}

func planOffered(o Offered, i *Imported, fullEvery time.Duration, now time.Time) Action {
	a := Action{Part: PartProduct, B: string(o.ID), Name: o.Name, Basis: o.Hash}
	if i != nil {
		a.A = string(i.A)
	}
	set := func(kind ProductAction, why string) Action {
		a.Kind, a.Why = string(kind), why
		return a
	}
	switch {
	case i == nil || i.A == "" || i.Gone == VanishedDelete:
		return set(ProductCreate, "it is chosen and not at A")
	case i.Gone == VanishedDeactivate:
		return set(ProductUpdate, "B offers it again")
	case o.Hash != "" && o.Hash != i.Hash:
		return set(ProductUpdate, "it changed at B")
	case o.Hash != "":
		return set(ProductUnchanged, "")
	case !i.Doubted.IsZero() && !i.Doubted.Before(i.FullAt):
		return set(ProductRead, "B said that it changed")
	case o.Mark != i.Mark:
		return set(ProductRead, "its row in the list changed")
	case !i.FullAt.Add(fullEvery).After(now):
		return set(ProductRead, "a full look is due")
	}
	return set(ProductUnchanged, "")
}

// planMissing says what becomes of products that the list lacks.
func planMissing(imported []Imported, there map[salesdock.ProductID]bool, complete bool, p Policy) []Action {
	var missing []Imported
	total := 0
	for _, i := range imported {
		if i.A == "" || i.Gone != VanishedKeep {
			continue
		}
		total++
		if there[i.B] {
			continue
		}
		missing = append(missing, i)
	}
	// What is on its way to vanish counts too: half of the products must not go in
	// two parts.
	tripped := len(missing)*100 > p.Breaker*total || len(missing) == total
	var out []Action
	for _, i := range missing {
		a := Action{Part: PartProduct, A: string(i.A), B: string(i.B), Name: i.Name}
		switch {
		case !complete || i.Absences < p.Absences:
			a.Kind, a.Why = string(ProductMissing), "the list lacks it, which proves nothing yet"
		case p.Vanished == VanishedKeep:
			a.Kind, a.Why = string(ProductKeep), "vanished products are kept"
		case tripped && !i.Confirmed:
			a.Kind, a.Why = string(ProductAsk), percent(len(missing), total)+" imported products are missing, and a lost right or a wrong token looks the same: confirm with ConfirmVanished"
		default:
			a.Kind, a.Why = string(p.Vanished), "B no longer offers it"
		}
		out = append(out, a)
	}
	return out
}
