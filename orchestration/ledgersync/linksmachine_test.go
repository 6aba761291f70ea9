package ledgersync_test

import (
	"net/http"
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

// linkModel is what a machine knows of a link.
type linkModel struct {
	id       contractone.ManagementID
	account  ledgersync.Account
	settings ledgersync.Settings
	paused   bool
	entered  int64 // registrations, which all are of one month
}

func (l *linkModel) reviews() bool { return l.settings.Mode == contractone.ModeReview }

// linksMachine is one or two links that see the same documents, in either mode,
// with a budget and an end of the review, and a model of what has to be true.
type linksMachine struct {
	*world
	t        *rapid.T
	links    []*linkModel
	accounts []ledgersync.Account
	broken   bool
	files    map[contractone.Key]bool              // all that were concluded
	saved    map[contractone.Key]bool              // by a reviewer
	gone     map[contractone.Key]bool              // discarded
	chosen   map[contractone.Key]contractone.Share // by a reviewer
	entered  map[contractone.Key]bool              // entries that were looked at
	owner    map[contractone.Key]*linkModel        // whose a file was before the last action
}

// TestMachineOfLinks does what people and the world do to links, in any order, and
// checks after each step what always holds.
func TestMachineOfLinks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		soon := withConfig(func(c *ledgersync.Config) { c.FullEvery = 2 * 24 * time.Hour }) // many complete runs in few days
		m := &linksMachine{world: newWorld(t, soon), t: t, files: map[contractone.Key]bool{}}
		tr := &http.Transport{}
		t.Cleanup(tr.CloseIdleConnections)
		m.accounts = []ledgersync.Account{m.account, m.newAccount(m.fake.AddUser(cloudsigntest.User{Authorities: m.user.Authorities}), tr)}
		m.conclude()
		m.loseStore()
		m.check()
		actions := []func(){
			m.conclude, m.conclude, m.day, m.day, m.pauseOrResume, m.save, m.save, m.discard, m.choose, m.retry, m.breakOrMend,
			m.second, m.replace, m.loseLedger, m.loseLedger, m.loseStore, m.again,
		}
		for range rapid.IntRange(1, 20).Draw(t, "steps") { // and all days in April
			actions[rapid.IntRange(0, len(actions)-1).Draw(t, "action")]()
			m.check()
		}
		m.settle()
	})
}

// again is a restart of the program.
func (m *linksMachine) again() { m.restart(m.accounts...) }

func (m *linksMachine) conclude() {
	doc := m.document(cloudsigntest.Document{Title: strconv.Itoa(len(m.files))}, "a.pdf", "b.pdf")
	m.files[key(doc, 0)], m.files[key(doc, 1)] = true, true
}

// add adds a link with any settings, and starts it.
func (m *linksMachine) add(account ledgersync.Account) ledgersync.Preview {
	s := settings(account)
	s.Share = rapid.SampledFrom([]contractone.Share{contractone.Groups("Legal"), contractone.CompanyWide()}).Draw(m.t, "share of the link")
	if rapid.Bool().Draw(m.t, "review") {
		reviewed(&s)
		s.ReviewDays = rapid.SampledFrom([]int{0, 2}).Draw(m.t, "days of the review")
	}
	s.Budget.Month = rapid.SampledFrom([]int64{0, 3}).Draw(m.t, "budget")
	link, err := m.flow.AddLink(m.t.Context(), s)
	require.NoError(m.t, err)
	m.link = link.ID
	p := m.preview()
	m.links = append(m.links, &linkModel{id: link.ID, account: account, settings: s})
	require.NoError(m.t, m.flow.Start(m.t.Context(), link.ID, p))
	m.run()
	return p
}

func (m *linksMachine) any() *linkModel {
	return m.links[rapid.IntRange(0, len(m.links)-1).Draw(m.t, "link")]
}

func (m *linksMachine) second() {
	if len(m.links) == 1 {
		other := slices.IndexFunc(m.accounts, func(a ledgersync.Account) bool { return a.Credential != m.links[0].account.Credential })
		m.add(m.accounts[other])
	}
}

