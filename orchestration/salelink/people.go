package salelink

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// RefusedError says which rules keep a sale from being forwarded.
type RefusedError struct {
	Sale     salesdock.SaleID
	Refusals []Refusal
}

// Error names all rules.
func (e *RefusedError) Error() string {
	parts := make([]string, len(e.Refusals))
	for i, r := range e.Refusals {
		parts[i] = string(r.Rule) + ": " + r.Why
	}
	return fmt.Sprintf("salelink: sale %s is not forwarded: %s", e.Sale, strings.Join(parts, "; "))
}

// Is reports a RefusedError as countersign.ErrConflict.
func (e *RefusedError) Is(target error) bool { return target == countersign.ErrConflict }

// Forward forwards one sale of A, as "verzenden" on a transaction does; the engine
// sends it. The rules are those of automatic processing, but the hold window. A
// rule that refuses is a *RefusedError that names it. A sale that B has, or may
// have, is refused too. who is the id of the person, for the journal; required.
func (f *Flow) Forward(ctx context.Context, who string, id salesdock.SaleID) error {
	if who == "" {
		return configError("who", "is empty", "say who forwards the sale")
	}
	link, err := f.link(ctx)
	if err != nil {
		return err
	}
	c, err := f.circumstancesOf(ctx, link, true)
	if err != nil {
		return err
	}
	sale, err := f.deps.A.Sales.Get(ctx, id)
	if err != nil {
		return err
	}
	if c.mapping.Products, err = f.pairsOf(ctx, sale); err != nil {
		return err
	}
	d := decide(sale, c)
	if d.Verdict == VerdictRefuse {
		return &RefusedError{id, d.Refusals}
	}
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		fresh := f.freshSale(id, d.carried.New.ProductID, sale.UpdatedAt.Time)
		fresh.Value.Manual = who
		n, err := f.sales.Insert(ctx, tx, fresh)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := f.takeUp(ctx, tx, who, id); err != nil {
				return err
			}
		}
		e := f.entry("sale to be forwarded", string(id), nil)
		e.Who = who
		return f.journal.Append(ctx, tx, e)
	})
}

// takeUp makes a sale due that B does not have.
func (f *Flow) takeUp(ctx context.Context, tx orchestration.Tx, who string, id salesdock.SaleID) error {
	row, err := f.sales.Get(ctx, tx, string(id))
	if err != nil {
		return err
	}
	switch row.State {
	case SaleForwarded, SaleCancelOpen, SaleResolved, orchestration.StateSending, orchestration.StateUncertain:
		return &RefusedError{id, []Refusal{{RuleForwarded, whereItIs(row)}}}
	}
	row.Value.Manual, row.State, row.Due, row.Attempt, row.Updated = who, orchestration.StatePending, f.now(), 0, f.now()
	return f.sales.Update(ctx, tx, &row)
}

// whereItIs says why a sale is not forwarded a second time.
func whereItIs(row saleRow) string {
	switch row.State {
	case orchestration.StateSending:
		return "it is on its way"
	case orchestration.StateUncertain:
		return "B may have it: end it with Adopt, SendAgain or Resolve"
	case SaleResolved:
		return "a person dealt with it"
	}
	return "B has it as sale " + row.Ref
}

// Parked goes through the sales that may be at B and that nobody but a person can
// tell: Sale.Matches are sales of B that it may be. End each with Adopt, SendAgain
// or Resolve.
func (f *Flow) Parked(ctx context.Context) iter.Seq2[Sale, error] {
	return f.Sales(ctx, orchestration.StateUncertain)
}

// Adopt says that a parked sale is this one of B. One that B does not have is a
// countersign.ErrNotFound, and one that is another sale of A's an ErrConflict.
func (f *Flow) Adopt(ctx context.Context, who string, id, b salesdock.SaleID) error {
	if b == "" {
		return configError("b", "is empty", "name the sale of B")
	}
	there, err := f.atB(ctx, b)
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("sale %s of B: %w", b, countersign.ErrNotFound)
	}
	return f.settle(ctx, who, id, "sale adopted", func(tx orchestration.Tx, row *saleRow) error {
		taken, err := f.takenIn(ctx, tx, b, string(id))
		if err != nil {
			return err
		}
		if taken {
			return fmt.Errorf("sale %s of B is another sale of A: %w", b, countersign.ErrConflict)
		}
		link, err := f.linkIn(ctx, tx)
		if err != nil {
			return err
		}
		return f.arrived(ctx, tx, row, b, link.Value.Settings.Policy)
	})
}

// atB reports whether B shows a sale.
func (f *Flow) atB(ctx context.Context, id salesdock.SaleID) (bool, error) {
	for r, err := range f.deps.B.Sales.All(ctx, salesdock.SaleQuery{IDs: []salesdock.SaleID{id}}) {
		if err != nil {
			return false, err
		}
		if r.ID == id {
			return true, nil
		}
	}
	return false, nil
}

