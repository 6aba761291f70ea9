package ledgersync_test

import (
	"net/http"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// colleague adds a link of another user of the same team, with its preview.
func (w *world) colleague(change ...func(*ledgersync.Settings)) ledgersync.Preview {
	w.t.Helper()
	tr := &http.Transport{}
	w.t.Cleanup(tr.CloseIdleConnections)
	a := w.newAccount(w.fake.AddUser(cloudsigntest.User{Authorities: w.user.Authorities}), tr)
	w.restart(a)
	s := settings(a)
	for _, c := range change {
		c(&s)
	}
	link, err := w.flow.AddLink(w.t.Context(), s)
	require.NoError(w.t, err)
	w.link = link.ID
	return w.preview()
}

func TestOverlapIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	linked := w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	w.start()
	first := w.link
	require.NoError(t, w.flow.Pause(t.Context(), first))
	own := w.document(cloudsigntest.Document{}, "c.pdf")
	p := w.colleague()
	require.Equal(t, contractone.Count{Documents: 1, Files: 2}, p.Overlap)
	require.Contains(t, p.Advice, ledgersync.AdviceOverlap)
	require.EqualValues(t, 1, p.Registrations)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	for range 3 {
		w.nextDay()
	}
	require.EqualValues(t, 2, w.state().Overlap, "each counts once, however often it is seen")
	require.Equal(t, contractone.Count{Documents: 1, Files: 1}, w.state().Seen)
	found := map[contractone.Key]contractone.ManagementID{}
	for o, err := range w.flow.Overlaps(t.Context(), w.link) {
		require.NoError(t, err)
		found[o.Key] = o.HeldBy
	}
	require.Equal(t, map[contractone.Key]contractone.ManagementID{key(linked, 0): first, key(linked, 1): first}, found)
	require.Len(t, w.entries(), 3)
	require.Equal(t, w.link, w.entry(own, 0).Link)

	require.NoError(t, w.flow.Resume(t.Context(), first))
	w.run()
	require.Len(t, w.entries(), 3)
	link, err := w.flow.Link(t.Context(), first)
	require.NoError(t, err)
	require.EqualValues(t, 1, link.Overlap, "the first link sees the second one's file")
}

// TestOverlapWithWhatIsNotRegistered: what another link holds back, it registers.
func TestOverlapWithWhatIsNotRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "discarded.pdf", "held.pdf")
	w.start(reviewed)
	done, err := w.flow.Review(hanako).Discard(t.Context(), "", key(doc, 0))
	require.NoError(t, one(t, done, err))
	p := w.colleague()
	require.Zero(t, p.Registrations)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Empty(t, w.entries())
	require.EqualValues(t, 2, w.state().Overlap)
}

func TestLinksTellHowTheyStand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) { tm.Name = "法務部" })
	w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	w.start()
	links, err := w.flow.Links(t.Context())
	require.NoError(t, err)
	require.Len(t, links, 1)
	require.Equal(t, w.link, links[0].ID)
	require.Equal(t, "法務部", links[0].Team)
	require.Equal(t, ledgersync.StateActive, links[0].State)
	require.Equal(t, w.clock.Now(), links[0].LastRun)
	require.True(t, links[0].NextRun.After(w.clock.Now()))
	require.Equal(t, contractone.Count{Documents: 1, Files: 2}, links[0].Seen)
	require.Equal(t, ledgersync.Summary{Documents: 1, Files: 2, Linked: 2}, links[0].Counts)
	require.Equal(t, w.summary(), links[0].Counts)

	w.document(cloudsigntest.Document{Files: []cloudsigntest.File{{Name: "empty.pdf", Content: cloudsigntest.Bytes([]byte{})}}})
	w.nextDay()
	links, err = w.flow.Links(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, links[0].Counts.Failed)
}

// TestRemove: what was registered or discarded never comes back, what was not
// decided may be found again by another link of the same client ID.
func TestRemove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "saved.pdf", "discarded.pdf", "held.pdf")
	w.start(reviewed)
	first, review := w.link, w.flow.Review(hanako)
	done, err := review.Save(t.Context(), key(doc, 0))
	require.NoError(t, one(t, done, err))
	w.run()
	done, err = review.Discard(t.Context(), "", key(doc, 1))
	require.NoError(t, one(t, done, err))
	require.NoError(t, w.flow.Remove(t.Context(), first))
	require.NoError(t, w.flow.Remove(t.Context(), first), "removing again is harmless")
	w.nextDay()
	links, err := w.flow.Links(t.Context())
	require.NoError(t, err)
	require.Empty(t, links)
	require.Equal(t, ledgersync.StateRemoved, w.state().State)
	for _, refused := range []error{
		w.flow.Resume(t.Context(), first), w.flow.Pause(t.Context(), first), w.flow.RunNow(t.Context(), first),
	} {
		require.ErrorIs(t, refused, countersign.ErrConflict)
	}
	_, err = w.flow.Preview(t.Context(), first)
	require.ErrorIs(t, err, countersign.ErrConflict)

	p := w.add()
	require.NotEqual(t, first, w.link)
	require.EqualValues(t, 1, p.Registrations)
	require.Zero(t, p.Overlap)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Len(t, w.entries(), 2)
	require.Equal(t, first, w.entry(doc, 0).Link)
	require.Equal(t, w.link, w.entry(doc, 2).Link)
	require.Zero(t, w.state().Overlap)
	require.EqualValues(t, 2, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests)
}

func TestRemoveWhileFilesFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 90, Files: 100})
	w.ledger.SetRefusal(contractone.ErrQuota)
	w.start()
	require.NoError(t, w.flow.Remove(t.Context(), w.link))
	require.NoError(t, w.store.Tx(t.Context(), func(tx orchestration.Tx) error {
		n, err := tx.Count(t.Context(), orchestration.Query{Table: ledgersync.Tables("")[1]})
		require.Empty(t, n)
		return err
	}))
	w.ledger.SetRefusal(nil)
	require.NoError(t, w.flow.Start(t.Context(), idOf(w, nil), w.preview()))
	w.run()
	require.EqualValues(t, 100, w.summary().Linked)
}
