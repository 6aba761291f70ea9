package salelink_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

type seed = salesdocktest.SaleSeed

// ruled is a sale under a policy, and what becomes of it.
type ruled struct {
	settings func(*salelink.Settings)
	seed     func(*seed)
	state    string
	rule     salelink.Rule // of the refusal; empty: forwarded
}

func ruledSales() map[string]ruled {
	auto := func(statuses ...string) func(*salelink.Settings) {
		return func(s *salelink.Settings) {
			s.Policy.Sales = salelink.Processing{Trigger: salelink.Automatic, Statuses: statuses}
		}
	}
	when := func(c salemap.Condition) func(*salelink.Settings) {
		return func(s *salelink.Settings) {
			s.Policy.Sales = salelink.Processing{}
			s.Policy.Conditions = salelink.Conditional{Processing: salelink.Processing{Trigger: salelink.Automatic}, When: c}
		}
	}
	is := func(subject, value string) salemap.Condition {
		return salemap.Condition{Subject: subject, Operator: salemap.Equal, Values: []string{value}}
	}
	d2d := func(s *seed) { s.Body["sale_channel"] = "d2d" }
	return map[string]ruled{
		"all statuses":             {auto(), nil, salelink.SaleForwarded, ""},
		"the chosen status":        {auto("verified", "new"), nil, salelink.SaleForwarded, ""},
		"another status":           {auto("verified"), nil, salelink.SaleRefused, salelink.RuleStatus},
		"manual":                   {func(s *salelink.Settings) { s.Policy.Sales.Trigger = salelink.Manual }, nil, salelink.SaleWaiting, salelink.RuleManual},
		"condition holds":          {when(is("question:meter-a", "Slim")), nil, salelink.SaleForwarded, ""},
		"condition does not hold":  {when(is("question:meter-a", "oud")), nil, salelink.SaleRefused, salelink.RuleCondition},
		"any, one holds":           {when(salemap.Condition{Any: []salemap.Condition{is("question:meter-a", "oud"), is("status", "new")}}), nil, salelink.SaleForwarded, ""},
		"all, one does not":        {when(salemap.Condition{All: []salemap.Condition{is("question:meter-a", "oud"), is("status", "new")}}), nil, salelink.SaleRefused, salelink.RuleCondition},
		"undecidable is not true":  {when(is("question:moon", "full")), nil, salelink.SaleRefused, salelink.RuleUndecidable},
		"undecidable, not equal":   {when(salemap.Condition{Subject: "question:moon", Operator: salemap.NotEqual, Values: []string{"full"}}), nil, salelink.SaleRefused, salelink.RuleUndecidable},
		"required answer missing":  {auto(), func(s *seed) { s.Body["questionData"] = map[string]any{} }, salelink.SaleRefused, salelink.RuleMapping},
		"agreement not accepted":   {auto(), func(s *seed) { s.Body["agreements"] = map[string]any{} }, salelink.SaleRefused, salelink.RuleMapping},
		"cancelled":                {auto(), func(s *seed) { s.Status = "cancelled" }, salelink.SaleCancelled, salelink.RuleCancelled},
		"an offer, to be accepted": {auto("offer_accepted"), func(s *seed) { s.Offer = true }, salelink.SaleRefused, salelink.RuleStatus},
		"channel":                  {when(is("channel", "d2d")), d2d, salelink.SaleForwarded, ""},
	}
}

func TestWhichSalesAreForwarded(t *testing.T) {
	t.Parallel()
	for name, tc := range ruledSales() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.live(tc.settings)
			var change []func(*seed)
			if tc.seed != nil {
				change = append(change, tc.seed)
			}
			sale := w.sell(change...)
			w.advance(20 * time.Minute)
			got := w.sale(sale)
			require.Equal(t, tc.state, got.State, "%+v", got)
			if tc.rule == "" {
				require.Len(t, w.received(), 1)
				return
			}
			require.Empty(t, w.received())
			require.True(t, slices.ContainsFunc(got.Refusals, func(r salelink.Refusal) bool { return r.Rule == tc.rule }), "%+v", got.Refusals)
			// By hand the same rules hold, and the error names them.
			err := w.flow.Forward(t.Context(), "anna", got.A)
			if tc.rule == salelink.RuleManual {
				require.NoError(t, err)
				w.run()
				require.Len(t, w.received(), 1)
				return
			}
			refused, ok := errors.AsType[*salelink.RefusedError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, got.Refusals[0].Rule, refused.Refusals[0].Rule)
		})
	}
}

