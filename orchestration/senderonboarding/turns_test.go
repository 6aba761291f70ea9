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

// The entries of the journal whose sessions are gone take many turns too, and those of
// a session that is there stay.
func TestPurgeOfJournalTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.start("tenant", acme).Session.ID
	w.turn(20)
	journal := senderonboarding.Tables("")[4]
	kept := w.count(journal)
	var recs []orchestration.Record
	for range 1000 {
		recs = append(recs, orchestration.Record{Table: journal, Ref: "gone", State: "logged", Updated: w.clock.Now(), Body: []byte("{}")})
	}
	w.insert(recs...)
	w.clock.Advance(time.Hour)
	turns := 0
	e := storetest.NewTurns(w.store, w.clock.Now, 0)
	e.Every("purge", orchestration.Interval(time.Hour), func(ctx context.Context) error {
		turns++
		_, err := w.flow.Purge(ctx, w.clock.Now())
		return err
	})
	require.NoError(t, e.RunUntilIdle(t.Context()))
	w.clock.Advance(time.Hour)
	require.NoError(t, e.RunUntilIdle(t.Context()))
	require.Equal(t, 4, turns)
	require.Equal(t, kept, w.count(journal))
	require.NotEmpty(t, w.session(id).State)
}

// A turn that is over tells no more events, and the next one goes on with them.
func TestEventsTakeManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.start("tenant", acme).Session.ID
	w.turn(20)
	told := len(w.told(id))
	for i := range 3 {
		w.insert(orchestration.Record{
			Table: senderonboarding.Tables("")[2], Key: fmt.Sprint(id, "/", i), Group: string(id), State: orchestration.StatePending, Due: w.clock.Now(), Body: []byte("{}"),
		})
	}
	for i := range 3 {
		w.turn(0)
		require.Len(t, w.told(id), told+i+1)
	}
}

// turn gives each due lane a turn that is over after some questions.
func (w *world) turn(questions int) {
	w.t.Helper()
	e := storetest.NewTurns(w.store, w.clock.Now, questions)
	w.flow.Register(e)
	_, err := e.Turn(w.t.Context())
	require.NoError(w.t, err)
}

func (w *world) insert(recs ...orchestration.Record) {
	w.t.Helper()
	require.NoError(w.t, w.store.Tx(w.t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(w.t.Context(), recs...)
		return err
	}))
}

// count is how many records a table has.
func (w *world) count(table string) (n int) {
	w.t.Helper()
	for _, err := range orchestration.Records(w.t.Context(), w.store, orchestration.Query{Table: table}) {
		require.NoError(w.t, err)
		n++
	}
	return n
}
