//go:build unix

package sqlite_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/contractonetest"
)

// TestLedgerOnAFullDisk runs itself in a child, because the limit on the size of
// files that stands for the full disk holds for a whole process.
func TestLedgerOnAFullDisk(t *testing.T) {
	t.Parallel()
	const dirOfChild = "COUNTERSIGN_TEST_FULL_DISK"
	dir := os.Getenv(dirOfChild)
	if dir == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLedgerOnAFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), dirOfChild+"="+t.TempDir())
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	l := openLedger(t, openDB(t, dir), dir)
	d := draft("doc", "a", contractonetest.PDF("a", 300_000))

	var unlimited syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &unlimited))
	limited := unlimited
	limited.Cur = 100_000
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited))
	_, err := l.Register(t.Context(), d)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &unlimited))

	var se *sqlledger.StorageError
	require.ErrorAs(t, err, &se)
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.ErrorContains(t, err, filepath.Join(dir, "pdf"))
	require.ErrorContains(t, err, "make room")
	require.Empty(t, files(t, filepath.Join(dir, "pdf")), "no torn file stays")
	_, found, err := l.Lookup(t.Context(), d.Key())
	require.NoError(t, err)
	require.False(t, found)
	r, err := l.Register(t.Context(), d)
	require.NoError(t, err)
	require.True(t, r.Created)
}
