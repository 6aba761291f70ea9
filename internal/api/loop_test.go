package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

const itemURL = "https://api.example.com/v1/items/1"

func TestRetriesReadUntilItWorks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t, Config{RequestIDHeader: "X-Request-Id"})
		mt.RegisterResponder("GET", itemURL, jsonAnswer(503, `{}`).Then(jsonAnswer(502, `{}`)).
			Then(jsonAnswer(200, `{"id":"a"}`, "X-Request-Id", "r1")))
		var meta countersign.Meta
		got, err := fetch(t.Context(), c, get("get item"), countersign.WithMeta(&meta))
		require.NoError(t, err)
		require.Equal(t, &item{ID: "a"}, got)
		require.Equal(t, 3, mt.GetTotalCallCount())
		require.Equal(t, 3, meta.Attempts)
		require.Equal(t, 200, meta.StatusCode)
		require.Equal(t, "r1", meta.RequestID)
	})
}

func TestGivesUpAfterTheLastAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t, Config{ParseError: func(int, http.Header, []byte) Detail {
			return Detail{Code: "busy", Message: "try\r\nlater " + testKey}
		}, Auth: keyAuth()})
		mt.RegisterResponder("GET", itemURL, jsonAnswer(502, `{"echo":"`+testKey+`"}`))
		_, err := fetch(t.Context(), c, get("get item"))
		e := asError(t, err)
		require.ErrorIs(t, err, countersign.ErrUnavailable)
		require.Equal(t, 3, e.Attempts)
		require.Equal(t, "/items/{itemID}", e.Path)
		require.Equal(t, "test: get item: 502 busy: try later [redacted]", err.Error())
		require.NotContains(t, string(e.Body), testKey)
	})
}

func TestWaitsAsLongAsTheServiceAsks(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func() string{
		"seconds": func() string { return "40" },
		"date":    func() string { return time.Now().Add(40 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, mt := mocked(t, Config{})
				mt.RegisterResponder("POST", "https://api.example.com/v1/items",
					jsonAnswer(429, `{}`, "Retry-After", header()).Then(jsonAnswer(200, `{"id":"a"}`)))
				start := time.Now()
				_, err := fetch(t.Context(), c, post(Write))
				require.NoError(t, err, "a refused write may be sent again")
				require.Equal(t, 40*time.Second, time.Since(start))
			})
		})
	}
}

func TestReturnsAtOnceWhenTheWaitIsTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t, Config{RateLimitWait: time.Minute})
		mt.RegisterResponder("GET", itemURL, jsonAnswer(429, `{}`, "Retry-After", "31536000"))
		start := time.Now()
		_, err := fetch(t.Context(), c, get("get item"))
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		require.Equal(t, 365*24*time.Hour, asError(t, err).RetryAfter)

		mt.RegisterResponder("GET", itemURL, jsonAnswer(429, `{}`))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		_, err = fetch(ctx, c, get("get item"))
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		require.Equal(t, time.Minute, asError(t, err).RetryAfter)
		require.Zero(t, time.Since(start))
		require.Equal(t, 2, mt.GetTotalCallCount())
	})
}

func TestServiceSaysItInItsOwnWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		c, mt := mocked(t, Config{
			ParseError: func(int, http.Header, []byte) Detail {
				return Detail{Kind: countersign.ErrRateLimited, Repeat: RepeatLater, RetryAfter: 20 * time.Second}
			},
			Observe: func(h http.Header) { seen = append(seen, h.Get("X-Left")) },
		})
		mt.RegisterResponder("POST", "https://api.example.com/v1/items", jsonAnswer(400, `{}`, "X-Left", "0").Then(jsonAnswer(200, `{"id":"a"}`, "X-Left", "9")))
		start := time.Now()
		_, err := fetch(t.Context(), c, post(Write))
		require.NoError(t, err, "a write that was refused before anything was done may be sent again")
		require.Equal(t, 20*time.Second, time.Since(start))
		require.Equal(t, []string{"0", "9"}, seen)

		mt.RegisterResponder("POST", "https://api.example.com/v1/items", jsonAnswer(400, `{}`))
		_, err = fetch(t.Context(), c, post(Write))
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.Equal(t, 20*time.Second, asError(t, err).RetryAfter)
	})
}

func TestWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t, Config{})
		mt.RegisterResponder("GET", itemURL, jsonAnswer(429, `{}`, "Retry-After", "50"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := fetch(ctx, c, get("get item"))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, countersign.ErrRateLimited, "what was waited for is not lost")
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestWithoutRetry(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, Config{})
	mt.RegisterResponder("GET", itemURL, jsonAnswer(503, `{}`))
	_, err := fetch(t.Context(), c, get("get item"), countersign.WithoutRetry())
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.Equal(t, 1, mt.GetTotalCallCount())
}

