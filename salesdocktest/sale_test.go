package salesdocktest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/salesdocktest"
	"github.com/stretchr/testify/require"
)

const createPath = "/sales/flow/default/stroom"

// create makes a sale and gives its id.
func create(t *testing.T, p *program, b *shop, body map[string]any) int {
	t.Helper()
	got := p.do(b.agent, "POST", "beta", createPath, body)
	require.Equal(t, 201, got.status, got.text)
	return int(got.data()["sale_id"].(float64))
}

func TestSalesAreMade(t *testing.T) {
	t.Parallel()
	p := start(t, salesdocktest.WithClock(noon()))
	b := open(p.srv, "beta")
	mailed := create(t, p, b, b.order())
	silent := b.order()
	silent["contract_date"], silent["contract_pdf"] = "01-07-2025", map[string]any{"content": "JVBERg==", "extension": "pdf"}
	create(t, p, b, silent)
	require.Len(t, b.Mails(), 1)
	require.Equal(t, salesdocktest.Mail{SaleID: mailed, To: "robin@example.com"}, b.Mails()[0])
	require.Equal(t, map[string]int{"alpha:1": 2}, b.ByReference(), "the service takes duplicates")

	full := p.do(b.agent, "GET", "beta", "/user/sales"+id(mailed), nil).data()
	require.Equal(t, "order", full["type"])
	require.NotContains(t, full, "incoming_id")
	require.NotContains(t, full, "external_reference")
	require.Equal(t, false, full["customer"].(map[string]any)["business"])
	row := p.do(b.agent, "GET", "beta", "/user/sales?sale_ids[0]="+strconv.Itoa(mailed), nil).data()["data"].([]any)[0].(map[string]any)
	require.Equal(t, "0", row["business"], "the same is a text in lists")
	require.Nil(t, row["incoming_id"])
	require.Equal(t, "2025-07-01 12:00:00", row["created_at"])
}

func TestSalesAreRefused(t *testing.T) {
	t.Parallel()
	p := start(t, salesdocktest.WithRateLimit(0))
	b := open(p.srv, "beta")
	signed := b.AddFlow(salesdocktest.Flow{Title: "Getekend", Signature: true})
	b.GrantFlow(b.partner, signed)
	for name, c := range map[string]struct {
		path, field string
		change      func(map[string]any)
		status      int
	}{
		"no name":             {createPath, "lastname", func(m map[string]any) { delete(m, "lastname") }, 400},
		"birthdate":           {createPath, "birthdate", func(m map[string]any) { m["birthdate"] = "1980-02-01" }, 400},
		"masked mail":         {createPath, "email", func(m map[string]any) { m["email"] = "****@******.***" }, 400},
		"business":            {createPath, "company_coc", func(m map[string]any) { m["business"] = 1 }, 400},
		"type":                {createPath, "transaction_type", func(m map[string]any) { m["transaction_type"] = "sale" }, 400},
		"contract, no file":   {createPath, "contract_pdf", func(m map[string]any) { m["contract_date"] = "01-07-2025" }, 400},
		"signature":           {"/sales/flow/default/getekend", "signature", func(map[string]any) {}, 400},
		"product, no right":   {createPath, "", func(m map[string]any) { m["product_id"] = b.hidden.ID }, 400},
		"no such product":     {createPath, "", func(m map[string]any) { m["product_id"] = 1_000_000 }, 400},
		"related, no right":   {createPath, "", func(m map[string]any) { m["related_products"] = []any{map[string]any{"product_id": b.hidden.ID}} }, 400},
		"no such flow":        {"/sales/flow/default/anders", "", func(map[string]any) {}, 404},
		"flow of other types": {"/sales/flow/heat-pump/stroom", "", func(map[string]any) {}, 404},
	} {
		body := b.order()
		c.change(body)
		got := p.do(b.agent, "POST", "beta", c.path, body)
		require.Equal(t, c.status, got.status, "%s: %s", name, got.text)
		if c.field == "" {
			require.Empty(t, got.fields(), "%s: a business error names no field", name)
		} else {
			require.Contains(t, got.fields(), c.field, name)
		}
	}
	require.Empty(t, b.Received())
}

