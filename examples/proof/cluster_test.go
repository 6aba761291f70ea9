package proof

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// cluster is a PostgreSQL server of a test's own, which may be restarted.
type cluster struct {
	t   testing.TB
	bin string // folder of its programs
	dir string
	dsn string
}

// newCluster starts a server on loopback that is gone when the test has ended. It
// waits for the disk at each commit (fsync is on), as a server in use does; an
// immediate restart is a crash of its processes, and nothing can show here what a
// power failure does.
func newCluster(t testing.TB) *cluster {
	t.Helper()
	c := &cluster{t: t, bin: findCluster(t)}
	// Not t.TempDir: the server's user must be able to reach it.
	dir, err := os.MkdirTemp("", "proof")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o711)) //nolint:gosec // to pass through
	c.dir = filepath.Join(dir, "data")
	require.NoError(t, os.Mkdir(c.dir, 0o777)) //nolint:gosec // initdb closes it
	require.NoError(t, os.Chmod(c.dir, 0o777)) //nolint:gosec // whatever the umask is
	if os.Geteuid() == 0 {
		c.must(exec.CommandContext(t.Context(), "chown", "postgres", c.dir))
	}
	c.must(c.command("initdb", "--no-sync", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"))
	t.Cleanup(func() { _, _ = c.command("pg_ctl", "-s", "-m", "immediate", "stop").CombinedOutput() })
	c.start()
	return c
}

// findCluster gives the folder of PostgreSQL's programs. Debian keeps it off the
// PATH.
func findCluster(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	if len(found) == 0 {
		withoutPostgres(t, "PostgreSQL's initdb is not installed")
	}
	return filepath.Dir(slices.Max(found))
}

// command is one of PostgreSQL's programs on the cluster. It refuses root. It must
// also run at the test's end, so no context ends it.
func (c *cluster) command(program string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(c.bin, program), "-D", c.dir}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // a test's own arguments
	cmd.Dir = "/"
	return cmd
}

func (c *cluster) must(cmd *exec.Cmd) {
	c.t.Helper()
	out, err := cmd.CombinedOutput()
	require.NoError(c.t, err, "%s: %s", cmd, out)
}

// start starts the server on a free port below those of outgoing connections.
func (c *cluster) start() {
	c.t.Helper()
	var out []byte
	for range 5 {
		port := 20_000 + rand.IntN(12_000)
		var err error
		out, err = c.command("pg_ctl", "-w", "-s", "-l", filepath.Join(c.dir, "log"), "-o",
			fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=on -c max_connections=200", port), "start").CombinedOutput()
		if err == nil {
			c.dsn = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
			return
		}
	}
	require.FailNow(c.t, "PostgreSQL does not start", "%s", out)
}

// restart restarts the server: "fast" ends all sessions, "immediate" is a crash,
// after which the server recovers from its log.
func (c *cluster) restart(mode string) {
	c.t.Helper()
	c.must(c.command("pg_ctl", "-w", "-s", "-l", filepath.Join(c.dir, "log"), "-m", mode, "restart"))
}
