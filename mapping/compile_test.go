package mapping_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
)

func TestCompileFindsMistakesInRules(t *testing.T) {
	t.Parallel()
	transformed := func(from, to string, tr mapping.Transform) mapping.Rule {
		return mapping.Rule{From: []string{from}, To: to, Transform: tr}
	}
	keep := func(v mapping.Value) (mapping.Value, mapping.Finding) { return v, mapping.Finding{} }
	for name, tc := range map[string]struct {
		rules []mapping.Rule
		field string // what the error must name
	}{
		"unknown source":              {[]mapping.Rule{rule("nope", "title")}, `"nope"`},
		"unknown target":              {[]mapping.Rule{rule("title", "nope")}, `"nope"`},
		"no source":                   {[]mapping.Rule{{To: "title"}}, `"title"`},
		"same source twice":           {[]mapping.Rule{{From: []string{"title", "title"}, To: "title"}}, `"title"`},
		"two kinds, no transform":     {[]mapping.Rule{rule("cents", "title")}, `source field cents`},
		"second source of wrong kind": {[]mapping.Rule{{From: []string{"title", "cents"}, To: "title"}}, `source field cents`},
		"target twice":                {[]mapping.Rule{rule("title", "title"), rule("name", "title")}, `rule 2`},
		"replace nothing":             {[]mapping.Rule{{From: []string{"title"}, To: "title", Replace: true}}, `rule 1`},
		"copy with unknown answers":   {[]mapping.Rule{rule("priority", "urgency")}, `"low"`},
		"choices without an entry":    {[]mapping.Rule{transformed("priority", "urgency", mapping.Choices(map[string]string{"low": ""}))}, `"high"`},
		"choices with unknown source": {[]mapping.Rule{transformed("priority", "urgency", mapping.Choices(map[string]string{"low": "", "high": "", "mid": ""}))}, `"mid"`},
		"choices with unknown target": {[]mapping.Rule{transformed("priority", "urgency", mapping.Choices(map[string]string{"low": "calm", "high": ""}))}, `"calm"`},
		"choices of a text":           {[]mapping.Rule{transformed("title", "urgency", mapping.Choices(nil))}, `rule 1`},
		"truncate without a limit":    {[]mapping.Rule{transformed("title", "currency", mapping.Truncate())}, `truncate`},
		"truncate a number":           {[]mapping.Rule{transformed("cents", "title", mapping.Truncate())}, `truncate`},
		"constant of wrong kind":      {[]mapping.Rule{{To: "title", Transform: mapping.Constant(mapping.IntegerOf(1))}}, `rule 1`},
		"constant that is absent":     {[]mapping.Rule{{To: "title", Transform: mapping.Constant(mapping.Value{})}}, `rule 1`},
		"constant too long":           {[]mapping.Rule{{To: "title", Transform: mapping.Constant(mapping.TextOf("far too long"))}}, `rule 1`},
		"constant with a source":      {[]mapping.Rule{transformed("title", "title", mapping.Constant(mapping.TextOf("x")))}, `rule 1`},
		"custom without function":     {[]mapping.Rule{transformed("title", "title", mapping.Custom("mine", mapping.KindText, mapping.KindText, nil))}, `mine`},
		"custom takes another kind":   {[]mapping.Rule{transformed("cents", "title", mapping.Custom("mine", mapping.KindText, mapping.KindText, keep))}, `mine`},
		"custom gives another kind":   {[]mapping.Rule{transformed("title", "title", mapping.Custom("mine", mapping.KindText, mapping.KindDate, keep))}, `mine`},
		"format to a number":          {[]mapping.Rule{transformed("title", "total", mapping.Format())}, `format`},
		"date without location":       {[]mapping.Rule{transformed("placed", "due", mapping.DateIn(nil))}, `date in`},
		"date of a text":              {[]mapping.Rule{transformed("title", "due", mapping.DateIn(time.UTC))}, `date in`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := definition(tc.rules...).Compile()
			require.Nil(t, m)
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.ErrorContains(t, err, tc.field)
			require.ErrorContains(t, err, "mapping billing: rule")
		})
	}
}

