package sqlledger_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone/sqlledger"
)

// The suite runs where the drivers are: in orchestration/sqlite and
// orchestration/postgres. Here is what comes before the first statement.

var errNoDatabase = errors.New("no database here")

// dead is a database that can't be reached.
type dead struct{}

func (dead) Connect(context.Context) (driver.Conn, error) { return nil, errNoDatabase }
func (dead) Driver() driver.Driver                        { return nil }

func deadDB(t *testing.T) *sql.DB {
	t.Helper()
	db := sql.OpenDB(dead{})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestOpenNamesTheMissingField(t *testing.T) {
	t.Parallel()
	db := deadDB(t)
	for field, cfg := range map[string]sqlledger.Config{
		"DB":      {Dialect: sqlledger.SQLite, Dir: "x"},
		"Dialect": {DB: db, Dir: "x"},
		"Dir":     {DB: db, Dialect: sqlledger.SQLite},
	} {
		_, err := sqlledger.Open(t.Context(), cfg)
		var ce *countersign.ConfigError
		require.ErrorAs(t, err, &ce)
		require.Equal(t, field, ce.Field)
	}
}

// A path below a file can't be written to by anybody, root included.
func TestOpenRefusesAFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := sqlledger.Open(t.Context(), sqlledger.Config{DB: deadDB(t), Dialect: sqlledger.SQLite, Dir: filepath.Join(file, "pdf")})
	var se *sqlledger.StorageError
	require.ErrorAs(t, err, &se)
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.Contains(t, err.Error(), file)
	require.Contains(t, err.Error(), "choose a folder")
	require.Equal(t, 1, strings.Count(err.Error(), file), "the path stands once in the sentence")
}

func TestOpenMakesTheFolderAndReportsTheDatabase(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		_, err := sqlledger.Open(t.Context(), sqlledger.Config{DB: deadDB(t), Dialect: sqlledger.PostgreSQL, Dir: dir})
		require.ErrorIs(t, err, errNoDatabase)
		require.DirExists(t, filepath.Join(dir, "sha256"))
	}
}
