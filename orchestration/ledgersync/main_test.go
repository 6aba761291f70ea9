package ledgersync_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tb is what a world needs of a test, so that rapid's can have one too.
type tb interface {
	require.TestingT
	Helper()
	Cleanup(func())
	Context() context.Context
}

// world is a simulated account, a reference ledger and a flow between them, all
// living by one clock that the test moves.
type world struct {
	t      tb
	clock  *countersigntest.Clock
	fake   *cloudsigntest.Server
	user   cloudsigntest.User
	ledger *contractonetest.Ledger
	store  orchestration.Store
	flow   *ledgersync.Flow
	engine *orchestration.Local
	link   contractone.ManagementID

	account ledgersync.Account
	cfg     ledgersync.Config
}

type option func(*world)

func withConfig(change func(*ledgersync.Config)) option { return func(w *world) { change(&w.cfg) } }

func withUser(change func(*cloudsigntest.User)) option { return func(w *world) { change(&w.user) } }

func newWorld(t tb, opts ...option) *world {
	t.Helper()
	w := &world{
		t: t, clock: countersigntest.NewClock(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)),
		store: orchestration.NewMemory(),
		user:  cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}},
	}
	w.cfg.Clock = w.clock.Now
	w.fake = cloudsigntest.NewServer(cloudsigntest.WithClock(w.clock), cloudsigntest.WithRateLimit(0))
	w.ledger = contractonetest.NewLedger(contractonetest.WithClock(w.clock.Now))
	for _, o := range opts {
		o(w)
	}
	w.user = w.fake.AddUser(w.user)
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		w.fake.Close()
	})
	w.account = w.newAccount(w.user, tr)
	w.restart()
	return w
}

func (w *world) newAccount(u cloudsigntest.User, tr http.RoundTripper) ledgersync.Account {
	w.t.Helper()
	a, err := ledgersync.NewAccount("legal team", cloudsign.Config{ClientID: countersign.NewSecret(u.ClientID)},
		countersign.WithBaseURL(w.fake.URL()), countersign.WithHTTPClient(&http.Client{Transport: tr}),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond}),
		countersign.WithLimiter(free{}), countersign.WithTimeout(10*time.Second))
	require.NoError(w.t, err)
	return a
}

type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

// restart makes flow and engine anew, as a program does that was ended.
func (w *world) restart(more ...ledgersync.Account) {
	w.t.Helper()
	var err error
	w.flow, err = ledgersync.New(w.cfg, ledgersync.Deps{Store: w.store, Ledger: w.ledger, Accounts: append(more, w.account)})
	require.NoError(w.t, err)
	w.engine = orchestration.NewLocal(w.store, orchestration.WithClock(w.clock.Now))
	w.flow.Register(w.engine)
}

func settings(a ledgersync.Account) ledgersync.Settings {
	return ledgersync.Settings{Settings: contractone.Settings{
		Credential: a.Credential, Share: contractone.Groups("Legal"),
		Responsible: []contractone.Principal{contractone.User("taro@example.com"), contractone.Group("Legal")},
		Mode:        contractone.ModeDirect,
	}}
}

// add adds the link and gives its preview.
func (w *world) add(change ...func(*ledgersync.Settings)) ledgersync.Preview {
	w.t.Helper()
	s := settings(w.account)
	for _, c := range change {
		c(&s)
	}
	link, err := w.flow.AddLink(w.t.Context(), s)
	require.NoError(w.t, err)
	w.link = link.ID
	return w.preview()
}

func (w *world) preview() ledgersync.Preview {
	w.t.Helper()
	p, err := w.flow.Preview(w.t.Context(), w.link)
	require.NoError(w.t, err)
	return p
}

// start adds the link, confirms its preview and runs the first load.
func (w *world) start(change ...func(*ledgersync.Settings)) {
	w.t.Helper()
	require.NoError(w.t, w.flow.Start(w.t.Context(), idOf(w, change), w.preview()))
	w.run()
}

func idOf(w *world, change []func(*ledgersync.Settings)) contractone.ManagementID {
	w.add(change...)
	return w.link
}

func (w *world) run() {
	w.t.Helper()
	require.NoError(w.t, w.engine.RunUntilIdle(w.t.Context()))
}

// nextDay moves the clock past the next daily run, and runs.
func (w *world) nextDay() {
	w.t.Helper()
	w.clock.Advance(24 * time.Hour)
	w.run()
}

// document adds a concluded document with files.
func (w *world) document(d cloudsigntest.Document, files ...string) cloudsigntest.Document {
	w.t.Helper()
	if d.Status == 0 {
		d.Status = cloudsigntest.Concluded
	}
	d.UserID = w.user.ID
	for _, name := range files {
		d.Files = append(d.Files, cloudsigntest.File{Name: name})
	}
	return w.fake.AddDocument(d)
}

// entries are the ledger's entries, by key.
func (w *world) entries() map[contractone.Key]contractone.Entry {
	w.t.Helper()
	out := map[contractone.Key]contractone.Entry{}
	for e, err := range contractone.All(w.t.Context(), w.ledger, contractone.Query{}) {
		require.NoError(w.t, err)
		out[e.Key] = e
	}
	return out
}

func (w *world) entry(d cloudsigntest.Document, file int) contractone.Entry {
	w.t.Helper()
	e, found, err := w.ledger.Lookup(w.t.Context(), contractone.CloudSignKey(d.ID, d.Files[file].ID))
	require.NoError(w.t, err)
	require.True(w.t, found)
	return e
}

func (w *world) summary() ledgersync.Summary {
	w.t.Helper()
	s, err := w.flow.Summary(w.t.Context(), w.link)
	require.NoError(w.t, err)
	return s
}

func (w *world) state() ledgersync.Link {
	w.t.Helper()
	l, err := w.flow.Link(w.t.Context(), w.link)
	require.NoError(w.t, err)
	return l
}
