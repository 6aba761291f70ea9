package salelink

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// UpdateDone is the state of an update that A has.
const UpdateDone = "done"

// updateBody is what A's sale is to become. Key is the sale's id at A.
type updateBody struct {
	Status    string    `json:"status,omitempty"`
	At        time.Time `json:"at,omitzero"` // when it changed at B
	Processed bool      `json:"processed,omitempty"`
	// Field gets B's id of the sale; empty: none, or it has it.
	Field string `json:"field,omitempty"`
	// Version counts the wishes: one that comes while another is on its way follows
	// it.
	Version int `json:"version,omitempty"`
}

type updateRow = orchestration.Row[updateBody]

const updateLane = "updates"

// lookForStatuses is the job that finds forwarded sales whose status changed at
// B.
func (f *Flow) lookForStatuses(ctx context.Context, link linkRow, job jobRow) error {
	if !link.Value.SettingsAt.Before(job.Value.LastRun) {
		if err := f.takeMapped(ctx, link, job); err != nil {
			return err
		}
	}
	return eachPage(ctx, f, "B", job, f.deps.B.Sales.List, func(tx orchestration.Tx, r *salesdock.SaleRow) error {
		return f.noteStatus(ctx, tx, link, r)
	})
}

// noteStatus takes in what B says of one sale.
func (f *Flow) noteStatus(ctx context.Context, tx orchestration.Tx, link linkRow, r *salesdock.SaleRow) error {
	rows, err := f.sales.List(ctx, tx, orchestration.Query{Ref: string(r.ID)})
	if err != nil || len(rows) != 1 {
		return err // not one of ours
	}
	return f.takeNews(ctx, tx, link, rows[0], newsOf(rows[0], r))
}

// newsOf joins what B says of a sale with what is known of it.
func newsOf(row saleRow, r *salesdock.SaleRow) StatusNews {
	b := row.Value
	return StatusNews{
		SaleA: salesdock.SaleID(row.Key), SaleB: r.ID, Status: r.Status, At: orchestration.StoredTime(r.UpdatedAt.Time),
		Known: b.StatusB, KnownAt: b.At, Current: b.StatusA, Made: orchestration.StoredTime(r.CreatedAt.Time), NotSynced: b.NotSynced != "",
		Cancelled: b.Cancelled,
	}
}

// takeNews keeps a status of B and says what A is to become.
func (f *Flow) takeNews(ctx context.Context, tx orchestration.Tx, link linkRow, row saleRow, n StatusNews) error {
	to, v := decideStatus(n, link.Value.Settings.Mapping, link.Value.Settings.Policy)
	if v == StatusOlder || v == StatusOff {
		return nil
	}
	b := &row.Value
	again := n.Status == n.Known && n.At.Equal(n.KnownAt)
	if again && v != StatusSet {
		return nil
	}
	b.StatusB, b.At, b.NotSynced = n.Status, n.At, ""
	b.Answered = b.Answered || n.At.After(n.Made)
	var err error
	switch v {
	case StatusReport:
		b.NotSynced = n.Status
		err = f.journal.Append(ctx, tx, f.entry("status not synced: it is not mapped", row.Key, map[string]string{"sale_b": row.Ref, "status_b": n.Status}))
	case StatusSet:
		err = f.wantUpdate(ctx, tx, &row, updateBody{Status: to, At: n.At})
	}
	return errors.Join(err, f.noteCancellation(ctx, tx, &row), f.sales.Update(ctx, tx, &row))
}

// takeMapped syncs statuses that were not mapped when they came, and now are.
func (f *Flow) takeMapped(ctx context.Context, link linkRow, job jobRow) error {
	return f.sweep(ctx, job, orchestration.Query{Table: string(f.sales)}, func(tx orchestration.Tx, rec orchestration.Record) error {
		row, err := f.sales.Row(rec)
		if err != nil || row.Value.NotSynced == "" {
			return err
		}
		b := row.Value
		return f.takeNews(ctx, tx, link, row, StatusNews{
			SaleA: salesdock.SaleID(row.Key), SaleB: salesdock.SaleID(row.Ref), Status: b.StatusB, At: b.At, Known: b.StatusB, KnownAt: b.At,
			Current: b.StatusA, NotSynced: true, Cancelled: b.Cancelled,
		})
	})
}

// noteCancellation writes the states of a cancellation between two linked
// environments into the journal: people have to act on them in the screens.
func (f *Flow) noteCancellation(ctx context.Context, tx orchestration.Tx, row *saleRow) error {
	if !slices.Contains([]string{salesdock.StatusOpenCancellation, salesdock.StatusSyncedCancellation}, row.Value.StatusB) {
		return nil
	}
	return f.journal.Append(ctx, tx, f.entry("cancellation request at B: "+row.Value.StatusB, row.Key, map[string]string{"sale_b": row.Ref}))
}

