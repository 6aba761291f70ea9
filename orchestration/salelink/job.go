package salelink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// The jobs: each is a record whose Due is its next run, in a lane of its own.
const (
	jobProducts = "products" // compares B's list with what was imported, then checks the mapping
	jobSales    = "sales"    // looks for sales of A that changed
	jobStatuses = "statuses" // looks for sales of B that changed
	jobWatch    = "watch"    // looks at what Salesdock's own integration did
)

// jobBody is what the store keeps of a job.
type jobBody struct {
	// Until is the time up to which everything was seen.
	Until time.Time `json:"until,omitzero"`
	// Full asks for a look at everything; the run that begins next takes it over.
	Full bool `json:"full,omitempty"`
	// Asked counts the wake-ups; one that comes while the job is at work is not lost.
	Asked   int       `json:"asked,omitempty"`
	LastRun time.Time `json:"last_run,omitzero"`
	// Runs counts the runs that were begun. Products keep the run that they had
	// their turn in.
	Runs int `json:"runs,omitempty"`
	// Run is how far the run under way has come; nil: none is.
	Run *jobRun `json:"run,omitempty"`
}

type jobRow = orchestration.Row[jobBody]

// jobsOf are the jobs of a policy.
func (f *Flow) jobsOf(row linkRow) []string {
	if f.native() {
		return []string{jobWatch}
	}
	jobs := []string{jobProducts}
	if on, _ := row.Value.Settings.Policy.processing(); on.Trigger != Off {
		jobs = append(jobs, jobSales)
	}
	if row.Value.Settings.Policy.PullStatuses {
		jobs = append(jobs, jobStatuses)
	}
	return jobs
}

// wake makes jobs due now; one that is not there yet is made.
func (f *Flow) wake(ctx context.Context, tx orchestration.Tx, full bool, names ...string) error {
	for _, name := range names {
		fresh := jobRow{
			Record: orchestration.Record{Key: name, Group: name, State: orchestration.StatePending, Due: f.now(), Updated: f.now()},
			Value:  jobBody{Full: full},
		}
		n, err := f.jobs.Insert(ctx, tx, fresh)
		if err != nil || n == 1 {
			if err != nil {
				return err
			}
			continue
		}
		row, err := f.jobs.Get(ctx, tx, name)
		if err != nil {
			return err
		}
		row.Due, row.Value.Full, row.Value.Asked = f.now(), row.Value.Full || full, row.Value.Asked+1
		if err := f.jobs.Update(ctx, tx, &row); err != nil {
			return err
		}
	}
	return nil
}

// wakeAll makes everything due that a change of the link may concern.
func (f *Flow) wakeAll(ctx context.Context, tx orchestration.Tx) error {
	row, err := f.linkIn(ctx, tx)
	if err != nil {
		return err
	}
	if err := f.wake(ctx, tx, false, f.jobsOf(row)...); err != nil {
		return err
	}
	if err := f.wakeProducts(ctx, tx); err != nil {
		return err
	}
	if err := f.wakeUpdates(ctx, tx); err != nil {
		return err
	}
	return f.wakeSales(ctx, tx)
}

// SyncNow looks at everything in full as soon as the engine comes to it
// ("Synchroniseer nu").
func (f *Flow) SyncNow(ctx context.Context) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.linkIn(ctx, tx)
		if err != nil {
			return err
		}
		return f.wake(ctx, tx, true, f.jobsOf(row)...)
	})
}

// runJob is the handler of a job's lane.
func (f *Flow) runJob(ctx context.Context, name string) error {
	until := f.now() // before anything is read
	link, err := f.link(ctx)
	if err != nil && !errors.Is(err, ErrOtherMode) {
		return err
	}
	job, err := f.job(ctx, name)
	if err != nil {
		return err
	}
	// Products are imported before a link goes live: the mapping needs them.
	early := State(link.State) == StateDraft && name == jobProducts
	if State(link.State) != StateLive && !early || !f.wanted(link, name) {
		return f.endJob(ctx, job, func(row *jobRow) { row.Due = time.Time{} })
	}
	if job, err = f.beginRun(ctx, link, name, until); err != nil {
		return err
	}
	run := map[string]func(context.Context, linkRow, jobRow) error{
		jobProducts: f.syncProducts, jobSales: f.lookForSales, jobStatuses: f.lookForStatuses, jobWatch: f.watch,
	}[name]
	if err := run(ctx, link, job); err != nil {
		if side, ok := errors.AsType[*sideError](err); ok {
			if stopped, stopErr := f.stopOn(ctx, side.side, err); stopped {
				return errors.Join(stopErr, f.endJob(ctx, job, func(row *jobRow) { row.Due, row.LastError = time.Time{}, orchestration.ErrorText(err) }))
			}
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	return f.endJob(ctx, job, func(row *jobRow) {
		ended := job.Value.Run
		row.Value.Until, row.Value.LastRun, row.Value.Run = ended.Began, ended.Began, nil
		row.Attempt, row.LastError = 0, ""
		if row.Value.Asked != ended.Asked {
			return // somebody asked meanwhile: it stays due
		}
		row.Due = f.now().Add(f.cfg.Every)
		if early {
			row.Due = time.Time{}
		}
	})
}

func (f *Flow) wanted(link linkRow, name string) bool {
	return slices.Contains(f.jobsOf(link), name)
}

func (f *Flow) job(ctx context.Context, name string) (row jobRow, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err = f.jobs.Get(ctx, tx, name)
		return err
	})
	return row, err
}

// endJob changes a job as it is stored now.
func (f *Flow) endJob(ctx context.Context, job jobRow, change func(*jobRow)) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.jobs.Get(ctx, tx, job.Key)
		if err != nil {
			return err
		}
		change(&row)
		row.Updated = f.now()
		return f.jobs.Update(ctx, tx, &row)
	})
}
