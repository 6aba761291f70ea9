package proof

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/stretchr/testify/require"
)

// Organisation numbers with a right check digit.
const (
	acme  digipost.OrganisationNumber = "984661185"
	other digipost.OrganisationNumber = "910336819"
)

// onStores runs a test of the onboarding on each store. open gives the same store
// each time, as a process finds it that starts anew.
func onStores(t *testing.T, test func(t *testing.T, open func() orchestration.Store)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "state.db")
		test(t, func() orchestration.Store {
			s, err := sqlite.Open(path)
			require.NoError(t, err)
			return s
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dsn := newSchema(t)
		test(t, func() orchestration.Store {
			s, err := postgres.Open(t.Context(), dsn)
			require.NoError(t, err)
			return s
		})
	})
}

// onboarding is a vendor's site in front of a simulated Digipost, which it asks
// with the real client.
type onboarding struct {
	t       *testing.T
	open    func() orchestration.Store
	clock   *countersigntest.Clock
	fake    *digiposttest.Server
	partner digiposttest.Partner
	client  *digipost.Client
	site    *httptest.Server

	store  orchestration.Store
	flow   *senderonboarding.Flow
	engine *orchestration.Local
	mu     sync.Mutex
	told   []string
}

// brokerKey is made once, since that is what takes longest.
var brokerKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newOnboarding(t *testing.T, open func() orchestration.Store) *onboarding {
	t.Helper()
	o := &onboarding{t: t, open: open, clock: countersigntest.NewClock(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC))}
	key, err := brokerKey()
	require.NoError(t, err)
	o.fake = digiposttest.NewServer(digiposttest.WithClock(o.clock))
	t.Cleanup(o.fake.Close)
	o.partner = o.fake.AddPartner(digiposttest.Partner{Key: &key.PublicKey})
	o.client, err = digipost.New(digipost.Config{BrokerID: digipost.BrokerID(o.partner.ID), Auth: digipost.SignatureAuth{Key: key}, Clock: o.clock.Now},
		countersign.WithBaseURL(o.fake.URL()))
	require.NoError(t, err)
	o.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.flow.Handler().ServeHTTP(w, r) }))
	t.Cleanup(o.site.Close)
	o.start()
	t.Cleanup(func() { require.NoError(t, o.store.Close()) })
	o.fake.SetBackendURL(o.partner.ID, o.flow.BackendURL().Reveal())
	return o
}

func (o *onboarding) start() {
	o.t.Helper()
	o.store = o.open()
	var err error
	o.flow, err = senderonboarding.New(senderonboarding.Config{
		BaseURL: o.site.URL + "/digipost", PartnerID: digipost.PartnerID(o.partner.ID), Web: o.fake.URL(), Public: true, Clock: o.clock.Now, OnEvent: o.note,
	}, senderonboarding.Deps{Store: o.store, Senders: o.client.Senders, Messages: o.client.Messages})
	require.NoError(o.t, err)
	o.engine = orchestration.NewLocal(o.store, orchestration.WithClock(o.clock.Now))
	o.flow.Register(o.engine)
}

// restart ends the store and everything on it, and begins anew with what it kept.
func (o *onboarding) restart() {
	o.t.Helper()
	require.NoError(o.t, o.store.Close())
	o.start()
}

func (o *onboarding) note(_ context.Context, e senderonboarding.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, e.Session.Tenant+" "+string(e.Kind))
	return nil
}

func (o *onboarding) run() {
	o.t.Helper()
	require.NoError(o.t, o.engine.RunUntilIdle(o.t.Context()))
}

func (o *onboarding) pass(d, step time.Duration) {
	for ; d > 0; d -= step {
		o.clock.Advance(min(d, step))
		o.run()
	}
}

// session is a session with its secrets, as a browser holds them.
type session struct {
	id           senderonboarding.SessionID
	address      string
	state, nonce countersign.Secret
	claim        countersign.Secret
}

