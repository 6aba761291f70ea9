package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/orchestration/sqlstore"
	"github.com/countersign/countersign/orchestration/storetest"
)

func TestMain(m *testing.M) {
	// database/sql ends its opener in the background after Close.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func open(t testing.TB, path string, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	s, err := sqlite.Open(path, opts...)
	require.NoError(t, err)
	return s
}

func openNew(t *testing.T) orchestration.Store {
	return open(t, filepath.Join(t.TempDir(), "state.db"))
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openNew)
}

func TestDurable(t *testing.T) {
	t.Parallel()
	storetest.RunDurable(t, func(t *testing.T) func() orchestration.Store {
		path := filepath.Join(t.TempDir(), "a b%20?#.db")
		return func() orchestration.Store { return open(t, path) }
	})
}

func TestLocalEngine(t *testing.T) {
	t.Parallel()
	storetest.RunEngine(t, openNew, newLocal)
}

func newLocal(s orchestration.Store, now func() time.Time, o orchestration.Observer) orchestration.Engine {
	return orchestration.NewLocal(s, orchestration.WithClock(now), orchestration.WithObserver(o), orchestration.WithBackoff(func(attempt int) time.Duration {
		return time.Duration(attempt) * time.Minute
	}))
}
