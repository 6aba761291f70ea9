package salesdock_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// limited is a client of a site of its own, with our limiters.
func limited(t *testing.T, site string, mt *httpmock.MockTransport) *salesdock.Client {
	t.Helper()
	c, err := salesdock.New(salesdock.Config{Domain: "beta", Token: countersign.NewSecret(apiToken), Scope: salesdock.ScopeUser},
		countersign.WithBaseURL(site), countersign.WithHTTPClient(&http.Client{Transport: mt}))
	require.NoError(t, err)
	return c
}

var sites atomic.Int64

// newSite is an address that no other test has, nor this one when it runs again:
// limits are those of the process.
func newSite() string { return fmt.Sprintf("https://site-%d.example.com", sites.Add(1)) }

// site answers with the given headers.
func site(limit int, remaining func() int) *httpmock.MockTransport {
	mt := httpmock.NewMockTransport()
	mt.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		header := []string{}
		if limit > 0 {
			header = append(header, "X-RateLimit-Limit", strconv.Itoa(limit))
		}
		if remaining != nil {
			header = append(header, "X-RateLimit-Remaining", strconv.Itoa(remaining()))
		}
		return answer(200, `{"success":true,"data":[]}`, header...)(r)
	})
	return mt
}

// calls sends n calls and gives how long that took.
func calls(t *testing.T, n int, clients ...*salesdock.Client) time.Duration {
	t.Helper()
	began := time.Now()
	for i := range n {
		_, err := clients[i%len(clients)].Flows.List(t.Context())
		require.NoError(t, err)
	}
	return time.Since(began)
}

func TestLimitIsThatOfTheAnswers(t *testing.T) {
	t.Parallel()
	for limit, free := range map[int]int{0: 60, 10: 10, 150: 150} {
		synctest.Test(t, func(t *testing.T) {
			c := limited(t, newSite(), site(limit, nil))
			require.Zero(t, calls(t, free, c))
			wait := calls(t, 1, c)
			require.GreaterOrEqual(t, wait, 59*time.Second, "limit %d", limit)
			require.LessOrEqual(t, wait, 61*time.Second, "limit %d", limit)
		})
	}
}

// TestAddressIsShared: two environments that one process serves use up one limit.
func TestAddressIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mt, shared := site(20, nil), newSite()
		a, b := limited(t, shared, mt), limited(t, shared, mt)
		other := limited(t, newSite(), mt)
		require.Zero(t, calls(t, 20, a, b))
		require.Zero(t, calls(t, 1, other))
		require.NotZero(t, calls(t, 1, b))
	})
}

// TestUserWhoWaitsForTheAddress: a user whose calls wait for the address, which
// another user has used up, still has no more than the user's own limit.
func TestUserWhoWaitsForTheAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []time.Time
		slow := func(limit int, note bool) *httpmock.MockTransport {
			mt := httpmock.NewMockTransport()
			mt.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
				if note {
					mu.Lock()
					sent = append(sent, time.Now())
					mu.Unlock()
				}
				time.Sleep(50 * time.Millisecond)
				return answer(200, `{"success":true,"data":[]}`, "X-RateLimit-Limit", strconv.Itoa(limit))(r)
			})
			return mt
		}
		burst := func(n int, c *salesdock.Client) {
			var all sync.WaitGroup
			for range n {
				all.Go(func() {
					if _, err := c.Flows.List(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		contended := newSite()
		other := limited(t, contended, slow(200, false))
		burst(1, other)
		burst(199, other)
		burst(120, limited(t, contended, slow(60, true)))
		for i, from := range sent {
			n := 0
			for _, at := range sent[i:] {
				if at.Sub(from) < time.Minute {
					n++
				}
			}
			require.LessOrEqual(t, n, 60)
		}
	})
}

// TestOthersCalls: what another process used up of the same user's limit is gone
// for us too.
func TestOthersCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := limited(t, newSite(), site(100, func() int { return 0 }))
		require.Zero(t, calls(t, 1, c))
		require.NotZero(t, calls(t, 1, c))
	})
}

func TestLimitBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mt := site(5, nil)
		c := limited(t, newSite(), mt)
		calls(t, 5, c)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Flows.List(ctx)
		require.Zero(t, time.Since(began), "nobody waits for what can't come in time")
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		require.GreaterOrEqual(t, apiError(t, err).RetryAfter, 59*time.Second)
		limit, ok := errors.AsType[*salesdock.LimitError](err)
		require.True(t, ok)
		require.Equal(t, 5, limit.Limit)
		require.NotEmpty(t, limit.Error())
		require.Equal(t, 5, mt.GetTotalCallCount())

		canceled, stop := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Second)
			stop()
		}()
		_, err = c.Flows.List(canceled)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// TestFakeWithoutALimit: a fake that never refuses says so, and nobody waits.
func TestFakeWithoutALimit(t *testing.T) {
	t.Parallel()
	srv := start(t, salesdocktest.WithRateLimit(0))
	b := open(t, srv, "beta")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range 200 {
		_, err := b.agent.Flows.List(ctx)
		require.NoError(t, err)
	}
}
