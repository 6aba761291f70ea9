package mapping_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
)

// transformOne runs a map of one rule whose source is always v.
func transformOne(t require.TestingT, v mapping.Value, to mapping.Field, tr mapping.Transform) (mapping.Value, mapping.Result) {
	var got mapping.Value
	to.Key = "to"
	m, err := mapping.Definition[struct{}, mapping.Value]{Name: "one",
		Source: mapping.Source[struct{}]{Fields: []mapping.SourceField[struct{}]{{Field: mapping.Field{Key: "from", Kind: v.Kind()}, Get: func(*struct{}) mapping.Value { return v }}}},
		Target: mapping.Target[mapping.Value]{Fields: []mapping.TargetField[mapping.Value]{{Field: to, Set: func(dst *mapping.Value, v mapping.Value) { *dst = v }}}},
		Rules:  []mapping.Rule{{From: []string{"from"}, To: "to", Transform: tr}},
	}.Compile()
	require.NoError(t, err)
	res := m.Run(new(struct{}), &got)
	return got, res
}

func TestParsingTransforms(t *testing.T) {
	t.Parallel()
	day := mapping.DateOf(countersign.Date{Year: 2024, Month: 2, Day: 29})
	for _, tc := range []struct {
		text string
		kind mapping.Kind
		tr   mapping.Transform
		want mapping.Value // absent: rejected as unreadable
	}{
		{"2024-02-29", mapping.KindDate, mapping.ParseDate(), day},
		{" 2024-02-29\n", mapping.KindDate, mapping.ParseDate(), day},
		{"2023-02-29", mapping.KindDate, mapping.ParseDate(), mapping.Value{}},
		{"2024/02/29", mapping.KindDate, mapping.ParseDate(), mapping.Value{}},
		{"0", mapping.KindInteger, mapping.ParseInteger(), mapping.IntegerOf(0)},
		{" -9223372036854775808 ", mapping.KindInteger, mapping.ParseInteger(), mapping.IntegerOf(math.MinInt64)},
		{"9223372036854775808", mapping.KindInteger, mapping.ParseInteger(), mapping.Value{}},
		{"1,000", mapping.KindInteger, mapping.ParseInteger(), mapping.Value{}},
		{"¥5", mapping.KindInteger, mapping.ParseInteger(), mapping.Value{}},
		{"1_000", mapping.KindInteger, mapping.ParseInteger(), mapping.Value{}},
	} {
		got, res := transformOne(t, mapping.TextOf(tc.text), mapping.Field{Kind: tc.kind}, tc.tr)
		require.Equal(t, tc.want, got, tc.text)
		if tc.want.IsAbsent() {
			require.Equal(t, []string{mapping.CodeUnreadable}, codes(res))
			require.Equal(t, mapping.StateRejected, res.Origins[0].State)
		} else {
			require.Empty(t, res.Findings)
			require.Equal(t, mapping.StateTransformed, res.Origins[0].State)
		}
	}
}

func TestFormatWritesEveryKind(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]mapping.Value{
		"a b":                    mapping.TextOf("a b"),
		"-5":                     mapping.IntegerOf(-5),
		"2026-07-01":             mapping.DateOf(countersign.Date{Year: 2026, Month: 7, Day: 1}),
		"2026-07-01T00:00:00.5Z": mapping.TimeOf(time.Date(2026, 7, 1, 9, 0, 0, 5e8, time.FixedZone("", 9*3600))),
		"false":                  mapping.BoolOf(false),
		"yes":                    mapping.ChoiceOf("yes"),
		"x, y":                   mapping.ListOf([]string{"x", "y"}),
	} {
		got, res := transformOne(t, v, mapping.Field{Kind: mapping.KindText}, mapping.Format())
		require.Equal(t, want, got.Text())
		require.Empty(t, res.Findings)
	}
}

func TestDateInTakesTheDayOfTheLocation(t *testing.T) {
	t.Parallel()
	instant := mapping.TimeOf(time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC))
	tokyo, _ := transformOne(t, instant, mapping.Field{Kind: mapping.KindDate}, mapping.DateIn(time.FixedZone("Asia/Tokyo", 9*3600)))
	require.Equal(t, countersign.Date{Year: 2026, Month: 4, Day: 1}, tokyo.Date())
	utc, _ := transformOne(t, instant, mapping.Field{Kind: mapping.KindDate}, mapping.DateIn(time.UTC))
	require.Equal(t, countersign.Date{Year: 2026, Month: 3, Day: 31}, utc.Date())
}

func TestTheSeverityOfACustomFindingDecides(t *testing.T) {
	t.Parallel()
	warn := func(severity mapping.Severity) mapping.Transform {
		return mapping.Custom("upper", mapping.KindText, mapping.KindText, func(v mapping.Value) (mapping.Value, mapping.Finding) {
			return mapping.TextOf(strings.ToUpper(v.Text())), mapping.Finding{Severity: severity, Code: "mine", Message: "m"}
		})
	}
	got, res := transformOne(t, mapping.TextOf("a"), mapping.Field{Kind: mapping.KindText}, warn(mapping.SeverityWarning))
	require.Equal(t, "A", got.Text())
	require.Equal(t, []mapping.Finding{{Severity: mapping.SeverityWarning, Code: "mine", Field: "to", Message: "m"}}, res.Findings)
	got, res = transformOne(t, mapping.TextOf("a"), mapping.Field{Kind: mapping.KindText}, warn(mapping.SeverityError))
	require.True(t, got.IsAbsent())
	require.Equal(t, mapping.StateRejected, res.Origins[0].State)
}

func TestTruncateKeepsWholeCharacters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 30, -1).Filter(func(s string) bool {
			return utf8.ValidString(s) && !strings.Contains(s, "\x00") && strings.TrimSpace(s) != ""
		}).Draw(t, "text")
		limit := rapid.IntRange(1, 30).Draw(t, "limit")
		got, res := transformOne(t, mapping.TextOf(text), mapping.Field{Kind: mapping.KindText, MaxLen: limit}, mapping.Truncate())
		runes := []rune(text)
		if len(runes) <= limit {
			require.Equal(t, text, got.Text())
			require.Empty(t, res.Findings)
			return
		}
		require.Equal(t, mapping.TextOf(string(runes[:limit])), got)
		require.Equal(t, []string{mapping.CodeTruncated}, codes(res))
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2024-02-29", "2023-02-29", " 0001-01-01 ", "２０２４-01-01", "10000-01-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if mapping.TextOf(s).IsAbsent() {
			return
		}
		got, res := transformOne(t, mapping.TextOf(s), mapping.Field{Kind: mapping.KindDate}, mapping.ParseDate())
		require.NotEqual(t, got.IsAbsent(), len(res.Findings) == 0)
		if !got.IsAbsent() {
			require.Equal(t, strings.TrimSpace(s), got.Date().String())
		}
	})
}

func FuzzParseInteger(f *testing.F) {
	for _, s := range []string{"0", "-1", "+7", "9223372036854775807", "9223372036854775808", "0x10", "1e3", "１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if mapping.TextOf(s).IsAbsent() {
			return
		}
		got, res := transformOne(t, mapping.TextOf(s), mapping.Field{Kind: mapping.KindInteger}, mapping.ParseInteger())
		require.NotEqual(t, got.IsAbsent(), len(res.Findings) == 0)
		if !got.IsAbsent() {
			digits := strings.TrimLeft(strings.TrimLeft(strings.TrimSpace(s), "+-"), "0")
			require.Equal(t, digits, strings.TrimLeft(strings.TrimLeft(strconv.FormatInt(got.Integer(), 10), "-"), "0"))
		}
	})
}
