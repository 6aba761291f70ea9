package postgres_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/contractonetest"
)

// ledgerDSN is the server that the tests make databases on.
func ledgerDSN(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("COUNTERSIGN_POSTGRES")
	if dsn != "" {
		return dsn
	}
	const missing = "COUNTERSIGN_POSTGRES is not set: the ledger was not tested on PostgreSQL"
	if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "postgres") {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// newLedgerDB makes a database for one test, dropped at its end.
func newLedgerDB(t *testing.T, dsn string) *pgx.ConnConfig {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	admin := stdlib.OpenDB(*cfg)
	name := "ledger_" + strings.ToLower(rand.Text())
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
		require.NoError(t, admin.Close())
	})
	cfg = cfg.Copy()
	cfg.Database = name
	return cfg
}

func openLedger(t *testing.T, cfg *pgx.ConnConfig, dir string) (*sqlledger.Ledger, *sql.DB) {
	t.Helper()
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(8)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	l, err := sqlledger.Open(t.Context(), sqlledger.Config{DB: db, Dialect: sqlledger.PostgreSQL, Dir: dir})
	require.NoError(t, err)
	return l, db
}

func TestLedgerConforms(t *testing.T) {
	t.Parallel()
	dsn := ledgerDSN(t)
	type opened struct {
		*sqlledger.Ledger
		cfg *pgx.ConnConfig
		dir string
	}
	open := func(t *testing.T) contractone.Ledger {
		cfg, dir := newLedgerDB(t, dsn), t.TempDir()
		l, _ := openLedger(t, cfg, dir)
		return opened{l, cfg, dir}
	}
	contractonetest.Run(t, open, func(t *testing.T, l contractone.Ledger) contractone.Ledger {
		o := l.(opened)
		again, _ := openLedger(t, o.cfg, o.dir)
		return opened{again, o.cfg, o.dir}
	})
}
