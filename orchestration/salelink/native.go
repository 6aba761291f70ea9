package salelink

import (
	"context"
	"errors"
	"slices"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// The states of sales that Salesdock's own integration handed over.
const (
	SaleNative    = "native"    // B has it
	SaleAttention = "attention" // its status asks for a person: an error, or a cancellation request
)

// nativeApp is what A shows as the other side of a sale that the integration
// handed over. It is inferred from samples.
const nativeApp = "salesdock"

func (f *Flow) native() bool { return f.cfg.Mode == salesdock.NativeLink }

// watch is the job of a link that Salesdock's own integration runs: it looks at
// what the integration did, and checks the mapping as its preflight does.
func (f *Flow) watch(ctx context.Context, _ linkRow, job jobRow) error {
	err := eachPage(ctx, f, "A", job, f.deps.A.Sales.ListFull, func(tx orchestration.Tx, s *salesdock.Sale) error {
		if s.Processed == nil || string(s.Processed.OutgoingApp) != nativeApp {
			return nil
		}
		return f.noteNative(ctx, tx, s)
	})
	if err != nil {
		return err
	}
	return f.recheck(ctx, job)
}

// noteNative writes down what the integration made of one sale.
func (f *Flow) noteNative(ctx context.Context, tx orchestration.Tx, s *salesdock.Sale) error {
	state := SaleNative
	if slices.Contains([]string{"error", salesdock.StatusOpenCancellation, salesdock.StatusSyncedCancellation}, s.Status.ID) {
		state = SaleAttention
	}
	row, err := f.sales.Get(ctx, tx, string(s.ID))
	fresh := errors.Is(err, orchestration.ErrNoRecord)
	if err != nil && !fresh {
		return err
	}
	if !fresh && row.Value.StatusA == s.Status.ID && row.State == state {
		return nil
	}
	e := f.entry("sale "+state, string(s.ID), map[string]string{"sale_b": string(s.Processed.OutgoingID), "status_a": s.Status.ID})
	if err := f.journal.Append(ctx, tx, e); err != nil {
		return err
	}
	row.Key, row.Group, row.Ref, row.State, row.Updated = string(s.ID), saleLane, string(s.Processed.OutgoingID), state, f.now()
	row.Value.StatusA, row.Value.Changed = s.Status.ID, orchestration.StoredTime(s.UpdatedAt.Time)
	if fresh {
		_, err = f.sales.Insert(ctx, tx, row)
		return err
	}
	return f.sales.Update(ctx, tx, &row)
}
