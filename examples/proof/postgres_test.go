package proof

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/stretchr/testify/require"
)

var schemas atomic.Int64

// newSchema makes a schema on the server that COUNTERSIGN_POSTGRES names, and
// gives a dsn that leads into it.
func newSchema(t testing.TB) (dsn string) {
	t.Helper()
	server := os.Getenv("COUNTERSIGN_POSTGRES")
	if server == "" {
		withoutPostgres(t, "COUNTERSIGN_POSTGRES does not name a PostgreSQL server")
	}
	return newSchemaOn(t, server)
}

// newSchemaOn is newSchema on that server.
func newSchemaOn(t testing.TB, server string) (dsn string) {
	t.Helper()
	name := fmt.Sprintf("countersign_proof_%d_%d", os.Getpid(), schemas.Add(1))
	admin(t, server, "CREATE SCHEMA "+name)
	t.Cleanup(func() { admin(t, server, "DROP SCHEMA "+name+" CASCADE") })
	u, err := url.Parse(server)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// withoutPostgres ends a test that can't run here.
func withoutPostgres(t testing.TB, missing string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("COUNTERSIGN_REQUIRE"), ","), "postgres") {
		t.Fatal(missing)
	}
	t.Skip(missing)
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
