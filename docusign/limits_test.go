package docusign_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
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

func limitHeader(hour, burst int, reset time.Time) []string {
	return []string{
		"X-RateLimit-Remaining", strconv.Itoa(hour), "X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10),
		"X-BurstLimit-Remaining", strconv.Itoa(burst),
	}
}

func TestHourlyLimitIsRespectedBeforeTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t)
		reset := time.Now().Truncate(time.Second).Add(20 * time.Minute)
		mt.RegisterResponder("GET", rest, answer(200, `{}`, limitHeader(0, 10, reset)...))
		_, err := c.Accounts.Get(t.Context())
		require.NoError(t, err)
		_, err = c.Accounts.Get(t.Context())
		limit, ok := errors.AsType[*docusign.LimitError](err)
		require.True(t, ok, "%v", err)
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		require.False(t, limit.Burst)
		require.True(t, limit.Reset.Equal(reset))
		require.InDelta(t, 20*60, apiError(t, err).RetryAfter.Seconds(), 1, "the error says when to call again")
		require.Equal(t, 1, restCalls(mt), "nothing was sent")

		time.Sleep(20*time.Minute - 10*time.Second)
		start := time.Now()
		_, err = c.Accounts.Get(t.Context())
		require.NoError(t, err, "a short wait is waited for")
		require.InDelta(t, 10, time.Since(start).Seconds(), 1)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		mt.RegisterResponder("GET", rest, answer(200, `{}`, limitHeader(0, 10, time.Now().Add(30*time.Second))...))
		_, err = c.Accounts.Get(t.Context())
		require.NoError(t, err)
		_, err = c.Accounts.Get(ctx)
		require.ErrorIs(t, err, countersign.ErrRateLimited, "a wait beyond the deadline ends the call at once")
	})
}

func TestHourlyLimitThatCannotBeRight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t)
		mt.RegisterResponder("GET", rest, answer(200, `{}`, limitHeader(0, 10, time.Now().Add(30*24*time.Hour))...))
		_, err := c.Accounts.Get(t.Context())
		require.NoError(t, err)
		_, err = c.Accounts.Get(t.Context())
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		require.LessOrEqual(t, apiError(t, err).RetryAfter, time.Hour, "an hourly limit lasts an hour at most")
		time.Sleep(time.Hour)
		_, err = c.Accounts.Get(t.Context())
		require.NoError(t, err)
	})
}

func TestBurstLimitIsRespectedBeforeTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t)
		left := 3
		var mu sync.Mutex
		var calls atomic.Int64
		mt.RegisterResponder("GET", rest, func(r *http.Request) (*http.Response, error) {
			// Calls that are under way count. One answer after the other: what is left
			// would seem to grow, as in a new window, if they passed each other.
			time.Sleep(time.Second + time.Duration(calls.Add(1))*time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			left--
			return answer(200, `{}`, limitHeader(1000, max(left, 0), time.Now().Add(time.Hour))...)(r)
		})
		_, err := c.Accounts.Get(t.Context())
		require.NoError(t, err)
		start := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := c.Accounts.Get(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(2 * time.Second)
		require.Equal(t, 3, restCalls(mt), "two calls were left, and the others wait")
		mu.Lock()
		left = 100
		mu.Unlock()
		wg.Wait()
		require.InDelta(t, 31, time.Since(start).Seconds(), 0.1)
	})
}