func TestAnswersAreChecked(t *testing.T) {
	t.Parallel()
	p := start(t, salesdocktest.WithRateLimit(0))
	b := open(p.srv, "beta")
	b.AddQuestion(salesdocktest.Question{Name: "Soort", InputType: "mc-single", Options: []string{"huis", "flat"}, Required: true, ProductTypes: []string{"energy_e"}})
	b.AddQuestion(salesdocktest.Question{
		Name: "Etage", RuleRequired: true, Rule: &salesdocktest.Rule{Identifier: "question.id", Name: "Soort", Value: "flat"},
		Accepts: func(s string) bool { _, err := strconv.Atoi(s); return err == nil },
	})
	b.AddQuestion(salesdocktest.Question{Name: "Overstap", InputType: "switchdate"})
	b.AddQuestion(salesdocktest.Question{Name: "Gas", Required: true, RuleVisible: true, Rule: &salesdocktest.Rule{Identifier: "product.type", Value: "energy_g"}})
	b.AddQuestion(salesdocktest.Question{Name: "Koffie", Required: true, ProductTypes: []string{"koffie"}})
	b.AddQuestion(salesdocktest.Question{Name: "Dag", InputType: "date"})
	b.AddAgreement(salesdocktest.Agreement{Name: "Voorwaarden", Required: true})
	for name, c := range map[string]struct {
		answers map[string]any
		faulty  []string
	}{
		"nothing":         {map[string]any{}, []string{"questionData.soort"}},
		"option":          {map[string]any{"soort": "boot"}, []string{"questionData.soort"}},
		"rule":            {map[string]any{"soort": "flat"}, []string{"questionData.etage"}},
		"validation":      {map[string]any{"soort": "flat", "etage": "drie"}, []string{"questionData.etage"}},
		"switch date":     {map[string]any{"soort": "huis", "overstap_switchdate_option": "Anders"}, []string{"questionData.overstap"}},
		"no option":       {map[string]any{"soort": "huis", "overstap": "04-06-2021"}, []string{"questionData.overstap"}},
		"date":            {map[string]any{"soort": "huis", "dag": "morgen"}, []string{"questionData.dag"}},
		"good":            {map[string]any{"soort": "flat", "etage": "3", "overstap_switchdate_option": "Anders", "overstap": "04-06-2021", "dag": "2025-07-02"}, nil},
		"without a floor": {map[string]any{"soort": "huis", "overstap_switchdate_option": "Zo snel als mogelijk"}, nil},
	} {
		body := b.order()
		body["questionData"], body["agreements"] = c.answers, map[string]any{"voorwaarden": "1"}
		got := p.do(b.agent, "POST", "beta", createPath, body)
		require.Len(t, got.fields(), len(c.faulty), "%s: %s", name, got.text)
		for _, field := range c.faulty {
			require.Contains(t, got.fields(), field, name)
		}
	}
	body := b.order()
	body["questionData"] = map[string]any{"soort": "huis"}
	require.Contains(t, p.do(b.agent, "POST", "beta", createPath, body).fields(), "agreements.voorwaarden")
	body["agreements"] = map[string]any{"voorwaarden": "1"}
	body["questionData"] = map[string]any{"soort": "huis", "dag": "2025-07-02"}
	sale := create(t, p, b, body)
	require.Equal(t, "02-07-2025", p.do(b.agent, "GET", "beta", "/user/sales/answers"+id(sale), nil).data()["dag"])
	require.True(t, has(p.do(b.agent, "GET", "beta", "/user/sales"+id(sale), nil).text, `"value":"2025-07-02"`), "another layout for the same answer")
}