// replace removes a link and adds another one of the same client ID. What was not
// registered or discarded is forgotten.
func (m *linksMachine) replace() {
	old := m.any()
	for r, err := range m.flow.Files(m.t.Context(), old.id) {
		require.NoError(m.t, err)
		if !slices.Contains([]string{ledgersync.FileLinked, ledgersync.FileKnown, ledgersync.FileDiscarded}, r.State) {
			delete(m.saved, r.Key)
			delete(m.chosen, r.Key)
			delete(m.owner, r.Key)
		}
	}
	require.NoError(m.t, m.flow.Remove(m.t.Context(), old.id))
	m.links = slices.DeleteFunc(m.links, func(l *linkModel) bool { return l == old })
	m.add(old.account)
}

// loseStore begins with an empty store and one link. What reviewers decided is
// forgotten, but not what is in the ledger.
func (m *linksMachine) loseStore() {
	m.store, m.links = orchestration.NewMemory(), nil
	m.saved, m.gone = map[contractone.Key]bool{}, map[contractone.Key]bool{}
	m.chosen, m.owner = map[contractone.Key]contractone.Share{}, map[contractone.Key]*linkModel{}
	m.entered = map[contractone.Key]bool{}
	for k := range m.entries() {
		m.entered[k] = true
	}
	m.again()
	before := len(m.entries())
	p := m.add(m.accounts[0])
	require.EqualValues(m.t, len(m.files)-before, p.Registrations)
	if m.broken {
		return
	}
	s := m.summary()
	require.EqualValues(m.t, before, s.Known, "what the ledger has is neither reviewed nor waits")
	require.Equal(m.t, p.Registrations, s.Linked+s.Waiting+s.Held)
}

// loseLedger replaces the ledger by an empty one, and repairs all links.
func (m *linksMachine) loseLedger() {
	for _, l := range m.links {
		for r, err := range m.flow.Files(m.t.Context(), l.id, orchestration.StatePending, orchestration.StateSending, ledgersync.FileParked) {
			require.NoError(m.t, err)
			if m.entered[r.Key] {
				l.entered-- // nobody knew, and nobody ever will
			}
		}
	}
	m.ledger = contractonetest.NewLedger(contractonetest.WithClock(m.clock.Now))
	m.entered = map[contractone.Key]bool{}
	m.setFault()
	m.again()
	m.repairAll()
	m.run()
}

func (m *linksMachine) repairAll() {
	for _, l := range m.links {
		// A file that goes back to reviewers was not saved by them.
		if l.reviews() {
			for r, err := range m.flow.Files(m.t.Context(), l.id, ledgersync.FileLinked, ledgersync.FileKnown) {
				require.NoError(m.t, err)
				if r.Decision == nil {
					delete(m.saved, r.Key)
				}
			}
		}
		_, err := m.flow.Repair(m.t.Context(), l.id)
		require.NoError(m.t, err)
	}
}

func (m *linksMachine) day() { m.nextDay() }

func (m *linksMachine) pauseOrResume() { m.toggle(m.any()) }

func (m *linksMachine) toggle(l *linkModel) {
	change := m.flow.Pause
	if l.paused {
		change = m.flow.Resume
	}
	require.NoError(m.t, change(m.t.Context(), l.id))
	l.paused = !l.paused
	m.run()
}

func (m *linksMachine) breakOrMend() {
	m.broken = !m.broken
	m.setFault()
}

func (m *linksMachine) setFault() {
	m.ledger.SetFault(nil)
	if !m.broken {
		return
	}
	fault := contractonetest.Fault{Before: countersign.ErrUnavailable}
	if rapid.Bool().Draw(m.t, "the answer is lost") {
		fault = contractonetest.Fault{After: countersign.ErrOutcomeUnknown}
	}
	m.ledger.SetFault(func(contractone.Draft) contractonetest.Fault { return fault })
}

func (m *linksMachine) retry() {
	_, err := m.flow.DeadLetters().RetryAll(m.t.Context())
	require.NoError(m.t, err)
	m.run()
}

// heldBy are the files that a link holds for its reviewers.
func (m *linksMachine) heldBy(l *linkModel) []ledgersync.HeldFile {
	if !l.reviews() {
		return nil
	}
	m.link = l.id
	return m.held(hanako)
}

// decide does something with any file that is held.
func (m *linksMachine) decide(call func(ledgersync.HeldFile) ([]ledgersync.Decided, error)) {
	held := m.heldBy(m.any())
	if len(held) == 0 {
		return
	}
	done, err := call(rapid.SampledFrom(held).Draw(m.t, "file"))
	require.NoError(m.t, err)
	require.NoError(m.t, done[0].Err)
}

