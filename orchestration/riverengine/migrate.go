package riverengine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// migrationLock is the key of the advisory lock under which River's tables are
// brought up to date: "csriver" in ASCII.
const migrationLock int64 = 0x63737269766572

// rateTable holds a row for each account that a limiter was made for.
const rateTable = `CREATE TABLE IF NOT EXISTS countersign_rate (
	account TEXT COLLATE "C" PRIMARY KEY,
	tat     TIMESTAMPTZ NOT NULL
)`

// migrate makes River's tables and that of the limiters, or brings them up to
// date. Processes that open a database together take turns.
func migrate(ctx context.Context, pool *pgxpool.Pool, driver *riverpgxv5.Driver) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer conn.Release()
	// The lock is the session's, as River commits each step by itself, on another
	// connection.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock)
	}()
	if _, err := conn.Exec(ctx, rateTable); err != nil {
		return fmt.Errorf("migrate: %s%w", wayOut(err), err)
	}
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return nil
}

// wayOut says what to do about a schema that takes no tables.
func wayOut(err error) string {
	refused, _ := errors.AsType[*pgconn.PgError](err)
	switch {
	case refused == nil:
		return ""
	case refused.Code == "3F000":
		return "the schema that the database's address names (search_path) is not there, or the user may not use it: create it (CREATE SCHEMA) or name another: "
	case refused.Code == "42501":
		return "the user may not make tables in the database's schema: name one that is this program's own in the address (search_path), or grant the right: "
	default:
		return ""
	}
}
