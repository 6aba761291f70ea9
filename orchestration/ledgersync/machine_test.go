package ledgersync_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestPrecedence: what a user typed beats what was linked, and that beats what was
// digitised, in whichever order they come.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.document(cloudsigntest.Document{Title: "linked", Attribute: &cloudsigntest.Attribute{ValidityEndAt: "2027-01-01"}}, "a.pdf")
	w.start()
	digitise := func(items contractone.Items) {
		_, err := w.ledger.Digitise(t.Context(), key(doc, 0), items)
		require.NoError(t, err)
	}
	edit := func(p contractone.Patch) {
		_, err := w.ledger.Update(t.Context(), key(doc, 0), p, contractone.Edit{By: "u@example.com"})
		require.NoError(t, err)
	}
	digitise(contractone.Items{Title: "digitised", Counterparty: "digitised", EndsOn: date(2000, 1, 1)})
	e := w.entry(doc, 0)
	require.Equal(t, contractone.Items{Title: "linked", Counterparty: "digitised", EndsOn: date(2027, 1, 1), FileName: "a.pdf"}, e.Items)
	require.Equal(t, contractone.Linked, e.Provenance[contractone.ItemTitle].Authority)
	require.Equal(t, contractone.Digitised, e.Provenance[contractone.ItemCounterparty].Authority)

	edit(contractone.Patch{Set: contractone.Items{Title: "user", Counterparty: "user"}, Clear: []contractone.ItemKey{contractone.ItemEndsOn, contractone.ItemSignedOn}})
	digitise(contractone.Items{Title: "again", Counterparty: "again", EndsOn: date(2000, 1, 1), SignedOn: date(2000, 1, 1)})
	w.fake.SetAttribute(doc.ID, cloudsigntest.Attribute{Title: "later", ValidityEndAt: "2030-01-01", ContractAt: "2030-01-01"})
	w.week()
	require.Equal(t, contractone.Items{Title: "user", Counterparty: "user", FileName: "a.pdf"}, w.entry(doc, 0).Items)
}

// machine is a link in review mode with a model of what has to be true of it.
type machine struct {
	*world
	t      *rapid.T
	broken bool // the ledger fails
	paused bool
	docs   []cloudsigntest.Document
	linked map[contractone.Key]string // title as it was when the file was first held
	saved  map[contractone.Key]bool
	gone   map[contractone.Key]bool // discarded
	share  map[contractone.Key]contractone.Share
	user   map[contractone.Key]string // title that a user typed
	ocr    map[contractone.Key]string // counterparty that was digitised
}

// TestMachine does what people and the world do to a link, in any order, and checks
// after each step what always holds.
func TestMachine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{
			world: newWorld(t), t: t, linked: map[contractone.Key]string{}, saved: map[contractone.Key]bool{}, gone: map[contractone.Key]bool{},
			share: map[contractone.Key]contractone.Share{}, user: map[contractone.Key]string{}, ocr: map[contractone.Key]string{},
		}
		m.start(reviewed)
		actions := map[string]func(){
			"conclude": m.conclude, "a day later": m.day, "pause or resume": m.pauseOrResume, "save": m.save, "discard": m.discard, "share": m.changeShare,
			"edit": m.edit, "digitise": m.digitise, "correct the source": m.correct, "restart": func() { m.restart() }, "break or mend the ledger": m.breakOrMend,
		}
		names := slices.Sorted(maps.Keys(actions))
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			actions[rapid.SampledFrom(names).Draw(t, "action")]()
			m.check()
		}
		m.settle()
	})
}

func (m *machine) conclude() {
	doc := m.document(cloudsigntest.Document{Title: "title " + strconv.Itoa(len(m.docs))}, "a.pdf", "b.pdf")
	m.docs = append(m.docs, doc)
}

func (m *machine) day() {
	m.nextDay()
	m.see()
}

// see notes what is held now: from here on it must not change any more.
func (m *machine) see() {
	for _, h := range m.held(hanako) {
		if _, known := m.linked[h.Key]; !known {
			m.linked[h.Key], m.share[h.Key] = h.Items.Title, h.Share
		}
	}
}

func (m *machine) pauseOrResume() {
	if m.paused {
		require.NoError(m.t, m.flow.Resume(m.t.Context(), m.link))
	} else {
		require.NoError(m.t, m.flow.Pause(m.t.Context(), m.link))
	}
	m.paused = !m.paused
}

func (m *machine) breakOrMend() {
	m.broken = !m.broken
	if !m.broken {
		m.ledger.SetFault(nil)
		return
	}
	lost := rapid.Bool().Draw(m.t, "the answer is lost")
	m.ledger.SetFault(func(contractone.Draft) contractonetest.Fault {
		if lost {
			return contractonetest.Fault{After: countersign.ErrOutcomeUnknown}
		}
		return contractonetest.Fault{Before: countersign.ErrUnavailable}
	})
}

// anyFile is a file that was held at some time.
func (m *machine) anyFile() (contractone.Key, bool) {
	if len(m.linked) == 0 {
		return "", false
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m.linked))).Draw(m.t, "file"), true
}

