package riverengine_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
)

// draining runs an engine that drains and wakes lanes only when it has to, and
// waits until it has done its first event.
func draining(t *testing.T, s *riverengine.Store, opts ...riverengine.Option) (stop func() error) {
	t.Helper()
	engine := riverengine.New(s, append(opts, riverengine.WithSweep(time.Hour))...)
	engine.Handle(eventTable, func(ctx context.Context, group string) error { return drain(ctx, s, group) })
	stop = start(t, engine)
	insertDue(t, s, "first", time.Now().Add(-time.Minute))
	untilDone(t, s.DB(), "first")
	return stop
}

func insertDue(t *testing.T, s orchestration.Store, key string, due time.Time) {
	t.Helper()
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), orchestration.Record{Table: eventTable, Key: key, Group: "g", State: orchestration.StatePending, Due: due})
		return err
	}))
}

func untilDone(t *testing.T, db *sql.DB, key string) {
	t.Helper()
	until(t.Context(), t, db, "SELECT state = 'done' FROM countersign_record WHERE key = '"+key+"'")
}

// A process whose clock is ahead wakes a lane that is not due yet where the wake
// arrives. It is looked at again when it is, not at the next sweep.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	stop := draining(t, store, riverengine.WithClock(func() time.Time { return time.Now().Add(-300 * time.Millisecond) }))
	insertDue(t, store, "of a clock ahead", time.Now())
	untilDone(t, store.DB(), "of a clock ahead")
	require.NoError(t, stop())
}

// A record that was due later when it was written, and is due when its transaction
// commits at last, is seen then.
func TestLateCommitOfLater(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	_, err := store.DB().ExecContext(t.Context(), commitGate)
	require.NoError(t, err)
	stop := draining(t, store)
	gate, err := store.DB().Conn(t.Context())
	require.NoError(t, err)
	defer func() { // also when the test fails
		_, _ = gate.ExecContext(context.WithoutCancel(t.Context()), "SELECT pg_advisory_unlock_all()")
		_ = gate.Close()
	}()
	_, err = gate.ExecContext(t.Context(), "SELECT pg_advisory_lock(77, hashtext(current_schema()))")
	require.NoError(t, err)
	due := time.Now().Add(200 * time.Millisecond)
	committed := make(chan error, 1)
	go func() {
		committed <- store.Tx(t.Context(), func(tx orchestration.Tx) error {
			_, err := tx.Insert(t.Context(), orchestration.Record{Table: eventTable, Key: "late", Group: "g", State: orchestration.StatePending, Due: due})
			return err
		})
	}()
	until(t.Context(), t, store.DB(), "SELECT clock_timestamp() > '"+due.Add(300*time.Millisecond).Format(time.RFC3339Nano)+"'")
	_, err = gate.ExecContext(t.Context(), "SELECT pg_advisory_unlock(77, hashtext(current_schema()))")
	require.NoError(t, err)
	require.NoError(t, <-committed)
	untilDone(t, store.DB(), "late")
	require.NoError(t, stop())
}

// A handler that is cut off has failed, and its records wait.
func TestCutOff(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	engine := riverengine.New(store, riverengine.WithJobTimeout(50*time.Millisecond),
		riverengine.WithBackoff(func(int) time.Duration { return time.Hour }))
	engine.Handle(eventTable, func(ctx context.Context, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	})
	require.NoError(t, insertEvent(t.Context(), store, "k", "g"))
	require.NoError(t, engine.RunUntilIdle(t.Context()))
	rec := find(t, store, "k")
	require.Equal(t, 1, rec.Attempt)
	require.NotEmpty(t, rec.LastError)
	require.True(t, rec.Due.After(time.Now()))
}

// One that is cut off after its job was taken for stuck puts nothing off: the lane
// is another's.
func TestCutOffZombie(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	require.NoError(t, insertEvent(t.Context(), store, "k", "g"))
	working := make(chan struct{}, 1)
	zombie := riverengine.New(store, riverengine.WithSweep(time.Hour), riverengine.WithJobTimeout(200*time.Millisecond))
	gone := make(chan struct{})
	zombie.Handle(eventTable, func(ctx context.Context, _ string) error {
		working <- struct{}{}
		<-ctx.Done()
		wait(t, gone)
		return ctx.Err()
	})
	stop := start(t, zombie)
	<-working
	before := find(t, store, "k") // on a slow machine, it was cut off before
	// The zombie's job is gone, and the lane has another, which runs.
	_, err := store.DB().ExecContext(t.Context(), "UPDATE river_job SET id = id + 1000")
	require.NoError(t, err)
	close(gone)
	require.NoError(t, stop())
	require.Equal(t, before, find(t, store, "k"))
}

