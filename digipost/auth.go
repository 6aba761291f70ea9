package digipost

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
	"golang.org/x/oauth2"
)

// Authentication is how a client proves who it is: SignatureAuth or TokenAuth.
type Authentication interface {
	prepare(cfg Config, set countersign.Settings, a Addresses) (api.Auth, *signer, error)
	signatures() Signatures
}

// SignatureAuth signs each request with the broker's key and checks the signature
// of each answer, as Digipost's document "Security" of API v8 says. Digipost's
// newer clients call it legacy.
type SignatureAuth struct {
	// Key is the broker's RSA key: of ParseKey, of KeyOf, or one that never leaves its
	// hardware. It is required.
	Key crypto.Signer
	// EncodedPath signs paths as they are sent instead of decoded. Digipost's own
	// clients disagree; it matters for search terms with spaces or letters outside
	// of ASCII only.
	EncodedPath bool
}

func (a SignatureAuth) prepare(Config, countersign.Settings, Addresses) (api.Auth, *signer, error) {
	if a.Key == nil {
		return nil, nil, keyError("is missing")
	}
	if _, ok := a.Key.Public().(*rsa.PublicKey); !ok {
		return nil, nil, keyError("is not an RSA key")
	}
	return nil, &signer{key: a.Key, encodedPath: a.EncodedPath}, nil
}

func (SignatureAuth) signatures() Signatures { return SignaturesRequired }

func (a TokenAuth) signatures() Signatures { return a.Signatures }

func keyError(reason string) error {
	return fixableError("Key", reason, "read it with digipost.ParseKey, of .p12 with digipost.ParsePKCS12")
}

// KeyOf is the private key of a certificate: one of tls.LoadX509KeyPair or of
// ParsePKCS12. Its error is a *countersign.ConfigError.
func KeyOf(c tls.Certificate) (crypto.Signer, error) {
	key, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, keyError("is missing")
	}
	if _, ok := key.Public().(*rsa.PublicKey); !ok {
		return nil, keyError("is not an RSA key")
	}
	return key, nil
}

// ParseKey reads an RSA private key from PEM: PKCS#8 or PKCS#1, certificates
// around it are passed over. ParsePKCS12 reads .p12 files. Its error is a
// *countersign.ConfigError that quotes nothing.
func ParseKey(data []byte) (crypto.Signer, error) {
	for first := true; ; first = false {
		var block *pem.Block
		switch block, data = pem.Decode(data); {
		case block == nil && first:
			return nil, fixableError("Key", "is not in PEM", "a .p12 file is read with digipost.ParsePKCS12")
		case block == nil:
			return nil, fixableError("Key", "is not in the PEM text", "add the private key to what is there")
		}
		switch block.Type {
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if rsaKey, ok := key.(*rsa.PrivateKey); ok && err == nil {
				return rsaKey, nil
			}
			return nil, fixableError("Key", "is not an RSA key", "take the one of the certificate that is registered at Digipost")
		case "RSA PRIVATE KEY":
			key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
			if err != nil {
				return nil, fixableError("Key", "can't be read", "compare the file with the original")
			}
			return key, nil
		case "ENCRYPTED PRIVATE KEY":
			return nil, fixableError("Key", "is encrypted", "openssl pkey -in FILE takes the password off")
		}
	}
}

// TokenAuth fetches access tokens with a client certificate (OAuth 2 client
// credentials over mutual TLS), which Digipost recommends for new clients. The
// certificate is shown to the token endpoint only.
type TokenAuth struct {
	// ClientID is from Digipost's self-service. It is required.
	ClientID countersign.Secret
	// Certificate is the one that is registered with the client. It is required.
	Certificate tls.Certificate
	// Signatures says what becomes of the signatures of answers. The zero value is
	// SignaturesChecked.
	Signatures Signatures
	// Endpoint replaces the environment's, and RootCAs the system's roots for it.
	Endpoint string
	RootCAs  *x509.CertPool
}

