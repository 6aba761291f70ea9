package salelink_test

import (
	"maps"
	"net/http"
	"slices"
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

// fault has the next n new sales fail.
func (w *world) fault(n int, f countersigntest.Fault) {
	w.srv.Faults().Add(countersigntest.Rule{Operation: salesdocktest.OpCreateSale, Fault: f, Next: n})
}

func TestLostAnswerIsAdopted(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]salesdocktest.Option{nil, {salesdocktest.WithReferenceAsIncomingID()}} {
		w := newWorld(t, opts...)
		w.live()
		w.fault(1, countersigntest.LoseAnswer())
		sale := w.sell()
		w.advance(40 * time.Minute)
		require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
		require.Len(t, w.received(), 1)
		require.Equal(t, id[salesdock.SaleID](w.received()[0].ID), w.sale(sale).B)
	}
}

func TestSaleThatDidNotArriveIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]countersigntest.Fault{
		"gateway":  countersigntest.Status(http.StatusBadGateway),
		"limit":    countersigntest.TooManyRequests(time.Second),
		"internal": countersigntest.Status(http.StatusInternalServerError),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.live()
			w.fault(2, f)
			sale := w.sell()
			w.advance(40 * time.Minute)
			require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
			require.Len(t, w.received(), 1)
		})
	}
}

// The answer is lost and somebody at B enters the same order by hand: nobody can
// tell the two apart, and nothing is sent again.
func TestSeveralMatchesWaitForAPerson(t *testing.T) {
	t.Parallel()
	type end struct {
		do    func(*world, salesdock.SaleID, []salesdock.SaleID) error
		state string
		sales int
	}
	for name, tc := range map[string]end{
		"adopt": {func(w *world, a salesdock.SaleID, m []salesdock.SaleID) error {
			return w.flow.Adopt(w.t.Context(), "anna", a, m[0])
		}, salelink.SaleForwarded, 2},
		"send again": {func(w *world, a salesdock.SaleID, _ []salesdock.SaleID) error {
			return w.flow.SendAgain(w.t.Context(), "anna", a)
		}, salelink.SaleForwarded, 3},
		"resolve": {func(w *world, a salesdock.SaleID, _ []salesdock.SaleID) error {
			return w.flow.Resolve(w.t.Context(), "anna", a, "dealt with at B")
		}, salelink.SaleResolved, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.live()
			w.fault(1, countersigntest.LoseAnswer())
			sale := w.sell()
			w.run()
			w.clock.Advance(15 * time.Minute)
			w.run()
			w.copyAtB(nil)
			w.advance(time.Hour)
			got := w.sale(sale)
			require.Equal(t, orchestration.StateUncertain, got.State)
			require.Len(t, got.Matches, 2)
			require.Len(t, w.received(), 2)
			var parked []salesdock.SaleID
			for s, err := range w.flow.Parked(t.Context()) {
				require.NoError(t, err)
				parked = append(parked, s.A)
			}
			require.Equal(t, []salesdock.SaleID{got.A}, parked)

			require.NoError(t, tc.do(w, got.A, got.Matches))
			w.advance(20 * time.Minute)
			require.Equal(t, tc.state, w.sale(sale).State)
			require.Len(t, w.received(), tc.sales)
			require.ErrorIs(t, w.flow.SendAgain(t.Context(), "anna", got.A), countersign.ErrConflict)
		})
	}
}

// copyAtB enters the last sale of B once more, as a person does.
func (w *world) copyAtB(change map[string]any) {
	w.t.Helper()
	last := w.b.Received()[len(w.b.Received())-1]
	body := maps.Clone(last.Body)
	maps.Copy(body, change)
	w.b.AddSale(salesdocktest.SaleSeed{Flow: w.flowB, Product: last.Product, User: last.User, Body: body})
}

// Nothing arrived, but B has an order of the same customer: that is doubt enough.
func TestSimilarSaleIsDoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	other := w.sell()
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleForwarded, w.sale(other).State)
	w.fault(1, countersigntest.Status(http.StatusBadGateway))
	sale := w.sell()
	w.advance(10 * time.Minute)
	require.Equal(t, orchestration.StateSending, w.sale(sale).State)
	body := w.a.Sale(sale).Body
	w.copyAtB(map[string]any{"email": body["email"], "external_reference": ""})
	w.advance(time.Hour)
	require.Equal(t, orchestration.StateUncertain, w.sale(sale).State)
	require.Len(t, w.received(), 1)
}

// An earlier order of the same customer that the link brought is no doubt.
func TestOwnEarlierSaleIsNoDoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	same := func(s *salesdocktest.SaleSeed) { s.Body["email"], s.Body["lastname"] = "vast@example.com", "Jansen" }
	first := w.sell(same)
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleForwarded, w.sale(first).State)
	w.fault(1, countersigntest.LoseAnswer())
	second := w.sell(same)
	w.advance(time.Hour)
	require.Equal(t, salelink.SaleForwarded, w.sale(second).State)
	require.NotEqual(t, w.sale(first).B, w.sale(second).B)
	require.Len(t, w.received(), 2)
}

// Two sales that B could not tell apart are never on their way at once: so each
// finds its own.
func TestIdenticalSalesGoOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for lost := range 4 {
		w := newWorld(t)
		w.live()
		same := func(s *salesdocktest.SaleSeed) {
			s.Body["email"], s.Body["lastname"], s.Body["connection_housenumber"] = "vast@example.com", "Jansen", 9
		}
		w.fault(lost, countersigntest.LoseAnswer())
		first, second := w.sell(same), w.sell(same)
		w.advance(45 * time.Minute)
		require.Equal(t, salelink.SaleForwarded, w.sale(first).State)
		require.Equal(t, salelink.SaleForwarded, w.sale(second).State)
		require.NotEqual(t, w.sale(first).B, w.sale(second).B)
		counts := w.b.ByReference()
		delete(counts, "")
		require.Equal(t, []int{1, 1}, slices.Collect(maps.Values(counts)), "%v", counts)
	}
}

// The program ends between committing and sending: the sale is looked for, and
// sent when it is not there.
func TestProgramThatEndsBeforeSendingSendsOnce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]countersigntest.Fault{
		"nothing was sent": countersigntest.Status(http.StatusServiceUnavailable), "it had arrived": countersigntest.LoseAnswer(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.live()
			w.fault(1, f)
			sale := w.sell()
			w.clock.Advance(15 * time.Minute)
			w.run()
			require.Equal(t, orchestration.StateSending, w.sale(sale).State)
			w.start() // anew, with nothing in memory
			w.advance(time.Hour)
			require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
			require.Len(t, w.received(), 1)
		})
	}
}

// While the doubt lasts, the list is not believed before Settle has passed.
func TestListIsBelievedAfterSettle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Settle = time.Hour
	w.start()
	w.live()
	w.fault(1, countersigntest.Status(http.StatusBadGateway))
	sale := w.sell()
	w.advance(50 * time.Minute)
	require.Equal(t, orchestration.StateSending, w.sale(sale).State)
	require.Equal(t, int64(1), w.srv.Log().Tally(salesdocktest.OpCreateSale).Requests)
	w.advance(time.Hour)
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
}

func TestSaleIsFoundInTheHourThatComesTwice(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{time.Date(2026, 10, 25, 0, 20, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 20, 0, 0, time.UTC)} {
		w := newWorld(t)
		w.clock.Set(at)
		w.live()
		w.fault(1, countersigntest.LoseAnswer())
		sale := w.sell()
		w.advance(time.Hour)
		require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
		require.Len(t, w.received(), 1)
	}
}
