package riverengine_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
)

// start runs an engine and gives what ends it in good order.
func start(t *testing.T, e *riverengine.Engine) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

// until waits until the query gives a row whose only column is true.
func until(ctx context.Context, t *testing.T, db *sql.DB, query string) {
	t.Helper()
	for {
		var is sql.NullBool
		if err := db.QueryRowContext(ctx, query).Scan(&is); !errors.Is(err, sql.ErrNoRows) {
			require.NoError(t, err)
		}
		if is.Bool {
			return
		}
		pauseFor(ctx, t, 5*time.Millisecond)
	}
}

// wait waits for the channel to be closed, or for the end of the test.
func wait(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-t.Context().Done():
	}
}

func find(t *testing.T, s orchestration.Store, key string) (rec orchestration.Record) {
	t.Helper()
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) (err error) {
		rec, err = tx.Get(t.Context(), eventTable, key)
		return err
	}))
	return rec
}

// commitGate has the commit of record "late" wait for a lock of the test.
const commitGate = `CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN PERFORM pg_advisory_xact_lock(77, hashtext(current_schema())); RETURN NULL; END $$;
	CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON countersign_record DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (NEW.key = 'late') EXECUTE FUNCTION gate()`

// The protocol against lost wake-ups rests on this: a transaction that writes a
// due record holds the row of the lane's job, from the insert to the commit, so that the job's
// worker can't complete it meanwhile without having seen the record.
func TestCommitHoldsTheRowOfTheJob(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	db := store.DB()
	_, err := db.ExecContext(t.Context(), commitGate)
	require.NoError(t, err)
	gate, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer func() { // also when the test fails
		_, _ = gate.ExecContext(context.WithoutCancel(t.Context()), "SELECT pg_advisory_unlock_all()")
		_ = gate.Close()
	}()
	_, err = gate.ExecContext(t.Context(), "SELECT pg_advisory_lock(77, hashtext(current_schema()))")
	require.NoError(t, err)

	working, finish := make(chan struct{}, 2), make(chan struct{})
	engine := riverengine.New(store, riverengine.WithSweep(time.Hour))
	engine.Handle(eventTable, func(ctx context.Context, group string) error {
		working <- struct{}{}
		wait(t, finish)
		return drain(ctx, store, group)
	})
	stop := start(t, engine)
	require.NoError(t, insertEvent(t.Context(), store, "early", "g"))
	<-working

	ctx, failed := context.WithCancelCause(t.Context())
	defer failed(nil)
	late := make(chan error, 1)
	go func() {
		err := insertEvent(t.Context(), store, "late", "g")
		late <- err
		if err != nil {
			failed(err)
		}
	}()
	const waits = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND classid = 77 AND objid = hashtext(current_schema())::oid AND NOT granted"
	until(ctx, t, db, waits)
	_, err = db.ExecContext(t.Context(), "SELECT 1 FROM river_job FOR UPDATE NOWAIT")
	var locked *pgconn.PgError
	require.ErrorAs(t, err, &locked, "the insert no longer locks the row of the job that exists")
	require.Equal(t, "55P03", locked.Code)

	close(finish) // the handler does not see "late", and its worker must wait for it
	until(ctx, t, db, "SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.query LIKE '%river_job WHERE id%FOR UPDATE'"+
		" AND l.transactionid = (SELECT transactionid FROM pg_locks WHERE locktype = 'transactionid' AND granted AND pid ="+
		" (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 77 AND objid = hashtext(current_schema())::oid AND NOT granted))")
	_, err = gate.ExecContext(t.Context(), "SELECT pg_advisory_unlock(77, hashtext(current_schema()))")
	require.NoError(t, err)
	require.NoError(t, <-late)
	<-working
	until(ctx, t, db, "SELECT state = 'done' FROM countersign_record WHERE key = 'late'")
	require.NoError(t, stop())
}

// Two transactions that wake the same lanes take the rows of their jobs in the
// same order, however the records were written.
func TestJobsAreInsertedInOrder(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	var recs []orchestration.Record
	for _, group := range []string{"d", "b", "e", "a", "c"} {
		for _, table := range []string{"race.z", "race.a"} {
			recs = append(recs, orchestration.Record{Table: table, Key: group, Group: group, Due: time.Now()})
		}
	}
	require.NoError(t, store.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), recs...)
		return err
	}))
	var order string
	row := store.DB().QueryRowContext(t.Context(), "SELECT string_agg(concat(args->>'table', ' ', args->>'group'), ', ' ORDER BY id) FROM river_job")
	require.NoError(t, row.Scan(&order))
	require.Equal(t, "race.a a, race.a b, race.a c, race.a d, race.a e, race.z a, race.z b, race.z c, race.z d, race.z e", order)
}

// A job belongs to the transaction, and none has a time to wait for.
func TestJobsAreOfTheTransaction(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	cause := errors.New("no")
	require.ErrorIs(t, store.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), orchestration.Record{Table: eventTable, Key: "undone", Group: "g", Due: time.Now()})
		require.NoError(t, err)
		return cause
	}), cause)
	require.NoError(t, store.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), orchestration.Record{Table: eventTable, Key: "later", Group: "g", Due: time.Now().Add(time.Hour)})
		return err
	}))
	var jobs int
	require.NoError(t, store.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM river_job").Scan(&jobs))
	require.Zero(t, jobs)
}

