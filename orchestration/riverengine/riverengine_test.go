package riverengine_test

import (
	"context"
	"errors"
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
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"), goleak.Cleanup(func(code int) {
		if err := used.drop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		os.Exit(code)
	}))
}

var schemas atomic.Int64

// newSchema makes a schema on the server that COUNTERSIGN_POSTGRES names, and
// gives a dsn that leads into it.
func newSchema(t testing.TB) (dsn string) {
	t.Helper()
	name := makeSchema(t)
	t.Cleanup(func() { sqlExec(t, "DROP SCHEMA "+name+" CASCADE") })
	return schemaDSN(t, name)
}

// server is what COUNTERSIGN_POSTGRES names.
func server(t testing.TB) string {
	t.Helper()
	server := os.Getenv("COUNTERSIGN_POSTGRES")
	if server == "" {
		const missing = "COUNTERSIGN_POSTGRES does not name a PostgreSQL server"
		if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "postgres") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return server
}

func makeSchema(t testing.TB) (name string) {
	t.Helper()
	name = fmt.Sprintf("river_%d_%d", os.Getpid(), schemas.Add(1))
	sqlExec(t, "CREATE SCHEMA "+name)
	return name
}

func schemaDSN(t testing.TB, name string) string {
	t.Helper()
	u, err := url.Parse(server(t))
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	query.Set("pool_max_conns", "12")
	u.RawQuery = query.Encode()
	return u.String()
}

func sqlExec(t testing.TB, statement string) {
	t.Helper()
	require.NoError(t, execute(context.WithoutCancel(t.Context()), server(t), statement))
}

func execute(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// used are the schemas that the cases of storetest are done with, which others of
// them use again: to make the tables of one takes longer than most cases.
var used schemaPool

type schemaPool struct {
	mu    sync.Mutex
	names []string
}

func (p *schemaPool) put(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names = append(p.names, name)
}

func (p *schemaPool) take() (name string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.names) == 0 {
		return "", false
	}
	name, p.names = p.names[0], p.names[1:]
	return name, true
}

// drop drops all of them, when no test uses one.
func (p *schemaPool) drop() (err error) {
	for name, ok := p.take(); ok; name, ok = p.take() {
		err = errors.Join(err, execute(context.Background(), os.Getenv("COUNTERSIGN_POSTGRES"), "DROP SCHEMA "+name+" CASCADE"))
	}
	return err
}

// emptySchema gives a dsn that leads into a schema without records and jobs. The
// test opens it and changes no table, so it is for storetest; other tests take
// newSchema.
func emptySchema(t testing.TB) (dsn string) {
	t.Helper()
	name, ok := used.take()
	if ok {
		var tables []string
		for _, table := range []string{"countersign_record", "countersign_rate", "river_job", "river_leader", "river_queue", "river_notification"} {
			tables = append(tables, name+"."+table)
		}
		sqlExec(t, "TRUNCATE "+strings.Join(tables, ", "))
	} else {
		name = makeSchema(t)
	}
	t.Cleanup(func() { used.put(name) })
	return schemaDSN(t, name)
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

func openEmpty(t *testing.T) orchestration.Store {
	t.Helper()
	return open(t, emptySchema(t))
}

func TestStore(t *testing.T) {
	t.Parallel()
	server(t) // skips here once where there is none
	storetest.Run(t, openEmpty)
}

func TestDurable(t *testing.T) {
	t.Parallel()
	server(t)
	storetest.RunDurable(t, func(t *testing.T) func() orchestration.Store {
		dsn := emptySchema(t)
		return func() orchestration.Store { return open(t, dsn) }
	})
}

func TestEngine(t *testing.T) {
	t.Parallel()
	server(t)
	storetest.RunSharedEngine(t, openEmpty, newEngine)
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

func newEngine(s orchestration.Store, now func() time.Time, o orchestration.Observer) orchestration.Engine {
	return riverengine.New(s.(*riverengine.Store), riverengine.WithClock(now), riverengine.WithObserver(o), riverengine.WithBackoff(func(attempt int) time.Duration {
		return time.Duration(attempt) * time.Minute
	}))
}
