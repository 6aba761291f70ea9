package salelink_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

func TestOnlyChosenProductsAreImported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.settings()
	s.Policy.ImportAll, s.Policy.Import = false, []salesdock.ProductID{id[salesdock.ProductID](w.power.ID)}
	w.configure(s)
	require.Len(t, w.a.Products(), 1)
	p := w.productA(w.power)
	require.Equal(t, "Stroom", p.Name)
	require.Equal(t, []salesdocktest.File{{Name: "terms.pdf", Content: []byte("%PDF terms")}}, p.Documents)
	offers, err := w.flow.Offers(t.Context())
	require.NoError(t, err)
	require.Len(t, offers, 2)
	require.True(t, offers[0].Imported)
	require.False(t, offers[1].Imported)
}

// "Laatst gesynchroniseerd om" keeps its date while nothing changes, although the
// addresses of documents differ at each read.
func TestLastSyncedMovesOnlyWhenSomethingChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	before := w.product(w.power)
	w.clock.Advance(time.Hour)
	require.NoError(t, w.flow.SyncNow(t.Context()))
	w.run()
	after := w.product(w.power)
	require.Equal(t, before.LastSynced, after.LastSynced)
	require.True(t, after.LastChecked.After(before.LastChecked))

	w.b.ChangeProduct(w.power, func(p *salesdocktest.Product) { p.Name = "Groene stroom" })
	w.advance(20 * time.Minute)
	require.True(t, w.product(w.power).LastSynced.After(before.LastSynced))
	require.Equal(t, before.LastSynced, w.product(w.gas).LastSynced)
	require.Equal(t, "Groene stroom", w.productA(w.power).Name)
}

// A changed attachment or custom field need not move updated_at: the first stage
// can't see it, and the daily full look and SyncNow do.
func TestChangesThatTheListDoesNotShowAreFound(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(*world){
		"daily":    func(w *world) { w.advance(25 * time.Hour) },
		"sync now": func(w *world) { require.NoError(w.t, w.flow.SyncNow(w.t.Context())); w.run() },
		"webhook": func(w *world) {
			h, err := w.flow.Handler()
			require.NoError(w.t, err)
			rec := httptest.NewRecorder()
			target, err := salesdock.WebhookURL("https://hooks.example/x", salesdock.EventProductUpdated, w.cfg.WebhookTokens[0])
			require.NoError(w.t, err)
			body := strings.NewReader(`{"id":` + strconv.Itoa(w.power.ID) + `}`)
			h.ServeHTTP(rec, httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, target.Reveal(), body))
			require.Equal(w.t, 2, rec.Code/100)
			w.run()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.live()
			w.b.ChangeProduct(w.power, func(p *salesdocktest.Product) { p.Documents[0].Content = []byte("%PDF new terms") })
			w.advance(20 * time.Minute)
			require.Equal(t, []byte("%PDF terms"), w.productA(w.power).Documents[0].Content, "the list does not show it")
			look(w)
			require.Equal(t, []byte("%PDF new terms"), w.productA(w.power).Documents[0].Content)
		})
	}
}

func TestStageOneReadsOneListAndWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.offer(40)
	w.live()
	w.srv.Log().Reset()
	w.b.ChangeProduct(w.gas, func(p *salesdocktest.Product) { p.Name = "Gas!" })
	w.advance(15 * time.Minute)
	reads := w.srv.Log().Tally("GET /products/{id}").Requests
	require.LessOrEqual(t, reads, int64(3))
	require.Positive(t, reads)
}

func TestVanishedProducts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		policy salelink.Vanished
		judge  func(*testing.T, *world, int)
	}{
		"nothing": {salelink.VanishedKeep, func(t *testing.T, w *world, n int) {
			require.Len(t, w.a.Products(), n)
			require.False(t, w.productA(w.gas).Inactive)
		}},
		"deactivate": {salelink.VanishedDeactivate, func(t *testing.T, w *world, n int) {
			require.Len(t, w.a.Products(), n)
			require.True(t, w.productA(w.gas).Inactive)
			require.Equal(t, salelink.ProductVanished, w.product(w.gas).State)
		}},
		"delete": {salelink.VanishedDelete, func(t *testing.T, w *world, n int) {
			require.Len(t, w.a.Products(), n-1)
			require.Equal(t, salelink.ProductVanished, w.product(w.gas).State)
		}},
	} {
		for cause, vanish := range map[string]func(*world){
			"deleted":     func(w *world) { w.b.RemoveProduct(w.gas) },
			"deactivated": func(w *world) { w.b.ChangeProduct(w.gas, func(p *salesdocktest.Product) { p.Inactive = true }) },
			"revoked":     func(w *world) { w.b.Revoke(w.org, w.gas) },
		} {
			t.Run(name+" "+cause, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.offer(8)
				w.live(func(s *salelink.Settings) { s.Policy.Vanished = tc.policy })
				n := len(w.a.Products())
				vanish(w)
				w.clock.Advance(15 * time.Minute)
				w.run()
				require.Len(t, w.a.Products(), n, "one absence proves nothing")
				require.False(t, w.productA(w.gas).Inactive)
				w.advance(40 * time.Minute)
				tc.judge(t, w, n)
			})
		}
	}
}

