package salelink

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// Journal goes through what the link did, oldest first; of one sale of A where sale
// is not empty.
func (f *Flow) Journal(ctx context.Context, sale salesdock.SaleID) iter.Seq2[orchestration.Entry, error] {
	return f.journal.Entries(ctx, f.deps.Store, "", string(sale), 0)
}

// Stats counts the sales by state, and tells how long the longest has been due.
func (f *Flow) Stats(ctx context.Context) (orchestration.Stats, error) {
	return orchestration.StatsOf(ctx, f.deps.Store, string(f.sales), f.now())
}

// Health reports whether the link does its work: an error says that the store
// does not answer, that the link has stopped, or that work has been due for longer
// than maxLag.
func (f *Flow) Health(ctx context.Context, maxLag time.Duration) error {
	link, err := f.Link(ctx)
	if err != nil {
		return err
	}
	if link.State == StateStopped {
		return fmt.Errorf("salelink: the link has stopped: %s: %w", link.Reason, countersign.ErrUnavailable)
	}
	lag, err := orchestration.Health(ctx, f.deps.Store, f.now())
	if err == nil && lag > maxLag {
		err = fmt.Errorf("salelink: work has been due for %s: does the engine run? (%w)", lag, countersign.ErrUnavailable)
	}
	return err
}

// Unanswered goes through the sales that B has had since before a time and whose
// status has not moved since: orders that nobody may have looked at. It needs
// Policy.PullStatuses.
func (f *Flow) Unanswered(ctx context.Context, before time.Time) iter.Seq2[Sale, error] {
	return func(yield func(Sale, error) bool) {
		for s, err := range f.Sales(ctx, SaleForwarded) {
			if err == nil && (s.Answered || !s.SentAt.Before(before)) {
				continue
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// Purge deletes journal entries from before a time and tells how many. Sales
// stay, because their records keep them from being forwarded twice.
func (f *Flow) Purge(ctx context.Context, before time.Time) (int, error) {
	return f.journal.Purge(ctx, f.deps.Store, before)
}

// Forget takes what the store still holds about a sale of A besides ids and
// states: hashes of the customer's data, and texts of errors, which are B's. A
// sale that B does not have is given up for good; one that may be there is
// looked for no more and stays parked.
func (f *Flow) Forget(ctx context.Context, id salesdock.SaleID) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.sales.Get(ctx, tx, string(id))
		if errors.Is(err, orchestration.ErrNoRecord) {
			return fmt.Errorf("sale %s: %w", id, countersign.ErrNotFound)
		}
		if err != nil {
			return err
		}
		row.LastError, row.Value.Prints, row.Value.Faults, row.Value.Refusals, row.Updated = "", prints{}, nil, nil, f.now()
		switch row.State {
		case SaleForwarded, SaleCancelOpen, SaleResolved, SaleMasked, SaleCancelled:
		case orchestration.StateSending, orchestration.StateUncertain:
			row.State, row.Due = orchestration.StateUncertain, time.Time{}
		default:
			row.State, row.Due, row.Value.Reason = SaleResolved, time.Time{}, "forgotten on request"
		}
		if err := f.forgetUpdate(ctx, tx, row.Key); err != nil {
			return err
		}
		return f.sales.Update(ctx, tx, &row)
	})
}

// forgetUpdate takes what A said when it refused a status or a reference.
func (f *Flow) forgetUpdate(ctx context.Context, tx orchestration.Tx, sale string) error {
	row, err := f.updates.Get(ctx, tx, sale)
	if errors.Is(err, orchestration.ErrNoRecord) || err == nil && row.LastError == "" {
		return nil
	}
	if err != nil {
		return err
	}
	row.LastError = ""
	return f.updates.Update(ctx, tx, &row)
}
