package riverengine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
)

// Engine is the orchestration.Engine whose work several processes share: each has
// its own, on its own Store of the same database, and a lane has one handler at a
// time among all of them. Set handlers and schedules before Run. Processes may
// have different ones: each works on the lanes that it has handlers for. Make it
// with New; it is safe for concurrent use.
type Engine struct {
	store    *Store
	set      settings
	handlers *orchestration.Handlers
	nudge    chan struct{} // holds one: look again

	mu       sync.Mutex
	running  int // turns that are under way
	heldBack map[orchestration.Lane]held
	planned  time.Time // when a lane that has no job yet is due; zero: none is known
}

// held is a lane that the store could not be asked about: it is left alone for a
// while.
type held struct {
	until time.Time
	err   error
}

var _ orchestration.Engine = (*Engine)(nil)

// New makes an engine on a store. It does nothing until Run or RunUntilIdle.
func New(store *Store, opts ...Option) *Engine {
	e := &Engine{
		store: store, set: defaults(), nudge: make(chan struct{}, 1),
		heldBack: map[orchestration.Lane]held{},
	}
	for _, o := range opts {
		o(&e.set)
	}
	e.handlers = orchestration.NewHandlers(store, orchestration.HandlersConfig{
		Clock: e.set.clock, Backoff: e.set.backoff, Logger: e.set.logger, Limiter: store.NewLimiter,
	})
	store.onLater(e.plan)
	return e
}

// look makes the engine look at the store again. It never blocks.
func (e *Engine) look() {
	select {
	case e.nudge <- struct{}{}:
	default:
	}
}

// Handle sets the handler of a table's lanes. A table has one handler: a second
// one makes Run fail.
func (e *Engine) Handle(table string, h orchestration.Handler) { e.handlers.Handle(table, h) }

// Every calls h at the times that next gives, each computed from the time at
// which the run before it ended, in one of the processes that set the schedule; a
// zero time ends it. The name is the schedule's identity in the store: after a
// pause of all programs, however many runs were missed, h is called once, at
// once. A failed run is repeated with backoff. A name has one schedule in a
// process: a second one makes Run fail.
func (e *Engine) Every(name string, next func(time.Time) time.Time, h func(context.Context) error) {
	e.handlers.Every(name, next, h)
}

// Limiter is the account's limiter, see Store.NewLimiter: all processes share it.
// The first call of the process decides its rate.
func (e *Engine) Limiter(account string, n int, per time.Duration) countersign.Limiter {
	return e.handlers.Limiter(account, n, per)
}

// Run works until ctx ends. Then it takes no more jobs, handlers are told that
// their turn is over and have the grace period, after which their context ends.
// What they leave goes to other processes. It returns nil when they have
// returned, at the latest five seconds after the grace period with an error that
// says they have not. Else its error is a mistake in the engine's use, that of a
// database that can't be reached at the start, or ErrOwned while a local engine
// holds the store: at the start, or later, when the hold was lost with its
// connection. Run outlives a restart of the database.
func (e *Engine) Run(ctx context.Context) error {
	return e.run(ctx, e.wakeInTime)
}

// RunUntilIdle works until nothing is due that this engine has a handler for, and
// returns; other processes may share the work. A handler's failure is no error of
// its own: it lies in the records' LastError. Its error is that of a store that
// fails, of ctx, or one of Run's.
func (e *Engine) RunUntilIdle(ctx context.Context) error {
	return e.run(ctx, e.wakeUntilIdle)
}

// run starts this process's workers, has wake look after them, and stops them.
func (e *Engine) run(ctx context.Context, wake func(context.Context) error) error {
	if err := e.handlers.Misuse(); err != nil {
		return err
	}
	release, err := e.store.Share(ctx)
	if err != nil {
		return err
	}
	defer release()
	if len(e.handlers.Lanes()) == 0 {
		return wake(ctx) // a process that only writes has nothing to take
	}
	turns, over := context.WithCancel(ctx)
	defer over()
	client, err := e.client(turns)
	if err != nil {
		return fmt.Errorf("riverengine: set up the queue: %w", err)
	}
	// River's stop is asked for below; the end of ctx would cancel the handlers.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("riverengine: start the queue: %w", err)
	}
	err = wake(ctx)
	over()
	if stopErr := e.stop(ctx, client); err == nil {
		err = stopErr
	}
	return err
}

func (e *Engine) stop(ctx context.Context, client *river.Client[pgx.Tx]) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.set.grace+stopOverhead)
	defer cancel()
	if err := client.Stop(ctx); err != nil {
		return fmt.Errorf("riverengine: handlers still run after the grace period: %w", err)
	}
	return nil
}

// client is River's client of one run. Its workers have their turns until turns
// ends.
func (e *Engine) client(turns context.Context) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	for _, lane := range e.handlers.Lanes() {
		river.AddWorkerArgs(workers, wake{lane.Table, lane.Group}, &worker{e: e, turns: turns})
	}
	return river.NewClient(e.store.driver, &river.Config{
		Queues:              map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: e.set.workers}},
		Workers:             workers,
		Logger:              slog.New(warnings{e.set.logger.Handler()}),
		FetchOnlyKnownKinds: true,
		FetchCooldown:       fetchCooldown, FetchPollInterval: fetchPoll,
		JobTimeout: e.set.jobTimeout, RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:             max(e.set.grace, time.Nanosecond),
		CompletedJobRetentionPeriod: jobsKept, DiscardedJobRetentionPeriod: jobsKept, CancelledJobRetentionPeriod: jobsKept,
	})
}
