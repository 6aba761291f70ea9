package salelink_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

func textLogger(w *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Writer(w), nil))
}

// Salesdock's own integration imports the products of its link: a plan has none,
// and one that was made elsewhere does nothing.
func TestPlanOfANativeLinkWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.flow.Configure(t.Context(), w.settings()))
	imports, err := w.flow.Plan(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, imports.Counts()["product create"])

	w.store = orchestration.NewMemory()
	w.deps.Store, w.cfg.Mode = w.store, salesdock.NativeLink
	w.start()
	require.NoError(t, w.flow.Configure(t.Context(), w.settings()))
	plan, err := w.flow.Plan(t.Context())
	require.NoError(t, err)
	require.Empty(t, plan.Actions)
	done, err := w.flow.Apply(t.Context(), imports)
	require.NoError(t, err)
	require.Equal(t, salelink.Applied{Stale: 2}, done)
	w.advance(time.Hour)
	require.Empty(t, w.a.Products())
}

// A is there but its tariffs were refused, and a person takes the product up
// again: it is not made a second time.
func TestProductThatWasGivenUpIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fixed := w.b.AddProduct(salesdocktest.Product{Name: "Vast", Type: "energy_e", Custom: map[string]string{"product_type": "fixed", "tariff_single": "0.25"}})
	w.b.Grant(w.org, fixed)
	w.srv.Faults().Add(countersigntest.Rule{Operation: "PUT /products/{id}/energy", Fault: countersigntest.Status(http.StatusBadRequest)})
	w.configure(w.settings())
	require.Equal(t, orchestration.StateDead, w.product(fixed).State)
	w.srv.Faults().Clear()
	n, err := w.flow.DeadProducts().RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	w.advance(10 * time.Minute)
	require.Len(t, w.a.Products(), 3)
	require.Equal(t, salelink.ProductSynced, w.product(fixed).State)
	require.Equal(t, "0.25", w.productA(fixed).Custom["tariff_single"])
}

// The list shows a change, and the look that it calls for fails: the next look
// makes up for it.
func TestChangeWhoseLookFailedIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.b.ChangeProduct(w.power, func(p *salesdocktest.Product) { p.Name = "Groene stroom" })
	w.srv.Faults().Add(countersigntest.Rule{Operation: "GET /products/{id}", Fault: countersigntest.Status(http.StatusNotFound), Next: 1})
	w.advance(40 * time.Minute)
	require.Equal(t, "Groene stroom", w.productA(w.power).Name)
}

// after calls a function once, after a document was read.
type after struct {
	http.RoundTripper
	do *atomic.Pointer[func()]
}

func (a after) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := a.RoundTripper.RoundTrip(r)
	if !strings.Contains(r.URL.Path, "/documents/") {
		return res, err
	}
	if do := a.do.Swap(nil); do != nil {
		(*do)()
	}
	return res, err
}

// B says that a product changed just after it was looked at: it is looked at once
// more.
func TestChangeDuringALookIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	var change atomic.Pointer[func()]
	client := &http.Client{Transport: after{w.http.Transport, &change}}
	w.http = client
	w.deps.B = w.client("beta", w.agent, salesdock.ScopeUser)
	w.start()
	h, err := w.flow.Handler()
	require.NoError(t, err)
	target, err := salesdock.WebhookURL("https://hooks.example/x", salesdock.EventProductUpdated, w.cfg.WebhookTokens[0])
	require.NoError(t, err)
	code := 0
	change.Store(new(func() {
		w.clock.Advance(time.Second)
		w.b.ChangeProduct(w.power, func(p *salesdocktest.Product) { p.Documents[0].Content = []byte("%PDF new terms") })
		rec := httptest.NewRecorder()
		body := strings.NewReader(`{"id":` + strconv.Itoa(w.power.ID) + `}`)
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodPost, target.Reveal(), body))
		code = rec.Code
	}))
	w.clock.Advance(25 * time.Hour) // the daily full look is due
	w.run()
	require.Equal(t, 2, code/100)
	w.advance(30 * time.Minute)
	require.Equal(t, []byte("%PDF new terms"), w.productA(w.power).Documents[0].Content)
}

// counted counts the rows that are read of a table.
type counted struct {
	orchestration.Store
	table string
	rows  *atomic.Int64
}

func (c counted) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	return c.Store.Tx(ctx, func(tx orchestration.Tx) error { return fn(countedTx{tx, c}) })
}

type countedTx struct {
	orchestration.Tx
	of counted
}

func (c countedTx) List(ctx context.Context, q orchestration.Query) ([]orchestration.Record, error) {
	recs, err := c.Tx.List(ctx, q)
	if q.Table == c.of.table {
		c.of.rows.Add(int64(len(recs)))
	}
	return recs, err
}

// Forwarding reads the products of the sale, not all that were imported.
func TestForwardingReadsFewProducts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.offer(60)
	var rows atomic.Int64
	w.deps.Store = counted{w.store, "salelink.product", &rows}
	w.start()
	w.live(func(s *salelink.Settings) { s.Policy.Sales.Trigger = salelink.Manual })
	sale := w.sell()
	rows.Store(0)
	require.NoError(t, w.flow.Forward(t.Context(), "anna", id[salesdock.SaleID](sale)))
	w.run()
	require.Len(t, w.received(), 1)
	require.Less(t, rows.Load(), int64(20))
}
