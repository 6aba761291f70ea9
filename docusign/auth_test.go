package docusign_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

func jwtGrant(srv *docusigntest.Server) docusign.JWTGrant {
	app := srv.App()
	return docusign.JWTGrant{
		IntegrationKey: app.IntegrationKey, UserID: docusign.UserID(srv.User().ID),
		PrivateKey: countersign.NewSecret(app.PrivateKey), RedirectURI: app.RedirectURI,
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	good := docusign.StaticToken{Token: countersign.NewSecret("t")}
	key := countersign.NewSecret("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----")
	for want, cfg := range map[string]docusign.Config{
		"Environment is empty":              {Auth: good},
		"Environment is not known":          {Auth: good, Environment: "staging"},
		"Auth is nil":                       {Environment: docusign.Demo},
		"StaticToken.Token is empty":        {Environment: docusign.Demo, Auth: docusign.StaticToken{}},
		"SourceToken.Source is nil":         {Environment: docusign.Demo, Auth: docusign.SourceToken{}},
		"CodeGrant.Store is nil":            {Environment: docusign.Demo, Auth: docusign.CodeGrant{IntegrationKey: "k"}},
		"IntegrationKey is empty":           {Environment: docusign.Demo, Auth: docusign.CodeGrant{}},
		"JWTGrant.UserID is empty":          {Environment: docusign.Demo, Auth: docusign.JWTGrant{IntegrationKey: "k"}},
		"JWTGrant.PrivateKey is not PEM":    {Environment: docusign.Demo, Auth: docusign.JWTGrant{IntegrationKey: "k", UserID: "u"}},
		"JWTGrant.PrivateKey is neither":    {Environment: docusign.Demo, Auth: docusign.JWTGrant{IntegrationKey: "k", UserID: "u", PrivateKey: key}},
		"IntegrationKey has a blank or a c": {Environment: docusign.Demo, Auth: docusign.JWTGrant{IntegrationKey: "a:b", UserID: "u", PrivateKey: key}},
	} {
		_, err := docusign.New(cfg)
		require.ErrorIs(t, err, countersign.ErrInvalid, want)
		require.ErrorContains(t, err, want)
	}
	for _, e := range []docusign.Environment{docusign.Demo, docusign.Production} {
		got, err := docusign.ParseEnvironment(string(e))
		require.NoError(t, err)
		require.Equal(t, e, got)
	}
}

func TestJWTGrant(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	c := connect(t, srv, jwtGrant(srv))
	_, err := c.Account(t.Context())
	consent, ok := errors.AsType[*docusign.ConsentRequiredError](err)
	require.True(t, ok, "%v", err)
	require.ErrorIs(t, err, docusign.ErrConsentRequired)
	require.ErrorIs(t, err, countersign.ErrUnauthorized)
	require.True(t, strings.HasPrefix(consent.URL, srv.URL()+"/oauth/auth?"))
	require.Contains(t, consent.URL, "scope=signature%20impersonation")

	// The user opens the page and consents.
	page := httpClient(t)
	res, err := page.Get(consent.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusFound, res.StatusCode)

	account, err := c.Account(t.Context())
	require.NoError(t, err)
	require.Equal(t, srv.Account().ID, string(account.ID))
	for range 3 {
		_, err = c.Users.List(t.Context(), docusign.UserQuery{})
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, srv.Log().Tally(docusigntest.OpToken).Requests, "refused once, then one token")
	require.EqualValues(t, 1, srv.Log().Tally(docusigntest.OpUserInfo).Requests, "the account is discovered once")

	srv.ExpireTokens()
	_, err = c.Users.List(t.Context(), docusign.UserQuery{})
	require.NoError(t, err, "a refused token is fetched anew once")
	require.EqualValues(t, 3, srv.Log().Tally(docusigntest.OpToken).Requests)
}

// httpClient does not follow redirects; its connections end with the test.
func httpClient(t testing.TB) *http.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestJWTGrantThatIsRefused(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	other := docusigntest.NewServer(docusigntest.WithSeed(7))
	defer other.Close()
	for name, change := range map[string]func(*docusign.JWTGrant){
		"unknown user": func(g *docusign.JWTGrant) { g.UserID = "nobody" },
		"unknown key":  func(g *docusign.JWTGrant) { g.IntegrationKey = other.App().IntegrationKey },
	} {
		g := jwtGrant(srv)
		change(&g)
		_, err := connect(t, srv, g).Account(t.Context())
		require.ErrorIs(t, err, countersign.ErrUnauthorized, name)
		require.NotErrorIs(t, err, docusign.ErrConsentRequired, name)
		require.Equal(t, "invalid_grant", apiError(t, err).Code)
	}
	srv.Consent(srv.App().IntegrationKey, srv.User().ID)
	cfg := docusign.Config{Environment: docusign.Production, Auth: jwtGrant(srv)}
	c, err := docusign.New(cfg, httpOptions(t, srv)...)
	require.NoError(t, err)
	_, err = c.Account(t.Context())
	require.Equal(t, "invalid_audience", apiError(t, err).Message, "the assertion names its environment")
}

func TestHundredGoroutinesOneRefresh(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer(docusigntest.WithBurstLimit(1000))
	token := login(t, srv)
	store := docusign.NewMemoryStore(token)
	c := connect(t, srv, docusign.CodeGrant{IntegrationKey: srv.App().IntegrationKey, Secret: countersign.NewSecret(srv.App().Secret), Store: store})
	// The account is known before, so that its discovery does not make them queue.
	_, err := c.Account(t.Context())
	require.NoError(t, err)
	srv.ExpireTokens()
	before := srv.Log().Tally(docusigntest.OpToken).Requests
	var wg sync.WaitGroup
	var failed atomic.Int32
	for range 100 {
		wg.Go(func() {
			if _, err := c.Users.List(t.Context(), docusign.UserQuery{}); err != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	require.Zero(t, failed.Load())
	require.EqualValues(t, 1, srv.Log().Tally(docusigntest.OpToken).Requests-before)
	kept, err := store.Load(t.Context())
	require.NoError(t, err)
	require.False(t, kept.Refresh.Equal(token.Refresh.Reveal()), "the rotated refresh token is kept")
	t.Logf("proof: docusign calls=100 refreshes=%d", srv.Log().Tally(docusigntest.OpToken).Requests-before)
}

// login gets a token as a person would, without the handlers.
func login(t testing.TB, srv *docusigntest.Server) docusign.Token {
	t.Helper()
	app := srv.App()
	o, err := docusign.NewOAuth(docusign.App{
		Environment: docusign.Demo, IntegrationKey: app.IntegrationKey, Secret: countersign.NewSecret(app.Secret), RedirectURI: app.RedirectURI,
	}, httpOptions(t, srv)...)
	require.NoError(t, err)
	verifier := strings.Repeat("v", 43)
	page, err := o.LoginURL(docusign.LoginRequest{State: "s", Verifier: verifier})
	require.NoError(t, err)
	res, err := httpClient(t).Get(page)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	back, err := res.Location()
	require.NoError(t, err)
	require.Equal(t, "s", back.Query().Get("state"))
	token, err := o.Exchange(t.Context(), countersign.NewSecret(back.Query().Get("code")), countersign.NewSecret(verifier))
	require.NoError(t, err)
	_, err = o.Exchange(t.Context(), countersign.NewSecret(back.Query().Get("code")), countersign.NewSecret(verifier))
	require.ErrorIs(t, err, countersign.ErrUnauthorized, "a code is good once")
	return token
}

func TestRefreshEndsInALogin(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	token := login(t, srv)
	app, user := srv.App(), srv.User()
	grant := docusign.CodeGrant{IntegrationKey: app.IntegrationKey, Secret: countersign.NewSecret(app.Secret), Store: docusign.NewMemoryStore(token)}
	c := connect(t, srv, grant)
	_, err := c.Account(t.Context())
	require.NoError(t, err)
	srv.RevokeConsent(app.IntegrationKey, user.ID)
	_, err = c.Users.List(t.Context(), docusign.UserQuery{})
	require.NoError(t, err, "the access token lives on")
	srv.ExpireTokens()
	_, err = c.Users.List(t.Context(), docusign.UserQuery{})
	require.ErrorIs(t, err, docusign.ErrLoginRequired)
	require.NotContains(t, err.Error(), token.Refresh.Reveal())

	grant.Store = docusign.NewMemoryStore(docusign.Token{})
	_, err = connect(t, srv, grant).Account(t.Context())
	require.ErrorIs(t, err, docusign.ErrLoginRequired)
}

// shared is a store whose Save fails while it is told to.
type shared struct {
	docusign.MemoryStore
	broken atomic.Bool
}

func (s *shared) Save(ctx context.Context, t docusign.Token) error {
	if s.broken.Load() {
		return errors.New("disk full")
	}
	return s.MemoryStore.Save(ctx, t)
}

func TestTokenThatCannotBeSaved(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	token := login(t, srv)
	token.Expiry = time.Now().Add(-time.Minute)
	store := &shared{}
	require.NoError(t, store.Save(t.Context(), token))
	c := connect(t, srv, docusign.CodeGrant{IntegrationKey: srv.App().IntegrationKey, Secret: countersign.NewSecret(srv.App().Secret), Store: store})
	store.broken.Store(true)
	for range 2 {
		_, err := c.Account(t.Context())
		require.ErrorContains(t, err, "disk full")
	}
	refreshes := srv.Log().Tally(docusigntest.OpToken).Requests
	store.broken.Store(false)
	_, err := c.Account(t.Context())
	require.NoError(t, err)
	require.Equal(t, refreshes, srv.Log().Tally(docusigntest.OpToken).Requests, "the token that was had is saved, not fetched again")
}

func TestTokenThatAnotherProcessRefreshed(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	store := docusign.NewMemoryStore(login(t, srv))
	grant := docusign.CodeGrant{IntegrationKey: srv.App().IntegrationKey, Secret: countersign.NewSecret(srv.App().Secret), Store: store}
	one, two := connect(t, srv, grant), connect(t, srv, grant)
	for _, c := range []*docusign.Client{one, two} {
		_, err := c.Users.List(t.Context(), docusign.UserQuery{})
		require.NoError(t, err)
	}
	srv.ExpireTokens()
	before := srv.Log().Tally(docusigntest.OpToken).Requests
	for _, c := range []*docusign.Client{one, two} {
		_, err := c.Users.List(t.Context(), docusign.UserQuery{})
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, srv.Log().Tally(docusigntest.OpToken).Requests-before)
}

func TestFetchKeepsTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mt := httpmock.NewMockTransport()
		mt.RegisterResponder("POST", authHost+"/oauth/token", answer(200, `{"access_token":"a"}`).Delay(time.Minute))
		store := docusign.NewMemoryStore(docusign.Token{Refresh: countersign.NewSecret("r-0123456789")})
		c, err := docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.CodeGrant{IntegrationKey: "k", Store: store}},
			countersign.WithHTTPClient(&http.Client{Transport: mt}))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err = c.Account(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 50*time.Millisecond, time.Since(start))
		time.Sleep(time.Minute) // the refresh goes on without its caller
	})
}

