package salemap_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

func rule(t testing.TB, text string) *salesdock.Rule {
	t.Helper()
	var r salesdock.Rule
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	return &r
}

func facts(known map[string][]string) salemap.Fact {
	return func(subject string) ([]string, bool) {
		v, ok := known[subject]
		return v, ok
	}
}

func TestRulesAreDecidedInThreeValues(t *testing.T) {
	t.Parallel()
	const isE = `{"type":"condition","identifier":"product.type","operator":"=","value":"energy_e"}`
	const isG = `{"type":"condition","identifier":"product.type","operator":"=","value":"energy_g"}`
	const unknown = `{"type":"condition","identifier":"moon.phase","operator":"=","value":"full"}`
	group := func(criterion string, rules ...string) string {
		return `{"type":"condition_group","criterion":"` + criterion + `","visibility":true,"rules":[` + strings.Join(rules, ",") + `]}`
	}
	for name, tc := range map[string]struct {
		rule string
		want salemap.Truth
	}{
		"equal":                         {isE, salemap.True},
		"not equal":                     {isG, salemap.False},
		"any, one true":                 {group("ANY", isG, isE), salemap.True},
		"any, all false":                {group("ANY", isG, isG), salemap.False},
		"any, true beside unknown":      {group("ANY", unknown, isE), salemap.True},
		"any, false beside unknown":     {group("ANY", isG, unknown), salemap.Undecidable},
		"all, all true":                 {group("ALL", isE, isE), salemap.True},
		"all, false beside unknown":     {group("ALL", unknown, isG), salemap.False},
		"all, true beside unknown":      {group("ALL", isE, unknown), salemap.Undecidable},
		"nested":                        {group("ALL", group("ANY", isG, isE), isE), salemap.True},
		"unknown operator":              {`{"type":"condition","identifier":"product.type","operator":"!=","value":"energy_e"}`, salemap.Undecidable},
		"unknown criterion":             {group("NONE", isE), salemap.Undecidable},
		"unknown kind of node":          {`{"type":"script","value":"x"}`, salemap.Undecidable},
		"empty group inside":            {group("ALL", group("ALL")), salemap.Undecidable},
		"visibility off":                {`{"type":"condition_group","criterion":"ANY","visibility":false,"rules":[` + isE + `]}`, salemap.Undecidable},
		"a list as value":               {`{"type":"condition","identifier":"product.type","operator":"=","value":["energy_e"]}`, salemap.Undecidable},
		"no subject":                    {`{"type":"condition","operator":"=","value":"x"}`, salemap.Undecidable},
		"an answer to another question": {`{"type":"condition","identifier":"question.id","name":"Meter","operator":"=","value":"smart"}`, salemap.True},
		"a question nobody knows":       {`{"type":"condition","identifier":"question.id","name":"Other","operator":"=","value":"smart"}`, salemap.Undecidable},
		"a text instead of a node":      {`"energy"`, salemap.Undecidable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			known := facts(map[string][]string{"product.type": {"energy_e"}, salemap.QuestionSubject("Meter"): {"smart"}})
			d := salemap.FromRule(rule(t, tc.rule)).Decide(known)
			require.Equal(t, tc.want, d.Truth, d.Reasons)
			require.Equal(t, tc.want == salemap.Undecidable, len(d.Reasons) > 0)
		})
	}
}

func TestNoRuleIsNoCondition(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`null`, `[]`, `{}`, `""`} {
		var q salesdock.Question
		require.NoError(t, json.Unmarshal([]byte(`{"rule":`+text+`}`), &q))
		require.True(t, salemap.FromRule(q.Rule).Empty(), text)
	}
	require.Equal(t, salemap.Undecidable, salemap.Condition{}.Decide(facts(nil)).Truth)
}

func TestNotEqualHoldsForNoneOfTheValues(t *testing.T) {
	t.Parallel()
	c := salemap.Condition{Subject: "channel", Operator: salemap.NotEqual, Values: []string{"d2d", "retail"}}
	require.Equal(t, salemap.True, c.Decide(facts(map[string][]string{"channel": {"online"}})).Truth)
	require.Equal(t, salemap.False, c.Decide(facts(map[string][]string{"channel": {"retail"}})).Truth)
	require.Equal(t, salemap.Undecidable, c.Decide(facts(nil)).Truth)
}

// drawCondition draws a tree over the subjects a, b and c.
func drawCondition(t *rapid.T, depth int) salemap.Condition {
	kinds := []string{"leaf", "leaf", "odd"}
	if depth > 0 {
		kinds = append(kinds, "any", "all")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "any", "all":
		parts := make([]salemap.Condition, rapid.IntRange(0, 3).Draw(t, "parts"))
		for i := range parts {
			parts[i] = drawCondition(t, depth-1)
		}
		if rapid.Bool().Draw(t, "any") {
			return salemap.Condition{Any: parts}
		}
		return salemap.Condition{All: parts}
	case "odd":
		return salemap.Condition{Unreadable: "something"}
	}
	return salemap.Condition{
		Subject: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "subject"), Operator: rapid.SampledFrom([]salemap.Operator{salemap.Equal, salemap.NotEqual, "~"}).Draw(t, "operator"),
		Values: rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2"}), 0, 2).Draw(t, "values"),
	}
}

// What is decided with little knowledge stays so with more: whoever learns the
// rest never finds that a question was wrongly shown or hidden.
func TestKnowingMoreChangesNoDecision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCondition(t, 4)
		some, all := map[string][]string{}, map[string][]string{}
		for _, subject := range []string{"a", "b", "c"} {
			all[subject] = rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "3"}), 0, 2).Draw(t, subject)
			if rapid.Bool().Draw(t, "known") {
				some[subject] = all[subject]
			}
		}
		early, late := c.Decide(facts(some)), c.Decide(facts(all))
		if early.Truth != salemap.Undecidable {
			require.Equal(t, early.Truth, late.Truth)
		}
		require.Equal(t, early.Truth == salemap.Undecidable, len(early.Reasons) > 0)
	})
}

func FuzzRule(f *testing.F) {
	for _, seed := range []string{
		`{"type":"condition_group","criterion":"ANY","visibility":true,"rules":[{"type":"condition","identifier":"product.type","operator":"=","value":"e"}]}`,
		`{"type":"condition_group","criterion":"ALL","rules":{"0":{"type":"condition","identifier":"question.id","name":"x","operator":"=","value":1}}}`,
		`"{\"type\":\"condition\"}"`, `[]`, `[[[[]]]]`, `{"rules":[null]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r salesdock.Rule
		if json.Unmarshal(data, &r) != nil {
			return
		}
		c := salemap.FromRule(&r)
		none := c.Decide(facts(nil))
		if c.Empty() {
			return
		}
		// With nothing known nothing can be decided, and the reason is said.
		require.Equal(t, salemap.Undecidable, none.Truth)
		require.NotEmpty(t, none.Reasons)
		require.NotEmpty(t, c.String())
		always := func(string) ([]string, bool) { return []string{"e"}, true }
		d := c.Decide(always)
		require.True(t, slices.Contains([]salemap.Truth{salemap.True, salemap.False, salemap.Undecidable}, d.Truth))
		require.Equal(t, d, c.Decide(always))
	})
}
