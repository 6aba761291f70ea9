package salelink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// jobRun is how far a run of a job has come. It is kept with what it covers, in one
// transaction, because a run may take more than one turn: ten thousand products
// at sixty calls a minute take hours.
type jobRun struct {
	Began time.Time `json:"began"` // before anything was read
	Asked int       `json:"asked,omitempty"`
	Full  bool      `json:"full,omitempty"`
	// Since is from when on changes are looked for.
	Since time.Time `json:"since,omitzero"`
	// Cursor is the page of a list that was read last, and Pages how many were. Mark
	// is a page before it, so that pages that go in a circle are found out.
	Cursor string `json:"cursor,omitempty"`
	Pages  int    `json:"pages,omitempty"`
	Mark   string `json:"mark,omitempty"`
	Listed bool   `json:"listed,omitempty"` // the list was gone through
	// Checked is what the mapping was checked with in this run, as linkBody.Seen.
	Checked string `json:"checked,omitempty"`
	// Seq is the last record that was gone through, and Swept says that all were.
	Seq   int64 `json:"seq,omitempty"`
	Swept bool  `json:"swept,omitempty"`
}

// beginRun begins a run, or takes up one that is under way.
func (f *Flow) beginRun(ctx context.Context, link linkRow, name string, now time.Time) (job jobRow, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		if job, err = f.jobs.Get(ctx, tx, name); err != nil || job.Value.Run != nil {
			return err
		}
		b := &job.Value
		b.Runs++
		b.Run = &jobRun{Began: now, Asked: b.Asked, Full: b.Full, Since: b.Until}
		if b.Until.IsZero() || b.Full {
			b.Run.Since = link.Value.LiveSince
		}
		b.Full = false // what is asked for from now on is for the next run
		return f.jobs.Update(ctx, tx, &job)
	})
	return job, err
}

// keepRun stores how far a run has come, in the transaction of what it did. What
// failed before has passed then.
func (f *Flow) keepRun(ctx context.Context, tx orchestration.Tx, job jobRow) error {
	row, err := f.jobs.Get(ctx, tx, job.Key)
	if err != nil {
		return err
	}
	row.Value.Run, row.Updated = job.Value.Run, f.now()
	row.Attempt, row.LastError = 0, ""
	return f.jobs.Update(ctx, tx, &row)
}

// errCircle: a list whose pages go in a circle would never end.
var errCircle = errors.New("the pages of the sales go in a circle")

// eachPage goes through the sales that changed in the period of a job's run, each
// page in one transaction with the place in the list. What another turn left is
// taken up at the page that it read last: pages shift.
func eachPage[T any](ctx context.Context, f *Flow, side string, job jobRow, list func(context.Context, salesdock.SaleQuery, ...countersign.CallOption) (*countersign.Page[T], error), note func(orchestration.Tx, *T) error) error {
	run := job.Value.Run
	// The period ends after now, not after the run's begin: what changes meanwhile
	// must not leave it, or the pages behind it move up by more than one.
	q := salesdock.SaleQuery{Period: f.window(run.Since), Cursor: run.Cursor}
	for again := run.Pages > 0; !run.Listed; again = false {
		page, err := list(ctx, q)
		if again && placeGone(page, err) {
			run.Cursor, run.Pages, run.Mark, q.Cursor = "", 0, "", ""
			continue
		}
		if err != nil {
			return &sideError{side, err}
		}
		if !again {
			run.Cursor = q.Cursor
			run.Pages++
		}
		if run.Pages&(run.Pages-1) == 0 {
			run.Mark = run.Cursor
		}
		if page.Next != "" && page.Next == run.Mark {
			return &sideError{side, errCircle}
		}
		run.Listed, q.Cursor = page.Next == "", page.Next
		err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
			for i := range page.Items {
				if err := note(tx, &page.Items[i]); err != nil {
					return err
				}
			}
			if again {
				return nil // the run is no further than it was
			}
			return f.keepRun(ctx, tx, job)
		})
		if err != nil {
			return err
		}
		if !run.Listed && !again && orchestration.TurnOver(ctx) {
			return orchestration.ErrTurnOver
		}
	}
	return nil
}

// placeGone reports that a list has no longer the page that was read last: then it
// begins anew.
func placeGone[T any](page *countersign.Page[T], err error) bool {
	if err != nil {
		return errors.Is(err, countersign.ErrInvalid) || errors.Is(err, countersign.ErrNotFound)
	}
	return len(page.Items) == 0
}

// recheck checks the mapping once in a run, and looks again at refused sales when
// what it looks at has changed since they were looked at last.
func (f *Flow) recheck(ctx context.Context, job jobRow) error {
	run := job.Value.Run
	if run.Checked == "" {
		seen, err := f.check(ctx, run.Began)
		if err != nil {
			return err
		}
		run.Checked = seen
		if err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error { return f.keepRun(ctx, tx, job) }); err != nil {
			return err
		}
	}
	link, err := f.link(ctx)
	if err != nil || link.Value.Woken == run.Checked {
		return err
	}
	if State(link.State) == StateLive {
		err := f.sweep(ctx, job, orchestration.Query{Table: string(f.sales), States: restingSales}, func(tx orchestration.Tx, rec orchestration.Record) error {
			return f.wakeSale(ctx, tx, rec)
		})
		if err != nil {
			return err
		}
	}
	return f.changeLink(ctx, func(tx orchestration.Tx, row *linkRow) error {
		row.Value.Woken = run.Checked
		what := "mapping checked: fine"
		if salemap.HasErrors(row.Value.Findings) {
			what = "mapping checked: errors"
		}
		return f.journal.Append(ctx, tx, f.entry(what, "", map[string]string{"findings": fmt.Sprint(len(row.Value.Findings))}))
	})
}

// sweepSize is how many records are gone through in one transaction.
const sweepSize = 256

// sweep goes once in a run through the records that q selects, each part in one
// transaction with the place.
func (f *Flow) sweep(ctx context.Context, job jobRow, q orchestration.Query, each func(orchestration.Tx, orchestration.Record) error) error {
	run := job.Value.Run
	q.Limit = f.sweepSize
	for !run.Swept {
		err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
			q.AfterSeq = run.Seq
			recs, err := tx.List(ctx, q)
			if err != nil {
				return err
			}
			next := *run
			next.Swept = len(recs) < q.Limit
			for _, rec := range recs {
				next.Seq = rec.Seq
				if err := each(tx, rec); err != nil {
					return err
				}
			}
			job.Value.Run = &next
			return f.keepRun(ctx, tx, job)
		})
		if err != nil {
			return err
		}
		*run = *job.Value.Run
		if !run.Swept && orchestration.TurnOver(ctx) {
			return orchestration.ErrTurnOver
		}
	}
	return nil
}
