package orchestration

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/countersign/countersign"
)

// Local is the Engine for one process: it takes the store's exclusive hold
// while it runs, starts a handler for each lane that is due, several lanes side
// by side, and sleeps until the next record is due. Commits of this process
// nudge it; what others write it finds when it looks, at least once in the
// sweep interval. Make it with NewLocal.
type Local struct {
	store Store
	set   localSettings
	nudge chan struct{} // holds one: look again

	handlers *Handlers

	mu       sync.Mutex
	running  map[Lane]bool
	heldBack map[Lane]time.Time // lanes whose records could not be deferred: not before then
	served   map[Lane]int64     // which turn a lane had last; none: not lately
	turns    int64
	ignored  map[string]bool // tables with due records and without a handler, logged once
	lastErr  error           // of the last lane that was held back
}

type localSettings struct {
	clock   func() time.Time
	workers int
	backoff func(attempt int) time.Duration
	logger  *slog.Logger
	grace   time.Duration
	sweep   time.Duration
	limiter func(account string, n int, per time.Duration) countersign.Limiter
}

// LocalOption changes one setting of a Local engine.
type LocalOption func(*localSettings)

// WithClock replaces time.Now. With a clock that the program itself moves use
// RunUntilIdle: Run sleeps in real time.
func WithClock(now func() time.Time) LocalOption {
	return func(s *localSettings) { s.clock = now }
}

// WithWorkers sets how many lanes are worked on at the same time; the default
// is 8.
func WithWorkers(n int) LocalOption {
	return func(s *localSettings) { s.workers = max(n, 1) }
}

// WithBackoff sets how long the due records of a lane are put off after their
// attempt-th failure (1, 2, …); the default is Backoff.
func WithBackoff(wait func(attempt int) time.Duration) LocalOption {
	return func(s *localSettings) { s.backoff = wait }
}

// WithLogger logs failed lanes; the default is silent.
func WithLogger(l *slog.Logger) LocalOption {
	return func(s *localSettings) { s.logger = l }
}

// WithGrace sets how long Run lets handlers finish after its context ended,
// before it cancels theirs; the default is 10 s.
func WithGrace(d time.Duration) LocalOption {
	return func(s *localSettings) { s.grace = d }
}

// WithSweep sets how long Run sleeps at most before it looks for due records;
// the default is a minute.
func WithSweep(d time.Duration) LocalOption {
	return func(s *localSettings) { s.sweep = d }
}

// WithLimiters replaces how limiters are made, for example by ones that several
// processes share. It is called once for each account.
func WithLimiters(make func(account string, n int, per time.Duration) countersign.Limiter) LocalOption {
	return func(s *localSettings) { s.limiter = make }
}

// Backoff is 1 s after the first failure and doubles with each more, up to an
// hour.
func Backoff(attempt int) time.Duration {
	const longest = time.Hour
	if attempt > 12 {
		return longest
	}
	return min(time.Second<<max(attempt-1, 0), longest)
}

// NewLocal makes an engine on a store. It does nothing until Run or
// RunUntilIdle.
func NewLocal(store Store, opts ...LocalOption) *Local {
	l := &Local{
		store: store,
		set: localSettings{
			clock: time.Now, workers: 8, backoff: Backoff, logger: slog.New(slog.DiscardHandler),
			grace: 10 * time.Second, sweep: time.Minute, limiter: NewLimiter,
		},
		nudge:    make(chan struct{}, 1),
		running:  map[Lane]bool{},
		heldBack: map[Lane]time.Time{},
		ignored:  map[string]bool{},
		served:   map[Lane]int64{},
	}
	for _, o := range opts {
		o(&l.set)
	}
	l.handlers = NewHandlers(store, HandlersConfig{
		Clock: l.set.clock, Backoff: l.set.backoff, Logger: l.set.logger, Limiter: l.set.limiter, Changed: l.wake,
	})
	store.OnDue(func([]Lane) { l.wake() })
	return l
}

// wake makes the engine look again. It never blocks; many nudges are one.
func (l *Local) wake() {
	select {
	case l.nudge <- struct{}{}:
	default:
	}
}

