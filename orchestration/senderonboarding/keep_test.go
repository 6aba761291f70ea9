package senderonboarding_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*senderonboarding.Config, *senderonboarding.Deps){
		"BaseURL": func(c *senderonboarding.Config, _ *senderonboarding.Deps) {
			c.BaseURL = "http://vendor.example/digipost"
		},
		"PartnerID":     func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.PartnerID = 0 },
		"Environment":   func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Environment = "" },
		"Name":          func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Name = "A b" },
		"Proof":         func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Proof = "maybe" },
		"BrowserWindow": func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.BrowserWindow = -1 },
		"Deadline":      func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Deadline = time.Hour },
		"Pages":         func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Pages = emptyPages() },
		"Tokens": func(c *senderonboarding.Config, _ *senderonboarding.Deps) {
			c.BackendTokens = []countersign.Secret{countersign.NewSecret("short")}
		},
		"Brand.Language":  func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Brand.Language = "no" },
		"Brand.LogoURL":   func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Brand.LogoURL = "/logo.png" },
		"Brand.HomeURL":   func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Brand.HomeURL = "javascript:x" },
		"Brand.SignInURL": func(c *senderonboarding.Config, _ *senderonboarding.Deps) { c.Brand.SignInURL = "vendor.example:8080" },
		"Store":           func(_ *senderonboarding.Config, d *senderonboarding.Deps) { d.Store = nil },
	} {
		cfg := senderonboarding.Config{BaseURL: "https://vendor.example/digipost", PartnerID: 1, Environment: digipost.Test}
		deps := senderonboarding.Deps{Store: orchestration.NewMemory()}
		_, err := senderonboarding.New(cfg, deps)
		require.NoError(t, err)
		change(&cfg, &deps)
		_, err = senderonboarding.New(cfg, deps)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, field)
		require.Equal(t, field, e.Field)
	}
}

// A page of the vendor's own that can't be shown is refused at the start.
func TestBrokenPagesRefused(t *testing.T) {
	t.Parallel()
	_, err := senderonboarding.New(senderonboarding.Config{
		BaseURL: "https://vendor.example/digipost", PartnerID: 1, Environment: digipost.Test, Pages: brokenPages(),
	}, senderonboarding.Deps{Store: orchestration.NewMemory()})
	e, ok := errors.AsType[*countersign.ConfigError](err)
	require.True(t, ok)
	require.Equal(t, "Pages", e.Field)
}

// Support's e-mail address can be clicked, its telephone number is text.
func TestSupportURL(t *testing.T) {
	t.Parallel()
	for support, want := range map[string]string{
		"hjelp@example.no": "mailto:hjelp@example.no", "22 33 44 55": "", "": "", "Hjelp <hjelp@example.no>": "",
	} {
		require.Equal(t, want, senderonboarding.PageData{Brand: senderonboarding.Brand{Support: support}}.SupportURL(), support)
	}
}

func TestInstances(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	started := w.start("acme", acme)
	cfg := w.cfg
	cfg.Name = "second"
	second, err := senderonboarding.New(cfg, w.deps)
	require.NoError(t, err)
	_, err = second.Session(t.Context(), started.Session.ID)
	require.ErrorIs(t, err, senderonboarding.ErrUnknown)
	e, ok := errors.AsType[*senderonboarding.SessionError](err)
	require.True(t, ok)
	require.Equal(t, started.Session.ID, e.Session)
}

func TestPurgeAndForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	started := w.start("acme", acme)
	link := w.register(started, acme)
	w.visitor().open(link)
	w.run()
	open := w.start("beta", other)
	w.run()
	n, err := w.flow.Purge(t.Context(), w.clock.Now().Add(time.Second))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = w.flow.Session(t.Context(), started.Session.ID)
	require.ErrorIs(t, err, countersign.ErrNotFound)
	res, _ := w.visitor().open(link)
	require.Equal(t, http.StatusNotFound, res.StatusCode)
	require.Equal(t, senderonboarding.StateStarted, w.session(open.Session.ID).State)
	_, err = w.flow.Sender(t.Context(), "acme")
	require.NoError(t, err, "senders outlive their sessions")
	lines := func(id senderonboarding.SessionID) (n int) {
		for _, err := range w.flow.Journal(t.Context(), id) {
			require.NoError(t, err)
			n++
		}
		return n
	}
	require.Zero(t, lines(started.Session.ID))
	require.Equal(t, 1, lines(open.Session.ID), "support can still read of a session that is kept")

	require.NoError(t, w.flow.Forget(t.Context(), "acme"))
	_, err = w.flow.Sender(t.Context(), "acme")
	require.ErrorIs(t, err, senderonboarding.ErrNoSender)
	require.NoError(t, w.flow.Forget(t.Context(), "beta"))
	w.run()
	for _, table := range senderonboarding.Tables("")[:4] {
		for rec, err := range orchestration.Records(t.Context(), w.store, orchestration.Query{Table: table}) {
			require.NoError(t, err)
			require.Failf(t, "left over", "%s %s", table, rec.Key)
		}
	}
}

