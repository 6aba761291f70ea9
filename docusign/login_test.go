package docusign_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/stretchr/testify/require"
)

// browser walks through a login: it keeps cookies by path and follows no
// redirect by itself.
type browser struct {
	t       *testing.T
	srv     *docusigntest.Server
	login   *docusign.Login
	cookies []*http.Cookie
	got     *docusign.Connection
	err     error
}

func newBrowser(t *testing.T, change func(*docusign.LoginConfig)) *browser {
	t.Helper()
	b := &browser{t: t, srv: docusigntest.NewServer()}
	app := b.srv.App()
	cfg := docusign.LoginConfig{
		App: docusign.App{
			Environment: docusign.Demo, IntegrationKey: app.IntegrationKey, Secret: countersign.NewSecret(app.Secret), RedirectURI: app.RedirectURI,
		},
		Connected: func(_ context.Context, c docusign.Connection) error { b.got = &c; return nil },
		Failed: func(w http.ResponseWriter, _ *http.Request, err error) {
			b.err = err
			w.WriteHeader(http.StatusForbidden)
		},
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	b.login, err = docusign.NewLogin(cfg, httpOptions(t, b.srv)...)
	require.NoError(t, err)
	return b
}

// start opens Start and gives the address of DocuSign's page.
func (b *browser) start() string {
	b.t.Helper()
	rec := httptest.NewRecorder()
	b.login.Start().ServeHTTP(rec, httptest.NewRequest("GET", "https://app.example.com/docusign/start", nil))
	require.Equal(b.t, http.StatusFound, rec.Code)
	b.cookies = append(b.cookies, rec.Result().Cookies()...)
	return rec.Header().Get("Location")
}

// page opens DocuSign's page and gives the address that it sends back to.
func (b *browser) page(address string) string {
	b.t.Helper()
	res, err := httpClient(b.t).Get(address)
	require.NoError(b.t, err)
	require.NoError(b.t, res.Body.Close())
	require.Equal(b.t, http.StatusFound, res.StatusCode)
	return res.Header.Get("Location")
}

// back opens the callback.
func (b *browser) back(address string) *http.Response {
	b.t.Helper()
	b.got, b.err = nil, nil
	req := httptest.NewRequest("GET", address, nil)
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	b.login.Callback().ServeHTTP(rec, req)
	return rec.Result()
}

func TestLogin(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	page := b.start()
	q, err := url.Parse(page)
	require.NoError(t, err)
	require.Equal(t, "S256", q.Query().Get("code_challenge_method"))
	require.Equal(t, "signature extended", q.Query().Get("scope"))
	require.NotContains(t, page, "+", "scopes are parted by %20")
	c := b.cookies[0]
	require.True(t, c.HttpOnly && c.Secure && c.SameSite == http.SameSiteLaxMode)
	require.Equal(t, "/docusign/callback", c.Path)
	require.NotContains(t, c.Value, q.Query().Get("state"), "the cookie is sealed")

	callback := b.page(page)
	res := b.back(callback)
	require.NoError(t, b.err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	require.Equal(t, -1, res.Cookies()[0].MaxAge, "the cookie goes")
	require.Equal(t, b.srv.User().ID, string(b.got.User.UserID))
	require.Equal(t, b.srv.Account().ID, string(b.got.Account.ID))
	require.False(t, b.got.Token.Refresh.IsZero())

	b.back(callback)
	require.ErrorIs(t, b.err, docusign.ErrLoginState, "a state is good once, also with its cookie")
	require.Nil(t, b.got)
}

func TestLoginThatIsRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	b.srv.RefuseConsent()
	b.back(b.page(b.start()))
	refused, ok := errors.AsType[*docusign.RefusedError](b.err)
	require.True(t, ok, "%v", b.err)
	require.Equal(t, "access_denied", refused.Code)
	require.Equal(t, "The user did not consent to connecting the application.", refused.Description)
	require.ErrorIs(t, b.err, countersign.ErrForbidden)
	require.Nil(t, b.got)
}

// TestLoginTakesGETAlone: whoever looks at the callback with HEAD must not use
// the state up.
func TestLoginTakesGETAlone(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	callback := b.page(b.start())
	for _, h := range []http.Handler{b.login.Start(), b.login.Callback()} {
		for _, method := range []string{"HEAD", "POST", "OPTIONS"} {
			req := httptest.NewRequest(method, callback, nil)
			req.AddCookie(b.cookies[0])
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			require.Equal(t, http.StatusMethodNotAllowed, rec.Code, method)
			require.Equal(t, "GET", rec.Header().Get("Allow"))
			require.Empty(t, rec.Result().Cookies())
		}
	}
	b.back(callback)
	require.NoError(t, b.err)
	require.NotNil(t, b.got)
}

func TestLoginThatDoesNotBelongHere(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	callback := b.page(b.start())
	mine := b.cookies
	u, err := url.Parse(callback)
	require.NoError(t, err)
	with := func(name, value string) string {
		q := u.Query()
		q.Set(name, value)
		return u.Path + "?" + q.Encode()
	}
	for name, try := range map[string]func(){
		"another browser": func() { b.cookies = nil; b.back(callback) },
		"other state":     func() { b.cookies = mine; b.back(with("state", "other")) },
		"no state":        func() { b.cookies = mine; b.back(with("state", "")) },
		"long state":      func() { b.cookies = mine; b.back(with("state", strings.Repeat("s", 200))) },
		"other cookie": func() {
			forged := *mine[0]
			first := "A"
			if strings.HasPrefix(forged.Value, first) {
				first = "B"
			}
			forged.Value = first + forged.Value[1:]
			b.cookies = []*http.Cookie{&forged}
			b.back(callback)
		},
		"cookie of another login": func() {
			b.cookies = nil
			b.start()
			forged := *b.cookies[0]
			forged.Name = mine[0].Name
			b.cookies = []*http.Cookie{&forged}
			b.back(callback)
		},
		"short cookie": func() {
			forged := *mine[0]
			forged.Value = "AAAA"
			b.cookies = []*http.Cookie{&forged}
			b.back(callback)
		},
	} {
		try()
		require.ErrorIs(t, b.err, docusign.ErrLoginState, name)
		require.Nil(t, b.got, name)
	}
	require.Zero(t, b.srv.Log().Tally(docusigntest.OpToken).Requests, "no code is exchanged for a stranger")
	b.cookies = mine
	b.back(callback)
	require.NoError(t, b.err, "the attempts of strangers do not use the state up")
}

func TestLoginTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got error
		l, err := docusign.NewLogin(docusign.LoginConfig{
			App:       docusign.App{Environment: docusign.Demo, IntegrationKey: "k", Secret: countersign.NewSecret("s"), RedirectURI: "http://localhost:8080"},
			Connected: func(context.Context, docusign.Connection) error { return nil },
			Failed:    func(_ http.ResponseWriter, _ *http.Request, err error) { got = err },
		})
		require.NoError(t, err)
		rec := httptest.NewRecorder()
		l.Start().ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		page, err := url.Parse(rec.Header().Get("Location"))
		require.NoError(t, err)
		require.False(t, rec.Result().Cookies()[0].Secure, "a redirect URI of http can't have a secure cookie")
		time.Sleep(16 * time.Minute)
		req := httptest.NewRequest("GET", "/?code=c&state="+page.Query().Get("state"), nil)
		req.AddCookie(rec.Result().Cookies()[0])
		l.Callback().ServeHTTP(httptest.NewRecorder(), req)
		require.ErrorIs(t, got, docusign.ErrLoginState)
	})
}

