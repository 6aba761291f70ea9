package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/countersign/countersign/orchestration"
)

// worker gives a lane its turn for each of its jobs.
type worker struct {
	river.WorkerDefaults[wake]
	e     *Engine
	turns context.Context //nolint:containedctx // of the run: when it ends, so do all turns
}

// Work calls the lane's handler, again while the lane is due and the turn is
// short, and then completes the job or gives it back. It has no error: a failure
// lies in the records, and River's retry would be a second one.
func (w *worker) Work(ctx context.Context, job *river.Job[wake]) error {
	e, lane := w.e, job.Args.lane()
	turn, cancel := context.WithTimeout(w.turns, turnTime)
	defer cancel()
	e.count(1)
	defer e.look()
	defer e.count(-1)
	handling := orchestration.WithTurn(ctx, turn)
	for began := time.Now(); ; {
		err := e.handlers.Turn(handling, lane)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = w.timedOut(ctx, job)
		}
		if err != nil {
			e.holdBack(ctx, lane, err)
			break
		}
		due, err := e.dueNow(ctx, lane)
		if err != nil || !due || turn.Err() != nil || ctx.Err() != nil || time.Since(began) > shareTime {
			break
		}
	}
	return w.finish(ctx, job, lane)
}

var errTimedOut = errors.New("the handler did not end its turn in time and was cut off")

// timedOut defers the records of a lane whose handler was cut off, so that one
// that takes too long does not come again at once for ever. Where the job was
// taken for stuck meanwhile, the records are no longer this worker's to put off.
func (w *worker) timedOut(ctx context.Context, job *river.Job[wake]) error {
	e, lane := w.e, job.Args.lane()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	running, err := isRunning(ctx, e.store.DB(), jobState, job.ID)
	if err != nil || !running {
		return err
	}
	e.set.logger.WarnContext(ctx, "lane was cut off", "table", lane.Table, "group", lane.Group, "after", e.set.jobTimeout)
	return e.handlers.Defer(ctx, lane, errTimedOut)
}

// dueNow reports whether a record of the lane is due.
func (e *Engine) dueNow(ctx context.Context, lane orchestration.Lane) (due bool, err error) {
	err = e.store.Tx(ctx, func(tx orchestration.Tx) error {
		at, err := e.handlers.Due(ctx, tx, lane, 0)
		due = !at.IsZero()
		return err
	})
	return due, err
}

// finish completes the job in the transaction that finds its lane no longer due.
// The job's row is locked first: whoever has written a due record and is about to
// commit holds it, and is seen; whoever comes later waits, and then inserts a job
// of his own. A lane that is still due keeps its job, which queues up again. For
// one that is due soon, its job may be the one that a process inserted whose clock
// is ahead: nobody else will wake it when its time has come here.
func (w *worker) finish(ctx context.Context, job *river.Job[wake], lane orchestration.Lane) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	again := false
	var soon time.Time
	err := w.e.store.TxConn(ctx, func(tx orchestration.Tx, conn *sql.Conn) error {
		again, soon = false, time.Time{}
		ours, err := isRunning(ctx, conn, jobState+" FOR UPDATE", job.ID)
		if err != nil || !ours {
			return err
		}
		if !w.e.isHeldBack(lane) {
			if soon, err = w.e.handlers.Due(ctx, tx, lane, clockSkew); err != nil {
				return err
			}
			if again = !soon.IsZero() && !soon.After(w.e.set.clock()); again {
				return nil
			}
		}
		return conn.Raw(func(driverConn any) error {
			_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, transactionOn(driverConn), job)
			return err
		})
	})
	if err != nil {
		w.e.set.logger.WarnContext(ctx, "job can't be completed", "table", lane.Table, "group", lane.Group, "error", err)
	}
	if again || err != nil {
		return river.JobSnooze(0)
	}
	w.e.plan(soon)
	return nil
}

const jobState = "SELECT state FROM river_job WHERE id = $1"

// isRunning asks with jobState whether a job still runs. If not, it was
// taken for stuck and discarded, and the lane may long have another: a job has one
// attempt, so this one never comes again and what River writes for it is void.
func isRunning(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, query string, id int64) (running bool, err error) {
	var state rivertype.JobState
	err = db.QueryRowContext(ctx, query, id).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return state == rivertype.JobStateRunning, err
}

// count notes that a turn has begun or ended.
func (e *Engine) count(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running += n
}

func (e *Engine) holdBack(ctx context.Context, lane orchestration.Lane, err error) {
	wait := max(e.set.backoff(1), time.Microsecond)
	e.set.logger.ErrorContext(ctx, "lane is held back", "table", lane.Table, "group", lane.Group, "error", err, "wait", wait)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heldBack[lane] = held{until: e.set.clock().Add(wait), err: err}
}

func (e *Engine) isHeldBack(lane orchestration.Lane) bool {
	now := e.set.clock()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heldBack[lane].until.After(now)
}
