package countersign_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
)

type patch struct {
	Title countersign.Nullable[string]           `json:"title,omitzero"`
	Until countersign.Nullable[countersign.Date] `json:"until,omitzero"`
	Count countersign.Nullable[int64]            `json:"count,omitzero"`
}

func TestNullableHasThreeStates(t *testing.T) {
	t.Parallel()
	var absent countersign.Nullable[int64]
	null, zero := countersign.Null[int64](), countersign.Value[int64](0)

	require.True(t, absent.IsZero())
	require.False(t, absent.IsNull())
	require.True(t, null.IsNull())
	require.False(t, null.IsZero())
	require.False(t, zero.IsNull())
	require.False(t, zero.IsZero(), "zero is a value, not absence")

	_, ok := absent.Get()
	require.False(t, ok)
	_, ok = null.Get()
	require.False(t, ok)
	v, ok := zero.Get()
	require.True(t, ok)
	require.Zero(t, v)
}

func TestNullableInJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]patch{
		`{}`:                               {},
		`{"title":null}`:                   {Title: countersign.Null[string]()},
		`{"title":""}`:                     {Title: countersign.Value("")},
		`{"until":"2026-04-01","count":0}`: {Until: countersign.Value(countersign.Date{2026, time.April, 1}), Count: countersign.Value[int64](0)},
		`{"title":"x","until":null}`:       {Title: countersign.Value("x"), Until: countersign.Null[countersign.Date]()},
		`{"count":-9007199254740993}`:      {Count: countersign.Value[int64](-9007199254740993)},
	} {
		var got patch
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got)
		data, err := json.Marshal(got)
		require.NoError(t, err)
		require.JSONEq(t, text, string(data))
	}
}

func TestNullableKeepsItsStateWhenTheTextIsRefused(t *testing.T) {
	t.Parallel()
	n := countersign.Value[int64](7)
	require.Error(t, n.UnmarshalJSON([]byte(`"seven"`)))
	require.Equal(t, countersign.Value[int64](7), n)
	require.NoError(t, n.UnmarshalJSON([]byte(" null ")))
	require.Equal(t, countersign.Null[int64](), n)
}

func TestNullableWithoutOmitzeroWritesNull(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(struct{ A countersign.Nullable[string] }{})
	require.NoError(t, err)
	require.JSONEq(t, `{"A":null}`, string(data))
}

func FuzzNullable(f *testing.F) {
	for _, seed := range []string{`{}`, `{"title":null,"count":1}`, `{"until":"2026-04-01"}`, `{"until":""}`, `[]`, `{"title":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p patch
		if json.Unmarshal(data, &p) != nil {
			return
		}
		out, err := json.Marshal(p)
		require.NoError(t, err, "what was read can be written")
		var again patch
		require.NoError(t, json.Unmarshal(out, &again))
		require.Equal(t, p, again)
	})
}
