package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/contractonetest"
)

// openDB opens the database of a folder with the settings that sqlledger asks
// for.
func openDB(t testing.TB, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "ledger.db")+
		"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func openLedger(t testing.TB, db *sql.DB, dir string) *sqlledger.Ledger {
	t.Helper()
	l, err := sqlledger.Open(t.Context(), sqlledger.Config{DB: db, Dialect: sqlledger.SQLite, Dir: filepath.Join(dir, "pdf")})
	require.NoError(t, err)
	return l
}

func TestLedgerConforms(t *testing.T) {
	t.Parallel()
	type opened struct {
		*sqlledger.Ledger
		dir string
	}
	open := func(t *testing.T) contractone.Ledger {
		dir := t.TempDir()
		return opened{openLedger(t, openDB(t, dir), dir), dir}
	}
	contractonetest.Run(t, open, func(t *testing.T, l contractone.Ledger) contractone.Ledger {
		dir := l.(opened).dir
		return opened{openLedger(t, openDB(t, dir), dir), dir}
	})
}
