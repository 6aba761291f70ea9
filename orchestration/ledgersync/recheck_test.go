package ledgersync_test

import (
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// waiting is a way in which a file waits before it is sent: how it comes to wait,
// and how its turn comes.
type waiting struct {
	settings func(*ledgersync.Settings)
	wait     func(*world)
	turn     func(*world, cloudsigntest.Document)
}

func waitings() map[string]waiting {
	days := func(n int) func(*world, cloudsigntest.Document) {
		return func(w *world, _ cloudsigntest.Document) {
			for range n {
				w.nextDay()
			}
		}
	}
	nothing := func(*world) {}
	return map[string]waiting{
		"grace": {func(s *ledgersync.Settings) { s.GraceDays = 3 }, nothing, days(4)},
		"budget": {
			func(s *ledgersync.Settings) { s.Budget.Month = 1 },
			func(w *world) { // newer documents come first
				w.clock.Advance(time.Minute)
				w.document(cloudsigntest.Document{}, "newer.pdf")
			},
			days(31),
		},
		"review, saved at once": {reviewed, nothing, func(w *world, d cloudsigntest.Document) {
			w.save(key(d, 0), key(d, 1))
			w.run()
		}},
		"dead letter": {
			func(*ledgersync.Settings) {},
			func(w *world) { w.ledger.SetRefusal(countersign.ErrInvalid) },
			func(w *world, _ cloudsigntest.Document) {
				w.ledger.SetRefusal(nil)
				w.nextDay()
				_, err := w.flow.DeadLetters().RetryAll(w.t.Context())
				require.NoError(w.t, err)
				w.run()
			},
		},
		"pause": {
			func(*ledgersync.Settings) {},
			func(w *world) {
				w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
					return contractonetest.Fault{Before: countersign.ErrUnavailable}
				})
			},
			func(w *world, _ cloudsigntest.Document) {
				require.NoError(w.t, w.flow.Pause(w.t.Context(), w.link))
				w.ledger.SetFault(nil)
				w.nextDay()
				require.NoError(w.t, w.flow.Resume(w.t.Context(), w.link))
				w.run()
			},
		},
	}
}

func seesConfidential(u *cloudsigntest.User) { u.Authorities.PrivateDocumentAdministrator = true }

// TestMadeConfidentialWhileItWaited: the rules are asked again before a file is
// sent that did not go at once.
func TestMadeConfidentialWhileItWaited(t *testing.T) {
	t.Parallel()
	for name, c := range waitings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withUser(seesConfidential), withConfig(func(c *ledgersync.Config) { c.Lanes = 1 }))
			doc := w.document(cloudsigntest.Document{Title: "秘密"}, "a.pdf", "b.pdf")
			c.wait(w)
			w.start(c.settings)
			before := len(w.entries())
			w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Private = true })
			c.turn(w, doc)
			require.Len(t, w.entries(), before)
			require.EqualValues(t, 2, w.summary().Held)
			n := 0
			for r, err := range w.flow.Files(t.Context(), w.link, ledgersync.FileExcluded) {
				n++
				require.NoError(t, err)
				require.Contains(t, r.LastError, "confidential")
				require.Empty(t, r.Title)
			}
			require.Equal(t, 2, n)

			w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Private = false })
			seen := w.state().Seen
			for range 31 {
				w.nextDay()
			}
			require.Equal(t, seen, w.state().Seen)
			if name == "review, saved at once" {
				require.Len(t, w.held(hanako), 2, "reviewers decide about it anew")
				return
			}
			require.GreaterOrEqual(t, len(w.entries()), before+1, "a complete run takes it up again")
		})
	}
}

// TestHiddenWhileItWaited: what the user does not see any more does not enter.
func TestHiddenWhileItWaited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(func(s *ledgersync.Settings) { s.GraceDays = 30 })
	w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Private = true })
	for range 35 {
		w.nextDay()
	}
	require.Empty(t, w.entries())
}

// TestAnotherLinkTakesWhatIsLeftOut: one that asks for confidential documents.
func TestAnotherLinkTakesWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(seesConfidential))
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.start(func(s *ledgersync.Settings) { s.GraceDays = 3 })
	w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Private = true })
	for range 4 {
		w.nextDay()
	}
	p := w.colleague(func(s *ledgersync.Settings) { s.IncludeConfidential = true })
	require.EqualValues(t, 1, p.Registrations)
	require.NoError(t, w.flow.Start(t.Context(), w.link, p))
	w.run()
	require.Equal(t, w.link, w.entry(doc, 0).Link)
}

// TestWhatGoesAtOnceIsReadOnce: the listing is believed.
func TestWhatGoesAtOnceIsReadOnce(t *testing.T) {
	t.Parallel()
	asked := 0
	w := newWorld(t, withConfig(func(c *ledgersync.Config) {
		c.Include = func(_ contractone.ManagementID, d *cloudsign.Document) bool {
			asked++
			return len(d.Participants) == 0
		}
	}))
	w.document(cloudsigntest.Document{}, "a.pdf", "b.pdf")
	w.start()
	require.Len(t, w.entries(), 2)
	require.Zero(t, w.fake.Log().Tally(cloudsigntest.OpGetDocument).Requests)
	require.Equal(t, 4, asked, "by two previews, by Start and by the run")
}

// TestLeftOutFileKeepsItsPartOfTheBudget: it was taken up before, and a file counts
// once.
func TestLeftOutFileKeepsItsPartOfTheBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withUser(seesConfidential))
	doc := w.document(cloudsigntest.Document{}, "a.pdf")
	w.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		return contractonetest.Fault{Before: countersign.ErrUnavailable}
	})
	w.start(func(s *ledgersync.Settings) { s.Budget.Month = 1 })
	w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Private = true })
	for range 2 {
		w.nextDay()
	}
	w.ledger.SetFault(nil)
	w.nextDay()
	require.EqualValues(t, 1, w.summary().Held, "left out")
	w.fake.UpdateDocument(doc.ID, func(d *cloudsigntest.Document) { d.Private = false })
	w.week()
	require.Len(t, w.entries(), 1)
}
