package salemap_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

func carry(t testing.TB, change func(s *salesdock.Sale, a, b *salemap.Catalogue, m *salemap.Mapping)) salemap.Carried {
	t.Helper()
	fields, err := salemap.New(salemap.Config{})
	require.NoError(t, err)
	s, a, b, m := sold(t), seller(t), owner(t), chosen()
	if change != nil {
		change(s, &a, &b, &m)
	}
	return salemap.Carry(fields, s, &a, &b, m)
}

// wire is the body of a new sale as it is sent.
func wire(t testing.TB, n salesdock.NewSale) map[string]any {
	t.Helper()
	n.Mail = salesdock.SendCustomerMail()
	data, err := json.Marshal(n)
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(data, &out))
	return out
}

func TestCarryWritesTheSaleInTermsOfB(t *testing.T) {
	t.Parallel()
	c := carry(t, nil)
	require.Empty(t, c.Findings)
	require.Equal(t, "energy-b", c.New.FlowIdentifier)
	require.Equal(t, salesdock.ProductID("3465"), c.New.ProductID)
	require.Equal(t, []string{"conditions-b"}, c.New.Agreements)
	body := wire(t, c.New)
	require.Equal(t, map[string]any{
		"meter-b": "smart", "switch-b": "01-05-2026", "switch-b_switchdate_option": "Anders", "remarks": "call first",
	}, body["questionData"])
	for name, want := range map[string]any{
		"lastname": "van der Berg", "birthdate": "24-12-1980", "connection_housenumber": 12.0, "housenumber": "12", "city": "Utrecht",
		"initial_user_firstname": "Sanne", "initial_organisation_name": "North", "initial_created_at": "2026-03-01 10:00:00", "transaction_type": "order",
	} {
		require.Equal(t, want, body[name], name)
	}
	c.New.Mail = salesdock.SendCustomerMail()
	require.NoError(t, c.New.Validate())
}

