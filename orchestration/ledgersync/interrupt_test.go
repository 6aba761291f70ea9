package ledgersync_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
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

// frail is a store whose transactions fail once their number is used up: a program
// that is killed between two commits.
type frail struct {
	orchestration.Store
	left atomic.Int64
}

var errKilled = errors.New("killed")

func (s *frail) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	if s.left.Add(-1) < 0 {
		return errKilled
	}
	return s.Store.Tx(ctx, fn)
}

// TestKilledAtAnyCommit runs a stop, a resume and a first load on a store that dies
// at each commit in turn, until one lives to the end; a healthy program goes on and
// nothing is lost or doubled.
func TestKilledAtAnyCommit(t *testing.T) {
	t.Parallel()
	for commits, lived := int64(0), false; !lived; commits++ {
		w := newWorld(t)
		w.fake.Seed(w.user, cloudsigntest.Account{Documents: 5, Files: 7})
		w.ledger.SetContracted(2)
		w.start()
		require.Equal(t, ledgersync.StateStopped, w.state().State)
		w.ledger.SetContracted(-1)

		healthy := w.store
		dying := &frail{Store: healthy}
		dying.left.Store(commits)
		w.store = dying
		w.restart()
		_ = w.flow.Resume(t.Context(), w.link) // and dies somewhere
		_ = w.engine.RunUntilIdle(t.Context())
		lived = dying.left.Load() >= 0

		w.store = healthy
		w.restart()
		if w.state().State == ledgersync.StateStopped {
			require.NoError(t, w.flow.Resume(t.Context(), w.link))
		}
		for range 3 { // the next daily runs
			w.nextDay()
		}
		s := w.summary()
		require.Equal(t, s.Files, s.Linked, "after %d commits: %+v", commits, s)
		require.Len(t, w.entries(), int(s.Files))
	}
}

// TestKilledAtAnyCommitInReview: a reviewer's decisions and what follows from them,
// on a store that dies at each commit in turn. What was answered as done is done.
func TestKilledAtAnyCommitInReview(t *testing.T) {
	t.Parallel()
	decided := 0
	for commits, lived := int64(0), false; !lived; commits++ {
		w := newWorld(t)
		w.fake.Seed(w.user, cloudsigntest.Account{Documents: 4, Files: 6})
		w.add(reviewed, func(s *ledgersync.Settings) { s.Budget.Run = 2 })
		require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))

		healthy := w.store
		dying := &frail{Store: healthy}
		dying.left.Store(commits)
		w.store = dying
		w.restart()
		_ = w.engine.RunUntilIdle(t.Context())
		var saved, discarded []contractone.Key
		if page, err := w.flow.Review(hanako).List(t.Context(), w.link, "", 0); err == nil && len(page.Items) > 1 {
			done, _ := w.flow.Review(hanako).Save(t.Context(), page.Items[0].Key)
			for _, d := range done {
				saved = append(saved, d.Key)
			}
			done, _ = w.flow.Review(jiro).Discard(t.Context(), "", page.Items[1].Key)
			for _, d := range done {
				discarded = append(discarded, d.Key)
			}
		}
		_ = w.engine.RunUntilIdle(t.Context())
		lived = dying.left.Load() >= 0

		w.store = healthy
		w.restart()
		for range 3 {
			w.nextDay()
		}
		require.Len(t, w.held(hanako), 6-len(saved)-len(discarded), "after %d commits", commits)
		entries := w.entries()
		require.Len(t, entries, len(saved))
		for _, k := range saved {
			require.Contains(t, entries, k)
		}
		decided += len(saved) + len(discarded)
		require.True(t, !lived || len(saved) > 0, "the last one lives to the end")
	}
	require.Greater(t, decided, 2, "some die after a decision")
}

