package salelink_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

// A sale is cancelled at A while nobody knows whether B has it. B does: a person
// has to know.
func TestCancellationDuringDoubtIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Settle = time.Hour
	w.start()
	w.live(func(s *salelink.Settings) { s.Policy.SentStatus = "sent" })
	w.fault(1, countersigntest.LoseAnswer())
	sale := w.sell()
	w.advance(20 * time.Minute)
	require.Equal(t, orchestration.StateSending, w.sale(sale).State)
	w.a.SetStatus(sale, "cancelled", "changed their mind")
	w.advance(2 * time.Hour)
	require.Len(t, w.received(), 1)
	require.Equal(t, salelink.SaleCancelOpen, w.sale(sale).State)
	require.Equal(t, "cancelled", w.a.Sale(sale).Status)
}

// B goes on with a sale that A has cancelled: its status does not undo that.
func TestStatusOfBDoesNotUndoACancellation(t *testing.T) {
	t.Parallel()
	w, a, b := forwarded(t)
	w.a.SetStatus(a, "cancelled", "changed their mind")
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleCancelOpen, w.sale(a).State)
	w.b.SetStatus(b, "verwerkt", "")
	w.advance(40 * time.Minute)
	require.Equal(t, "cancelled", w.a.Sale(a).Status)
	require.Equal(t, "verwerkt", w.sale(a).StatusB, "it is known all the same")

	w.a.SetStatus(a, "new", "they want it after all")
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleForwarded, w.sale(a).State)
	w.b.SetStatus(b, "paid", "")
	w.advance(40 * time.Minute)
	require.Equal(t, "paid", w.a.Sale(a).Status)
}

// parked is a sale whose answer was lost beside an identical one of B.
func parked(t *testing.T, change ...func(*salelink.Settings)) (*world, salelink.Sale) {
	t.Helper()
	w := newWorld(t)
	w.live(change...)
	w.fault(1, countersigntest.LoseAnswer())
	sale := w.sell()
	w.clock.Advance(15 * time.Minute)
	w.run()
	w.copyAtB(nil)
	w.advance(time.Hour)
	got := w.sale(sale)
	require.Equal(t, orchestration.StateUncertain, got.State)
	return w, got
}

// What a person adopts is treated as what the flow finds itself.
func TestAdoptedSaleIsMarkedAtA(t *testing.T) {
	t.Parallel()
	w, sale := parked(t, func(s *salelink.Settings) { s.Policy.SentStatus, s.Policy.ReferenceField = "sent", "partner-id" })
	require.ErrorIs(t, w.flow.Adopt(t.Context(), "anna", sale.A, "424242"), countersign.ErrNotFound, "B has no such sale")
	require.NoError(t, w.flow.Adopt(t.Context(), "anna", sale.A, sale.Matches[0]))
	w.advance(5 * time.Minute)
	n, err := strconv.Atoi(string(sale.A))
	require.NoError(t, err)
	at := w.a.Sale(n)
	require.Equal(t, "sent", at.Status)
	require.Equal(t, string(sale.Matches[0]), at.Fields["partner-id"])
}

// A person has said which sales of B are not this one: they are no doubt again.
func TestWhatAPersonRuledOutIsNoDoubtAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Skew = 6 * time.Hour
	w.start()
	w.live()
	other := w.sell()
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleForwarded, w.sale(other).State)
	w.fault(1, countersigntest.Status(http.StatusBadGateway))
	sale := w.sell()
	w.advance(10 * time.Minute)
	w.copyAtB(map[string]any{"email": w.a.Sale(sale).Body["email"], "external_reference": ""})
	w.advance(time.Hour)
	require.Equal(t, orchestration.StateUncertain, w.sale(sale).State)
	w.fault(1, countersigntest.Status(http.StatusBadGateway))
	require.NoError(t, w.flow.SendAgain(t.Context(), "anna", w.sale(sale).A))
	w.advance(time.Hour)
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
	require.Len(t, w.received(), 2)
}

// Settings hold from the moment on that they are set, in the middle of a batch too.
func TestSettingsHoldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := 0
	w.deps.OptIn = func(ctx context.Context, _ salesdock.SaleID) (*salesdock.OptIn, error) {
		if asked++; asked > 1 {
			return nil, nil
		}
		s := w.settings()
		s.Policy.OptIn, s.Policy.Sales.Trigger = true, salelink.Manual
		return nil, w.flow.Configure(ctx, s)
	}
	w.start()
	w.live(func(s *salelink.Settings) { s.Policy.OptIn = true })
	first, second := w.sell(), w.sell()
	w.advance(time.Hour)
	require.ElementsMatch(t, []string{salelink.SaleForwarded, salelink.SaleWaiting}, []string{w.sale(first).State, w.sale(second).State})
	require.Len(t, w.received(), 1)
}

