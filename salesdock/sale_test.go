package salesdock_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/stretchr/testify/require"
)

const fullSale = `{
	"id": 228840, "type": "order", "status": {"status_identifier":"sent","status":"Verzonden","status_remark":null}, "offer_accepted": null,
	"created_at": "2024-06-20 10:00:00", "processed": {"processed_at":"2024-06-21 00:31:00","outgoing_id":"99","outgoing_app":"salesdock"},
	"cancelled": null, "source": [], "relation": {"id":5,"label":"Jansen"}, "totals": [], "discounts": [],
	"customer": {"firstname":"Robin","lastname":"Jansen","birthdate":"01-02-1980","email":"robin@example.com","business":false,
		"address":{"postcode":"1234AB","housenumber":12,"suffix":null,"streetname":"Dorpsstraat","city":"Ons Dorp"},"correspondence_address":null},
	"created_by": {"user":{"id":3,"username":"a"},"organisation":{"id":4,"identifier":"alpha","label":"Alpha"},"team":null},
	"product": {"id":1,"identifier":"p","label":"Stroom"},
	"products": [{"id":1,"name":"Stroom","quantity":1,"vat_percentage":21,"price_data":{"monthly":{"price":9.95,"promotion_months":3}}},{"id":null,"name":"Pakket","price_data":[]}],
	"supplier": {"id":7,"identifier":"s","label":"S"}, "flow": {"id":2,"identifier":"stroom","type":"default","label":"Stroom"},
	"flow_data": {"product_questions":[{"id":3,"identifier":"ingang","type":"date","label":"Ingang","value":"2024-06-20"}],
		"agreements":[{"id":4,"identifier":"av","value":true}],"product_subsidies":[]},
	"flow_data_energie": {"multisite":false,"sites":[{"electricity":{"ean_code":"871687110000000055","usage_single":1200},"gas":[]}]},
	"extrafields": {"sale":[],"products":null}, "bundle": null}`

func TestSale(t *testing.T) {
	t.Parallel()
	s := decode[salesdock.Sale](t, fullSale)
	require.Equal(t, salesdock.SaleID("228840"), s.ID)
	require.Equal(t, "sent", s.Status.ID)
	require.Equal(t, salesdock.Order, s.Type)
	require.Equal(t, "salesdock", string(s.Processed.OutgoingApp))
	require.Nil(t, s.Cancelled)
	require.Nil(t, s.Source, "an empty list is none")
	require.Equal(t, salesdock.Text("12"), s.Customer.Address.Housenumber)
	require.Equal(t, countersign.Date{Year: 1980, Month: time.February, Day: 1}, s.Customer.Birthdate.Date)
	require.Equal(t, salesdock.OrganisationID("4"), s.CreatedBy.Organisation.ID)
	require.Equal(t, salesdock.FlowID("2"), s.Flow.ID)
	require.Equal(t, "default", s.Flow.Type)
	price, ok := s.Products[0].PriceOf("monthly")
	require.True(t, ok)
	require.Equal(t, "9.95", price.Price.String())
	require.Equal(t, salesdock.Int(3), price.PromotionMonths)
	_, ok = s.Products[1].PriceOf("monthly")
	require.False(t, ok)
	require.Empty(t, s.Products[1].ID, "a package is no product of the catalogue")
	require.Equal(t, "2024-06-20", s.FlowData.Questions[0].Value.Text)
	require.True(t, bool(s.FlowData.Agreements[0].Value))
	require.Equal(t, salesdock.Text("871687110000000055"), s.Energy.Sites[0].Electricity.EAN, "the name of the documentation is read too")
	require.Nil(t, s.Energy.Sites[0].Gas)
	require.False(t, s.Masked())

	sample := decode[salesdock.Sale](t, `{"flow_data":[],"flow_data_energy":{"sites":[]},"flow_data_solar_panels":{"a":1},"extrafields":[],"processed":[],"customer":{"address":[]}}`)
	require.NotNil(t, sample.Energy)
	require.JSONEq(t, `{"a":1}`, string(sample.SolarPanel))
	require.Nil(t, sample.Processed)
}

