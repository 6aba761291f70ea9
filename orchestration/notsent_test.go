package orchestration_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/storetest"
)

// unsent is what a client gives whose rate limit has no place before the turn ends;
// with requests sent, it is the service that refused.
func unsent(requests int) error {
	return fmt.Errorf("read: %w", &countersign.Error{
		Provider: "test", Op: "write", Kind: countersign.ErrRateLimited, Attempts: requests, RetryAfter: 50 * time.Second,
	})
}

// A record that waits for the rate limit is not given up, however often.
func TestRateLimitIsNoAttempt(t *testing.T) {
	t.Parallel()
	s, clock := orchestration.NewMemory(), storetest.NewClock()
	w := &target{sendErr: unsent(1)}
	rec := pending(t, s, clock)
	for range 2 {
		_, err := w.outcome(s, clock).Do(t.Context(), rec)
		require.Error(t, err)
		rec = read(t, s, things, "a")
	}
	w.sendErr = unsent(0)
	for range 10 { // the next attempt is the last one
		_, err := w.outcome(s, clock).Do(t.Context(), rec)
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		rec = read(t, s, things, "a")
		require.Equal(t, orchestration.StatePending, rec.State)
		require.Equal(t, clock.Now().Add(50*time.Second), rec.Due)
		require.Equal(t, 2, rec.Attempt)
		clock.Move(time.Minute)
	}
	w.sendErr = unsent(1)
	_, err := w.outcome(s, clock).Do(t.Context(), rec)
	require.Error(t, err)
	require.Equal(t, orchestration.StateDead, read(t, s, things, "a").State)
}

// So is a lane put off until the limit has a place, and has not failed.
func TestRateLimitPutsALaneOff(t *testing.T) {
	t.Parallel()
	s, clock := orchestration.NewMemory(), storetest.NewClock()
	put(t, s, orchestration.Record{Table: things, Key: "a", Group: "g", State: orchestration.StatePending, Due: clock.Now(), Attempt: 2})
	e := orchestration.NewLocal(s, orchestration.WithClock(clock.Now))
	var cause error
	e.Handle(things, func(context.Context, string) error { return cause })
	for i, want := range []int{2, 3} {
		cause = unsent(i)
		require.NoError(t, e.RunUntilIdle(t.Context()))
		rec := read(t, s, things, "a")
		require.Equal(t, want, rec.Attempt)
		require.Equal(t, clock.Now().Add(50*time.Second), rec.Due)
		clock.Move(time.Minute)
	}
}

// A purge that another turn goes on with has committed what it did.
func TestPurgeEndsItsTurn(t *testing.T) {
	t.Parallel()
	s, clock := orchestration.NewMemory(), storetest.NewClock()
	const records = 1000
	for i := range records {
		put(t, s, orchestration.Record{Table: things, Key: fmt.Sprint(i), State: "done", Updated: clock.Now()})
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	total := 0
	for range records {
		n, err := orchestration.Purge(orchestration.WithTurn(t.Context(), over), s, things, clock.Now().Add(time.Hour), "done")
		if total += n; err == nil {
			break
		}
		require.ErrorIs(t, err, orchestration.ErrTurnOver)
		require.Positive(t, n)
		require.Less(t, n, records)
	}
	require.Equal(t, records, total)
}
