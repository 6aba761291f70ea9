package digipost_test

import (
	"net/http"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	answer := func(routine, combination, persons string) string {
		return `{"status":{"rutineStatus":{"kode":"` + routine + `"},"kombinasjonStatus":{"kode":"` + combination + `"}},"signeringsKombinasjon":{"kombinasjon":[` + persons + `]}}`
	}
	const sole, joint = `{"personRolleKombinasjon":[{"navn":{}}]}`, `{"personRolleKombinasjon":[{},{}]}`
	for name, tc := range map[string]struct {
		status int
		body   string
		want   digipost.SignatureRight
		kind   error
	}{
		"sole":           {200, answer("OK", "OK", joint+","+sole), digipost.SignatureSole, nil},
		"joint":          {200, answer("OK", "OK", joint), digipost.SignatureJoint, nil},
		"none":           {200, answer("OK", "OK", ""), digipost.SignatureUnknown, nil},
		"free text":      {200, answer("NA", "OK", sole), digipost.SignatureUnknown, nil},
		"no combination": {200, answer("OK", "IK", sole), digipost.SignatureUnknown, nil},
		"empty":          {200, `{}`, digipost.SignatureUnknown, nil},
		"not found":      {404, `{}`, digipost.SignatureUnknown, countersign.ErrNotFound},
		"down":           {503, ``, digipost.SignatureUnknown, countersign.ErrUnavailable},
	} {
		mt := httpmock.NewMockTransport()
		mt.RegisterResponder("GET", "https://data.brreg.no/fullmakt/enheter/910336819/signatur",
			httpmock.NewStringResponder(tc.status, tc.body).HeaderSet(http.Header{"Content-Type": {"application/json"}}))
		r, err := digipost.NewRegistry(countersign.WithHTTPClient(&http.Client{Transport: mt}), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
		require.NoError(t, err)
		got, err := r.SignatureRight(t.Context(), "910336819")
		require.ErrorIs(t, err, tc.kind, name)
		require.Equal(t, tc.want, got, name)
		_, err = r.SignatureRight(t.Context(), "987654321")
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.Equal(t, 1, mt.GetTotalCallCount())
	}
}
