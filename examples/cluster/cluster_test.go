package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/countersign/countersign/orchestration/riverengine"
	"github.com/stretchr/testify/require"
)

// engine is an engine whose work is the test's.
type engine struct {
	orchestration.Engine

	handle  orchestration.Handler
	running chan struct{} // hears when Run begins
	idle    func(context.Context) error
}

func (e *engine) Handle(_ string, h orchestration.Handler) { e.handle = h }

func (e *engine) Run(ctx context.Context) error {
	if e.handle != nil {
		_ = e.handle(ctx, "")
	}
	e.running <- struct{}{}
	<-ctx.Done()
	return nil
}

func (e *engine) RunUntilIdle(ctx context.Context) error { return e.idle(ctx) }

func (e *engine) Limiter(string, int, time.Duration) countersign.Limiter { return nil }

func silent(string) {}

// stores opens a database for several processes.
func stores(t *testing.T, n int) (out []*riverengine.Store) {
	t.Helper()
	dsn := newSchema(t)
	for range n {
		s, err := riverengine.Open(t.Context(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		out = append(out, s)
	}
	return out
}

type account struct{ URL string }

// open gives a host that admits guests, and a guest of it.
func open(t *testing.T) (*Host, *Guest) {
	t.Helper()
	s := stores(t, 2)
	h, none, err := Join(t.Context(), s[0], "test", silent)
	require.NoError(t, err)
	require.Nil(t, none)
	require.NoError(t, h.Admit(t.Context(), account{"http://127.0.0.1:1"}))
	nobody, g, err := Join(t.Context(), s[1], "test", silent)
	require.NoError(t, err)
	require.Nil(t, nobody)
	t.Cleanup(g.Close)
	return h, g
}

// ended is how a guest's work ended.
type ended struct {
	lines []string
	err   error
}

// work lets a guest work, and returns when the host knows.
func work(t *testing.T, h *Host, g *Guest, e orchestration.Engine) <-chan ended {
	t.Helper()
	out := make(chan ended, 1)
	go func() {
		lines, err := g.Work(t.Context(), e)
		g.Close()
		out <- ended{lines, err}
	}()
	require.Eventually(t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.guests > 0
	}, time.Minute, time.Millisecond)
	return out
}

// A guest works while the host's engine does, by the host's time, and ends with
// the host's words.
func TestGuestWorksWhenTheHostDoes(t *testing.T) {
	t.Parallel()
	h, g := open(t)
	var a account
	require.NoError(t, g.Account(&a))
	require.Equal(t, "http://127.0.0.1:1", a.URL)
	require.WithinDuration(t, time.Now(), g.Now(), time.Minute)

	guests := &engine{running: make(chan struct{})}
	counting := g.Engine(guests)
	counting.Handle("table", func(context.Context, string) error { return nil })
	done := work(t, h, g, counting)
	clock := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	rounds := 0
	hosts := h.Engine(&engine{idle: func(context.Context) error {
		rounds++
		if rounds%2 == 1 {
			<-guests.running
			require.Equal(t, clock, g.Now())
		}
		return nil // the second time nobody else works: what the guest gave back
	}}, func() time.Time { return clock })
	for range 2 {
		require.NoError(t, hosts.RunUntilIdle(t.Context()))
		clock = clock.Add(time.Hour)
	}
	require.Equal(t, 4, rounds)
	require.EqualValues(t, 2, g.Turns())
	require.Contains(t, h.Shared(), "2 elsewhere")
	h.Close(nil, "a line")
	end := <-done
	require.NoError(t, end.err)
	require.Equal(t, []string{"a line"}, end.lines)
}

// Run lets the guests work until it ends.
func TestGuestRunsAsLongAsTheHost(t *testing.T) {
	t.Parallel()
	h, g := open(t)
	guests := &engine{running: make(chan struct{})}
	done := work(t, h, g, guests)
	ctx, cancel := context.WithCancel(t.Context())
	hosts := &engine{running: make(chan struct{})}
	go func() {
		<-hosts.running
		<-guests.running
		cancel()
	}()
	require.NoError(t, h.Engine(hosts, nil).Run(ctx))
	h.Close(errors.New("the end of the world"))
	require.ErrorContains(t, (<-done).err, "the end of the world")
}

// hangUp ends the connections to the guests.
func hangUp(h *Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.seats {
		_ = s.conn.Close()
	}
}

// An engine that fails when it is stopped ends its process's work with that.
func TestGuestsEngineFails(t *testing.T) {
	t.Parallel()
	h, g := open(t)
	begun := make(chan struct{})
	failure := errors.New("handlers still run")
	done := work(t, h, g, failing{begun: begun, err: failure})
	require.NoError(t, h.Engine(&engine{idle: func(context.Context) error {
		<-begun
		return nil
	}}, nil).RunUntilIdle(t.Context()))
	require.ErrorIs(t, (<-done).err, failure)
	h.Close(nil)
}

// failing is an engine that says when it begins, and fails when it is stopped.
type failing struct {
	orchestration.Engine

	begun chan struct{}
	err   error
}

func (e failing) Run(ctx context.Context) error {
	close(e.begun)
	<-ctx.Done()
	return e.err
}

// A guest that goes away leaves the host at work; a host that goes away ends the
// guest's work.
func TestOneOfBothGoesAway(t *testing.T) {
	t.Parallel()
	t.Run("guest", func(t *testing.T) {
		t.Parallel()
		h, g := open(t)
		guests := &engine{running: make(chan struct{}, 1), handle: func(context.Context, string) error { return g.conn.Close() }}
		done := work(t, h, g, guests)
		gone := sync.OnceFunc(func() { <-guests.running })
		hosts := h.Engine(&engine{idle: func(context.Context) error {
			gone() // the second time nobody else works
			return nil
		}}, nil)
		require.NoError(t, hosts.RunUntilIdle(t.Context()))
		require.ErrorIs(t, (<-done).err, errHostGone)
		h.Close(nil)
	})
	t.Run("host", func(t *testing.T) {
		t.Parallel()
		h, g := open(t)
		done := work(t, h, g, &engine{running: make(chan struct{})})
		hangUp(h)
		require.ErrorIs(t, (<-done).err, errHostGone)
		h.Close(nil)
	})
}

// When a host has closed, the next process is one; a record of an earlier host
// leads nobody astray.
func TestHostAfterHost(t *testing.T) {
	t.Parallel()
	s := stores(t, 2)
	h, _, err := Join(t.Context(), s[0], "test", silent)
	require.NoError(t, err)
	require.Equal(t, 1, h.Run)
	_, err = change(t.Context(), s[0], "test", func(b *hostBody) { b.Address, b.Key = "127.0.0.1:1", "old" })
	require.NoError(t, err)
	other, _, err := Join(t.Context(), s[1], "other", silent)
	require.NoError(t, err)
	require.NotNil(t, other, "each program has a host of its own")
	other.Close(nil)

	waiting, cancel := context.WithCancel(t.Context())
	told := ""
	_, _, err = Join(waiting, s[1], "test", func(text string) {
		told = text
		cancel()
	})
	require.ErrorIs(t, err, context.Canceled, "it waits while the host admits nobody")
	require.Contains(t, told, "waiting")
	h.Close(nil)
	h, _, err = Join(t.Context(), s[1], "test", silent)
	require.NoError(t, err)
	require.Equal(t, 2, h.Run)
	h.Close(nil)
}

// Strangers are not let in.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	h, _ := open(t)
	body, err := read(t.Context(), h.store, "test")
	require.NoError(t, err)
	require.NotNil(t, visit(t.Context(), body))
	body.Key = "guessed"
	require.Nil(t, visit(t.Context(), body))
	hangUp(h)
	h.Close(nil)
}

