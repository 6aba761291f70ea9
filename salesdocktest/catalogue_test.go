package salesdocktest_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/salesdocktest"
	"github.com/stretchr/testify/require"
)

func TestUsersSeeWhatTheyMaySell(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	require.Len(t, p.do(b.agent, "GET", "beta", "/user/products", nil).list(), 1)
	require.Len(t, p.do(b.admin, "GET", "beta", "/account/products", nil).list(), 2)
	require.Equal(t, 403, p.do(b.agent, "GET", "beta", "/user/products"+id(b.hidden.ID), nil).status)
	b.Revoke(b.partner, b.product)
	require.Empty(t, p.do(b.agent, "GET", "beta", "/user/products", nil).list())
	other := b.AddFlow(salesdocktest.Flow{Title: "Gas"})
	require.Len(t, p.do(b.agent, "GET", "beta", "/user/flows", nil).list(), 1)
	require.Equal(t, 404, p.do(b.agent, "GET", "beta", "/user/flows"+id(other.ID), nil).status)
}

// TestDocumentsRotate: the addresses of a product's documents differ at each read,
// although nothing changed.
func TestDocumentsRotate(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	location := func() string {
		d := p.do(b.agent, "GET", "beta", "/user/products"+id(b.product.ID), nil).data()
		return d["documents"].([]any)[0].(map[string]any)["location"].(string)
	}
	one, two := location(), location()
	require.NotEqual(t, one, two)
	for _, l := range []string{one, two} {
		_, path, _ := strings.Cut(l, "/v1")
		require.Equal(t, "%PDF", p.do(b.agent, "GET", "beta", path, nil).text)
		require.Equal(t, 401, p.do("", "GET", "beta", path, nil).status)
	}
}

func TestUpdatedAt(t *testing.T) {
	t.Parallel()
	for _, always := range []bool{false, true} {
		clock := noon()
		opts := []salesdocktest.Option{salesdocktest.WithClock(clock), salesdocktest.WithRateLimit(0)}
		if always {
			opts = append(opts, salesdocktest.WithEveryChangeTouching())
		}
		p := start(t, opts...)
		b := open(p.srv, "beta")
		updated := func() any {
			clock.Advance(time.Minute)
			return p.do(b.admin, "GET", "beta", "/account/products"+id(b.product.ID), nil).data()["updated_at"]
		}
		before := updated()
		require.Equal(t, "2025-07-01 12:00:00", before, "Amsterdam's time, without a zone")
		b.ChangeProduct(b.product, func(p *salesdocktest.Product) { p.Custom = map[string]string{"tariff_single": "0.30"} })
		require.Equal(t, always, before != updated(), "a tariff")
		before = updated()
		p.do(b.admin, "PUT", "beta", "/account/products"+id(b.product.ID)+"/energy", map[string]any{"type": "energy_e", "active": 1, "product_type": "fixed", "tariff_single": "0.40"})
		require.Equal(t, always, before != updated())
		before = updated()
		b.ChangeProduct(b.product, func(p *salesdocktest.Product) { p.Name = "Anders" })
		require.NotEqual(t, before, updated())
	}
}

// TestRightsOfAnAbsentList: the service connects everything when the list is not
// there, and nothing when it is empty.
func TestRightsOfAnAbsentList(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	path := "/account/connect-organisation-to-products" + id(b.partner.ID)
	rights := func() int {
		return len(p.do(b.admin, "GET", "beta", "/account/organisations"+id(b.partner.ID)+"/products", nil).data()["products"].([]any))
	}
	require.Equal(t, 200, p.do(b.admin, "POST", "beta", path, map[string]any{}).status)
	require.Equal(t, 2, rights())
	p.do(b.admin, "POST", "beta", path, map[string]any{"products": []string{}})
	require.Zero(t, rights())
	p.do(b.admin, "POST", "beta", path, map[string]any{"products": []string{strconv.Itoa(b.product.ID)}})
	require.Equal(t, 1, rights())
	p.do(b.admin, "POST", "beta", path, map[string]any{"products": []int{b.hidden.ID}})
	require.Equal(t, 1, rights(), "a list replaces what was there")
	require.Equal(t, 400, p.do(b.admin, "POST", "beta", path, map[string]any{"products": []int{1_000_000}}).status)
	require.Equal(t, 400, p.do(b.admin, "POST", "beta", path, map[string]any{"products": nil}).status)
	all := p.do(b.admin, "POST", "beta", "/account/connect-product-to-organisations"+id(b.product.ID), map[string]any{}).data()
	require.Len(t, all["organisations"], 1)
	none := p.do(b.admin, "POST", "beta", "/account/connect-product-to-organisations"+id(b.product.ID), map[string]any{"organisations": []int{}}).data()
	require.Empty(t, none["organisations"])
}

