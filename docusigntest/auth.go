package docusigntest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// audience is the demo environment's account server. The fake is a demo
// environment.
const audience = "account-d.docusign.com"

type token struct {
	app, user string
	expires   time.Time
}

type code struct {
	app, user, redirect, challenge string
	scopes                         []string
	expires                        time.Time
}

type refresh struct {
	app, user string
	extended  bool
	expires   time.Time
}

// The operations of the account server.
const (
	OpAuthorize = "GET /oauth/auth"
	OpToken     = "POST /oauth/token" //nolint:gosec // no credential
	OpUserInfo  = "GET /oauth/userinfo"
)

func (s *Server) authRoutes() {
	for pattern, f := range map[string]http.HandlerFunc{OpAuthorize: s.authorize, OpToken: s.token, OpUserInfo: s.userInfo} {
		s.router.add(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			f(w, r)
		})
	}
}

func (s *Server) newToken(app, user string, life time.Duration) string {
	value := "eyJ." + s.ids.guid("token")
	s.state.tokens[value] = &token{app, user, s.now().Add(life)}
	return value
}

// authorize is the login and consent page: the person consents at once. It
// never redirects to an address that is not the app's.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	a := s.state.apps[q.Get("client_id")]
	switch {
	case a == nil || q.Get("redirect_uri") != a.RedirectURI:
		http.Error(w, "The redirect URI is not registered properly with DocuSign", http.StatusBadRequest)
		return
	case q.Get("response_type") != "code" || q.Get("scope") == "":
		http.Error(w, "invalid request", http.StatusBadRequest)
		return
	case a.Secret == "" && q.Get("code_challenge") == "" && !strings.Contains(q.Get("scope"), "impersonation"):
		http.Error(w, "a public app has to use PKCE", http.StatusBadRequest)
		return
	}
	back := url.Values{}
	if state := q.Get("state"); state != "" {
		back.Set("state", state)
	}
	if s.state.refuse {
		s.state.refuse = false
		back.Set("error", "access_denied")
		back.Set("error_message", "The user did not consent to connecting the application.")
	} else {
		scopes := strings.Fields(q.Get("scope"))
		for _, scope := range scopes {
			s.state.consents[a.IntegrationKey+s.state.person+scope] = true
		}
		value := s.ids.guid("code")
		s.state.codes[value] = &code{a.IntegrationKey, s.state.person, a.RedirectURI, q.Get("code_challenge"), scopes, s.now().Add(2 * time.Minute)}
		back.Set("code", value)
	}
	target := a.RedirectURI + "?"
	if strings.Contains(a.RedirectURI, "?") {
		target = a.RedirectURI + "&"
	}
	http.Redirect(w, r, target+back.Encode(), http.StatusFound)
}

func oauthFail(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	body := object{"error": code}
	if description != "" {
		body["error_description"] = description
	}
	_ = json.NewEncoder(w).Encode(body)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.ParseForm() != nil {
		oauthFail(w, http.StatusBadRequest, "invalid_request", "")
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		s.exchange(w, r)
	case "refresh_token":
		s.renew(w, r)
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		s.assert(w, r)
	default:
		oauthFail(w, http.StatusBadRequest, "unsupported_grant_type", "")
	}
}

// client is the app that the request proves to be: by its secret, or for a
// public app by its id.
func (s *Server) client(r *http.Request) *app {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id = r.PostForm.Get("client_id")
	}
	a := s.state.apps[id]
	if a == nil || a.Secret != secret || (a.Secret != "") != basic {
		return nil
	}
	return a
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request) {
	a, value := s.client(r), r.PostForm.Get("code")
	if a == nil {
		oauthFail(w, http.StatusUnauthorized, "invalid_client", "")
		return
	}
	got := s.state.codes[value]
	delete(s.state.codes, value) // a code is good once, also if the rest is wrong
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	switch {
	case got == nil || got.app != a.IntegrationKey || !s.now().Before(got.expires):
		oauthFail(w, http.StatusBadRequest, "invalid_grant", "expired_client_token")
		return
	case got.challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != got.challenge:
		oauthFail(w, http.StatusBadRequest, "invalid_grant", "PKCE verification failed")
		return
	}
	extended := strings.Contains(strings.Join(got.scopes, " "), "extended")
	s.grant(w, &refresh{a.IntegrationKey, got.user, extended, s.now().Add(s.cfg.refreshLife)}, "")
}

