package riverengine_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
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

// emptied are schemas that one test after the other uses: to make the tables of
// a schema takes longer than most tests.
type emptied struct {
	t    testing.TB // all that use them are its subtests
	mu   sync.Mutex
	free []string
}

// open opens a store in a schema that is empty but for its tables.
func (e *emptied) open(t *testing.T) orchestration.Store {
	t.Helper()
	dsn := e.take()
	t.Cleanup(func() { // the test has closed the store
		e.mu.Lock()
		defer e.mu.Unlock()
		e.free = append(e.free, dsn)
	})
	s := open(t, dsn)
	_, err := s.DB().ExecContext(t.Context(), "TRUNCATE countersign_record, countersign_rate, river_job, river_leader, river_queue, river_notification")
	require.NoError(t, err)
	return s
}

func (e *emptied) take() (dsn string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.free) == 0 {
		return newSchema(e.t)
	}
	dsn, e.free = e.free[0], e.free[1:]
	return dsn
}

func TestStore(t *testing.T) {
	t.Parallel()
	newSchema(t) // skips here once where there is no server
	schemas := &emptied{t: t}
	storetest.Run(t, schemas.open)
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
	schemas := &emptied{t: t}
	storetest.RunSharedEngine(t, schemas.open, newEngine)
}

// A program may begin with the local engine on this store. The jobs that nobody
// took meanwhile wake lanes that are not due, once it takes the other engine.
func TestLocalEngineFirst(t *testing.T) {
	t.Parallel()
	store := openNew(t)
	handle := func(e orchestration.Engine) {
		e.Handle(eventTable, func(ctx context.Context, group string) error { return drain(ctx, store, group) })
	}
	count := func(query string) (n int) {
		require.NoError(t, store.DB().QueryRowContext(t.Context(), query).Scan(&n))
		return n
	}
	const done, waiting = "SELECT count(*) FROM countersign_record WHERE state = 'done'", "SELECT count(*) FROM river_job WHERE finalized_at IS NULL"
	for i := range 20 {
		require.NoError(t, insertEvent(t.Context(), store, fmt.Sprint(i), fmt.Sprint(i%5)))
	}
	local := orchestration.NewLocal(store)
	handle(local)
	require.NoError(t, local.RunUntilIdle(t.Context()))
	require.Equal(t, 20, count(done))
	require.Equal(t, 5, count(waiting))

	several := riverengine.New(store)
	handle(several)
	require.NoError(t, insertEvent(t.Context(), store, "more", "0"))
	stop := start(t, several)
	until(t.Context(), t, store.DB(), "SELECT NOT EXISTS (SELECT 1 FROM river_job WHERE finalized_at IS NULL)")
	require.NoError(t, stop())
	require.Equal(t, 21, count(done))
	require.Equal(t, 0, count("SELECT count(*) FROM countersign_record WHERE attempt <> 1"))
}

func newEngine(s orchestration.Store, now func() time.Time) orchestration.Engine {
	return riverengine.New(s.(*riverengine.Store), riverengine.WithClock(now), riverengine.WithBackoff(func(attempt int) time.Duration {
		return time.Duration(attempt) * time.Minute
	}))
}
