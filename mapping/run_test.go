package mapping_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
)

func mustCompile(t testing.TB, d mapping.Definition[order, invoice]) *mapping.Map[order, invoice] {
	t.Helper()
	m, err := d.Compile()
	require.NoError(t, err)
	return m
}

func TestRunCarriesEveryKind(t *testing.T) {
	t.Parallel()
	src := order{
		Title: "  A deal ", Cents: new(int64(math.MinInt64)), Due: countersign.Date{Year: 2026, Month: 2, Day: 28},
		Placed: time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("JST", 9*3600)), Paid: true, Priority: "high", Tags: []string{"a", "b"},
	}
	var got invoice
	res := mustCompile(t, definition(fullRules()...)).Run(&src, &got)
	require.Empty(t, res.Findings)
	require.True(t, got.Placed.Equal(src.Placed))
	got.Placed = time.Time{}
	require.Equal(t, invoice{Title: "  A deal ", Total: math.MinInt64, HasTotal: true, Due: src.Due, Paid: true,
		Urgency: "urgent", Tags: []string{"a", "b"}, Currency: "JPY", Writes: 8}, got)
	require.Equal(t, []mapping.Origin{
		{To: "title", From: "title", State: mapping.StateCopied},
		{To: "total", From: "cents", State: mapping.StateCopied},
		{To: "due", From: "due", State: mapping.StateCopied},
		{To: "placed", From: "placed", State: mapping.StateCopied},
		{To: "paid", From: "paid", State: mapping.StateCopied},
		{To: "urgency", From: "priority", State: mapping.StateTransformed},
		{To: "tags", From: "tags", State: mapping.StateCopied},
		{To: "currency", State: mapping.StateConstant},
	}, res.Origins)
}

func TestRunLeavesTargetsWithoutInformationAlone(t *testing.T) {
	t.Parallel()
	got := invoice{Title: "before", Total: 9, Urgency: "before"}
	res := mustCompile(t, definition(rule("title", "title"), rule("cents", "total"), fullRules()[5])).
		Run(&order{Title: " \t\u3000", Priority: "low"}, &got)
	require.Empty(t, res.Findings)
	require.Equal(t, invoice{Title: "before", Total: 9, Urgency: "before"}, got)
	require.Equal(t, []mapping.Origin{
		{To: "title", State: mapping.StateAbsent}, {To: "total", State: mapping.StateAbsent},
		{To: "urgency", From: "priority", State: mapping.StateAbsent},
	}, res.Origins)
}

func TestRunTakesTheFirstSourceWithInformation(t *testing.T) {
	t.Parallel()
	m := mustCompile(t, definition(mapping.Rule{From: []string{"title", "name"}, To: "title", Required: true}))
	for _, tc := range []struct {
		src   order
		title string
		want  mapping.Origin
		codes []string
	}{
		{order{Title: "t", Name: "n"}, "t", mapping.Origin{To: "title", From: "title", State: mapping.StateCopied}, nil},
		{order{Title: " ", Name: "n"}, "n", mapping.Origin{To: "title", From: "name", State: mapping.StateCopied}, nil},
		{order{}, "", mapping.Origin{To: "title", State: mapping.StateAbsent}, []string{mapping.CodeRequired}},
		{order{Title: "t\x00", Name: "n"}, "", mapping.Origin{To: "title", From: "title", State: mapping.StateRejected}, []string{mapping.CodeInvalidText}},
		{order{Title: "t\xff"}, "", mapping.Origin{To: "title", From: "title", State: mapping.StateRejected}, []string{mapping.CodeInvalidText}},
		{order{Title: "0123456789+"}, "", mapping.Origin{To: "title", From: "title", State: mapping.StateRejected}, []string{mapping.CodeTooLong}},
		{order{Title: "十文字の題名は入ります"[:30]}, "十文字の題名は入りま", mapping.Origin{To: "title", From: "title", State: mapping.StateCopied}, nil},
	} {
		var got invoice
		res := m.Run(&tc.src, &got)
		require.Equal(t, tc.title, got.Title)
		require.Equal(t, []mapping.Origin{tc.want}, res.Origins)
		require.Equal(t, tc.codes, codes(res))
		require.Equal(t, tc.codes != nil, res.HasErrors())
	}
}

func codes(res mapping.Result) []string {
	var out []string
	for _, f := range res.Findings {
		out = append(out, f.Code)
	}
	return out
}

