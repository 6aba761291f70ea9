package ledgersync_test

import (
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

func (w *world) week() {
	w.t.Helper()
	for range 7 {
		w.nextDay()
	}
}

func (w *world) drift() map[contractone.Key][]ledgersync.Drift {
	w.t.Helper()
	out := map[contractone.Key][]ledgersync.Drift{}
	for d, err := range w.flow.Drift(w.t.Context(), w.link) {
		require.NoError(w.t, err)
		require.Equal(w.t, w.link, d.Link)
		require.NotZero(w.t, d.Found)
		out[d.Key] = d.Changes
	}
	return out
}

// TestCompleteRunFindsWhatNoTimeTells: a document that became visible long after
// its conclusion.
func TestCompleteRunFindsWhatNoTimeTells(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(func(u *cloudsigntest.User) { u.Authorities.PrivateDocumentAdministrator = true }))
	hidden := w.document(concludedAt(w.clock.Now().AddDate(0, -6, 0), cloudsigntest.Document{Private: true}), "x.pdf")
	w.start()
	w.fake.UpdateDocument(hidden.ID, func(d *cloudsigntest.Document) { d.Private = false })
	for range 6 {
		w.nextDay()
		require.Empty(t, w.entries())
	}
	w.nextDay()
	w.entry(hidden, 0)
	for e, err := range w.flow.Journal(t.Context(), w.link) {
		require.NoError(t, err)
		require.Equal(t, "complete run", e.Why)
	}
}

func TestDriftIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	changed := w.document(cloudsigntest.Document{Title: "書類", Attribute: &cloudsigntest.Attribute{
		ValidityEndAt: "2027-01-01", Amount: new(int64(10)), LocalID: "K-1",
	}}, "a.pdf", "b.pdf")
	same := w.document(cloudsigntest.Document{Title: "書類", Attribute: &cloudsigntest.Attribute{LocalID: "K-2"}}, "c.pdf")
	w.start()
	before := w.entries()
	w.week()
	require.Empty(t, w.drift())

	w.fake.SetAttribute(changed.ID, cloudsigntest.Attribute{
		Title: "管理用", ValidityEndAt: "2027-01-01", Amount: new(int64(11)), AutoUpdate: cloudsigntest.AutoUpdateNo,
	})
	w.week()
	want := []ledgersync.Drift{
		{Item: "amount", Kind: ledgersync.ItemChanged}, {Item: "approval_number", Kind: ledgersync.ItemRemoved},
		{Item: "auto_renewal", Kind: ledgersync.ItemAdded}, {Item: "title", Kind: ledgersync.ItemChanged},
	}
	require.Equal(t, map[contractone.Key][]ledgersync.Drift{key(changed, 0): want, key(changed, 1): want}, w.drift())
	require.Equal(t, before, w.entries(), "nothing is changed in the ledger")

	w.fake.SetAttribute(changed.ID, cloudsigntest.Attribute{ValidityEndAt: "2027-01-01", Amount: new(int64(10)), LocalID: "K-1"})
	w.week()
	require.Empty(t, w.drift(), "the source is again as it was linked")
	w.entry(same, 0)
}

func TestDriftFillsWhatIsEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "書類", Attribute: &cloudsigntest.Attribute{LocalID: "K-1"}}, "a.pdf")
	w.start(func(s *ledgersync.Settings) { s.Late = ledgersync.LateFill })
	_, err := w.ledger.Update(t.Context(), key(doc, 0), contractone.Patch{Clear: []contractone.ItemKey{contractone.ItemSignedOn}}, contractone.Edit{By: "u@example.com"})
	require.NoError(t, err)
	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{
		LocalID: "K-2", ContractAt: "2026-01-01", ValidityEndAt: "2027-01-01", Amount: new(int64(0)),
	})
	w.week()
	e := w.entry(doc, 0)
	require.Equal(t, contractone.Items{
		Title: "書類", FileName: "a.pdf", ApprovalNumber: "K-1", EndsOn: date(2027, 1, 1), Amount: contractone.Yen(0),
	}, e.Items, "what was linked or cleared by a user stays")
	require.Equal(t, map[contractone.Key][]ledgersync.Drift{key(doc, 0): {
		{Item: "approval_number", Kind: ledgersync.ItemChanged}, {Item: "signed_on", Kind: ledgersync.ItemAdded},
	}}, w.drift())
	_, err = w.ledger.Update(t.Context(), key(doc, 0), contractone.Patch{Set: contractone.Items{EndsOn: date(2028, 1, 1)}}, contractone.Edit{By: "u@example.com"})
	require.NoError(t, err)
	w.week()
	require.Equal(t, date(2028, 1, 1), w.entry(doc, 0).Items.EndsOn)
}

// mute is a ledger that can do no more than a ledger has to.
type mute struct{ contractone.Ledger }

func (mute) Capabilities() contractone.Capabilities { return contractone.Capabilities{} }

