package api

import (
	"context"
	"time"

	"github.com/countersign/countersign"
	"golang.org/x/oauth2"
)

// Credential is one header that authorises a request.
type Credential struct {
	Header string
	Prefix string // "Bearer "
	Value  countersign.Secret
}

// Auth gives the credential of each attempt.
type Auth interface {
	Credential(ctx context.Context) (Credential, error)
	// Renew is called when the service refused a credential. It reports whether
	// there is another one to try.
	Renew(ctx context.Context, refused Credential) (bool, error)
}

// HeaderKey is a key that does not change: an API key in a header of its own.
func HeaderKey(header, prefix string, key countersign.Secret) Auth {
	return headerKey{Credential{header, prefix, key}}
}

type headerKey struct{ c Credential }

func (h headerKey) Credential(context.Context) (Credential, error)  { return h.c, nil }
func (h headerKey) Renew(context.Context, Credential) (bool, error) { return false, nil }

// Tokens caches a bearer token and fetches a new one when it ends. Fetches run
// one at a time, each under the context of the call that needs the token; who
// waits for another's fetch stops waiting when its own context ends.
type Tokens struct {
	fetch func(ctx context.Context) (*oauth2.Token, error)
	turn  chan struct{} // holds one item while somebody looks or fetches
	token *oauth2.Token
	until time.Time // zero: the token has no end
}

// NewTokens makes a cache over fetch.
func NewTokens(fetch func(ctx context.Context) (*oauth2.Token, error)) *Tokens {
	return &Tokens{fetch: fetch, turn: make(chan struct{}, 1)}
}

// FromOAuth2 uses a token source of golang.org/x/oauth2. Its Token method takes
// no context, so a fetch in it is not bound by the call's deadline.
func FromOAuth2(ts oauth2.TokenSource) *Tokens {
	return NewTokens(func(context.Context) (*oauth2.Token, error) { return ts.Token() })
}

// Token gives the cached token, or a new one.
func (t *Tokens) Token(ctx context.Context) (*oauth2.Token, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.leave()
	if t.token != nil && (t.until.IsZero() || time.Now().Before(t.until)) {
		return t.token, nil
	}
	return t.load(ctx)
}

func (t *Tokens) enter(ctx context.Context) error {
	if err := ended(ctx); err != nil {
		return err
	}
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

func (t *Tokens) leave() { <-t.turn }

// load fetches a token. It is taken for ended a little early, but never by more
// than a tenth of its life: a service that gives the same token until it ends
// would otherwise be asked before every request.
func (t *Tokens) load(ctx context.Context) (*oauth2.Token, error) {
	tok, err := t.fetch(ctx)
	if err != nil {
		return nil, err
	}
	t.token, t.until = tok, time.Time{}
	if !tok.Expiry.IsZero() {
		t.until = tok.Expiry.Add(-min(10*time.Second, time.Until(tok.Expiry)/10))
	}
	return tok, nil
}

// Credential implements Auth.
func (t *Tokens) Credential(ctx context.Context) (Credential, error) {
	tok, err := t.Token(ctx)
	if err != nil {
		return Credential{}, err
	}
	return Credential{"Authorization", "Bearer ", countersign.NewSecret(tok.AccessToken)}, nil
}

// Renew drops the refused token and fetches once. When the service gives the
// same token again there is nothing else to try.
func (t *Tokens) Renew(ctx context.Context, refused Credential) (bool, error) {
	if err := t.enter(ctx); err != nil {
		return false, err
	}
	defer t.leave()
	if t.token != nil && !refused.Value.Equal(t.token.AccessToken) {
		return true, nil // somebody has renewed it already
	}
	t.token = nil
	tok, err := t.load(ctx)
	if err != nil {
		return false, err
	}
	return !refused.Value.Equal(tok.AccessToken), nil
}
