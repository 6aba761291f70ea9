package docusign

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Token is what the account server gives.
type Token struct {
	Access countersign.Secret
	// Refresh gets the next token; empty after a JWT grant. It lives for 30 days,
	// which no answer says.
	Refresh countersign.Secret
	Expiry  time.Time // of Access; zero: not known
}

// tokenReserve is how long before its end a stored token is taken for ended.
const tokenReserve = time.Minute

func (t Token) usable(now time.Time) bool {
	return !t.Access.IsZero() && (t.Expiry.IsZero() || now.Add(tokenReserve).Before(t.Expiry))
}

// Exchange turns the code that came back to the redirect URI into a token. A
// code is good once and for two minutes. verifier is the one of LoginURL; empty
// without PKCE.
func (o *OAuth) Exchange(ctx context.Context, code countersign.Secret, verifier countersign.Secret) (Token, error) {
	v := url.Values{"grant_type": {"authorization_code"}, "code": {code.Reveal()}}
	if !verifier.IsZero() {
		v.Set("code_verifier", verifier.Reveal())
	}
	if o.app.Secret.IsZero() {
		v.Set("redirect_uri", o.app.RedirectURI)
	}
	return o.token(ctx, "exchange code", api.Write, v, code, verifier)
}

// Refresh gets a new token for a refresh token. Keep the refresh token that
// comes back: it may be another. An error that matches ErrLoginRequired means
// that the user has to log in again; one that matches ErrRefreshLost besides,
// that an attempt before may have been answered with a token that got lost.
// DocuSign may end the former refresh token at once, so give ctx the time that it
// takes, and save what comes back; CodeGrant does both.
func (o *OAuth) Refresh(ctx context.Context, refresh countersign.Secret) (Token, error) {
	// A lost answer leaves nothing better than to ask again.
	t, err := o.token(ctx, "refresh token", api.Read, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh.Reveal()},
	}, refresh)
	if e, ok := errors.AsType[*countersign.Error](err); ok && e.Code == "invalid_grant" {
		e.Kind = ErrLoginRequired
		if e.Attempts > 1 {
			e.Kind = ErrRefreshLost
		}
	}
	if err == nil && t.Refresh.IsZero() {
		t.Refresh = refresh
	}
	return t, err
}

type accessToken struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    Int    `json:"expires_in"` // seconds
}

// token asks POST /oauth/token.
func (o *OAuth) token(ctx context.Context, op string, effect api.Effect, v url.Values, secrets ...countersign.Secret) (Token, error) {
	call := api.Call{Op: op, Method: http.MethodPost, Path: api.NewPath("/oauth/token"), Effect: effect, NoAuth: true, Secrets: secrets}
	if v.Get("assertion") == "" {
		if o.app.Secret.IsZero() {
			v.Set("client_id", o.app.IntegrationKey)
		} else {
			basic := base64.StdEncoding.EncodeToString([]byte(o.app.IntegrationKey + ":" + o.app.Secret.Reveal()))
			call.Header = http.Header{"Authorization": {"Basic " + basic}}
			call.Secrets = append(call.Secrets, o.app.Secret, countersign.NewSecret(basic))
		}
	}
	call.Body = api.Form(v)
	asked := time.Now()
	m, err := api.JSON[accessToken](ctx, o.api, call)
	if err != nil {
		return Token{}, err
	}
	if m.AccessToken == "" {
		return Token{}, &countersign.DecodeError{Provider: "docusign", Op: op, StatusCode: http.StatusOK, ContentType: "application/json", Reason: "access_token is empty"}
	}
	t := Token{Access: countersign.NewSecret(m.AccessToken), Refresh: countersign.NewSecret(m.RefreshToken)}
	if life := min(m.ExpiresIn, 24*3600); life > 0 {
		t.Expiry = asked.Add(time.Duration(life) * time.Second)
	}
	return t, nil
}

// parseOAuthError reads RFC 6749's error; it has another shape than the REST
// API's, which /oauth/userinfo may use too.
func parseOAuthError(status int, header http.Header, body []byte) api.Detail {
	var m struct {
		Error       Text `json:"error"`
		Description Text `json:"error_description"`
	}
	if json.Unmarshal(body, &m) != nil || m.Error == "" {
		return parseError(status, header, body)
	}
	d := api.Detail{Code: string(m.Error), Message: string(m.Description)}
	switch m.Error {
	case "consent_required":
		d.Kind = ErrConsentRequired
	case "invalid_grant", "invalid_client", "unauthorized_client", "invalid_token":
		d.Kind = countersign.ErrUnauthorized
	case "access_denied":
		d.Kind = countersign.ErrForbidden
	}
	return d
}

// ConsentRequiredError says that the impersonated user has not consented yet to
// what the app asks for. It matches ErrConsentRequired.
type ConsentRequiredError struct {
	// URL is the page where the user consents, opened as that user; empty when the
	// grant has no redirect URI.
	URL string
	Err error // the account server's answer
}

// Error says what to do.
func (e *ConsentRequiredError) Error() string {
	where := "give the grant a RedirectURI to get the address where they can"
	if e.URL != "" {
		where = "have them open " + e.URL
	}
	return fmt.Sprintf("docusign: the user has not consented yet; %s", where)
}

// Unwrap gives the account server's answer.
func (e *ConsentRequiredError) Unwrap() error { return e.Err }