// SendAgain says that a parked sale is not at B: it is sent once more. What was
// taken for it is no doubt again.
func (f *Flow) SendAgain(ctx context.Context, who string, id salesdock.SaleID) error {
	return f.settle(ctx, who, id, "sale to be sent again", func(_ orchestration.Tx, row *saleRow) error {
		row.Value.NotThis = append(row.Value.NotThis, row.Value.Matches...)
		row.State, row.Due, row.Attempt, row.Value.Matches = orchestration.StatePending, f.now(), 0, nil
		return nil
	})
}

// settle ends the doubt about a parked sale.
func (f *Flow) settle(ctx context.Context, who string, id salesdock.SaleID, what string, change func(orchestration.Tx, *saleRow) error) error {
	return f.changeSale(ctx, who, id, what, "", func(tx orchestration.Tx, row *saleRow) error {
		if row.State != orchestration.StateUncertain {
			return fmt.Errorf("sale %s is not parked but %s: %w", id, row.State, countersign.ErrConflict)
		}
		return change(tx, row)
	})
}

// changeSale changes a sale in a person's name.
func (f *Flow) changeSale(ctx context.Context, who string, id salesdock.SaleID, what, why string, change func(orchestration.Tx, *saleRow) error) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.sales.Get(ctx, tx, string(id))
		if errors.Is(err, orchestration.ErrNoRecord) {
			return fmt.Errorf("sale %s: %w", id, countersign.ErrNotFound)
		}
		if err != nil {
			return err
		}
		if err := change(tx, &row); err != nil {
			return err
		}
		row.Updated = f.now()
		e := f.entry(what, row.Key, map[string]string{"sale_b": row.Ref})
		e.Who, e.Why = who, why
		if err := f.journal.Append(ctx, tx, e); err != nil {
			return err
		}
		return f.sales.Update(ctx, tx, &row)
	})
}

// DeadLetters are the sales that B refused or that were given up: list them and
// take them up again. Sale says why, in A's terms. Resolve ends one otherwise.
func (f *Flow) DeadLetters() orchestration.DeadLetters {
	return orchestration.DeadLetters{Store: f.deps.Store, Table: string(f.sales), Clock: f.cfg.Clock}
}

// DeadProducts are the products that could not be brought to A, such as those whose
// supplier is not mapped.
func (f *Flow) DeadProducts() orchestration.DeadLetters {
	return orchestration.DeadLetters{Store: f.deps.Store, Table: string(f.products), Clock: f.cfg.Clock}
}

// DeadUpdates are the statuses and references that A refused; their keys are A's
// sales.
func (f *Flow) DeadUpdates() orchestration.DeadLetters {
	return orchestration.DeadLetters{Store: f.deps.Store, Table: string(f.updates), Clock: f.cfg.Clock}
}

// Resolve says that a person dealt with a sale that is dead, parked, refused,
// waiting or open for cancellation: the flow leaves it alone. reason is kept; put
// no personal data there.
func (f *Flow) Resolve(ctx context.Context, who string, id salesdock.SaleID, reason string) error {
	return f.changeSale(ctx, who, id, "sale resolved", reason, func(_ orchestration.Tx, row *saleRow) error {
		switch row.State {
		case orchestration.StateDead, orchestration.StateUncertain, SaleRefused, SaleWaiting, SaleHeld, SaleCancelOpen:
			row.State, row.Due, row.Value.Reason = SaleResolved, time.Time{}, reason
			return nil
		}
		return fmt.Errorf("sale %s is %s: %w", id, row.State, countersign.ErrConflict)
	})
}

// CancelAtB cancels at B a sale that was cancelled at A after B had it. It cancels
// at once: that is not the request that Salesdock's own integration makes and
// that B may refuse, for which there is no endpoint. status is a status of B of
// the type cancelled. Resolve leaves B's sale as it is.
func (f *Flow) CancelAtB(ctx context.Context, who string, id salesdock.SaleID, status, remark string) error {
	row, err := f.sale(ctx, id)
	if err != nil {
		return err
	}
	if row.Ref == "" || row.State != SaleCancelOpen && row.State != SaleForwarded {
		return fmt.Errorf("sale %s is %s: %w", id, row.State, countersign.ErrConflict)
	}
	if err := f.deps.B.In(salesdock.ScopeUser).Sales.Cancel(ctx, salesdock.SaleID(row.Ref), status, remark); err != nil {
		return err
	}
	return f.changeSale(ctx, who, id, "sale cancelled at B", "", func(_ orchestration.Tx, row *saleRow) error {
		row.State, row.Value.Reason = SaleResolved, "cancelled at B"
		return nil
	})
}