func TestSourceToken(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: srv.AccessToken(srv.User().ID)})
	c := connect(t, srv, docusign.SourceToken{Source: source})
	_, err := c.Account(t.Context())
	require.NoError(t, err)
	srv.ExpireTokens()
	_, err = c.Users.List(t.Context(), docusign.UserQuery{})
	require.ErrorIs(t, err, countersign.ErrUnauthorized)
}

// TestTokensGoToDocuSignAlone: a forged user info must not lead a token away.
func TestTokensGoToDocuSignAlone(t *testing.T) {
	t.Parallel()
	for base, ok := range map[string]bool{
		"https://na9.docusign.net": true, "https://eu.docusign.net/": true, "https://demo.docusign.com": true,
		"https://evil.example": false, "https://docusign.net.evil.example": false, "https://evildocusign.net": false,
		"http://na9.docusign.net": false, "https://na9.docusign.net:8443": false, "https://docusign.net@evil.example": false,
		"http://127.0.0.1:80": false, "//na9.docusign.net": false, "": false,
	} {
		c, mt := mocked(t)
		mt.RegisterResponder("GET", authHost+"/oauth/userinfo", answer(200, `{"accounts":[{"account_id":"a","is_default":"true","base_uri":"`+base+`"}]}`))
		var hosts []string
		mt.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
			hosts = append(hosts, r.URL.Host)
			return answer(200, `{}`)(r)
		})
		_, err := c.Accounts.Get(t.Context())
		require.Equal(t, ok, err == nil, "%s: %v", base, err)
		require.Len(t, hosts, map[bool]int{true: 1}[ok], base)
		if !ok {
			require.ErrorIs(t, err, countersign.ErrInvalid, base)
		}
	}
}

