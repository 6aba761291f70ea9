package mapping_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
)

func TestNoInformationIsAbsent(t *testing.T) {
	t.Parallel()
	for _, v := range []mapping.Value{
		{}, mapping.TextOf(""), mapping.TextOf(" \n\u3000"), mapping.DateOf(countersign.Date{}), mapping.TimeOf(time.Time{}),
		mapping.ChoiceOf(""), mapping.ListOf(nil), mapping.ListOf([]string{}),
	} {
		require.True(t, v.IsAbsent())
		require.Equal(t, mapping.Value{}, v)
		require.Empty(t, v.String())
	}
	require.False(t, mapping.IntegerOf(0).IsAbsent())
	require.False(t, mapping.BoolOf(false).IsAbsent())
}

func TestKindsHaveNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := mapping.Kind(0); k <= mapping.KindList; k++ {
		require.False(t, seen[k.String()])
		seen[k.String()] = true
	}
	require.Equal(t, "kind 200", mapping.Kind(200).String())
}

// drawValue draws a present value of any kind.
func drawValue(t *rapid.T, name string) mapping.Value {
	date := rapid.Custom(func(t *rapid.T) countersign.Date {
		return countersign.Date{Year: rapid.IntRange(1, 9999).Draw(t, "year"), Month: time.Month(rapid.IntRange(1, 12).Draw(t, "month")), Day: rapid.IntRange(1, 28).Draw(t, "day")}
	})
	text := rapid.String().Filter(func(s string) bool { return strings.TrimSpace(s) != "" })
	return rapid.OneOf(
		rapid.Map(text, mapping.TextOf),
		rapid.Map(rapid.Int64(), mapping.IntegerOf),
		rapid.Map(date, mapping.DateOf),
		rapid.Map(rapid.Int64Range(-1<<40, 1<<40), func(s int64) mapping.Value { return mapping.TimeOf(time.Unix(s, s&0xffff)) }),
		rapid.Map(rapid.Bool(), mapping.BoolOf),
		rapid.Map(text, mapping.ChoiceOf),
		rapid.Map(rapid.SliceOfN(text, 1, 4), mapping.ListOf),
	).Draw(t, name)
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(t, "value")
		back := map[mapping.Kind]mapping.Value{
			mapping.KindText: mapping.TextOf(v.Text()), mapping.KindInteger: mapping.IntegerOf(v.Integer()),
			mapping.KindDate: mapping.DateOf(v.Date()), mapping.KindTime: mapping.TimeOf(v.Time()),
			mapping.KindBool: mapping.BoolOf(v.Bool()), mapping.KindChoice: mapping.ChoiceOf(v.Choice()), mapping.KindList: mapping.ListOf(v.List()),
		}
		for kind, again := range back {
			require.Equal(t, kind == v.Kind(), v.Equal(again), "only the accessor of its own kind gives a value back")
		}
	})
}

func TestTimesKeepNanosecondsAndRange(t *testing.T) {
	t.Parallel()
	for _, want := range []time.Time{time.Unix(0, 1), time.Unix(-1, 999_999_999), time.Date(9999, 12, 31, 23, 59, 59, 5, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)} {
		require.True(t, mapping.TimeOf(want).Time().Equal(want))
	}
	require.Equal(t, int64(math.MaxInt64), mapping.IntegerOf(math.MaxInt64).Integer())
}

// TestRunNeverBreaksTheCatalogue gives a map getters that hold to nothing: what
// arrives is always of the declared kind, and each target is either written
// once, absent, or rejected with a finding.
func TestRunNeverBreaksTheCatalogue(t *testing.T) {
	t.Parallel()
	type record [4]mapping.Value
	kinds := []mapping.Kind{mapping.KindText, mapping.KindInteger, mapping.KindDate, mapping.KindTime, mapping.KindBool, mapping.KindChoice, mapping.KindList}
	rapid.Check(t, func(t *rapid.T) {
		var d mapping.Definition[record, map[int][]mapping.Value]
		var src record
		for i := range src {
			kind := rapid.SampledFrom(kinds).Draw(t, "kind")
			key := string(rune('a' + i))
			if rapid.Bool().Draw(t, "present") {
				src[i] = drawValue(t, "value")
			}
			d.Source.Fields = append(d.Source.Fields, mapping.SourceField[record]{Field: mapping.Field{Key: key, Kind: kind}, Get: func(r *record) mapping.Value { return r[i] }})
			d.Target.Fields = append(d.Target.Fields, mapping.TargetField[map[int][]mapping.Value]{Field: mapping.Field{Key: key, Kind: kind},
				Set: func(dst *map[int][]mapping.Value, v mapping.Value) { (*dst)[i] = append((*dst)[i], v) }})
			d.Rules = append(d.Rules, mapping.Rule{From: []string{key}, To: key, Required: rapid.Bool().Draw(t, "required")})
		}
		m, err := d.Compile()
		require.NoError(t, err)
		got := map[int][]mapping.Value{}
		res := m.Run(&src, &got)
		for i, o := range res.Origins {
			found := 0
			for _, f := range res.Findings {
				if f.Field == o.To {
					found++
				}
			}
			switch o.State {
			case mapping.StateCopied:
				require.True(t, o.Written())
				require.Len(t, got[i], 1)
				require.True(t, got[i][0].Equal(src[i]))
				require.Equal(t, d.Target.Fields[i].Kind, got[i][0].Kind())
				require.Zero(t, found)
			case mapping.StateRejected:
				require.Empty(t, got[i])
				require.Equal(t, 1, found)
			default:
				require.Equal(t, mapping.StateAbsent, o.State)
				require.True(t, src[i].IsAbsent())
				require.Empty(t, got[i])
				require.Equal(t, d.Rules[i].Required, found == 1)
			}
		}
	})
}