// wantUpdate says what A's sale is to become, and makes it due. The sale's row is
// the caller's to store.
func (f *Flow) wantUpdate(ctx context.Context, tx orchestration.Tx, sale *saleRow, want updateBody) error {
	if want.Status != "" {
		sale.Value.StatusA = want.Status
	}
	fresh := updateRow{
		Record: orchestration.Record{Key: sale.Key, Group: updateLane, Ref: sale.Ref, State: orchestration.StatePending, Due: f.now(), Updated: f.now()},
		Value:  want,
	}
	n, err := f.updates.Insert(ctx, tx, fresh)
	if err != nil || n == 1 {
		return err
	}
	row, err := f.updates.Get(ctx, tx, sale.Key)
	if err != nil {
		return err
	}
	if want.Field == "" {
		want.Field = row.Value.Field // still to be written
	}
	if row.State != UpdateDone && want.Status != "" {
		want.Processed = want.Processed || row.Value.Processed // so is this
	}
	want.Version = row.Value.Version + 1
	row.Value, row.Updated, row.Ref = want, f.now(), sale.Ref
	if row.State != orchestration.StateSending {
		row.State, row.Due, row.Attempt = orchestration.StatePending, f.now(), 0
	}
	return f.updates.Update(ctx, tx, &row)
}

// runUpdates is the handler of the lane of updates of A.
func (f *Flow) runUpdates(ctx context.Context, group string) error {
	link, err := f.link(ctx)
	if err != nil {
		return err
	}
	var rows []updateRow
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		rows, err = f.updates.List(ctx, tx, orchestration.Query{Group: group, DueBy: f.now(), Limit: batch})
		if err != nil || State(link.State) == StateLive {
			return err
		}
		for _, row := range rows {
			row.Due = time.Time{}
			if err := f.updates.Update(ctx, tx, &row); err != nil {
				return err
			}
		}
		rows = nil
		return nil
	})
	for _, row := range rows {
		if orchestration.TurnOver(ctx) {
			break
		}
		if err := f.update(ctx, row); err != nil {
			return err
		}
	}
	return err
}

// update writes one sale's update to A. All of it can be repeated: a status that
// is there already is not set again.
func (f *Flow) update(ctx context.Context, row updateRow) error {
	rec, err := f.updates.Record(row)
	if err != nil {
		return err
	}
	outcome := orchestration.Outcome[int]{
		Store: f.deps.Store, Attempts: f.cfg.Attempts, Backoff: f.cfg.Backoff, Clock: f.cfg.Clock,
		Send: func(ctx context.Context, _ string, rec orchestration.Record) (int, error) {
			now, err := f.updates.Row(rec)
			if err != nil {
				return 0, orchestration.NoEffect(err)
			}
			return now.Value.Version, f.write(ctx, now)
		},
		Find: func(context.Context, string, orchestration.Record) (int, bool, error) { return 0, false, nil },
		Done: f.updateDone,
	}
	_, err = outcome.Do(ctx, rec)
	failure, failed := errors.AsType[*orchestration.WriteError](err)
	switch {
	case err == nil, errors.Is(err, orchestration.ErrStale):
		return nil
	case !failed:
		return err
	}
	f.cfg.Logger.WarnContext(ctx, "update of A failed", "sale", row.Key, "state", failure.State, "error", failure.Err)
	if _, err = f.stopOn(ctx, "A", failure.Err); err != nil || failure.State != orchestration.StateDead {
		return err
	}
	return f.nextUpdate(ctx, row)
}

// nextUpdate takes up the wish that came while the one that A refused was on its
// way.
func (f *Flow) nextUpdate(ctx context.Context, refused updateRow) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.updates.Get(ctx, tx, refused.Key)
		if err != nil || row.State != orchestration.StateDead || row.Value.Version == refused.Value.Version {
			return err
		}
		row.State, row.Due, row.Attempt, row.Updated = orchestration.StatePending, f.now(), 0, f.now()
		return f.updates.Update(ctx, tx, &row)
	})
}

func (f *Flow) write(ctx context.Context, row updateRow) error {
	id, a := salesdock.SaleID(row.Key), f.deps.A.Sales
	if row.Value.Field != "" {
		if err := a.SetFields(ctx, id, map[string]string{row.Value.Field: row.Ref}); err != nil {
			return err
		}
	}
	if row.Value.Status == "" {
		return nil
	}
	sale, err := a.Get(ctx, id)
	if err != nil {
		return err
	}
	if sale.Status.ID == row.Value.Status && (!row.Value.Processed || sale.Processed != nil) {
		return nil
	}
	return a.SetStatus(ctx, id, salesdock.StatusChange{Status: row.Value.Status, Processed: row.Value.Processed})
}

// updateDone ends an update, unless another one came meanwhile.
func (f *Flow) updateDone(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, version int) error {
	row, err := f.updates.Row(*rec)
	if err != nil {
		return err
	}
	row.State, row.Value.Field = UpdateDone, ""
	if row.Value.Version != version {
		row.State, row.Due, row.Attempt = orchestration.StatePending, f.now(), 0
	}
	next, err := f.updates.Record(row)
	if err != nil {
		return err
	}
	*rec = next
	if row.Value.Status == "" {
		return nil
	}
	return f.journal.Append(ctx, tx, f.entry("status set at A", row.Key, map[string]string{"sale_b": row.Ref, "status_a": row.Value.Status}))
}

// wakeUpdates makes updates due again whose lane was stopped.
func (f *Flow) wakeUpdates(ctx context.Context, tx orchestration.Tx) error {
	rows, err := f.updates.List(ctx, tx, orchestration.Query{States: []string{orchestration.StatePending, orchestration.StateSending}})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if !row.Due.IsZero() {
			continue
		}
		row.Due = f.now()
		if err := f.updates.Update(ctx, tx, &row); err != nil {
			return err
		}
	}
	return nil
}
