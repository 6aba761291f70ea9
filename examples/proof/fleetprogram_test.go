package proof

import (
	"context"
	"errors"
	"net/http"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// openDatabase opens the records in a PostgreSQL database that several processes
// share, and makes the engine on them.
func openDatabase(ctx context.Context, dsn string) (*sqlstore.Store, orchestration.Engine, error) {
	store, err := riverengine.Open(ctx, dsn)
	if err != nil {
		return nil, nil, err
	}
	return store.Store, &noting{Engine: riverengine.New(store, riverengine.WithBackoff(shortly), riverengine.WithSweep(time.Second))}, nil
}

// noting is an engine that notes whether a handler was ever called.
type noting struct {
	*riverengine.Engine
	worked atomic.Bool
}

// Handle sets the handler of a table.
func (e *noting) Handle(table string, h orchestration.Handler) {
	e.Engine.Handle(table, func(ctx context.Context, group string) error {
		e.worked.Store(true)
		return h(ctx, group)
	})
}

// serveFleet is the program under test: one of several processes that work on the
// same links and take messages, until it is killed or told to end.
func serveFleet(ctx context.Context, j job) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	for {
		worked, err := serveOnce(ctx, j)
		switch {
		case err == nil, ctx.Err() != nil && !worked:
			return nil
		case worked:
			return err
		}
		// A program that can't reach its database at the start ends. Whoever looks
		// after it starts it again; one that has begun to work rides it out.
		<-time.After(50 * time.Millisecond)
	}
}

func serveOnce(ctx context.Context, j job) (worked bool, err error) {
	p, err := open(ctx, j)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	envelopes, err := newEnvelopes(j.Envelopes, p.store, p.engine)
	if err != nil {
		return false, err
	}
	l, err := j.listen(ctx)
	if err != nil {
		return false, err
	}
	server := &http.Server{Handler: envelopes.handler(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	err = p.run(ctx)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(ending))
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return p.engine.(*noting).worked.Load(), err
}