func TestBothFormsOfTheLimitErrors(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 429} {
		synctest.Test(t, func(t *testing.T) {
			c, mt := mocked(t, countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2}))
			burst := answer(status, `{"errorCode":"BURST_APIINVOCATION_LIMIT_EXCEEDED","message":"m"}`)
			mt.RegisterResponder("POST", rest+"/envelopes", burst.Then(answer(201, `{"envelopeId":"e"}`)))
			start := time.Now()
			_, err := c.Envelopes.Create(t.Context(), offer("s"))
			require.NoError(t, err, "refused before anything was done, so sent again")
			require.Equal(t, 30*time.Second, time.Since(start))

			reset := time.Now().Truncate(time.Second).Add(40 * time.Minute)
			hourly := answer(status, `{"errorCode":"hourly_apiinvocation_limit_exceeded","message":"m"}`, limitHeader(0, 5, reset)...)
			mt.RegisterResponder("POST", rest+"/envelopes", hourly)
			calls := restCalls(mt)
			_, err = c.Envelopes.Create(t.Context(), offer("s"))
			require.ErrorIs(t, err, countersign.ErrRateLimited)
			require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown)
			require.InDelta(t, (40 * time.Minute).Seconds(), apiError(t, err).RetryAfter.Seconds(), 1)
			require.Equal(t, calls+1, restCalls(mt), "a long wait is the caller's")
			time.Sleep(40 * time.Minute)

			polling := answer(status, `{"errorCode":"Hourly_Envelope_Polling_Limit_Exceeded","message":"m"}`)
			mt.RegisterResponder("GET", rest+"/envelopes/e", polling)
			calls = restCalls(mt)
			_, err = c.Envelopes.Get(t.Context(), "e", nil)
			require.ErrorIs(t, err, docusign.ErrPolledTooOften)
			require.Equal(t, calls+1, restCalls(mt), "never repeated")
		})
	}
}

func TestFakeLimits(t *testing.T) {
	t.Parallel()
	// Early in an hour, so that its end is too far to be waited for.
	clock := countersigntest.NewClock(time.Now().Truncate(time.Hour).Add(time.Hour))
	for _, status := range []int{400, 429} {
		srv, c := account(t, docusigntest.WithHourlyLimit(2), docusigntest.WithLimitStatus(status), docusigntest.WithClock(clock))
		for range 2 {
			_, err := c.Accounts.Get(t.Context())
			require.NoError(t, err)
		}
		_, err := c.Accounts.Get(t.Context())
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		require.EqualValues(t, 2, srv.Log().Tally("GET /v2.1/accounts/{accountId}").Requests, "the headers of the last answer are believed")

		other := connect(t, srv, docusign.StaticToken{Token: countersign.NewSecret(srv.AccessToken(srv.User().ID))})
		_, err = other.Accounts.Get(t.Context())
		require.Equal(t, docusign.CodeHourlyLimit, apiError(t, err).Code, "another program used the calls up")
	}
}

func TestPollingRule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var told []countersign.Attempt
		c, mt := mocked(t, countersign.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			countersign.WithObserver(func(a countersign.Attempt) {
				if a.Op == docusign.OpPolling {
					told = append(told, a)
				}
			}))
		mt.RegisterResponder("GET", "=~^"+rest+"/envelopes/", answer(200, `{"status":"sent"}`))
		get := func(id docusign.EnvelopeID) {
			_, err := c.Envelopes.Get(t.Context(), id, nil)
			require.NoError(t, err)
		}
		get("secret-id")
		_, err := c.Recipients.List(t.Context(), "secret-id", false)
		require.NoError(t, err)
		time.Sleep(15 * time.Minute)
		get("secret-id")
		require.Empty(t, told, "every 15 minutes is allowed, and so are different things of an envelope")
		for range 5 {
			get("secret-id")
		}
		require.Len(t, told, 1, "reported once for an envelope")
		require.ErrorIs(t, told[0].Err, docusign.ErrPolledTooOften)
		require.Equal(t, 1, strings.Count(log.String(), "15 minutes"))
		require.NotContains(t, log.String(), "secret-id")
		get("b")
		get("b")
		require.Len(t, told, 2)
	})
}

// TestOwnLimiter: a program's limiter comes on top of what the answers say.
func TestOwnLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own := &counting{}
		c, mt := mocked(t, countersign.WithLimiter(own))
		mt.RegisterResponder("GET", rest, answer(200, `{}`, limitHeader(0, 10, time.Now().Add(20*time.Minute))...))
		_, err := c.Accounts.Get(t.Context())
		require.NoError(t, err)
		asked := own.asked
		_, err = c.Accounts.Get(t.Context())
		_, ok := errors.AsType[*docusign.LimitError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, asked+1, own.asked)
		own.err = errors.New("no more today")
		_, err = c.Accounts.Get(t.Context())
		require.ErrorIs(t, err, own.err)
	})
}

type counting struct {
	asked int
	err   error
}

func (c *counting) Wait(context.Context) error {
	c.asked++
	return c.err
}

