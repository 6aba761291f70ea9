package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/stretchr/testify/require"
)

// Of two programs one has the storm and the other works for it. A later one has a
// storm of its own.
func TestTwoProcessesShareTheStorm(t *testing.T) {
	t.Parallel()
	o := options{Flags: cluster.Flags{Database: newSchema(t)}, Envelopes: 5}
	var both sync.WaitGroup
	var out [2]bytes.Buffer
	var failed [2]error
	for i := range out {
		both.Go(func() {
			p := &program{options: o, out: &out[i], err: &bytes.Buffer{}}
			failed[i] = p.run(t.Context())
		})
	}
	both.Wait()
	for i := range out {
		require.NoError(t, failed[i])
		require.Contains(t, out[i].String(), "differences=0\nContacts, tags, records and automations are the same")
	}
	var third bytes.Buffer
	p := &program{options: o, out: &third, err: &bytes.Buffer{}}
	require.NoError(t, p.run(t.Context()))
	require.Contains(t, third.String(), "differences=0\n")
}

var schemas atomic.Int64

// newSchema makes a schema on the server that COUNTERSIGN_POSTGRES names, and
// gives an address that leads into it.
func newSchema(t *testing.T) string {
	t.Helper()
	server := os.Getenv("COUNTERSIGN_POSTGRES")
	if server == "" {
		const missing = "COUNTERSIGN_POSTGRES does not name a PostgreSQL server"
		if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "postgres") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	name := fmt.Sprintf("countersign_envelopesync_%d_%d", os.Getpid(), schemas.Add(1))
	db, err := postgres.OpenDB(t.Context(), server)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+name+" CASCADE")
		require.NoError(t, err)
		require.NoError(t, db.Close())
	})
	u, err := url.Parse(server)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}
