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

const end = `(^|\n)salelink: imported=6 forwarded=1 refused=1 statuses=1 vanished=1\n$`

// hook calls then when a text was written.
type hook struct {
	bytes.Buffer

	on   string
	then func()
}

func (h *hook) Write(p []byte) (int, error) {
	n, err := h.Buffer.Write(p)
	if h.then != nil && strings.Contains(h.String(), h.on) {
		h.then()
		h.then = nil
	}
	return n, err
}

// The second program works for the first and ends with it. A later one plays the
// scenes again.
func TestTwoProcessesShareTheSimulation(t *testing.T) {
	t.Parallel()
	o := options{Flags: cluster.Flags{Database: newSchema(t)}}
	var second sync.WaitGroup
	var failure error
	begun := make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	two := &hook{on: "works for it", then: begin}
	one := &hook{on: "2. Plan and import", then: func() {
		second.Go(func() {
			defer begin()
			failure = run(t.Context(), o, two)
		})
		<-begun
	}}
	require.NoError(t, run(t.Context(), o, one))
	second.Wait()
	require.NoError(t, failure)
	require.Contains(t, two.String(), "Another process plays the scenes")
	require.Regexp(t, end, one.String())
	require.Regexp(t, end, two.String())

	var third bytes.Buffer
	require.NoError(t, run(t.Context(), o, &third))
	require.Regexp(t, end, third.String())

	o.DryRun = true
	var plan bytes.Buffer
	require.NoError(t, run(t.Context(), o, &plan))
	require.Contains(t, plan.String(), "product create 6")
	o.Data = "link.db"
	require.ErrorContains(t, run(t.Context(), o, &plan), "--database")
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
	name := fmt.Sprintf("countersign_salelink_%d_%d", os.Getpid(), schemas.Add(1))
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
