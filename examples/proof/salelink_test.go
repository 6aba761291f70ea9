package proof

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
	"github.com/stretchr/testify/require"
)

// saleJob says what a program of the sale link works on.
type saleJob struct {
	TokenA, TokenB string
	Sales          int // that are to be settled when it drains
	Settings       salelink.Settings
}

// saleProgram is a user's program: clients, flow, local engine, SQLite.
type saleProgram struct {
	store  interface{ Close() error }
	flow   *salelink.Flow
	engine *orchestration.Local
}

// openSaleLink starts the program on its folder, as after any restart. Its waits
// are short, because the proofs have no hours.
func openSaleLink(j job) (*saleProgram, error) {
	store, err := sqlite.Open(j.Dir + "/link.db")
	if err != nil {
		return nil, err
	}
	p := &saleProgram{store: store}
	client := func(domain, token string, scope salesdock.Scope) *salesdock.Client {
		c, clientErr := salesdock.New(salesdock.Config{Domain: domain, Token: countersign.NewSecret(token), Scope: scope},
			countersign.WithBaseURL(j.URL), countersign.WithLimiter(free{}),
			countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond}))
		err = errors.Join(err, clientErr)
		return c
	}
	a, b := client("alpha", j.Sale.TokenA, salesdock.ScopeAccount), client("beta", j.Sale.TokenB, salesdock.ScopeUser)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	soon := func(int) time.Duration { return 20 * time.Millisecond }
	p.flow, err = salelink.New(salelink.Config{
		Mode: salesdock.SDKLink, Every: 2 * time.Second, Settle: 500 * time.Millisecond, Backoff: soon, Attempts: 1000,
	}, salelink.Deps{Store: store, A: a, B: b})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	p.engine = orchestration.NewLocal(store, orchestration.WithBackoff(soon), orchestration.WithSweep(time.Second))
	p.flow.Register(p.engine)
	return p, nil
}

// workSaleLink runs the engine until it is killed.
func workSaleLink(ctx context.Context, j job) error {
	p, err := openSaleLink(j)
	if err != nil {
		return err
	}
	return errors.Join(p.engine.Run(ctx), errors.New("the engine ended by itself"))
}

// drainSaleLink runs it until each sale is forwarded or parked.
func drainSaleLink(ctx context.Context, j job) error {
	p, err := openSaleLink(j)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	work, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.engine.Run(work) }()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		stats, err := p.flow.Stats(ctx)
		if err != nil {
			return err
		}
		if stats.States[salelink.SaleForwarded]+stats.States[orchestration.StateUncertain] == int64(j.Sale.Sales) {
			stop()
			return errors.Join(<-ended, p.store.Close())
		}
		select {
		case err := <-ended:
			return errors.Join(err, fmt.Errorf("the engine ended with %v", stats.States))
		case <-ticker.C:
		}
	}
}

// saleWorld is two simulated environments behind a gate.
type saleWorld struct {
	t      *testing.T
	srv    *salesdocktest.Server
	a, b   *salesdocktest.Account
	flowA  *salesdocktest.Flow
	gate   *gate
	job    job
	random *rand.Rand
	sales  []int        // of A
	twins  map[int]bool // sales that have an identical one
	byHand map[int]bool // sales that somebody at B enters once more while the answer is lost
}

func newSaleWorld(t *testing.T, seed uint64, opts ...salesdocktest.Option) *saleWorld {
	t.Helper()
	w := &saleWorld{
		t: t, twins: map[int]bool{}, byHand: map[int]bool{}, random: rand.New(rand.NewPCG(seed, 7)),
		srv: salesdocktest.NewServer(append([]salesdocktest.Option{salesdocktest.WithSeed(seed), salesdocktest.WithRateLimit(0), salesdocktest.WithPageSize(500)}, opts...)...),
	}
	t.Cleanup(w.srv.Close)
	w.a, w.b = w.srv.AddAccount("alpha"), w.srv.AddAccount("beta")
	product := w.b.AddProduct(salesdocktest.Product{Name: "Stroom"})
	flowB := w.b.AddFlow(salesdocktest.Flow{Title: "B", Sections: []salesdocktest.Section{{Title: "Main", Products: []*salesdocktest.Product{product}}}})
	org := w.b.AddOrganisation("Alpha")
	w.b.Grant(org, product)
	w.b.GrantFlow(org, flowB)
	w.flowA = w.a.AddFlow(salesdocktest.Flow{Title: "A"})
	w.gate = newGate(t, w.srv.URL())
	w.job = job{URL: w.gate.url, Dir: t.TempDir(), Sale: &saleJob{
		TokenA: w.a.AdminToken(), TokenB: w.b.AddToken(w.b.AddUser(salesdocktest.User{Organisation: org})),
		Settings: salelink.Settings{
			Mapping: salemap.Mapping{Flows: []salemap.FlowPair{{A: salesdock.FlowID(strconv.Itoa(w.flowA.ID)), B: salesdock.FlowID(strconv.Itoa(flowB.ID))}}},
			Policy:  salelink.Policy{ImportAll: true, Sales: salelink.Processing{Trigger: salelink.Automatic}, Mail: salelink.MailByA, SentStatus: "sent"},
		},
	}}
	return w
}

// begin sets the link up, as a person does once.
func (w *saleWorld) begin() {
	w.t.Helper()
	p, err := openSaleLink(w.job)
	require.NoError(w.t, err)
	require.NoError(w.t, p.flow.Configure(w.t.Context(), w.job.Sale.Settings))
	require.NoError(w.t, p.flow.SyncNow(w.t.Context()))
	require.NoError(w.t, p.engine.RunUntilIdle(w.t.Context()))
	require.NoError(w.t, p.flow.GoLive(w.t.Context()))
	require.NoError(w.t, p.store.Close())
}