func TestCarryRefusesWhatCantBeSent(t *testing.T) {
	t.Parallel()
	type sale = salesdock.Sale
	type cat = salemap.Catalogue
	type mapp = salemap.Mapping
	answer := func(s *sale, value string) {
		_ = json.Unmarshal([]byte(value), &s.FlowData.Questions[0].Value)
	}
	for name, tc := range map[string]struct {
		change func(s *sale, a, b *cat, m *mapp)
		part   salemap.Part
		code   string
	}{
		"masked":                {func(s *sale, _, _ *cat, _ *mapp) { s.Customer.Email = "****@******.***" }, salemap.PartSale, salemap.CodeMasked},
		"masked answer":         {func(s *sale, _, _ *cat, _ *mapp) { s.FlowData.Questions[2].Value.Text = "*****" }, salemap.PartQuestion, salemap.CodeMasked},
		"flow unmapped":         {func(_ *sale, _, _ *cat, m *mapp) { m.Flows = nil }, salemap.PartFlow, salemap.CodeUnmapped},
		"flow gone":             {func(_ *sale, _, b *cat, _ *mapp) { b.Flows = nil }, salemap.PartFlow, salemap.CodeDangling},
		"flow of another type":  {func(s *sale, _, _ *cat, _ *mapp) { s.Flow.Type = "telecom" }, salemap.PartFlow, salemap.CodeType},
		"product not of B":      {func(s *sale, _, _ *cat, _ *mapp) { s.Product.ID = "9" }, salemap.PartProduct, salemap.CodeUnmapped},
		"product gone":          {func(_ *sale, _, b *cat, _ *mapp) { b.Products = nil }, salemap.PartProduct, salemap.CodeDangling},
		"main product twice":    {func(s *sale, _, _ *cat, _ *mapp) { s.Products[0].Quantity = 2 }, salemap.PartProduct, salemap.CodeShape},
		"package":               {func(s *sale, _, _ *cat, _ *mapp) { s.Products[0].ID = "" }, salemap.PartProduct, salemap.CodeShape},
		"no offer, no order":    {func(s *sale, _, _ *cat, _ *mapp) { s.Type = "lease" }, salemap.PartSale, salemap.CodeShape},
		"no e-mail":             {func(s *sale, _, _ *cat, _ *mapp) { s.Customer.Email = "" }, salemap.PartSale, salemap.CodeValue},
		"house number":          {func(s *sale, _, _ *cat, _ *mapp) { s.Customer.Address.Housenumber = "12a" }, salemap.PartSale, salemap.CodeValue},
		"several energy sites":  {func(s *sale, _, _ *cat, _ *mapp) { s.Energy = &salesdock.EnergyData{Multisite: true} }, salemap.PartSale, salemap.CodeShape},
		"solar panels":          {func(s *sale, _, _ *cat, _ *mapp) { s.SolarPanel = []byte(`{"panels":3}`) }, salemap.PartSale, salemap.CodeShape},
		"option not of B":       {func(s *sale, _, _ *cat, _ *mapp) { answer(s, `"Unheard of"`) }, salemap.PartQuestion, salemap.CodeOption},
		"two answers to one":    {func(s *sale, _, _ *cat, _ *mapp) { answer(s, `["Smart","Old"]`) }, salemap.PartQuestion, salemap.CodeValue},
		"answer missing":        {func(s *sale, _, _ *cat, _ *mapp) { answer(s, `null`) }, salemap.PartQuestion, salemap.CodeMissing},
		"required unmapped":     {func(_ *sale, _, _ *cat, m *mapp) { m.Questions = m.Questions[1:] }, salemap.PartQuestion, salemap.CodeUnmapped},
		"no day":                {func(s *sale, _, _ *cat, _ *mapp) { s.FlowData.Questions[1].Value.Text = "in spring" }, salemap.PartQuestion, salemap.CodeValue},
		"type never fits":       {func(_ *sale, _, _ *cat, m *mapp) { m.Questions[0].A = "12" }, salemap.PartQuestion, salemap.CodeType},
		"agreement not given":   {func(s *sale, _, _ *cat, _ *mapp) { s.FlowData.Agreements[0].Value = false }, salemap.PartAgreement, salemap.CodeMissing},
		"agreement not mapped":  {func(_ *sale, _, _ *cat, m *mapp) { m.Agreements = nil }, salemap.PartAgreement, salemap.CodeUnmapped},
		"too many of a product": {withBoiler(3), salemap.PartProduct, salemap.CodeShape},
		"product in no section": {func(s *sale, a, b *cat, m *mapp) {
			withBoiler(1)(s, a, b, m)
			b.Flows[0].Sections[0].Products = b.Flows[0].Sections[0].Products[:1]
		}, salemap.PartProduct, salemap.CodeNoFlow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := carry(t, tc.change)
			require.True(t, salemap.HasErrors(c.Findings))
			require.True(t, slices.ContainsFunc(c.Findings, func(f salemap.Finding) bool { return f.Part == tc.part && f.Code == tc.code }), "%v", c.Findings)
			for _, f := range c.Findings {
				require.NotContains(t, f.String(), "jan@example.nl")
			}
		})
	}
}

func withBoiler(n salesdock.Int) func(*salesdock.Sale, *salemap.Catalogue, *salemap.Catalogue, *salemap.Mapping) {
	return func(s *salesdock.Sale, _, _ *salemap.Catalogue, m *salemap.Mapping) {
		s.Products = append(s.Products, salesdock.SaleProduct{ID: "502", Name: "Boiler", Quantity: n})
		m.Products = append(m.Products, salemap.ProductPair{A: "502", B: "3466"})
	}
}

func TestRelatedProductsGetTheSectionOfB(t *testing.T) {
	t.Parallel()
	c := carry(t, withBoiler(2))
	require.Empty(t, c.Findings)
	require.Equal(t, []salesdock.RelatedProduct{{ProductID: "3466", Quantity: 2, Section: "main"}}, c.New.Related)
}

func TestAnswersOfEveryTypeAreWritten(t *testing.T) {
	t.Parallel()
	c := carry(t, func(s *salesdock.Sale, a, b *salemap.Catalogue, m *salemap.Mapping) {
		b.Questions = append(b.Questions,
			question(t, `{"id":116,"name":"Extras","identifier":"extras-b","input_type":"mc-multi","visible":"1","options":"Boiler\nAccu"}`),
			question(t, `{"id":117,"name":"Bill","identifier":"bill-b","input_type":"file","visible":"1"}`),
			question(t, `{"id":118,"name":"Day","identifier":"day-b","input_type":"date","visible":"1"}`))
		m.Questions = append(m.Questions, salemap.QuestionPair{A: "14", B: "116", Options: map[string]string{"Battery": "Accu"}},
			salemap.QuestionPair{A: "15", B: "117"}, salemap.QuestionPair{A: "12", B: "118"})
		var more []salesdock.AnsweredQuestion
		require.NoError(t, json.Unmarshal([]byte(`[{"id":14,"type":"mc-multi","value":["Boiler","Battery"]},
			{"id":15,"type":"file","value":[{"name":"bill","extension":"pdf","location":"https://app.salesdock.nl/api/a/v1/user/x"}]}]`), &more))
		s.FlowData.Questions = append(s.FlowData.Questions, more...)
	})
	require.Empty(t, c.Findings)
	body := wire(t, c.New)["questionData"].(map[string]any)
	require.Equal(t, []any{"Boiler", "Accu"}, body["extras-b"])
	require.Equal(t, "2026-05-01", body["day-b"])
	require.Len(t, c.Files["bill-b"], 1)
}

