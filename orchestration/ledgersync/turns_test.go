package ledgersync_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/storetest"
)

// turns works until nothing is due in turns that are over after some questions, and
// tells how many rounds of them it took. With kill, each round is a new process.
func (w *world) turns(questions int, kill bool) (rounds int) {
	w.t.Helper()
	for ; rounds < 500; rounds++ {
		e := storetest.NewTurns(w.store, w.clock.Now, questions)
		w.flow.Register(e)
		n, err := e.Turn(w.t.Context())
		require.NoError(w.t, err)
		if n == 0 {
			return rounds
		}
		if kill {
			w.restart()
		}
	}
	require.Fail(w.t, "the work does not get on")
	return rounds
}

func (w *world) requests(operation string) int64 { return w.fake.Log().Tally(operation).Requests }

// Each turn reads the page that the one before read last, and at least one more.
func TestFirstLoadTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 430, Files: 430})
	require.NoError(t, w.flow.Start(t.Context(), idOf(w, nil), w.preview()))
	w.fake.Log().Reset()
	require.Greater(t, w.turns(5, true), 5)
	require.Len(t, w.entries(), 430)
	require.LessOrEqual(t, w.requests(cloudsigntest.OpListTeamDocuments), int64(2*5))
	require.EqualValues(t, 430, w.requests(cloudsigntest.OpDownloadFile))
}

// A turn that has time for no more than the first page goes on to the second.
func TestListingGetsOnFromItsFirstPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fake.Seed(w.user, cloudsigntest.Account{Documents: 210, Files: 210})
	require.NoError(t, w.flow.Start(t.Context(), idOf(w, nil), w.preview()))
	for range 10 {
		e := storetest.NewTurns(w.store, w.clock.Now, 0)
		w.flow.Register(e)
		_, err := e.Turn(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, contractone.Count{Documents: 210, Files: 210}, w.state().Seen)
}

// A complete run reads the information of each linked document once, however many
// turns a page takes.
func TestCompleteRunTakesManyTurns(t *testing.T) {
	t.Parallel()
	for _, kill := range []bool{false, true} {
		t.Run(fmt.Sprintf("kill %v", kill), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var changed cloudsigntest.Document
			for range 130 {
				changed = w.document(cloudsigntest.Document{Attribute: &cloudsigntest.Attribute{LocalID: "K-1"}}, "a.pdf")
			}
			w.start()
			w.fake.SetAttribute(changed.ID, cloudsigntest.Attribute{LocalID: "K-2"})
			w.clock.Advance(8 * 24 * time.Hour)
			w.fake.Log().Reset()
			require.Greater(t, w.turns(9, kill), 10)
			require.EqualValues(t, 130, w.requests(cloudsigntest.OpGetAttribute))
			require.Len(t, w.drift(), 1)
			require.LessOrEqual(t, w.requests(cloudsigntest.OpListTeamDocuments), int64(2*14))

			w.fake.SetAttribute(changed.ID, cloudsigntest.Attribute{LocalID: "K-1"})
			w.clock.Advance(8 * 24 * time.Hour)
			w.turns(9, kill)
			require.Empty(t, w.drift(), "the next complete run compares all again")
		})
	}
}

// A page that another turn began is gone on with also where a document of it can't
// be read any more.
func TestDocumentThatIsHiddenIsAskedForOnceInARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 40 {
		w.document(cloudsigntest.Document{}, "a.pdf")
	}
	w.start()
	w.clock.Advance(8 * 24 * time.Hour)
	w.fake.Faults().Add(countersigntest.Rule{Operation: cloudsigntest.OpGetAttribute, Fault: countersigntest.Status(http.StatusForbidden)})
	w.fake.Log().Reset()
	require.Greater(t, w.turns(3, true), 5)
	require.EqualValues(t, 40, w.requests(cloudsigntest.OpGetAttribute))
}

// Each link is told of its deadlines once, although not all fit into one turn.
func TestDeadlinesTakeManyTurns(t *testing.T) {
	t.Parallel()
	b := &board{}
	w := newWorld(t, withNotifier(b))
	w.start()
	for range 3 {
		preview := w.colleague()
		require.NoError(t, w.flow.Start(t.Context(), w.link, preview))
		w.run()
	}
	w.clock.Set(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	require.Greater(t, w.turns(0, true), 3)
	told := toldOfDeadlines(b)
	require.Len(t, told, 4)
	for _, times := range told {
		require.Equal(t, 1, times)
	}
}

// toldOfDeadlines is how often each link was told of its deadlines.
func toldOfDeadlines(b *board) map[contractone.ManagementID]int {
	told := map[contractone.ManagementID]int{}
	for _, n := range b.take() {
		if n.Kind == ledgersync.NoticeDeadlines {
			told[n.Link]++
		}
	}
	return told
}

// A link that can't be told of takes all of a turn's time, and keeps no other one
// waiting for that.
func TestFailingDeadlinesTakeTheirTurnLast(t *testing.T) {
	t.Parallel()
	p := &picky{}
	w := newWorld(t, withNotifier(p))
	w.start()
	p.refused = w.link
	for range 3 {
		preview := w.colleague()
		require.NoError(t, w.flow.Start(t.Context(), w.link, preview))
		w.run()
	}
	w.clock.Set(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	for range 4 {
		w.turns(0, true)
		w.clock.Advance(time.Hour)
	}
	require.Len(t, toldOfDeadlines(&p.board), 3)
	p.refused = ""
	w.turns(0, true)
	require.Len(t, toldOfDeadlines(&p.board), 1)
}
