package cloudsigntest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/countersigntest"
)

var start = time.Date(2025, 4, 1, 9, 0, 0, 0, time.UTC)

// world is a server with one ordinary user, and a client that speaks plain
// HTTP.
type world struct {
	*cloudsigntest.Server
	t     *testing.T
	user  cloudsigntest.User
	admin cloudsigntest.User
}

func newWorld(t *testing.T, opts ...cloudsigntest.Option) *world {
	t.Helper()
	opts = append([]cloudsigntest.Option{cloudsigntest.WithClock(countersigntest.NewClock(start))}, opts...)
	w := &world{Server: cloudsigntest.NewServer(opts...), t: t}
	t.Cleanup(w.Close)
	w.user = w.AddUser(cloudsigntest.User{Name: "佐藤"})
	w.admin = w.AddUser(cloudsigntest.User{
		Name:        "連携",
		Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true},
	})
	return w
}

type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (a answer) code() any { return a.json["error"] }

func (w *world) send(req *http.Request) answer {
	w.t.Helper()
	res, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	a := answer{status: res.StatusCode, header: res.Header, body: string(body)}
	if res.Header.Get("Content-Type") == "application/json" {
		d := json.NewDecoder(strings.NewReader(a.body))
		d.UseNumber()
		require.NoError(w.t, d.Decode(&a.json))
	}
	return a
}

func (w *world) request(method, path, authorization string) *http.Request {
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.URL()+path, nil)
	require.NoError(w.t, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	return req
}

func (w *world) postToken(form url.Values) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.URL()+"/token", strings.NewReader(form.Encode()))
	require.NoError(w.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(req)
}

func (w *world) tokenOf(u cloudsigntest.User) string {
	w.t.Helper()
	a := w.postToken(url.Values{"client_id": {u.ClientID}})
	require.Equal(w.t, http.StatusOK, a.status, a.body)
	return a.json["access_token"].(string)
}

// get asks as the user.
func (w *world) get(u cloudsigntest.User, path string) answer {
	w.t.Helper()
	return w.send(w.request(http.MethodGet, path, "Bearer "+w.tokenOf(u)))
}

// ids lists the ids of a page of documents.
func (a answer) ids() []string {
	out := []string{}
	for _, d := range a.json["documents"].([]any) {
		out = append(out, d.(map[string]any)["id"].(string))
	}
	return out
}

func TestTokenIsTheSameUntilItExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := url.Values{"client_id": {w.user.ClientID}}
	first := w.postToken(form)
	require.Equal(t, "Bearer", first.json["token_type"])
	require.Equal(t, json.Number("3600"), first.json["expires_in"])
	require.Len(t, first.json["access_token"], 36)

	w.Clock().Advance(59 * time.Minute)
	again := w.postToken(form)
	require.Equal(t, first.json["access_token"], again.json["access_token"])
	require.Equal(t, json.Number("60"), again.json["expires_in"])

	w.Clock().Advance(time.Minute)
	require.NotEqual(t, first.json["access_token"], w.postToken(form).json["access_token"])
	old := w.send(w.request(http.MethodGet, "/me", "Bearer "+first.json["access_token"].(string)))
	require.Equal(t, http.StatusUnauthorized, old.status)
	require.Equal(t, "unauthorized", old.code())
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	disabled := w.AddUser(cloudsigntest.User{Disabled: true})
	removed := w.AddUser(cloudsigntest.User{})
	w.RemoveUser(removed.ID)
	fenced := w.AddTeam(cloudsigntest.Team{AllowedAddresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	outside := w.AddUser(cloudsigntest.User{TeamID: fenced.ID})
	for name, c := range map[string]struct {
		form   url.Values
		status int
		code   string
	}{
		"no client id":      {nil, 400, "invalid_request"},
		"empty client id":   {url.Values{"client_id": {""}}, 400, "invalid_request"},
		"unknown client id": {url.Values{"client_id": {"nobody"}}, 400, "invalid_client"},
		"disabled user":     {url.Values{"client_id": {disabled.ClientID}}, 403, "forbidden"},
		"removed user":      {url.Values{"client_id": {removed.ClientID}}, 403, "forbidden"},
		"other address":     {url.Values{"client_id": {outside.ClientID}}, 403, "forbidden"},
	} {
		a := w.postToken(c.form)
		require.Equal(t, c.status, a.status, name)
		require.Equal(t, c.code, a.code(), name)
		require.NotEmpty(t, a.json["message"], name)
	}
	req := w.request(http.MethodPost, "/token", "")
	req.Header.Set("Content-Type", "application/json")
	req.Body = io.NopCloser(strings.NewReader(`{"client_id":"` + w.user.ClientID + `"}`))
	require.Equal(t, "invalid_request", w.send(req).code())
}

func TestEveryCallIsRefusedWithoutAToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.AddDocument(cloudsigntest.Document{Status: cloudsigntest.Concluded})
	paths := []string{
		"/me", "/cabinets", "/documents", "/team_documents", "/documents/" + d.ID,
		"/documents/" + d.ID + "/attribute", "/documents/" + d.ID + "/certificate",
		"/documents/" + d.ID + "/files/" + d.Files[0].ID,
	}
	for _, path := range paths {
		for authorization, want := range map[string]int{
			"":               400,
			"Bearer":         400,
			"Bearer ":        400,
			"Basic abc":      400,
			"Bearer a b":     400,
			"Bearer unknown": 401,
		} {
			a := w.send(w.request(http.MethodGet, path, authorization))
			require.Equal(t, want, a.status, "%s %q", path, authorization)
			require.Equal(t, map[int]any{400: "bad_request", 401: "unauthorized"}[want], a.code())
		}
	}
}

