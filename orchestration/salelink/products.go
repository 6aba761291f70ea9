package salelink

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// The states of products, beside those of package orchestration: pending and
// sending are on their way to A, dead was given up.
const (
	ProductSynced   = "synced"   // A is as B was when it was last compared
	ProductVanished = "vanished" // B no longer offers it, and what was to be done is done
)

// productBody is what the store keeps of a product of B. Key is its id at B, Ref
// the one at A.
type productBody struct {
	Imported
	// Do is what is to be done at A; empty: nothing.
	Do ProductAction `json:"do,omitempty"`
	// Tried says that making it was begun: it may be at A although A is empty.
	Tried bool `json:"tried,omitempty"`
	// LastChecked is when it was last compared with B, LastSynced when a change was
	// last carried to A.
	LastChecked time.Time `json:"last_checked,omitzero"`
	LastSynced  time.Time `json:"last_synced,omitzero"`
	// Ask says that it vanished and waits for ConfirmVanished.
	Ask string `json:"ask,omitempty"`
	// Run is the run of the job that compared it last.
	Run int `json:"run,omitempty"`
}

type productRow = orchestration.Row[productBody]

// productLane is the group of all products: they are done one after the other.
const productLane = "products"

// Product is how an imported product stands.
type Product struct {
	B, A  salesdock.ProductID // A is empty until it is made
	Name  string
	State string
	// LastSynced is "Laatst gesynchroniseerd om": it moves only when something
	// changed. LastChecked moves with each look.
	LastSynced  time.Time
	LastChecked time.Time
	Absences    int
	// Ask says why a person has to confirm that it vanished; empty: nobody has to.
	Ask       string
	LastError string
}

// Products goes through the imported products in the order in which they were
// found.
func (f *Flow) Products(ctx context.Context) iter.Seq2[Product, error] {
	return func(yield func(Product, error) bool) {
		for row, err := range f.products.All(ctx, f.deps.Store, orchestration.Query{}) {
			b := row.Value
			p := Product{
				B: b.B, A: b.A, Name: b.Name, State: row.State, LastSynced: b.LastSynced, LastChecked: b.LastChecked,
				Absences: b.Absences, Ask: b.Ask, LastError: row.LastError,
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Offer is a product that B offers, for people to choose from.
type Offer struct {
	Offered
	Imported bool
}

// Offers gives all products that B offers, as the screen "Producten" does.
func (f *Flow) Offers(ctx context.Context) ([]Offer, error) {
	offered, err := f.offered(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Offer, len(offered))
	for i, o := range offered {
		out[i].Offered = o
	}
	return out, f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		for i := range out {
			_, err := f.products.Get(ctx, tx, string(out[i].ID))
			if err != nil && !errors.Is(err, orchestration.ErrNoRecord) {
				return err
			}
			out[i].Imported = err == nil
		}
		return nil
	})
}

// offered reads B's list of products; it comes whole or not at all.
func (f *Flow) offered(ctx context.Context) ([]Offered, error) {
	rows, err := f.deps.B.Products.List(ctx, salesdock.ProductQuery{})
	if err != nil {
		return nil, &sideError{"B", err}
	}
	out := make([]Offered, len(rows))
	for i := range rows {
		mark, err := markOf(&rows[i])
		if err != nil {
			return nil, err
		}
		out[i] = Offered{ID: rows[i].ID, Name: rows[i].Name, Type: rows[i].Type, SupplierID: rows[i].SupplierID, Mark: mark}
	}
	return out, nil
}

// imported gives what the store holds of products, and which of them had their turn
// in a run.
func (f *Flow) imported(ctx context.Context, run int) (out []Imported, done map[string]bool, err error) {
	done = map[string]bool{}
	for row, err := range f.products.All(ctx, f.deps.Store, orchestration.Query{}) {
		if err != nil {
			return nil, nil, err
		}
		out = append(out, row.Value.Imported)
		if row.Value.Run == run {
			done[row.Key] = true
		}
	}
	return out, done, nil
}

// syncProducts is the job that compares B's products with what was imported, and
// then checks the mapping.
func (f *Flow) syncProducts(ctx context.Context, link linkRow, job jobRow) error {
	if err := f.compareProducts(ctx, link, job); err != nil {
		return err
	}
	return f.recheck(ctx, job)
}

// compareProducts reads the list first, and then in full what the list says has
// changed and what is due for it. A run that takes several turns reads the list, which
// is one call, in each of them, and goes on with the products that had no turn in it
// yet: so each is counted as absent at most once in a run, by a complete list.
func (f *Flow) compareProducts(ctx context.Context, link linkRow, job jobRow) error {
	if job.Value.Run.Listed {
		return nil
	}
	offered, err := f.offered(ctx)
	if err != nil {
		return err
	}
	imported, done, err := f.imported(ctx, job.Value.Runs)
	if err != nil {
		return err
	}
	missing(imported, offered)
	fullEvery := f.cfg.FullEvery
	if job.Value.Run.Full {
		fullEvery = 0
	}
	byID := map[string]Offered{}
	for _, o := range offered {
		byID[string(o.ID)] = o
	}
	plan := planProducts(offered, imported, true, link.Value.Settings.Policy, fullEvery, f.now())
	plan = slices.DeleteFunc(plan, func(a Action) bool { return done[a.B] })
	for len(plan) > 0 {
		looked, failure := f.lookAt(ctx, plan[:min(len(plan), noteSize)], byID)
		plan = plan[len(looked):]
		job.Value.Run.Listed = len(plan) == 0
		// What was looked at before a failure counts: the rate limit may let only so
		// many calls through in a turn.
		if err := f.noteProducts(ctx, job, looked); err != nil {
			return errors.Join(failure, err)
		}
		switch {
		case failure != nil:
			return failure
		case len(plan) > 0 && orchestration.TurnOver(ctx):
			return orchestration.ErrTurnOver
		}
	}
	return nil
}

// noteSize is how many products are written down in one transaction.
const noteSize = 100

// lookedAt is what is to be done with a product of B.
type lookedAt struct {
	Action
	offered Offered
}

// lookAt takes the hashes that some of the actions ask for, until one fails or the
// turn is over.
func (f *Flow) lookAt(ctx context.Context, actions []Action, offered map[string]Offered) (out []lookedAt, err error) {
	for _, a := range actions {
		l := lookedAt{a, offered[a.B]}
		if a.Kind != string(ProductRead) {
			out = append(out, l)
			continue
		}
		if l.Action, l.offered, err = f.look(ctx, a, l.offered); err != nil {
			return out, err
		}
		if out = append(out, l); orchestration.TurnOver(ctx) {
			break
		}
	}
	return out, nil
}

// noteProducts writes down what a look at products gave, in a run.
func (f *Flow) noteProducts(ctx context.Context, job jobRow, looked []lookedAt) error {
	if len(looked) == 0 {
		return nil
	}
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		for _, l := range looked {
			if err := f.noteIn(ctx, tx, l.Action, l.offered, job.Value.Runs); err != nil {
				return err
			}
		}
		return f.keepRun(ctx, tx, job)
	})
}

