package salelink_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

func TestPlanWritesNothingAndApplyDoesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.flow.Configure(t.Context(), w.settings()))
	plan, err := w.flow.Plan(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{"product create": 2}, plan.Counts())
	w.run()
	require.Empty(t, w.a.Products())

	done, err := w.flow.Apply(t.Context(), plan)
	require.NoError(t, err)
	require.Equal(t, salelink.Applied{Due: 2}, done)
	w.run()
	require.Len(t, w.a.Products(), 2)
	done, err = w.flow.Apply(t.Context(), plan)
	require.NoError(t, err)
	require.Equal(t, salelink.Applied{Stale: 2}, done, "an old plan does no harm")
	_, err = w.flow.Apply(t.Context(), salelink.Plan{A: "x", B: "y"})
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestPlanShowsSalesAndStatuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	first := w.sell()
	w.advance(20 * time.Minute)
	w.clock.Advance(time.Minute)
	w.b.SetStatus(w.received()[0].ID, "verwerkt", "")
	w.sell()
	w.sell(func(s *salesdocktest.SaleSeed) { s.Body["agreements"] = map[string]any{} })
	w.b.ChangeProduct(w.gas, func(p *salesdocktest.Product) { p.Name = "Gas plus" })
	plan, err := w.flow.Plan(t.Context())
	require.NoError(t, err)
	counts := plan.Counts()
	for what, n := range map[string]int{"sale forward": 1, "sale refuse": 1, "status set": 1, "product read": 1, "product unchanged": 1} {
		require.Equal(t, n, counts[what], "%s in %v", what, counts)
	}
	require.Contains(t, plan.String(), "to klaar")
	require.Len(t, w.received(), 1)
	again, err := w.flow.Plan(t.Context())
	require.NoError(t, err)
	require.Empty(t, plan.Diff(again))
	data, err := json.Marshal(plan)
	require.NoError(t, err)
	var kept salelink.Plan
	require.NoError(t, json.Unmarshal(data, &kept))
	require.Equal(t, plan, kept)

	done, err := w.flow.Apply(t.Context(), kept)
	require.NoError(t, err)
	require.Equal(t, 3, done.Due)
	w.run()
	require.Len(t, w.received(), 2)
	require.Equal(t, "klaar", w.a.Sale(first).Status)
	require.Equal(t, "Gas plus", w.productA(w.gas).Name)
	later, err := w.flow.Plan(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, plan.Diff(later))
}

func TestNativeLinkIsWatchedAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	native := func() {
		w.cfg.Mode = salesdock.NativeLink
		w.start()
	}
	mine := w.a.AddProduct(salesdocktest.Product{Name: "Eigen"})
	native()
	s := w.settings()
	require.NoError(t, w.flow.Configure(t.Context(), s))
	found, err := w.flow.Check(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, salemap.CodeUnmapped, found[0].Code, "nobody said what the integration imported")
	s.Mapping.Products = []salemap.ProductPair{{A: id[salesdock.ProductID](mine.ID), B: id[salesdock.ProductID](w.power.ID)}}
	require.NoError(t, w.flow.Configure(t.Context(), s))
	found, err = w.flow.Check(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
	s.Mapping.Questions = nil
	require.NoError(t, w.flow.Configure(t.Context(), s))
	found, err = w.flow.Check(t.Context())
	require.NoError(t, err)
	require.True(t, salemap.HasErrors(found), "B requires an answer for what the integration imported")
	s.Mapping = w.settings().Mapping
	require.NoError(t, w.flow.Configure(t.Context(), s))
	require.NoError(t, w.flow.GoLive(t.Context()))
	w.clock.Advance(time.Second)
	seed := salesdocktest.SaleSeed{Flow: w.flowA, Product: mine}
	by, other, trouble := w.a.AddSale(seed), w.a.AddSale(seed), w.a.AddSale(seed)
	w.a.MarkHandedOver(by, "228840")
	w.a.MarkHandedOver(trouble, "228841")
	w.a.SetStatus(trouble, "error", "")
	w.srv.Log().Reset()
	w.advance(time.Hour)
	require.Equal(t, salelink.SaleNative, w.sale(by).State)
	require.Equal(t, salesdock.SaleID("228840"), w.sale(by).B)
	require.Equal(t, salelink.SaleAttention, w.sale(trouble).State)
	_, err = w.flow.Sale(t.Context(), id[salesdock.SaleID](other))
	require.ErrorIs(t, err, countersign.ErrNotFound)
	for e := range w.srv.Log().Entries() {
		require.Equal(t, http.MethodGet, e.Method)
	}
	require.Error(t, w.flow.Forward(t.Context(), "anna", id[salesdock.SaleID](other)))

	// The same link in the other mode is refused.
	w.cfg.Mode = salesdock.SDKLink
	w.start()
	require.ErrorIs(t, w.flow.Configure(t.Context(), s), salelink.ErrOtherMode)
	require.ErrorIs(t, w.flow.GoLive(t.Context()), salelink.ErrOtherMode)
}

