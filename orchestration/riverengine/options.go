package riverengine

import (
	"context"
	"log/slog"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// The times of a job. River takes a job for stuck after rescueAfter and looks
// every 30 seconds, so a process that dies holds its lanes for less than two
// minutes.
const (
	turnTime     = 30 * time.Second // after this a handler takes no new record
	jobTimeout   = 60 * time.Second // after this its context ends
	rescueAfter  = 75 * time.Second
	shareTime    = time.Second     // after this a lane that is still due queues up again
	clockSkew    = 2 * time.Second // how far the processes' clocks may be apart
	finishTime   = 10 * time.Second
	jobsKept     = time.Hour // jobs that are over, for people who look
	spacing      = 100 * time.Millisecond
	idlePoll     = 50 * time.Millisecond
	fetchPoll    = 500 * time.Millisecond
	stopOverhead = 5 * time.Second // for the queue to write down what is over
)

// fetchCooldown bounds how often a process asks for jobs: with 8 workers some
// hundred jobs a second.
const fetchCooldown = 10 * time.Millisecond

type settings struct {
	clock   func() time.Time
	workers int
	backoff func(attempt int) time.Duration
	logger  *slog.Logger
	grace   time.Duration
	sweep   time.Duration

	jobTimeout time.Duration
}

// Option changes one setting of an Engine.
type Option func(*settings)

func defaults() settings {
	return settings{
		clock: time.Now, workers: 8, backoff: orchestration.Backoff, logger: slog.New(slog.DiscardHandler),
		grace: 10 * time.Second, sweep: 10 * time.Second, jobTimeout: jobTimeout,
	}
}

// WithClock replaces time.Now for what is due. With a clock that the program
// itself moves use RunUntilIdle.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.clock = now } }

// WithWorkers sets how many lanes this process works on at the same time; the
// default is 8.
func WithWorkers(n int) Option { return func(s *settings) { s.workers = max(n, 1) } }

// WithBackoff sets how long the due records of a lane are put off after their
// attempt-th failure (1, 2, …); the default is orchestration.Backoff.
func WithBackoff(wait func(attempt int) time.Duration) Option {
	return func(s *settings) { s.backoff = wait }
}

// WithLogger logs failed lanes, and what River warns of; the default is silent.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// WithGrace sets how long Run lets handlers finish after its context ended,
// before it cancels theirs; the default is 10 s.
func WithGrace(d time.Duration) Option { return func(s *settings) { s.grace = d } }

// WithSweep sets how long it takes at most until an engine looks for lanes that
// are due without a job, which a process that died or a restored backup leaves
// behind; the default is 10 s.
func WithSweep(d time.Duration) Option { return func(s *settings) { s.sweep = d } }

// warnings passes on what River warns of. Else it would count jobs in the
// program's log every five seconds.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