func TestMaskedSales(t *testing.T) {
	t.Parallel()
	masked := decode[salesdock.Sale](t, strings.NewReplacer(`"Robin"`, `"*****"`, `"Jansen"`, `""`, `"01-02-1980"`, `null`).Replace(fullSale))
	require.True(t, masked.Masked())
	street := decode[salesdock.Sale](t, strings.ReplaceAll(fullSale, "Dorpsstraat", "***** *****"))
	require.True(t, street.Masked())
	for _, text := range []string{`{"email":"****@******.***"}`, `{"birthdate":"*****"}`, `{"connection_city":"*****"}`} {
		row := decode[salesdock.SaleRow](t, text)
		require.True(t, row.Masked(), text)
	}
	for text, want := range map[string]bool{`{"lastname":"*****"}`: true, `{"lastname":"Jansen"}`: false} {
		lead, relation := decode[salesdock.Lead](t, text), decode[salesdock.Relation](t, text)
		nested := decode[salesdock.Relation](t, `{"customer":`+text+`}`)
		require.Equal(t, want, lead.Masked(), text)
		require.Equal(t, want, relation.Masked(), text)
		require.Equal(t, want, nested.Masked(), text)
	}
	site := decode[salesdock.Sale](t, `{"flow_data_energy":{"sites":[{"address":{"streetname":"*****"}}]}}`)
	require.True(t, site.Masked())
	row := decode[salesdock.SaleRow](t, `{"firstname":"Robin","business":"1"}`)
	require.False(t, row.Masked())
	require.True(t, bool(row.Business))
}

func answers(a salesdock.Answer) map[string]salesdock.Answer {
	return map[string]salesdock.Answer{"vraag": a}
}

// TestCustomerMailIsDecided: without a decision nothing is sent.
func TestCustomerMailIsDecided(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	contract := salesdock.Contract{Date: may2, PDF: []byte("%PDF")}
	for name, change := range map[string]func(*salesdock.NewSale){
		"no decision":        func(s *salesdock.NewSale) { s.Mail = salesdock.CustomerMail{} },
		"contract, no date":  func(s *salesdock.NewSale) { s.Mail = salesdock.NoCustomerMail(salesdock.Contract{PDF: contract.PDF}) },
		"contract, no file":  func(s *salesdock.NewSale) { s.Mail = salesdock.NoCustomerMail(salesdock.Contract{Date: may2}) },
		"no name":            func(s *salesdock.NewSale) { s.Lastname = " " },
		"no house number":    func(s *salesdock.NewSale) { s.Connection.Housenumber = "" },
		"house number 1a":    func(s *salesdock.NewSale) { s.Connection.Housenumber = "1a" },
		"business, no name":  func(s *salesdock.NewSale) { s.Business = true },
		"other type":         func(s *salesdock.NewSale) { s.Type = "sale" },
		"no flow":            func(s *salesdock.NewSale) { s.FlowIdentifier = "" },
		"a masked last name": func(s *salesdock.NewSale) { s.Lastname = "*****" },
		"a masked suffix":    func(s *salesdock.NewSale) { s.Connection.Suffix = "*****" },
		"a masked answer":    func(s *salesdock.NewSale) { s.Answers = answers(salesdock.TextAnswer("***** *****")) },
		"a masked choice":    func(s *salesdock.NewSale) { s.Answers = answers(salesdock.ChoicesAnswer("a", "*****")) },
		"born on 30-02":      func(s *salesdock.NewSale) { s.Birthdate = countersign.Date{Year: 2000, Month: time.February, Day: 30} },
		"answer of 31-04": func(s *salesdock.NewSale) {
			s.Answers = answers(salesdock.DateAnswer(countersign.Date{Year: 2026, Month: time.April, Day: 31}, time.DateOnly))
		},
		"decided beside Mail":         func(s *salesdock.NewSale) { s.Further = map[string]any{"contract_date": "01-01-2026"} },
		"decided by the kind of flow": func(s *salesdock.NewSale) { s.Kind = map[string]any{"contract_pdf": 1} },
		"a kind that is a list":       func(s *salesdock.NewSale) { s.Kind = []int{1} },
	} {
		in := order()
		change(&in)
		_, err := c.Sales.Create(t.Context(), in)
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
		require.Equal(t, strings.Contains(name, "masked"), err == salesdock.ErrMasked, name) //nolint:errorlint // the sentinel itself
	}
	require.Zero(t, mt.GetTotalCallCount())
}

