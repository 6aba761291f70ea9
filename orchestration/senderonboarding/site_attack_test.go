package senderonboarding_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// siteAttacks come from elsewhere on the web, or over the start.
func siteAttacks() map[string]attack {
	sessions := func(w *world) int {
		n := 0
		for _, err := range w.flow.Sessions(w.t.Context(), "") {
			require.NoError(w.t, err)
			n++
		}
		return n
	}
	start := func(w *world, body string, change func(*http.Request)) *http.Response {
		req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.web.URL+"/digipost/start", strings.NewReader(body))
		require.NoError(w.t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(req)
		v := w.visitor()
		v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		res, _ := v.do(req)
		return res
	}
	return map[string]attack{
		"start by another site": func(_ *testing.T, w *world) bool {
			res := start(w, "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
			return res.StatusCode != http.StatusForbidden || sessions(w) != 0
		},
		"start by another origin": func(_ *testing.T, w *world) bool {
			res := start(w, "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })
			return res.StatusCode != http.StatusForbidden || sessions(w) != 0
		},
		"start by a link": func(_ *testing.T, w *world) bool {
			_, _ = w.visitor().get(w.web.URL + "/digipost/start")
			return sessions(w) != 0
		},
		"open redirect over the start": func(_ *testing.T, w *world) bool {
			res := start(w, "redirect-url=https://evil.example&org="+string(acme), func(r *http.Request) { r.Host = "evil.example" })
			to := res.Header.Get("Location")
			return !strings.HasPrefix(to, w.fake.URL()+"/registrering/bedrift?") || strings.Contains(to, "evil")
		},
		"oversized form": func(_ *testing.T, w *world) bool {
			res := start(w, "org="+string(acme)+strings.Repeat("&x=a", 10_000), func(*http.Request) {})
			return res.StatusCode != http.StatusBadRequest || sessions(w) != 0
		},
		"framed": func(_ *testing.T, w *world) bool {
			res, _ := w.visitor().get(w.web.URL + "/digipost/")
			return !strings.Contains(res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		},
	}
}