func TestFillingNeedsALedgerThatCan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	flow, err := ledgersync.New(w.cfg, ledgersync.Deps{Store: w.store, Ledger: mute{w.ledger}, Accounts: []ledgersync.Account{w.account}})
	require.NoError(t, err)
	s := settings(w.account)
	s.Late = ledgersync.LateFill
	_, err = flow.AddLink(t.Context(), s)
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestNothingIsComparedLikeVendor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(likeVendor)
	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{Title: "later"})
	w.week()
	require.Empty(t, w.drift())
	require.EqualValues(t, 1, w.fake.Log().Tally(cloudsigntest.OpGetAttribute).Requests)
}

// TestComparingRidesOutFailures: a complete run that is cut off goes on at its
// page.
func TestComparingRidesOutFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 150, Files: 150})
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start()
	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{LocalID: "K"})
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpGetAttribute, Fault: countersigntest.Status(503), Every: 40})
	w.week()
	for range 20 {
		w.clock.Advance(30 * time.Minute)
		w.run()
	}
	require.Len(t, w.drift(), 1)
	require.Empty(t, w.state().LastError)
}

func TestCheckAndRepair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.document(cloudsigntest.Document{}, "good.pdf")
	lost := w.document(cloudsigntest.Document{Title: "失われた"}, "lost.pdf")
	missing := w.document(cloudsigntest.Document{}, "missing.pdf")
	gone := w.document(cloudsigntest.Document{}, "gone.pdf")
	w.start()
	report, err := w.flow.Check(t.Context(), w.link)
	require.NoError(t, err)
	require.Equal(t, ledgersync.CheckReport{Link: w.link, At: w.clock.Now(), Files: 4, Linked: 4, LedgerSearched: true}, report)

	old := w.ledger
	w.ledger = contractonetest.NewLedger(contractonetest.WithClock(w.clock.Now)) // a backup without the one
	for _, e := range w.entriesOf(old) {
		if e.Key != key(lost, 0) {
			_, err := w.ledger.Register(t.Context(), copyOf(t, old, e))
			require.NoError(t, err)
		}
	}
	w.restart()
	require.NoError(t, w.store.Tx(t.Context(), func(tx orchestration.Tx) error {
		return tx.Delete(t.Context(), ledgersync.Tables("")[1], string(key(missing, 0)))
	}))
	w.fake.UpdateDocument(gone.ID, func(d *cloudsigntest.Document) { d.Status = cloudsigntest.Declined })
	w.clock.Advance(time.Minute)
	w.document(cloudsigntest.Document{}, "new.pdf") // not found yet, which is no problem
	report, err = w.flow.Check(t.Context(), w.link)
	require.NoError(t, err)
	require.ElementsMatch(t, []ledgersync.Problem{
		{Kind: ledgersync.ProblemLost, Key: key(lost, 0)}, {Kind: ledgersync.ProblemMissing, Key: key(missing, 0)},
		{Kind: ledgersync.ProblemGone, Key: key(gone, 0)},
	}, report.Problems)
	w.run()
	require.Len(t, w.entries(), 3, "a check changes nothing")

	_, err = w.flow.Repair(t.Context(), w.link)
	require.NoError(t, err)
	w.run()
	require.Len(t, w.entries(), 4)
	require.Equal(t, contractone.Items{Title: "失われた", FileName: "lost.pdf"}, w.entry(lost, 0).Items)
	report, err = w.flow.Check(t.Context(), w.link)
	require.NoError(t, err)
	require.Equal(t, []ledgersync.Problem{{Kind: ledgersync.ProblemGone, Key: key(gone, 0)}}, report.Problems)
	w.entry(good, 0)
}

func (w *world) entriesOf(l *contractonetest.Ledger) (out []contractone.Entry) {
	w.t.Helper()
	for e, err := range contractone.All(w.t.Context(), l, contractone.Query{}) {
		require.NoError(w.t, err)
		out = append(out, e)
	}
	return out
}

// copyOf is the draft that makes an entry again.
func copyOf(t *testing.T, l *contractonetest.Ledger, e contractone.Entry) contractone.Draft {
	t.Helper()
	return contractone.Draft{
		Source: e.Source, Link: e.Link, Items: e.Items, Share: e.Share, Responsible: e.Responsible,
		PDF: pdfOf(t, l, e.Key),
	}
}

// TestRepairLooksUncertainFilesUp: a file whose outcome nobody knows is not sent
// again when the ledger has it.
func TestRepairLooksUncertainFilesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{After: countersign.ErrOutcomeUnknown}
	})
	blind := &blindLedger{Ledger: w.ledger}
	w.use(blind)
	w.add()
	require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))
	blind.blind = true
	w.run()
	w.clock.Advance(10 * time.Minute)
	w.run()
	require.EqualValues(t, 1, w.summary().Uncertain)
	blind.blind = false
	report, err := w.flow.Repair(t.Context(), w.link)
	require.NoError(t, err)
	require.Equal(t, []ledgersync.Problem{{Kind: ledgersync.ProblemUncertain, Key: key(doc, 0), Repaired: true}}, report.Problems)
	w.run()
	require.EqualValues(t, 1, w.summary().Linked)
	require.EqualValues(t, 1, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests)
}
