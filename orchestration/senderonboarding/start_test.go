package senderonboarding_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// Why a session could not begin is logged, and the page says whose turn it is.
func TestNotStarted(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		start  senderonboarding.Start
		err    error
		status int
		title  string
	}{
		"wrong number":          {senderonboarding.Start{}, func() error { _, err := digipost.ParseOrganisationNumber("987654321"); return err }(), 400, "Noe stemmer ikke"},
		"number never checked":  {senderonboarding.Start{Tenant: "acme", Organisation: "987654321"}, nil, 400, "Noe stemmer ikke"},
		"not signed in":         {senderonboarding.Start{}, countersign.ErrUnauthorized, 403, "Registreringen kunne ikke startes"},
		"not allowed":           {senderonboarding.Start{}, countersign.ErrForbidden, 403, "Registreringen kunne ikke startes"},
		"customer records away": {senderonboarding.Start{}, errors.New("dial tcp: refused"), 503, "Prøv igjen om litt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mux.Handle("POST /begin", w.flow.StartHandler(func(*http.Request) (senderonboarding.Start, error) { return tc.start, tc.err }))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.web.URL+"/begin", nil)
			require.NoError(t, err)
			res, page := w.visitor().do(req)
			require.Equal(t, tc.status, res.StatusCode)
			require.Contains(t, page, "<h1>"+tc.title)
			require.NotEmpty(t, w.logged.String())
			for range w.flow.Sessions(t.Context(), "") {
				t.Error("a session began")
			}
		})
	}
}

// A start that another site made is refused with a page of the vendor's.
func TestStartFromElsewhereIsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.web.URL+"/digipost/start", nil)
	require.NoError(t, err)
	req.Header.Set("Origin", "null")
	res, page := w.visitor().do(req)
	require.Equal(t, http.StatusForbidden, res.StatusCode)
	require.Contains(t, page, "<h1>Registreringen kunne ikke startes")
	require.Contains(t, page, "hjelp@example.no")
}