func TestCompileFindsMistakesInCatalogues(t *testing.T) {
	t.Parallel()
	get := func(*order) mapping.Value { return mapping.Value{} }
	field := func(f mapping.Field) mapping.SourceField[order] {
		return mapping.SourceField[order]{Field: f, Get: get}
	}
	for name, bad := range map[string]mapping.SourceField[order]{
		"no key":          field(mapping.Field{Kind: mapping.KindText}),
		"twice":           field(mapping.Field{Key: "title", Kind: mapping.KindText}),
		"no kind":         field(mapping.Field{Key: "x"}),
		"unknown kind":    field(mapping.Field{Key: "x", Kind: 99}),
		"no getter":       {Field: mapping.Field{Key: "x", Kind: mapping.KindText}},
		"limit of a date": field(mapping.Field{Key: "x", Kind: mapping.KindDate, MaxLen: 3}),
		"negative limit":  field(mapping.Field{Key: "x", Kind: mapping.KindText, MaxLen: -1}),
		"answers of text": field(mapping.Field{Key: "x", Kind: mapping.KindText, Choices: []mapping.Choice{{Key: "a"}}}),
		"answer twice":    field(mapping.Field{Key: "x", Kind: mapping.KindChoice, Choices: []mapping.Choice{{Key: "a"}, {Key: "a"}}}),
		"answer, no key":  field(mapping.Field{Key: "x", Kind: mapping.KindChoice, Choices: []mapping.Choice{{}}}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := definition(rule("title", "title"))
			d.Source.Fields = append(d.Source.Fields, bad)
			_, err := d.Compile()
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.ErrorContains(t, err, "mapping billing: source field")
		})
	}
	d := definition(rule("title", "title"))
	d.Target.Fields = append(d.Target.Fields, mapping.TargetField[invoice]{Field: mapping.Field{Key: "x", Kind: mapping.KindText}})
	d.Checks = []mapping.Check[order, invoice]{nil}
	_, err := d.Compile()
	require.ErrorContains(t, err, `target field "x"`)
	require.ErrorContains(t, err, "Checks")
}

func TestCompileReportsAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	_, err := definition(rule("nope", "title"), rule("title", "total"), rule("due", "nowhere")).Compile()
	for _, want := range []string{`rule 1 for "title"`, `rule 2 for "total"`, `rule 3 for "nowhere"`} {
		require.ErrorContains(t, err, want)
	}
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	base, err := definition(rule("title", "title"), rule("due", "due")).Compile()
	require.NoError(t, err)

	_, err = base.With(rule("name", "title"))
	require.ErrorContains(t, err, "Replace")

	more, err := base.With(rule("cents", "total"), mapping.Rule{From: []string{"name"}, To: "title", Replace: true})
	require.NoError(t, err)
	again, err := more.With(mapping.Rule{From: []string{"title"}, To: "title", Replace: true})
	require.NoError(t, err)

	src := order{Title: "t", Name: "n", Cents: new(int64(7))}
	for _, tc := range []struct {
		m    *mapping.Map[order, invoice]
		want invoice
	}{{base, invoice{Title: "t", Writes: 1}}, {more, invoice{Title: "n", Total: 7, HasTotal: true, Writes: 2}}, {again, invoice{Title: "t", Total: 7, HasTotal: true, Writes: 2}}} {
		var got invoice
		tc.m.Run(&src, &got)
		require.Equal(t, tc.want, got)
	}
	require.Equal(t, "title", again.Run(&src, new(invoice)).Origins[0].To, "a replaced rule keeps its place")
}

func TestCompiledMapIgnoresLaterChangesOfItsDefinition(t *testing.T) {
	t.Parallel()
	answers := map[string]string{"low": "", "high": "urgent"}
	d := definition(rule("title", "title"), mapping.Rule{From: []string{"priority"}, To: "urgency", Transform: mapping.Choices(answers)})
	m, err := d.Compile()
	require.NoError(t, err)
	d.Rules[0].From[0] = "name"
	d.Source.Fields[0].Get = nil
	d.Target.Fields[0].Set = nil
	answers["high"] = "nonsense"
	d.Target.Fields[5].Choices[0].Key = "nonsense"

	var got invoice
	res := m.Run(&order{Title: "t", Name: "n", Priority: "high"}, &got)
	require.Empty(t, res.Findings)
	require.Equal(t, invoice{Title: "t", Urgency: "urgent", Writes: 2}, got)
	_, err = m.With(rule("due", "due"))
	require.NoError(t, err)
}
