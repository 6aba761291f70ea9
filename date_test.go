package countersign_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
)

func TestParseDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]countersign.Date{
		"2026-11-22": {2026, time.November, 22},
		"2024-02-29": {2024, time.February, 29},
		"0001-01-01": {1, time.January, 1},
		"9999-12-31": {9999, time.December, 31},
	} {
		got, err := countersign.ParseDate(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
		require.True(t, got.IsValid())
		require.Equal(t, text, got.String())
	}
	for _, text := range []string{
		"", "2026", "2026-1-2", "2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "0000-01-01",
		"12026-01-01", "2026/01/02", "2026-01-02T00:00:00Z", " 2026-01-02", "2026-01-02 ", "２０２６-01-02", "-001-01-01",
	} {
		_, err := countersign.ParseDate(text)
		require.ErrorIs(t, err, countersign.ErrInvalid, text)
	}
}

func TestParseDateClipsWhatItQuotes(t *testing.T) {
	t.Parallel()
	_, err := countersign.ParseDate(strings.Repeat("契", 1000))
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Less(t, len(err.Error()), 200)
	require.True(t, utf8.ValidString(err.Error()))
	require.NotContains(t, err.Error(), `\x`)
}

func TestDateOfKeepsTheDayOfItsZone(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*60*60)
	at := time.Date(2026, time.March, 31, 20, 0, 0, 0, time.UTC)
	require.Equal(t, countersign.Date{2026, time.March, 31}, countersign.DateOf(at))
	require.Equal(t, countersign.Date{2026, time.April, 1}, countersign.DateOf(at.In(tokyo)))

	start := countersign.Date{2026, time.April, 1}.In(tokyo)
	require.Equal(t, time.Date(2026, time.March, 31, 15, 0, 0, 0, time.UTC), start.UTC())
}

func TestDateArithmetic(t *testing.T) {
	t.Parallel()
	d := countersign.Date{2024, time.February, 28}
	require.Equal(t, countersign.Date{2024, time.February, 29}, d.AddDays(1))
	require.Equal(t, countersign.Date{2024, time.March, 1}, d.AddDays(2))
	require.Equal(t, countersign.Date{2023, time.December, 31}, d.AddDays(-59))
	require.Equal(t, d, d.AddDays(0))

	for _, later := range []countersign.Date{{2024, time.February, 29}, {2024, time.March, 1}, {2025, time.January, 1}} {
		require.Equal(t, -1, d.Compare(later))
		require.Equal(t, +1, later.Compare(d))
		require.True(t, d.Before(later))
		require.False(t, later.Before(d))
	}
	require.Zero(t, d.Compare(d))
	require.False(t, d.Before(d))
}

func TestDateValidity(t *testing.T) {
	t.Parallel()
	require.True(t, countersign.Date{}.IsZero())
	require.Empty(t, countersign.Date{}.String())
	for _, d := range []countersign.Date{
		{}, {2026, time.February, 30}, {2026, 13, 1}, {2026, time.January, 0}, {0, time.January, 1}, {10000, time.January, 1}, {-1, time.May, 5},
	} {
		require.False(t, d.IsValid(), "%#v", d)
	}
	_, err := countersign.Date{2026, time.February, 30}.MarshalText()
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

func TestDateInJSON(t *testing.T) {
	t.Parallel()
	type contract struct {
		From  countersign.Date
		Until countersign.Date
		Note  countersign.Date `json:",omitzero"`
	}
	in := contract{From: countersign.Date{2026, time.April, 1}}
	data, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"From":"2026-04-01","Until":""}`, string(data))

	out := contract{Until: in.From}
	require.NoError(t, json.Unmarshal(data, &out))
	require.Equal(t, in, out, "an empty text clears what was there")

	require.Error(t, json.Unmarshal([]byte(`{"From":"1 April"}`), &out))
	require.Error(t, json.Unmarshal([]byte(`{"From":20260401}`), &out))
	require.Equal(t, in, out, "a refused text changes nothing")
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-11-22", "0000-00-00", "9999-12-31", "", "2026-02-29", "契約"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := countersign.ParseDate(text)
		if err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.True(t, d.IsZero())
			return
		}
		require.True(t, d.IsValid())
		require.Equal(t, text, d.String())
		require.Equal(t, d, d.AddDays(400).AddDays(-400))
	})
}
