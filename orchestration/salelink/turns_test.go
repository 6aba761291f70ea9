package salelink_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/orchestration/storetest"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

// turns works until nothing is due in turns that are over after some questions, and
// tells how many rounds of them it took. With kill, each round is a new process.
func (w *world) turns(questions int, kill bool) (rounds int) {
	w.t.Helper()
	for ; rounds < 500; rounds++ {
		e := storetest.NewTurns(w.store, w.clock.Now, questions)
		w.flow.Register(e)
		n, err := e.Turn(w.t.Context())
		require.NoError(w.t, err)
		if n == 0 {
			return rounds
		}
		if kill {
			w.start()
		}
	}
	require.Fail(w.t, "the work does not get on")
	return rounds
}

func (w *world) requests(operation string) int64 { return w.srv.Log().Tally(operation).Requests }

// A full look reads each product once, however many turns it takes.
func TestFullLookTakesManyTurns(t *testing.T) {
	t.Parallel()
	for _, kill := range []bool{false, true} {
		t.Run(fmt.Sprintf("kill %v", kill), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.offer(40)
			w.live()
			w.b.ChangeProduct(w.power, func(p *salesdocktest.Product) { p.Documents[0].Content = []byte("%PDF new terms") })
			w.clock.Advance(time.Hour)
			require.NoError(t, w.flow.SyncNow(t.Context()))
			w.srv.Log().Reset()
			rounds := w.turns(9, kill)
			require.Greater(t, rounds, 4)
			// One more to carry the change over.
			require.EqualValues(t, 43, w.requests("GET /products/{id}"))
			require.Equal(t, []byte("%PDF new terms"), w.productA(w.power).Documents[0].Content)
			for p, err := range w.flow.Products(t.Context()) {
				require.NoError(t, err)
				require.Equal(t, w.clock.Now(), p.LastChecked)
			}
		})
	}
}

// Each turn reads the whole list, and a product that it lacks is still counted as
// absent once in a run; nothing is taken away before several runs lacked it.
func TestAbsenceCountsOnceInARunOfManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.offer(40)
	w.live(func(s *salelink.Settings) { s.Policy.Vanished, s.Policy.Absences = salelink.VanishedDelete, 4 })
	n := len(w.a.Products())
	w.b.Revoke(w.org, w.gas)
	for run := range 2 {
		w.clock.Advance(25 * time.Hour)
		w.srv.Log().Reset()
		require.Greater(t, w.turns(9, true), 4)
		require.Greater(t, w.requests("GET /products"), int64(4))
		require.Equal(t, run+1, w.product(w.gas).Absences)
		require.Len(t, w.a.Products(), n)
	}
	for range 4 {
		w.clock.Advance(25 * time.Hour)
		w.turns(9, true)
	}
	require.Len(t, w.a.Products(), n-1)
	require.Equal(t, salelink.ProductVanished, w.product(w.gas).State)
}

// A link that is stopped and resumed in the middle of a full look goes on with it, and
// the run that follows is no full one: nobody asked for a second.
func TestStopAndResumeInAFullLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.offer(40)
	w.live()
	w.clock.Advance(time.Hour)
	require.NoError(t, w.flow.SyncNow(t.Context()))
	w.srv.Log().Reset()
	w.rounds(5)
	read := w.requests("GET /products/{id}")
	require.Positive(t, read)
	require.NoError(t, w.flow.Stop(t.Context(), "a look"))
	w.turns(9, false)
	require.Equal(t, read, w.requests("GET /products/{id}"))
	w.clock.Advance(time.Hour)
	require.NoError(t, w.flow.Resume(t.Context()))
	w.turns(9, false)
	require.EqualValues(t, 42, w.requests("GET /products/{id}"))
	require.NoError(t, w.flow.SyncNow(t.Context()))
	w.rounds(5)
	require.NoError(t, w.flow.SyncNow(t.Context()))
	w.turns(9, false)
	require.EqualValues(t, 3*42, w.requests("GET /products/{id}"), "asked for in the middle of another one, it comes after it")
}

// More products are missing than a turn notes at once: the turns after it go on behind
// those that were counted.
func TestManyAbsencesCountOnceInARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.offer(115)
	w.live(func(s *salelink.Settings) { s.Policy.Vanished, s.Policy.Absences = salelink.VanishedDelete, 4 })
	more := w.b.Products()
	w.b.Revoke(w.org, more[3:]...)
	for run := range 2 {
		w.clock.Advance(25 * time.Hour)
		require.Greater(t, w.turns(1, false), 2)
		for _, p := range more[3:] {
			require.Equal(t, run+1, w.product(p).Absences)
		}
	}
}

// The first import needs many turns for the job and for the lane.
func TestImportTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.offer(40)
	require.NoError(t, w.flow.Configure(t.Context(), w.settings()))
	require.NoError(t, w.flow.SyncNow(t.Context()))
	w.turns(9, true)
	require.Len(t, w.a.Products(), 42)
	require.EqualValues(t, 42, w.requests("POST /products"))
	for p, err := range w.flow.Products(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, salelink.ProductSynced, p.State)
	}
}

// dying is a process that dies with its n-th call of an operation.
type dying struct {
	http.RoundTripper
	calls atomic.Int64
	kill  atomic.Pointer[context.CancelFunc]
}

func (d *dying) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := d.RoundTripper.RoundTrip(r)
	if strings.Contains(r.URL.Path, "/products/") && d.calls.Add(-1) == 0 {
		(*d.kill.Load())()
	}
	return res, err
}

