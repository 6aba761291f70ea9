package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/countersign/countersign/orchestration/sqlite"
)

func TestMovesAllTables(t *testing.T) {
	t.Parallel()
	server := os.Getenv("COUNTERSIGN_POSTGRES")
	if server == "" {
		const missing = "COUNTERSIGN_POSTGRES does not name a PostgreSQL server"
		if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "postgres") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	ctx := context.WithoutCancel(t.Context())
	db, err := postgres.OpenDB(ctx, server)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	schema := fmt.Sprintf("movestate_%d", os.Getpid())
	_, err = db.ExecContext(ctx, "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	defer func() {
		_, err := db.ExecContext(ctx, "DROP SCHEMA "+schema+" CASCADE")
		require.NoError(t, err)
	}()
	address, err := url.Parse(server)
	require.NoError(t, err)
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()

	o := options{File: filepath.Join(t.TempDir(), "state.db"), Database: address.String()}
	from, err := sqlite.Open(o.File)
	require.NoError(t, err)
	require.NoError(t, from.Tx(ctx, func(tx orchestration.Tx) error {
		_, err := tx.Insert(ctx, orchestration.Record{Table: "a.one", Key: "x"}, orchestration.Record{Table: "a.one", Key: "y"}, orchestration.Record{Table: "b.two"})
		return err
	}))
	release, err := from.Own(ctx)
	require.NoError(t, err)
	var out strings.Builder
	require.ErrorIs(t, run(ctx, o, &out), orchestration.ErrOwned, "while the program runs")
	release()
	require.NoError(t, from.Close())
	require.NoError(t, run(ctx, o, &out))
	require.Contains(t, out.String(), "movestate: tables=2 records=3 differences=0\n")
	require.ErrorContains(t, run(ctx, o, &out), "not empty", "a second time")
}

// A file that holds something else stays as it is.
func TestRefusesFilesWithoutState(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ledger.db")
	db, err := sqlite.OpenDB(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), "CREATE TABLE contract (n)")
	require.NoError(t, err)
	require.ErrorContains(t, run(t.Context(), options{File: file}, io.Discard), "holds no state of flows")
	var n int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_master").Scan(&n))
	require.Equal(t, 1, n)
}