func TestUndocumentedReferences(t *testing.T) {
	t.Parallel()
	p := start(t, salesdocktest.WithReferenceAsIncomingID(), salesdocktest.WithUniqueReference())
	b := open(p.srv, "beta")
	sale := create(t, p, b, b.order())
	require.Contains(t, p.do(b.agent, "POST", "beta", createPath, b.order()).fields(), "external_reference")
	require.True(t, has(p.do(b.agent, "GET", "beta", "/user/sales", nil).text, `"incoming_id":"alpha:1"`))
	path := "/account/sales/updatestatus/incoming/" + url.PathEscape("alpha:1") + "?status=sent&mark_processed=1"
	require.Equal(t, 200, p.do(b.admin, "POST", "beta", path, nil).status)
	require.Equal(t, "sent", b.Sale(sale).Status)
}

func TestSalesChange(t *testing.T) {
	t.Parallel()
	clock := noon()
	p := start(t, salesdocktest.WithClock(clock), salesdocktest.WithRateLimit(0))
	b := open(p.srv, "beta")
	sale := create(t, p, b, b.order())
	clock.Advance(time.Hour)
	set := func(query string) int {
		return p.do(b.admin, "POST", "beta", "/account/sales/updatestatus"+id(sale)+"?"+query, nil).status
	}
	require.Equal(t, 400, set("status=nergens"))
	require.Equal(t, 200, set("status=accepted_by_supplier&remark=ok&mark_processed=0"))
	require.Equal(t, 200, p.do(b.admin, "POST", "beta", "/account/sales/updatefields"+id(sale), map[string]any{"sale_at_b": 12}).status)
	require.Equal(t, map[string]string{"sale_at_b": "12"}, b.Sale(sale).Fields)
	edit := map[string]any{"customer": map[string]any{"firstname": "Kim"}}
	require.Equal(t, 400, p.do(b.agent, "PATCH", "beta", "/user/proposal"+id(sale), edit).status, "it is no offer")
	require.Equal(t, 200, p.do(b.admin, "PATCH", "beta", "/account/sales"+id(sale), edit).status)
	require.True(t, has(p.do(b.agent, "GET", "beta", "/user/sales"+id(sale), nil).text, "Kim"))
	require.Equal(t, 200, set("status=sent&mark_processed=1"))
	require.Equal(t, 400, set("status=sent&mark_processed=1"), "it was handed over")
	require.Equal(t, 400, p.do(b.admin, "PATCH", "beta", "/account/sales"+id(sale), edit).status, "it was sent")
	cancel := func(status string) int {
		return p.do(b.agent, "POST", "beta", "/user/sales/cancel"+id(sale)+"?status="+status, nil).status
	}
	require.Equal(t, 400, cancel("sent"))
	require.Equal(t, 200, cancel("cancelled"))
	require.Equal(t, clock.Now(), b.Sale(sale).Cancelled)

	changed := "/user/sales?period_filter_on=updated_date&period=custom&period_start=" + url.QueryEscape("2025-07-01 13:00:00")
	require.InDelta(t, 1, p.do(b.agent, "GET", "beta", changed, nil).data()["total"], 0)
	require.InDelta(t, 0, p.do(b.agent, "GET", "beta", changed+"&period_end="+url.QueryEscape("2025-07-01 12:30:00"), nil).data()["total"], 0)
	history := p.do(b.admin, "GET", "beta", "/account/sales"+id(sale)+"/history", nil).list()
	require.Len(t, history, 5)
}

func TestMaskedSale(t *testing.T) {
	t.Parallel()
	clock := noon()
	p := start(t, salesdocktest.WithClock(clock))
	b := open(p.srv, "beta")
	body := b.order()
	body["iban_holder"], body["company_coc"] = "R. Jansen", "12345678"
	sale := create(t, p, b, body)
	clock.Advance(time.Hour)
	b.Anonymise(sale)
	require.Equal(t, clock.Now(), b.Sale(sale).Updated)
	text := p.do(b.agent, "GET", "beta", "/user/sales"+id(sale), nil).text
	require.True(t, has(text, "*****") && has(text, "****@******.***") && !has(text, "Jansen") && !has(text, "12345678"))
	require.True(t, has(text, `"label":"Stroom"`), "products stay")
	require.Equal(t, 400, p.do(b.admin, "PATCH", "beta", "/account/sales"+id(sale), map[string]any{}).status)
}