func TestWriteWithoutAnswerHasUnknownOutcome(t *testing.T) {
	t.Parallel()
	reset := httpmock.NewErrorResponder(&net.OpError{Op: "read", Err: errors.New("reset")})
	for name, r := range map[string]httpmock.Responder{
		"500": jsonAnswer(500, `{}`), "504": httpmock.NewStringResponder(504, "<html>"), "reset": reset,
		"200 with HTML":  httpmock.NewStringResponder(200, "<html>").HeaderSet(http.Header{"Content-Type": {"text/html"}}),
		"truncated JSON": jsonAnswer(200, `{"id":`), "empty": jsonAnswer(200, ``),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, mt := mocked(t, Config{})
			mt.RegisterResponder("POST", "https://api.example.com/v1/items", r)
			_, err := fetch(t.Context(), c, post(Write))
			require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
			require.NotErrorIs(t, err, countersign.ErrUnavailable)
			require.Equal(t, 1, mt.GetTotalCallCount(), "never repeated blindly")
		})
	}
}

func TestWriteTimesOutWithUnknownOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t, Config{}, countersign.WithTimeout(5*time.Second))
		mt.RegisterResponder("POST", "https://api.example.com/v1/items", jsonAnswer(200, `{}`).Delay(time.Minute))
		start := time.Now()
		_, err := fetch(t.Context(), c, post(Write))
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.Equal(t, 5*time.Second, time.Since(start))

		_, err = fetch(t.Context(), c, post(Write), countersign.WithCallTimeout(7*time.Second))
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.Equal(t, 12*time.Second, time.Since(start))
	})
}

func TestCancelledWriteHasUnknownOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t, Config{})
		mt.RegisterResponder("POST", "https://api.example.com/v1/items", jsonAnswer(200, `{}`).Delay(time.Minute))
		ctx, cancel := context.WithCancelCause(t.Context())
		mine := errors.New("my reason")
		time.AfterFunc(time.Second, func() { cancel(mine) })
		_, err := fetch(ctx, c, post(Write))
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, mine)
	})
}

func TestIdempotentWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t, Config{IdempotencyHeader: "Idempotency-Key"})
		var keys []string
		mt.RegisterResponder("POST", "https://api.example.com/v1/items", func(r *http.Request) (*http.Response, error) {
			keys = append(keys, r.Header.Get("Idempotency-Key"))
			body, _ := io.ReadAll(r.Body)
			require.Equal(t, "name=a", string(body), "the body is whole on every attempt")
			return jsonAnswer(504, `{}`)(r)
		})
		_, err := fetch(t.Context(), c, post(Write), countersign.WithIdempotencyKey("k1"))
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.Equal(t, []string{"k1", "k1", "k1"}, keys)
	})
}

// What the service says to a repetition is no word about the attempt before it.
func TestRefusalAfterALostAnswer(t *testing.T) {
	t.Parallel()
	lost := httpmock.NewErrorResponder(io.ErrUnexpectedEOF)
	for name, c := range map[string]struct {
		effect  Effect
		first   httpmock.Responder
		then    int
		kind    error
		unknown bool
	}{
		"conflict":               {IdempotentWrite, lost, 409, countersign.ErrConflict, true},
		"unauthorized":           {IdempotentWrite, lost, 401, countersign.ErrUnauthorized, true},
		"rate limit":             {IdempotentWrite, jsonAnswer(502, `{}`), 429, countersign.ErrRateLimited, true},
		"certainly not done":     {IdempotentWrite, jsonAnswer(429, `{}`), 409, countersign.ErrConflict, false},
		"a read leaves no doubt": {Read, lost, 409, countersign.ErrConflict, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, mt := mocked(t, Config{Auth: keyAuth()})
				mt.RegisterResponder("POST", "https://api.example.com/v1/items", c.first.Then(jsonAnswer(c.then, `{}`)).Then(jsonAnswer(c.then, `{}`)))
				_, err := fetch(t.Context(), client, post(c.effect))
				require.ErrorIs(t, err, c.kind)
				require.Equal(t, c.unknown, errors.Is(err, countersign.ErrOutcomeUnknown))
				require.NotContains(t, err.Error(), "\n")
			})
		})
	}
}

func TestDoubtOutlivesACredential(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := &countersign.Error{Provider: "test", Op: "get token", Kind: countersign.ErrUnavailable}
		auth := &failingAuth{err: shared}
		c, mt := mocked(t, Config{Auth: auth})
		mt.RegisterResponder("POST", "https://api.example.com/v1/items", httpmock.NewErrorResponder(io.ErrUnexpectedEOF))
		_, err := fetch(t.Context(), c, post(IdempotentWrite))
		require.ErrorIs(t, err, countersign.ErrUnavailable)
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.NoError(t, shared.Err, "others wait for the same credential")
	})
}

// failingAuth has a credential once.
type failingAuth struct {
	given bool
	err   error
}

