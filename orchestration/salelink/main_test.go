package salelink_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// free lets every call through: tests have no minutes.
type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

// world is two simulated environments with a link between them, all living by one
// clock that the test moves.
type world struct {
	t      *testing.T
	clock  *countersigntest.Clock
	srv    *salesdocktest.Server
	a, b   *salesdocktest.Account
	org    *salesdocktest.Organisation
	agent  string // the Agent's token at B
	adminB string
	power  *salesdocktest.Product // of B
	gas    *salesdocktest.Product
	flowA  *salesdocktest.Flow
	flowB  *salesdocktest.Flow
	meterA *salesdocktest.Question
	meterB *salesdocktest.Question
	termsA *salesdocktest.Agreement
	termsB *salesdocktest.Agreement
	store  orchestration.Store
	http   *http.Client
	flow   *salelink.Flow
	engine *orchestration.Local
	cfg    salelink.Config
	deps   salelink.Deps
}

func newWorld(t *testing.T, opts ...salesdocktest.Option) *world {
	t.Helper()
	w := &world{t: t, clock: countersigntest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), store: orchestration.NewMemory()}
	w.srv = salesdocktest.NewServer(append([]salesdocktest.Option{salesdocktest.WithClock(w.clock), salesdocktest.WithRateLimit(0)}, opts...)...)
	tr := &http.Transport{}
	w.http = &http.Client{Transport: tr}
	t.Cleanup(func() { tr.CloseIdleConnections(); w.srv.Close() })
	w.a, w.b = w.srv.AddAccount("alpha"), w.srv.AddAccount("beta")
	w.prepareB()
	w.prepareA()
	w.cfg = salelink.Config{
		Mode: salesdock.SDKLink, Clock: w.clock.Now, Backoff: func(int) time.Duration { return time.Minute },
		WebhookTokens: []countersign.Secret{countersign.NewSecret("0123456789abcdefghijklmnop")},
	}
	w.deps = salelink.Deps{Store: w.store, A: w.client("alpha", w.a.AdminToken(), salesdock.ScopeAccount), B: w.client("beta", w.agent, salesdock.ScopeUser)}
	w.start()
	return w
}

func (w *world) prepareB() {
	w.power = w.b.AddProduct(salesdocktest.Product{Name: "Stroom", Type: "simple", Documents: []salesdocktest.File{{Name: "terms.pdf", Content: []byte("%PDF terms")}}})
	w.gas = w.b.AddProduct(salesdocktest.Product{Name: "Gas", Type: "simple"})
	w.flowB = w.b.AddFlow(salesdocktest.Flow{Title: "Flow B", Sections: []salesdocktest.Section{{Title: "Main", Products: []*salesdocktest.Product{w.power, w.gas}}}})
	w.meterB = w.b.AddQuestion(salesdocktest.Question{Name: "Type meter", Identifier: "meter-b", InputType: "mc-single", Required: true, Options: []string{"slim", "oud"}})
	w.termsB = w.b.AddAgreement(salesdocktest.Agreement{Name: "Voorwaarden", Required: true})
	w.b.AddStatus(salesdocktest.Status{ID: "verwerkt", Name: "Verwerkt"})
	w.org = w.b.AddOrganisation("Alpha")
	w.b.Grant(w.org, w.power, w.gas)
	w.b.GrantFlow(w.org, w.flowB)
	w.agent = w.b.AddToken(w.b.AddUser(salesdocktest.User{Organisation: w.org, Firstname: salesdock.TechnicalUser("Alpha")}))
	w.adminB = w.b.AdminToken()
}

// offer adds products to B, its flow and the rights of A's organisation.
func (w *world) offer(n int) {
	for range n {
		p := w.b.AddProduct(salesdocktest.Product{Name: "More"})
		w.flowB.Sections[0].Products = append(w.flowB.Sections[0].Products, p)
		w.b.Grant(w.org, p)
	}
}

func (w *world) prepareA() {
	w.flowA = w.a.AddFlow(salesdocktest.Flow{Title: "Flow A"})
	w.meterA = w.a.AddQuestion(salesdocktest.Question{Name: "Meter", Identifier: "meter-a", InputType: "mc-single", Required: true, Options: []string{"Slim", "oud"}})
	w.termsA = w.a.AddAgreement(salesdocktest.Agreement{Name: "Akkoord", Required: true})
	w.a.AddStatus(salesdocktest.Status{ID: "klaar", Name: "Klaar"})
}