func (m *linksMachine) save() {
	private := rapid.Bool().Draw(m.t, "as private")
	m.decide(func(h ledgersync.HeldFile) ([]ledgersync.Decided, error) {
		if private {
			h.Share = contractone.Private()
			m.share(h.Share, h.Key)
		}
		m.saved[h.Key], m.chosen[h.Key] = true, h.Share
		return m.flow.Review(hanako).Save(m.t.Context(), h.Key)
	})
	if rapid.Bool().Draw(m.t, "at once") {
		m.run()
	}
}

func (m *linksMachine) discard() {
	m.decide(func(h ledgersync.HeldFile) ([]ledgersync.Decided, error) {
		m.gone[h.Key] = true
		return m.flow.Review(hanako).Discard(m.t.Context(), "", h.Key)
	})
}

func (m *linksMachine) choose() {
	m.decide(func(h ledgersync.HeldFile) ([]ledgersync.Decided, error) {
		m.chosen[h.Key] = contractone.Private()
		return m.flow.Review(hanako).ChangeShare(m.t.Context(), contractone.Private(), h.Key)
	})
}

func (m *linksMachine) modelOf(id contractone.ManagementID) *linkModel {
	i := slices.IndexFunc(m.links, func(l *linkModel) bool { return l.id == id })
	require.GreaterOrEqual(m.t, i, 0)
	return m.links[i]
}

// check is what always holds.
func (m *linksMachine) check() {
	for k, e := range m.entries() {
		if m.entered[k] {
			continue
		}
		m.entered[k] = true
		l := m.modelOf(e.Link)
		l.entered++
		require.False(m.t, m.gone[k], "what was discarded stays out")
		require.True(m.t, !l.reviews() || m.saved[k], "what is reviewed enters when it was saved")
		if was := m.owner[k]; was != nil && was.reviews() && !m.saved[k] {
			require.True(m.t, l.reviews(), "no other link goes past the reviewers")
		}
		want, ok := m.chosen[k]
		if !ok {
			want = l.settings.Share
		}
		require.Equal(m.t, want, e.Share)
	}
	entries, owner := m.entries(), map[contractone.Key]*linkModel{}
	for _, l := range m.links {
		budget := l.settings.Budget.Month
		require.True(m.t, budget == 0 || l.entered <= budget, "%d registrations of %d", l.entered, budget)
		for r, err := range m.flow.Files(m.t.Context(), l.id) {
			require.NoError(m.t, err)
			require.Nil(m.t, owner[r.Key])
			owner[r.Key] = l
		}
		for _, h := range m.heldBy(l) {
			require.NotContains(m.t, entries, h.Key)
			want, ok := m.chosen[h.Key]
			if !ok {
				want = l.settings.Share
			}
			require.Equal(m.t, want, h.Share)
		}
	}
	m.owner = owner
}

// settle lets everything come to rest: then each file is in the ledger, held or
// discarded, unless the budget is used up.
func (m *linksMachine) settle() {
	m.broken = false
	m.setFault()
	for _, l := range m.links {
		if l.paused {
			m.toggle(l)
		}
	}
	m.repairAll()
	for range 3 { // with a complete run among them
		m.day()
		m.check()
	}
	m.retry()
	m.check()
	states, entries := map[contractone.Key]string{}, m.entries()
	for _, l := range m.links {
		waits := false
		for r, err := range m.flow.Files(m.t.Context(), l.id) {
			require.NoError(m.t, err)
			states[r.Key] = r.State
			waits = waits || r.State == ledgersync.FileBudget
		}
		if waits && len(m.links) == 1 { // a file that another link took over has used its part
			require.Equal(m.t, l.settings.Budget.Month, l.entered, "nothing waits for a budget that has room")
		}
	}
	for k := range m.files {
		_, in := entries[k]
		switch states[k] {
		case ledgersync.FileLinked, ledgersync.FileKnown:
			require.True(m.t, in)
		case ledgersync.FileDiscarded:
			require.True(m.t, m.gone[k])
		case ledgersync.FileReview, ledgersync.FileBudget:
			require.False(m.t, in)
		default:
			require.Fail(m.t, "a file is left over", "%s is %q", k, states[k])
		}
	}
}
