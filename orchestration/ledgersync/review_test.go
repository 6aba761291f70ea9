package ledgersync_test

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/mapping/ledgermap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

var (
	hanako   = ledgersync.Actor{ID: "hanako@example.com"}
	jiro     = ledgersync.Actor{ID: "jiro@example.com", Groups: []string{"Sales", "Reviewers"}}
	stranger = ledgersync.Actor{ID: "taro@example.com", Groups: []string{"Legal"}} // responsible, but no reviewer
)

// reviewed makes a link one in review mode.
func reviewed(s *ledgersync.Settings) {
	s.Mode = contractone.ModeReview
	s.Reviewers = []contractone.Principal{contractone.User(hanako.ID), contractone.Group("Reviewers")}
}

func (w *world) held(a ledgersync.Actor) []ledgersync.HeldFile {
	w.t.Helper()
	page, err := w.flow.Review(a).List(w.t.Context(), w.link, "", 1000)
	require.NoError(w.t, err)
	require.EqualValues(w.t, len(page.Items), page.Total)
	return page.Items
}

// one expects one call's outcome for one file.
func one(t *testing.T, done []ledgersync.Decided, err error) error {
	t.Helper()
	require.NoError(t, err)
	require.Len(t, done, 1)
	return done[0].Err
}

func key(d cloudsigntest.Document, file int) contractone.Key {
	return contractone.CloudSignKey(d.ID, d.Files[file].ID)
}

func TestReviewHoldsFilesOutsideTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "契約", Attribute: &cloudsigntest.Attribute{
		ValidityStartAt: "2026-05-01", ValidityEndAt: "2026-04-30", LocalID: "K-1",
	}}, "a.pdf", "b.pdf")
	w.start(reviewed)
	require.Empty(t, w.entries())
	require.Equal(t, ledgersync.Summary{Documents: 1, Files: 2, Held: 2}, w.summary())
	require.Zero(t, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests)

	files := w.held(hanako)
	require.Len(t, files, 2)
	h := files[1]
	require.Equal(t, contractone.Items{Title: "契約", FileName: "b.pdf", StartsOn: date(2026, 5, 1), EndsOn: date(2026, 4, 30), ApprovalNumber: "K-1"}, h.Items)
	require.Equal(t, contractone.Groups("Legal"), h.Share)
	require.Equal(t, ledgermap.CodeEndBeforeStart, h.Findings[0].Code)
	require.Equal(t, w.clock.Now(), h.Since)
	require.Zero(t, h.Expires)
	require.Equal(t, []int{2, 2}, []int{h.FileIndex, h.FileCount})
	one, err := w.flow.Review(jiro).Get(t.Context(), h.Key)
	require.NoError(t, err)
	require.Equal(t, h, one)

	pdf, err := w.flow.Review(hanako).Open(t.Context(), key(doc, 0))
	require.NoError(t, err)
	defer func() { require.NoError(t, pdf.Close()) }()
	head, err := io.ReadAll(pdf)
	require.NoError(t, err)
	require.Contains(t, string(head[:8]), "%PDF-")
}

func TestReviewersDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "契約"}, "save.pdf", "discard.pdf", "wait.pdf")
	w.start(reviewed)
	review := w.flow.Review(jiro)
	done, err := review.ChangeShare(t.Context(), contractone.Private(), key(doc, 0))
	require.NoError(t, one(t, done, err))
	done, err = review.Save(t.Context(), key(doc, 0))
	require.NoError(t, one(t, done, err))
	done, err = review.Discard(t.Context(), "draft", key(doc, 1))
	require.NoError(t, one(t, done, err))
	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{Title: "later"})
	w.run()

	e := w.entry(doc, 0)
	require.Equal(t, contractone.Private(), e.Share)
	require.Equal(t, "契約", e.Items.Title, "what was reviewed is what is registered")
	require.Len(t, w.entries(), 1)
	require.Equal(t, ledgersync.Summary{Documents: 1, Files: 3, Linked: 1, Held: 1, Discarded: 1}, w.summary())

	for range 10 { // also a complete run among them
		w.nextDay()
	}
	require.NoError(t, w.flow.Pause(t.Context(), w.link))
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.restart()
	w.run()
	require.Len(t, w.entries(), 1, "what was discarded does not come back")
	require.Len(t, w.held(jiro), 1)

	decisions := map[contractone.Key]ledgersync.Decision{}
	for r, err := range w.flow.Files(t.Context(), w.link, ledgersync.FileLinked, ledgersync.FileDiscarded) {
		require.NoError(t, err)
		decisions[r.Key] = *r.Decision
	}
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	require.Equal(t, map[contractone.Key]ledgersync.Decision{
		key(doc, 0): {What: ledgersync.Saved, By: jiro.ID, At: at},
		key(doc, 1): {What: ledgersync.Discarded, By: jiro.ID, At: at, Reason: "draft"},
	}, decisions)
	var who []string
	for e, err := range w.flow.Journal(t.Context(), w.link) {
		require.NoError(t, err)
		who = append(who, e.Who+" "+e.What)
	}
	require.Equal(t, []string{jiro.ID + " share scope changed", jiro.ID + " saved", jiro.ID + " discarded", "ledgersync registered", "ledgersync source changed"}, who)
}

func TestOnlyReviewersMayDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(reviewed)
	for _, a := range []ledgersync.Actor{stranger, {}, {Groups: []string{hanako.ID}}, {Groups: jiro.Groups}, {ID: "Reviewers"}} {
		review := w.flow.Review(a)
		_, err := review.List(t.Context(), w.link, "", 0)
		require.ErrorIs(t, err, ledgersync.ErrNotReviewer)
		links, err := review.Links(t.Context())
		require.NoError(t, err)
		require.Empty(t, links)
		_, err = review.Open(t.Context(), key(doc, 0))
		require.ErrorIs(t, err, countersign.ErrForbidden)
		for name, call := range map[string]func() ([]ledgersync.Decided, error){
			"save":    func() ([]ledgersync.Decided, error) { return review.Save(t.Context(), key(doc, 0)) },
			"discard": func() ([]ledgersync.Decided, error) { return review.Discard(t.Context(), "", key(doc, 0)) },
			"share": func() ([]ledgersync.Decided, error) {
				return review.ChangeShare(t.Context(), contractone.CompanyWide(), key(doc, 0))
			},
		} {
			done, err := call()
			refusal := one(t, done, err)
			require.ErrorIs(t, refusal, ledgersync.ErrNotReviewer, name)
			require.ErrorContains(t, refusal, string(w.link))
			require.ErrorContains(t, refusal, doc.ID)
		}
	}
	require.Len(t, w.held(hanako), 1)
	links, err := w.flow.Review(hanako).Links(t.Context())
	require.NoError(t, err)
	require.Len(t, links, 1)
}

func TestManyAtOnceEachWithItsResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 100, Files: 150})
	w.start(reviewed)
	files := w.held(hanako)
	keys := make([]contractone.Key, 0, len(files)+2)
	for _, h := range files {
		keys = append(keys, h.Key)
	}
	done, err := w.flow.Review(jiro).Discard(t.Context(), "", keys[10])
	require.NoError(t, one(t, done, err))
	done, err = w.flow.Review(hanako).Save(t.Context(), append(keys, keys[0], "cloudsign:no:file")...)
	require.NoError(t, err)
	require.Len(t, done, len(keys)+2)
	for i, d := range done {
		switch i {
		case 10:
			var late *ledgersync.DecidedError
			require.ErrorAs(t, d.Err, &late)
			require.Equal(t, jiro.ID, late.Decision.By)
			require.Equal(t, ledgersync.Discarded, late.Decision.What)
			require.ErrorIs(t, d.Err, countersign.ErrConflict)
		case len(keys):
			require.ErrorContains(t, d.Err, hanako.ID, "the second time in the same call")
		case len(keys) + 1:
			require.ErrorIs(t, d.Err, countersign.ErrNotFound)
		default:
			require.NoError(t, d.Err)
			require.Equal(t, keys[i], d.Key)
		}
	}
	w.run()
	require.Len(t, w.entries(), len(keys)-1)
}

func TestListingHasPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 25, Files: 25})
	w.start(reviewed)
	review, cursor, seen := w.flow.Review(hanako), "", map[contractone.Key]bool{}
	for pages := 1; ; pages++ {
		page, err := review.List(t.Context(), w.link, cursor, 10)
		require.NoError(t, err)
		require.EqualValues(t, 25, page.Total)
		for _, h := range page.Items {
			require.False(t, seen[h.Key])
			seen[h.Key] = true
		}
		if cursor = page.Next; cursor == "" {
			require.Equal(t, 3, pages)
			break
		}
	}
	require.Len(t, seen, 25)
	_, err := review.List(t.Context(), w.link, "x", 10)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = review.List(t.Context(), "ABCD-EFGH", "", 10)
	require.ErrorIs(t, err, countersign.ErrNotFound)
	_, err = review.ChangeShare(t.Context(), contractone.Share{})
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = review.Discard(t.Context(), strings.Repeat("長", ledgersync.MaxReason+1))
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = review.Discard(t.Context(), strings.Repeat("長", ledgersync.MaxReason))
	require.NoError(t, err)
}

