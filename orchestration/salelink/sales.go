package salelink

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// The states of sales, beside those of package orchestration: pending and sending
// are on their way, uncertain waits for a person (see Parked), dead was refused by
// B or given up (see DeadLetters).
const (
	SaleForwarded  = "forwarded"   // B has it
	SaleRefused    = "refused"     // a rule keeps it back; it is looked at again when something changes
	SaleWaiting    = "waiting"     // for Forward, since processing is manual
	SaleHeld       = "held"        // in the hold window
	SaleMasked     = "masked"      // it was anonymised before B had it
	SaleCancelled  = "cancelled"   // it was cancelled before B had it
	SaleCancelOpen = "cancel-open" // it was cancelled at A after B had it: for a person, see CancelAtB
	SaleResolved   = "resolved"    // a person dealt with it otherwise
)

// saleBody is what the store keeps of a sale of A. Key is its id at A, Ref the one
// at B. It holds nothing that a customer said but hashes.
type saleBody struct {
	// Changed is A's time of change when it was last looked at.
	Changed  time.Time           `json:"changed,omitzero"`
	Product  salesdock.ProductID `json:"product,omitempty"` // at B
	Manual   string              `json:"manual,omitempty"`  // who called Forward
	Prints   prints              `json:"prints,omitzero"`
	SentAt   time.Time           `json:"sent_at,omitzero"`
	Refusals []Refusal           `json:"refusals,omitempty"`
	// Faults are what B refused.
	Faults []salemap.Fault `json:"faults,omitempty"`
	// Matches are sales of B that may be this one.
	Matches []salesdock.SaleID `json:"matches,omitempty"`
	// StatusB is B's status that was taken last, and At when it had changed there.
	StatusB string    `json:"status_b,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Answered says that B's status has moved since B has the sale.
	Answered bool `json:"answered,omitempty"`
	// NotThis are sales of B that a person has ruled out.
	NotThis []salesdock.SaleID `json:"not_this,omitempty"`
	// Cancelled says that A cancelled it after it was sent.
	Cancelled bool `json:"cancelled,omitempty"`
	// StatusA is the status that this flow set at A last.
	StatusA string `json:"status_a,omitempty"`
	// NotSynced is a status of B that nobody mapped.
	NotSynced string `json:"not_synced,omitempty"`
	Reason    string `json:"reason,omitempty"` // why a person resolved it
}

type saleRow = orchestration.Row[saleBody]

// stateAtB is the state of a sale that B has.
func (b saleBody) stateAtB() string {
	if b.Cancelled {
		return SaleCancelOpen
	}
	return SaleForwarded
}

// saleLane is the group of all sales: one after the other, so that two identical
// ones are never on their way at once.
const saleLane = "sales"

// Sale is how a sale of A stands.
type Sale struct {
	A, B      salesdock.SaleID // B is empty until B has it
	State     string
	Refusals  []Refusal       // of SaleRefused and SaleWaiting
	Faults    []salemap.Fault // of a sale that B refused, in A's terms
	Matches   []salesdock.SaleID
	Attempts  int
	LastError string
	Due       time.Time // when it is looked at next; zero: not by itself
	StatusB   string    // B's status
	StatusAt  time.Time // and when it changed there
	NotSynced string    // B's status, where it is custom and not mapped
	Answered  bool      // B's status has moved since B has it
	SentAt    time.Time
	Reason    string
}

func saleOf(row saleRow) Sale {
	b := row.Value
	return Sale{
		A: salesdock.SaleID(row.Key), B: salesdock.SaleID(row.Ref), State: row.State, Refusals: b.Refusals, Faults: b.Faults, Matches: b.Matches,
		Attempts: row.Attempt, LastError: row.LastError, Due: row.Due, StatusB: b.StatusB, StatusAt: b.At, NotSynced: b.NotSynced, Answered: b.Answered, SentAt: b.SentAt, Reason: b.Reason,
	}
}

// Sales goes through the sales in the given states, or all, in the order in which
// they were found.
func (f *Flow) Sales(ctx context.Context, states ...string) iter.Seq2[Sale, error] {
	return func(yield func(Sale, error) bool) {
		for row, err := range f.sales.All(ctx, f.deps.Store, orchestration.Query{States: states}) {
			if !yield(saleOf(row), err) || err != nil {
				return
			}
		}
	}
}

// Sale gives one sale of A. One that the flow does not know is a
// countersign.ErrNotFound.
func (f *Flow) Sale(ctx context.Context, id salesdock.SaleID) (Sale, error) {
	row, err := f.sale(ctx, id)
	if errors.Is(err, orchestration.ErrNoRecord) {
		return Sale{}, fmt.Errorf("sale %s: %w", id, countersign.ErrNotFound)
	}
	return saleOf(row), err
}

func (f *Flow) sale(ctx context.Context, id salesdock.SaleID) (row saleRow, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err = f.sales.Get(ctx, tx, string(id))
		return err
	})
	return row, err
}

// overlap is how far two looks at a list of changes overlap: times of Salesdock
// have no zone, and one hour a year comes twice.
const overlap = time.Hour

// window is the period of changes since the last look. B's clock may be off.
func (f *Flow) window(since time.Time) salesdock.Period {
	return salesdock.Period{Of: "updated_date", From: since.Add(-overlap - f.cfg.Skew), Until: f.now().Add(24 * time.Hour)}
}

// firstSeen is from when on sales of A are looked at. A's clock may be behind: what
// it dates shortly before the link went live is refused and seen (RuleBefore), not
// passed over.
func (f *Flow) firstSeen(link linkRow) time.Time {
	return link.Value.LiveSince.Add(-f.cfg.Skew).Truncate(time.Second)
}

// lookForSales is the job that finds sales of A that changed. It begins with what
// changes after the link went live: nobody wants years of sales forwarded.
func (f *Flow) lookForSales(ctx context.Context, link linkRow, job jobRow) error {
	cats, err := f.catalogues(ctx)
	if err != nil {
		return err
	}
	return eachPage(ctx, f, "A", job, f.deps.A.Sales.List, func(tx orchestration.Tx, r *salesdock.SaleRow) error {
		if r.UpdatedAt.Before(f.firstSeen(link)) {
			return nil
		}
		// A product that has vanished since counts too: its sales are refused, and seen.
		products, err := f.productsOf(ctx, tx, r.ProductID)
		if err != nil || len(products) == 0 {
			return err
		}
		st := cats.a.Status(r.Status)
		return f.noteSale(ctx, tx, r, products[0].Value.B, st != nil && st.Type == salesdock.TypeCancelled)
	})
}

// noteSale writes down that a sale of A is there or has changed.
func (f *Flow) noteSale(ctx context.Context, tx orchestration.Tx, r *salesdock.SaleRow, product salesdock.ProductID, cancelled bool) error {
	row, err := f.sales.Get(ctx, tx, string(r.ID))
	if errors.Is(err, orchestration.ErrNoRecord) {
		_, err = f.sales.Insert(ctx, tx, f.freshSale(r.ID, product, r.UpdatedAt.Time))
		return err
	}
	if err != nil || row.Value.Changed.Equal(orchestration.StoredTime(r.UpdatedAt.Time)) {
		return err
	}
	row.Value.Changed = orchestration.StoredTime(r.UpdatedAt.Time)
	// A status that came from B is no cancellation of A's. Whether B has a sale that
	// is sending or uncertain comes out later: the cancellation is kept until then.
	row.Value.Cancelled = cancelled && r.Status != row.Value.StatusA
	switch row.State {
	case orchestration.StateSending, orchestration.StateUncertain, SaleResolved:
	case SaleForwarded, SaleCancelOpen:
		if row.State != row.Value.stateAtB() {
			row.State, row.Updated = row.Value.stateAtB(), f.now()
			err = f.noteState(ctx, tx, row)
		}
	default:
		row.State, row.Due, row.Attempt = orchestration.StatePending, f.now(), 0
	}
	return errors.Join(err, f.sales.Update(ctx, tx, &row))
}

// noteState writes into the journal that A cancelled a sale that B has, or took
// that back.
func (f *Flow) noteState(ctx context.Context, tx orchestration.Tx, row saleRow) error {
	what := "no longer cancelled at A"
	if row.State == SaleCancelOpen {
		what = "cancelled at A after it was forwarded"
	}
	return f.journal.Append(ctx, tx, f.entry(what, row.Key, map[string]string{"sale_b": row.Ref}))
}

func (f *Flow) freshSale(id salesdock.SaleID, product salesdock.ProductID, changed time.Time) saleRow {
	return saleRow{
		Record: orchestration.Record{Key: string(id), Group: saleLane, State: orchestration.StatePending, Due: f.now(), Updated: f.now()},
		Value:  saleBody{Product: product, Changed: orchestration.StoredTime(changed)},
	}
}

// restingSales are the states of sales that a rule keeps back or whose lane was
// stopped.
var restingSales = []string{orchestration.StatePending, orchestration.StateSending, SaleRefused, SaleWaiting, SaleHeld}

// wakeSales looks again at sales that a rule keeps back, and at those whose lane
// was stopped.
func (f *Flow) wakeSales(ctx context.Context, tx orchestration.Tx) error {
	recs, err := tx.List(ctx, orchestration.Query{Table: string(f.sales), States: restingSales})
	if err != nil {
		return err
	}
	for _, rec := range recs {
		if err := f.wakeSale(ctx, tx, rec); err != nil {
			return err
		}
	}
	return nil
}

// wakeSale makes one of them due now, if it is not by itself.
func (f *Flow) wakeSale(ctx context.Context, tx orchestration.Tx, rec orchestration.Record) error {
	if !rec.Due.IsZero() && rec.State != SaleHeld {
		return nil
	}
	rec.Due = f.now()
	return tx.Update(ctx, rec)
}