func (o *onboarding) begin(tenant string, org digipost.OrganisationNumber) session {
	o.t.Helper()
	s, err := o.flow.Start(o.t.Context(), senderonboarding.Start{Tenant: tenant, Organisation: org})
	require.NoError(o.t, err)
	u, err := url.Parse(s.Address.Reveal())
	require.NoError(o.t, err)
	back := u.Query().Get("redirect-url")
	return session{
		id: s.Session.ID, address: s.Address.Reveal(), claim: s.Claim,
		state: countersign.NewSecret(back[strings.LastIndexByte(back, '/')+1:]), nonce: countersign.NewSecret(u.Query().Get("nonce")),
	}
}

func (o *onboarding) now(s session) senderonboarding.Session {
	o.t.Helper()
	now, err := o.flow.Session(o.t.Context(), s.id)
	require.NoError(o.t, err)
	return now
}

// click follows Digipost's link back as a browser without scripts does, and gives
// the page that it leads to.
func (o *onboarding) click(s session, org digipost.OrganisationNumber) *http.Response {
	o.t.Helper()
	link, err := o.fake.Register(o.t.Context(), s.address, string(org))
	require.NoError(o.t, err)
	before, _, _ := strings.Cut(link, "#")
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, before+"&relay=1", nil)
	require.NoError(o.t, err)
	res, err := (&http.Client{Jar: jar}).Do(req)
	require.NoError(o.t, err)
	require.NoError(o.t, res.Body.Close())
	return res
}

// Both flows, a lost callback and a session that nothing comes of, with a restart
// after each step.
func TestDigipostFlowsOnStores(t *testing.T) {
	onStores(t, func(t *testing.T, open func() orchestration.Store) {
		o := newOnboarding(t, open)
		full, semi, lost, none := o.begin("full", acme), o.begin("semi", other), o.begin("lost", "923609016"), o.begin("none", "974760673")
		o.run()
		o.restart()
		require.Equal(t, http.StatusOK, o.click(full, acme).StatusCode)
		o.restart()
		o.run()
		require.Equal(t, senderonboarding.StateReady, o.now(full).State, o.now(full).Reason)
		before := o.now(full)
		require.Equal(t, http.StatusOK, o.click(full, acme).StatusCode, "again")
		o.run()
		require.Equal(t, before, o.now(full))

		application, err := o.fake.Apply(semi.address, string(other))
		require.NoError(t, err)
		_, err = o.fake.Register(t.Context(), lost.address, "923609016") // and the tab is closed
		require.NoError(t, err)
		o.pass(3*24*time.Hour, 2*time.Hour)
		require.Equal(t, senderonboarding.StateWaiting, o.now(semi).State)
		require.Equal(t, senderonboarding.StateReady, o.now(lost).State)
		o.restart()
		require.NoError(t, o.fake.Approve(t.Context(), application))
		o.restart()
		o.run()
		require.Equal(t, senderonboarding.StateReady, o.now(semi).State)
		o.pass(12*24*time.Hour, 6*time.Hour)
		require.Equal(t, senderonboarding.StateExpired, o.now(none).State)
		require.ElementsMatch(t, []string{
			"full started", "full returned", "full ready", "semi started", "semi waiting", "semi ready",
			"lost started", "lost ready", "none started", "none waiting", "none expired",
		}, o.told)

		sender, err := o.flow.Sender(t.Context(), "semi")
		require.NoError(t, err)
		require.Equal(t, other, sender.Organisation)
		n, err := o.flow.Purge(t.Context(), o.clock.Now().Add(time.Second))
		require.NoError(t, err)
		require.Equal(t, 4, n)
		require.NoError(t, o.flow.Forget(t.Context(), "semi"))
		_, err = o.flow.Sender(t.Context(), "semi")
		require.ErrorIs(t, err, senderonboarding.ErrNoSender)
		fmt.Printf("proof: digipost store=%s sessions=4 ready=3 expired=1\n", store(t))
	})
}

