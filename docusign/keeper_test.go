package docusign_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func codeGrant(srv *docusigntest.Server, store docusign.TokenStore) docusign.CodeGrant {
	return docusign.CodeGrant{IntegrationKey: srv.App().IntegrationKey, Secret: countersign.NewSecret(srv.App().Secret), Store: store}
}

// keeping is a client that keeps a login whose account server is mocked; it makes
// one attempt a call.
func keeping(t *testing.T, store docusign.TokenStore) (*docusign.Client, *httpmock.MockTransport) {
	t.Helper()
	mt := httpmock.NewMockTransport()
	mt.RegisterResponder("GET", authHost+"/oauth/userinfo", answer(200, userInfo))
	c, err := docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.CodeGrant{IntegrationKey: "k", Store: store}},
		countersign.WithHTTPClient(&http.Client{Transport: mt}), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	return c, mt
}

func refreshToken(value string) docusign.Token {
	return docusign.Token{Refresh: countersign.NewSecret(value)}
}

const invalidGrant = `{"error":"invalid_grant"}`

// TestRefreshOutlivesItsCaller: a caller who gives up must not lose the refresh
// token that is on its way.
func TestRefreshOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := docusign.NewMemoryStore(refreshToken("r-one-0123456789"))
		c, mt := keeping(t, store)
		rotated := answer(200, `{"access_token":"a-0123456789","refresh_token":"r-two-0123456789","expires_in":28800}`).Delay(time.Second)
		mt.RegisterResponder("POST", authHost+"/oauth/token", rotated.Then(answer(400, invalidGrant)))
		for range 2 { // the second joins what the first has started
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := c.Account(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
		}
		_, err := c.Account(t.Context())
		require.NoError(t, err)
		kept, err := store.Load(t.Context())
		require.NoError(t, err)
		require.True(t, kept.Refresh.Equal("r-two-0123456789"))
		require.Equal(t, 1, mt.GetCallCountInfo()["POST "+authHost+"/oauth/token"])
	})
}

// TestRefreshThatNobodyWaitedFor: its token is found in the store.
func TestRefreshThatNobodyWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := keeping(t, docusign.NewMemoryStore(refreshToken("r-one-0123456789")))
		rotated := answer(200, `{"access_token":"a-0123456789","refresh_token":"r-two-0123456789","expires_in":28800}`).Delay(time.Second)
		mt.RegisterResponder("POST", authHost+"/oauth/token", rotated.Then(answer(400, invalidGrant)))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := c.Account(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Minute)
		_, err = c.Account(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, mt.GetCallCountInfo()["POST "+authHost+"/oauth/token"])
	})
}

func TestRefreshWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	c := connect(t, srv, codeGrant(srv, docusign.NewMemoryStore(login(t, srv))))
	_, err := c.Account(t.Context())
	require.NoError(t, err)
	srv.ExpireTokens()
	srv.Faults().Add(countersigntest.Rule{Operation: docusigntest.OpToken, Fault: countersigntest.LoseAnswer(), Next: 1})
	_, err = c.Users.List(t.Context(), docusign.UserQuery{})
	require.ErrorIs(t, err, docusign.ErrRefreshLost, "not a plain refusal")
	require.ErrorIs(t, err, docusign.ErrLoginRequired)
}

// TestRefreshWhoseAnswerWasLostBefore: the same over two calls.
func TestRefreshWhoseAnswerWasLostBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := docusign.NewMemoryStore(refreshToken("r-one-0123456789"))
		c, mt := keeping(t, store)
		lost := httpmock.NewErrorResponder(errors.New("connection reset"))
		mt.RegisterResponder("POST", authHost+"/oauth/token", lost.Then(answer(400, invalidGrant)).Then(answer(400, invalidGrant)))
		_, err := c.Account(t.Context())
		require.Error(t, err)
		require.NotErrorIs(t, err, docusign.ErrLoginRequired)
		_, err = c.Account(t.Context())
		require.ErrorIs(t, err, docusign.ErrRefreshLost)

		require.NoError(t, store.Save(t.Context(), refreshToken("r-two-0123456789")))
		_, err = c.Account(t.Context())
		require.ErrorIs(t, err, docusign.ErrLoginRequired)
		require.NotErrorIs(t, err, docusign.ErrRefreshLost, "of another login nothing was lost")
	})
}

// TestTokenThatCannotBeSavedAndANewLogin: what waits to be saved must not replace
// a login that came meanwhile.
func TestTokenThatCannotBeSavedAndANewLogin(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	token := login(t, srv)
	token.Expiry = time.Now().Add(-time.Minute)
	store := &shared{}
	require.NoError(t, store.Save(t.Context(), token))
	c := connect(t, srv, codeGrant(srv, store))
	store.broken.Store(true)
	_, err := c.Account(t.Context())
	require.ErrorContains(t, err, "disk full")
	store.broken.Store(false)
	newer := login(t, srv)
	require.NoError(t, store.Save(t.Context(), newer))
	_, err = c.Account(t.Context())
	require.NoError(t, err)
	kept, err := store.Load(t.Context())
	require.NoError(t, err)
	require.True(t, kept.Refresh.Equal(newer.Refresh.Reveal()))
}

// slow is a store into which another process writes a moment later.
type slow struct {
	docusign.MemoryStore
	once  sync.Once
	loads atomic.Int32
	later docusign.Token
	after time.Duration
}

func (s *slow) Load(ctx context.Context) (docusign.Token, error) {
	s.loads.Add(1)
	s.once.Do(func() {
		time.AfterFunc(s.after, func() { _ = s.Save(context.WithoutCancel(ctx), s.later) })
	})
	return s.MemoryStore.Load(ctx)
}

// TestTokenThatAnotherProcessIsSaving: the other process has used the refresh
// token up and not saved the new one yet.
func TestTokenThatAnotherProcessIsSaving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slow{after: 1500 * time.Millisecond, later: docusign.Token{
			Access: countersign.NewSecret("a-0123456789"), Refresh: countersign.NewSecret("r-two-0123456789"), Expiry: time.Now().Add(time.Hour),
		}}
		require.NoError(t, store.Save(t.Context(), refreshToken("r-one-0123456789")))
		c, mt := keeping(t, store)
		mt.RegisterResponder("POST", authHost+"/oauth/token", answer(400, invalidGrant))
		_, err := c.Account(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, mt.GetCallCountInfo()["POST "+authHost+"/oauth/token"])
	})
}
