package ledgersync_test

import (
	"context"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// ride lets the engine's pauses pass.
func (w *world) ride() {
	w.t.Helper()
	for range 8 {
		w.clock.Advance(10 * time.Minute)
		w.run()
	}
}

// drifted are the files of a link that Drift tells of.
func (w *world) drifted() (out []ledgersync.DriftedFile) {
	w.t.Helper()
	for d, err := range w.flow.Drift(w.t.Context(), w.link) {
		require.NoError(w.t, err)
		out = append(out, d)
	}
	return out
}

// TestUnreadableDocumentHoldsNothingUp: one document whose information can't be
// read any more does not keep the link from what is new.
func TestUnreadableDocumentHoldsNothingUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	w.start()
	w.fake.Faults().Add(countersigntest.Rule{
		Operation: cloudsigntest.OpGetAttribute, Path: "/documents/" + bad.ID + "/attribute", Fault: countersigntest.Status(500), Every: 1,
	})
	w.week()
	w.ride()
	ran := w.state().LastRun
	w.document(cloudsigntest.Document{}, "new.pdf")
	w.nextDay()
	require.Len(t, w.entries(), 3)
	require.Empty(t, w.state().LastError)
	require.True(t, w.state().LastRun.After(ran))

	files := w.drifted()
	require.Len(t, files, 2)
	for _, d := range files {
		require.Contains(t, d.Failure, bad.ID)
		require.Contains(t, d.Failure, string(w.link))
		require.Empty(t, d.Changes)
		require.Zero(t, d.Found)
	}
	told := 0
	for e, err := range w.flow.Journal(t.Context(), w.link) {
		require.NoError(t, err)
		if e.What == "could not be compared" {
			told++
			require.Equal(t, bad.ID, e.IDs["document"])
		}
	}
	require.Equal(t, 2, told)

	w.fake.Faults().Clear()
	w.week()
	w.ride()
	require.Empty(t, w.drifted(), "it can be compared again")
}

// forgetful is a ledger that does not know a key any more.
type forgetful struct {
	*contractonetest.Ledger
	key contractone.Key
}

func (l forgetful) Digitise(ctx context.Context, key contractone.Key, items contractone.Items) (contractone.Entry, error) {
	if key == l.key {
		return contractone.Entry{}, countersign.ErrNotFound
	}
	return l.Ledger.Digitise(ctx, key, items)
}

// TestFillingWhatTheLedgerLost: the other files are filled all the same.
func TestFillingWhatTheLedgerLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "lost.pdf", "kept.pdf")
	w.start(func(s *ledgersync.Settings) { s.Late = ledgersync.LateFill })
	w.use(forgetful{w.ledger, key(doc, 0)})
	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{LocalID: "K"})
	w.week()
	require.Empty(t, w.state().LastError)
	require.Equal(t, "K", w.entry(doc, 1).Items.ApprovalNumber)
	files := w.drifted()
	require.Len(t, files, 1)
	require.Equal(t, key(doc, 0), files[0].Key)
	require.Contains(t, files[0].Failure, doc.Files[0].ID)
}

// TestDriftTellsSinceWhen: a source that changes again has differed since its
// first change.
func TestDriftTellsSinceWhen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start()
	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{LocalID: "K"})
	w.week()
	first := w.drifted()[0]
	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{LocalID: "K", Amount: new(int64(1))})
	w.week()
	second := w.drifted()[0]
	require.NotEqual(t, first.Changes, second.Changes)
	require.Equal(t, first.Found, second.Found)
}
