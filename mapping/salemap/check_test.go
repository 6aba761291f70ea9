package salemap_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

func check(t testing.TB, change func(a, b *salemap.Catalogue, m *salemap.Mapping)) []salemap.Finding {
	a, b, m := seller(t), owner(t), chosen()
	if change != nil {
		change(&a, &b, &m)
	}
	return salemap.Check(a, b, m, salemap.Options{PullStatuses: true, Wanted: func(salesdock.ProductID) bool { return true }})
}

func TestGoodMappingHasNoFindings(t *testing.T) {
	t.Parallel()
	require.Empty(t, check(t, nil))
}

type (
	cat  = salemap.Catalogue
	mapp = salemap.Mapping
)

const fault, warning = mapping.SeverityError, mapping.SeverityWarning

// wrong is one thing that is wrong with a mapping, and what the check says.
type wrong struct {
	change   func(a, b *cat, m *mapp)
	severity mapping.Severity
	part     salemap.Part
	code     string
	action   salemap.Action // empty: no suggestion
}

func wrongs() map[string]wrong {
	return map[string]wrong{
		"flow unmapped":           {func(_, _ *cat, m *mapp) { m.Flows = nil }, fault, salemap.PartProduct, salemap.CodeNoFlow, salemap.ActionMap},
		"flow of A gone":          {func(a, _ *cat, _ *mapp) { a.Flows = nil }, fault, salemap.PartFlow, salemap.CodeDangling, salemap.ActionUnmap},
		"flow of B gone":          {func(_, b *cat, _ *mapp) { b.Flows = nil }, fault, salemap.PartFlow, salemap.CodeDangling, salemap.ActionUnmap},
		"flow type differs":       {func(a, _ *cat, _ *mapp) { a.Flows[0].Type = "telecom" }, fault, salemap.PartFlow, salemap.CodeType, ""},
		"flow mapped twice":       {func(_, _ *cat, m *mapp) { m.Flows = append(m.Flows, m.Flows[0]) }, fault, salemap.PartFlow, salemap.CodeDuplicate, salemap.ActionUnmap},
		"flow wants a signature":  {func(_, b *cat, _ *mapp) { b.Flows[0].VerificationMethod = "signature" }, warning, salemap.PartFlow, salemap.CodeSignature, salemap.ActionAskB},
		"flow without sections":   {func(_, b *cat, _ *mapp) { b.Flows[0].Sections = nil }, warning, salemap.PartProduct, salemap.CodeUndecidable, ""},
		"supplier unmapped":       {func(_, _ *cat, m *mapp) { m.Suppliers = nil }, warning, salemap.PartSupplier, salemap.CodeUnmapped, salemap.ActionMap},
		"supplier of A gone":      {func(a, _ *cat, _ *mapp) { a.Suppliers = nil }, warning, salemap.PartSupplier, salemap.CodeDangling, salemap.ActionUnmap},
		"supplier twice":          {func(_, _ *cat, m *mapp) { m.Suppliers = append(m.Suppliers, m.Suppliers[0]) }, warning, salemap.PartSupplier, salemap.CodeDuplicate, salemap.ActionUnmap},
		"product gone at B":       {func(_, b *cat, _ *mapp) { b.Products = b.Products[1:] }, warning, salemap.PartProduct, salemap.CodeDangling, ""},
		"product gone at A":       {func(a, _ *cat, _ *mapp) { a.Products = nil }, warning, salemap.PartProduct, salemap.CodeDangling, ""},
		"required question":       {func(_, _ *cat, m *mapp) { m.Questions = m.Questions[1:] }, fault, salemap.PartQuestion, salemap.CodeUnmapped, salemap.ActionMap},
		"optional question":       {func(_, _ *cat, m *mapp) { m.Questions = m.Questions[:2] }, warning, salemap.PartQuestion, salemap.CodeUnmapped, salemap.ActionMap},
		"question of A gone":      {func(a, _ *cat, _ *mapp) { a.Questions = a.Questions[:2] }, fault, salemap.PartQuestion, salemap.CodeDangling, salemap.ActionUnmap},
		"question of B gone":      {func(_, b *cat, _ *mapp) { b.Questions = b.Questions[:2] }, fault, salemap.PartQuestion, salemap.CodeDangling, salemap.ActionUnmap},
		"question twice":          {func(_, _ *cat, m *mapp) { m.Questions = append(m.Questions, m.Questions[2]) }, fault, salemap.PartQuestion, salemap.CodeDuplicate, salemap.ActionUnmap},
		"type never fits":         {func(_, _ *cat, m *mapp) { m.Questions[0].A = "12" }, fault, salemap.PartQuestion, salemap.CodeType, salemap.ActionChangeA},
		"type depends":            {func(_, _ *cat, m *mapp) { m.Questions[0].A = "13" }, warning, salemap.PartQuestion, salemap.CodeType, salemap.ActionChangeA},
		"option in other case":    {func(_, _ *cat, m *mapp) { m.Questions[0].Options = nil }, fault, salemap.PartQuestion, salemap.CodeOption, salemap.ActionOptions},
		"option that B has not":   {func(_, b *cat, _ *mapp) { b.Questions[0].Options = salesdock.Options{"Old"} }, fault, salemap.PartQuestion, salemap.CodeOption, salemap.ActionChangeA},
		"option that A lost":      {func(a, _ *cat, _ *mapp) { a.Questions[0].Options = salesdock.Options{"Old"} }, warning, salemap.PartQuestion, salemap.CodeDangling, salemap.ActionUnmap},
		"validation":              {func(_, b *cat, _ *mapp) { b.Questions[2].Validator = "iban" }, warning, salemap.PartQuestion, salemap.CodeValidation, salemap.ActionChangeA},
		"B requires, A does not":  {func(a, _ *cat, _ *mapp) { a.Questions[0].Required = false }, warning, salemap.PartQuestion, salemap.CodeRequired, salemap.ActionRequireA},
		"A hides it":              {func(a, _ *cat, _ *mapp) { a.Questions[0].Extra.ProductTypes = []string{"simple"} }, fault, salemap.PartQuestion, salemap.CodeHidden, salemap.ActionChangeA},
		"types unreadable":        {func(_, b *cat, _ *mapp) { b.Questions[2].Extra.Unreadable = true }, warning, salemap.PartQuestion, salemap.CodeUndecidable, ""},
		"agreement unmapped":      {func(_, _ *cat, m *mapp) { m.Agreements = nil }, fault, salemap.PartAgreement, salemap.CodeUnmapped, salemap.ActionMap},
		"agreement of A gone":     {func(a, _ *cat, _ *mapp) { a.Agreements = nil }, fault, salemap.PartAgreement, salemap.CodeDangling, salemap.ActionUnmap},
		"agreement of B gone":     {func(_, b *cat, _ *mapp) { b.Agreements = nil }, fault, salemap.PartAgreement, salemap.CodeDangling, salemap.ActionUnmap},
		"agreement twice":         {func(_, _ *cat, m *mapp) { m.Agreements = append(m.Agreements, m.Agreements[0]) }, fault, salemap.PartAgreement, salemap.CodeDuplicate, salemap.ActionUnmap},
		"agreement only optional": {func(a, _ *cat, _ *mapp) { a.Agreements[0].Required = false }, warning, salemap.PartAgreement, salemap.CodeRequired, salemap.ActionRequireA},
		"custom status":           {func(_, _ *cat, m *mapp) { m.Statuses = m.Statuses[:1] }, warning, salemap.PartStatus, salemap.CodeNotSynced, salemap.ActionMap},
		"status of A gone":        {func(_, _ *cat, m *mapp) { m.Statuses[1].A = "gone" }, fault, salemap.PartStatus, salemap.CodeDangling, salemap.ActionUnmap},
		"status twice":            {func(_, _ *cat, m *mapp) { m.Statuses = append(m.Statuses, m.Statuses[0]) }, fault, salemap.PartStatus, salemap.CodeDuplicate, salemap.ActionUnmap},
		"status of B gone":        {func(_, b *cat, _ *mapp) { b.Statuses = b.Statuses[:2] }, warning, salemap.PartStatus, salemap.CodeDangling, salemap.ActionUnmap},
		"system status missing":   {func(a, _ *cat, _ *mapp) { a.Statuses = a.Statuses[1:] }, warning, salemap.PartStatus, salemap.CodeNotSynced, ""},
	}
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tc := range wrongs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := check(t, tc.change)
			i := slices.IndexFunc(found, func(f salemap.Finding) bool {
				return f.Severity == tc.severity && f.Part == tc.part && f.Code == tc.code
			})
			require.GreaterOrEqual(t, i, 0, "%v", found)
			require.Equal(t, tc.severity == fault, salemap.HasErrors(found), "%v", found)
			if tc.action == "" {
				require.Nil(t, found[i].Suggestion)
				return
			}
			require.NotNil(t, found[i].Suggestion)
			require.Equal(t, tc.action, found[i].Suggestion.Action)
		})
	}
}

