package ledgersync_test

import (
	"bytes"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// precondition is a condition of the vendor's page, how to break it and how to
// mend it, and what the flow says.
type precondition struct {
	spoil func(*world)
	mend  func(*world)
	want  error
	text  string
}

func preconditions() map[string]precondition {
	return map[string]precondition{
		"no Web API": {
			spoil: func(w *world) { w.fake.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) { tm.NoWebAPI = true }) },
			mend:  func(w *world) { w.fake.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) { tm.NoWebAPI = false }) },
			want:  cloudsign.ErrAPIOptionRequired, text: "webapi_option_required",
		},
		"Enterprise": {
			spoil: func(w *world) {
				w.fake.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) { tm.Enterprise = true })
			},
			mend: func(w *world) {
				w.fake.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) { tm.Enterprise = false })
			},
			want: contractone.ErrPlanNotSupported, text: "Enterprise",
		},
		"disabled user, without a token": {
			spoil: func(w *world) { disable(w, true); w.fake.ExpireTokens() },
			mend:  func(w *world) { disable(w, false) },
			want:  cloudsign.ErrClientRefused, text: "disabled",
		},
		"disabled user, with a token": {
			spoil: func(w *world) { disable(w, true) },
			mend:  func(w *world) { disable(w, false) },
			want:  contractone.ErrAccessRestricted, text: "disabled",
		},
		"address, without a token": {
			spoil: func(w *world) { restrict(w, "192.0.2.0/24"); w.fake.ExpireTokens() },
			mend:  func(w *world) { restrict(w) },
			want:  cloudsign.ErrClientRefused, text: "address",
		},
		"address, with a token": {
			spoil: func(w *world) { restrict(w, "192.0.2.0/24") },
			mend:  func(w *world) { restrict(w) },
			want:  contractone.ErrAccessRestricted, text: "address",
		},
	}
}

// TestPreconditions: each condition has an error of its own, in the preview and in
// a run.
func TestPreconditions(t *testing.T) {
	t.Parallel()
	for name, c := range preconditions() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logs bytes.Buffer
			w := newWorld(t, withConfig(func(c *ledgersync.Config) { c.Logger = slog.New(slog.NewTextHandler(&logs, nil)) }))
			w.document(cloudsigntest.Document{}, "a.pdf")
			w.start()
			require.Len(t, w.entries(), 1)

			w.document(cloudsigntest.Document{}, "b.pdf")
			c.spoil(w)
			_, err := w.flow.Preview(t.Context(), w.link)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, string(w.link))
			require.ErrorContains(t, err, c.text)

			w.nextDay()
			link := w.state()
			require.Equal(t, ledgersync.StateStopped, link.State)
			require.Contains(t, link.LastError, c.text)
			require.Contains(t, logs.String(), string(w.link))
			require.NotContains(t, logs.String()+link.LastError, w.user.ClientID)
			require.Len(t, w.entries(), 1)
			require.ErrorContains(t, w.flow.Health(t.Context(), time.Hour), c.text)

			c.mend(w)
			w.nextDay()
			require.Len(t, w.entries(), 1, "it does not start again by itself")
			require.NoError(t, w.flow.Resume(t.Context(), w.link))
			w.run()
			require.Len(t, w.entries(), 2)
			require.NoError(t, w.flow.Health(t.Context(), time.Hour))
		})
	}
}

func disable(w *world, disabled bool) {
	w.fake.UpdateUser(w.user.ID, func(u *cloudsigntest.User) { u.Disabled = disabled })
}

func restrict(w *world, prefixes ...string) {
	w.fake.UpdateTeam(w.user.TeamID, func(tm *cloudsigntest.Team) {
		tm.AllowedAddresses = nil
		for _, p := range prefixes {
			tm.AllowedAddresses = append(tm.AllowedAddresses, netip.MustParsePrefix(p))
		}
	})
}

func TestUnknownClientID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user.ClientID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
	w.account = w.newAccount(w.user, nil)
	w.restart()
	link, err := w.flow.AddLink(t.Context(), settings(w.account))
	require.NoError(t, err)
	_, err = w.flow.Preview(t.Context(), link.ID)
	require.ErrorIs(t, err, cloudsign.ErrInvalidClient)
	require.NotContains(t, err.Error(), w.user.ClientID)
}

func TestMissingAccountStopsTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	w.start()
	mine := w.account
	w.account = w.newAccount(w.fake.AddUser(cloudsigntest.User{}), nil)
	w.restart()
	w.nextDay()
	require.Equal(t, ledgersync.StateStopped, w.state().State)
	require.Contains(t, w.state().LastError, "legal team")
	w.account = mine
	w.restart()
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.run()
	require.Equal(t, ledgersync.StateActive, w.state().State)
}

func TestQuotaStopsTheLinkAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 40, Files: 60})
	w.ledger.SetContracted(10)
	w.start()
	require.Equal(t, ledgersync.StateStopped, w.state().State)
	require.Len(t, w.entries(), 10)
	s := w.summary()
	require.EqualValues(t, 10, s.Linked)
	require.Equal(t, s.Files-10, s.Waiting, "what was not registered waits")

	w.ledger.SetContracted(-1)
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.run()
	s = w.summary()
	require.Equal(t, s.Files, s.Linked)
	require.EqualValues(t, len(w.entries()), s.Files)
}

func TestFullDiskStopsTheLinkAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 20, Files: 30})
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{Before: contractone.ErrStorage}
	})
	w.start()
	require.Equal(t, ledgersync.StateStopped, w.state().State)
	w.ledger.SetFault(nil)
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.run()
	s := w.summary()
	require.Equal(t, s.Files, s.Linked)
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	require.ErrorIs(t, w.flow.Pause(t.Context(), idOf(w, nil)), countersign.ErrConflict)
	require.ErrorIs(t, w.flow.RunNow(t.Context(), w.link), countersign.ErrConflict)
	require.ErrorIs(t, w.flow.Resume(t.Context(), w.link), countersign.ErrConflict)
	require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))
	w.run()
	w.document(cloudsigntest.Document{}, "b.pdf")
	require.NoError(t, w.flow.Pause(t.Context(), w.link))
	w.nextDay()
	require.Len(t, w.entries(), 1)
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.run()
	require.Len(t, w.entries(), 2)
	require.EqualValues(t, 2, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests, "resuming never imports again")
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.document(cloudsigntest.Document{}, "good.pdf")
	w.document(cloudsigntest.Document{Files: []cloudsigntest.File{
		{Name: "empty.pdf", Content: cloudsigntest.Bytes([]byte{})},
		{Name: "word.pdf", Content: cloudsigntest.Bytes([]byte("PK not a PDF"))},
		{Name: "gone.pdf", Content: cloudsigntest.FileFromPath("/nonexistent/gone.pdf")},
	}})
	w.start()
	w.entry(good, 0)
	require.Equal(t, ledgersync.StateActive, w.state().State, "a bad file is its own matter")
	s := w.summary()
	require.EqualValues(t, 1, s.Linked)
	require.EqualValues(t, 2, s.Failed)
	require.EqualValues(t, 1, s.Waiting)
	texts := map[string]string{}
	for r, err := range w.flow.Files(t.Context(), w.link, orchestration.StateDead, orchestration.StatePending) {
		require.NoError(t, err)
		require.Contains(t, r.LastError, string(w.link))
		require.Contains(t, r.LastError, r.DocumentID)
		require.Contains(t, r.LastError, r.FileID)
		texts[r.State] += r.LastError
	}
	require.Contains(t, texts[orchestration.StateDead], "empty")
	require.Contains(t, texts[orchestration.StateDead], "not a PDF")

	n, err := w.flow.DeadLetters().RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	w.run()
	require.EqualValues(t, 2, w.summary().Failed)
}

func TestOutageIsRiddenOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 30, Files: 50})
	w.fake.Faults().Add(
		countersigntest.Rule{Operation: cloudsigntest.OpDownloadFile, Fault: countersigntest.CutBody(100), Probability: 0.2},
		countersigntest.Rule{Operation: cloudsigntest.OpDownloadFile, Fault: countersigntest.Status(503), Probability: 0.2},
		countersigntest.Rule{Operation: cloudsigntest.OpGetAttribute, Fault: countersigntest.TooManyRequests(0), Probability: 0.2},
		countersigntest.Rule{Operation: cloudsigntest.OpListTeamDocuments, Fault: countersigntest.Status(502), Every: 2},
		countersigntest.Rule{Operation: cloudsigntest.OpMe, Fault: countersigntest.Status(500), Every: 3},
	)
	var faults atomic.Int64
	w.ledger.SetFault(func(contractone.Draft) (f contractonetest.Fault) {
		switch n := faults.Add(1); {
		case n%7 == 0:
			f.After = countersign.ErrOutcomeUnknown
		case n%5 == 0:
			f.Before = countersign.ErrUnavailable
		}
		return f
	})
	w.add()
	for err := error(countersign.ErrUnavailable); err != nil; {
		var p ledgersync.Preview
		if p, err = w.flow.Preview(t.Context(), w.link); err == nil {
			err = w.flow.Start(t.Context(), w.link, p)
		}
	}
	for range 60 {
		w.run()
		w.clock.Advance(10 * time.Minute)
	}
	require.Zero(t, w.summary().Failed, "nothing needs a person")
	w.fake.Faults().Clear()
	w.ledger.SetFault(nil)
	w.nextDay()
	s := w.summary()
	require.Equal(t, s.Files, s.Linked, "%+v", s)
	require.EqualValues(t, len(w.entries()), s.Files, "registered once each")
}

// TestLostAnswerIsLookedUp: an entry that was made although its answer was lost is
// found, not made again.
func TestLostAnswerIsLookedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{After: countersign.ErrOutcomeUnknown}
	})
	w.start()
	require.EqualValues(t, 1, w.summary().Waiting)
	entry := w.entry(doc, 0)
	w.ledger.SetFault(nil)
	w.clock.Advance(time.Minute)
	w.run()
	require.EqualValues(t, 1, w.summary().Linked)
	require.Equal(t, entry, w.entry(doc, 0))
	require.EqualValues(t, 1, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests)
}

func TestCutOffListingGoesOnAtItsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 550, Files: 550})
	w.add()
	require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))
	before := w.fake.Log().Tally(cloudsigntest.OpListTeamDocuments).Requests
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpListTeamDocuments, Fault: countersigntest.Status(500), Every: 4})
	w.run()
	require.EqualValues(t, 4, w.fake.Log().Tally(cloudsigntest.OpListTeamDocuments).Requests-before)
	require.Equal(t, ledgersync.StateActive, w.state().State)
	require.NotEmpty(t, w.state().LastError)
	w.fake.Faults().Clear()
	w.clock.Advance(time.Minute)
	w.restart()
	w.run()
	s := w.summary()
	require.Equal(t, s.Files, s.Linked)
	require.EqualValues(t, 8, w.fake.Log().Tally(cloudsigntest.OpListTeamDocuments).Requests-before,
		"three pages, the failure, and from page 3 to 6")
	require.Empty(t, w.state().LastError)
}