func TestAccountThatMoved(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT", "USER_AUTHENTICATION_FAILED"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			accountMoves(t, code)
		})
	}
}

func accountMoves(t *testing.T, code string) {
	t.Helper()
	c, mt := mocked(t)
	ask := func() error { _, err := c.Accounts.Get(t.Context()); return err }
	mt.RegisterResponder("GET", rest, answer(200, `{}`))
	require.NoError(t, ask())

	wrong := answer(401, `{"errorCode":"`+code+`","message":"m"}`)
	mt.RegisterResponder("GET", rest, wrong)
	require.Equal(t, code, apiError(t, ask()).Code, "discovered anew, and nothing has changed")

	mt.RegisterResponder("GET", authHost+"/oauth/userinfo", answer(200, strings.ReplaceAll(userInfo, "na9", "eu1")))
	mt.RegisterResponder("GET", strings.ReplaceAll(rest, "na9", "eu1"), answer(200, `{"accountName":"there"}`))
	got, err := c.Accounts.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, "there", got.Name)
}

func TestChoosingAnAccount(t *testing.T) {
	t.Parallel()
	info := docusign.UserInfo{Accounts: []docusign.Account{{ID: "a"}, {ID: "B", IsDefault: true}}}
	got, err := info.Choose("")
	require.NoError(t, err)
	require.EqualValues(t, "B", got.ID)
	got, err = info.Choose("b")
	require.NoError(t, err, "a GUID is the same in any case")
	require.EqualValues(t, "B", got.ID)
	_, err = info.Choose("c")
	require.ErrorContains(t, err, "is not one of the user's accounts")
	_, err = docusign.UserInfo{}.Choose("")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

// TestWaitingForDiscoveryKeepsTheDeadline: one caller's slow discovery must not
// hold another beyond its own deadline.
func TestWaitingForDiscoveryKeepsTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t)
		mt.RegisterResponder("GET", authHost+"/oauth/userinfo", answer(200, userInfo).Delay(time.Minute))
		mt.RegisterResponder("GET", rest, answer(200, `{}`))
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Accounts.Get(t.Context()); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Accounts.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		wg.Wait()
		require.Equal(t, 1, mt.GetCallCountInfo()["GET "+authHost+"/oauth/userinfo"])
	})
}
