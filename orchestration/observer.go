package orchestration

import (
	"context"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/countersign/countersign"
)

// Observer is told what an engine does, for metrics. Each process tells of its own
// turns and waits: their sum is what all do. A backlog is the store's, and every
// process that works on a table tells the same: take the greatest, not the sum.
//
// Tables, schedules and accounts are few and make good labels. Groups are not:
// most flows have one for each contract or contact, and only in ScheduleTable
// they are bounded, since there the group is the schedule's name.
//
// The methods are called on the engine's way: they must be fast, do no I/O and be
// safe for concurrent use. A panic of theirs is logged and changes nothing else.
type Observer interface {
	// TurnBegan says that a lane's handler is about to be called. TurnEnded follows
	// in any case, unless the process dies.
	TurnBegan(lane Lane)
	// TurnEnded says how long the turn took by the engine's clock, and how it failed:
	// the handler's error or panic, or that it left its first record as it was, or
	// that the store did not answer; the context's error where it was cut off. Nil is
	// success: in the table of a flow its handler did what it could and left no
	// failure but those that it wrote into records itself, in ScheduleTable the
	// schedule ran.
	TurnEnded(lane Lane, took time.Duration, err error)
	// RateLimited says how long a call waited for the limit of an account of
	// Engine.Limiter, also when it gave up waiting. Less than 10 ms is no wait: it is
	// what asking takes where several processes share the limit.
	RateLimited(account string, waited time.Duration)
	// Backlog says how a table that has a handler stands: what is due in it, and how
	// many records are in each of the states that mean the same in every flow. Those
	// that are done are not counted, because they grow without end. It is told when
	// the engine starts, once in an interval, and at the end of RunUntilIdle.
	Backlog(table string, stats Stats)
}

// noticeable is the shortest wait for a limiter that an observer is told.
const noticeable = 10 * time.Millisecond

// defaultBacklogInterval is how often backlogs are counted: as often as metrics are
// commonly collected.
const defaultBacklogInterval = 15 * time.Second

// WithObserver tells o what the engine does. The default, nil, is nobody, which
// costs nothing.
func WithObserver(o Observer) LocalOption {
	return func(s *localSettings) { s.observer = o }
}

// WithBacklogInterval sets how often the observer is told the backlogs, which the
// engine then counts in the store, beside its work; the default is 15 s. Counting
// that takes longer than a twentieth of the interval is done less often.
func WithBacklogInterval(d time.Duration) LocalOption {
	return func(s *localSettings) { s.backlogInterval = d }
}

// tell calls f with the observer, if there is one.
func (h *Handlers) tell(f func(Observer)) {
	if h.set.Observer == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			h.set.Logger.Error("observer panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	f(h.set.Observer)
}

// observed gives a limiter that tells the observer of waits.
func (h *Handlers) observed(account string, l countersign.Limiter) countersign.Limiter {
	if h.set.Observer == nil {
		return l
	}
	return &observedLimiter{limiter: l, account: account, handlers: h}
}

type observedLimiter struct {
	limiter  countersign.Limiter
	account  string
	handlers *Handlers
}

// Wait waits in real time, as limiters do, whatever the engine's clock says.
func (l *observedLimiter) Wait(ctx context.Context) error {
	began := time.Now()
	err := l.limiter.Wait(ctx)
	if waited := time.Since(began); waited >= noticeable {
		l.handlers.tell(func(o Observer) { o.RateLimited(l.account, waited) })
	}
	return err
}

// WatchBacklogs tells the observer the backlogs, at once and in each interval,
// beside the engine's work, until ctx ends or stop is called. Stop waits for it,
// and tells them once more unless ctx has ended: an engine calls it when its
// handlers have returned. What can't be counted is logged, and told the next time.
func (h *Handlers) WatchBacklogs(ctx context.Context) (stop func()) {
	if h.set.Observer == nil {
		return func() {}
	}
	watching, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		for watching.Err() == nil {
			began := time.Now()
			h.tellBacklogs(watching)
			sleepFor(watching, max(h.set.BacklogInterval, backlogShare*time.Since(began)))
		}
	})
	return func() {
		cancel()
		watch.Wait()
		h.tellBacklogs(ctx)
	}
}

// backlogShare bounds counting to one part in so many of the time.
const backlogShare = 20

func sleepFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

var backlogStates = []string{StatePending, StateSending, StateUncertain, StateDead}

// tellBacklogs counts the tables that have a handler.
func (h *Handlers) tellBacklogs(ctx context.Context) {
	var tables []string
	for _, lane := range h.Lanes() {
		tables = append(tables, lane.Table)
	}
	for _, table := range slices.Compact(tables) {
		stats, err := statsOf(ctx, h.store, table, backlogStates, h.set.Clock())
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			h.set.Logger.WarnContext(ctx, "backlog can't be counted", "table", table, "error", err)
			continue
		}
		h.tell(func(o Observer) { o.Backlog(table, stats) })
	}
}
