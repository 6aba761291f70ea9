package ledgersync_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// companyWide lets everybody see what nobody restricts.
func companyWide(s *ledgersync.Settings) { s.Share = contractone.CompanyWide() }

// save lets files into the ledger that are held.
func (w *world) save(keys ...contractone.Key) {
	w.t.Helper()
	done, err := w.flow.Review(hanako).Save(w.t.Context(), keys...)
	require.NoError(w.t, err)
	for _, d := range done {
		require.NoError(w.t, d.Err)
	}
}

func (w *world) share(s contractone.Share, keys ...contractone.Key) {
	w.t.Helper()
	done, err := w.flow.Review(hanako).ChangeShare(w.t.Context(), s, keys...)
	require.NoError(w.t, err)
	for _, d := range done {
		require.NoError(w.t, d.Err)
	}
}

// loseLedger replaces the ledger by an empty one, as a backup from before would.
func (w *world) loseLedger() {
	w.t.Helper()
	w.ledger = contractonetest.NewLedger(contractonetest.WithClock(w.clock.Now))
	w.restart()
}

func (w *world) repair() ledgersync.CheckReport {
	w.t.Helper()
	report, err := w.flow.Repair(w.t.Context(), w.link)
	require.NoError(w.t, err)
	return report
}

// TestRepairKeepsTheShareOfAReview: the share scope that a reviewer chose, and the
// link's where a reviewer left it so.
func TestRepairKeepsTheShareOfAReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "changed.pdf", "left.pdf")
	w.start(reviewed, companyWide)
	w.share(contractone.Private(), key(doc, 0))
	w.save(key(doc, 0), key(doc, 1))
	w.run()
	require.Equal(t, contractone.Private(), w.entry(doc, 0).Share)
	w.loseLedger()
	require.Len(t, w.repair().Problems, 2)
	w.run()
	require.Equal(t, contractone.Private(), w.entry(doc, 0).Share)
	require.Equal(t, contractone.CompanyWide(), w.entry(doc, 1).Share)
}

// rewrite changes the bodies of the stored files, as an older version left them.
func (w *world) rewrite(change func(body map[string]any)) {
	w.t.Helper()
	require.NoError(w.t, w.store.Tx(w.t.Context(), func(tx orchestration.Tx) error {
		recs, err := tx.List(w.t.Context(), orchestration.Query{Table: ledgersync.Tables("")[1]})
		if err != nil {
			return err
		}
		for _, rec := range recs {
			var body map[string]any
			require.NoError(w.t, json.Unmarshal(rec.Body, &body))
			change(body)
			rec.Body, err = json.Marshal(body)
			require.NoError(w.t, err)
			if err := tx.Update(w.t.Context(), rec); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestRepairAsksAgainWhereTheShareWasNotKept: a file that an older version linked
// goes back to the reviewers.
func TestRepairAsksAgainWhereTheShareWasNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(reviewed, companyWide)
	w.share(contractone.Private(), key(doc, 0))
	w.save(key(doc, 0))
	w.run()
	w.rewrite(func(body map[string]any) { delete(body, "share") })
	w.loseLedger()
	w.repair()
	w.run()
	require.Empty(t, w.entries())
	require.Len(t, w.held(hanako), 1)
}

// TestOlderSavedFileKeepsItsShare: one that an older version saved and did not
// register yet.
func TestOlderSavedFileKeepsItsShare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(reviewed, companyWide)
	w.share(contractone.Private(), key(doc, 0))
	w.save(key(doc, 0))
	w.rewrite(func(body map[string]any) { delete(body, "share") })
	w.run()
	require.Equal(t, contractone.Private(), w.entry(doc, 0).Share)
}

// TestNoLinkTakesADecidedFileOver: it waits for the link whose reviewers saved it.
func TestNoLinkTakesADecidedFileOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(reviewed, func(s *ledgersync.Settings) { s.Share = contractone.Private() })
	first := w.link
	require.NoError(t, w.flow.Pause(t.Context(), first))
	w.save(key(doc, 0))
	w.run()
	for _, change := range []func(*ledgersync.Settings){companyWide, func(s *ledgersync.Settings) { reviewed(s); companyWide(s) }} {
		p := w.colleague(change)
		require.Zero(t, p.Registrations)
		require.EqualValues(t, 1, p.Elsewhere.Files)
		require.NoError(t, w.flow.Start(t.Context(), w.link, p))
		w.run()
		require.Empty(t, w.entries())
		require.NoError(t, w.flow.Pause(t.Context(), w.link))
	}
	require.NoError(t, w.flow.Resume(t.Context(), first))
	w.run()
	require.Equal(t, contractone.Private(), w.entry(doc, 0).Share)
	require.Equal(t, first, w.entry(doc, 0).Link)
}

// TestNoDirectLinkTakesFromAReview: what reviewers were to see does not enter the
// ledger without them.
func TestNoDirectLinkTakesFromAReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(reviewed, func(s *ledgersync.Settings) { s.GraceDays = 10 })
	require.NoError(t, w.flow.Pause(t.Context(), w.link))
	p := w.colleague()
	require.Zero(t, p.Registrations)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Empty(t, w.entries())

	p = w.colleague(reviewed)
	require.EqualValues(t, 1, p.Registrations, "another review may")
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Len(t, w.held(hanako), 1)
}

// TestExpiryKeepsTheChosenShare: a file that nobody decided about in time comes
// back to the reviewers as they left it.
func TestExpiryKeepsTheChosenShare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(reviewed, companyWide, func(s *ledgersync.Settings) { s.ReviewDays = 1 })
	w.share(contractone.Private(), key(doc, 0))
	w.clock.Advance(48 * time.Hour)
	w.run()
	_, err := w.flow.DeadLetters().RetryAll(t.Context())
	require.NoError(t, err)
	w.run()
	require.Equal(t, contractone.Private(), w.held(hanako)[0].Share)
	w.save(key(doc, 0))
	w.run()
	require.Equal(t, contractone.Private(), w.entry(doc, 0).Share)
}

// TestLinkThatTakesALeftOutFileKeepsItsShare: what reviewers restricted and a rule
// left out then, no other link opens to more people.
func TestLinkThatTakesALeftOutFileKeepsItsShare(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(seesConfidential))
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(reviewed, companyWide)
	w.share(contractone.Private(), key(doc, 0))
	w.save(key(doc, 0))
	w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Private = true })
	w.run()
	require.Empty(t, w.entries())
	p := w.colleague(companyWide, func(s *ledgersync.Settings) { s.IncludeConfidential = true })
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Equal(t, w.link, w.entry(doc, 0).Link)
	require.Equal(t, contractone.Private(), w.entry(doc, 0).Share)
}