func TestWebhooksAreGuardedHints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	h, err := w.flow.Handler()
	require.NoError(t, err)
	post := func(target string) int {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, nil))
		return rec.Code
	}
	require.GreaterOrEqual(t, post("https://hooks.example/product.updated/guessed"), 400)
	w.sell()
	w.srv.Log().Reset()
	w.run()
	require.Zero(t, w.srv.Log().Tally("GET /sales").Requests)
	target, err := salesdock.WebhookURL("https://hooks.example", salesdock.EventOfferAccepted, w.cfg.WebhookTokens[0])
	require.NoError(t, err)
	require.Equal(t, 2, post(target.Reveal())/100)
	w.run()
	require.Len(t, w.received(), 1, "the hint woke the link, which looked for itself")
}

func TestTwoLinksOnOneStoreDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.sell()
	w.advance(20 * time.Minute)
	cfg := w.cfg
	cfg.Name = "second"
	second, err := salelink.New(cfg, w.deps)
	require.NoError(t, err)
	_, err = second.Link(t.Context())
	require.ErrorIs(t, err, salelink.ErrNotConfigured)
	for range second.Sales(t.Context()) {
		require.Fail(t, "it sees a sale of the other link")
	}
	stats, err := w.flow.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(1), stats.States[salelink.SaleForwarded])
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*salelink.Config, *salelink.Deps){
		"no mode":         func(c *salelink.Config, _ *salelink.Deps) { c.Mode = "" },
		"name":            func(c *salelink.Config, _ *salelink.Deps) { c.Name = "Not A Name" },
		"full every week": func(c *salelink.Config, _ *salelink.Deps) { c.FullEvery = 7 * 24 * time.Hour },
		"negative":        func(c *salelink.Config, _ *salelink.Deps) { c.Every = -1 },
		"no store":        func(_ *salelink.Config, d *salelink.Deps) { d.Store = nil },
		"no B":            func(_ *salelink.Config, d *salelink.Deps) { d.B = nil },
		"A as an agent":   func(_ *salelink.Config, d *salelink.Deps) { d.A = d.A.In(salesdock.ScopeUser) },
		"B as an admin":   func(_ *salelink.Config, d *salelink.Deps) { d.B = d.B.In(salesdock.ScopeAccount) },
	} {
		cfg, deps := w.cfg, w.deps
		change(&cfg, &deps)
		_, err := salelink.New(cfg, deps)
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
	}
	_, b := w.flow.TestConnections(t.Context())
	require.True(t, b.OK)
}

func TestDescribePrintsWhatBAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, err := w.flow.Describe(t.Context(), id[salesdock.QuestionID](w.meterB.ID))
	require.NoError(t, err)
	require.Equal(t, "Type meter (meter-b)\n  type        mc-single\n  required    yes\n  shown       yes\n  options     slim\n              oud\n", text)
}