// A job tells which process of which machine has it.
func TestJobNamesItsProcess(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	require.NoError(t, insertEvent(t.Context(), store, "k", "g"))
	engine := riverengine.New(store)
	engine.Handle(eventTable, func(ctx context.Context, group string) error { return drain(ctx, store, group) })
	require.NoError(t, engine.RunUntilIdle(t.Context()))
	var by string
	require.NoError(t, store.DB().QueryRowContext(t.Context(), "SELECT attempted_by[1] FROM river_job").Scan(&by))
	host, err := os.Hostname()
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(by, fmt.Sprintf("%s/%d/", host, os.Getpid())), by)
}

// A record that is due soon is worked on when its time has come, not at the next
// sweep.
func TestLaterIsWokenInTime(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	engine := riverengine.New(store, riverengine.WithSweep(time.Hour))
	engine.Handle(eventTable, func(ctx context.Context, group string) error { return drain(ctx, store, group) })
	stop := start(t, engine)
	require.NoError(t, insertEvent(t.Context(), store, "now", "g"))
	until(t.Context(), t, store.DB(), "SELECT state = 'done' FROM countersign_record WHERE key = 'now'")
	require.NoError(t, store.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), orchestration.Record{Table: eventTable, Key: "soon", Group: "g", Due: time.Now().Add(300 * time.Millisecond)})
		return err
	}))
	until(t.Context(), t, store.DB(), "SELECT state = 'done' FROM countersign_record WHERE key = 'soon'")
	require.NoError(t, stop())
}

// discard does to running jobs what River's rescuer does to one that has no
// attempt left and runs for longer than 75 seconds.
const discard = "UPDATE river_job SET state = 'discarded', finalized_at = now() WHERE state = 'running'"

// A process that was paused for so long that its job was taken for stuck wakes up
// while another works on its lane: its write is refused, and its end neither ends the other's job nor
// puts anything off.
func TestZombieIsFenced(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	frozen, other := openAt(t, dsn), openAt(t, dsn)
	require.NoError(t, insertEvent(t.Context(), frozen, "k", "g"))

	has, thaw, written := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	// With one worker, the process can do nothing else while it is frozen.
	zombie := riverengine.New(frozen, riverengine.WithSweep(time.Hour), riverengine.WithWorkers(1))
	zombie.Handle(eventTable, func(context.Context, string) error {
		rec := find(t, frozen, "k")
		close(has)
		wait(t, thaw)
		rec.State, rec.Due = "by the zombie", time.Time{}
		err := frozen.Tx(t.Context(), func(tx orchestration.Tx) error { return tx.Update(t.Context(), rec) })
		written <- err
		return err
	})
	stopZombie := start(t, zombie)
	<-has
	_, err := other.DB().ExecContext(t.Context(), discard)
	require.NoError(t, err)

	took, finish := make(chan struct{}), make(chan struct{})
	successor := riverengine.New(other)
	successor.Handle(eventTable, func(ctx context.Context, group string) error {
		if err := drain(ctx, other, group); err != nil {
			return err
		}
		close(took)
		wait(t, finish)
		return nil
	})
	stopSuccessor := start(t, successor)
	<-took
	close(thaw)
	require.ErrorIs(t, <-written, orchestration.ErrStale)
	require.NoError(t, stopZombie())
	var states string
	const jobs = "SELECT string_agg(state::text, ' ' ORDER BY id) FROM river_job"
	require.NoError(t, other.DB().QueryRowContext(t.Context(), jobs).Scan(&states))
	require.Equal(t, "discarded running", states)
	close(finish)
	require.NoError(t, stopSuccessor())
	require.NoError(t, other.DB().QueryRowContext(t.Context(), jobs).Scan(&states))
	require.Equal(t, "discarded completed", states)
	rec := find(t, other, "k")
	require.Equal(t, "done", rec.State)
	require.Equal(t, 1, rec.Attempt)
	require.Empty(t, rec.LastError)
}

// A handler that is cut off when the program stops has not failed, and another
// process takes its lane at once.
func TestStopGivesBack(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	first, second := openAt(t, dsn), openAt(t, dsn)
	require.NoError(t, insertEvent(t.Context(), first, "k", "g"))
	working := make(chan struct{})
	leaving := riverengine.New(first, riverengine.WithGrace(10*time.Millisecond))
	leaving.Handle(eventTable, func(ctx context.Context, _ string) error {
		close(working)
		<-ctx.Done() // heeds nothing but the end of the grace period
		return ctx.Err()
	})
	stop := start(t, leaving)
	<-working
	require.NoError(t, stop())
	rec := find(t, second, "k")
	require.Zero(t, rec.Attempt)
	require.Empty(t, rec.LastError)
	staying := riverengine.New(second, riverengine.WithSweep(time.Hour))
	staying.Handle(eventTable, func(ctx context.Context, group string) error { return drain(ctx, second, group) })
	require.NoError(t, staying.RunUntilIdle(t.Context()))
	require.Equal(t, "done", find(t, second, "k").State)
}
