package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
)

// Turns is an orchestration.Engine for tests of handlers: it shows whether one that
// is stopped between two items goes on there. It calls one handler at a time, in the
// goroutine of the test, and ends each turn after a number of questions.
type Turns struct {
	*orchestration.Handlers
	store     orchestration.Store
	clock     func() time.Time
	questions int64
}

var _ orchestration.Engine = (*Turns)(nil)

// NewTurns gives an engine on a store in whose turns orchestration.TurnOver answers
// that many times that the turn goes on, and then that it is over. A failed lane's
// records are put off by a minute.
func NewTurns(store orchestration.Store, clock func() time.Time, questions int) *Turns {
	return &Turns{
		Handlers: orchestration.NewHandlers(store, orchestration.HandlersConfig{
			Clock: clock, Backoff: func(int) time.Duration { return time.Minute },
			Logger: slog.New(slog.DiscardHandler),
			Limiter: func(account string, _ int, _ time.Duration) countersign.Limiter {
				return orchestration.NewLimiter(account, 0, 0)
			},
		}),
		store: store, clock: clock, questions: int64(questions),
	}
}

// shortTurn is over after a number of questions.
type shortTurn struct {
	context.Context //nolint:containedctx // it is one
	left            atomic.Int64
}

func (t *shortTurn) Err() error {
	if t.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// Turn gives each lane that is due one turn, and tells how many there were.
func (e *Turns) Turn(ctx context.Context) (n int, err error) {
	if err := errors.Join(e.Misuse(), e.StoreSchedules(ctx)); err != nil {
		return 0, err
	}
	lanes, _, err := e.store.Due(ctx, e.clock(), 1<<20)
	for _, lane := range lanes {
		if !e.Has(lane) {
			continue
		}
		until := &shortTurn{Context: ctx}
		until.left.Store(e.questions)
		if err := e.Handlers.Turn(orchestration.WithTurn(ctx, until), lane); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

// manyTurns is more than any test needs.
const manyTurns = 20_000

// RunUntilIdle gives the due lanes their turns until none is due. Work that does not
// get on is an error.
func (e *Turns) RunUntilIdle(ctx context.Context) error {
	for total := 0; total < manyTurns; {
		n, err := e.Turn(ctx)
		if err != nil || n == 0 || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		total += n
	}
	return fmt.Errorf("storetest: lanes are still due after %d turns", manyTurns)
}

// Run is RunUntilIdle: a test has no time to wait for.
func (e *Turns) Run(ctx context.Context) error { return e.RunUntilIdle(ctx) }