func TestProcessingThatIsOffLooksAtNoSale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.Sales = salelink.Processing{} })
	sale := w.sell()
	w.advance(time.Hour)
	require.Empty(t, w.received())
	_, err := w.flow.Sale(t.Context(), id[salesdock.SaleID](sale))
	require.ErrorIs(t, err, countersign.ErrNotFound)
	refused, ok := errors.AsType[*salelink.RefusedError](w.flow.Forward(t.Context(), "anna", id[salesdock.SaleID](sale)))
	require.True(t, ok)
	require.Equal(t, salelink.RuleOff, refused.Refusals[0].Rule)
}

func TestSettingsThatContradictAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*salelink.Policy){
		"conditions beside plain": func(p *salelink.Policy) {
			p.Conditions = salelink.Conditional{Processing: salelink.Processing{Trigger: salelink.Manual}, When: salemap.Condition{Subject: "status", Operator: "=", Values: []string{"x"}}}
		},
		"conditions without any": func(p *salelink.Policy) {
			p.Sales, p.Conditions = salelink.Processing{}, salelink.Conditional{Processing: salelink.Processing{Trigger: salelink.Manual}}
		},
		"conditions that are off beside plain": func(p *salelink.Policy) {
			p.Conditions.When = salemap.Condition{Subject: "status", Operator: "=", Values: []string{"x"}}
		},
		"nobody mails":       func(p *salelink.Policy) { p.Mail = "" },
		"no status at all":   func(p *salelink.Policy) { p.Sales.Statuses = []string{} },
		"unknown trigger":    func(p *salelink.Policy) { p.Sales.Trigger = "sometimes" },
		"unknown vanished":   func(p *salelink.Policy) { p.Vanished = "burn" },
		"breaker over 100":   func(p *salelink.Policy) { p.Breaker = 101 },
		"opt-in from nobody": func(p *salelink.Policy) { p.OptIn = true },
	} {
		s := w.settings()
		change(&s.Policy)
		require.ErrorIs(t, w.flow.Configure(t.Context(), s), countersign.ErrInvalid, name)
	}
	require.ErrorIs(t, w.flow.GoLive(t.Context()), salelink.ErrNotConfigured)
}

func TestHoldWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.Hold = time.Hour })
	sale, urgent := w.sell(), w.sell()
	w.advance(40 * time.Minute)
	require.Equal(t, salelink.SaleHeld, w.sale(sale).State)
	require.NoError(t, w.flow.Forward(t.Context(), "anna", id[salesdock.SaleID](urgent)))
	w.run()
	require.Len(t, w.received(), 1)
	w.advance(40 * time.Minute)
	require.Len(t, w.received(), 2)
}

func TestSalesFromBeforeTheLinkStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(w.settings())
	old := w.sell()
	w.clock.Advance(time.Hour)
	recent := w.sell()
	w.clock.Advance(3 * time.Minute)
	require.NoError(t, w.flow.GoLive(t.Context()))
	w.advance(time.Hour)
	_, err := w.flow.Sale(t.Context(), id[salesdock.SaleID](old))
	require.ErrorIs(t, err, countersign.ErrNotFound)
	require.Empty(t, w.received())

	// A clock of A that is behind dates new sales like this one: it is seen.
	require.Equal(t, salelink.SaleRefused, w.sale(recent).State)
	require.Equal(t, salelink.RuleBefore, w.sale(recent).Refusals[0].Rule)
	plan, err := w.flow.Plan(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, plan.Counts()["sale refuse"])
	require.NoError(t, w.flow.Forward(t.Context(), "anna", id[salesdock.SaleID](recent)))
	w.run()
	require.Len(t, w.received(), 1)
}

func TestMaskedSalesAreNeverForwarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	sale := w.sell()
	w.a.Anonymise(sale)
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleMasked, w.sale(sale).State)
	require.Empty(t, w.received())
}

func TestSalesThatTheIntegrationHandedOverAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	sale := w.sell()
	w.a.MarkHandedOver(sale, "228840")
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.RuleHandedOver, w.sale(sale).Refusals[0].Rule)
	require.Empty(t, w.received())
}

func TestOptInComesFromTheDialerAlone(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		w := newWorld(t)
		w.deps.OptIn = func(context.Context, salesdock.SaleID) (*salesdock.OptIn, error) {
			return &salesdock.OptIn{Source: "dialer", Channels: []salesdock.OptInChannel{{Type: "phone", Value: "0612345678"}}}, nil
		}
		w.start()
		w.live(func(s *salelink.Settings) { s.Policy.OptIn = on })
		w.sell()
		w.advance(20 * time.Minute)
		require.Len(t, w.received(), 1)
		_, sent := w.received()[0].Body["optin"]
		require.Equal(t, on, sent)
	}
}

func TestMailByBIsAPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.Mail = salelink.MailByB })
	w.sell()
	w.advance(20 * time.Minute)
	require.Len(t, w.b.Mails(), 1)
}

// A refused sale is looked at again when the mapping, a catalogue or the sale
// changes, and not otherwise.
func TestRefusedSaleGoesWhenTheMappingIsMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	sale := w.sell(func(s *salesdocktest.SaleSeed) { s.Body["questionData"] = map[string]any{"meter-a": "Digitaal"} })
	w.advance(30 * time.Minute)
	require.Equal(t, salelink.SaleRefused, w.sale(sale).State)
	require.Contains(t, w.sale(sale).Refusals[0].Why, "Meter")
	s := w.settings()
	s.Mapping.Questions[0].Options["Digitaal"] = "slim"
	require.NoError(t, w.flow.Configure(t.Context(), s))
	w.advance(10 * time.Minute)
	require.Len(t, w.received(), 1)
}

// B tightens a question: the next check finds it, and B's refusal is said in
// A's words.
func TestRejectedOrderIsSaidInTermsOfA(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.b.ChangeQuestion(w.meterB, func(q *salesdocktest.Question) { q.Accepts = func(string) bool { return false } })
	sale := w.sell()
	w.advance(20 * time.Minute)
	got := w.sale(sale)
	require.Equal(t, orchestration.StateDead, got.State)
	require.Len(t, got.Faults, 1)
	require.Equal(t, "Meter", got.Faults[0].Name)
	require.Equal(t, string(id[salesdock.QuestionID](w.meterA.ID)), got.Faults[0].A)

	w.b.ChangeQuestion(w.meterB, func(q *salesdocktest.Question) { q.Accepts = nil })
	require.NoError(t, w.flow.DeadLetters().Retry(t.Context(), string(got.A)))
	w.run()
	require.Len(t, w.received(), 1)
	require.Empty(t, w.sale(sale).Faults)
}

func TestDeadSaleIsResolved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.b.ChangeQuestion(w.meterB, func(q *salesdocktest.Question) { q.Accepts = func(string) bool { return false } })
	sale := w.sell()
	w.advance(20 * time.Minute)
	require.NoError(t, w.flow.Resolve(t.Context(), "anna", id[salesdock.SaleID](sale), "entered by hand"))
	require.Equal(t, salelink.SaleResolved, w.sale(sale).State)
	require.ErrorIs(t, w.flow.Resolve(t.Context(), "anna", id[salesdock.SaleID](sale), "again"), countersign.ErrConflict)
	w.advance(time.Hour)
	require.Empty(t, w.received())
	n := 0
	for e, err := range w.flow.Journal(t.Context(), id[salesdock.SaleID](sale)) {
		require.NoError(t, err)
		if e.Who == "anna" {
			n++
		}
	}
	require.Equal(t, 1, n)
}

// "Invalid product" names no field: the product is paused, and not each of its
// sales tried in turn.
func TestProductThatBRefusesIsPaused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.b.Revoke(w.org, w.power)
	first := w.sell()
	w.advance(10 * time.Minute)
	require.NoError(t, w.flow.Stop(t.Context(), "test"))
	require.NoError(t, w.flow.Resume(t.Context()))
	w.advance(20 * time.Minute)
	second := w.sell()
	w.advance(20 * time.Minute)
	require.Empty(t, w.received())
	require.NotEqual(t, salelink.SaleForwarded, w.sale(first).State)
	require.Equal(t, salelink.SaleRefused, w.sale(second).State)
	require.LessOrEqual(t, w.srv.Log().Tally(salesdocktest.OpCreateSale).Requests, int64(1))
}

