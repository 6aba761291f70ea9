package api

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

func token(s string, life time.Duration) *oauth2.Token {
	tok := &oauth2.Token{AccessToken: s}
	if life > 0 {
		tok.Expiry = time.Now().Add(life)
	}
	return tok
}

func TestTokenIsFetchedOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		ts := NewTokens(func(ctx context.Context) (*oauth2.Token, error) {
			fetches.Add(1)
			return token("a", time.Hour), sleep(ctx, time.Second)
		})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				tok, err := ts.Token(t.Context())
				require.NoError(t, err)
				require.Equal(t, "a", tok.AccessToken)
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, fetches.Load())
		time.Sleep(time.Hour)
		_, err := ts.Token(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2, fetches.Load())
	})
}

func TestTokenFetchKeepsTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ts := NewTokens(func(ctx context.Context) (*oauth2.Token, error) {
			if err := sleep(ctx, time.Minute); err != nil {
				return nil, err
			}
			return token("a", 0), nil
		})
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { // fetches under a long deadline
			_, err := ts.Token(t.Context())
			require.NoError(t, err)
		})
		synctest.Wait()
		start := time.Now()
		_, err := ts.Token(short) // waits for the other's fetch, under its own deadline
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		wg.Wait()
	})
}

func TestOneCallersCancelDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ts := NewTokens(func(ctx context.Context) (*oauth2.Token, error) {
			if err := sleep(ctx, time.Minute); err != nil {
				return nil, err
			}
			return token("a", 0), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := ts.Token(ctx)
			require.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		wg.Go(func() {
			_, err := ts.Token(t.Context())
			require.NoError(t, err)
		})
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}

func TestTokenThatIsAboutToEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Hour)
		var fetches int
		ts := NewTokens(func(context.Context) (*oauth2.Token, error) { // the same token until its end
			fetches++
			return &oauth2.Token{AccessToken: "same", Expiry: end}, nil
		})
		for time.Until(end) > 200*time.Millisecond {
			_, err := ts.Token(t.Context())
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
		require.Less(t, fetches, 8, "a fixed margin would fetch a hundred times in the last ten seconds")
	})
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	tokens := []string{"old-old-old", "new-new-new"}
	var fetches int
	auth := NewTokens(func(context.Context) (*oauth2.Token, error) {
		fetches++
		return token(tokens[min(fetches, 2)-1], 0), nil
	})
	c, mt := mocked(t, Config{Auth: auth})
	var used []string
	mt.RegisterResponder("POST", "https://api.example.com/v1/items", func(r *http.Request) (*http.Response, error) {
		used = append(used, r.Header.Get("Authorization"))
		if used[len(used)-1] == "Bearer old-old-old" {
			return jsonAnswer(401, `{}`)(r)
		}
		return jsonAnswer(200, `{"id":"a"}`)(r)
	})
	_, err := fetch(t.Context(), c, post(Write))
	require.NoError(t, err)
	require.Equal(t, []string{"Bearer old-old-old", "Bearer new-new-new"}, used)
	require.Equal(t, 2, fetches)
}

func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	for name, renew := range map[string]func(n int) string{
		"the same token again": func(int) string { return "same-same-same" },
		"new but refused too":  func(n int) string { return string(rune('a'+n)) + "-token-token" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fetches int
			c, mt := mocked(t, Config{Auth: NewTokens(func(context.Context) (*oauth2.Token, error) {
				fetches++
				return token(renew(fetches), 0), nil
			})})
			mt.RegisterResponder("GET", itemURL, jsonAnswer(401, `{}`))
			_, err := fetch(t.Context(), c, get("get item"))
			require.ErrorIs(t, err, countersign.ErrUnauthorized)
			require.Equal(t, 2, fetches)
			require.LessOrEqual(t, mt.GetTotalCallCount(), 2)
		})
	}
}

func TestTokenFetchErrorIsTheCallsError(t *testing.T) {
	t.Parallel()
	refused := &countersign.Error{Provider: "test", Op: "fetch token", StatusCode: 403, Kind: countersign.ErrForbidden}
	c, mt := mocked(t, Config{Auth: NewTokens(func(context.Context) (*oauth2.Token, error) { return nil, refused })})
	_, err := fetch(t.Context(), c, get("get item"))
	require.Same(t, refused, asError(t, err))
	require.Zero(t, mt.GetTotalCallCount())
}

func TestFromOAuth2(t *testing.T) {
	t.Parallel()
	ts := FromOAuth2(oauth2.StaticTokenSource(token("abc", 0)))
	cred, err := ts.Credential(t.Context())
	require.NoError(t, err)
	require.Equal(t, "abc", cred.Value.Reveal())
}
