// Command movestate copies the state of flows from a SQLite file into an empty
// PostgreSQL database, and prints how many records each table had before and has
// afterwards:
//
//	DATABASE_URL=postgres://… go run ./examples/movestate state.db
//
// Stop the program that uses the file first: as long as it runs, the move is
// refused. The file stays as it is. docs/scaling.md says what comes before and after.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// options are the command line.
type options struct {
	File     string `arg:"" help:"The SQLite file with the state of the flows." type:"existingfile"`
	Database string `help:"Address of the empty PostgreSQL database, postgres://… An address with a password belongs into DATABASE_URL: command lines are seen by others." env:"DATABASE_URL" required:"" placeholder:"URL"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("movestate"), kong.Description("Copy the state of flows from SQLite to PostgreSQL."), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "movestate: "+err.Error())
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	if err := holdsState(ctx, o.File); err != nil {
		return err
	}
	from, err := sqlite.Open(o.File)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // it was only read
	to, err := postgres.Open(ctx, o.Database)
	if err != nil {
		return err
	}
	defer to.Close() //nolint:errcheck // all is committed
	// Nothing may work on either store meanwhile.
	for name, s := range map[string]*sqlstore.Store{o.File: from, "the database": to} {
		release, err := s.Own(ctx)
		if errors.Is(err, orchestration.ErrOwned) {
			return fmt.Errorf("%s is in use: stop the programs that work on it, and move then: %w", name, orchestration.ErrOwned)
		}
		if err != nil {
			return err
		}
		defer release()
	}
	if there, err := counts(ctx, to); err != nil || len(there) > 0 {
		return cmp.Or(err, errors.New("the database is not empty, it has records already: name an empty schema (search_path), or drop this one where a move broke off"))
	}
	before, err := counts(ctx, from)
	if err != nil {
		return err
	}
	for _, c := range before {
		if _, err := orchestration.Copy(ctx, from, to, c.table); err != nil {
			return err
		}
	}
	after, err := counts(ctx, to)
	if err != nil {
		return err
	}
	return compare(out, before, after)
}

// holdsState refuses a file that is something else, before anything is made in it.
func holdsState(ctx context.Context, file string) error {
	db, err := sqlite.OpenDB(file)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it was only read
	var n int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'countersign_record'").Scan(&n)
	if err == nil && n == 0 {
		err = errors.New("it holds no state of flows: name the file that the program opens with sqlite.Open")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

type count struct {
	table   string
	records int64
}

// counts lists the tables of a store with their records.
func counts(ctx context.Context, s *sqlstore.Store) (out []count, err error) {
	rows, err := s.DB().QueryContext(ctx, "SELECT tbl, count(*) FROM countersign_record GROUP BY tbl ORDER BY tbl")
	if err != nil {
		return nil, fmt.Errorf("count the records: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var c count
		if err := rows.Scan(&c.table, &c.records); err != nil {
			return nil, fmt.Errorf("count the records: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// compare prints what was there and what is, and fails where they differ.
func compare(out io.Writer, before, after []count) error {
	now := map[string]int64{}
	for _, c := range after {
		now[c.table] = c.records
	}
	var total, differ int64
	for _, c := range before {
		fmt.Fprintf(out, "%-40s before %8d  after %8d\n", c.table, c.records, now[c.table])
		total += c.records
		if now[c.table] != c.records {
			differ++
		}
	}
	fmt.Fprintf(out, "movestate: tables=%d records=%d differences=%d\n", len(before), total, differ)
	if differ > 0 {
		return fmt.Errorf("%d tables differ", differ)
	}
	return nil
}
