package ledgersync_test

import (
	"testing"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// loseStore begins with an empty store, as a program does whose own was lost; the
// ledger stays.
func (w *world) loseStore() {
	w.t.Helper()
	w.store = orchestration.NewMemory()
	w.restart()
}

// TestReviewersNeverSeeWhatTheLedgerHas: the preview counts none of it, and so it is.
func TestReviewersNeverSeeWhatTheLedgerHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	w.start()
	w.loseStore()
	fresh := w.document(cloudsigntest.Document{}, "c.pdf")
	p := w.add(reviewed)
	require.EqualValues(t, 1, p.Registrations, "how many reviewers will see")
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Equal(t, ledgersync.Summary{Documents: 2, Files: 3, Known: 2, Held: 1}, w.summary())
	require.Equal(t, key(fresh, 0), w.held(hanako)[0].Key)
	done, err := w.flow.Review(hanako).Discard(t.Context(), "", key(doc, 0))
	require.Error(t, one(t, done, err), "what is in the ledger can't be kept out of it")
}

// TestReviewWithALedgerThatCantBeAsked: then reviewers see everything.
func TestReviewWithALedgerThatCantBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	blind := &blindLedger{Ledger: w.ledger}
	w.use(blind)
	w.add(reviewed)
	require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))
	blind.blind = true
	w.run()
	require.Len(t, w.held(hanako), 1)
}

// use makes the flow anew with another ledger.
func (w *world) use(l contractone.Ledger) {
	w.t.Helper()
	flow, err := ledgersync.New(w.cfg, ledgersync.Deps{Store: w.store, Ledger: l, Accounts: []ledgersync.Account{w.account}})
	require.NoError(w.t, err)
	w.flow, w.engine = flow, orchestration.NewLocal(w.store, orchestration.WithClock(w.clock.Now))
	flow.Register(w.engine)
}

// TestBudgetIsForRegistrations: what the ledger has already uses none of it up, and
// does not wait for it either.
func TestBudgetIsForRegistrations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 40, Files: 40})
	w.start()
	w.loseStore()
	w.document(cloudsigntest.Document{}, "new.pdf")
	p := w.add(func(s *ledgersync.Settings) { s.Budget.Month = 10 })
	require.EqualValues(t, 1, p.Registrations)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Equal(t, ledgersync.Summary{Documents: 41, Files: 41, Known: 40, Linked: 1}, w.summary())
}

// TestRepairKeepsWithinTheBudget: registering again what a ledger lost uses up
// contracts too.
func TestRepairKeepsWithinTheBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 10, Files: 10})
	w.start(func(s *ledgersync.Settings) { s.Budget.Month = 15 })
	require.Len(t, w.entries(), 10)
	w.loseLedger()
	require.Len(t, w.repair().Problems, 10)
	w.run()
	require.Len(t, w.entries(), 5)
	require.EqualValues(t, 5, w.summary().Held)
	for range 30 {
		w.nextDay()
	}
	require.Len(t, w.entries(), 10, "a new month")
}