func TestShapesOfTheCatalogue(t *testing.T) {
	t.Parallel()
	p := start(t, salesdocktest.WithClock(noon()))
	b := open(p.srv, "beta")
	q := b.AddQuestion(salesdocktest.Question{
		Name: "Ingang", InputType: "mc-single", Options: []string{"a", "b"}, ProductTypes: []string{"energy_e"},
		Rule: &salesdocktest.Rule{Any: true, Rules: []salesdocktest.Rule{{Identifier: "product.type", Value: "energy_e"}}}, RuleRequired: true,
	})
	got := p.do(b.agent, "GET", "beta", "/user/productquestions"+id(q.ID), nil).data()
	require.Equal(t, "a\r\nb", got["options"])
	require.JSONEq(t, `{"product_types":["energy_e"]}`, got["extra"].(string), "JSON inside a text")
	require.Equal(t, "1", got["rule_required"])
	rule := got["rule"].(map[string]any)
	require.Equal(t, "ANY", rule["criterion"])
	require.Equal(t, "=", rule["rules"].([]any)[0].(map[string]any)["operator"])

	flow := p.do(b.agent, "GET", "beta", "/user/flows"+id(b.flow.ID), nil).data()
	require.Equal(t, "2025-07-01T10:00:00.000000Z", flow["created_at"])
	require.Equal(t, "18", flow["minimum_age_customer"])
	require.Len(t, flow["sections"], 1)
	organisation := p.do(b.admin, "GET", "beta", "/account/organisations"+id(b.partner.ID), nil).data()
	require.Equal(t, "01-07-2025 12:00:00", organisation["created_at"])
	bare := p.do(b.admin, "GET", "beta", "/account/products"+id(b.hidden.ID), nil).data()
	require.Equal(t, []any{}, bare["customfields"], "an empty map is a list")

	g := b.AddAgreement(salesdocktest.Agreement{Name: "Voorwaarden", Required: true})
	require.Equal(t, "1", p.do(b.agent, "GET", "beta", "/user/agreements"+id(g.ID), nil).data()["required"])
	b.AddStatus(salesdocktest.Status{ID: "geaccepteerd-1", Name: "Geaccepteerd"})
	statuses := p.do(b.agent, "GET", "beta", "/user/statuses?status_source=sale", nil)
	require.True(t, has(statuses.text, "geaccepteerd-1") && has(statuses.text, "fnalized"))
	require.Empty(t, p.do(b.agent, "GET", "beta", "/user/statuses?status_source=lead", nil).list())
}

func TestProductsAreChanged(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	in := map[string]any{"name": "Nieuw", "identifier": "nieuw", "type": "simple", "active": 1, "cf_kleur": "rood", "price": 9.95}
	made := p.do(b.admin, "POST", "beta", "/account/products", in)
	require.Equal(t, 201, made.status)
	var product struct{ ID json.Number }
	raw, err := json.Marshal(map[string]any{"ID": made.data()["product_id"]})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &product))
	path := "/account/products/" + product.ID.String()
	require.Contains(t, p.do(b.admin, "POST", "beta", "/account/products", in).fields(), "identifier")
	detail := p.do(b.admin, "GET", "beta", path, nil).data()
	require.InDelta(t, 9.95, detail["price"], 0)
	require.Equal(t, map[string]any{"kleur": "rood"}, detail["customfields"])
	require.Equal(t, 200, p.do(b.admin, "PUT", "beta", path, map[string]any{"name": "Nieuw", "identifier": "nieuw", "active": 0}).status)
	require.NotContains(t, p.do(b.admin, "GET", "beta", "/account/products", nil).text, "nieuw")
	require.Contains(t, p.do(b.admin, "GET", "beta", "/account/products?active=0", nil).text, "nieuw")
	require.Equal(t, 400, p.do(b.admin, "PUT", "beta", path, map[string]any{"name": "x"}).status)
	require.Equal(t, 200, p.do(b.admin, "DELETE", "beta", path, nil).status)
	require.Equal(t, 404, p.do(b.admin, "DELETE", "beta", path, nil).status)
	require.Len(t, b.Products(), 2)
}

func TestPeople(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := open(p.srv, "beta")
	bad := p.do(b.admin, "POST", "beta", "/account/invitation", map[string]any{"role": "owner"})
	require.Equal(t, 422, bad.status)
	require.NotContains(t, bad.body, "success")
	require.Len(t, bad.fields(), 3)
	require.Equal(t, 200, p.do(b.admin, "POST", "beta", "/account/invitation", map[string]any{"email": "a@example.com", "role": "agent", "organisation_id": b.partner.ID}).status)
	require.Len(t, b.Invitations(), 1)
	users := p.do(b.admin, "GET", "beta", "/account/users", nil)
	require.True(t, has(users.text, "Koppeling_Alpha") && has(users.text, "alpha-verkoop"))

	company := map[string]any{"name": "Gamma", "identifier": "gamma", "contractor": "yes"}
	require.Len(t, p.do(b.admin, "POST", "beta", "/account/organisations", company).fields(), 7)
	require.Equal(t, 201, p.do(b.admin, "POST", "beta", "/account/organisations", map[string]any{"name": "Gamma", "identifier": "gamma"}).status)
	require.Contains(t, p.do(b.admin, "POST", "beta", "/account/organisations", map[string]any{"name": "Gamma", "identifier": "gamma"}).fields(), "identifier")
	require.Equal(t, 400, p.do(b.admin, "DELETE", "beta", "/account/organisations"+id(b.partner.ID), nil).status, "it has users")
}
