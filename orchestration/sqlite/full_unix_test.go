//go:build unix

package sqlite_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
)

// crammed, set in the environment of a child process, is the store that it
// fills until its files may not grow.
const crammed = "COUNTERSIGN_TEST_FULL"

func TestFullDisk(t *testing.T) {
	if path := os.Getenv(crammed); path != "" {
		cram(t, path)
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$")
	child.Env = append(os.Environ(), crammed+"="+path)
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	var committed int
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "committed ") {
			_, err := fmt.Sscanf(line, "committed %d", &committed)
			require.NoError(t, err)
		}
	}
	require.Positive(t, committed)

	// All that was committed is there, and there is room again.
	s := open(t, path)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.Tx(t.Context(), func(tx orchestration.Tx) error {
		counts, err := tx.Count(t.Context(), orchestration.Query{Table: "test.row"})
		require.Equal(t, int64(committed), counts["kept"])
		return err
	}))
}

func cram(t *testing.T, path string) {
	t.Helper()
	s := open(t, path)
	signal.Ignore(syscall.SIGXFSZ)
	const limit = 2 << 20
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}))
	body := []byte(`"` + strings.Repeat("x", 10_000) + `"`)
	for i := range 1000 {
		err := s.Tx(t.Context(), func(tx orchestration.Tx) error {
			_, err := tx.Insert(t.Context(), orchestration.Record{Table: "test.row", Key: fmt.Sprint(i), State: "kept", Body: body})
			return err
		})
		if err != nil {
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, "check that the disk has room")
			fmt.Printf("committed %d\n", i)
			return
		}
	}
	t.Fatal("the files grew beyond their limit")
}
