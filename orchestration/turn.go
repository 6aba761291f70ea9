package orchestration

import "context"

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
// turn has no end.
func TurnOver(ctx context.Context) bool {
	until, ok := ctx.Value(turnKey{}).(context.Context)
	return ok && until.Err() != nil
}
