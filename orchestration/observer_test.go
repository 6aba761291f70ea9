package orchestration_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
)

// observer remembers when it was told what, as time since its start.
type observer struct {
	start time.Time

	mu       sync.Mutex
	ended    []error
	waits    []time.Duration
	backlogs []time.Duration
}

func newObserver() *observer { return &observer{start: time.Now()} }

func (o *observer) TurnBegan(orchestration.Lane) {}

func (o *observer) TurnEnded(_ orchestration.Lane, _ time.Duration, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, err)
}

func (o *observer) RateLimited(_ string, waited time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waits = append(o.waits, waited)
}

func (o *observer) Backlog(string, orchestration.Stats) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.backlogs = append(o.backlogs, time.Since(o.start))
}

// runFor runs an engine for so long.
func runFor(t *testing.T, e orchestration.Engine, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	require.NoError(t, e.Run(ctx))
}

func nothing(context.Context, string) error { return nil }

func TestBacklogsAreToldInEachInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newObserver()
		e := orchestration.NewLocal(orchestration.NewMemory(), orchestration.WithObserver(o))
		e.Handle(things, nothing)
		runFor(t, e, 50*time.Second)
		require.Equal(t, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second}, o.backlogs)
	})
	synctest.Test(t, func(t *testing.T) {
		o := newObserver()
		e := orchestration.NewLocal(orchestration.NewMemory(), orchestration.WithObserver(o), orchestration.WithBacklogInterval(time.Minute))
		e.Handle(things, nothing)
		runFor(t, e, 90*time.Second)
		require.Equal(t, []time.Duration{0, time.Minute}, o.backlogs)
	})
}

// slow is a store whose transactions take long.
type slow struct {
	orchestration.Store
	wait time.Duration
}

func (s slow) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	time.Sleep(s.wait)
	return s.Store.Tx(ctx, fn)
}

func TestSlowCountsAreRare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newObserver()
		e := orchestration.NewLocal(slow{orchestration.NewMemory(), 3 * time.Second}, orchestration.WithObserver(o))
		e.Handle(things, nothing)
		runFor(t, e, 130*time.Second)
		require.Equal(t, []time.Duration{3 * time.Second, 66 * time.Second, 129 * time.Second}, o.backlogs)
	})
}

func TestBacklogsOfAStoreThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, s := newObserver(), &failing{Store: orchestration.NewMemory()}
		e := orchestration.NewLocal(s, orchestration.WithObserver(o))
		e.Handle(things, nothing)
		s.broken.Store(true)
		time.AfterFunc(40*time.Second, func() { s.broken.Store(false) })
		runFor(t, e, 50*time.Second)
		require.Equal(t, []time.Duration{45 * time.Second}, o.backlogs)
	})
}

func TestObserverIsToldOfTurnsCutOffAndStoresThatFail(t *testing.T) {
	t.Parallel()
	due := orchestration.Record{Table: things, Key: "a", Group: "g", State: "pending"}
	synctest.Test(t, func(t *testing.T) {
		o, s := newObserver(), orchestration.NewMemory()
		due.Due = time.Now()
		put(t, s, due)
		e := orchestration.NewLocal(s, orchestration.WithObserver(o))
		e.Handle(things, func(ctx context.Context, _ string) error { <-ctx.Done(); return nil })
		runFor(t, e, time.Second)
		require.Equal(t, []error{context.Canceled}, o.ended)
	})
	synctest.Test(t, func(t *testing.T) {
		o, s := newObserver(), &failing{Store: orchestration.NewMemory()}
		due.Due = time.Now()
		put(t, s, due)
		e := orchestration.NewLocal(s, orchestration.WithObserver(o))
		e.Handle(things, func(context.Context, string) error { s.broken.Store(true); return nil })
		require.Error(t, e.RunUntilIdle(t.Context()))
		require.Len(t, o.ended, 1)
		require.ErrorIs(t, o.ended[0], countersign.ErrUnavailable)
	})
}

func TestObserverIsToldOfWaitsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newObserver()
		l := orchestration.NewLocal(orchestration.NewMemory(), orchestration.WithObserver(o)).Limiter("account", 1, time.Second)
		require.NoError(t, l.Wait(t.Context()))
		require.Empty(t, o.waits)
		require.NoError(t, l.Wait(t.Context()))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second/4, func() { cancel(errors.New("impatient")) })
		require.ErrorIs(t, l.Wait(ctx), context.Canceled)
		require.Equal(t, []time.Duration{time.Second, time.Second / 4}, o.waits)
	})
	l := orchestration.NewLocal(orchestration.NewMemory()).Limiter("account", 1, time.Second)
	require.IsType(t, &rate.Limiter{}, l, "nobody is told, and nothing lies between")
}

// The latest may come first, and a record that is given up or planned waits for nobody.
func TestLagIsThatOfTheRecordDueLongest(t *testing.T) {
	t.Parallel()
	s, now := orchestration.NewMemory(), time.Now()
	for i, minutes := range []int{3, 1, 7, 5, -5, 9, 2} {
		put(t, s, orchestration.Record{Table: things, Key: string(rune('a' + i)), Due: now.Add(-time.Duration(minutes) * time.Minute)})
	}
	stats, err := orchestration.StatsOf(t.Context(), s, things, now)
	require.NoError(t, err)
	require.Equal(t, int64(6), stats.Due)
	require.InDelta(t, 9*time.Minute, stats.Lag, float64(time.Microsecond))
}