// A process that dies in the middle of a turn loses that turn and no more.
func TestProcessThatDiesInATurnLosesThatTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.offer(40)
	w.live()
	d := &dying{RoundTripper: w.http.Transport}
	w.http = &http.Client{Transport: d}
	w.deps.B = w.client("beta", w.agent, salesdock.ScopeUser)
	w.start()
	w.clock.Advance(25 * time.Hour)
	w.srv.Log().Reset()
	const deaths = 3
	for range deaths {
		d.calls.Store(14) // in its second turn
		ctx, cancel := context.WithCancel(t.Context())
		d.kill.Store(&cancel)
		e := storetest.NewTurns(w.store, w.clock.Now, 9)
		w.flow.Register(e)
		for ctx.Err() == nil {
			_, _ = e.Turn(ctx)
		}
		w.start()
	}
	d.calls.Store(0)
	w.turns(9, true)
	require.LessOrEqual(t, w.requests("GET /products/{id}"), int64(42+deaths*10))
	require.GreaterOrEqual(t, w.requests("GET /products/{id}"), int64(42))
	for p, err := range w.flow.Products(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, w.clock.Now(), p.LastChecked)
	}
}

// Where one turn has time for two calls, reading both sides takes many, and none of
// it twice.
func TestCatalogueTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 30 {
		w.b.AddQuestion(salesdocktest.Question{Name: fmt.Sprint("Vraag ", i), InputType: "text"})
	}
	w.live()
	sale := w.sell()
	w.clock.Advance(20 * time.Minute)
	w.srv.Log().Reset()
	require.Greater(t, w.turns(1, false), 5)
	require.Len(t, w.received(), 1)
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
	// Once for the sales, and once for the check of the products' job.
	require.LessOrEqual(t, w.requests("GET /questions/{id}"), int64(2*32))
}

// A list of many pages is gone through once: in each turn the page that the one
// before read last, and at least one more.
func TestListOfSalesTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, salesdocktest.WithPageSize(2))
	w.live()
	for range 24 {
		w.sell()
	}
	w.clock.Advance(20 * time.Minute)
	w.srv.Log().Reset()
	require.Greater(t, w.turns(9, true), 3)
	require.Len(t, w.received(), 24)
	require.EqualValues(t, 24, w.requests(salesdocktest.OpCreateSale))
	require.LessOrEqual(t, w.requests("GET /sales"), int64(2*(12+12)))

	for _, s := range w.received() {
		w.b.SetStatus(s.ID, "verwerkt", "")
	}
	w.clock.Advance(20 * time.Minute)
	w.srv.Log().Reset()
	require.Greater(t, w.turns(1, false), 5)
	require.LessOrEqual(t, w.requests("GET /sales"), int64(2*2*12))
	for s, err := range w.flow.Sales(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, "verwerkt", s.StatusB)
	}
}

// What Salesdock's own integration did is looked through page by page too.
func TestWatchTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, salesdocktest.WithPageSize(2))
	w.cfg.Mode = salesdock.NativeLink
	w.start()
	mine := w.a.AddProduct(salesdocktest.Product{Name: "Eigen"})
	require.NoError(t, w.flow.Configure(t.Context(), w.settings()))
	require.NoError(t, w.flow.GoLive(t.Context()))
	w.clock.Advance(time.Second)
	for i := range 24 {
		w.a.MarkHandedOver(w.a.AddSale(salesdocktest.SaleSeed{Flow: w.flowA, Product: mine}), fmt.Sprint(228840+i))
	}
	w.clock.Advance(20 * time.Minute)
	w.srv.Log().Reset()
	require.Greater(t, w.turns(1, false), 5)
	require.LessOrEqual(t, w.requests("GET /sales"), int64(2*12))
	n := 0
	for s, err := range w.flow.Sales(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, salelink.SaleNative, s.State)
		n++
	}
	require.Equal(t, 24, n)
}

// A person's check, or a process that died after its own, leaves it to the next run
// to look again at the sales that the mapping kept back.
func TestRefusedSaleIsLookedAtAgainAfterACheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	q := w.b.AddQuestion(salesdocktest.Question{Name: "Nieuw", Identifier: "new-b", InputType: "text", Required: true})
	w.advance(20 * time.Minute)
	sale := w.sell()
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleRefused, w.sale(sale).State)
	w.b.ChangeQuestion(q, func(q *salesdocktest.Question) { q.Required = false })
	_, err := w.flow.Check(t.Context())
	require.NoError(t, err)
	w.start()
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
}

// A sweep goes through each record once, however many turns it takes, and the records
// that fill a part exactly are not the end of it.
func TestSweepTakesManyTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Every = time.Hour
	w.start()
	w.flow.SetSweepSize(2)
	w.live(func(s *salelink.Settings) { s.Mapping.Statuses = nil })
	const sales = 8
	for range sales {
		w.sell()
	}
	w.advance(2 * time.Hour)
	require.Len(t, w.received(), sales)
	for _, s := range w.received() {
		w.b.SetStatus(s.ID, "verwerkt", "")
	}
	w.advance(2 * time.Hour)
	require.NoError(t, w.flow.Configure(t.Context(), w.settings()))
	w.clock.Advance(time.Second)
	require.Greater(t, w.turns(1, false), sales/2)
	for s, err := range w.flow.Sales(t.Context()) {
		require.NoError(t, err)
		n, err := strconv.Atoi(string(s.A))
		require.NoError(t, err)
		require.Equal(t, "klaar", w.a.Sale(n).Status)
	}
}
