package docusign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"golang.org/x/oauth2"
)

// renewTime bounds a renewal, repetitions and storing included.
const renewTime = 5 * time.Minute

// storeWaits are the waits before looking again whether a process that shares
// the store has saved the token for which it took the refresh token.
var storeWaits = [...]time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond, time.Second}

// keeper gets tokens out of a store and refreshes them. api.Tokens calls fetch
// one at a time; what fetch starts is over before the next one starts, so the
// fields need no lock.
type keeper struct {
	store   TokenStore
	oauth   *OAuth
	given   countersign.Secret // the access token that was given last
	lost    countersign.Secret // the refresh token for which a request ended without an answer
	unsaved *unsavedToken
	running *renewal
}

// unsavedToken is a token that the store did not take, and the refresh token
// that it was had for.
type unsavedToken struct {
	token Token
	from  countersign.Secret
}

// renewal is a fetch under way. token and err are set when done is closed.
type renewal struct {
	done  chan struct{}
	token Token
	err   error
}

// fetch is called when there is no token yet, or when the last one has ended or
// was refused. A refresh may end the former refresh token the moment DocuSign
// gets it, so nobody who gives up may stop it half way: it runs to its end under
// a deadline of its own, and callers wait for it under theirs.
func (k *keeper) fetch(ctx context.Context) (*oauth2.Token, error) {
	if k.running == nil || k.running.over() {
		// What a renewal that nobody waited for came to is in the store, or unsaved.
		k.running = k.start(context.WithoutCancel(ctx))
	}
	r := k.running
	select {
	case <-r.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	k.running = nil
	if r.err != nil {
		return nil, r.err
	}
	k.given = r.token.Access
	return bearer(r.token), nil
}

func (r *renewal) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func (k *keeper) start(ctx context.Context) *renewal {
	r := &renewal{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		ctx, cancel := context.WithTimeout(ctx, renewTime)
		defer cancel()
		r.token, r.err = k.renew(ctx)
	}()
	return r
}

func (k *keeper) renew(ctx context.Context) (Token, error) {
	t, err := k.store.Load(ctx)
	if err != nil {
		return Token{}, fmt.Errorf("load token: %w", err)
	}
	if u := k.unsaved; u != nil {
		if u.from.Equal(t.Refresh.Reveal()) {
			return k.save(ctx, *u)
		}
		k.unsaved = nil // somebody has logged in or refreshed since
	}
	if t.usable(time.Now()) && !k.given.Equal(t.Access.Reveal()) {
		return t, nil
	}
	if t.Refresh.IsZero() {
		return Token{}, fmt.Errorf("docusign: the token has ended and there is no refresh token: %w", ErrLoginRequired)
	}
	fresh, err := k.refresh(ctx, t.Refresh)
	if errors.Is(err, ErrLoginRequired) {
		return k.another(ctx, t, err)
	}
	if err != nil {
		return Token{}, err
	}
	return k.save(ctx, unsavedToken{fresh, t.Refresh})
}

// refresh remembers a refresh token for which no answer came, so that a refusal
// later tells of it.
func (k *keeper) refresh(ctx context.Context, token countersign.Secret) (Token, error) {
	fresh, err := k.oauth.Refresh(ctx, token)
	switch e, ok := errors.AsType[*countersign.Error](err); {
	case err == nil:
		k.lost = countersign.Secret{}
	case ok && errors.Is(err, ErrLoginRequired):
		if k.lost.Equal(token.Reveal()) {
			e.Kind = ErrRefreshLost
		}
	default:
		k.lost = token
	}
	return fresh, err
}

// another looks whether a process that shares the store was faster, and took
// the refresh token. It may not have saved the new one yet.
func (k *keeper) another(ctx context.Context, old Token, refused error) (Token, error) {
	for _, wait := range storeWaits {
		if pause(ctx, wait) != nil {
			break
		}
		t, err := k.store.Load(ctx)
		if err == nil && !old.Access.Equal(t.Access.Reveal()) && t.usable(time.Now()) {
			return t, nil
		}
	}
	return Token{}, refused
}

func (k *keeper) save(ctx context.Context, u unsavedToken) (Token, error) {
	k.unsaved = &u
	if err := k.store.Save(ctx, u.token); err != nil {
		return Token{}, fmt.Errorf("save token: %w", err)
	}
	k.unsaved = nil
	return u.token, nil
}
