package orchestration

import (
	"context"
	"errors"
)

type turnKey struct{}

// WithTurn gives a handler's context the end of its turn: when until ends,
// TurnOver reports it. It is for engines.
func WithTurn(ctx context.Context, until context.Context) context.Context {
	return context.WithValue(ctx, turnKey{}, until)
}

// TurnOver reports that the engine wants the lane back, because it stops or
// because others wait. A handler asks between two records and then takes no new
// one: it returns nil, and what is still due comes again. Unlike the end of ctx,
// it leaves the handler the time to finish what it has begun. Without an engine a
// turn has no end. A schedule has no record of its own to leave due: it returns
// ErrTurnOver.
func TurnOver(ctx context.Context) bool {
	until, ok := ctx.Value(turnKey{}).(context.Context)
	return ok && until.Err() != nil
}

// ErrTurnOver is what a handler or a schedule returns that could not finish because
// its turn was over: its records or the schedule stay due as they are, and it is
// called again in another turn. It is no failure, and hides one that it is joined
// with: where something failed, return that alone. What it did until then it must
// have written down, so that it goes on and does not begin again.
var ErrTurnOver = errors.New("the turn was over before the work was done")