func TestExclusive(t *testing.T) {
	t.Parallel()
	var inside, most atomic.Int64
	var all sync.WaitGroup
	var failed [3]error
	for i, s := range stores(t, len(failed)) {
		all.Go(func() {
			for range 5 {
				failed[i] = errors.Join(failed[i], Exclusive(t.Context(), s, "name", silent, func() error {
					most.Store(max(most.Load(), inside.Add(1)))
					inside.Add(-1)
					return nil
				}))
			}
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(failed[:]...))
	require.EqualValues(t, 1, most.Load())
	s := Store{Store: orchestration.NewMemory()}
	require.ErrorIs(t, s.Exclusive(t.Context(), "name", silent, func() error { return context.Canceled }), context.Canceled)
}

// An engine that waits for another process's work says so, once.
func TestPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said []string
		e := patient{counted{&engine{idle: func(context.Context) error {
			time.Sleep(3 * quiet)
			return nil
		}}, new(atomic.Int64)}, func(text string) { said = append(said, text) }}
		require.NoError(t, e.RunUntilIdle(t.Context()))
		require.Len(t, said, 1)
	})
}

// A process alone needs no part.
func TestAlone(t *testing.T) {
	t.Parallel()
	var h *Host
	local := orchestration.NewLocal(orchestration.NewMemory())
	require.Same(t, local, h.Engine(local, nil))
	require.NoError(t, h.Admit(t.Context(), nil))
	require.Empty(t, h.Shared())
	h.Close(nil)
}

var schemas atomic.Int64

// newSchema makes a schema on the server that COUNTERSIGN_POSTGRES names, and
// gives an address that leads into it.
func newSchema(t *testing.T) string {
	t.Helper()
	server := os.Getenv("COUNTERSIGN_POSTGRES")
	if server == "" {
		const missing = "COUNTERSIGN_POSTGRES does not name a PostgreSQL server"
		if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "postgres") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	name := fmt.Sprintf("countersign_cluster_%d_%d", os.Getpid(), schemas.Add(1))
	db, err := postgres.OpenDB(t.Context(), server)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+name+" CASCADE")
		require.NoError(t, err)
		require.NoError(t, db.Close())
	})
	u, err := url.Parse(server)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// Alone, a client keeps its own limit; with others it gets the one of all.
func TestLimitOfProcesses(t *testing.T) {
	t.Parallel()
	require.Empty(t, (&Store{}).Limit("account", 5, time.Second))
	var limiters []countersign.Limiter
	for _, s := range stores(t, 2) {
		set, err := countersign.NewSettings(countersign.Settings{}, (&Store{Shared: s}).Limit("account", 1, time.Hour)...)
		require.NoError(t, err)
		limiters = append(limiters, set.Limiter)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, limiters[0].Wait(ctx))
	require.Error(t, limiters[1].Wait(ctx), "the other process had the hour's call")
}
