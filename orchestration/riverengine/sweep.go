package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// wakeInTime wakes lanes whose time has come, and at least once in the sweep
// interval all that are due and have no job, until ctx ends or a local engine has
// taken the store.
func (e *Engine) wakeInTime(ctx context.Context) error {
	failures := 0
	for ctx.Err() == nil {
		wait := e.set.sweep
		_, err := e.sweep(ctx)
		if errors.Is(err, orchestration.ErrOwned) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			failures++
			wait = min(wait, e.set.backoff(failures))
			e.set.logger.ErrorContext(ctx, "store can't be read", "error", err, "wait", wait)
		} else {
			failures = 0
		}
		e.sleep(ctx, time.Now().Add(wait))
	}
	return nil
}

// sleep waits until then, or until a record that is planned for later is due.
func (e *Engine) sleep(ctx context.Context, until time.Time) {
	pause(ctx, nil, spacing) // records that are due one after the other are woken together
	for ctx.Err() == nil {
		wait := time.Until(until)
		if planned := e.nextPlanned(); !planned.IsZero() {
			wait = min(wait, planned.Sub(e.set.clock()))
		}
		if wait <= 0 || !pause(ctx, e.nudge, wait) {
			return
		}
	}
}

// plan notes that a lane is due then, and has no job yet.
func (e *Engine) plan(due time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !due.IsZero() && (e.planned.IsZero() || due.Before(e.planned)) {
		e.planned = due
		e.look()
	}
}

// nextPlanned is when a lane is due that has no job yet, or one is no longer held
// back; zero if neither is known.
func (e *Engine) nextPlanned() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := e.planned
	for _, h := range e.heldBack {
		if next.IsZero() || h.until.Before(next) {
			next = h.until
		}
	}
	return next
}

// pause waits for d, for ctx or for a nudge, which it reports.
func pause(ctx context.Context, nudge <-chan struct{}, d time.Duration) (nudged bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-nudge:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

// wakeUntilIdle wakes what is due until nothing is.
func (e *Engine) wakeUntilIdle(ctx context.Context) error {
	for {
		open, err := e.sweep(ctx)
		if err != nil {
			return err
		}
		if open == 0 {
			return e.heldError()
		}
		pause(ctx, e.nudge, idlePoll)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// sweep makes the records of new schedules, inserts the jobs of due lanes, plans the
// next, and tells how many lanes are due or at work.
func (e *Engine) sweep(ctx context.Context) (open int, err error) {
	if err := e.handlers.StoreSchedules(ctx); err != nil {
		return 0, err
	}
	now := e.set.clock()
	e.mu.Lock()
	maps.DeleteFunc(e.heldBack, func(_ orchestration.Lane, h held) bool { return !h.until.After(now) })
	// Before looking: a turn that ends meanwhile may leave its lane due, and a
	// commit something for later.
	open, e.planned = e.running, time.Time{}
	e.mu.Unlock()
	lanes, next, err := e.dueLanes(ctx)
	if err != nil {
		return 0, err
	}
	e.plan(next)
	open += len(lanes)
	if lanes, err = e.store.unwoken(ctx, lanes); err != nil {
		return 0, err
	}
	for part := range slices.Chunk(lanes, maxWakes) {
		err := e.store.TxConn(ctx, func(_ orchestration.Tx, conn *sql.Conn) error { return e.store.wakeOn(ctx, conn, part) })
		if err != nil {
			return 0, err
		}
	}
	return open, nil
}

// dueLanes are the due lanes with a handler that are not held back. Those at work
// are among them: a worker may have had its last look before the time came.
func (e *Engine) dueLanes(ctx context.Context) (lanes []orchestration.Lane, next time.Time, err error) {
	now := e.set.clock()
	for limit := 1000; ; limit *= 2 {
		if lanes, next, err = e.store.Due(ctx, now, limit); err != nil {
			return nil, time.Time{}, fmt.Errorf("look for due lanes: %w", err)
		}
		if len(lanes) < limit {
			break
		}
	}
	return slices.DeleteFunc(lanes, func(lane orchestration.Lane) bool {
		return !e.handlers.Has(lane) || e.isHeldBack(lane)
	}), next, nil
}

// heldError is why a lane is held back, nil if none is.
func (e *Engine) heldError() error {
	now := e.set.clock()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.heldBack {
		if h.until.After(now) {
			return h.err
		}
	}
	return nil
}