func TestSilentSale(t *testing.T) {
	t.Parallel()
	in := order()
	in.Mail = salesdock.NoCustomerMail(salesdock.Contract{Date: may2, PDF: []byte("%PDF")})
	in.Answers = map[string]salesdock.Answer{
		"naam": salesdock.TextAnswer("x"), "keuzes": salesdock.ChoicesAnswer("a", "b"), "geen": salesdock.ChoicesAnswer(),
		"ingang": salesdock.DateAnswer(may2, time.DateOnly), "overstap": salesdock.SwitchDateAnswer(salesdock.SwitchOther, may2, "02-01-2006"),
		"snel": salesdock.SwitchDateAnswer(salesdock.SwitchAsSoonAsPossible, may2, "02-01-2006"), "later": salesdock.DateAnswer(countersign.Date{}, time.DateOnly),
		"bijlage": salesdock.FileAnswer(salesdock.File{Name: "a.png", Extension: "png", Content: []byte{1}}),
	}
	in.Connection.Housenumber = "012"
	in.Agreements = []string{"av"}
	in.SoldAt = time.Date(2025, time.July, 1, 10, 0, 0, 0, time.UTC)
	in.ExternalReference = "alpha:9"
	in.Kind = salesdock.BelgianEnergySale{EnergySale: salesdock.EnergySale{Type: "e", EAN: "541448860000000000"}, Region: "flanders"}
	in.Further = map[string]any{"low_tariff_time": "x", "firstname": "never replaced"}
	data, err := json.Marshal(in)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(data, &got))
	require.Equal(t, "02-05-2025", got["contract_date"])
	require.InDelta(t, 12, got["connection_housenumber"], 0, "a number has no zeros in front")
	require.Equal(t, map[string]any{"content": "JVBERg==", "extension": "pdf", "created_at": "2025-05-02 00:00:00"}, got["contract_pdf"])
	require.Equal(t, map[string]any{
		"naam": "x", "keuzes": []any{"a", "b"}, "geen": []any{}, "ingang": "2025-05-02", "overstap_switchdate_option": "Anders", "overstap": "02-05-2025",
		"snel_switchdate_option": "Zo snel als mogelijk", "bijlage": []any{map[string]any{"name": "a.png", "extension": "png", "content": "AQ=="}},
	}, got["questionData"])
	require.Equal(t, map[string]any{"av": "1"}, got["agreements"])
	require.Equal(t, "2025-07-01 12:00:00", got["initial_created_at"])
	require.Equal(t, "alpha:9", got["external_reference"])
	require.Equal(t, "flanders", got["region"])
	require.Equal(t, "flanders", got["connection_region_code"])
	require.Equal(t, "541448860000000000", got["electricity_ean"])
	require.Equal(t, "x", got["low_tariff_time"])
	require.Equal(t, "Robin", got["firstname"])
}

// TestLeadWithoutASale: nothing is no error, in any of its shapes.
func TestLeadWithoutASale(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	for _, body := range []string{`{"success":true,"data":[]}`, `{"success":true,"data":null}`, `{"success":true}`} {
		mt.RegisterResponder("GET", base+"/user/leads/4/sale", answer(200, body))
		sale, err := c.Sales.OfLead(t.Context(), "4")
		require.NoError(t, err, body)
		require.Nil(t, sale, body)
	}
	mt.RegisterResponder("GET", base+"/user/leads/4/sale", answer(200, `{"success":true,"data":{"id":9}}`))
	sale, err := c.Sales.OfLead(t.Context(), "4")
	require.NoError(t, err)
	require.Equal(t, salesdock.SaleID("9"), sale.ID)
}