// Many products at once look like a lost right: nothing happens before a person
// says so.
func TestBreakerWaitsForAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.Vanished = salelink.VanishedDelete })
	w.b.Revoke(w.org, w.power, w.gas)
	w.advance(2 * time.Hour)
	require.Len(t, w.a.Products(), 2)
	require.NotEmpty(t, w.product(w.gas).Ask)
	plan, err := w.flow.Plan(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, plan.Counts()["product ask"])

	require.NoError(t, w.flow.ConfirmVanished(t.Context(), "anna", id[salesdock.ProductID](w.gas.ID)))
	w.advance(20 * time.Minute)
	require.Len(t, w.a.Products(), 1)
	require.Error(t, w.flow.ConfirmVanished(t.Context(), "anna", id[salesdock.ProductID](w.gas.ID)))
	require.ErrorIs(t, w.flow.ConfirmVanished(t.Context(), "anna", "999999"), countersign.ErrNotFound)
}

func TestProductThatComesBackIsActiveAgain(t *testing.T) {
	t.Parallel()
	for _, policy := range []salelink.Vanished{salelink.VanishedDeactivate, salelink.VanishedDelete} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.live(func(s *salelink.Settings) { s.Policy.Vanished, s.Policy.Breaker = policy, 50 })
			w.b.Revoke(w.org, w.gas)
			w.advance(time.Hour)
			require.Equal(t, salelink.ProductVanished, w.product(w.gas).State)
			w.b.Grant(w.org, w.gas)
			w.advance(time.Hour)
			require.Equal(t, salelink.ProductSynced, w.product(w.gas).State)
			require.False(t, w.productA(w.gas).Inactive)
		})
	}
}

// A list that fails proves nobody's absence.
func TestFailedListCountsNoAbsence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.Vanished = salelink.VanishedDelete })
	w.srv.Faults().Add(countersigntest.Rule{Operation: "GET /products", Fault: countersigntest.Status(http.StatusBadGateway)})
	w.advance(time.Hour)
	require.Zero(t, w.product(w.gas).Absences)
}

// The answer to a new product is lost: it is found by its identifier, and is not
// made twice.
func TestProductIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.srv.Faults().Add(countersigntest.Rule{Operation: "POST /products", Fault: countersigntest.LoseAnswer(), Next: 2})
	w.configure(w.settings())
	w.advance(time.Hour)
	require.Len(t, w.a.Products(), 2)
	require.Equal(t, salelink.ProductSynced, w.product(w.power).State)
	require.Equal(t, []byte("%PDF terms"), w.productA(w.power).Documents[0].Content)
}

func TestSuppliersAreMapped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	of := w.b.AddSupplier("Netbeheer")
	sun := w.b.AddProduct(salesdocktest.Product{Name: "Zon", Supplier: of})
	w.b.Grant(w.org, sun)
	s := w.settings()
	w.configure(s)
	require.NotEmpty(t, w.product(sun).LastError)
	at := w.a.AddSupplier("Netbeheer bij A")
	s.Mapping.Suppliers = append(s.Mapping.Suppliers, supplierPair(of, at))
	require.NoError(t, w.flow.Configure(t.Context(), s))
	n, err := w.flow.DeadProducts().RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	w.run()
	require.Equal(t, at.ID, w.productA(sun).Supplier.ID)
}

func TestEnergyProductsKeepTheirTariffs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fixed := w.b.AddProduct(salesdocktest.Product{Name: "Vast", Type: "energy_e", Custom: map[string]string{"product_type": "fixed", "tariff_single": "0.25"}})
	w.b.Grant(w.org, fixed)
	w.configure(w.settings())
	require.Equal(t, "0.25", w.productA(fixed).Custom["tariff_single"])
}

func TestImportBringsNewQuestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.settings()
	s.Policy.ImportAll, s.Policy.Import = false, []salesdock.ProductID{id[salesdock.ProductID](w.power.ID)}
	w.b.AddQuestion(salesdocktest.Question{Name: "Plaats ketel", Required: true, ProductTypes: []string{"boiler"}})
	boiler := w.b.AddProduct(salesdocktest.Product{Name: "Ketel", Type: "boiler"})
	w.b.Grant(w.org, boiler)
	w.configure(s)
	require.NoError(t, w.flow.GoLive(t.Context()))
	s.Policy.Import = append(s.Policy.Import, id[salesdock.ProductID](boiler.ID))
	require.NoError(t, w.flow.Configure(t.Context(), s))
	w.advance(30 * time.Minute)
	link, err := w.flow.Link(t.Context())
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(link.Findings, func(f finding) bool { return f.Name == "Plaats ketel" }), "%v", link.Findings)
	require.ErrorIs(t, w.flow.GoLive(t.Context()), countersign.ErrInvalid)
}
