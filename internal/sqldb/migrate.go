package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// migrationLock is the key of the PostgreSQL advisory lock under which schemas
// migrate, the same for all components: "csmigrat" in ASCII.
const migrationLock int64 = 0x63736d6967726174

const schemaTable = `CREATE TABLE IF NOT EXISTS countersign_schema (
	component TEXT PRIMARY KEY,
	version   INTEGER NOT NULL
)`

// NewerSchemaError says that the database was migrated by a newer program.
type NewerSchemaError struct {
	Component string
	Found     int // the schema's version in the database
	Known     int // the newest version that this program knows
}

// Error says what to do.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("the database's schema of %s is version %d, this program knows %d: use a newer version of the program",
		e.Component, e.Found, e.Known)
}

// Steps reads the steps of a migration from a folder: files "1_name.sql",
// "2_name.sql", … without gaps.
func Steps(fsys fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read migration steps: %w", err)
	}
	steps := make([]string, len(entries))
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > len(steps) || steps[n-1] != "" {
			return nil, fmt.Errorf("read migration steps: %s/%s: the numbers must be 1 to %d", dir, e.Name(), len(steps))
		}
		text, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read migration steps: %w", err)
		}
		steps[n-1] = string(text)
	}
	return steps, nil
}

// Migrate brings a component's part of the schema to version len(steps): it
// runs the steps that the database has not seen, each once, all in one
// transaction under a lock, so that programs that open the database together
// don't disturb each other. Steps only add: a released step never changes, and
// programs that know fewer steps work on until they open the database again. A
// database with more steps than this is refused with *NewerSchemaError.
func Migrate(ctx context.Context, db *sql.DB, d Dialect, component string, steps []string) error {
	if !d.Valid() {
		return fmt.Errorf("migrate %s: unknown %s", component, d)
	}
	err := Again(ctx, IsConflict, func() error { return migrate(ctx, db, d, component, steps) })
	if err != nil {
		return fmt.Errorf("migrate %s: %s%w", component, wayOut(err), err)
	}
	return nil
}

// wayOut says what to do about a schema that takes no tables, for PostgreSQL.
func wayOut(err error) string {
	switch {
	case state(err, "3F000"):
		return "the schema that the database's address names (search_path) is not there, or the user may not use it: create it (CREATE SCHEMA) or name another: "
	case state(err, "42501"):
		return "the user may not make tables in the database's schema: name one that is this program's own in the address (search_path), or grant the right: "
	default:
		return ""
	}
}

func migrate(ctx context.Context, db *sql.DB, d Dialect, component string, steps []string) error {
	// One connection, because the lock and the transaction belong to it. The
	// transaction is begun by hand, because database/sql knows no BEGIN IMMEDIATE.
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	if err := begin(ctx, conn, d); err != nil {
		return err
	}
	err = runSteps(ctx, conn, d, component, steps)
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		rollback(ctx, conn)
	}
	return err
}

// rollback ends the transaction also when ctx has ended, so that the
// connection goes back to the pool clean. Where the database rolled back by
// itself, it answers with an error that says nothing new.
func rollback(ctx context.Context, conn *sql.Conn) {
	_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
}

// begin starts the transaction and takes the lock. Under SQLite the write lock
// of the file is the lock.
func begin(ctx context.Context, conn *sql.Conn, d Dialect) error {
	if d == SQLite {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		return err
	}
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock)
	if err != nil {
		rollback(ctx, conn)
	}
	return err
}

func runSteps(ctx context.Context, conn *sql.Conn, d Dialect, component string, steps []string) error {
	if _, err := conn.ExecContext(ctx, schemaTable); err != nil {
		return err
	}
	var version int
	row := conn.QueryRowContext(ctx, d.Rebind("SELECT version FROM countersign_schema WHERE component = ?"), component)
	if err := row.Scan(&version); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if version > len(steps) {
		return &NewerSchemaError{Component: component, Found: version, Known: len(steps)}
	}
	if version == len(steps) {
		return nil
	}
	for i, step := range steps[version:] {
		if _, err := conn.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("step %d: %w", version+i+1, err)
		}
	}
	_, err := conn.ExecContext(ctx, d.Rebind(`INSERT INTO countersign_schema (component, version) VALUES (?, ?)
		ON CONFLICT (component) DO UPDATE SET version = excluded.version`), component, len(steps))
	return err
}