func TestRefusalsOfEveryCall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(*world)
		status int
		code   string
	}{
		"disabled user": {func(w *world) {
			w.UpdateUser(w.user.ID, func(u *cloudsigntest.User) { u.Disabled = true })
		}, 403, "forbidden"},
		"removed user": {func(w *world) { w.RemoveUser(w.user.ID) }, 403, "forbidden"},
		"other address": {func(w *world) {
			w.UpdateTeam(w.user.TeamID, func(t *cloudsigntest.Team) {
				t.AllowedAddresses = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
			})
		}, 403, "forbidden"},
		"no option":      {func(w *world) { w.UpdateTeam(w.user.TeamID, func(t *cloudsigntest.Team) { t.NoWebAPI = true }) }, 403, "webapi_option_required"},
		"expired tokens": {func(w *world) { w.ExpireTokens() }, 401, "unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			req := w.request(http.MethodGet, "/documents", "Bearer "+w.tokenOf(w.user))
			require.Equal(t, http.StatusOK, w.send(req).status)
			c.spoil(w)
			a := w.send(req)
			require.Equal(t, c.status, a.status)
			require.Equal(t, c.code, a.code())
		})
	}
}

func TestAllowedAddressMayCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.UpdateTeam(w.user.TeamID, func(t *cloudsigntest.Team) {
		t.AllowedAddresses = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	require.Equal(t, http.StatusOK, w.get(w.user, "/me").status)
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := w.request(http.MethodGet, "/me", "Bearer "+w.tokenOf(w.user))
	req.Header.Set("Origin", "https://app.example.com")
	a := w.send(req)
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, "bad_request", a.code())
	w.UpdateTeam(w.user.TeamID, func(t *cloudsigntest.Team) { t.AllowedOrigin = "https://app.example.com" })
	require.Equal(t, http.StatusOK, w.send(req).status)
}

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	auth := "Bearer " + w.tokenOf(w.user)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/nowhere", 404, "not_found"},
		{"GET", "/documents//attribute", 404, "not_found"},
		{"GET", "/documents/x/files/", 404, "not_found"},
		{"PATCH", "/documents", 405, "method_not_allowed"},
		{"POST", "/me", 405, "method_not_allowed"},
		{"DELETE", "/token", 405, "method_not_allowed"},
		{"GET", "/token", 501, "not_simulated"},
		{"PUT", "/documents/x/decline", 404, "not_found"},
		{"GET", "/documents/..%2Fme", 404, "not_found"},
	} {
		a := w.send(w.request(c.method, c.path, auth))
		require.Equal(t, c.status, a.status, c.method+" "+c.path)
		require.Equal(t, c.code, a.code(), c.method+" "+c.path)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cloudsigntest.WithRateLimit(3), cloudsigntest.WithRetryAfter(true))
	req := w.request(http.MethodGet, "/me", "Bearer "+w.tokenOf(w.user))
	other := w.request(http.MethodGet, "/me", "Bearer "+w.tokenOf(w.admin))
	for range 3 {
		require.Equal(t, http.StatusOK, w.send(req).status)
	}
	a := w.send(req)
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.Equal(t, "too_many_requests", a.code())
	require.Equal(t, "60", a.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, w.send(other).status, "the limit is a token's own")

	w.Clock().Advance(59 * time.Second)
	require.Equal(t, "1", w.send(req).header.Get("Retry-After"))
	w.Clock().Advance(time.Second)
	require.Equal(t, http.StatusOK, w.send(req).status)
}