func TestRunRejectsWhatTheCatalogueForbids(t *testing.T) {
	t.Parallel()
	wrongKind := definition(rule("due", "due"))
	wrongKind.Source.Fields[3].Get = func(*order) mapping.Value { return mapping.TextOf("2026-01-01") }
	custom := func(out mapping.Value) mapping.Definition[order, invoice] {
		return definition(mapping.Rule{From: []string{"title"}, To: "urgency", Transform: mapping.Custom("mine", mapping.KindText, mapping.KindChoice,
			func(mapping.Value) (mapping.Value, mapping.Finding) { return out, mapping.Finding{} })})
	}
	for name, tc := range map[string]struct {
		d    mapping.Definition[order, invoice]
		code string
	}{
		"day that is none":        {definition(rule("due", "due")), mapping.CodeInvalidDate},
		"getter of another kind":  {wrongKind, mapping.CodeWrongKind},
		"answer out of the blue":  {definition(fullRules()[5]), mapping.CodeUnknownChoice},
		"custom answer unknown":   {custom(mapping.ChoiceOf("calm")), mapping.CodeUnknownChoice},
		"custom of another kind":  {custom(mapping.TextOf("urgent")), mapping.CodeWrongKind},
		"list with a bad element": {definition(rule("tags", "tags")), mapping.CodeInvalidText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got invoice
			src := order{Title: "t", Due: countersign.Date{Year: 2026, Month: 2, Day: 30}, Priority: "medium", Tags: []string{"a", "b\x00"}}
			res := mustCompile(t, tc.d).Run(&src, &got)
			require.Equal(t, []string{tc.code}, codes(res))
			require.Equal(t, mapping.StateRejected, res.Origins[0].State)
			require.Equal(t, res.Origins[0].To, res.Findings[0].Field)
			require.Zero(t, got)
		})
	}
}

func TestRunTurnsPanicsIntoFindings(t *testing.T) {
	t.Parallel()
	boom := mapping.Custom("boom", mapping.KindText, mapping.KindText, func(mapping.Value) (mapping.Value, mapping.Finding) { panic("secret text") })
	d := definition(mapping.Rule{From: []string{"title"}, To: "title", Transform: boom}, rule("cents", "total"), rule("tags", "tags"), rule("paid", "paid"))
	d.Target.Fields[6].Set = func(i *invoice, v mapping.Value) { i.Tags[9] = v.List()[0] }
	d.Checks = []mapping.Check[order, invoice]{
		func(*order, *invoice) []mapping.Finding { panic(countersign.ErrInvalid) },
		func(*order, *invoice) []mapping.Finding {
			return []mapping.Finding{{Severity: mapping.SeverityWarning, Code: "last"}}
		},
	}
	var got invoice
	res := mustCompile(t, d).Run(&order{Title: "t", Cents: new(int64(0)), Tags: []string{"a"}, Paid: true}, &got)
	require.Equal(t, invoice{HasTotal: true, Paid: true, Writes: 2}, got)
	require.Equal(t, []string{mapping.CodePanic, mapping.CodePanic, mapping.CodePanic, "last"}, codes(res))
	require.Equal(t, []string{"title", "tags", "", ""}, []string{res.Findings[0].Field, res.Findings[1].Field, res.Findings[2].Field, res.Findings[3].Field})
	require.NotContains(t, res.Findings[0].Message, "secret")
	require.Contains(t, res.Findings[1].Message, "index out of range")
	tags, ok := res.Origin("tags")
	require.True(t, ok)
	require.Equal(t, mapping.StateRejected, tags.State)
	_, ok = res.Origin("nowhere")
	require.False(t, ok)
}

func TestRequiredWithARejectedValueIsReportedOnce(t *testing.T) {
	t.Parallel()
	res := mustCompile(t, definition(mapping.Rule{From: []string{"title"}, To: "title", Required: true})).Run(&order{Title: "longer than ten"}, new(invoice))
	require.Equal(t, []string{mapping.CodeTooLong}, codes(res))
}

func TestChecksSeeBothRecordsAndCanBeAdded(t *testing.T) {
	t.Parallel()
	base := mustCompile(t, definition(rule("due", "due")))
	m, err := base.WithChecks(func(src *order, dst *invoice) []mapping.Finding {
		return []mapping.Finding{{Severity: mapping.SeverityWarning, Code: "seen", Field: "due", Message: src.Title + dst.Due.String()}}
	})
	require.NoError(t, err)
	res := m.Run(&order{Title: "t", Due: countersign.Date{Year: 2026, Month: 1, Day: 1}}, new(invoice))
	require.Equal(t, []mapping.Finding{{Severity: mapping.SeverityWarning, Code: "seen", Field: "due", Message: "t2026-01-01"}}, res.Findings)
	require.False(t, res.HasErrors())
	require.Empty(t, base.Run(&order{}, new(invoice)).Findings)
	_, err = base.WithChecks(nil)
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestResultSurvivesJSON(t *testing.T) {
	t.Parallel()
	res := mustCompile(t, definition(fullRules()...)).Run(&order{Due: countersign.Date{Year: 1}}, new(invoice))
	require.NotEmpty(t, res.Findings)
	data, err := json.Marshal(res)
	require.NoError(t, err)
	var back mapping.Result
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, res, back)
}
