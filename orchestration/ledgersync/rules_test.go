package ledgersync_test

import (
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/mapping/ledgermap"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// concludedAt is when a document of a test was concluded.
func concludedAt(at time.Time, d cloudsigntest.Document) cloudsigntest.Document {
	d.Participants = []cloudsigntest.Participant{
		{Email: "sender@example.com"}, {Email: "recipient@example.com", Status: cloudsigntest.Confirmed, ProcessedAt: at},
	}
	return d
}

func TestCutOffDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// The day begins in Japan nine hours before it does in UTC.
	begin := time.Date(2026, 2, 28, 15, 0, 0, 0, time.UTC)
	w.document(concludedAt(begin.Add(-time.Second), cloudsigntest.Document{}), "old.pdf", "older.pdf")
	kept := w.document(concludedAt(begin, cloudsigntest.Document{}), "new.pdf")
	p := w.add(func(s *ledgersync.Settings) { s.CutOff = date(2026, 3, 1) })
	require.Equal(t, contractone.Count{Documents: 1, Files: 2}, p.TooOld)
	require.EqualValues(t, 1, p.Registrations)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Len(t, w.entries(), 1)
	w.entry(kept, 0)
}

func TestInclude(t *testing.T) {
	t.Parallel()
	var w *world
	w = newWorld(t, withConfig(func(c *ledgersync.Config) {
		c.Include = func(link contractone.ManagementID, d *cloudsign.Document) bool {
			return link == w.link && d.Title != "見積書"
		}
	}))
	w.document(cloudsigntest.Document{Title: "見積書"}, "a.pdf")
	kept := w.document(cloudsigntest.Document{Title: "契約書"}, "b.pdf")
	p := w.add()
	require.Equal(t, contractone.Count{Documents: 1, Files: 1}, p.Filtered)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Len(t, w.entries(), 1)
	w.entry(kept, 0)
}

// TestGracePeriod: what people enter some days after the conclusion still arrives.
func TestGracePeriod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock.Now()
	old := w.document(concludedAt(now.AddDate(0, 0, -7), cloudsigntest.Document{}), "old.pdf")
	young := w.document(concludedAt(now.AddDate(0, 0, -5), cloudsigntest.Document{}), "young.pdf", "annex.pdf")
	p := w.add(func(s *ledgersync.Settings) { s.GraceDays = 7 })
	require.Equal(t, contractone.Count{Documents: 1, Files: 2}, p.InGrace)
	require.EqualValues(t, 3, p.Registrations)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Len(t, w.entries(), 1)
	w.entry(old, 0)
	require.Equal(t, ledgersync.Summary{Documents: 2, Files: 3, Linked: 1, Held: 2}, w.summary())
	for r, err := range w.flow.Files(t.Context(), w.link, ledgersync.FileGrace) {
		require.NoError(t, err)
		require.Equal(t, now.AddDate(0, 0, 2), r.Retry)
	}

	w.fake.SetAttribute(young.ID, cloudsigntest.Attribute{ValidityEndAt: "2027-03-31"})
	w.clock.Advance(48*time.Hour - time.Second)
	w.run()
	require.Len(t, w.entries(), 1)
	w.clock.Advance(time.Second)
	w.run()
	require.Equal(t, date(2027, 3, 31), w.entry(young, 0).Items.EndsOn)
	require.EqualValues(t, 3, w.summary().Linked)
}

func TestGraceOutlivesAPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(concludedAt(w.clock.Now(), cloudsigntest.Document{}), "a.pdf")
	w.start(func(s *ledgersync.Settings) { s.GraceDays = 1 })
	require.NoError(t, w.flow.Pause(t.Context(), w.link))
	w.nextDay()
	require.Empty(t, w.entries())
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.run()
	require.Len(t, w.entries(), 1)
}

func TestBudgetOfARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 100, Files: 130})
	w.start(func(s *ledgersync.Settings) { s.Budget.Run = 50 })
	for _, want := range []int64{50, 100, 130} {
		s := w.summary()
		require.Equal(t, want, s.Linked)
		require.Equal(t, 130-want, s.Held)
		require.Len(t, w.entries(), int(want))
		for r, err := range w.flow.Files(t.Context(), w.link, ledgersync.FileBudget) {
			require.NoError(t, err)
			require.Contains(t, r.LastError, "50 files a run")
		}
		require.Equal(t, ledgersync.StateActive, w.state().State)
		w.run()
		require.Equal(t, want, w.summary().Linked, "nothing more before the next run")
		w.nextDay()
	}
	require.EqualValues(t, 130, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests)
}

func TestBudgetOfAMonth(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // 1 April
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 20, Files: 20})
	w.start(func(s *ledgersync.Settings) { s.Budget = ledgersync.Budget{Run: 6, Month: 10} })
	require.Len(t, w.entries(), 6)
	for range 29 {
		w.nextDay()
		require.Len(t, w.entries(), 10)
	}
	for r, err := range w.flow.Files(t.Context(), w.link, ledgersync.FileBudget) {
		require.NoError(t, err)
		require.Contains(t, r.LastError, "6 files a run, 10 files a month")
	}
	w.nextDay()
	require.Len(t, w.entries(), 16, "a new month, and again six a run")
	w.nextDay()
	require.Len(t, w.entries(), 20)
}