func (a *failingAuth) Credential(context.Context) (Credential, error) {
	if a.given {
		return Credential{}, a.err
	}
	a.given = true
	return Credential{}, nil
}

func (a *failingAuth) Renew(context.Context, Credential) (bool, error) { return false, nil }

func TestUndecodableRead(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]httpmock.Responder{
		"HTML":            httpmock.NewStringResponder(200, "<html>私</html>").HeaderSet(http.Header{"Content-Type": {"text/html"}}),
		"no content type": httpmock.NewStringResponder(200, `{"id":"a"}`),
		"truncated":       jsonAnswer(200, `{"id":"secret-valu`),
		"trailing":        jsonAnswer(200, `{"id":"a"} x`),
		"wrong type":      jsonAnswer(200, `{"id":7}`),
		"too large":       jsonAnswer(200, `{"id":"`+string(bytes.Repeat([]byte("x"), maxAnswer))+`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, mt := mocked(t, Config{})
			mt.RegisterResponder("GET", itemURL, r)
			_, err := fetch(t.Context(), c, get("get item"))
			_, ok := errors.AsType[*countersign.DecodeError](err)
			require.True(t, ok, "%v", err)
			require.NotContains(t, err.Error(), "secret-valu")
			require.Equal(t, 1, mt.GetTotalCallCount())
		})
	}
}

func TestLimiterHoldsEveryAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var waits atomic.Int32
		lim := limiterFunc(func(ctx context.Context) error {
			waits.Add(1)
			return sleep(ctx, time.Minute)
		})
		c, mt := mocked(t, Config{}, countersign.WithLimiter(lim))
		mt.RegisterResponder("GET", itemURL, jsonAnswer(503, `{}`).Then(jsonAnswer(200, `{}`)))
		_, err := fetch(t.Context(), c, get("get item"))
		require.NoError(t, err)
		require.EqualValues(t, 2, waits.Load())

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = fetch(ctx, c, get("get item"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, asError(t, err).Attempts)
	})
}

// soon is a limiter's error that knows when calls are possible again.
type soon struct{ in time.Duration }

func (soon) Error() string            { return "used up" }
func (s soon) RetryIn() time.Duration { return s.in }

func TestLimiterThatSaysWhen(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]time.Duration{time.Hour: time.Hour, -time.Second: 0} {
		lim := limiterFunc(func(context.Context) error { return fmt.Errorf("wrapped: %w", soon{given}) })
		c, _ := mocked(t, Config{}, countersign.WithLimiter(lim))
		err := c.Run(t.Context(), Call{Op: "get", Method: "GET", Path: NewPath("/x"), Effect: Read}, nil)
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		e, ok := errors.AsType[*countersign.Error](err)
		require.True(t, ok)
		require.Equal(t, want, e.RetryAfter)
	}
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestLogsAndObserverCarryNoSecret(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	var seen []countersign.Attempt
	c, mt := mocked(t, Config{Auth: keyAuth()},
		countersign.WithLogger(slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		countersign.WithObserver(func(a countersign.Attempt) { seen = append(seen, a) }))
	mt.RegisterResponder("GET", "https://api.example.com/v1/items/1?token=hush-hush-hush",
		httpmock.NewErrorResponder(errors.New("boom")))
	call := get("get item")
	call.Query = url.Values{"token": {"hush-hush-hush"}}
	_, err := fetch(t.Context(), c, call, countersign.WithoutRetry())
	require.Error(t, err)
	require.Len(t, seen, 1)
	require.Error(t, seen[0].Err)
	for _, text := range []string{logs.String(), err.Error(), seen[0].Err.Error()} {
		require.NotContains(t, text, testKey)
		require.NotContains(t, text, "hush")
	}
	require.Contains(t, logs.String(), "/items/{itemID}")
}

func TestRequest(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, Config{Auth: keyAuth()})
	mt.RegisterResponder("PUT", "https://api.example.com/v1/things/a%2Fb/parts", func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		require.JSONEq(t, `{"n":1}`, string(body))
		require.Equal(t, "application/json", r.Header.Get("Content-Type"))
		require.Equal(t, testKey, r.Header.Get("X-Api-Key"))
		return jsonAnswer(200, `{"id":"a"}`)(r)
	})
	var got item
	err := c.Request(t.Context(), countersign.Request{Method: "PUT", Path: []string{"things", "a/b", "parts"}, JSON: map[string]int{"n": 1}}, &got)
	require.NoError(t, err)
	require.Equal(t, "a", got.ID)

	err = c.Request(t.Context(), countersign.Request{Path: []string{"things", ".."}}, nil)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	err = c.Request(t.Context(), countersign.Request{Path: []string{"x"}, JSON: 1, Form: url.Values{}}, nil)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Equal(t, 1, mt.GetTotalCallCount())
}
