package activecampaign

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
	"github.com/stretchr/testify/require"
)

// within is how many of the times fall into any span of that length.
func within(times []time.Time, span time.Duration) int {
	out := 0
	for i, from := 0, 0; i < len(times); i++ {
		for times[i].Sub(times[from]) >= span {
			from++
		}
		out = max(out, i-from+1)
	}
	return out
}

// TestNeverMoreThanFiveInASecond: many clients of one account, in two processes
// one after the other.
func TestNeverMoreThanFiveInASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		turn := make(chan struct{}, 1)
		for range 3 {
			b := newBudget(time.Now()) // a process starts
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			done := make(chan struct{})
			for range 10 {
				go func() {
					l := b.limiter(countersign.Settings{})
					for l.Wait(ctx) == nil {
						turn <- struct{}{}
						times = append(times, time.Now())
						<-turn
					}
					done <- struct{}{}
				}()
			}
			for range 10 {
				<-done
			}
			cancel()
		}
		require.LessOrEqual(t, within(times, time.Second), 5)
		require.Greater(t, len(times), 3*19*4, "and not far below it")
	})
}

func TestClientsOfAnAccountShareItsBudget(t *testing.T) {
	t.Parallel()
	require.Same(t, accountBudget(t.Name()), accountBudget(t.Name()))
	require.NotSame(t, accountBudget(t.Name()), accountBudget(t.Name()+"2"))
}

func TestAnswersHoldBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header http.Header
		wait   time.Duration
	}{
		"nothing said":      {http.Header{}, 0},
		"something left":    {http.Header{"Ratelimit-Limit": {"5"}, "Ratelimit-Remaining": {"1"}}, 0},
		"nothing left":      {http.Header{"Ratelimit-Limit": {"10"}, "Ratelimit-Remaining": {"0"}}, 100 * time.Millisecond},
		"no limit":          {http.Header{"Ratelimit-Remaining": {"0"}}, 200 * time.Millisecond},
		"odd limit":         {http.Header{"Ratelimit-Limit": {"0"}, "Ratelimit-Remaining": {"0"}}, 200 * time.Millisecond},
		"retry after":       {http.Header{"Retry-After": {"30"}}, 30 * time.Second},
		"both":              {http.Header{"Ratelimit-Remaining": {"0"}, "Retry-After": {"2"}}, 2 * time.Second},
		"retry after soon":  {http.Header{"Retry-After": {"0"}}, 0},
		"retry after never": {http.Header{"Retry-After": {"-1"}}, 0},
		"unreadable":        {http.Header{"Ratelimit-Remaining": {"x"}, "Retry-After": {"x"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBudget(time.Now())
				l := b.limiter(countersign.Settings{Limiter: free{}, Retry: countersign.RetryPolicy{MaxDelay: time.Minute}})
				h := http.Header{}
				for name, v := range c.header {
					h.Set(name, v[0])
				}
				b.observe(h)
				began := time.Now()
				require.NoError(t, l.Wait(t.Context()))
				require.Equal(t, c.wait, time.Since(began))
			})
		})
	}
}

// free is a limiter that holds nothing back.
type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

func TestLongPausesEndTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(time.Now())
		b.observe(http.Header{"Retry-After": {"120"}})
		l := b.limiter(countersign.Settings{Retry: countersign.RetryPolicy{MaxDelay: time.Minute}})
		err := l.Wait(t.Context())
		require.ErrorIs(t, err, countersign.ErrRateLimited)
		limit, ok := errors.AsType[*LimitError](err)
		require.True(t, ok)
		require.Equal(t, 2*time.Minute, limit.RetryIn())
		require.NotEmpty(t, limit.Error())

		time.Sleep(90 * time.Second) // a short rest is waited for, unless the caller has less time
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, l.Wait(ctx), countersign.ErrRateLimited)
		stopped, stop := context.WithCancel(t.Context())
		go stop()
		require.ErrorIs(t, l.Wait(stopped), context.Canceled)
		require.NoError(t, l.Wait(t.Context()))
	})
}

// TestImportsHaveLimitsOfTheirOwn counts what gets through in any minute.
func TestImportsHaveLimitsOfTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for contacts, limit := range map[int]int{2: 100, 1: 20} {
			s := ImportService{budget: newBudget(time.Now())}
			var times []time.Time
			for range 300 {
				require.NoError(t, s.wait(t.Context(), api.Call{}, contacts))
				times = append(times, time.Now())
				require.LessOrEqual(t, within(times, time.Minute), limit)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			require.ErrorIs(t, s.wait(ctx, api.Call{}, contacts), countersign.ErrRateLimited)
			cancel()
			err := s.wait(ctx, api.Call{}, contacts)
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorIs(t, err, countersign.ErrRateLimited)
		}
	})
}

// TestFailures: every shape that an error has becomes one error.
func TestFailures(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		code, message string
		fields        []countersign.FieldError
		kind          error
	}{
		`{}`:                                  {},
		`<html>`:                              {},
		`{"message":"No Result found"}`:       {message: "No Result found"},
		`{"errors":"Bulk operation failed."}`: {message: "Bulk operation failed."},
		`{"errors":[]}`:                       {},
		`{"errors":[{"title":"t"}]}`:          {message: "t"},
		`{"errors":[{"title":"t","detail":"d","code":"field_missing","source":{"pointer":"/p"}},{"title":"u","code":"x"}]}`:       {code: "field_missing", message: "t: d; u", fields: []countersign.FieldError{{Name: "/p", Message: "t: d"}}},
		`{"errors":[{"title":"t","error":"must_be_valid_email_address"}]}`:                                                        {code: "must_be_valid_email_address", message: "t"},
		`{"errors":[{"title":"t","detail":"t","code":"duplicate"}]}`:                                                              {code: "duplicate", message: "t", kind: ErrDuplicate},
		`{"errors":[{"title":"t","code":"x"},{"title":"u","code":"duplicate"}]}`:                                                  {code: "duplicate", message: "t; u", kind: ErrDuplicate},
		`{"errors":[{"detail":"Schema slug must be unique","source":{"type":"pointer","value":"/data/attributes/schema/slug"}}]}`: {message: "Schema slug must be unique", fields: []countersign.FieldError{{Name: "/data/attributes/schema/slug", Message: "Schema slug must be unique"}}, kind: ErrDuplicate},
		`{"success":0,"message":"m","failureReasons":["r","s"]}`:                                                                  {message: "m; r; s"},
		`{"success":0,"message":"m","failureReasons":[{"contact":230,"failureReason":"bad"}]}`:                                    {message: "m", fields: []countersign.FieldError{{Name: "contacts[229]", Message: "bad"}}},
		`{"success":0,"message":"Rate limit exceeded.","failureReasons":["r"]}`:                                                   {message: "Rate limit exceeded.; r", kind: countersign.ErrRateLimited},
		`{"message":17,"errors":{"a":1},"failureReasons":{}}`:                                                                     {message: "17"},
	} {
		got := parseError(422, nil, []byte(body))
		require.Equal(t, want.code, got.Code, body)
		require.Equal(t, want.message, got.Message, body)
		require.Equal(t, want.fields, got.Fields, body)
		if want.kind == nil {
			require.NoError(t, got.Kind, body)
		} else {
			require.ErrorIs(t, got.Kind, want.kind, body)
		}
	}
}
