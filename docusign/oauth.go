package docusign

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Scope is a right that an app asks a user for.
type Scope string

// The scopes (DocuSign, "OAuth scopes").
const (
	ScopeSignature     Scope = "signature"     // every eSignature call
	ScopeExtended      Scope = "extended"      // each refresh gives the refresh token a new life of 30 days
	ScopeImpersonation Scope = "impersonation" // JWT grant
	ScopeOpenID        Scope = "openid"        // an administrator's consent for all users
)

// App is an integration key and what belongs to it. It is registered in one
// environment.
type App struct {
	// Environment is Demo or Production. It is required.
	Environment Environment
	// IntegrationKey is the client id. It is required.
	IntegrationKey string
	// Secret is the key's secret. An app that cannot keep one leaves it empty: it
	// is then a public app and has to use PKCE.
	Secret countersign.Secret
	// RedirectURI is where DocuSign sends the user back to, exactly as registered.
	RedirectURI string
}

func (a App) check() error {
	switch {
	case a.IntegrationKey == "":
		return badConfig("IntegrationKey", "is empty", "create one under Settings > Apps and Keys")
	case strings.ContainsAny(a.IntegrationKey, " \t\r\n:"):
		return badConfig("IntegrationKey", "has a blank or a colon", "copy the GUID from Settings > Apps and Keys")
	}
	_, err := a.Environment.authHost()
	return err
}

func (a App) checkRedirect() error {
	u, err := url.Parse(a.RedirectURI)
	switch {
	case a.RedirectURI == "":
		return badConfig("RedirectURI", "is empty", "register one for the integration key and give it here")
	case err != nil || u.Host == "" || u.Fragment != "" || u.User != nil:
		return badConfig("RedirectURI", "is not an absolute address without a user and a fragment", "")
	case u.Scheme != "https" && u.Scheme != "http":
		return badConfig("RedirectURI", "is neither https nor http", "")
	}
	return nil
}

// LoginRequest is what a login or consent page is asked for.
type LoginRequest struct {
	// Scopes are asked for; none is signature and extended, so that a refresh
	// token that is used at least every 30 days lives on.
	Scopes []Scope
	// State comes back with the user and ties the answer to the browser that
	// started. It is required for a login; Login does it all.
	State string
	// Verifier is the PKCE secret, from 43 to 128 characters, of which a hash goes
	// into the address. It is required for a public app.
	Verifier string
	// LoginHint fills in the e-mail address.
	LoginHint string
	// ForceLogin asks for the password again although the user is logged in.
	ForceLogin bool
}

// OAuth talks to an environment's account server. It is immutable and safe for
// concurrent use.
type OAuth struct {
	app   App
	host  string // audience of an assertion
	pages *url.URL
	api   *api.Client
}

// NewOAuth checks the app and makes a client of its account server; nothing is
// sent. countersign.WithBaseURL leads it to docusigntest or a proxy. Its error
// is a *countersign.ConfigError.
func NewOAuth(app App, opts ...countersign.Option) (*OAuth, error) {
	if err := app.check(); err != nil {
		return nil, err
	}
	return newOAuth(app, opts)
}

func newOAuth(app App, opts []countersign.Option) (*OAuth, error) {
	host, err := app.Environment.authHost()
	if err != nil {
		return nil, err
	}
	set, err := countersign.NewSettings(countersign.Settings{
		BaseURL: &url.URL{Scheme: "https", Host: host}, Timeout: answerTimeout,
	}, opts...)
	if err != nil {
		return nil, err
	}
	client, err := api.New(api.Config{Provider: "docusign", Settings: set, ParseError: parseOAuthError, RateLimitWait: burstWindow})
	if err != nil {
		return nil, err
	}
	return &OAuth{app: app, host: host, pages: set.BaseURL, api: client}, nil
}

// of is the same account server seen by another app.
func (o *OAuth) of(app App) *OAuth {
	app.Environment = o.app.Environment
	return &OAuth{app: app, host: o.host, pages: o.pages, api: o.api}
}

// LoginURL is the page where a user logs in and allows the app to act for them.
// DocuSign sends them back to the redirect URI with a code, or with the error
// "access_denied".
func (o *OAuth) LoginURL(r LoginRequest) (string, error) {
	switch {
	case r.State == "":
		return "", badConfig("LoginRequest.State", "is empty", "use a random text of at least 16 characters, or Login")
	case o.app.Secret.IsZero() && r.Verifier == "":
		return "", badConfig("LoginRequest.Verifier", "is empty", "an app without a secret has to use PKCE")
	}
	return o.page(r, []Scope{ScopeSignature, ScopeExtended}, nil)
}

// ConsentURL is the page where a user consents once to what a JWT grant does in
// their name. They have to open it logged in as the user who is impersonated;
// what comes back to the redirect URI needs no handling.
func (o *OAuth) ConsentURL(r LoginRequest) (string, error) {
	return o.page(r, []Scope{ScopeSignature, ScopeImpersonation}, nil)
}

// AdminConsentURL is the page where an administrator of an organization with
// claimed domains consents for all its users.
func (o *OAuth) AdminConsentURL(r LoginRequest) (string, error) {
	asked := r.Scopes
	if len(asked) == 0 {
		asked = []Scope{ScopeSignature, ScopeImpersonation}
	}
	r.Scopes = []Scope{ScopeOpenID}
	return o.page(r, nil, url.Values{"admin_consent_scope": {scopeText(asked)}})
}

func (o *OAuth) page(r LoginRequest, scopes []Scope, v url.Values) (string, error) {
	if err := o.app.check(); err != nil {
		return "", err
	}
	if err := o.app.checkRedirect(); err != nil {
		return "", err
	}
	if v == nil {
		v = url.Values{}
	}
	if len(r.Scopes) > 0 {
		scopes = r.Scopes
	}
	v.Set("response_type", "code")
	v.Set("scope", scopeText(scopes))
	v.Set("client_id", o.app.IntegrationKey)
	v.Set("redirect_uri", o.app.RedirectURI)
	if r.State != "" {
		v.Set("state", r.State)
	}
	if r.Verifier != "" {
		if len(r.Verifier) < 43 || len(r.Verifier) > 128 {
			return "", badConfig("LoginRequest.Verifier", "is not 43 to 128 characters long", "")
		}
		v.Set("code_challenge", challenge(r.Verifier))
		v.Set("code_challenge_method", "S256")
	}
	if r.LoginHint != "" {
		v.Set("login_hint", r.LoginHint)
	}
	if r.ForceLogin {
		v.Set("prompt", "login")
	}
	u := o.pages.JoinPath("oauth", "auth")
	// DocuSign documents %20 between scopes.
	u.RawQuery = strings.ReplaceAll(v.Encode(), "+", "%20")
	return u.String(), nil
}

// challenge is the S256 challenge of RFC 7636.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func scopeText(scopes []Scope) string {
	texts := make([]string, len(scopes))
	for i, s := range scopes {
		texts[i] = string(s)
	}
	return strings.Join(texts, " ")
}
