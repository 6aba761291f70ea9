package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/countersign/countersign/orchestration/sqlstore"
	"github.com/countersign/countersign/orchestration/storetest"
)

func TestMain(m *testing.M) {
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
	name := fmt.Sprintf("countersign_%d_%d", os.Getpid(), schemas.Add(1))
	admin(t, server, "CREATE SCHEMA "+name)
	t.Cleanup(func() { admin(t, server, "DROP SCHEMA "+name+" CASCADE") })
	u, err := url.Parse(server)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

func admin(t testing.TB, server, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	db, err := postgres.OpenDB(ctx, server)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(ctx, statement)
	require.NoError(t, err)
}

func open(t testing.TB, dsn string, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), dsn, opts...)
	require.NoError(t, err)
	return s
}

func openNew(t *testing.T) orchestration.Store { return open(t, newSchema(t)) }

func TestStore(t *testing.T) {
	t.Parallel()
	newSchema(t) // skips here once where there is no server
	storetest.Run(t, openNew)
}

func TestDurable(t *testing.T) {
	t.Parallel()
	newSchema(t)
	storetest.RunDurable(t, func(t *testing.T) func() orchestration.Store {
		dsn := newSchema(t)
		return func() orchestration.Store { return open(t, dsn) }
	})
}

func TestLocalEngine(t *testing.T) {
	t.Parallel()
	newSchema(t)
	storetest.RunEngine(t, openNew, newLocal)
}

func newLocal(s orchestration.Store, now func() time.Time, o orchestration.Observer) orchestration.Engine {
	return orchestration.NewLocal(s, orchestration.WithClock(now), orchestration.WithObserver(o), orchestration.WithBackoff(func(attempt int) time.Duration {
		return time.Duration(attempt) * time.Minute
	}))
}

// A schema that is forgotten is the first mistake that people make.
func TestMissingSchemaIsTold(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), strings.Replace(newSchema(t), "search_path=", "search_path=nosuch_", 1))
	require.ErrorContains(t, err, "create it (CREATE SCHEMA)")
}
