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

// Of two programs one walks and the other works for it. A later one walks again,
// beside the sessions of the first.
func TestTwoProcessesShareTheWalk(t *testing.T) {
	t.Parallel()
	o := options{Flags: cluster.Flags{Database: newSchema(t)}, Listen: "127.0.0.1:0", Walk: true, Organisation: "984661185"}
	const end = "onboarding: sessions=2 ready=2 letters=1\n"
	var both sync.WaitGroup
	var out [2]bytes.Buffer
	var failed [2]error
	for i := range out {
		both.Go(func() { failed[i] = run(t.Context(), o, &out[i]) })
	}
	both.Wait()
	for i := range out {
		require.NoError(t, failed[i])
		require.True(t, strings.HasSuffix(out[i].String(), end), out[i].String())
	}
	var third bytes.Buffer
	require.NoError(t, run(t.Context(), o, &third))
	require.True(t, strings.HasSuffix(third.String(), end), third.String())
	o.Data = "state.db"
	require.ErrorContains(t, run(t.Context(), o, &third), "--database")
}

// A site that works for another ends with that.
func TestSiteOfASecondProcess(t *testing.T) {
	t.Parallel()
	o := options{Flags: cluster.Flags{Database: newSchema(t)}, Listen: "127.0.0.1:0", Organisation: "984661185"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := make(chan error, 1)
	opened := make(chan struct{})
	go func() { first <- run(ctx, o, &ender{end: func() { close(opened) }}) }()
	select {
	case <-opened:
	case err := <-first:
		require.FailNow(t, "the first ended", "%v", err)
	}
	second := &ender{end: cancel} // the first ends when the second site is there
	require.NoError(t, run(t.Context(), o, second))
	require.NoError(t, <-first)
	require.Contains(t, second.String(), "open http://127.0.0.1:")
	require.Contains(t, second.String(), "of the work")
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
	name := fmt.Sprintf("countersign_onboarding_%d_%d", os.Getpid(), schemas.Add(1))
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