func TestHealthAndStats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("acme", acme)
	w.run()
	require.NoError(t, w.flow.Health(t.Context(), time.Minute))
	stats, err := w.flow.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"started": 1}, stats.States)
	w.clock.Advance(time.Hour)
	require.ErrorIs(t, w.flow.Health(t.Context(), time.Minute), countersign.ErrUnavailable)
}

// What every page says to the browser.
func TestPageHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fresh("acme", acme)
	for _, path := range []string{
		"/digipost/", "/digipost/back/" + f.state, "/digipost/back/nobody", "/digipost/back/" + f.state + "?sender-id=1&dp-address=kunde",
	} {
		res, page := w.visitor().get(w.web.URL + path)
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"), path)
		referrer := "no-referrer"
		if path == "/digipost/" {
			referrer = "same-origin" // its address is no secret, and its form has to name its origin
		}
		require.Equal(t, referrer, res.Header.Get("Referrer-Policy"), path)
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
		policy := res.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.Contains(t, policy, "frame-ancestors 'none'")
		require.NotContains(t, policy, "unsafe")
		require.Contains(t, page, `<html lang="nb">`)
		require.NotContains(t, page, f.nonce)
	}
}

// Only a click counts: a preview, a prefetch and a look at the address don't.
func TestNobodyClicked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.fresh("acme", acme)
	address := w.web.URL + "/digipost/back/" + f.state + "?" + callback(w.customer(acme), f.nonce)
	v := w.visitor()
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.Method = http.MethodHead },
		func(r *http.Request) { r.Header.Set("Sec-Purpose", "prefetch;prerender") },
		func(r *http.Request) { r.URL.RawQuery = "" },
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		change(req)
		res, _ := v.do(req)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.True(t, w.untouched(f))
	}
}

// Whoever starts on the public page and signs in afterwards in the same browser
// gets all the sessions that began there.
func TestPublicStartAndSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash))
	var claimed []senderonboarding.Session
	w.mux.HandleFunc("POST /sign-in", func(rw http.ResponseWriter, r *http.Request) {
		var err error
		claimed, err = w.flow.ClaimFrom(rw, r, senderonboarding.Claimant{Tenant: "acme", Organisation: acme})
		if err != nil {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	})
	v := w.visitor()
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	post := func(path string, form url.Values) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.web.URL+path, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, _ := v.do(req)
		return res
	}
	for range 2 {
		res := post("/digipost/start", url.Values{"org": {"984 661 185"}, "redirect-url": {"https://evil.example"}})
		require.Equal(t, http.StatusSeeOther, res.StatusCode)
		require.True(t, strings.HasPrefix(res.Header.Get("Location"), w.fake.URL()+"/registrering/bedrift?"))
		require.NotContains(t, res.Header.Get("Location"), "evil")
		require.Contains(t, res.Header.Get("Set-Cookie"), "HttpOnly")
		require.Contains(t, res.Header.Get("Set-Cookie"), "SameSite=Lax")
	}
	require.Equal(t, http.StatusBadRequest, post("/digipost/start", url.Values{"org": {"987654321"}}).StatusCode)
	require.Equal(t, http.StatusOK, post("/sign-in", nil).StatusCode)
	require.Len(t, claimed, 2)
	require.Equal(t, http.StatusOK, post("/sign-in", nil).StatusCode)
	require.Empty(t, claimed, "the cookies are gone")

	req := httptest.NewRequest(http.MethodPost, w.web.URL+"/digipost/start", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	rec := httptest.NewRecorder()
	w.flow.Handler().ServeHTTP(rec, req)
	require.Equal(t, http.StatusForbidden, rec.Code)
	_, err := io.Copy(io.Discard, rec.Result().Body)
	require.NoError(t, err)
}