// A sweep does not wait for a transaction that holds the job of a lane which will
// be worked on anyway.
func TestSweepPassesLanesThatWait(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	store, other := openAt(t, dsn), openAt(t, dsn)
	require.NoError(t, insertEvent(t.Context(), other, "a", "a"))
	require.NoError(t, insertEvent(t.Context(), other, "b", "b"))
	held, err := other.DB().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer held.Rollback() //nolint:errcheck // it was to hold
	_, err = held.ExecContext(t.Context(), "SELECT 1 FROM river_job WHERE args->>'group' = 'a' FOR UPDATE")
	require.NoError(t, err)
	_, err = other.DB().ExecContext(t.Context(), "DELETE FROM river_job WHERE args->>'group' = 'b'")
	require.NoError(t, err)
	engine := riverengine.New(store)
	engine.Handle(eventTable, func(ctx context.Context, group string) error { return drain(ctx, store, group) })
	stop := start(t, engine)
	untilDone(t, other.DB(), "b") // it needs the sweep
	require.NoError(t, held.Rollback())
	untilDone(t, other.DB(), "a")
	require.NoError(t, stop())
}

// An engine that has lost all its connections, as a restart of the database costs
// it, goes on.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	store, other := openAt(t, named(t, dsn)), openAt(t, dsn)
	stop := draining(t, store)
	cut(t, other.DB())
	insertDue(t, other, "second", time.Now())
	untilDone(t, other.DB(), "second")
	require.NoError(t, stop())
}

// A lane that the store failed on is looked at again when it is no longer held
// back, not at the next sweep.
func TestHeldBackComesAgain(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	stop := draining(t, store, riverengine.WithBackoff(func(int) time.Duration { return 50 * time.Millisecond }))
	// The handler fails and its record can't be put off.
	_, err := store.DB().ExecContext(t.Context(), `CREATE SEQUENCE refusals;
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN IF nextval('refusals') <= 2 THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER refuse BEFORE UPDATE ON countersign_record FOR EACH ROW EXECUTE FUNCTION refuse()`)
	require.NoError(t, err)
	insertDue(t, store, "refused", time.Now())
	untilDone(t, store.DB(), "refused")
	require.NoError(t, stop())
}

// The program's log has what failed, and not what River does all day.
func TestLogHasFailures(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	var log bytes.Buffer
	engine := riverengine.New(store, riverengine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		riverengine.WithBackoff(func(int) time.Duration { return time.Hour }))
	engine.Handle(eventTable, func(context.Context, string) error { return errors.New("out of order") })
	require.NoError(t, insertEvent(t.Context(), store, "k", "g"))
	require.NoError(t, engine.RunUntilIdle(t.Context()))
	require.Contains(t, log.String(), "out of order")
	require.NotContains(t, log.String(), "level=INFO")
}

// named is a dsn whose sessions cut ends: they call themselves after the schema.
func named(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	query.Set("application_name", query.Get("search_path"))
	u.RawQuery = query.Encode()
	return u.String()
}

func cut(t *testing.T, db *sql.DB) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = current_schema()")
	require.NoError(t, err)
}

// Where a local engine took the store meanwhile, the engine leaves the work to it.
func TestLostHoldEndsTheEngine(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	store, other := openAt(t, named(t, dsn)), openAt(t, dsn)
	engine := riverengine.New(store, riverengine.WithSweep(time.Millisecond), riverengine.WithGrace(0))
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { ended <- engine.Run(ctx) }()
	const holds = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND classid = 25459 AND mode = 'ShareLock' AND granted" +
		" AND objid::bigint = hashtext(current_schema())::bigint & 4294967295"
	until(ctx, t, other.DB(), holds)
	for { // until the local engine is quicker
		cut(t, other.DB())
		release, err := other.Own(ctx)
		if err == nil {
			defer release()
			break
		}
		require.ErrorIs(t, err, orchestration.ErrOwned)
	}
	require.ErrorIs(t, <-ended, orchestration.ErrOwned)
}