// TestPollingRuleKnowsEveryRead: those through Do count, those that were not sent
// do not.
func TestPollingRuleKnowsEveryRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []countersign.Attempt
		c, mt := mocked(t, countersign.WithObserver(func(a countersign.Attempt) {
			if a.Op == docusign.OpPolling {
				told = append(told, a)
			}
		}))
		mt.RegisterResponder("GET", "=~^"+rest+"/envelopes/", answer(200, `{"status":"sent"}`))
		do := func(path ...string) {
			require.NoError(t, c.Do(t.Context(), countersign.Request{Path: path}, nil))
		}
		do("envelopes", "a")
		do("envelopes", "a", "views", "shared")
		require.Empty(t, told)
		do("v2.1", "accounts", accountID, "envelopes", "a")
		require.Len(t, told, 1)
		require.Equal(t, "/v2.1/accounts/{accountId}/envelopes/{envelopeId}", told[0].Path)
		_, err := c.Envelopes.Get(t.Context(), "b", nil)
		require.NoError(t, err)
		do("envelopes", "b")
		require.Len(t, told, 2, "the same thing, whichever way it is read")

		mt.RegisterResponder("GET", rest, answer(200, `{}`, limitHeader(0, 10, time.Now().Add(20*time.Minute))...))
		_, err = c.Accounts.Get(t.Context())
		require.NoError(t, err)
		for range 3 {
			_, err = c.Envelopes.Get(t.Context(), "d", nil)
			require.ErrorIs(t, err, countersign.ErrRateLimited)
		}
		require.Len(t, told, 2, "what was held back was not read")
	})
}

func TestWaitAfterARead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := 0
		c, mt := mocked(t, countersign.WithObserver(func(a countersign.Attempt) {
			if a.Op == docusign.OpPolling {
				told++
			}
		}))
		mt.RegisterResponder("GET", rest+"/envelopes/e", answer(200, `{"status":"completed"}`))
		_, err := c.Envelopes.Get(t.Context(), "e", nil)
		require.NoError(t, err)
		time.Sleep(5 * time.Minute)
		start := time.Now()
		_, err = c.Envelopes.Wait(t.Context(), "e", docusign.WaitOptions{})
		require.NoError(t, err)
		require.Equal(t, 10*time.Minute, time.Since(start))
		require.Zero(t, told, "Wait does not break the rule itself")
	})
}

func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := 0
		c, mt := mocked(t, countersign.WithObserver(func(a countersign.Attempt) {
			if a.Op == docusign.OpPolling {
				told++
			}
		}))
		sent := answer(200, `{"envelopeId":"e","status":"sent"}`)
		mt.RegisterResponder("GET", rest+"/envelopes/e", sent.Then(sent).Then(answer(200, `{"envelopeId":"e","status":"completed"}`)))
		start := time.Now()
		e, err := c.Envelopes.Wait(t.Context(), "e", docusign.WaitOptions{})
		require.NoError(t, err)
		require.Equal(t, docusign.EnvelopeCompleted, e.Status)
		require.Equal(t, 40*time.Minute, time.Since(start))
		require.Zero(t, told, "Wait keeps the polling rule")

		mt.RegisterResponder("GET", rest+"/envelopes/f", sent)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err = c.Envelopes.Wait(ctx, "f", docusign.WaitOptions{Every: 15 * time.Minute, Until: func(s docusign.EnvelopeStatus) bool { return s == docusign.EnvelopeVoided }})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, told)
	})
}

func TestDo(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	mt.RegisterResponder("GET", rest+"/brands", answer(200, `{"brandsEnabled":"true"}`))
	mt.RegisterResponder("GET", "https://na9.docusign.net/restapi/v2.1/diagnostics/settings", answer(200, `{"apiRequestLogging":"false"}`))
	var got map[string]string
	require.NoError(t, c.Do(t.Context(), countersign.Request{Path: []string{"brands"}}, &got))
	require.Equal(t, "true", got["brandsEnabled"])
	require.NoError(t, c.Do(t.Context(), countersign.Request{Path: []string{"v2.1", "diagnostics", "settings"}}, &got))
	mt.RegisterResponder("DELETE", rest+"/brands", httpmock.NewStringResponder(404, ""))
	err := c.Do(t.Context(), countersign.Request{Method: "DELETE", Path: []string{"brands"}}, nil)
	require.ErrorIs(t, err, countersign.ErrNotFound)
}