// applyProduct does that for one product of a plan.
func (f *Flow) applyProduct(ctx context.Context, a Action, o Offered) error {
	looked, err := f.lookAt(ctx, []Action{a}, map[string]Offered{a.B: o})
	if err != nil {
		return err
	}
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		return f.noteIn(ctx, tx, looked[0].Action, looked[0].offered, 0)
	})
}

// missing counts one more absence for products that the list lacks, and none for
// the others.
func missing(imported []Imported, offered []Offered) {
	there := map[salesdock.ProductID]bool{}
	for _, o := range offered {
		there[o.ID] = true
	}
	for i := range imported {
		if imported[i].Absences++; there[imported[i].B] {
			imported[i].Absences, imported[i].Confirmed = 0, false
		}
	}
}

// look is the second stage for one product: it takes its hash and decides again.
// One that is gone between the two stages is left to the next list.
func (f *Flow) look(ctx context.Context, a Action, o Offered) (Action, Offered, error) {
	o.read = f.now()
	full, err := f.deps.B.Products.Get(ctx, o.ID)
	if errors.Is(err, countersign.ErrNotFound) || errors.Is(err, countersign.ErrForbidden) {
		a.Kind, o.Mark = string(ProductUnchanged), "" // it was not looked at: the next list asks again
		return a, o, nil
	}
	if err != nil {
		return a, o, &sideError{"B", err}
	}
	if o.Hash, err = f.productHash(ctx, full); err != nil {
		return a, o, err
	}
	a.Basis, a.Kind = o.Hash, string(ProductUpdate) // change compares it with what is stored
	return a, o, nil
}