// TestTwoReviewersAtOnce: each file is decided once, and the other one is told by
// whom.
func TestTwoReviewersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 60, Files: 60})
	w.start(reviewed)
	var keys []contractone.Key
	for _, h := range w.held(hanako) {
		keys = append(keys, h.Key)
	}
	var wg sync.WaitGroup
	var saved, discarded []ledgersync.Decided
	var saveErr, discardErr error
	wg.Go(func() {
		for _, k := range keys {
			done, err := w.flow.Review(hanako).Save(t.Context(), k)
			saved, saveErr = append(saved, done...), err
		}
	})
	wg.Go(func() {
		for _, k := range keys {
			done, err := w.flow.Review(jiro).Discard(t.Context(), "", k)
			discarded, discardErr = append(discarded, done...), err
		}
	})
	wg.Wait()
	require.NoError(t, saveErr)
	require.NoError(t, discardErr)
	won := 0
	for i := range keys {
		require.NotEqual(t, saved[i].Err == nil, discarded[i].Err == nil)
		if saved[i].Err == nil {
			won++
			require.ErrorContains(t, discarded[i].Err, hanako.ID)
		}
	}
	w.run()
	require.Len(t, w.entries(), won)
}

func TestReviewExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "契約"}, "a.pdf")
	w.start(reviewed, func(s *ledgersync.Settings) { s.ReviewDays = 3 })
	require.Equal(t, w.clock.Now().AddDate(0, 0, 3), w.held(hanako)[0].Expires)
	require.NoError(t, w.flow.Pause(t.Context(), w.link))
	w.clock.Advance(72 * time.Hour)
	w.run()
	require.Empty(t, w.held(hanako), "also while the link is paused")
	done, err := w.flow.Review(hanako).Save(t.Context(), key(doc, 0))
	require.ErrorIs(t, one(t, done, err), countersign.ErrConflict)
	for rec, err := range w.flow.DeadLetters().All(t.Context()) {
		require.NoError(t, err)
		require.Contains(t, rec.LastError, "nobody reviewed it in time")
		require.Contains(t, rec.LastError, doc.ID)
	}
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	n, err := w.flow.DeadLetters().RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	w.run()
	require.Len(t, w.held(hanako), 1, "back in the review")
	require.Empty(t, w.entries())
}

// TestReviewWithGraceAndBudget: grace comes before the review, and only what was
// saved uses up the budget.
func TestReviewWithGraceAndBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(concludedAt(w.clock.Now(), cloudsigntest.Document{}), "a.pdf", "b.pdf", "c.pdf")
	w.start(reviewed, func(s *ledgersync.Settings) { s.GraceDays, s.Budget.Run = 1, 1 })
	require.Empty(t, w.held(hanako))
	w.nextDay()
	require.Len(t, w.held(hanako), 3)
	done, err := w.flow.Review(hanako).Save(t.Context(), key(doc, 0), key(doc, 2))
	require.NoError(t, err)
	require.Len(t, done, 2)
	w.run()
	require.Len(t, w.entries(), 1)
	require.Equal(t, ledgersync.Summary{Documents: 1, Files: 3, Linked: 1, Held: 2}, w.summary())
	w.nextDay()
	require.Len(t, w.entries(), 2)
	require.Len(t, w.held(hanako), 1)
}

// TestReviewRidesOutFailures: reading what to hold is tried again, and a saved
// file whose answer got lost is looked up.
func TestReviewRidesOutFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpGetAttribute, Fault: countersigntest.Status(503), Next: 3})
	w.start(reviewed)
	require.Empty(t, w.held(hanako))
	for range 5 {
		w.clock.Advance(10 * time.Minute)
		w.run()
	}
	require.Len(t, w.held(hanako), 1)

	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{After: countersign.ErrOutcomeUnknown}
	})
	done, err := w.flow.Review(hanako).Save(t.Context(), key(doc, 0))
	require.NoError(t, one(t, done, err))
	w.run()
	require.EqualValues(t, 1, w.summary().Waiting)
	w.ledger.SetFault(nil)
	w.restart()
	w.clock.Advance(10 * time.Minute)
	w.run()
	require.EqualValues(t, 1, w.summary().Linked)
	require.EqualValues(t, 1, w.fake.Log().Tally(cloudsigntest.OpDownloadFile).Requests)
}

func TestForgetTakesWhatIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "秘密"}, "a.pdf", "b.pdf")
	w.start(reviewed)
	done, err := w.flow.Review(hanako).Discard(t.Context(), "秘密", key(doc, 0))
	require.NoError(t, one(t, done, err))
	require.NoError(t, w.flow.Forget(t.Context(), doc.ID))
	require.NoError(t, w.store.Tx(t.Context(), func(tx orchestration.Tx) error {
		for _, table := range ledgersync.Tables("") {
			recs, err := tx.List(t.Context(), orchestration.Query{Table: table})
			if err != nil {
				return err
			}
			for _, rec := range recs {
				require.NotContains(t, string(rec.Body)+rec.LastError, "秘密")
			}
		}
		return nil
	}))
	require.Empty(t, w.held(hanako))
}
