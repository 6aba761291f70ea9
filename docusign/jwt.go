package docusign

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/url"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
	"golang.org/x/oauth2"
)

// assertionLife is how long a signed assertion is good for; it is used at once.
// The token's own life of an hour does not depend on it.
const assertionLife = 10 * time.Minute

// JWTGrant acts for a user who consented to it once, without their being there.
// A *ConsentRequiredError says when they have not. Tokens live for an hour and
// are fetched anew when they end.
type JWTGrant struct {
	IntegrationKey string // required
	// UserID is the GUID of the user who is impersonated. It is required.
	UserID UserID
	// PrivateKey is the RSA key of the integration key, as PEM (PKCS #1 or PKCS #8,
	// no passphrase). It is required.
	PrivateKey countersign.Secret
	// RedirectURI is one that is registered for the integration key. It is needed
	// for ConsentRequiredError.URL alone.
	RedirectURI string
	// Scopes are asked for; none is signature and impersonation. Consent is given
	// for a set of scopes.
	Scopes []Scope
}

func (g JWTGrant) auth(o *OAuth) (api.Auth, error) {
	s, err := g.signer(o)
	if err != nil {
		return nil, err
	}
	return api.NewTokens(s.fetch), nil
}

func (g JWTGrant) signer(o *OAuth) (*signer, error) {
	app := App{Environment: o.app.Environment, IntegrationKey: g.IntegrationKey, RedirectURI: g.RedirectURI}
	if err := app.check(); err != nil {
		return nil, err
	}
	if g.UserID == "" {
		return nil, badConfig("JWTGrant.UserID", "is empty", "copy the API user's GUID from Settings > Apps and Keys")
	}
	key, err := parseKey(g.PrivateKey)
	if err != nil {
		return nil, err
	}
	s := &signer{oauth: o.of(app), user: g.UserID, key: key, scopes: g.Scopes}
	if len(s.scopes) == 0 {
		s.scopes = []Scope{ScopeSignature, ScopeImpersonation}
	}
	if g.RedirectURI != "" {
		s.consent, err = s.oauth.ConsentURL(LoginRequest{Scopes: s.scopes})
	}
	return s, err
}

func parseKey(secret countersign.Secret) (*rsa.PrivateKey, error) {
	bad := func(reason string) error {
		return badConfig("JWTGrant.PrivateKey", reason, "use the PEM text of an RSA key pair that was added to the integration key")
	}
	block, _ := pem.Decode([]byte(secret.Reveal()))
	if block == nil {
		return nil, bad("is not PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, bad("is neither PKCS #1 nor PKCS #8, or has a passphrase")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, bad("is not an RSA key")
	}
	return key, nil
}

// signer fetches tokens with assertions that it signs.
type signer struct {
	oauth   *OAuth
	user    UserID
	key     *rsa.PrivateKey
	scopes  []Scope
	consent string
}

func (s *signer) fetch(ctx context.Context) (*oauth2.Token, error) {
	assertion, err := s.sign(time.Now())
	if err != nil {
		return nil, err
	}
	// Asking again gives another token and changes nothing.
	t, err := s.oauth.token(ctx, "fetch token", api.Read, url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion},
	}, countersign.NewSecret(assertion))
	switch {
	case errors.Is(err, ErrConsentRequired):
		return nil, &ConsentRequiredError{URL: s.consent, Err: err}
	case err != nil:
		return nil, err
	}
	return bearer(t), nil
}

// claims are those of DocuSign's JWT grant. The audience is the bare host.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	Scope    string `json:"scope"`
}

// sign makes an RS256 assertion (RFC 7519, RFC 7518 §3.3).
func (s *signer) sign(now time.Time) (string, error) {
	body, err := json.Marshal(claims{
		Issuer: s.oauth.app.IntegrationKey, Subject: string(s.user), Audience: s.oauth.host,
		IssuedAt: now.Unix(), Expires: now.Add(assertionLife).Unix(), Scope: scopeText(s.scopes),
	})
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + enc.EncodeToString(signature), nil
}
