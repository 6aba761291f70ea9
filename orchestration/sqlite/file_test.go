package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

func TestBadPathsAreToldInOneSentence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "text.txt")
	require.NoError(t, os.WriteFile(file, []byte("this is no database, and long enough that SQLite looks at its header: 0123456789 0123456789 0123456789"), 0o600))
	for path, way := range map[string]string{
		"":         "name a file",
		":memory:": "name a file",
		dir:        "name a file in it",
		filepath.Join(dir, "missing", "state.db"): "make the folder first",
		filepath.Join(file, "state.db"):           "choose another folder",
		filepath.Join(file, "x", "state.db"):      "check the folder's path",
		file:                                      "name another or restore a backup",
	} {
		_, err := sqlite.Open(path)
		require.ErrorContains(t, err, path)
		require.ErrorContains(t, err, way)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestFilesLieWhereThePathSays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "ä b%20?#&.db"))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		require.Contains(t, e.Name(), "ä b%20?#&.db")
	}
	var mode string
	require.NoError(t, s.DB().QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
	require.Equal(t, "wal", mode)
	var full int
	require.NoError(t, s.DB().QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&full))
	require.Equal(t, 2, full)
	require.NoError(t, s.Close())
}

func TestOpenedTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	var wg sync.WaitGroup
	stores := make([]*sqlstore.Store, 6)
	errs := make([]error, len(stores))
	for i := range stores {
		wg.Go(func() { stores[i], errs[i] = sqlite.Open(path, sqlstore.WithViews("ledgersync.file")) })
	}
	wg.Wait()
	for i, s := range stores {
		require.NoError(t, errs[i])
		key := fmt.Sprint(i)
		require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
			fresh, err := tx.Insert(t.Context(), orchestration.Record{Table: "t.t", Key: key})
			require.Equal(t, 1, fresh)
			return err
		}))
	}
	for _, s := range stores {
		require.NoError(t, s.Close())
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	_, err := s.DB().ExecContext(t.Context(), "UPDATE countersign_schema SET version = 99 WHERE component = 'sqlstore'")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = sqlite.Open(path)
	require.ErrorContains(t, err, "use a newer version of the program")
}

func TestViews(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	for range 2 { // a view that exists stays
		require.NoError(t, open(t, path, sqlstore.WithViews("ledgersync.file", "ledgersync.link")).Close())
	}
	s := open(t, path)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		for _, instance := range []string{"", "north"} {
			if _, err := tx.Insert(t.Context(), orchestration.Record{Table: orchestration.TableName("ledgersync", instance, "file"), Key: "k" + instance}); err != nil {
				return err
			}
		}
		_, err := tx.Insert(t.Context(), orchestration.Record{Table: "ledgersync.link", Key: "other"})
		return err
	}))
	rows, err := s.DB().QueryContext(t.Context(), "SELECT instance || '/' || key FROM ledgersync_file")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var got []string
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		got = append(got, line)
	}
	require.NoError(t, rows.Err())
	slices.Sort(got)
	require.Equal(t, []string{"/k", "north/knorth"}, got)
	_, err = sqlite.Open(filepath.Join(t.TempDir(), "other.db"), sqlstore.WithViews("x'; DROP TABLE y"))
	require.Error(t, err)
}

// holder, set in the environment of a child process, is the store that it holds.
const holder = "COUNTERSIGN_TEST_HOLD"

func TestOwnAcrossProcesses(t *testing.T) {
	if path := os.Getenv(holder); path != "" {
		s := open(t, path)
		_, err := s.Own(t.Context())
		require.NoError(t, err)
		fmt.Println("held")
		_, _ = fmt.Scanln() // until it is killed
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path)
	defer func() { require.NoError(t, s.Close()) }()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOwnAcrossProcesses$")
	child.Env = append(os.Environ(), holder+"="+path)
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	defer func() { _ = stdin.Close() }()
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	_, err = stdout.Read(make([]byte, 5))
	require.NoError(t, err)
	_, err = s.Own(t.Context())
	require.ErrorIs(t, err, orchestration.ErrOwned)
	require.ErrorContains(t, err, "riverengine")
	require.ErrorContains(t, err, path)

	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	release, err := s.Own(context.WithoutCancel(t.Context()))
	require.NoError(t, err, "the hold ends with its process")
	release()
}
