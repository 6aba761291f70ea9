package salelink_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdocktest"
)

// forwarded is a world with one sale that B has.
func forwarded(t *testing.T, change ...func(*salelink.Settings)) (w *world, a, b int) {
	t.Helper()
	w = newWorld(t)
	w.b.AddStatus(salesdocktest.Status{ID: "wacht", Name: "Wacht op principaal"})
	w.live(change...)
	a = w.sell()
	w.advance(20 * time.Minute)
	require.Len(t, w.received(), 1)
	return w, a, w.received()[0].ID
}

func TestPullingIsASwitch(t *testing.T) {
	t.Parallel()
	w, a, b := forwarded(t, func(s *salelink.Settings) { s.Policy.PullStatuses = false })
	w.b.SetStatus(b, "verwerkt", "")
	w.advance(time.Hour)
	require.Equal(t, "new", w.a.Sale(a).Status)
	require.Empty(t, w.sale(a).StatusB)
}

func TestCustomStatusesMustBeMapped(t *testing.T) {
	t.Parallel()
	w, a, b := forwarded(t)
	w.b.SetStatus(b, "wacht", "")
	w.advance(time.Hour)
	require.Equal(t, "new", w.a.Sale(a).Status)
	require.Equal(t, "wacht", w.sale(a).NotSynced)
	reported := 0
	for e, err := range w.flow.Journal(t.Context(), w.sale(a).A) {
		require.NoError(t, err)
		if e.IDs["status_b"] == "wacht" {
			reported++
		}
	}
	require.Equal(t, 1, reported, "it is reported once")

	s := w.settings()
	s.Mapping.Statuses = append(s.Mapping.Statuses, salemap.StatusPair{B: "wacht", A: "klaar"})
	require.NoError(t, w.flow.Configure(t.Context(), s))
	w.advance(20 * time.Minute)
	require.Equal(t, "klaar", w.a.Sale(a).Status)
	require.Empty(t, w.sale(a).NotSynced)
}

func TestUnknownStatusCountsAsCustom(t *testing.T) {
	t.Parallel()
	w, a, b := forwarded(t)
	w.b.SetStatus(b, "never-heard-of", "")
	w.advance(30 * time.Minute)
	require.Equal(t, "new", w.a.Sale(a).Status)
	require.Equal(t, "never-heard-of", w.sale(a).NotSynced)
}

func TestSystemStatusesAreMappedByThemselves(t *testing.T) {
	t.Parallel()
	w, a, b := forwarded(t)
	w.b.SetStatus(b, "accepted_by_supplier", "")
	w.advance(30 * time.Minute)
	require.Equal(t, "accepted_by_supplier", w.a.Sale(a).Status)
	lines, err := w.flow.Statuses(t.Context())
	require.NoError(t, err)
	require.Len(t, lines, 2, "system statuses are hidden")

	s := w.settings()
	s.Policy.ShowSystem = true
	s.Mapping.Statuses = append(s.Mapping.Statuses, salemap.StatusPair{B: "paid", A: "klaar"})
	require.NoError(t, w.flow.Configure(t.Context(), s))
	lines, err = w.flow.Statuses(t.Context())
	require.NoError(t, err)
	require.Greater(t, len(lines), 20)
	w.b.SetStatus(b, "paid", "")
	w.advance(30 * time.Minute)
	require.Equal(t, "klaar", w.a.Sale(a).Status, "a person's choice overrides")

	s.Policy.System = []string{}
	require.NoError(t, w.flow.Configure(t.Context(), s))
	w.b.SetStatus(b, "invoiced", "")
	w.advance(30 * time.Minute)
	require.Equal(t, "klaar", w.a.Sale(a).Status, "the list of system statuses is a setting")
}

// The status that B's sale began with is no news: it would undo A's own.
func TestFirstStatusOfBIsNoNews(t *testing.T) {
	t.Parallel()
	w, a, _ := forwarded(t, func(s *salelink.Settings) { s.Policy.SentStatus = "sent" })
	w.advance(2 * time.Hour)
	require.Equal(t, "sent", w.a.Sale(a).Status)
}

// What is written at A moves A's time of change, and is no reason to write again.
func TestStatusesDoNotGoRoundInCircles(t *testing.T) {
	t.Parallel()
	w, _, b := forwarded(t)
	w.b.SetStatus(b, "verwerkt", "")
	w.advance(time.Hour)
	writes := w.srv.Log().Tally("POST /sales/updatestatus/{id}").Requests
	require.Equal(t, int64(1), writes)
	w.advance(6 * time.Hour)
	require.Equal(t, writes, w.srv.Log().Tally("POST /sales/updatestatus/{id}").Requests)
	require.Len(t, w.received(), 1)
}

func TestCancellationRequestIsWrittenDown(t *testing.T) {
	t.Parallel()
	w, a, b := forwarded(t)
	w.b.SetStatus(b, "open_cancellation_proposal", "")
	w.advance(time.Hour)
	found := 0
	for e, err := range w.flow.Journal(t.Context(), w.sale(a).A) {
		require.NoError(t, err)
		if e.What == "cancellation request at B: open_cancellation_proposal" {
			found++
		}
	}
	require.Equal(t, 1, found)
}

// A status that A refuses for a while arrives in the end, and the newest wins.
func TestNewestStatusWins(t *testing.T) {
	t.Parallel()
	w, a, b := forwarded(t)
	w.b.SetStatus(b, "verified", "")
	w.clock.Advance(time.Minute)
	w.b.SetStatus(b, "verwerkt", "")
	w.advance(time.Hour)
	require.Equal(t, "klaar", w.a.Sale(a).Status)
}
