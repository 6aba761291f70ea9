package salesdocktest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/salesdocktest"
	"github.com/stretchr/testify/require"
)

func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	p := start(t)
	a, b := open(p.srv, "alpha"), open(p.srv, "beta")
	user := b.AddUser(salesdocktest.User{Organisation: b.partner})
	for name, c := range map[string]struct {
		token, domain, path string
		status              int
	}{
		"no token":            {"", "beta", "/user/flows", 401},
		"unknown token":       {"x", "beta", "/user/flows", 401},
		"other account":       {a.agent, "beta", "/user/flows", 403},
		"agent as admin":      {b.agent, "beta", "/account/users", 403},
		"integration token":   {b.AddToken(user, salesdocktest.Token{IntegrationOnly: true}), "beta", "/user/flows", 403},
		"other address":       {b.AddToken(user, salesdocktest.Token{Address: "203.0.113.9"}), "beta", "/user/flows", 403},
		"own address":         {b.AddToken(user, salesdocktest.Token{Address: "127.0.0.1"}), "beta", "/user/flows", 200},
		"agent":               {b.agent, "beta", "/user/flows", 200},
		"admin":               {b.admin, "beta", "/account/flows", 200},
		"wrong scope":         {b.admin, "beta", "/user/users", 404},
		"not simulated":       {b.admin, "beta", "/account/leads", 501},
		"no such thing":       {b.admin, "beta", "/account/products/1000000", 404},
		"wrong method":        {b.admin, "beta", "/account/webhooks/x", 405},
		"an id that is no id": {b.admin, "beta", "/account/products/x", 404},
	} {
		got := p.do(c.token, http.MethodGet, c.domain, c.path, nil)
		require.Equal(t, c.status, got.status, "%s: %s", name, got.text)
		require.Equal(t, c.status < 300, got.body["success"], name)
		require.Equal(t, c.status == 404, got.body["code"] != nil, "%s: 404 alone of these has a code", name)
	}
	p.srv.RevokeToken(b.agent)
	require.Equal(t, 401, p.do(b.agent, "GET", "beta", "/user/flows", nil).status)
}

func TestMessagesAreInTheAccountsLanguage(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	dutch := p.do(b.agent, "GET", "beta", "/account/users", nil).body["message"]
	b.SetEnglish()
	require.NotEqual(t, dutch, p.do(b.agent, "GET", "beta", "/account/users", nil).body["message"])
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	clock := noon()
	p := start(t, salesdocktest.WithRateLimit(3), salesdocktest.WithClock(clock))
	b := open(p.srv, "beta")
	for left := 2; left >= 0; left-- {
		got := p.do(b.agent, "GET", "beta", "/user/flows", nil)
		require.Equal(t, "3", got.header.Get("X-RateLimit-Limit"))
		require.Equal(t, string(rune('0'+left)), got.header.Get("X-RateLimit-Remaining"))
	}
	refused := p.do(b.admin, "GET", "beta", "/account/flows", nil)
	require.Equal(t, 429, refused.status, "another user from the same address")
	require.Equal(t, "61", refused.header.Get("Retry-After"))
	require.Empty(t, refused.header.Get("X-RateLimit-Limit"))
	require.InDelta(t, 429, refused.body["code"], 0)
	clock.Advance(time.Minute)
	require.Equal(t, 200, p.do(b.agent, "GET", "beta", "/user/flows", nil).status)
}

func TestFaultsAndLog(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	p.srv.Faults().Add(
		countersigntest.Rule{Operation: "GET /flows", Fault: countersigntest.TooManyRequests(time.Second), Next: 1},
		countersigntest.Rule{Operation: "GET /flows", Fault: countersigntest.Status(502), Next: 1},
	)
	limited := p.do(b.agent, "GET", "beta", "/user/flows", nil)
	require.Equal(t, 429, limited.status)
	require.Equal(t, "Too Many Attempts.", limited.body["message"])
	require.Equal(t, 502, p.do(b.agent, "GET", "beta", "/user/flows", nil).status)
	require.Equal(t, 200, p.do(b.agent, "GET", "beta", "/user/flows", nil).status)
	require.Equal(t, int64(3), p.srv.Log().TallyOf("GET /flows", "beta").Requests)
	p.do(b.agent, "GET", "beta", "/user/products"+id(b.product.ID), nil)
	require.Equal(t, int64(1), p.srv.Log().TallyOf("GET /products/{id}", strings.Trim(id(b.product.ID), "/")).Answered)
}

func TestPages(t *testing.T) {
	t.Parallel()
	p := start(t, salesdocktest.WithPageSize(2), salesdocktest.WithLastPageNamingItself())
	b := open(p.srv, "beta")
	for range 4 {
		b.AddOrganisation("x")
	}
	first := p.do(b.admin, "GET", "beta", "/account/organisations", nil).data()
	require.Len(t, first["data"], 2)
	require.Equal(t, "https://app.salesdock.nl/api/beta/v1/account/organisations?page=2", first["next_page_url"])
	require.InDelta(t, 3, first["last_page"], 0)
	last := p.do(b.admin, "GET", "beta", "/account/organisations?page=3", nil).data()
	require.Len(t, last["data"], 1)
	require.Equal(t, "https://app.salesdock.nl/api/beta/v1/account/organisations?page=3", last["next_page_url"])
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	hook := map[string]any{"event": "product.updated", "target_url": "https://example.com/hook"}
	require.Equal(t, 403, p.do(b.admin, "POST", "beta", "/account/webhooks", hook).status, "support has to switch them on")
	b.EnableWebhooks()
	made := p.do(b.admin, "POST", "beta", "/account/webhooks", hook)
	require.Equal(t, 201, made.status)
	require.Contains(t, p.do(b.admin, "POST", "beta", "/account/webhooks", map[string]any{"event": "sale.created"}).fields(), "event")
	var got []string
	p.srv.Receive("https://example.com/hook", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		got = append(got, string(body))
	}))
	b.ChangeProduct(b.product, func(p *salesdocktest.Product) { p.Name = "Stroom 2" })
	require.Equal(t, 1, p.srv.Deliver(t.Context()))
	require.Zero(t, p.srv.Deliver(t.Context()))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "product.updated")
	b.ChangeProduct(b.product, func(p *salesdocktest.Product) { p.Name = "Stroom 3" })
	require.Equal(t, 2, p.srv.Deliver(t.Context(), salesdocktest.Delivery{Duplicate: 1, Shuffle: true}))
	require.Len(t, p.do(b.admin, "GET", "beta", "/account/webhooks", nil).list(), 1)
	uuid := made.data()["uuid"].(string)
	require.Equal(t, 200, p.do(b.admin, "DELETE", "beta", "/account/webhooks/"+uuid, nil).status)
	require.Equal(t, 404, p.do(b.admin, "DELETE", "beta", "/account/webhooks/"+uuid, nil).status)
}