func (s *Server) renew(w http.ResponseWriter, r *http.Request) {
	a, value := s.client(r), r.PostForm.Get("refresh_token")
	if a == nil {
		oauthFail(w, http.StatusUnauthorized, "invalid_client", "")
		return
	}
	old := s.state.refresh[value]
	if old == nil || old.app != a.IntegrationKey || !s.now().Before(old.expires) {
		oauthFail(w, http.StatusBadRequest, "invalid_grant", "")
		return
	}
	next := *old
	if old.extended {
		next.expires = s.now().Add(s.cfg.refreshLife)
	}
	keep := ""
	if s.cfg.keepRefresh {
		keep = value
	} else {
		delete(s.state.refresh, value)
	}
	s.grant(w, &next, keep)
}

// grant answers with an access token of eight hours and a refresh token.
func (s *Server) grant(w http.ResponseWriter, r *refresh, keep string) {
	if keep == "" {
		keep = "eyR." + s.ids.guid("refresh")
	}
	s.state.refresh[keep] = r
	writeJSON(w, object{
		"access_token": s.newToken(r.app, r.user, 8*time.Hour), "token_type": "Bearer", "refresh_token": keep, "expires_in": 28800,
	})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

// assert is the JWT grant.
func (s *Server) assert(w http.ResponseWriter, r *http.Request) {
	a, claims, problem := s.verify(r.PostForm.Get("assertion"))
	user, scopes := claims.text("sub"), strings.Fields(claims.text("scope"))
	switch {
	case problem != "":
		oauthFail(w, http.StatusBadRequest, "invalid_grant", problem)
		return
	case s.state.users[user] == nil:
		oauthFail(w, http.StatusBadRequest, "invalid_grant", "user_not_found")
		return
	case len(scopes) == 0:
		oauthFail(w, http.StatusBadRequest, "invalid_grant", "invalid_scope")
		return
	}
	for _, scope := range append(scopes, "impersonation") {
		if !s.state.consents[a.IntegrationKey+user+scope] {
			oauthFail(w, http.StatusBadRequest, "consent_required", "")
			return
		}
	}
	writeJSON(w, object{"access_token": s.newToken(a.IntegrationKey, user, time.Hour), "token_type": "Bearer", "expires_in": 3600})
}

// verify checks an assertion (RFC 7519) and says what is wrong with it.
func (s *Server) verify(assertion string) (*app, object, string) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return nil, nil, "invalid_assertion"
	}
	var header, claims object
	for i, into := range []*object{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(data, into) != nil {
			return nil, nil, "invalid_assertion"
		}
	}
	a := s.state.apps[claims.text("iss")]
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch {
	case a == nil:
		return nil, nil, "issuer_not_found"
	case a.public == nil || header.text("alg") != "RS256" || err != nil ||
		rsa.VerifyPKCS1v15(a.public, crypto.SHA256, sum[:], signature) != nil:
		return nil, nil, "no_valid_keys_or_signatures"
	case claims.text("aud") != audience:
		return nil, nil, "invalid_audience"
	}
	iat, _ := claims["iat"].(float64)
	exp, _ := claims["exp"].(float64)
	// The assertion's clock is the program's own, which a test's clock may be far
	// from: only its length can be judged.
	if exp <= iat || exp-iat > 3600 {
		return nil, nil, "expired_client_token"
	}
	return a, claims, ""
}

func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) {
	value, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t := s.state.tokens[value]
	if t == nil || !s.now().Before(t.expires) {
		oauthFail(w, http.StatusUnauthorized, "invalid_token", "")
		return
	}
	u := s.state.users[t.user]
	account := object{"account_id": s.state.account.ID, "is_default": true, "account_name": s.state.account.Name, "base_uri": s.web.URL}
	if s.cfg.textDefault {
		account["is_default"] = "true"
	}
	given, family, _ := strings.Cut(u.Name, " ")
	writeJSON(w, object{
		"sub": u.ID, "name": u.Name, "given_name": given, "family_name": family, "email": u.Email,
		"created": "2020-01-02T03:04:05.677", "accounts": []object{account},
	})
}
