package api

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExtraSurvivesARoundTrip(t *testing.T) {
	t.Parallel()
	type known struct {
		Name string `json:"name"`
	}
	var v known
	extra, err := UnmarshalExtra([]byte(`{"name":"a","color":"red","sizes":[1,2]}`), &v)
	require.NoError(t, err)
	require.Equal(t, known{"a"}, v)
	require.Equal(t, map[string]json.RawMessage{"color": []byte(`"red"`), "sizes": []byte(`[1,2]`)}, extra)

	extra["name"] = []byte(`"of the extra members"`) // the field decides
	got, err := MarshalExtra(known{"b"}, extra)
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"b","color":"red","sizes":[1,2]}`, string(got))

	extra, err = UnmarshalExtra([]byte(`{"name":"a"}`), &v)
	require.NoError(t, err)
	require.Nil(t, extra)
}