// TestBudgetCountsAFileOnce: trying again uses up nothing, and a crash between
// the reservation and the registration neither.
func TestBudgetCountsAFileOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 10, Files: 10})
	var tries atomic.Int64
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		tries.Add(1)
		return contractonetest.Fault{Before: countersign.ErrUnavailable}
	})
	w.start(func(s *ledgersync.Settings) { s.Budget.Run = 4 })
	require.EqualValues(t, 4, tries.Load())
	w.restart()
	w.clock.Advance(time.Minute)
	w.run()
	require.EqualValues(t, 8, tries.Load())
	w.ledger.SetFault(nil)
	w.clock.Advance(time.Hour)
	w.run()
	require.Len(t, w.entries(), 4)
}

func TestAmountPolicies(t *testing.T) {
	t.Parallel()
	for policy, want := range map[ledgersync.AmountPolicy]struct {
		second contractone.Amount
		warned bool
	}{
		"":                           {contractone.Yen(500), true},
		ledgersync.AmountOnEachFile:  {contractone.Yen(500), true},
		ledgersync.AmountOnFirstFile: {contractone.Amount{}, false},
	} {
		w := newWorld(t)
		doc := w.document(cloudsigntest.Document{Attribute: &cloudsigntest.Attribute{Amount: new(int64(500)), ValidityStartAt: "2026-02-01", ValidityEndAt: "2026-01-01"}}, "a.pdf", "b.pdf")
		w.start(func(s *ledgersync.Settings) { s.Amounts = policy })
		require.Equal(t, contractone.Yen(500), w.entry(doc, 0).Items.Amount)
		require.Equal(t, want.second, w.entry(doc, 1).Items.Amount)
		require.Equal(t, 2, w.entry(doc, 1).Source.FileCount)
		for r, err := range w.flow.Files(t.Context(), w.link) {
			require.NoError(t, err)
			codes := map[string]bool{}
			for _, finding := range r.Findings {
				codes[finding.Code] = true
			}
			require.Equal(t, want.warned, codes[ledgermap.CodeAmountOnEachFile])
			require.True(t, codes[ledgermap.CodeEndBeforeStart], "other warnings stay")
		}
	}
}

func TestRulesAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for field, rules := range map[string]ledgersync.Rules{
		"CutOff": {CutOff: countersign.Date{Year: 2026, Month: 2, Day: 30}}, "GraceDays": {GraceDays: 366},
		"Budget": {Budget: ledgersync.Budget{Month: -1}}, "Amounts": {Amounts: "last-file"},
		"ReviewDays": {ReviewDays: 3}, "Late": {Late: "overwrite"},
	} {
		s := settings(w.account)
		s.Rules = rules
		_, err := w.flow.AddLink(t.Context(), s)
		bad, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, "%s: %v", field, err)
		require.Equal(t, "Settings."+field, bad.Field)
	}
}

func TestRulesAreKeptWithTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := ledgersync.Rules{
		IncludeConfidential: true, CutOff: date(2025, 4, 1), GraceDays: 7, Budget: ledgersync.Budget{Run: 10, Month: 100}, Amounts: ledgersync.AmountOnFirstFile,
	}
	w.add(func(s *ledgersync.Settings) { s.Rules = want })
	w.restart()
	require.Equal(t, want, w.state().Settings.Rules)
	data, err := json.Marshal(w.state().Settings)
	require.NoError(t, err)
	var back ledgersync.Settings
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, w.state().Settings, back)
}

// TestAmountOfADiscardedFileIsNotLostSilently: each other file of the document says
// where the amount is.
func TestAmountOfADiscardedFileIsNotLostSilently(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Attribute: &cloudsigntest.Attribute{Amount: new(int64(0))}}, "cover.pdf", "contract.pdf")
	w.document(cloudsigntest.Document{}, "without.pdf", "amount.pdf")
	w.start(reviewed, func(s *ledgersync.Settings) { s.Amounts = ledgersync.AmountOnFirstFile })
	for _, h := range w.held(hanako) {
		if h.Key != key(doc, 1) {
			require.Empty(t, h.Findings)
			continue
		}
		require.Len(t, h.Findings, 1)
		require.Equal(t, ledgersync.CodeAmountOnFirstFile, h.Findings[0].Code)
	}
	_, err := w.flow.Review(hanako).Discard(t.Context(), "", key(doc, 0))
	require.NoError(t, err)
	w.save(key(doc, 1))
	w.run()
	for r, err := range w.flow.Files(t.Context(), w.link, ledgersync.FileLinked) {
		require.NoError(t, err)
		require.Equal(t, ledgersync.CodeAmountOnFirstFile, r.Findings[0].Code)
	}
}
