package senderonboarding_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/countersign/countersign/orchestration/storetest"
)

// A purge in a schedule of the program's own takes as many turns as it needs, in each
// of which the program may have been started anew. Each event is told once.
func TestPurgeTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const sessions = 40
	var ids []senderonboarding.SessionID
	for i := range sessions {
		ids = append(ids, w.start(fmt.Sprint("tenant", i), acme).Session.ID)
	}
	rounds, purged := 0, 0
	work := func() {
		for rounds = 0; rounds < 500; rounds++ {
			w.restart()
			e := storetest.NewTurns(w.store, w.clock.Now, 2)
			w.flow.Register(e)
			e.Every("purge", orchestration.Interval(365*24*time.Hour), func(ctx context.Context) error {
				n, err := w.flow.Purge(ctx, w.clock.Now().Add(-time.Hour))
				purged += n
				return err
			})
			n, err := e.Turn(t.Context())
			require.NoError(t, err)
			if n == 0 {
				return
			}
		}
		require.Fail(t, "the work does not get on")
	}
	work()
	for range 10 {
		w.clock.Advance(30 * 24 * time.Hour)
		work()
	}
	for _, id := range ids {
		require.Equal(t, senderonboarding.StateExpired, w.session(id).State)
		told := w.told(id)
		require.Equal(t, senderonboarding.EventExpired, told[len(told)-1])
		seen := map[senderonboarding.EventKind]bool{}
		for _, kind := range told {
			require.False(t, seen[kind])
			seen[kind] = true
		}
	}
	require.Zero(t, purged)
	w.clock.Advance(100 * 24 * time.Hour)
	work()
	require.Equal(t, sessions, purged)
	require.Greater(t, rounds, 10)
	_, err := w.flow.Session(t.Context(), ids[0])
	require.ErrorIs(t, err, senderonboarding.ErrUnknown)
}