func TestLoginFailures(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, func(c *docusign.LoginConfig) {
		c.Connected = func(context.Context, docusign.Connection) error { return errors.New("disk full") }
	})
	b.back(b.page(b.start()))
	require.ErrorContains(t, b.err, "disk full")

	b = newBrowser(t, func(c *docusign.LoginConfig) { c.AccountID = "somebody else's" })
	b.back(b.page(b.start()))
	require.ErrorContains(t, b.err, "is not one of the user's accounts")

	b = newBrowser(t, func(c *docusign.LoginConfig) { c.Failed = nil })
	res := b.back("/docusign/callback?error=access_denied&state=x")
	require.Equal(t, http.StatusForbidden, res.StatusCode)
}

func TestLoginConfiguration(t *testing.T) {
	t.Parallel()
	app := docusign.App{Environment: docusign.Demo, IntegrationKey: "k", RedirectURI: "https://app.example.com/cb"}
	done := func(context.Context, docusign.Connection) error { return nil }
	for want, cfg := range map[string]docusign.LoginConfig{
		"Connected is nil":            {App: app},
		"RedirectURI is empty":        {App: docusign.App{Environment: docusign.Demo, IntegrationKey: "k"}, Connected: done},
		"RedirectURI is neither":      {App: docusign.App{Environment: docusign.Demo, IntegrationKey: "k", RedirectURI: "ftp://x/"}, Connected: done},
		"RedirectURI is not an absol": {App: docusign.App{Environment: docusign.Demo, IntegrationKey: "k", RedirectURI: "/cb"}, Connected: done},
		"CookieKey is shorter":        {App: app, Connected: done, CookieKey: countersign.NewSecret("short")},
	} {
		_, err := docusign.NewLogin(cfg)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	app := docusign.App{Environment: docusign.Production, IntegrationKey: "k", RedirectURI: "https://app.example.com/cb?a=b"}
	o, err := docusign.NewOAuth(app)
	require.NoError(t, err)
	verifier := strings.Repeat("v", 43)
	page, err := o.LoginURL(docusign.LoginRequest{State: "s", Verifier: verifier, LoginHint: "a@example.com", ForceLogin: true})
	require.NoError(t, err)
	u, err := url.Parse(page)
	require.NoError(t, err)
	require.Equal(t, "account.docusign.com", u.Host)
	q := u.Query()
	require.Equal(t, "login", q.Get("prompt"))
	require.Equal(t, "a@example.com", q.Get("login_hint"))
	require.Equal(t, app.RedirectURI, q.Get("redirect_uri"))
	require.Len(t, q.Get("code_challenge"), 43)

	page, err = o.AdminConsentURL(docusign.LoginRequest{})
	require.NoError(t, err)
	require.Contains(t, page, "admin_consent_scope=signature%20impersonation")
	require.Contains(t, page, "scope=openid")

	for want, r := range map[string]docusign.LoginRequest{
		"State is empty":     {Verifier: verifier},
		"Verifier is empty":  {State: "s"},
		"Verifier is not 43": {State: "s", Verifier: "short"},
	} {
		_, err = o.LoginURL(r)
		require.ErrorContains(t, err, want)
	}
}
