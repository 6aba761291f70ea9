package postgres_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// holders are the sessions that hold the schema's store, as a condition on
// pg_locks.
const holders = "locktype = 'advisory' AND classid = 25459 AND objid::bigint = hashtext(current_schema())::bigint & 4294967295 AND granted" +
	" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"

// cutHold ends the session that holds the store, as a restart of the database or
// of what lies between does, and waits until the hold is gone.
func cutHold(t *testing.T, db *sql.DB) {
	t.Helper()
	var sessions int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE "+holders).Scan(&sessions))
	require.Equal(t, 1, sessions)
	for sessions > 0 {
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_locks WHERE "+holders).Scan(&sessions))
	}
}

// running is a local engine whose handler tells the groups that it works on, and
// then waits for goOn. As it has one worker, the engine does not look meanwhile.
func running(t *testing.T, s *sqlstore.Store, goOn <-chan struct{}) (at <-chan string, ended <-chan error) {
	t.Helper()
	groups, end := make(chan string, 10), make(chan error, 1)
	e := orchestration.NewLocal(s, orchestration.WithSweep(time.Hour), orchestration.WithWorkers(1), orchestration.WithGrace(0))
	e.Handle("hold.event", func(ctx context.Context, group string) error {
		groups <- group
		select {
		case <-goOn:
		case <-ctx.Done():
		}
		return s.Tx(ctx, func(tx orchestration.Tx) error { return tx.Delete(ctx, "hold.event", group) })
	})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		end <- e.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-ran; require.NoError(t, s.Close()) })
	return groups, end
}

func event(t *testing.T, s *sqlstore.Store, group string) {
	t.Helper()
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		_, err := tx.Insert(t.Context(), orchestration.Record{Table: "hold.event", Key: group, Group: group, Due: time.Now()})
		return err
	}))
}

// A local engine whose hold was lost with its connection has it again before it
// gives work to a handler.
func TestLostHoldIsTakenAgain(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	s, other := open(t, dsn), open(t, dsn)
	defer func() { require.NoError(t, other.Close()) }()
	goOn := make(chan struct{})
	at, _ := running(t, s, goOn)
	event(t, s, "first")
	require.Equal(t, "first", <-at)
	cutHold(t, other.DB())
	event(t, s, "second")
	close(goOn)
	require.Equal(t, "second", <-at)
	_, err := other.Own(t.Context())
	require.ErrorIs(t, err, orchestration.ErrOwned)
}

// Where another engine was quicker, the first one ends with a clear error and
// leaves the work to it.
func TestLostHoldEndsTheEngine(t *testing.T) {
	t.Parallel()
	dsn := newSchema(t)
	s, other := open(t, dsn), open(t, dsn)
	defer func() { require.NoError(t, other.Close()) }()
	goOn := make(chan struct{})
	at, ended := running(t, s, goOn)
	event(t, s, "first")
	require.Equal(t, "first", <-at)
	cutHold(t, other.DB())
	release, err := other.Own(t.Context())
	require.NoError(t, err)
	defer release()
	event(t, s, "second")
	close(goOn)
	require.ErrorIs(t, <-ended, orchestration.ErrOwned)
	require.Empty(t, at)
}
