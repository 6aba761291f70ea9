package docusign

import (
	"context"
	"sync"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
	"golang.org/x/oauth2"
)

// Auth is how a client gets its tokens: JWTGrant, CodeGrant, StaticToken or
// SourceToken.
type Auth interface {
	auth(o *OAuth) (api.Auth, error)
}

// StaticToken is a token that somebody else keeps fresh. When it ends, calls
// fail with countersign.ErrUnauthorized.
type StaticToken struct{ Token countersign.Secret }

func (s StaticToken) auth(*OAuth) (api.Auth, error) {
	if s.Token.IsZero() {
		return nil, badConfig("StaticToken.Token", "is empty", "")
	}
	return api.HeaderKey("Authorization", "Bearer ", s.Token), nil
}

// SourceToken takes tokens from a source of golang.org/x/oauth2. Its Token
// method takes no context, so a fetch in it is not bound by a call's deadline.
type SourceToken struct{ Source oauth2.TokenSource }

func (s SourceToken) auth(*OAuth) (api.Auth, error) {
	if s.Source == nil {
		return nil, badConfig("SourceToken.Source", "is nil", "")
	}
	return api.FromOAuth2(s.Source), nil
}

// TokenStore keeps the token of one user's login over restarts. Several
// processes may share one: a token that another has refreshed is used, not
// refreshed again. It must be safe for concurrent use. Its methods are called
// under a context of their own, which outlives the call that needs the token: a
// refresh must not be lost because a caller gave up.
type TokenStore interface {
	Load(ctx context.Context) (Token, error)
	// Save replaces the token. DocuSign may have made the former refresh token
	// useless already, so a token that can't be saved is not used: the call fails,
	// and the next one tries to save again, unless the store holds another refresh
	// token by then.
	Save(ctx context.Context, t Token) error
}

// CodeGrant keeps the login of a user who allowed the app to act for them
// (authorization code grant). Login gets the first token.
type CodeGrant struct {
	// IntegrationKey and Secret are those of the App; no secret for a public app.
	IntegrationKey string
	Secret         countersign.Secret
	// Store holds the token. It is required; MemoryStore forgets it at the end of
	// the process.
	Store TokenStore
}

func (g CodeGrant) auth(o *OAuth) (api.Auth, error) {
	app := App{Environment: o.app.Environment, IntegrationKey: g.IntegrationKey, Secret: g.Secret}
	if err := app.check(); err != nil {
		return nil, err
	}
	if g.Store == nil {
		return nil, badConfig("CodeGrant.Store", "is nil", "use MemoryStore, or keep the token in your database")
	}
	k := &keeper{store: g.Store, oauth: o.of(app)}
	return api.NewTokens(k.fetch), nil
}

func bearer(t Token) *oauth2.Token {
	return &oauth2.Token{AccessToken: t.Access.Reveal(), TokenType: "Bearer", Expiry: t.Expiry}
}

// MemoryStore is a TokenStore that lasts as long as the process. Make one with
// NewMemoryStore.
type MemoryStore struct {
	mu    sync.Mutex
	token Token
}

// NewMemoryStore holds t.
func NewMemoryStore(t Token) *MemoryStore { return &MemoryStore{token: t} }

// Load gives the token.
func (m *MemoryStore) Load(context.Context) (Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token, nil
}

// Save replaces the token.
func (m *MemoryStore) Save(_ context.Context, t Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token = t
	return nil
}