// sell makes n sales at A. Every tenth is the same as the one before it.
func (w *saleWorld) sell(n int) {
	product := w.a.Products()[0]
	for i := range n {
		customer := i
		if i%10 == 9 {
			customer--
		}
		id := w.a.AddSale(salesdocktest.SaleSeed{Flow: w.flowA, Product: product, Body: map[string]any{
			"email": fmt.Sprintf("klant%d@example.com", customer), "lastname": fmt.Sprintf("Jansen%d", customer), "connection_housenumber": customer + 1,
		}})
		w.sales = append(w.sales, id)
		if i%10 >= 8 {
			w.twins[id] = true
		}
	}
}

// enterByHand chooses sales whose answer is lost while somebody at B enters the
// same order.
func (w *saleWorld) enterByHand(n int) {
	for _, i := range w.random.Perm(len(w.sales)) {
		if id := w.sales[i]; !w.twins[id] && len(w.byHand) < n {
			w.byHand[id] = true
		}
	}
	w.gate.after = func(reference string) bool {
		at := slices.IndexFunc(w.sales, func(id int) bool { return "alpha:"+strconv.Itoa(id) == reference })
		if at < 0 || !w.byHand[w.sales[at]] {
			return false
		}
		for _, s := range w.b.Received() {
			if s.ExternalReference == reference {
				body := maps.Clone(s.Body)
				delete(body, "external_reference")
				w.b.AddSale(salesdocktest.SaleSeed{Flow: s.Flow, Product: s.Product, User: s.User, Body: body})
				return true
			}
		}
		return false
	}
}

// TestSaleLinkCrash forwards sales while the service fails in every way that it
// can and the program is killed again and again; the service's own log judges.
func TestSaleLinkCrash(t *testing.T) {
	t.Parallel()
	seed, began := rand.Uint64(), time.Now()
	w := newSaleWorld(t, seed)
	t.Logf("salelink: seed %d", seed)
	w.begin()
	w.sell(size(40, 100, 1000))
	w.enterByHand(size(2, 3, 10))
	w.job.Sale.Sales = len(w.sales)
	w.srv.Faults().Add(
		countersigntest.Rule{Probability: 0.1, Fault: countersigntest.Latency(2 * time.Millisecond)},
		countersigntest.Rule{Probability: 0.08, Fault: countersigntest.LoseAnswer()},
		countersigntest.Rule{Probability: 0.04, Fault: countersigntest.Status(http.StatusServiceUnavailable)},
		countersigntest.Rule{Probability: 0.03, Fault: countersigntest.Status(http.StatusBadGateway)},
		countersigntest.Rule{Probability: 0.03, Fault: countersigntest.TooManyRequests(time.Second)},
		countersigntest.Rule{Probability: 0.02, Fault: countersigntest.CutBody(20)},
	)
	kills := size(2, 8, 50)
	for i := range kills {
		w.killed(i)
	}
	startChild(t, w.job, modeDrainSales).done(t)
	w.judge(kills, began)
}

// killed runs the program and kills it at a chosen moment of one of its next new
// sales; now and then at a random moment of its start.
func (w *saleWorld) killed(i int) {
	w.t.Helper()
	sprung := make(chan struct{})
	c := startChild(w.t, w.job, modeWorkSales)
	w.gate.trap(1+w.random.IntN(6), saleMoments[i%len(saleMoments)], func() {
		c.kill()
		close(sprung)
	})
	select {
	case <-sprung:
	case <-time.After(30 * time.Second):
		c.kill()
	}
	c.killed(w.t)
	w.gate.idle() // what it had sent has arrived, or never will
}

// judge compares what B got with what A sold.
func (w *saleWorld) judge(kills int, began time.Time) {
	w.t.Helper()
	p, err := openSaleLink(w.job)
	require.NoError(w.t, err)
	defer p.store.Close()
	at := map[string]int{} // B's sale by reference
	duplicates, lost, swapped := 0, 0, 0
	for _, s := range w.b.Received() {
		if s.ExternalReference == "" {
			continue
		}
		if _, twice := at[s.ExternalReference]; twice {
			duplicates++
		}
		at[s.ExternalReference] = s.ID
	}
	forwarded, parked := 0, map[int]bool{}
	for _, id := range w.sales {
		s, err := p.flow.Sale(w.t.Context(), salesdock.SaleID(strconv.Itoa(id)))
		require.NoError(w.t, err)
		there, arrived := at["alpha:"+strconv.Itoa(id)]
		switch {
		case !arrived:
			lost++
		case s.State == orchestration.StateUncertain:
			parked[id] = true
		case string(s.B) != strconv.Itoa(there):
			swapped++
		default:
			forwarded++
		}
	}
	injected := w.srv.Faults().Injected()
	w.t.Logf("proof: salelink crash kills=%d lost_answers=%d status=%d cut_bodies=%d twins=%d entered_by_hand=%d sales=%d forwarded=%d parked=%d duplicates=%d lost=%d swapped=%d seconds=%.0f",
		kills, injected["lost answer"], injected["status"], injected["cut body"], len(w.twins), len(w.byHand),
		len(w.sales), forwarded, len(parked), duplicates, lost, swapped, time.Since(began).Seconds())
	require.Zero(w.t, duplicates+lost+swapped)
	require.Equal(w.t, w.byHand, parked, "parked are those alone that nobody can tell apart")
	require.Equal(w.t, len(w.sales), forwarded+len(parked))
}
