package cluster

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
)

// Store is the store of an example, and says which engine it is for.
type Store struct {
	orchestration.Store

	Shared *riverengine.Store // the same store, with --database
}

// Open opens the database that the flags name, or else what alone opens.
func (f Flags) Open(ctx context.Context, alone func() (orchestration.Store, error)) (*Store, error) {
	if f.Database == "" {
		s, err := alone()
		return &Store{Store: s}, err
	}
	shared, err := riverengine.Open(ctx, f.Database)
	if err != nil {
		return nil, err
	}
	return &Store{shared, shared}, nil
}

// EngineConfig is what an example's engine does otherwise than by default.
type EngineConfig struct {
	Clock   func() time.Time                // nil: time.Now
	Backoff func(attempt int) time.Duration // nil: orchestration.Backoff
	Say     func(string)                    // tells a person what takes long
}

// Engine is the store's engine: the local one, or with --database the one that
// works beside those of other processes.
func (s *Store) Engine(cfg EngineConfig) orchestration.Engine {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Backoff == nil {
		cfg.Backoff = orchestration.Backoff
	}
	if s.Shared == nil {
		return orchestration.NewLocal(s.Store, orchestration.WithClock(cfg.Clock), orchestration.WithBackoff(cfg.Backoff))
	}
	engine := riverengine.New(s.Shared, riverengine.WithClock(cfg.Clock), riverengine.WithBackoff(cfg.Backoff))
	return patient{counted{engine, new(atomic.Int64)}, cfg.Say}
}

// Limit is for the client of a real account: with --database the account's limit
// of n calls in any span of per, which all processes on the database share, in
// place of the client's own. Without a database the client's own is the better one.
func (s *Store) Limit(account string, n int, per time.Duration) []countersign.Option {
	if s.Shared == nil {
		return nil
	}
	return []countersign.Option{countersign.WithLimiter(s.Shared.NewLimiter(account, n, per))}
}

// Exclusive is Exclusive on the database; without one, nobody else is there.
func (s *Store) Exclusive(ctx context.Context, name string, say func(string), f func() error) error {
	if s.Shared == nil {
		return f()
	}
	return Exclusive(ctx, s.Shared, name, say, f)
}

// Tell writes to the standard error output.
func Tell(text string) { fmt.Fprintln(os.Stderr, text) }

// quiet is how long nothing may begin until a person is told why.
const quiet = 20 * time.Second

// patient is an engine that says why it waits.
type patient struct {
	counted

	say func(string)
}

// RunUntilIdle is Engine.RunUntilIdle, and tells a person when nothing happens for
// long.
func (e patient) RunUntilIdle(ctx context.Context) error {
	idle := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(quiet)
		defer tick.Stop()
		for last := e.turns.Load(); ; {
			select {
			case <-idle:
				return
			case <-tick.C:
			}
			if now := e.turns.Load(); now != last {
				last = now
				continue
			}
			e.say("waiting for what another process has in hand; if that was killed, it takes up to two minutes")
			return
		}
	})
	err := e.Engine.RunUntilIdle(ctx)
	close(idle)
	watching.Wait()
	return err
}
