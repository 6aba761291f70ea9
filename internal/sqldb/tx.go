package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"
)

// The number of times that InTx runs its function at most, and the longest
// wait between two runs. Together they give a conflict several seconds to pass.
const (
	maxRuns  = 50
	maxPause = 250 * time.Millisecond
)

// Querier is what *sql.DB, *sql.Conn and *sql.Tx have in common.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// InTx runs fn in a transaction and commits it when fn returns nil. On a
// conflict with another transaction (IsConflict) it rolls back, waits a
// little and runs fn again, so fn does nothing that can't be repeated. An
// error of the commit itself that is no conflict leaves open whether the
// transaction was committed.
func InTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	return Again(ctx, IsConflict, func() error { return once(ctx, db, fn) })
}

// InTxOnConn is InTx, and gives fn the connection of the transaction too.
func InTxOnConn(ctx context.Context, db *sql.DB, fn func(*sql.Conn, *sql.Tx) error) error {
	return Again(ctx, IsConflict, func() error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return fmt.Errorf("begin transaction: %w", err)
		}
		defer conn.Close() //nolint:errcheck // it goes back to the pool
		return once(ctx, conn, func(tx *sql.Tx) error { return fn(conn, tx) })
	})
}

// beginner is *sql.DB or *sql.Conn.
type beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

func once(ctx context.Context, db beginner, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	// After a commit this is a no-op; it also covers a panic in fn.
	defer tx.Rollback() //nolint:errcheck // the first error is the one to report
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// Again runs fn until its error is not one that repeating helps against, with
// growing, jittered pauses. It gives up after 50 runs or when ctx ends, and
// returns fn's last error.
func Again(ctx context.Context, helps func(error) bool, fn func() error) error {
	for run := 1; ; run++ {
		err := fn()
		if err == nil || !helps(err) || run == maxRuns || ctx.Err() != nil {
			return err
		}
		// The first run again is at once: mostly the other one is done.
		pause := min(time.Duration(run-1)*2*time.Millisecond, maxPause)
		timer := time.NewTimer(pause/2 + rand.N(pause/2+1))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}