// Handle sets the handler of a table's lanes. A table has one handler: a second
// one makes Run fail.
func (l *Local) Handle(table string, h Handler) { l.handlers.Handle(table, h) }

// Every calls h at the times that next gives, each computed from the time at
// which the run before it ended; a zero time ends the schedule. The name is the
// schedule's identity in the store: after a pause of the program, however many
// runs it missed, h is called once, at once. A failed run is repeated with
// backoff. A name has one schedule: a second one makes Run fail.
func (l *Local) Every(name string, next func(time.Time) time.Time, h func(context.Context) error) {
	l.handlers.Every(name, next, h)
}

// Limiter is the account's limiter, shared by all who name the account on this
// engine: the first call decides its rate.
func (l *Local) Limiter(account string, n int, per time.Duration) countersign.Limiter {
	return l.handlers.Limiter(account, n, per)
}

// NewLimiter lets at most n calls through in any span of per: short bursts of
// a tenth of them, the rest evenly. It is made for one process; account is not
// used. A rate that is not positive is no limit.
func NewLimiter(_ string, n int, per time.Duration) countersign.Limiter {
	if n <= 0 || per <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	// A full burst and what is refilled during the span must not exceed n.
	burst := 1 + n/10
	return rate.NewLimiter(rate.Limit(float64(n-n/10)/per.Seconds()), burst)
}

// Run works until ctx ends. Then it starts nothing more, gives the handlers the
// grace period, cancels their context and returns nil when they have returned.
// Its error is a mistake in the engine's use, or ErrOwned, also when the store's
// hold was lost later, with the database's connection, and another engine took it.
func (l *Local) Run(ctx context.Context) error { return l.run(ctx, false) }

// RunUntilIdle works until nothing is due and returns. A handler's failure is
// no error of its own: it lies in the records' LastError. Its error is that of
// a store that fails, of ctx, a mistake in the engine's use, or ErrOwned.
func (l *Local) RunUntilIdle(ctx context.Context) error { return l.run(ctx, true) }

func (l *Local) run(ctx context.Context, untilIdle bool) error {
	if err := l.handlers.Misuse(); err != nil {
		return err
	}
	release, err := l.store.Own(ctx)
	if err != nil {
		return err
	}
	defer release()
	// Handlers outlive ctx by the grace period.
	work, cancel := context.WithCancel(WithTurn(context.WithoutCancel(ctx), ctx))
	defer cancel()
	var workers sync.WaitGroup
	if untilIdle {
		err = l.untilIdle(ctx, work, &workers)
	} else {
		err = l.forever(ctx, work, &workers)
	}
	l.stop(cancel, &workers)
	return err
}

// stop waits for the workers, and cancels them after the grace period.
func (l *Local) stop(cancel context.CancelFunc, workers *sync.WaitGroup) {
	timer := time.AfterFunc(l.set.grace, cancel)
	defer timer.Stop()
	workers.Wait()
}

func (l *Local) forever(ctx, work context.Context, workers *sync.WaitGroup) error {
	failures := 0
	for ctx.Err() == nil {
		found, err := l.look(ctx, work, workers)
		wait := l.set.sweep
		switch {
		case errors.Is(err, ErrOwned):
			return err
		case err != nil && ctx.Err() == nil:
			failures++
			wait = min(wait, l.set.backoff(failures))
			l.set.logger.ErrorContext(ctx, "store can't be read", "error", err, "wait", wait)
		case !found.next.IsZero():
			failures = 0
			// The store keeps microseconds: what is due in less is due in one.
			wait = min(wait, max(found.next.Sub(l.set.clock()), time.Microsecond))
		default:
			failures = 0
		}
		l.sleep(ctx, wait)
	}
	return nil
}

func (l *Local) sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-l.nudge:
	}
}

func (l *Local) untilIdle(ctx, work context.Context, workers *sync.WaitGroup) error {
	for {
		found, err := l.look(ctx, work, workers)
		if err != nil {
			return err
		}
		if !found.busy {
			return found.held
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.nudge:
		}
	}
}
