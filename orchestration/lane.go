package orchestration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// findings is what one look at the store found.
type findings struct {
	busy bool      // a handler was at work or was started; when it ends, it nudges
	next time.Time // when to look again; zero: when nudged
	held error     // why a due lane is held back, nil if none is
}

// look starts a worker for each due lane that has a handler and none at work,
// as long as workers are free.
func (l *Local) look(ctx, work context.Context, workers *sync.WaitGroup) (findings, error) {
	if err := l.storeSchedules(ctx); err != nil {
		return findings{}, err
	}
	now := l.set.clock()
	l.mu.Lock()
	// Counted before looking: a handler that ends meanwhile may have left its
	// lane due after the look went past it.
	atWork := len(l.running)
	limit := max(fairness, l.set.workers+atWork+len(l.heldBack))
	l.mu.Unlock()
	free := l.set.workers - atWork
	started := 0
	var next time.Time
	for free > 0 {
		lanes, following, err := l.store.Due(ctx, now, limit)
		if err != nil {
			return findings{}, fmt.Errorf("look for due lanes: %w", err)
		}
		next = following
		n := l.start(ctx, work, workers, lanes, now)
		free -= n
		started += n
		if len(lanes) < limit {
			break
		}
		limit *= 2 // lanes that can't be started must not hide those that can
	}
	f := l.whenAgain(next, now)
	f.busy = atWork+started > 0
	return f, nil
}

// whenAgain is the time of the next look. A lane that is held back is looked at again
// in time, and one whose time has come is no longer held back.
func (l *Local) whenAgain(next, now time.Time) findings {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := findings{next: next}
	for lane, until := range l.heldBack {
		if !until.After(now) {
			delete(l.heldBack, lane)
			until = now
		}
		f.held = l.lastErr
		if f.next.IsZero() || until.Before(f.next) {
			f.next = until
		}
	}
	return f
}

// start starts workers for those lanes that can run, as long as workers are
// free, and tells how many.
func (l *Local) start(ctx, work context.Context, workers *sync.WaitGroup, lanes []Lane, now time.Time) (started int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(lanes, func(a, b Lane) int { return cmp.Compare(l.served[a], l.served[b]) })
	for _, lane := range lanes {
		if len(l.running) >= l.set.workers {
			break
		}
		h := l.handler(lane)
		if h == nil {
			if !l.ignored[lane.Table] {
				l.ignored[lane.Table] = true
				l.set.logger.WarnContext(ctx, "records are due that no handler is set for", "table", lane.Table, "group", lane.Group)
			}
			continue
		}
		if l.running[lane] || l.heldBack[lane].After(now) {
			continue
		}
		l.running[lane] = true
		l.serve(lane)
		started++
		workers.Go(func() {
			// The nudge comes after the lane is free: what came in during the
			// handler's last look is found by the next.
			defer l.wake()
			defer l.finished(lane)
			l.work(work, lane, h)
		})
	}
	return started
}

// fairness is how many due lanes are looked at at least, so that those that were
// not served lately are among them.
const fairness = 64

// serve remembers when a lane had its turn: a lane that is always due, with work
// older than anybody's, must not keep others waiting. The lock is held.
func (l *Local) serve(lane Lane) {
	if len(l.served) > 16*fairness {
		clear(l.served)
	}
	l.turns++
	l.served[lane] = l.turns
}

// handler is the lane's handler, nil if it has none. The lock is held.
func (l *Local) handler(lane Lane) Handler {
	if lane.Table != ScheduleTable {
		return l.handlers[lane.Table]
	}
	if _, ok := l.schedules[lane.Group]; ok {
		return l.runSchedule
	}
	return nil
}

func (l *Local) finished(lane Lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.running, lane)
}

// errNoProgress is a handler's failure to move the record that it was called for.
var errNoProgress = errors.New("the handler returned and left its first due record as it was")

// work calls the handler of a lane once, and defers the lane's due records when
// it failed. A lane that can't even be deferred is held back, so that nothing
// spins.
func (l *Local) work(ctx context.Context, lane Lane, h Handler) {
	now := l.set.clock()
	before, err := l.firstDue(ctx, lane, now)
	if err == nil {
		if before == nil {
			return
		}
		cause := l.call(ctx, lane, h)
		if cause == nil {
			var after *Record
			after, err = l.firstDue(ctx, lane, now)
			if after != nil && after.Key == before.Key && after.Version == before.Version {
				cause = errNoProgress
			}
		}
		if cause != nil && ctx.Err() == nil {
			l.set.logger.WarnContext(ctx, "lane failed", "table", lane.Table, "group", lane.Group, "error", cause)
			err = l.deferLane(ctx, lane, cause)
		}
	}
	if err != nil && ctx.Err() == nil {
		l.holdBack(ctx, lane, err)
	}
}

func (l *Local) call(ctx context.Context, lane Lane, h Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.set.logger.ErrorContext(ctx, "handler panicked", "table", lane.Table, "group", lane.Group, "stack", string(debug.Stack()))
			err = fmt.Errorf("handler panicked: %v", p)
		}
	}()
	return h(ctx, lane.Group)
}

func (l *Local) holdBack(ctx context.Context, lane Lane, err error) {
	wait := max(l.set.backoff(1), time.Microsecond)
	l.set.logger.ErrorContext(ctx, "lane is held back", "table", lane.Table, "group", lane.Group, "error", err, "wait", wait)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heldBack[lane] = l.set.clock().Add(wait)
	l.lastErr = err
}

// firstDue is the first due record of a lane in Seq order, nil if none is due.
func (l *Local) firstDue(ctx context.Context, lane Lane, now time.Time) (*Record, error) {
	limit := 1
	if lane.Group == "" {
		limit = pageSize // the query also finds the records of named groups
	}
	for rec, err := range Records(ctx, l.store, Query{Table: lane.Table, Group: lane.Group, DueBy: now, Limit: limit}) {
		if err != nil {
			return nil, fmt.Errorf("look for the first due record: %w", err)
		}
		if rec.Group == lane.Group {
			return &rec, nil
		}
	}
	return nil, nil //nolint:nilnil // no record is an answer
}

// deferLane puts off all due records of a lane. A record that is being sent
// keeps its attempt, because the attempt names what was sent.
func (l *Local) deferLane(ctx context.Context, lane Lane, cause error) error {
	now := l.set.clock()
	q := Query{Table: lane.Table, Group: lane.Group, DueBy: now, Limit: pageSize}
	for {
		var recs []Record
		err := l.store.Tx(ctx, func(tx Tx) (err error) {
			if recs, err = tx.List(ctx, q); err != nil {
				return err
			}
			for _, rec := range recs {
				if rec.Group != lane.Group {
					continue
				}
				l.deferRecord(&rec, cause, now)
				if err := tx.Update(ctx, rec); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("defer the due records: %w", err)
		}
		if len(recs) < q.Limit {
			return nil
		}
		q.AfterSeq = recs[len(recs)-1].Seq
	}
}

func (l *Local) deferRecord(rec *Record, cause error, now time.Time) {
	wait := l.set.backoff(rec.Attempt + 1)
	if rec.State != StateSending {
		rec.Attempt++
	}
	rec.LastError, rec.Updated = ErrorText(cause), now
	// It must not be due again at once, whatever the backoff says.
	rec.Due = now.Add(max(wait, time.Microsecond))
}
