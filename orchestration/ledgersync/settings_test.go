package ledgersync_test

import (
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// change changes the link's settings, which must go well.
func (w *world) change(change func(*ledgersync.Settings)) ledgersync.Link {
	w.t.Helper()
	link, err := w.flow.ChangeLink(w.t.Context(), w.link, "hanako", change)
	require.NoError(w.t, err)
	require.Equal(w.t, w.state(), link)
	return link
}

// changes are the journal's lines about settings.
func (w *world) changes() (out []orchestration.Entry) {
	w.t.Helper()
	for e, err := range w.flow.Journal(w.t.Context(), w.link) {
		require.NoError(w.t, err)
		if e.What == "settings changed" {
			out = append(out, e)
		}
	}
	return out
}

// TestChangeLink: what comes next is registered by the new settings, what is
// registered stays as it is.
func TestChangeLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.document(cloudsigntest.Document{}, "before.pdf")
	w.start()
	next := w.state().NextRun
	link := w.change(func(s *ledgersync.Settings) {
		s.Share = contractone.Private()
		s.Responsible[0] = contractone.User("jiro@example.com")
		s.Credential.Label = "renamed"
	})
	require.Equal(t, ledgersync.StateActive, link.State)
	require.Equal(t, next, link.NextRun)
	after := w.document(cloudsigntest.Document{}, "after.pdf")
	w.nextDay()
	require.Equal(t, contractone.Groups("Legal"), w.entry(before, 0).Share)
	require.Equal(t, contractone.Private(), w.entry(after, 0).Share)
	require.Contains(t, w.entry(after, 0).Responsible, contractone.User("jiro@example.com"))

	w.change(func(*ledgersync.Settings) {})
	lines := w.changes()
	require.Len(t, lines, 1, "what changes nothing is no change")
	require.Equal(t, "hanako", lines[0].Who)
	require.Equal(t, "credential, share, responsible", lines[0].Why)
}

// TestChangeLinkWhileFilesWait: the next attempt goes by the new settings.
func TestChangeLinkWhileFilesWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	w.ledger.SetRefusal(contractone.ErrQuota)
	w.start()
	require.Equal(t, ledgersync.StateStopped, w.state().State)
	w.change(func(s *ledgersync.Settings) { s.Share = contractone.Private() })
	w.ledger.SetRefusal(nil)
	require.NoError(t, w.flow.Resume(t.Context(), w.link))
	w.run()
	require.Equal(t, contractone.Private(), w.entry(doc, 0).Share)
	require.Equal(t, contractone.Private(), w.entry(doc, 1).Share)
}

// TestChangeLinkWhileALaneWorks: a lane that began with the old settings sends
// nothing more by them.
func TestChangeLinkWhileALaneWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withConfig(func(c *ledgersync.Config) { c.Lanes = 1 }))
	w.cfg.Progress = func(e orchestration.Event) {
		if e.Phase == "register" && e.Done == 1 {
			_, err := w.flow.ChangeLink(t.Context(), w.link, "hanako", func(s *ledgersync.Settings) { s.Share = contractone.Private() })
			require.NoError(t, err)
		}
	}
	w.restart()
	doc := w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf", "c.pdf")
	w.start()
	require.Equal(t, contractone.Groups("Legal"), w.entry(doc, 0).Share)
	require.Equal(t, contractone.Private(), w.entry(doc, 1).Share)
	require.Equal(t, contractone.Private(), w.entry(doc, 2).Share)
	require.EqualValues(t, 3, w.summary().Linked)
}

// TestChangeLinkLetsMoreIn: only after the new count was confirmed, and then also
// what was passed over.
func TestChangeLinkLetsMoreIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, change func(*ledgersync.Settings)
	}{
		"confidential": {func(*ledgersync.Settings) {}, func(s *ledgersync.Settings) { s.IncludeConfidential = true }},
		"cut-off": {
			func(s *ledgersync.Settings) {
				s.IncludeConfidential, s.CutOff = true, countersign.Date{Year: 2027, Month: 1, Day: 1}
			},
			func(s *ledgersync.Settings) { s.CutOff = countersign.Date{} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			doc := w.document(cloudsigntest.Document{Private: true}, "a.pdf")
			w.start(c.before)
			require.Empty(t, w.entries())
			w.nextDay()
			link := w.change(c.change)
			require.Equal(t, ledgersync.StateDraft, link.State)
			require.Zero(t, link.NextRun)
			w.nextDay()
			require.Empty(t, w.entries(), "nobody confirmed the new count")
			require.ErrorIs(t, w.flow.Resume(t.Context(), w.link), countersign.ErrConflict)
			p := w.preview()
			require.EqualValues(t, 1, p.Registrations)
			require.NoError(t, w.flow.Start(t.Context(), w.link, p))
			w.run()
			require.Equal(t, w.link, w.entry(doc, 0).Link)
		})
	}
}

func TestChangeReviewersAndBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	w.start(reviewed, func(s *ledgersync.Settings) { s.Budget.Run = 1 })
	w.change(func(s *ledgersync.Settings) { s.Reviewers = []contractone.Principal{contractone.User("saburo")} })
	_, err := w.flow.Review(hanako).List(t.Context(), w.link, "", 0)
	require.ErrorIs(t, err, ledgersync.ErrNotReviewer)
	done, err := w.flow.Review(ledgersync.Actor{ID: "saburo"}).Save(t.Context(), key(doc, 0), key(doc, 1))
	require.NoError(t, err)
	require.Len(t, done, 2)
	w.run()
	require.Len(t, w.entries(), 1)
	w.change(func(s *ledgersync.Settings) { s.Budget = ledgersync.Budget{} })
	w.nextDay()
	require.Len(t, w.entries(), 2, "what waited for the budget does not wait for ever")
}

// TestChangeLinkRefuses: what it refuses leaves the link as it was.
func TestChangeLinkRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	w.add()
	w.change(reviewed)
	w.change(func(s *ledgersync.Settings) { s.Mode, s.Reviewers = contractone.ModeDirect, nil })
	require.Len(t, w.changes(), 2, "before the start the mode can be changed")
	old := w.preview()
	w.change(func(s *ledgersync.Settings) { s.GraceDays = 1 })
	require.ErrorIs(t, w.flow.Start(t.Context(), w.link, old), countersign.ErrConflict, "it counted by the old rules")
	w.change(func(s *ledgersync.Settings) { s.GraceDays = 0 })
	require.NoError(t, w.flow.Start(t.Context(), w.link, w.preview()))
	w.run()
	was, lines := w.state(), len(w.changes())
	for name, c := range map[string]struct {
		change func(*ledgersync.Settings)
		kind   error
	}{
		"client ID":   {func(s *ledgersync.Settings) { s.Credential.Fingerprint = "0123456789abcdef" }, countersign.ErrConflict},
		"mode":        {reviewed, countersign.ErrConflict},
		"share":       {func(s *ledgersync.Settings) { s.Share = contractone.Groups() }, nil},
		"responsible": {func(s *ledgersync.Settings) { s.Responsible = nil }, nil},
		"reviewers":   {func(s *ledgersync.Settings) { s.Reviewers = []contractone.Principal{contractone.User("x")} }, nil},
		"rules":       {func(s *ledgersync.Settings) { s.GraceDays = -1 }, nil},
		"extras":      {func(s *ledgersync.Settings) { s.Extras.Options = map[int]string{11: "x"} }, nil},
	} {
		_, err := w.flow.ChangeLink(t.Context(), w.link, "hanako", c.change)
		require.Error(t, err, name)
		if c.kind != nil {
			require.ErrorIs(t, err, c.kind, name)
		} else {
			require.ErrorAs(t, err, new(*countersign.ConfigError), name)
		}
	}
	_, err := w.flow.ChangeLink(t.Context(), w.link, "", func(*ledgersync.Settings) {})
	require.ErrorAs(t, err, new(*countersign.ConfigError))
	require.Equal(t, was, w.state())
	require.Len(t, w.changes(), lines)
	_, err = w.flow.ChangeLink(t.Context(), "XXXX-XXXX", "hanako", func(*ledgersync.Settings) {})
	require.ErrorIs(t, err, countersign.ErrNotFound)
	require.NoError(t, w.flow.Remove(t.Context(), w.link))
	_, err = w.flow.ChangeLink(t.Context(), w.link, "hanako", func(s *ledgersync.Settings) { s.Share = contractone.Private() })
	require.ErrorIs(t, err, countersign.ErrConflict)
}

// TestEnsureLinkTellsWhatDiffers: a program that was given other settings is not to
// believe that they hold.
func TestEnsureLinkTellsWhatDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	was := w.state()
	s := settings(w.account)
	s.Reviewers = []contractone.Principal{}
	link, err := w.flow.EnsureLink(t.Context(), s)
	require.NoError(t, err, "what is kept in the same way is the same")
	require.Equal(t, was, link)

	s.Share, s.IncludeConfidential = contractone.Private(), true
	link, err = w.flow.EnsureLink(t.Context(), s)
	var differ *ledgersync.SettingsError
	require.ErrorAs(t, err, &differ)
	require.Equal(t, ledgersync.SettingsError{Link: w.link, Differ: []string{"share", "rules"}}, *differ)
	require.ErrorIs(t, err, ledgersync.ErrSettingsDiffer)
	require.ErrorIs(t, err, countersign.ErrConflict)
	require.Equal(t, was, link, "the link as it is")
	require.Equal(t, was, w.state())
}

// TestChangeLinkLeavesBegunGraceAlone: what was held back is held back to its end.
func TestChangeLinkLeavesBegunGraceAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(func(s *ledgersync.Settings) { s.GraceDays = 10 })
	w.change(func(s *ledgersync.Settings) { s.GraceDays = 0 })
	w.document(cloudsigntest.Document{}, "b.pdf")
	w.week()
	require.Len(t, w.entries(), 1)
	w.week()
	require.Len(t, w.entries(), 2)
}
