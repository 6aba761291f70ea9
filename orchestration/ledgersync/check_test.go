package ledgersync_test

import (
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

func (w *world) checked() ledgersync.CheckReport {
	w.t.Helper()
	report, err := w.flow.Check(w.t.Context(), w.link)
	require.NoError(w.t, err)
	return report
}

// TestCheckFindsADeadFileInTheLedger: a registration that the ledger made and then
// answered with a refusal.
func TestCheckFindsADeadFileInTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{After: countersign.ErrConflict}
	})
	w.start()
	require.EqualValues(t, 1, w.summary().Failed)
	require.Equal(t, []ledgersync.Problem{{Kind: ledgersync.ProblemUnexpected, Key: key(doc, 0)}}, w.checked().Problems)
	_, err := w.flow.DeadLetters().RetryAll(t.Context())
	require.NoError(t, err)
	w.run()
	require.Empty(t, w.checked().Problems)
	require.EqualValues(t, 1, w.summary().Known)
}

// TestCheckFindsAHeldFileInTheLedger: somebody registered it while it waited.
func TestCheckFindsAHeldFileInTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start()
	first := w.entry(doc, 0)
	full := w.ledger
	w.loseStore()
	w.loseLedger()
	w.start(reviewed)
	require.Empty(t, w.checked().Problems)
	_, err := w.ledger.Register(t.Context(), copyOf(t, full, first))
	require.NoError(t, err)
	require.Equal(t, []ledgersync.Problem{{Kind: ledgersync.ProblemUnexpected, Key: key(doc, 0)}}, w.checked().Problems)
}

// TestCheckFindsWhatIsLostAndGone: nothing can register it again, so nothing claims
// that it was repaired.
func TestCheckFindsWhatIsLostAndGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start()
	w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Status = cloudsigntest.Declined })
	w.loseLedger()
	want := []ledgersync.Problem{{Kind: ledgersync.ProblemGone, Key: key(doc, 0)}, {Kind: ledgersync.ProblemLost, Key: key(doc, 0)}}
	require.Equal(t, want, w.checked().Problems)
	require.Equal(t, want, w.repair().Problems)
}

// TestCheckFindsWhatIsLostAndNotCarried: a linked document that was made
// confidential since.
func TestCheckFindsWhatIsLostAndNotCarried(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(seesConfidential))
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start()
	w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Private = true })
	require.Empty(t, w.checked().Problems)
	w.loseLedger()
	require.Equal(t, []ledgersync.Problem{{Kind: ledgersync.ProblemLost, Key: key(doc, 0)}}, w.repair().Problems)
	w.run()
	require.Empty(t, w.entries())
}

// TestSuccessorLooksAfterWhatARemovedLinkRegistered: Check, Repair and Drift of the
// new link include it, and what was discarded stays discarded.
func TestSuccessorLooksAfterWhatARemovedLinkRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "private.pdf", "discarded.pdf")
	w.start(reviewed, companyWide)
	w.share(contractone.Private(), key(doc, 0))
	w.save(key(doc, 0))
	_, err := w.flow.Review(hanako).Discard(t.Context(), "", key(doc, 1))
	require.NoError(t, err)
	w.run()
	old := w.link
	require.NoError(t, w.flow.Remove(t.Context(), old))
	w.start(companyWide)
	require.Equal(t, ledgersync.Summary{Documents: 1, Files: 2, Linked: 1, Discarded: 1}, w.summary())
	require.Equal(t, contractone.Count{Documents: 1, Files: 2}, w.state().Seen)

	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{LocalID: "K"})
	w.week()
	require.Len(t, w.drifted(), 1)
	w.loseLedger()
	_, err = w.flow.Repair(t.Context(), old)
	require.ErrorIs(t, err, countersign.ErrConflict)
	require.Equal(t, []ledgersync.Problem{{Kind: ledgersync.ProblemLost, Key: key(doc, 0), Repaired: true}}, w.repair().Problems)
	w.run()
	require.Len(t, w.entries(), 1)
	require.Equal(t, contractone.Private(), w.entry(doc, 0).Share)
	require.Equal(t, w.link, w.entry(doc, 0).Link)
}

// TestCheckSaysWhatItCouldNotCompare: a ledger that can't be searched.
func TestCheckSaysWhatItCouldNotCompare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	require.True(t, w.checked().LedgerSearched)
	w.use(mute{w.ledger})
	require.False(t, w.checked().LedgerSearched)
}

// TestSuccessorRepairsWhatIsUncertain: a file whose outcome nobody knows is not out
// of reach when its link is removed.
func TestSuccessorRepairsWhatIsUncertain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ledger := &blindLedger{Ledger: w.ledger}
	w.use(ledger)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{Before: countersign.ErrOutcomeUnknown}
	})
	p := w.add()
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	ledger.blind = true
	w.run()
	w.nextDay()
	require.EqualValues(t, 1, w.summary().Uncertain)
	ledger.blind = false
	w.ledger.SetFault(nil)
	require.NoError(t, w.flow.Remove(t.Context(), w.link))
	w.start()
	require.Equal(t, []ledgersync.Problem{{Kind: ledgersync.ProblemUncertain, Key: key(doc, 0), Repaired: true}}, w.repair().Problems)
	w.run()
	require.Equal(t, w.link, w.entry(doc, 0).Link)
}

// TestRepairBringsNothingForgottenBack: neither the store nor the queue.
func TestRepairBringsNothingForgottenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "a title"}, "a.pdf")
	w.start()
	require.NoError(t, w.flow.Forget(t.Context(), doc.ID))
	w.loseLedger()
	require.Equal(t, []ledgersync.Problem{{Kind: ledgersync.ProblemLost, Key: key(doc, 0)}}, w.repair().Problems)
	w.run()
	for r, err := range w.flow.Files(t.Context(), w.link) {
		require.NoError(t, err)
		require.Empty(t, r.Title)
		require.Equal(t, ledgersync.FileLinked, r.State)
	}
}