func TestRateLimitDefaults(t *testing.T) {
	t.Parallel()
	limited, free := newWorld(t), newWorld(t, cloudsigntest.WithRateLimit(0))
	for _, w := range []*world{limited, free} {
		req := w.request(http.MethodGet, "/me", "Bearer "+w.tokenOf(w.user))
		for range 800 {
			require.Equal(t, http.StatusOK, w.send(req).status)
		}
		a := w.send(req)
		if w == free {
			require.Equal(t, http.StatusOK, a.status)
			continue
		}
		require.Equal(t, http.StatusTooManyRequests, a.status)
		require.NotContains(t, a.header, "Retry-After")
	}
}

func TestTokenRequestsCounted(t *testing.T) {
	t.Parallel()
	for _, counted := range []bool{false, true} {
		w := newWorld(t, cloudsigntest.WithRateLimit(1), cloudsigntest.WithTokenRequestsCounted(counted))
		form := url.Values{"client_id": {w.user.ClientID}}
		require.Equal(t, 200, w.postToken(form).status)
		require.Equal(t, map[bool]int{false: 200, true: 429}[counted], w.postToken(form).status)
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.AddUser(cloudsigntest.User{
		Email: "a@example.jp", Name: "管理", Organization: "例",
		Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true, PrivateDocumentAdministrator: true},
	})
	require.Equal(t, map[string]any{
		"id": u.ID, "email": "a@example.jp", "name": "管理", "organization": "例",
		"team": map[string]any{"id": w.Team().ID, "name": w.Team().Name},
		"authorities": map[string]any{
			"team_administrator": false, "team_document_administrator": true,
			"document_approver": false, "private_document_administrator": true,
		},
	}, w.get(u, "/me").json)
}

func TestEnterprise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	team := w.AddTeam(cloudsigntest.Team{Enterprise: true, Cabinets: []cloudsigntest.Cabinet{{Name: "b"}, {Name: "a"}}})
	u := w.AddUser(cloudsigntest.User{TeamID: team.ID, Authorities: w.admin.Authorities})
	colleague := w.AddUser(cloudsigntest.User{TeamID: team.ID})
	own := w.AddDocument(cloudsigntest.Document{UserID: u.ID, Status: cloudsigntest.Concluded})
	w.AddDocument(cloudsigntest.Document{UserID: colleague.ID, Status: cloudsigntest.Concluded})

	require.Equal(t, "forbidden", w.get(u, "/me").code())
	require.Equal(t, "forbidden", w.get(u, "/team_documents").code())
	require.Equal(t, "forbidden", w.get(w.user, "/cabinets").code())
	require.Equal(t, []string{own.ID}, w.get(u, "/documents").ids())

	cabinets := w.get(u, "/cabinets")
	require.Equal(t, json.Number("3"), cabinets.json["total"])
	names := []any{}
	for _, c := range cabinets.json["cabinets"].([]any) {
		names = append(names, c.(map[string]any)["name"], c.(map[string]any)["type"])
	}
	require.Equal(t, []any{"すべての書類", json.Number("1"), "a", json.Number("0"), "b", json.Number("0")}, names)
	require.Empty(t, w.get(u, "/cabinets?page=2").json["cabinets"])
	for _, page := range []string{"0", "-1", "x"} {
		require.Equal(t, "bad_request", w.get(u, "/cabinets?page="+page).code())
	}
}
