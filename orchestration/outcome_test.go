package orchestration_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/storetest"
)

const things = "test.thing"

// target is a service that does not recognise a repeated write.
type target struct {
	writes   []string // attempt ids
	sendErr  error    // answered instead of the result
	lost     bool     // with sendErr: the write happened all the same
	findErr  error
	settled  int // lookups
	onSend   func()
	doneErrs int // commits of a result that fail
}

func (w *target) outcome(s orchestration.Store, clock *storetest.Clock) orchestration.Outcome[string] {
	return orchestration.Outcome[string]{
		Store: s, Clock: clock.Now, Attempts: 3,
		Send: func(_ context.Context, attempt string, _ orchestration.Record) (string, error) {
			if w.onSend != nil {
				w.onSend()
			}
			if w.sendErr == nil || w.lost {
				w.writes = append(w.writes, attempt)
			}
			return "id-" + attempt, w.sendErr
		},
		Find: func(_ context.Context, attempt string, _ orchestration.Record) (string, bool, error) {
			w.settled++
			if slices.Contains(w.writes, attempt) {
				return "id-" + attempt, true, w.findErr
			}
			return "", false, w.findErr
		},
		Done: func(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, id string) error {
			if w.doneErrs > 0 {
				w.doneErrs--
				return errors.New("store failed")
			}
			rec.State, rec.Ref = "done", id
			_, err := tx.Insert(ctx, orchestration.Record{Table: "test.count", Key: id})
			return err
		},
	}
}

func pending(t *testing.T, s orchestration.Store, clock *storetest.Clock) orchestration.Record {
	t.Helper()
	put(t, s, orchestration.Record{Table: things, Key: "a", Group: "g", State: orchestration.StatePending, Due: clock.Now()})
	return read(t, s, things, "a")
}

func put(t *testing.T, s orchestration.Store, recs ...orchestration.Record) {
	t.Helper()
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), recs...)
		return err
	}))
}

func read(t *testing.T, s orchestration.Store, table, key string) (rec orchestration.Record) {
	t.Helper()
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) (err error) {
		rec, err = tx.Get(t.Context(), table, key)
		return err
	}))
	return rec
}

func TestOutcomeSucceeds(t *testing.T) {
	t.Parallel()
	s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{}
	w.onSend = func() {
		stored := read(t, s, things, "a")
		require.Equal(t, orchestration.StateSending, stored.State, "committed before sending")
		require.Equal(t, clock.Now(), stored.Due, "due after a crash")
	}
	rec, err := w.outcome(s, clock).Do(t.Context(), pending(t, s, clock))
	require.NoError(t, err)
	require.Equal(t, read(t, s, things, "a"), rec)
	require.Equal(t, "done", rec.State)
	require.True(t, rec.Due.IsZero())
	require.Equal(t, "id-"+w.writes[0], rec.Ref)
	read(t, s, "test.count", rec.Ref)
}

func TestOutcomeFailures(t *testing.T) {
	t.Parallel()
	unavailable := &countersign.Error{Kind: countersign.ErrUnavailable, RetryAfter: time.Hour}
	for name, c := range map[string]struct {
		err   error
		state string
		wait  time.Duration // zero: no Due
	}{
		"unavailable":           {unavailable, orchestration.StatePending, time.Hour},
		"unauthorized":          {countersign.ErrUnauthorized, orchestration.StatePending, time.Second},
		"invalid":               {countersign.ErrInvalid, orchestration.StateDead, 0},
		"unknown":               {countersign.ErrOutcomeUnknown, orchestration.StateSending, time.Second},
		"unclassified":          {errors.New("broken pipe"), orchestration.StateSending, time.Second},
		"marked":                {orchestration.NoEffect(errors.New("unreadable")), orchestration.StatePending, time.Second},
		"marked, and permanent": {orchestration.NoEffect(countersign.ErrInvalid), orchestration.StateDead, 0},
		"unknown and unavailable": {
			errors.Join(countersign.ErrUnavailable, countersign.ErrOutcomeUnknown), orchestration.StateSending, time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{sendErr: c.err}
			rec, err := w.outcome(s, clock).Do(t.Context(), pending(t, s, clock))
			require.ErrorIs(t, err, c.err)
			failed, ok := errors.AsType[*orchestration.WriteError](err)
			require.True(t, ok)
			require.Equal(t, c.state, failed.State)
			require.Equal(t, c.state, rec.State)
			require.Equal(t, c.err.Error(), rec.LastError)
			require.Equal(t, 1, rec.Attempt)
			want := time.Time{}
			if c.wait > 0 {
				want = clock.Now().Add(c.wait)
			}
			require.Equal(t, want, rec.Due)
			require.Equal(t, read(t, s, things, "a"), rec)
		})
	}
}

func TestOutcomeGivesUp(t *testing.T) {
	t.Parallel()
	s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{sendErr: countersign.ErrUnavailable}
	rec := pending(t, s, clock)
	for _, want := range []string{orchestration.StatePending, orchestration.StatePending, orchestration.StateDead} {
		rec, _ = w.outcome(s, clock).Do(t.Context(), rec)
		require.Equal(t, want, rec.State)
	}
	require.Equal(t, 3, rec.Attempt)
}

