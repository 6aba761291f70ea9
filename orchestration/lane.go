package orchestration

import (
	"cmp"
	"context"
	"fmt"
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
	if err := l.handlers.StoreSchedules(ctx); err != nil {
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
		if !l.handlers.Has(lane) {
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
			l.work(work, lane)
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

func (l *Local) finished(lane Lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.running, lane)
}

// work gives a lane its turn. A lane that can't even be deferred is held back, so
// that nothing spins.
func (l *Local) work(ctx context.Context, lane Lane) {
	if err := l.handlers.Turn(ctx, lane); err != nil {
		l.holdBack(ctx, lane, err)
	}
}

func (l *Local) holdBack(ctx context.Context, lane Lane, err error) {
	wait := max(l.set.backoff(1), time.Microsecond)
	l.set.logger.ErrorContext(ctx, "lane is held back", "table", lane.Table, "group", lane.Group, "error", err, "wait", wait)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heldBack[lane] = l.set.clock().Add(wait)
	l.lastErr = err
}