// With the customer's answers a rule on another question can be decided.
func TestRulesAreDecidedByTheSalesAnswers(t *testing.T) {
	t.Parallel()
	ask := func(value string) salemap.Carried {
		return carry(t, func(_ *salesdock.Sale, _, b *salemap.Catalogue, _ *salemap.Mapping) {
			b.Questions = append(b.Questions, question(t, `{"id":119,"name":"Serial","identifier":"serial","input_type":"text","required":"1","rule_visible":"1",
				"rule":{"type":"condition","identifier":"question.id","name":"Meter","operator":"=","value":"`+value+`"}}`))
		})
	}
	require.Empty(t, ask("Old").Findings)
	require.True(t, salemap.HasErrors(ask("smart").Findings))
	// Two questions of that name: nobody can tell which is meant, and nothing is taken for true.
	c := carry(t, func(_ *salesdock.Sale, _, b *salemap.Catalogue, _ *salemap.Mapping) {
		b.Questions[2].Name = "Meter"
		b.Questions = append(b.Questions, question(t, `{"id":119,"name":"Serial","identifier":"serial","input_type":"text","required":"1","rule_visible":"1",
			"rule":{"type":"condition","identifier":"question.id","name":"Meter","operator":"=","value":"smart"}}`))
	})
	require.False(t, salemap.HasErrors(c.Findings), "%v", c.Findings)
	require.Len(t, c.Findings, 1)
	require.Equal(t, salemap.CodeUndecidable, c.Findings[0].Code)
}

func TestEnergySitesAreFlattened(t *testing.T) {
	t.Parallel()
	c := carry(t, func(s *salesdock.Sale, _, _ *salemap.Catalogue, _ *salemap.Mapping) {
		require.NoError(t, json.Unmarshal([]byte(`{"multisite":false,"sites":[{"living_working_function":"1",
			"electricity":{"ean_code":"871687120000000001","double_meter":true,"usage_normal":1200,"usage_low":"800","return_normal":"0","connection":"E_3X25A"},
			"gas":{"ean_code":"871687120000000002","usage":1100,"gasregion":"3"}}]}`), &s.Energy))
	})
	require.Empty(t, c.Findings)
	body := wire(t, c.New)
	for name, want := range map[string]any{
		"type": "e_g", "building_function": 1.0, "tarifftype": 1.0, "usage_e_high": 1200.0, "usage_e_low": 800.0, "usage_g": 1100.0, "has_return": 0.0,
		"g_region": "3", "electricity_ean": "871687120000000001", "e_connection_type": "E_3X25A",
	} {
		require.EqualValues(t, want, body[name], name)
	}
}

func TestFaultsAreSaidInTermsOfA(t *testing.T) {
	t.Parallel()
	a, b, m := seller(t), owner(t), chosen()
	got := salemap.Faults([]countersign.FieldError{
		{Name: "questionData.meter-b", Message: "kies een optie"}, {Name: "questionData[switch-b_switchdate_option]"}, {Name: "agreements.conditions-b"},
		{Name: "connection_postcode"}, {Name: "something_else"},
	}, &a, &b, m)
	require.Equal(t, []salemap.Fault{
		{Field: "questionData.meter-b", Part: salemap.PartQuestion, A: "11", B: "111", Name: "Meter type", Reason: "kies een optie"},
		{Field: "questionData[switch-b_switchdate_option]", Part: salemap.PartQuestion, A: "12", B: "112", Name: "Start"},
		{Field: "agreements.conditions-b", Part: salemap.PartAgreement, A: "21", B: "121", Name: "Terms"},
		{Field: "connection_postcode", Part: salemap.PartSale, Name: "Postcode"},
		{Field: "something_else", Part: salemap.PartSale, Name: "something_else"},
	}, got)
}
