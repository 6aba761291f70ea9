package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/stretchr/testify/require"
)

// TestLinks: each link with its team, state, runs and counts, and nothing is done
// by looking.
func TestLinks(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	require.ErrorContains(t, command(t, "links", "--data", dir).failure, "nothing is linked")
	require.NoDirExists(t, dir)

	from := folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b"), "empty.pdf": ""})
	require.Error(t, command(t, "--data", dir, "--from", from, "--arrivals", "0").failure)
	state, err := os.ReadFile(filepath.Join(dir, simulationFile))
	require.NoError(t, err)
	r := command(t, "links", "--data", dir)
	require.NoError(t, r.failure)
	require.Regexp(t, `│ [0-9A-Z]{4}-[0-9A-Z]{4} +│ サンプル株式会社 │ active │ 2026-04-02 18:00 JST │ 2026-04-03 03:00 JST │ +3 │ +3 │ +2 │ +0 │ +0 │ +0 │ +1 │`, r.out)
	require.Contains(t, r.out, "ledgersync: links=1\n")
	after, err := os.ReadFile(filepath.Join(dir, simulationFile))
	require.NoError(t, err)
	require.Equal(t, state, after)
}

// TestLinksThatDoNotRun: two client IDs in one folder, one not confirmed and one
// stopped, and what to do about each.
func TestLinksThatDoNotRun(t *testing.T) {
	t.Parallel()
	srv := cloudsigntest.NewServer()
	defer srv.Close()
	o := options{Data: filepath.Join(t.TempDir(), "data"), Environment: "sandbox", Yes: true}
	for range 2 {
		user := srv.AddUser(cloudsigntest.User{})
		srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded})
		o.ClientID = user.ClientID
		r := execute(t, o, realService(srv))
		if o.Yes {
			require.NoError(t, r.failure)
			srv.UpdateTeam(user.TeamID, func(tm *cloudsigntest.Team) { tm.Enterprise = true })
			require.Error(t, execute(t, o, realService(srv)).failure)
			o.Yes = false
			continue
		}
		require.Error(t, r.failure)
	}
	var out bytes.Buffer
	p := &program{options: o, in: strings.NewReader(""), out: &out, err: io.Discard, baseURL: srv.URL()}
	require.NoError(t, p.links(t.Context()))
	require.Contains(t, out.String(), "Enterprise")
	require.Contains(t, out.String(), "was not started: run without a command")
	require.Contains(t, out.String(), "goes on with the next run")
	require.Contains(t, out.String(), "ledgersync: links=2\n")
}