func TestOutcomeFindsALostAnswer(t *testing.T) {
	t.Parallel()
	s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{sendErr: countersign.ErrOutcomeUnknown, lost: true}
	rec, err := w.outcome(s, clock).Do(t.Context(), pending(t, s, clock))
	require.Error(t, err)
	rec, err = w.outcome(s, clock).Do(t.Context(), rec)
	require.NoError(t, err)
	require.Equal(t, "done", rec.State)
	require.Empty(t, rec.LastError)
	require.Len(t, w.writes, 1)
}

func TestOutcomeSendsAgainWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{sendErr: countersign.ErrOutcomeUnknown}
	o := w.outcome(s, clock)
	o.Settle = time.Minute
	rec, err := o.Do(t.Context(), pending(t, s, clock))
	require.Error(t, err)
	require.Equal(t, clock.Now().Add(time.Minute), rec.Due)

	w.sendErr = nil
	clock.Move(time.Minute - time.Second)
	rec, err = o.Do(t.Context(), rec)
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown, "a lookup can't be trusted yet")
	require.Zero(t, w.settled)
	require.Equal(t, clock.Now().Add(time.Second), rec.Due)

	clock.Move(time.Second)
	rec, err = o.Do(t.Context(), rec)
	require.NoError(t, err)
	require.Equal(t, "done", rec.State)
	require.Equal(t, 2, rec.Attempt)
	require.Len(t, w.writes, 1)
}

func TestOutcomeParksWhatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	for name, find := range map[string]func(*orchestration.Outcome[string], *target){
		"no lookup": func(o *orchestration.Outcome[string], _ *target) { o.Find = nil },
		"refused":   func(_ *orchestration.Outcome[string], w *target) { w.findErr = orchestration.ErrNoLookup },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{sendErr: countersign.ErrOutcomeUnknown}
			o := w.outcome(s, clock)
			find(&o, w)
			rec, err := o.Do(t.Context(), pending(t, s, clock))
			require.Error(t, err)
			if rec.State == orchestration.StateSending {
				rec, err = o.Do(t.Context(), rec)
				require.Error(t, err)
			}
			require.Equal(t, orchestration.StateUncertain, rec.State)
			require.True(t, rec.Due.IsZero())
		})
	}
}

// A crash is a context that ends, or a commit that fails, after the write.
func TestOutcomeAfterACrash(t *testing.T) {
	t.Parallel()
	for name, crash := range map[string]func(*target, context.CancelFunc){
		"cancelled while sending": func(w *target, cancel context.CancelFunc) {
			w.onSend, w.sendErr, w.lost = cancel, context.Canceled, true
		},
		"commit fails": func(w *target, _ context.CancelFunc) { w.doneErrs = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			crash(w, cancel)
			_, err := w.outcome(s, clock).Do(ctx, pending(t, s, clock))
			require.Error(t, err)
			_, recorded := errors.AsType[*orchestration.WriteError](err)
			require.False(t, recorded)
			rec := read(t, s, things, "a")
			require.Equal(t, orchestration.StateSending, rec.State)
			require.Equal(t, clock.Now(), rec.Due)

			rec, err = w.outcome(s, clock).Do(t.Context(), rec)
			require.NoError(t, err)
			require.Equal(t, "done", rec.State)
			require.Len(t, w.writes, 1)
		})
	}
}

func TestOutcomeLeavesAnotherOwnersAttempt(t *testing.T) {
	t.Parallel()
	s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{}
	rec := pending(t, s, clock)
	w.onSend = func() {
		// Meanwhile another process reconciled this attempt and sent again.
		other := read(t, s, things, "a")
		other.Attempt++
		require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error { return tx.Update(t.Context(), other) }))
	}
	_, err := w.outcome(s, clock).Do(t.Context(), rec)
	require.ErrorIs(t, err, orchestration.ErrStale)
	_, err = w.outcome(s, clock).Do(t.Context(), rec)
	require.ErrorIs(t, err, orchestration.ErrStale, "an outdated record is not sent")
	require.Len(t, w.writes, 1)
}

// TestOutcomeGivesUpWhatNobodyClassified: an error that nobody classified is looked up and sent again
// with growing pauses, and not for ever.
func TestOutcomeGivesUpWhatNobodyClassified(t *testing.T) {
	t.Parallel()
	s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{sendErr: errors.New("broken pipe")}
	o := w.outcome(s, clock)
	o.Attempts = 4
	rec := pending(t, s, clock)
	var waits []time.Duration
	for rec.State != orchestration.StateDead {
		var err error
		rec, err = o.Do(t.Context(), rec)
		_, ok := errors.AsType[*orchestration.WriteError](err)
		require.True(t, ok, "%v", err)
		if rec.State != orchestration.StateDead {
			waits = append(waits, rec.Due.Sub(clock.Now()))
			clock.Move(rec.Due.Sub(clock.Now()))
		}
	}
	require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}, waits)
	require.Contains(t, rec.LastError, "broken pipe")
	require.Equal(t, 4, rec.Attempt)
}

func TestOutcomeBefore(t *testing.T) {
	t.Parallel()
	s, clock, w := orchestration.NewMemory(), storetest.NewClock(), &target{}
	o := w.outcome(s, clock)
	refused := errors.New("not now")
	o.Before = func(context.Context, orchestration.Tx) error { return refused }
	rec := pending(t, s, clock)
	_, err := o.Do(t.Context(), rec)
	require.ErrorIs(t, err, refused)
	require.Equal(t, rec, read(t, s, things, "a"), "the record stays as it was")
	require.Empty(t, w.writes)
}