// The dialer's errors are not B's: they pause no product and stop no link.
func TestErrorsOfTheDialerAreItsOwn(t *testing.T) {
	t.Parallel()
	for _, cause := range []*countersign.Error{
		{Provider: "dialer", Kind: countersign.ErrInvalid, StatusCode: http.StatusBadRequest}, {Provider: "dialer", Kind: countersign.ErrForbidden, StatusCode: http.StatusForbidden},
	} {
		w := newWorld(t)
		w.deps.OptIn = func(context.Context, salesdock.SaleID) (*salesdock.OptIn, error) { return nil, cause }
		w.start()
		w.live(func(s *salelink.Settings) { s.Policy.OptIn = true })
		sale := w.sell()
		w.advance(20 * time.Minute)
		require.NotEqual(t, salelink.SaleForwarded, w.sale(sale).State)
		link, err := w.flow.Link(t.Context())
		require.NoError(t, err)
		require.Equal(t, salelink.StateLive, link.State, link.Reason)
		second := w.sell()
		w.advance(20 * time.Minute)
		require.NotEqual(t, salelink.SaleRefused, w.sale(second).State, "the product is not paused")
	}
}

// quoting is an environment that quotes the customer in what it refuses.
type quoting struct{ http.RoundTripper }

func (q quoting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/sales/flow/") {
		return q.RoundTripper.RoundTrip(r)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	body := `{"success":false,"code":400,"message":"klant0@example.com is geweigerd","errors":{"questionData.meter-b":["Jansen0 op 1234AB koos slim, JANSEN0"]}}`
	return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader([]byte(body))), Request: r}, nil
}

// B quotes the customer in what it refuses: neither the store nor the log does.
func TestRefusalsQuoteNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.http = &http.Client{Transport: quoting{w.http.Transport}}
	w.deps.B = w.client("beta", w.agent, salesdock.ScopeUser)
	var log bytes.Buffer
	w.cfg.Logger = textLogger(&log)
	w.start()
	w.live()
	sale := w.sell()
	w.advance(20 * time.Minute)
	got := w.sale(sale)
	require.Equal(t, orchestration.StateDead, got.State)
	require.Equal(t, "Meter", got.Faults[0].Name)
	require.Contains(t, got.Faults[0].Reason, "koos")
	require.Contains(t, got.LastError, "is geweigerd")
	kept := log.String()
	for _, table := range salelink.Tables("") {
		for rec, err := range orchestration.Records(t.Context(), w.store, orchestration.Query{Table: table}) {
			require.NoError(t, err)
			kept += string(rec.Body) + rec.LastError
		}
	}
	for _, said := range []string{"jansen0", "klant0", "1234ab"} {
		require.NotContains(t, strings.ToLower(kept), said)
	}
}

// A refused update of A is about a sale too.
func TestForgetTakesWhatASaidOfTheSale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.SentStatus = "sent" })
	w.srv.Faults().Add(countersigntest.Rule{Operation: "POST /sales/updatestatus/{id}", Fault: countersigntest.Status(http.StatusBadRequest)})
	sale := w.sell()
	w.advance(20 * time.Minute)
	lastError := func() (out string) {
		for rec, err := range orchestration.Records(t.Context(), w.store, orchestration.Query{Table: "salelink.update"}) {
			require.NoError(t, err)
			out += rec.LastError
		}
		return out
	}
	require.NotEmpty(t, lastError())
	require.NoError(t, w.flow.Forget(t.Context(), w.sale(sale).A))
	require.Empty(t, lastError())
}

// The sale is marked as processed although B's first status came before that.
func TestMarkAsProcessedIsNotOvertaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.SentStatus = "sent" })
	w.srv.Faults().Add(countersigntest.Rule{Operation: "POST /sales/updatestatus/{id}", Fault: countersigntest.Status(http.StatusBadGateway)})
	sale := w.sell()
	w.advance(15 * time.Minute)
	w.clock.Advance(time.Minute)
	w.b.SetStatus(w.received()[0].ID, "verwerkt", "")
	w.advance(30 * time.Minute)
	w.srv.Faults().Clear()
	w.advance(30 * time.Minute)
	require.Equal(t, "klaar", w.a.Sale(sale).Status)
	require.False(t, w.a.Sale(sale).Processed.IsZero())
}

// A sale of a product that has vanished is no secret: it is refused, and goes when
// B offers the product again.
func TestSaleOfAVanishedProductIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.Vanished, s.Policy.Breaker = salelink.VanishedDeactivate, 50 })
	w.b.Revoke(w.org, w.gas)
	w.advance(time.Hour)
	require.True(t, w.productA(w.gas).Inactive)
	sale := w.sell(func(s *salesdocktest.SaleSeed) { s.Product = w.productA(w.gas) })
	w.advance(20 * time.Minute)
	got := w.sale(sale)
	require.Equal(t, salelink.SaleRefused, got.State)
	require.Equal(t, salelink.RuleProduct, got.Refusals[0].Rule)
	w.b.Grant(w.org, w.gas)
	w.advance(time.Hour)
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
}