func (w *world) client(domain, token string, scope salesdock.Scope) *salesdock.Client {
	w.t.Helper()
	c, err := salesdock.New(salesdock.Config{Domain: domain, Token: countersign.NewSecret(token), Scope: scope},
		countersign.WithBaseURL(w.srv.URL()), countersign.WithLimiter(free{}), countersign.WithHTTPClient(w.http),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
	require.NoError(w.t, err)
	return c
}

// start makes the program anew, as after a restart.
func (w *world) start() {
	w.t.Helper()
	flow, err := salelink.New(w.cfg, w.deps)
	require.NoError(w.t, err)
	w.flow = flow
	w.engine = orchestration.NewLocal(w.store, orchestration.WithClock(w.clock.Now), orchestration.WithBackoff(func(int) time.Duration { return time.Minute }))
	flow.Register(w.engine)
}

func id[T ~string](n int) T { return T(strconv.Itoa(n)) }

// settings are those of a link without faults that forwards by itself.
func (w *world) settings() salelink.Settings {
	return salelink.Settings{
		Mapping: salemap.Mapping{
			Flows:      []salemap.FlowPair{{A: id[salesdock.FlowID](w.flowA.ID), B: id[salesdock.FlowID](w.flowB.ID)}},
			Questions:  []salemap.QuestionPair{{A: id[salesdock.QuestionID](w.meterA.ID), B: id[salesdock.QuestionID](w.meterB.ID), Options: map[string]string{"Slim": "slim"}}},
			Agreements: []salemap.AgreementPair{{A: id[salesdock.AgreementID](w.termsA.ID), B: id[salesdock.AgreementID](w.termsB.ID)}},
			Statuses:   []salemap.StatusPair{{B: "verwerkt", A: "klaar"}},
		},
		Policy: salelink.Policy{ImportAll: true, Sales: salelink.Processing{Trigger: salelink.Automatic}, Mail: salelink.MailByA, PullStatuses: true},
	}
}

func (w *world) run() {
	w.t.Helper()
	require.NoError(w.t, w.engine.RunUntilIdle(w.t.Context()))
}

// advance moves the clock and lets the engine work, step by step.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	for ; d > 0; d -= 5 * time.Minute {
		w.clock.Advance(min(d, 5*time.Minute))
		w.run()
	}
}

// configure sets settings, imports the products and leaves the link a draft.
func (w *world) configure(s salelink.Settings) {
	w.t.Helper()
	require.NoError(w.t, w.flow.Configure(w.t.Context(), s))
	require.NoError(w.t, w.flow.SyncNow(w.t.Context()))
	w.run()
}

// live is a link that works.
func (w *world) live(change ...func(*salelink.Settings)) {
	w.t.Helper()
	s := w.settings()
	for _, c := range change {
		c(&s)
	}
	w.configure(s)
	require.NoError(w.t, w.flow.GoLive(w.t.Context()))
	w.run()
	w.clock.Advance(time.Second)
}

// productA is what a product of B was imported as.
func (w *world) productA(b *salesdocktest.Product) *salesdocktest.Product {
	w.t.Helper()
	for _, p := range w.a.Products() {
		if p.Identifier == fmt.Sprintf("beta-%d", b.ID) {
			return p
		}
	}
	require.Fail(w.t, "the product was not imported")
	return nil
}

// sell makes a sale at A as a seller does.
func (w *world) sell(change ...func(*salesdocktest.SaleSeed)) int {
	w.t.Helper()
	n := len(w.a.Received())
	seed := salesdocktest.SaleSeed{
		Flow: w.flowA, Product: w.productA(w.power),
		Body: map[string]any{
			"email": fmt.Sprintf("klant%d@example.com", n), "connection_housenumber": n + 1, "housenumber": strconv.Itoa(n + 1), "lastname": fmt.Sprintf("Jansen%d", n),
			"questionData": map[string]any{"meter-a": "Slim"}, "agreements": map[string]any{w.termsA.Identifier: "1"},
		},
	}
	for _, c := range change {
		c(&seed)
	}
	return w.a.AddSale(seed)
}

func (w *world) sale(id int) salelink.Sale {
	w.t.Helper()
	s, err := w.flow.Sale(w.t.Context(), salesdock.SaleID(strconv.Itoa(id)))
	require.NoError(w.t, err)
	return s
}

// receivedByAgent are the sales that reached B through the link.
func (w *world) received() []salesdocktest.Sale {
	return slices.DeleteFunc(w.b.Received(), func(s salesdocktest.Sale) bool { return s.ExternalReference == "" })
}

func (w *world) product(p *salesdocktest.Product) salelink.Product {
	w.t.Helper()
	for got, err := range w.flow.Products(w.t.Context()) {
		require.NoError(w.t, err)
		if string(got.B) == strconv.Itoa(p.ID) {
			return got
		}
	}
	require.Fail(w.t, "the product is not known")
	return salelink.Product{}
}

type finding = salemap.Finding

func supplierPair(b, a *salesdocktest.Supplier) salemap.SupplierPair {
	return salemap.SupplierPair{B: id[salesdock.SupplierID](b.ID), A: id[salesdock.SupplierID](a.ID)}
}