// TestDocumentsThatLeaveDuringDowntime: documents on pages that were read leave the
// window while the program is away, so the rest moves to pages that were read.
func TestDocumentsThatLeaveDuringDowntime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.clock.Advance(time.Hour)
	var early []cloudsigntest.Document
	for i := range 600 {
		w.clock.Advance(time.Minute)
		d := w.document(cloudsigntest.Document{}, "x.pdf")
		if i >= 450 { // newest first: these stand on the first pages
			early = append(early, d)
		}
	}
	require.NoError(t, w.flow.RunNow(t.Context(), w.link))
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpListTeamDocuments, Fault: countersigntest.Status(500), Every: 4})
	w.run() // fails at the fourth page
	w.fake.Faults().Clear()
	w.clock.Advance(72 * time.Hour)
	for _, d := range early {
		w.fake.UpdateDocument(d.ID, func(d *cloudsigntest.Document) { d.Participants[1].ProcessedAt = w.clock.Now() })
	}
	w.restart()
	w.run()
	w.nextDay()
	require.Len(t, w.entries(), 600)
}

// TestLinkTakesOverFromOneThatStopped: what waits under a link that is not active
// belongs to whatever active link sees it.
func TestLinkTakesOverFromOneThatStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 10, Files: 10})
	w.ledger.SetContracted(3)
	w.start()
	require.Equal(t, ledgersync.StateStopped, w.state().State)
	first := w.link
	w.ledger.SetContracted(-1)

	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	colleague := w.newAccount(w.fake.AddUser(cloudsigntest.User{Authorities: w.user.Authorities}), tr)
	w.restart(colleague)
	link, err := w.flow.AddLink(t.Context(), settings(colleague))
	require.NoError(t, err)
	w.link = link.ID
	p := w.preview()
	require.EqualValues(t, 7, p.Registrations)
	require.Zero(t, p.Elsewhere)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Len(t, w.entries(), 10)
	require.EqualValues(t, 7, w.summary().Linked)
	w.link = first
	require.EqualValues(t, 3, w.summary().Linked)
}

func TestPreviewTellsWhatAnotherLinkIsAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 6, Files: 9})
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{Before: countersign.ErrUnavailable}
	})
	w.start() // everything waits
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	colleague := w.newAccount(w.fake.AddUser(cloudsigntest.User{Authorities: w.user.Authorities}), tr)
	w.restart(colleague)
	link, err := w.flow.AddLink(t.Context(), settings(colleague))
	require.NoError(t, err)
	p, err := w.flow.Plan(t.Context(), link.ID)
	require.NoError(t, err)
	require.EqualValues(t, 9, p.Elsewhere.Files)
	require.Zero(t, p.Registrations)
	require.ErrorIs(t, w.flow.Start(t.Context(), link.ID, p), countersign.ErrConflict, "a plan is not kept")
}

func TestPauseTakesHoldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withConfig(func(c *ledgersync.Config) { c.Lanes = 1 }))
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 40, Files: 60})
	var once atomic.Bool
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		if !once.Swap(true) {
			require.NoError(t, w.flow.Pause(t.Context(), w.link))
		}
		return contractonetest.Fault{}
	})
	w.start()
	require.Len(t, w.entries(), 1, "the file in hand is finished, no other begun")
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.run()
	require.Len(t, w.entries(), 60)
}

func TestRunNowDuringARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.clock.Advance(time.Hour)
	var late atomic.Bool
	w.cfg.Progress = func(e orchestration.Event) {
		if e.Phase == "list" && e.Done == e.Total && !late.Swap(true) {
			// The page has been read; what comes now is for another run.
			w.document(cloudsigntest.Document{}, "late.pdf")
			require.NoError(t, w.flow.RunNow(t.Context(), w.link))
		}
	}
	w.restart()
	w.document(cloudsigntest.Document{}, "early.pdf")
	require.NoError(t, w.flow.RunNow(t.Context(), w.link))
	w.run()
	require.True(t, late.Load())
	require.Len(t, w.entries(), 2)
}

func TestForgottenFileIsNeverRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "x"}, "a.pdf")
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{Before: countersign.ErrOutcomeUnknown} // sent, nobody knows
	})
	w.start()
	require.NoError(t, w.flow.Forget(t.Context(), doc.ID))
	w.ledger.SetFault(nil)
	w.nextDay()
	require.Empty(t, w.entries())
	require.EqualValues(t, 1, w.summary().Failed)
	_, err := w.flow.DeadLetters().RetryAll(t.Context())
	require.NoError(t, err)
	w.run()
	require.Empty(t, w.entries(), "without title and name")
}

func TestFindingsSurviveALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{Title: "x", Attribute: &cloudsigntest.Attribute{ValidityStartAt: "2026-02-01", ValidityEndAt: "2026-01-01"}}, "a.pdf")
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{After: countersign.ErrOutcomeUnknown}
	})
	w.start()
	w.ledger.SetFault(nil)
	w.clock.Advance(time.Minute)
	w.run()
	for r, err := range w.flow.Files(t.Context(), w.link, ledgersync.FileLinked) {
		require.NoError(t, err)
		require.NotEmpty(t, r.Findings)
		require.NotEmpty(t, r.TitleFrom)
	}
	require.EqualValues(t, 1, w.summary().Linked)
}

// TestUnreadableInformation: an answer that can't be understood is tried again with
// growing pauses, and not for ever.
func TestUnreadableInformation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withConfig(func(c *ledgersync.Config) { c.Attempts = 4 }))
	w.document(cloudsigntest.Document{Attribute: &cloudsigntest.Attribute{ContractAt: "2026-02-31"}}, "a.pdf")
	w.start()
	for range 300 {
		w.clock.Advance(time.Second)
		w.run()
	}
	require.EqualValues(t, 4, w.fake.Log().Tally(cloudsigntest.OpGetAttribute).Requests)
	require.EqualValues(t, 1, w.summary().Failed)
}

func TestLinksTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withConfig(func(c *ledgersync.Config) { c.Lanes = 1 }))
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 200, Files: 200})
	team := w.fake.AddTeam(cloudsigntest.Team{})
	other := w.fake.AddUser(cloudsigntest.User{TeamID: team.ID, Authorities: w.user.Authorities})
	w.fake.AddDocument(cloudsigntest.Document{UserID: other.ID, Status: cloudsigntest.Concluded})
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	account := w.newAccount(other, tr)
	w.restart(account)
	w.engine = orchestration.NewLocal(w.store, orchestration.WithClock(w.clock.Now), orchestration.WithWorkers(1))
	w.flow.Register(w.engine)
	require.NoError(t, w.flow.Start(t.Context(), idOf(w, nil), w.preview()))
	link, err := w.flow.AddLink(t.Context(), settings(account))
	require.NoError(t, err)
	p, err := w.flow.Preview(t.Context(), link.ID)
	require.NoError(t, err)
	require.NoError(t, w.flow.Start(t.Context(), link.ID, p))
	n, place := 0, 0
	w.ledger.SetFault(func(d contractone.Draft) contractonetest.Fault {
		if n++; d.Link == link.ID {
			place = n
		}
		return contractonetest.Fault{}
	})
	w.run()
	require.Equal(t, 201, n)
	require.Less(t, place, 100, "one link's first load does not hold up another link")
}

func TestTransientCabinetsFailureIsNoDiagnosis(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.fake.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) { tm.Enterprise = true })
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpListCabinets, Fault: countersigntest.Status(503)})
	w.nextDay()
	require.Equal(t, ledgersync.StateActive, w.state().State)
	w.fake.Faults().Clear()
	w.nextDay()
	require.Equal(t, ledgersync.StateStopped, w.state().State)
	require.Contains(t, w.state().LastError, "Enterprise")
}

func TestEnsureLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.flow.EnsureLink(t.Context(), settings(w.account))
	require.NoError(t, err)
	again, err := w.flow.EnsureLink(t.Context(), settings(w.account))
	require.NoError(t, err)
	require.Equal(t, first, again)
}

// interleaved does something after its first transaction.
type interleaved struct {
	orchestration.Store

	then func()
}

func (s *interleaved) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	err := s.Store.Tx(ctx, fn)
	if then := s.then; then != nil {
		s.then = nil
		then()
	}
	return err
}

// TestEnsureLinkInTwoProcesses: the one that comes second finds the link of the first.
func TestEnsureLinkInTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first ledgersync.Link
	store := &interleaved{Store: w.store, then: func() {
		var err error
		first, err = w.flow.EnsureLink(t.Context(), settings(w.account))
		require.NoError(t, err)
	}}
	other, err := ledgersync.New(w.cfg, ledgersync.Deps{Store: store, Ledger: w.ledger, Accounts: []ledgersync.Account{w.account}})
	require.NoError(t, err)
	second, err := other.EnsureLink(t.Context(), settings(w.account))
	require.NoError(t, err)
	require.Equal(t, first, second)
}
