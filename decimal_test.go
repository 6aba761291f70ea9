package countersign_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
)

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	thirty := strings.Repeat("9", 30)
	for _, text := range []string{"0", "12", "-0.50", "0.1", "1000000.00", thirty + "." + thirty} {
		d, err := countersign.ParseDecimal(text)
		require.NoError(t, err, text)
		require.Equal(t, text, d.String())
		require.False(t, d.IsZero())
	}
	for _, text := range []string{
		"", "-", ".5", "5.", "+1", "1e3", "1,000", "1 000", " 1", "1\n", "0x1f", "NaN", "１２", "--1", "1.2.3", thirty + "9", "0." + thirty + "9",
	} {
		d, err := countersign.ParseDecimal(text)
		require.ErrorIs(t, err, countersign.ErrInvalid, "%q", text)
		require.True(t, d.IsZero())
	}
}

func TestDecimalInJSON(t *testing.T) {
	t.Parallel()
	type price struct {
		Net   countersign.Decimal
		Gross countersign.Decimal
	}
	for text, want := range map[string]string{
		`{"Net":12.50}`:             "12.50",
		`{"Net":"12.50"}`:           "12.50",
		`{"Net":-0}`:                "-0",
		`{"Net":99999999999999999}`: "99999999999999999",
		`{"Net":""}`:                "",
		`{"Net":null}`:              "",
		`{}`:                        "",
	} {
		var p price
		require.NoError(t, json.Unmarshal([]byte(text), &p), text)
		require.Equal(t, want, p.Net.String(), text)
		require.True(t, p.Gross.IsZero())
	}
	for _, text := range []string{`{"Net":1e5}`, `{"Net":"1,5"}`, `{"Net":true}`, `{"Net":{}}`, `{"Net":[1]}`, `{"Net":"null "}`} {
		var p price
		require.Error(t, json.Unmarshal([]byte(text), &p), text)
	}

	net, err := countersign.ParseDecimal("12.50")
	require.NoError(t, err)
	data, err := json.Marshal(price{Net: net})
	require.NoError(t, err)
	require.Equal(t, `{"Net":12.50,"Gross":null}`, string(data), "the digits stay as they came")
}

func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"0", "-12.50", "1e5", `"3.14"`, `""`, "null", "007", `"007"`, "1.", "-"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d countersign.Decimal
		if err := d.UnmarshalJSON(data); err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.True(t, d.IsZero())
			return
		}
		out, err := json.Marshal(d)
		require.NoError(t, err, "what was read can be written")
		var again countersign.Decimal
		require.NoError(t, json.Unmarshal(out, &again))
		require.Equal(t, d, again)
	})
}
