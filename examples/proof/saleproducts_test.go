package proof

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
	"github.com/stretchr/testify/require"
)

// TestSaleLinkProducts compares the first stage of change detection with a full
// look, in one run. A part of the products has documents, whose addresses differ at
// each read.
func TestSaleLinkProducts(t *testing.T) {
	t.Parallel()
	total, documents := size(200, 500, 10_000), 10 // every tenth has one
	changed := total / 100
	w := newCatalogue(t, total, documents)
	clock, srv, a, b, products, flow, engine := w.clock, w.srv, w.a, w.b, w.products, w.flow, w.engine
	ctx := t.Context()
	require.NoError(t, flow.Configure(ctx, salelink.Settings{Policy: salelink.Policy{ImportAll: true}}))
	require.NoError(t, flow.SyncNow(ctx))
	require.NoError(t, engine.RunUntilIdle(ctx))
	require.Len(t, a.Products(), total)
	require.NoError(t, flow.GoLive(ctx))
	require.NoError(t, engine.RunUntilIdle(ctx))
	synced := lastSynced(ctx, t, flow)

	clock.Advance(20 * time.Minute)
	for _, p := range products[:changed] {
		b.ChangeProduct(p, func(p *salesdocktest.Product) { p.Name += ", new" })
	}
	one, oneTime := calls(t, srv, func() { require.NoError(t, engine.RunUntilIdle(ctx)) })
	after := lastSynced(ctx, t, flow)
	moved := 0
	for id, at := range after {
		if at.After(synced[id]) {
			moved++
		}
	}
	require.Equal(t, changed, moved)
	clock.Advance(5 * time.Minute)
	full, fullTime := calls(t, srv, func() {
		require.NoError(t, flow.SyncNow(ctx))
		require.NoError(t, engine.RunUntilIdle(ctx))
	})
	require.Equal(t, after, lastSynced(ctx, t, flow), "document links that rotate are no change")
	t.Logf("proof: salelink products=%d changed=%d synced=%d stage_one: calls=%d seconds=%.2f full: calls=%d seconds=%.2f documents=%d rotating_links_unchanged=true",
		total, changed, moved, one, oneTime.Seconds(), full, fullTime.Seconds(), total/documents)
	require.Less(t, 5*one, full)
}

// catalogue is a link whose B offers many products.
type catalogue struct {
	clock    *countersigntest.Clock
	srv      *salesdocktest.Server
	a, b     *salesdocktest.Account
	products []*salesdocktest.Product
	flow     *salelink.Flow
	engine   *orchestration.Local
}

func newCatalogue(t *testing.T, total, documents int) catalogue {
	t.Helper()
	clock := countersigntest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	srv := salesdocktest.NewServer(salesdocktest.WithClock(clock), salesdocktest.WithRateLimit(0))
	t.Cleanup(srv.Close)
	a, b := srv.AddAccount("alpha"), srv.AddAccount("beta")
	org := b.AddOrganisation("Alpha")
	products := make([]*salesdocktest.Product, total)
	for i := range products {
		p := salesdocktest.Product{Name: fmt.Sprintf("Product %d", i)}
		if i%documents == 0 {
			p.Documents = []salesdocktest.File{{Name: "terms.pdf", Content: []byte("%PDF")}}
		}
		products[i] = b.AddProduct(p)
	}
	b.Grant(org, products...)
	agent := b.AddToken(b.AddUser(salesdocktest.User{Organisation: org}))
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := func(domain, token string, scope salesdock.Scope) *salesdock.Client {
		c, err := salesdock.New(salesdock.Config{Domain: domain, Token: countersign.NewSecret(token), Scope: scope},
			countersign.WithBaseURL(srv.URL()), countersign.WithLimiter(free{}), countersign.WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, err)
		return c
	}
	store := orchestration.NewMemory()
	flow, err := salelink.New(salelink.Config{Mode: salesdock.SDKLink, Clock: clock.Now},
		salelink.Deps{Store: store, A: client("alpha", a.AdminToken(), salesdock.ScopeAccount), B: client("beta", agent, salesdock.ScopeUser)})
	require.NoError(t, err)
	engine := orchestration.NewLocal(store, orchestration.WithClock(clock.Now))
	flow.Register(engine)
	return catalogue{clock, srv, a, b, products, flow, engine}
}

// calls counts what reached the service while f ran.
func calls(t *testing.T, srv *salesdocktest.Server, f func()) (n int64, took time.Duration) {
	t.Helper()
	srv.Log().Reset()
	began := time.Now()
	f()
	took = time.Since(began)
	for _, tally := range srv.Log().Operations() {
		n += tally.Requests
	}
	return n, took
}

func lastSynced(ctx context.Context, t *testing.T, flow *salelink.Flow) map[salesdock.ProductID]time.Time {
	t.Helper()
	out := map[salesdock.ProductID]time.Time{}
	for p, err := range flow.Products(ctx) {
		require.NoError(t, err)
		out[p.B] = p.LastSynced
	}
	return out
}