// Signatures says how the signature of an answer counts where requests carry a
// token. Whether Digipost signs answers then is undocumented, and its own clients
// don't agree. Date and hash are checked in any case.
type Signatures int

// The ways.
const (
	SignaturesChecked  Signatures = iota // one that is there has to be right
	SignaturesRequired                   // it has to be there, and right
	SignaturesIgnored                    // answers rest on TLS, date and hash
)

func (a TokenAuth) prepare(cfg Config, set countersign.Settings, addresses Addresses) (api.Auth, *signer, error) {
	bad := func(field, reason, fix string) (api.Auth, *signer, error) {
		return nil, nil, fixableError(field, reason, fix)
	}
	endpoint := addresses.Auth
	if a.Endpoint != "" {
		endpoint = a.Endpoint
	}
	u, err := url.Parse(endpoint)
	switch {
	case a.ClientID.IsZero():
		return bad("ClientID", "is empty", "take it from Digipost's self-service")
	case len(a.Certificate.Certificate) == 0 || a.Certificate.PrivateKey == nil:
		return bad("Certificate", "or its key is missing", "read both with tls.LoadX509KeyPair, of .p12 with digipost.ParsePKCS12")
	case err != nil || u.Scheme != "https" || u.Host == "":
		return bad("Endpoint", "is not an https address", "leave it empty for the environment's")
	case a.Signatures < SignaturesChecked || a.Signatures > SignaturesIgnored:
		return bad("Signatures", "is not one of the constants", "leave it 0 for SignaturesChecked")
	}
	t := &tokens{auth: a, resource: set.BaseURL.String(), broker: cfg.BrokerID, path: u.Path}
	tokenSet := set
	tokenSet.BaseURL = &url.URL{Scheme: u.Scheme, Host: u.Host}
	tokenSet.HTTPClient = &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{a.Certificate}, RootCAs: a.RootCAs},
	}}
	if t.api, err = api.New(api.Config{Provider: "digipost", Settings: tokenSet}); err != nil {
		return nil, nil, err
	}
	return api.NewTokens(t.fetch), nil, nil
}

type tokens struct {
	api      *api.Client
	auth     TokenAuth
	resource string
	broker   BrokerID
	path     string
}

func (t *tokens) fetch(ctx context.Context) (*oauth2.Token, error) {
	asked := time.Now()
	path, _, err := path(t.path)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}](ctx, t.api, api.Call{
		Op: "fetch token", Method: http.MethodPost, Path: path, Effect: api.IdempotentWrite, NoAuth: true,
		Secrets: []countersign.Secret{t.auth.ClientID},
		Body: api.Form(url.Values{
			"grant_type": {"client_credentials"}, "client_id": {t.auth.ClientID.Reveal()},
			"scope": {"dpost-api:" + strconv.FormatInt(int64(t.broker), 10)}, "resource": {t.resource},
		}),
	})
	if err != nil {
		return nil, err
	}
	if m.AccessToken == "" {
		return nil, &countersign.DecodeError{Provider: "digipost", Op: "fetch token", StatusCode: http.StatusOK, ContentType: "application/json", Reason: "access_token is empty"}
	}
	seconds := m.ExpiresIn
	if seconds <= 0 {
		seconds = expiryOf(m.AccessToken) - asked.Unix()
	}
	if seconds <= 0 {
		seconds = 60
	}
	life := time.Duration(min(seconds, 24*3600)) * time.Second
	return &oauth2.Token{AccessToken: m.AccessToken, Expiry: asked.Add(life - min(30*time.Second, life/2))}, nil
}

// expiryOf is a JWT's own expiry in Unix time, or 0. The signature is the service's
// to check.
func expiryOf(token string) int64 {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	var c struct {
		Expiry int64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(claims, &c) != nil {
		return 0
	}
	return c.Expiry
}