func TestSuggestionsMendWhatTheySuggest(t *testing.T) {
	t.Parallel()
	found := check(t, func(_, _ *salemap.Catalogue, m *salemap.Mapping) {
		m.Questions[0].Options = nil
		m.Statuses = nil
		m.Agreements = nil
	})
	a, b, m := seller(t), owner(t), chosen()
	m.Questions[0].Options, m.Statuses, m.Agreements = nil, nil, nil
	for _, f := range found {
		switch s := f.Suggestion; {
		case s == nil:
		case s.Action == salemap.ActionOptions:
			m.Questions[0].Options = s.Options
		case f.Part == salemap.PartStatus && s.A != "":
			m.Statuses = append(m.Statuses, salemap.StatusPair{A: s.A, B: s.B})
		}
	}
	require.Equal(t, map[string]string{"Smart": "smart"}, m.Questions[0].Options)
	require.Equal(t, []salemap.StatusPair{{B: "verwerkt", A: "processed-a"}}, m.Statuses)
	require.NotEmpty(t, salemap.Check(a, b, m, salemap.Options{})) // nobody can guess the agreement
}

// Importing more products brings more questions, which the check then asks for.
func TestOnlyQuestionsOfImportedProductsCount(t *testing.T) {
	t.Parallel()
	extra := question(t, `{"id":114,"name":"Boiler place","identifier":"place","input_type":"text","required":"1","visible":"1","extra":"{\"product_types\":[\"simple\"]}"}`)
	with := func(imported ...salemap.ProductPair) []salemap.Finding {
		return check(t, func(a, b *salemap.Catalogue, m *salemap.Mapping) {
			a.Products = append(a.Products, salemap.Product{ID: "502", Name: "Boiler", Type: "simple"})
			b.Questions = append(b.Questions, extra)
			m.Products = append(m.Products, imported...)
		})
	}
	require.Empty(t, with())
	found := with(salemap.ProductPair{A: "502", B: "3466"})
	require.True(t, slices.ContainsFunc(found, func(f salemap.Finding) bool { return f.Code == salemap.CodeUnmapped && f.B == "114" }), "%v", found)
}

