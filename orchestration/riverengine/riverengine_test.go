package riverengine_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
	"github.com/countersign/countersign/orchestration/sqlstore"
	"github.com/countersign/countersign/orchestration/storetest"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(workerDSN); dsn != "" {
		os.Exit(workerProcess(dsn))
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

var schemas atomic.Int64

// newSchema makes a schema on the server that COUNTERSIGN_POSTGRES names, and
// gives a dsn that leads into it.
func newSchema(t testing.TB) (dsn string) {
	t.Helper()
	server := os.Getenv("COUNTERSIGN_POSTGRES")
	if server == "" {
		const missing = "COUNTERSIGN_POSTGRES does not name a PostgreSQL server"
		if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "postgres") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	name := fmt.Sprintf("river_%d_%d", os.Getpid(), schemas.Add(1))
	sqlExec(t, server, "CREATE SCHEMA "+name)
	t.Cleanup(func() { sqlExec(t, server, "DROP SCHEMA "+name+" CASCADE") })
	u, err := url.Parse(server)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	query.Set("pool_max_conns", "12")
	u.RawQuery = query.Encode()
	return u.String()
}

func sqlExec(t testing.TB, server, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, server)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	require.NoError(t, err)
}

func open(t testing.TB, dsn string, opts ...sqlstore.Option) *riverengine.Store {
	t.Helper()
	s, err := riverengine.Open(t.Context(), dsn, opts...)
	require.NoError(t, err)
	return s
}

// openNew opens a store of its own that the test closes at its end.
func openNew(t testing.TB) *riverengine.Store {
	t.Helper()
	return openAt(t, newSchema(t))
}

// openAt opens a store, as one process of several, that the test closes at its end.
func openAt(t testing.TB, dsn string) *riverengine.Store {
	t.Helper()
	s := open(t, dsn)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	newSchema(t) // skips here once where there is no server
	storetest.Run(t, func(t *testing.T) orchestration.Store { return open(t, newSchema(t)) })
}

func TestDurable(t *testing.T) {
	t.Parallel()
	newSchema(t)
	storetest.RunDurable(t, func(t *testing.T) func() orchestration.Store {
		dsn := newSchema(t)
		return func() orchestration.Store { return open(t, dsn) }
	})
}

func TestEngine(t *testing.T) {
	t.Parallel()
	newSchema(t)
	storetest.RunSharedEngine(t, func(t *testing.T) orchestration.Store { return open(t, newSchema(t)) }, newEngine)
}

func newEngine(s orchestration.Store, now func() time.Time, o orchestration.Observer) orchestration.Engine {
	return riverengine.New(s.(*riverengine.Store), riverengine.WithClock(now), riverengine.WithObserver(o), riverengine.WithBackoff(func(attempt int) time.Duration {
		return time.Duration(attempt) * time.Minute
	}))
}
