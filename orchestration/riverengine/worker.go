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
			err = e.timedOut(ctx, lane)
		}
		if err != nil {
			e.holdBack(ctx, lane, err)
			break
		}
		due, err := e.due(ctx, lane)
		if err != nil || !due || turn.Err() != nil || ctx.Err() != nil || time.Since(began) > shareTime {
			break
		}
	}
	return w.finish(ctx, job, lane)
}

var errTimedOut = errors.New("the handler did not end its turn in time and was cut off")

// timedOut defers the records of a lane whose handler was cut off, so that one
// that takes too long does not come again at once for ever.
func (e *Engine) timedOut(ctx context.Context, lane orchestration.Lane) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	e.set.logger.WarnContext(ctx, "lane was cut off", "table", lane.Table, "group", lane.Group, "after", jobTimeout)
	return e.handlers.Defer(ctx, lane, errTimedOut)
}

func (e *Engine) due(ctx context.Context, lane orchestration.Lane) (due bool, err error) {
	err = e.store.Tx(ctx, func(tx orchestration.Tx) error {
		due, err = e.handlers.Due(ctx, tx, lane)
		return err
	})
	return due, err
}

// finish completes the job in the transaction that finds its lane no longer due.
// The job's row is locked first: whoever has written a due record and is about to
// commit holds it, and is seen; whoever comes later waits, and then inserts a job
// of his own. A lane that is still due keeps its job, which queues up again.
func (w *worker) finish(ctx context.Context, job *river.Job[wake], lane orchestration.Lane) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	again := false
	err := w.e.store.TxConn(ctx, func(tx orchestration.Tx, conn *sql.Conn) error {
		again = false
		ours, err := lock(ctx, conn, job.ID)
		if err != nil || !ours {
			return err
		}
		if !w.e.isHeldBack(lane) {
			if again, err = w.e.handlers.Due(ctx, tx, lane); err != nil || again {
				return err
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
	return nil
}

// lock locks the row of a job, and reports whether the job still runs. If not, it was
// taken for stuck and discarded, and the lane may long have another: a job has one
// attempt, so this one never comes again and what River writes for it is void.
func lock(ctx context.Context, conn *sql.Conn, id int64) (running bool, err error) {
	var state rivertype.JobState
	err = conn.QueryRowContext(ctx, "SELECT state FROM river_job WHERE id = $1 FOR UPDATE", id).Scan(&state)
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
	h, ok := e.heldBack[lane]
	if ok && !h.until.After(now) {
		delete(e.heldBack, lane)
		return false
	}
	return ok
}