// A rule on another question's answer can't be decided before there is a sale:
// the question is listed, and says so.
func TestUndecidableQuestionsAreListed(t *testing.T) {
	t.Parallel()
	found := check(t, func(_, b *salemap.Catalogue, m *salemap.Mapping) {
		b.Questions = append(b.Questions, question(t, `{"id":115,"name":"Serial","identifier":"serial","input_type":"text","required":"1","rule_visible":"1",
			"rule":{"type":"condition","identifier":"question.id","name":"Meter","operator":"=","value":"Old"}}`))
	})
	require.Len(t, found, 2, "%v", found)
	for _, f := range found {
		require.Equal(t, mapping.SeverityWarning, f.Severity)
		require.Equal(t, "115", f.B)
	}
}

func TestTypeMatrix(t *testing.T) {
	t.Parallel()
	types := []salesdock.InputType{salesdock.InputText, salesdock.InputDate, salesdock.InputSwitchDate, salesdock.InputSingle, salesdock.InputMultiple, salesdock.InputFile, "signature"}
	const f, d, n = salemap.Fits, salemap.Depends, salemap.Never
	matrix := [][]salemap.Fit{ // rows: A's type; columns: B's
		{f, d, n, d, n, n, n}, // text
		{f, f, f, n, n, n, n}, // date
		{d, d, f, n, n, n, n}, // switchdate
		{f, n, n, f, f, n, n}, // mc-single
		{n, n, n, n, f, n, n}, // mc-multi
		{n, n, n, n, n, f, n}, // file
		{n, n, n, n, n, n, n}, // a type that is not published
	}
	for i, a := range types {
		for j, b := range types {
			require.Equal(t, matrix[i][j], salemap.FitOf(a, b), "%s to %s", a, b)
		}
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	m := salemap.Mapping{Statuses: []salemap.StatusPair{{B: "sent", A: "own"}, {B: "verwerkt", A: "done"}}}
	for id, want := range map[string]struct {
		a    string
		kind salemap.StatusKind
	}{
		"new": {"new", salemap.StatusSystem}, "fnalized": {"fnalized", salemap.StatusSystem}, "sent": {"own", salemap.StatusMapped},
		"verwerkt": {"done", salemap.StatusMapped}, "brand-new": {"", salemap.StatusUnmapped},
	} {
		a, kind := salemap.Translate(m, id, salemap.StatusOptions{})
		require.Equal(t, want.a, a, id)
		require.Equal(t, want.kind, kind, id)
	}
	_, kind := salemap.Translate(m, "new", salemap.StatusOptions{System: []string{}})
	require.Equal(t, salemap.StatusUnmapped, kind)

	b := &salemap.Catalogue{Statuses: []salesdock.Status{{ID: "new"}, {ID: "sent"}, {ID: "own-b"}}}
	require.Len(t, salemap.StatusLines(b, m, salemap.StatusOptions{}, false), 2)
	require.Len(t, salemap.StatusLines(b, m, salemap.StatusOptions{}, true), 3)
}
