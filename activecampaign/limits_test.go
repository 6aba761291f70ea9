package activecampaign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
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
	first := accountBudget(t.Name())
	require.Same(t, first, accountBudget(t.Name()))
	require.NotSame(t, first, accountBudget(t.Name()+"2"))
}

// TestOneAccountHasOneBudget: however its address is written.
func TestOneAccountHasOneBudget(t *testing.T) {
	t.Parallel()
	of := func(address string) *budget {
		c, err := New(Config{BaseURL: address, APIKey: countersign.NewSecret("key-0123456789")})
		require.NoError(t, err)
		return c.Import.budget
	}
	one := of("https://one-budget.api-us1.com")
	for _, same := range []string{
		"https://one-budget.api-us1.com/api/3/", "https://One-Budget.API-us1.com", "https://one-budget.api-us1.com:443", "https://one-budget.api-us1.com.",
	} {
		require.Same(t, one, of(same), same)
	}
	require.NotSame(t, one, of("https://one-budget.api-us1.com:8443"))
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

// TestAPauseHoldsTheQueueToo: those who wait for their turn when somebody is told to
// come back later were let go by nobody yet.
func TestAPauseHoldsTheQueueToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(time.Now())
		var times []time.Time
		turn := make(chan struct{}, 1)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if b.limiter(countersign.Settings{Retry: countersign.RetryPolicy{MaxDelay: time.Minute}}).Wait(t.Context()) == nil {
					turn <- struct{}{}
					times = append(times, time.Now())
					<-turn
				}
			})
		}
		time.Sleep(1500 * time.Millisecond)
		b.observe(http.Header{"Retry-After": {"30"}})
		said := time.Now()
		all.Wait()
		require.Len(t, times, 50)
		require.LessOrEqual(t, within(times, time.Second), 5)
		for _, at := range times {
			require.False(t, at.After(said) && at.Before(said.Add(30*time.Second)), "one left %s after the account was refused", at.Sub(said))
		}
	})
}

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

// TestImportsShareOneLimit: those with one contact count among all of them.
func TestImportsShareOneLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ImportService{budget: newBudget(time.Now())}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		var times []time.Time
		turn := make(chan struct{}, 1)
		var all sync.WaitGroup
		for _, contacts := range []int{1, 2} {
			all.Go(func() {
				for s.wait(ctx, api.Call{}, contacts) == nil {
					turn <- struct{}{}
					times = append(times, time.Now())
					<-turn
				}
			})
		}
		all.Wait()
		require.LessOrEqual(t, within(times, time.Minute), 100)
		require.Greater(t, len(times), 5*60)
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
		`{"errors":[{"title":"t","code":"duplicate","source":[]}]}`:                                                               {code: "duplicate", message: "t", kind: ErrDuplicate},
		`{"errors":[{"title":[]},"u",{"title":"t","code":"duplicate"}]}`:                                                          {code: "duplicate", message: "u; t", kind: ErrDuplicate},
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

// TestFailuresAreBounded: joining what stands in a long list costs its square.
func TestFailuresAreBounded(t *testing.T) {
	t.Parallel()
	var texts, objects []string
	for i := range 1_000 {
		texts = append(texts, fmt.Sprintf(`"no %d"`, i))
		objects = append(objects, fmt.Sprintf(`{"contact":%d,"failureReason":"bad"}`, i+1))
	}
	for name, reasons := range map[string][]string{"errors": texts, "failureReasons": texts} {
		got := parseError(400, nil, []byte(`{"`+name+`":[`+strings.Join(reasons, ",")+`]}`))
		require.True(t, strings.HasPrefix(got.Message, "no 0; no 1; "), name)
		require.Equal(t, maxProblems-1, strings.Count(got.Message, ";"), name)
	}
	require.Len(t, parseError(400, nil, []byte(`{"failureReasons":[`+strings.Join(objects, ",")+`]}`)).Fields, MaxImportContacts, "each contact of a batch can have its own")
}

// TestMissingIsNotForbidden: some calls answer 403 for what does not exist.
func TestMissingIsNotForbidden(t *testing.T) {
	t.Parallel()
	missing := []byte(`{"message":"No Result found for Note with id 1"}`)
	require.ErrorIs(t, parseError(http.StatusForbidden, nil, missing).Kind, countersign.ErrNotFound)
	require.NoError(t, parseError(http.StatusBadRequest, nil, missing).Kind)
	for _, other := range []string{`{"message":"Forbidden"}`, `{"message":"Could not create SubscriberSeries"}`} {
		require.NoError(t, parseError(http.StatusForbidden, nil, []byte(other)).Kind, other)
	}
}
