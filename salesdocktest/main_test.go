package salesdocktest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/salesdocktest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program speaks plain HTTP to a fake.
type program struct {
	t      *testing.T
	srv    *salesdocktest.Server
	client *http.Client
}

func start(t *testing.T, opts ...salesdocktest.Option) *program {
	t.Helper()
	srv := salesdocktest.NewServer(opts...)
	tr := &http.Transport{}
	t.Cleanup(func() { tr.CloseIdleConnections(); srv.Close() })
	return &program{t: t, srv: srv, client: &http.Client{Transport: tr}}
}

type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) data() map[string]any {
	m, _ := a.body["data"].(map[string]any)
	return m
}

func (a answer) list() []any {
	l, _ := a.body["data"].([]any)
	return l
}

// fields are the names of the fields that were refused.
func (a answer) fields() map[string]any {
	m, _ := a.body["errors"].(map[string]any)
	return m
}

// do calls an account: path begins behind the version.
func (p *program) do(token, method, domain, path string, body any) answer {
	p.t.Helper()
	var r io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		require.NoError(p.t, err)
		r = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.srv.URL()+"/api/"+domain+"/v1"+path, r)
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := p.client.Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	a := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.body) // files are no JSON
	return a
}

// shop is an environment with one of everything.
type shop struct {
	*salesdocktest.Account
	admin, agent string
	partner      *salesdocktest.Organisation
	product      *salesdocktest.Product
	hidden       *salesdocktest.Product
	flow         *salesdocktest.Flow
}

func open(srv *salesdocktest.Server, domain string) *shop {
	s := &shop{Account: srv.AddAccount(domain)}
	s.admin = s.AdminToken()
	s.partner = s.AddOrganisation("Alpha Verkoop")
	s.agent = s.AddToken(s.AddUser(salesdocktest.User{Firstname: "Koppeling_Alpha", Organisation: s.partner}))
	s.product = s.AddProduct(salesdocktest.Product{
		Name: "Stroom", Type: "energy_e", Supplier: s.AddSupplier("Energie BV"), Custom: map[string]string{"tariff_single": "0.20"},
		Documents: []salesdocktest.File{{Name: "voorwaarden.pdf", Content: []byte("%PDF")}},
	})
	s.hidden = s.AddProduct(salesdocktest.Product{Name: "Intern"})
	s.flow = s.AddFlow(salesdocktest.Flow{Title: "Stroom", Sections: []salesdocktest.Section{{Title: "Hoofd", Products: []*salesdocktest.Product{s.product}}}})
	s.Grant(s.partner, s.product)
	s.GrantFlow(s.partner, s.flow)
	return s
}

// order is a create request that is complete.
func (s *shop) order() map[string]any {
	return map[string]any{
		"transaction_type": "order", "connection_postcode": "1234AB", "connection_housenumber": 1, "connection_streetname": "Dorpsstraat",
		"connection_city": "Ons Dorp", "postcode": "1234AB", "housenumber": "1", "streetname": "Dorpsstraat", "city": "Ons Dorp",
		"firstname": "Robin", "lastname": "Jansen", "birthdate": "01-02-1980", "email": "robin@example.com", "phone": "0612345678",
		"product_id": strconv.Itoa(s.product.ID), "business": 0, "questionData": map[string]any{}, "agreements": map[string]any{},
		"external_reference": "alpha:1",
	}
}

func noon() *countersigntest.Clock {
	return countersigntest.NewClock(time.Date(2025, time.July, 1, 10, 0, 0, 0, time.UTC))
}

func id(n int) string { return "/" + strconv.Itoa(n) }

func has(text, part string) bool { return strings.Contains(text, part) }
