package docusign

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

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
// refreshed again. It must be safe for concurrent use.
type TokenStore interface {
	Load(ctx context.Context) (Token, error)
	// Save replaces the token. DocuSign may have made the former refresh token
	// useless already, so a token that can't be saved is not used: the call fails,
	// and the next one tries to save again.
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

// keeper gets tokens out of a store and refreshes them. api.Tokens calls fetch
// one at a time.
type keeper struct {
	store   TokenStore
	oauth   *OAuth
	given   countersign.Secret // the access token that was given last
	unsaved *Token
}

// fetch is called when there is no token yet, or when the last one has ended or
// was refused.
func (k *keeper) fetch(ctx context.Context) (*oauth2.Token, error) {
	if k.unsaved != nil {
		return k.save(ctx, *k.unsaved)
	}
	t, err := k.store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load token: %w", err)
	}
	if t.usable(time.Now()) && !k.given.Equal(t.Access.Reveal()) {
		return k.give(t), nil
	}
	if t.Refresh.IsZero() {
		return nil, fmt.Errorf("docusign: the token has ended and there is no refresh token: %w", ErrLoginRequired)
	}
	fresh, err := k.oauth.Refresh(ctx, t.Refresh)
	if err != nil {
		return k.another(ctx, t, err)
	}
	return k.save(ctx, fresh)
}

// another looks whether a process that shares the store was faster, and took
// the refresh token.
func (k *keeper) another(ctx context.Context, old Token, refused error) (*oauth2.Token, error) {
	if !errors.Is(refused, ErrLoginRequired) {
		return nil, refused
	}
	t, err := k.store.Load(ctx)
	if err != nil || old.Access.Equal(t.Access.Reveal()) || !t.usable(time.Now()) {
		return nil, refused
	}
	return k.give(t), nil
}

func (k *keeper) save(ctx context.Context, t Token) (*oauth2.Token, error) {
	k.unsaved = &t
	if err := k.store.Save(ctx, t); err != nil {
		return nil, fmt.Errorf("save token: %w", err)
	}
	k.unsaved = nil
	return k.give(t), nil
}

func (k *keeper) give(t Token) *oauth2.Token {
	k.given = t.Access
	return bearer(t)
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
