package senderonboarding_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
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
			for _, err := range w.flow.Sessions(t.Context(), "") {
				require.NoError(t, err)
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

// Made-up numbers are taken where the vendor says so, wherever numbers are read.
func TestLenientNumbers(t *testing.T) {
	t.Parallel()
	const example = "987654321" // of Digipost's own page
	for _, lenient := range []bool{true, false} {
		w := newWorld(t, withConfig(func(c *senderonboarding.Config) { c.LenientNumbers = lenient }))
		_, err := w.flow.Start(t.Context(), senderonboarding.Start{Tenant: "acme", Organisation: example})
		require.Equal(t, lenient, err == nil)
		s, err := w.flow.Start(t.Context(), senderonboarding.Start{})
		require.NoError(t, err)
		_, err = w.flow.Claim(t.Context(), s.Claim, senderonboarding.Claimant{Tenant: "acme", Organisation: example})
		require.Equal(t, lenient, err == nil)
		_, err = w.flow.Start(t.Context(), senderonboarding.Start{Tenant: "acme", Organisation: "98765432"})
		require.ErrorIs(t, err, countersign.ErrInvalid)

		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.web.URL+"/digipost/start", strings.NewReader(url.Values{"org": {example}}.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, _ := w.visitor().do(req)
		require.Equal(t, lenient, res.Request.URL.Path == "/registrering/bedrift")
	}
}

// Who claims a session adds to what is known of it, within its time.
func TestClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDeps(func(d *senderonboarding.Deps) { d.Registry = register{digipost.SignatureJoint, nil} }))
	begin := func(org digipost.OrganisationNumber) senderonboarding.Started {
		s, err := w.flow.Start(t.Context(), senderonboarding.Start{Organisation: org})
		require.NoError(t, err)
		return s
	}
	s, err := w.flow.Claim(t.Context(), begin(acme).Claim, senderonboarding.Claimant{Tenant: "acme"})
	require.NoError(t, err)
	require.Equal(t, acme, s.Organisation, "nothing is lost")
	s, err = w.flow.Claim(t.Context(), begin("").Claim, senderonboarding.Claimant{Tenant: "acme", Organisation: other})
	require.NoError(t, err)
	require.Equal(t, other, s.Organisation)
	require.Equal(t, digipost.SignatureJoint, s.Expectation)
	late := begin("")
	w.clock.Advance(senderonboarding.DefaultDeadline)
	_, err = w.flow.Claim(t.Context(), late.Claim, senderonboarding.Claimant{Tenant: "acme"})
	require.ErrorIs(t, err, senderonboarding.ErrTooLate)
}