// A session of the public page, claimed after a sign-in, by one tenant alone.
func TestDigipostClaimOnStores(t *testing.T) {
	onStores(t, func(t *testing.T, open func() orchestration.Store) {
		o := newOnboarding(t, open)
		s := o.begin("", "")
		o.click(s, acme)
		var wg sync.WaitGroup
		var won atomic.Int64
		for i := range 20 {
			wg.Go(func() {
				_, err := o.flow.Claim(t.Context(), s.claim, senderonboarding.Claimant{Tenant: fmt.Sprint("tenant", i), Organisation: acme})
				if err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
		o.run()
		require.Equal(t, senderonboarding.StateReady, o.now(s).State)
	})
}

// A sender-id is one tenant's, also where two sessions end at the same moment.
func TestDigipostOneTenantASenderOnStores(t *testing.T) {
	onStores(t, func(t *testing.T, open func() orchestration.Store) {
		o := newOnboarding(t, open)
		sessions := make([]session, 8)
		for i := range sessions {
			sessions[i] = o.begin(fmt.Sprint("tenant", i), acme)
			o.click(sessions[i], acme)
		}
		o.run()
		ready := 0
		for _, s := range sessions {
			switch now := o.now(s); now.State {
			case senderonboarding.StateReady:
				ready++
			default:
				require.Equal(t, senderonboarding.StateRefused, now.State, now.Reason)
			}
		}
		require.Equal(t, 1, ready)
	})
}

// A sender-id goes from a tenant for whom a person decided to the one who proves it,
// and both read of it.
func TestDigipostProofTakesSenderOnStores(t *testing.T) {
	onStores(t, func(t *testing.T, open func() orchestration.Store) {
		o := newOnboarding(t, open)
		decided, owner := o.begin("decided", ""), o.begin("owner", acme)
		o.click(decided, acme)
		o.run()
		s, err := o.flow.Decide(t.Context(), decided.id, true, "kari", "called them")
		require.NoError(t, err)
		require.Equal(t, senderonboarding.StateReady, s.State)
		o.click(owner, acme)
		o.restart()
		o.run()
		require.Equal(t, senderonboarding.StateReady, o.now(owner).State)
		require.Equal(t, senderonboarding.StateRefused, o.now(decided).State)
		sender, err := o.flow.Sender(t.Context(), "owner")
		require.NoError(t, err)
		require.True(t, sender.Proven)
		_, err = o.flow.Sender(t.Context(), "decided")
		require.ErrorIs(t, err, senderonboarding.ErrNoSender)
		require.ElementsMatch(t, []string{
			"decided started", "decided returned", "decided unproven", "decided ready", "decided refused", "owner started", "owner returned", "owner ready",
		}, o.told)
	})
}

// Of a thousand uses of one nonce at the same moment, clicks and approvals, exactly
// one click counts and one approval.
func TestDigipostOneOfAThousandWinsOnStores(t *testing.T) {
	onStores(t, func(t *testing.T, open func() orchestration.Store) {
		o := newOnboarding(t, open)
		s := o.begin("acme", acme)
		uses := size(100, 1000, 1000)
		var won, failed atomic.Int64
		var wg sync.WaitGroup
		for i := range uses {
			id := digipost.SenderID(1 + i)
			wg.Go(func() {
				first, err := false, error(nil)
				if i%2 == 0 {
					err = o.flow.Approve(t.Context(), digipost.Callback{SenderID: id, Nonce: s.nonce})
				} else {
					_, first, err = o.flow.Return(t.Context(), senderonboarding.Arrival{State: s.state, Nonce: s.nonce, SenderID: id})
				}
				switch {
				case err != nil:
					failed.Add(1)
				case first:
					won.Add(1)
				}
			})
		}
		wg.Wait()
		fmt.Printf("proof: digipost store=%s concurrent=%d won=%d failed=%d\n", store(t), uses, won.Load(), failed.Load())
		require.EqualValues(t, 1, won.Load())
		require.Zero(t, failed.Load(), "the others see the session as it is")
		require.Equal(t, 1, o.now(s).Contradicting, "one click and one approval, each with a sender-id of its own")
		o.run()
		require.Equal(t, []string{"acme started", "acme returned"}, o.told[:2])
	})
}

// store is the name of the store that a test runs on.
func store(t *testing.T) string { return t.Name()[strings.LastIndexByte(t.Name(), '/')+1:] }