func TestSellersSeeTheirOwnSales(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	sale := create(t, p, b, b.order())
	seeded := b.AddSale(salesdocktest.SaleSeed{Flow: b.flow, Product: b.product, Offer: true})
	require.Equal(t, 404, p.do(b.agent, "GET", "beta", "/user/sales"+id(seeded), nil).status)
	require.Equal(t, 200, p.do(b.admin, "GET", "beta", "/account/sales"+id(sale), nil).status)
	b.AnswerOffer(seeded, true)
	require.Equal(t, "offer_accepted", b.Sale(seeded).Status)
	b.MarkHandedOver(seeded, "228840")
	require.True(t, has(p.do(b.admin, "GET", "beta", "/account/sales"+id(seeded), nil).text, `"outgoing_app":"salesdock"`))
	b.SetStatus(seeded, "cancelled", "vergissing")
	require.False(t, b.Sale(seeded).Cancelled.IsZero())
	require.Zero(t, b.Sale(1_000_000).ID)
	require.Len(t, b.Mails(), 1, "a sale that was there is no request")
}

// TestLostAnswer: the sale is made although its answer is lost.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	p.srv.Faults().Add(countersigntest.Rule{Operation: salesdocktest.OpCreateSale, Fault: countersigntest.LoseAnswer(), Next: 1})
	data, err := json.Marshal(b.order())
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.srv.URL()+"/api/beta/v1"+createPath, bytes.NewReader(data))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+b.agent)
	req.Header.Set("Content-Type", "application/json")
	res, err := p.client.Do(req)
	if err == nil {
		res.Body.Close()
	}
	require.Error(t, err)
	require.Len(t, b.Received(), 1)
}

// TestSaleFilters: a filter that the documentation names narrows the list.
func TestSaleFilters(t *testing.T) {
	t.Parallel()
	clock := noon()
	p := start(t, salesdocktest.WithClock(clock), salesdocktest.WithRateLimit(0))
	b := open(p.srv, "beta")
	create(t, p, b, b.order())
	offer := b.AddSale(salesdocktest.SaleSeed{Flow: b.flow, Product: b.hidden, Offer: true})
	clock.Advance(24 * time.Hour)
	for query, want := range map[string]int{
		"": 2, "supplier_id=" + strconv.Itoa(b.product.Supplier.ID): 1, "supplier_id=1000000": 0,
		"organisations[0]=" + strconv.Itoa(b.partner.ID): 1, "organisations[0]=1000000": 0, "offer_statuses[0]=open": 1, "offer_statuses[0]=1": 0,
		"period_filter_on=created_date&period=today": 0, "period_filter_on=created_date&period=yesterday": 2,
		"period_filter_on=created_date&period=this_week": 2, "period_filter_on=created_date&period=last_week": 0,
		"period_filter_on=created_date&period=this_month": 2, "period_filter_on=created_date&period=last_month": 0,
		"period_filter_on=created_date&period=last_30_days": 2, "period_filter_on=created_date&period=nooit": 0,
	} {
		require.InDelta(t, want, p.do(b.admin, "GET", "beta", "/account/sales?"+query, nil).data()["total"], 0, query)
	}
	require.Equal(t, false, p.do(b.admin, "GET", "beta", "/account/sales"+id(offer), nil).data()["offer_accepted"], "a boolean, also when it is open")
	edit := map[string]any{"customer": map[string]any{"coc": "12345678", "address": map[string]any{"city": "Elders"}}}
	require.Equal(t, 400, p.do(b.admin, "PATCH", "beta", "/account/sales"+id(offer), edit).status, "it is still open")
	b.AnswerOffer(offer, true)
	require.Equal(t, 200, p.do(b.admin, "PATCH", "beta", "/account/sales"+id(offer), edit).status)
	full := p.do(b.admin, "GET", "beta", "/account/sales"+id(offer), nil)
	require.Equal(t, "2025-07-02 12:00:00", full.data()["offer_answered_at"])
	require.True(t, has(full.text, `"coc":"12345678"`) && has(full.text, `"city":"Elders"`))
}