// decide makes a decision about any file, and expects it to be taken if it is the
// first.
func (m *machine) decide(call func(ledgersync.Review, contractone.Key) ([]ledgersync.Decided, error), done func(contractone.Key)) {
	k, ok := m.anyFile()
	if !ok {
		return
	}
	who := rapid.SampledFrom([]ledgersync.Actor{hanako, jiro, stranger}).Draw(m.t, "actor")
	out, err := call(m.flow.Review(who), k)
	require.NoError(m.t, err)
	switch {
	case who.ID == stranger.ID:
		require.ErrorIs(m.t, out[0].Err, ledgersync.ErrNotReviewer)
	case m.saved[k] || m.gone[k]:
		require.ErrorIs(m.t, out[0].Err, countersign.ErrConflict)
	default:
		require.NoError(m.t, out[0].Err)
		done(k)
	}
}

func (m *machine) save() {
	m.decide(func(r ledgersync.Review, k contractone.Key) ([]ledgersync.Decided, error) {
		return r.Save(m.t.Context(), k)
	},
		func(k contractone.Key) { m.saved[k] = true })
}

func (m *machine) discard() {
	m.decide(func(r ledgersync.Review, k contractone.Key) ([]ledgersync.Decided, error) {
		return r.Discard(m.t.Context(), "", k)
	},
		func(k contractone.Key) { m.gone[k] = true })
}

func (m *machine) changeShare() {
	share := rapid.SampledFrom([]contractone.Share{contractone.Private(), contractone.CompanyWide()}).Draw(m.t, "share")
	m.decide(func(r ledgersync.Review, k contractone.Key) ([]ledgersync.Decided, error) {
		return r.ChangeShare(m.t.Context(), share, k)
	}, func(k contractone.Key) { m.share[k] = share })
}

// anyEntry is a file that is in the ledger.
func (m *machine) anyEntry() (contractone.Key, bool) {
	entries := slices.Sorted(maps.Keys(m.entries()))
	if len(entries) == 0 {
		return "", false
	}
	return rapid.SampledFrom(entries).Draw(m.t, "entry"), true
}

func (m *machine) edit() {
	if k, ok := m.anyEntry(); ok {
		m.user[k] = "user " + strconv.Itoa(len(m.user))
		_, err := m.ledger.Update(m.t.Context(), k, contractone.Patch{Set: contractone.Items{Title: m.user[k]}}, contractone.Edit{By: "u@example.com"})
		require.NoError(m.t, err)
	}
}

func (m *machine) digitise() {
	if k, ok := m.anyEntry(); ok {
		if m.ocr[k] == "" {
			m.ocr[k] = "read"
		}
		_, err := m.ledger.Digitise(m.t.Context(), k, contractone.Items{Title: "read", Counterparty: "read"})
		require.NoError(m.t, err)
	}
}

func (m *machine) correct() {
	if len(m.docs) > 0 {
		m.fake.SetAttribute(rapid.SampledFrom(m.docs).Draw(m.t, "document").ID, cloudsigntest.Attribute{Title: "corrected", Counterparty: "corrected"})
	}
}

// check is what always holds.
func (m *machine) check() {
	n := 0
	for e, err := range contractone.All(m.t.Context(), m.ledger, contractone.Query{}) {
		n++
		require.NoError(m.t, err)
		require.True(m.t, m.saved[e.Key], "nothing enters the ledger that nobody saved")
		require.False(m.t, m.gone[e.Key])
		want := m.linked[e.Key]
		if title, ok := m.user[e.Key]; ok {
			want = title
		}
		require.Equal(m.t, want, e.Items.Title, "user before linked before digitised, and the source no more")
		require.Equal(m.t, m.ocr[e.Key], e.Items.Counterparty)
		require.Equal(m.t, m.share[e.Key], e.Share)
	}
	require.Len(m.t, m.entries(), n, "each key once")
	s := m.summary()
	require.Equal(m.t, s.Files, s.Linked+s.Known+s.Waiting+s.Held+s.Discarded+s.Uncertain+s.Failed)
	require.EqualValues(m.t, len(m.gone), s.Discarded)
	require.Equal(m.t, m.paused, m.state().State == ledgersync.StatePaused)
}

// settle lets everything come to rest: then all that was saved is in the ledger.
func (m *machine) settle() {
	if m.broken {
		m.breakOrMend()
	}
	if m.paused {
		m.pauseOrResume()
	}
	m.run()
	for range 3 {
		m.clock.Advance(2 * time.Hour)
		m.run()
	}
	_, err := m.flow.DeadLetters().RetryAll(m.t.Context())
	require.NoError(m.t, err)
	m.nextDay()
	m.see()
	m.check()
	require.Len(m.t, m.entries(), len(m.saved))
	require.Len(m.t, m.held(hanako), 2*len(m.docs)-len(m.saved)-len(m.gone))
	for r, err := range m.flow.Files(m.t.Context(), m.link, orchestration.StateDead, orchestration.StateUncertain) {
		require.NoError(m.t, err)
		require.Fail(m.t, "a file is left over", "%+v", r)
	}
}