// In the night when an hour comes twice, a status of its second pass is no older
// one of its first.
func TestStatusesInTheHourThatComesTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.Advance(time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC).Sub(w.clock.Now()))
	w.live()
	sale := w.sell()
	w.advance(20 * time.Minute)
	w.clock.Advance(time.Date(2026, 10, 25, 0, 50, 0, 0, time.UTC).Sub(w.clock.Now()))
	w.b.SetStatus(w.received()[0].ID, "verified", "") // 02:50, summer time
	w.advance(15 * time.Minute)
	require.Equal(t, "verified", w.a.Sale(sale).Status)
	w.clock.Advance(5 * time.Minute)
	w.b.SetStatus(w.received()[0].ID, "verwerkt", "") // 02:10, winter time
	w.advance(20 * time.Minute)
	require.Equal(t, "klaar", w.a.Sale(sale).Status)
}

// Nobody but a person forwards by hand.
func TestForwardNeedsAName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.Sales.Trigger = salelink.Manual })
	sale := w.sell()
	require.ErrorIs(t, w.flow.Forward(t.Context(), "", id[salesdock.SaleID](sale)), countersign.ErrInvalid)
}

// A sale that was marked as processed was dealt with, whoever did it: another
// program, or this one before its store was lost.
func TestProcessedSalesAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.SentStatus = "sent" })
	sale := w.sell()
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
	w.store = orchestration.NewMemory()
	w.deps.Store = w.store
	w.start()
	s := w.settings()
	w.configure(s)
	require.NoError(t, w.flow.GoLive(t.Context()))
	w.clock.Advance(time.Minute)
	w.a.SetStatus(sale, "verified", "")
	refused, ok := errors.AsType[*salelink.RefusedError](w.flow.Forward(t.Context(), "anna", id[salesdock.SaleID](sale)))
	require.True(t, ok)
	require.Equal(t, salelink.RuleHandedOver, refused.Refusals[0].Rule)
	require.Len(t, w.received(), 1)
}

// refusing answers the first new status of A with a 400, after it called a
// function.
type refusing struct {
	http.RoundTripper
	do *atomic.Pointer[func()]
}

func (q refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.URL.Path, "/sales/updatestatus/") {
		return q.RoundTripper.RoundTrip(r)
	}
	do := q.do.Swap(nil)
	if do == nil {
		return q.RoundTripper.RoundTrip(r)
	}
	(*do)()
	body := `{"success":false,"code":400,"message":"Bad request"}`
	return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// A refuses a status while the next one of B comes in: that one is not given up
// with it.
func TestNextStatusOutlivesARefusedOne(t *testing.T) {
	t.Parallel()
	w, a, b := forwarded(t)
	var do atomic.Pointer[func()]
	w.http = &http.Client{Transport: refusing{w.http.Transport, &do}}
	w.deps.A = w.client("alpha", w.a.AdminToken(), salesdock.ScopeAccount)
	w.start()
	var applied salelink.Applied
	do.Store(new(func() {
		w.clock.Advance(time.Minute)
		w.b.SetStatus(b, "verwerkt", "")
		plan, err := w.flow.Plan(t.Context())
		if err == nil {
			applied, _ = w.flow.Apply(t.Context(), plan)
		}
	}))
	w.b.SetStatus(b, "verified", "")
	w.advance(40 * time.Minute)
	require.Equal(t, 1, applied.Due)
	require.Equal(t, "klaar", w.a.Sale(a).Status)
}

// After days without B, what became of a sale is looked up among the sales of its own
// day, not among all that B has got since.
func TestLookupAfterDaysReadsOneDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, salesdocktest.WithPageSize(2))
	w.live(func(s *salelink.Settings) { s.Policy.PullStatuses = false })
	w.fault(1, countersigntest.LoseAnswer())
	sale := w.sell()
	w.clock.Advance(20 * time.Minute)
	w.run()
	require.Equal(t, orchestration.StateSending, w.sale(sale).State)
	for range 40 {
		w.clock.Advance(5 * time.Hour)
		w.copyAtB(map[string]any{"email": "other@example.com", "connection_housenumber": 77, "external_reference": ""})
	}
	w.srv.Log().Reset()
	w.advance(10 * time.Minute)
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
	require.Len(t, w.received(), 1)
	require.LessOrEqual(t, w.requests("GET /sales"), int64(6))
}