func TestRefusedTokenStopsTheLink(t *testing.T) {
	t.Parallel()
	for side, operation := range map[string]string{"A": "GET /sales/{id}", "B": salesdocktest.OpCreateSale} {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			w := newWorld(t)
			w.live()
			w.srv.Faults().Add(countersigntest.Rule{Operation: operation, Fault: countersigntest.Status(status)})
			sale := w.sell()
			w.advance(20 * time.Minute)
			link, err := w.flow.Link(t.Context())
			require.NoError(t, err)
			require.Equal(t, salelink.StateStopped, link.State)
			require.Contains(t, link.Reason, side+":")
			require.ErrorIs(t, w.flow.Health(t.Context(), time.Hour), countersign.ErrUnavailable)
			before := w.srv.Log().Tally(operation).Requests
			w.advance(2 * time.Hour)
			require.Equal(t, before, w.srv.Log().Tally(operation).Requests, "a stopped link asks nothing")

			w.srv.Faults().Clear()
			require.NoError(t, w.flow.Resume(t.Context()))
			w.advance(20 * time.Minute)
			require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
			require.Len(t, w.received(), 1)
			require.NoError(t, w.flow.Health(t.Context(), time.Hour))
		}
	}
}

func TestCancellations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(func(s *salelink.Settings) { s.Policy.Hold = 30 * time.Minute })
	early, late, byB := w.sell(), w.sell(), w.sell()
	w.advance(20 * time.Minute)
	w.a.SetStatus(early, "cancelled", "changed their mind")
	w.advance(30 * time.Minute)
	require.Equal(t, salelink.SaleCancelled, w.sale(early).State)
	require.Len(t, w.received(), 2)

	w.a.SetStatus(late, "cancelled", "changed their mind")
	w.advance(20 * time.Minute)
	require.Equal(t, salelink.SaleCancelOpen, w.sale(late).State)
	atB := w.sale(late).B
	require.NoError(t, w.flow.CancelAtB(t.Context(), "anna", id[salesdock.SaleID](late), "cancelled", "cancelled at A"))
	require.Equal(t, salelink.SaleResolved, w.sale(late).State)
	require.True(t, slices.ContainsFunc(w.received(), func(s salesdocktest.Sale) bool {
		return id[salesdock.SaleID](s.ID) == atB && s.Status == "cancelled"
	}))

	// B cancels: A gets the status, and takes it for no cancellation of its own.
	for _, s := range w.received() {
		if id[salesdock.SaleID](s.ID) == w.sale(byB).B {
			w.b.SetStatus(s.ID, "cancelled", "refused by the principal")
		}
	}
	w.advance(40 * time.Minute)
	require.Equal(t, "cancelled", w.a.Sale(byB).Status)
	require.Equal(t, salelink.SaleForwarded, w.sale(byB).State)
	require.ErrorIs(t, w.flow.CancelAtB(t.Context(), "anna", id[salesdock.SaleID](early), "cancelled", ""), countersign.ErrConflict)
}

func TestForgetLeavesIDsAndStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	sale := w.sell()
	w.advance(20 * time.Minute)
	require.NoError(t, w.flow.Forget(t.Context(), id[salesdock.SaleID](sale)))
	require.Equal(t, salelink.SaleForwarded, w.sale(sale).State)
	require.ErrorIs(t, w.flow.Forget(t.Context(), "77"), countersign.ErrNotFound)
	for rec, err := range orchestration.Records(t.Context(), w.store, orchestration.Query{Table: "salelink.sale"}) {
		require.NoError(t, err)
		require.NotContains(t, string(rec.Body), "exact")
	}
	w.a.SetStatus(sale, "verified", "")
	w.advance(time.Hour)
	require.Len(t, w.received(), 1)
}

// Nothing that a customer said is in the store or the journal.
func TestStoreHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.sell()
	w.advance(30 * time.Minute)
	require.Len(t, w.received(), 1)
	for _, table := range salelink.Tables("") {
		for rec, err := range orchestration.Records(t.Context(), w.store, orchestration.Query{Table: table}) {
			require.NoError(t, err)
			for _, said := range []string{"Jansen", "klant", "Dorpsstraat", "1234AB", "0612345678"} {
				require.NotContains(t, string(rec.Body)+rec.LastError+rec.Ref, said, table)
			}
		}
	}
	n, err := w.flow.Purge(t.Context(), w.clock.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Positive(t, n)
}

func TestUnansweredOrdersAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	quiet, moved := w.sell(), w.sell()
	w.advance(20 * time.Minute)
	for _, s := range w.received() {
		if id[salesdock.SaleID](s.ID) == w.sale(moved).B {
			w.b.SetStatus(s.ID, "verwerkt", "")
		}
	}
	w.advance(20 * time.Minute)
	var open []salesdock.SaleID
	for s, err := range w.flow.Unanswered(t.Context(), w.clock.Now().Add(-10*time.Minute)) {
		require.NoError(t, err)
		open = append(open, s.A)
	}
	require.Equal(t, []salesdock.SaleID{id[salesdock.SaleID](quiet)}, open)
}