// noteIn writes down what a look at one product gave, and makes it due where there
// is something to do at A. The run is that of the job; 0: it is none of its.
func (f *Flow) noteIn(ctx context.Context, tx orchestration.Tx, a Action, o Offered, run int) error {
	row, err := f.products.Get(ctx, tx, a.B)
	if errors.Is(err, orchestration.ErrNoRecord) {
		fresh := productRow{
			Record: orchestration.Record{Key: a.B, Group: productLane, State: orchestration.StatePending, Due: f.now(), Updated: f.now()},
			Value:  productBody{Imported: Imported{B: o.ID, Name: o.Name, Mark: o.Mark}, Do: ProductCreate, LastChecked: f.now(), Run: run},
		}
		_, err = f.products.Insert(ctx, tx, fresh)
		return err
	}
	if err != nil {
		return err
	}
	before := row.Value
	f.change(&row, a, o)
	if run > 0 {
		row.Value.Run = run
	}
	if err := f.noteAsk(ctx, tx, before, row.Value); err != nil {
		return err
	}
	return f.products.Update(ctx, tx, &row)
}

// noteAsk writes into the journal that a person has to confirm, once.
func (f *Flow) noteAsk(ctx context.Context, tx orchestration.Tx, before, after productBody) error {
	if after.Ask == "" || before.Ask != "" {
		return nil
	}
	return f.journal.Append(ctx, tx, f.entry("product vanished: waits for confirmation", "", map[string]string{"product": string(after.B)}))
}

// change sets a product's record to what an action says.
func (f *Flow) change(row *productRow, a Action, o Offered) {
	b := &row.Value
	b.LastChecked, row.Updated = f.now(), f.now()
	do := func(kind ProductAction) {
		// What is under way goes on, and what was given up is not tried again before B
		// changes it.
		under := row.State == orchestration.StatePending || row.State == orchestration.StateDead && b.Mark == o.Mark
		if b.Do == kind && under {
			return
		}
		b.Do = kind
		if row.State != orchestration.StateSending {
			row.State, row.Due, row.Attempt = orchestration.StatePending, f.now(), 0
		}
	}
	switch kind := ProductAction(a.Kind); kind {
	case ProductMissing, ProductKeep, ProductAsk, ProductDeactivate, ProductDelete:
		b.Absences, b.Ask = b.Absences+1, ""
		switch kind {
		case ProductAsk:
			b.Ask = a.Why
		case ProductDeactivate, ProductDelete:
			do(kind)
		}
		return
	case ProductCreate:
		do(kind)
	case ProductUpdate:
		if o.Hash != "" {
			b.FullAt = o.read
		}
		if o.Hash == "" || o.Hash != b.Hash {
			do(kind)
		}
	}
	b.Absences, b.Confirmed, b.Ask = 0, false, ""
	b.Mark, b.Name = o.Mark, o.Name
	if row.State == orchestration.StateSending {
		b.Mark = "" // what is on its way may be older than this look: the next list asks again
	}
}

// ConfirmVanished says that these products of B have really vanished, so that the
// policy's action is carried out although many are missing.
func (f *Flow) ConfirmVanished(ctx context.Context, who string, ids ...salesdock.ProductID) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		for _, id := range ids {
			row, err := f.products.Get(ctx, tx, string(id))
			if errors.Is(err, orchestration.ErrNoRecord) {
				return fmt.Errorf("product %s of B is not imported: %w", id, countersign.ErrNotFound)
			}
			if err != nil {
				return err
			}
			if row.Value.Ask == "" {
				return configError("ids", "name a product that waits for no confirmation", "take those whose Product.Ask is set")
			}
			row.Value.Confirmed, row.Updated = true, f.now()
			if err := f.products.Update(ctx, tx, &row); err != nil {
				return err
			}
			e := f.entry("product's absence confirmed", "", map[string]string{"product": string(id)})
			e.Who = who
			if err := f.journal.Append(ctx, tx, e); err != nil {
				return err
			}
		}
		return f.wake(ctx, tx, false, jobProducts)
	})
}

// wakeProducts makes products due again whose lane was stopped.
func (f *Flow) wakeProducts(ctx context.Context, tx orchestration.Tx) error {
	rows, err := f.products.List(ctx, tx, orchestration.Query{States: []string{orchestration.StatePending, orchestration.StateSending}})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if !row.Due.IsZero() {
			continue
		}
		row.Due = f.now()
		if err := f.products.Update(ctx, tx, &row); err != nil {
			return err
		}
	}
	return nil
}
