package ledgersync_test

import (
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// TestFailingRunsAreTold: a link that fails again and again says so, with its
// management ID, although it is active and its next try is not due yet.
func TestFailingRunsAreTold(t *testing.T) {
	t.Parallel()
	b := &board{}
	w := newWorld(t, withNotifier(b))
	w.start()
	require.NoError(t, w.flow.Health(t.Context(), time.Hour))
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpListTeamDocuments, Fault: countersigntest.Status(500), Every: 1})
	w.clock.Set(w.state().NextRun)
	w.run()
	require.NoError(t, w.flow.Health(t.Context(), time.Hour), "it may pass")
	require.Empty(t, b.take())
	for range 30 {
		w.clock.Advance(time.Hour)
		w.run()
	}
	require.Equal(t, ledgersync.StateActive, w.state().State)
	require.Contains(t, w.state().LastError, string(w.link))
	n := b.take()
	require.Len(t, n, 1, "once")
	require.Equal(t, ledgersync.NoticeFailing, n[0].Kind)
	require.Equal(t, w.link, n[0].Link)
	require.Contains(t, n[0].Reason, "list")
	w.clock.Advance(time.Hour - time.Second) // nothing is due for longer than that
	err := w.flow.Health(t.Context(), time.Hour)
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.ErrorContains(t, err, string(w.link))
	require.ErrorContains(t, err, "2026-04-02 03:00 JST")

	w.fake.Faults().Clear()
	w.clock.Advance(time.Hour)
	w.run()
	require.NoError(t, w.flow.Health(t.Context(), time.Hour))
	require.Empty(t, w.state().LastError)
}

// TestFailingFirstRun: a link that never completed a run was to run at once.
func TestFailingFirstRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add()
	require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpMe, Fault: countersigntest.Status(500), Every: 1})
	for range 16 {
		w.run()
		w.clock.Advance(time.Hour)
	}
	w.run()
	require.ErrorContains(t, w.flow.Health(t.Context(), 2*time.Hour), string(w.link))
}

// TestRunErrorsNameTheDocument: what a comparison met is told with document and file.
func TestRunErrorsNameTheDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start()
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpGetAttribute, Fault: countersigntest.Status(500), Every: 1})
	w.week()
	for _, want := range []string{string(w.link), doc.ID, doc.Files[0].ID} {
		require.Contains(t, w.state().LastError, want)
	}
}

// TestChangedSettingsLeaveHealthAlone: a link whose first run failed just now is not
// late, whatever is changed meanwhile.
func TestChangedSettingsLeaveHealthAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add()
	require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpMe, Fault: countersigntest.Status(500), Every: 1})
	w.run()
	require.NoError(t, w.flow.Health(t.Context(), time.Hour))
	w.change(func(s *ledgersync.Settings) { s.Share = contractone.Private() })
	require.NoError(t, w.flow.Health(t.Context(), time.Hour))
}

// TestResumedLinkIsNotLate: its runs do not fail since it was paused.
func TestResumedLinkIsNotLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	require.NoError(t, w.flow.Pause(t.Context(), w.link))
	w.clock.Advance(21 * 24 * time.Hour)
	w.run()
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpMe, Fault: countersigntest.Status(500), Every: 1})
	w.run()
	require.NoError(t, w.flow.Health(t.Context(), time.Hour))
}
