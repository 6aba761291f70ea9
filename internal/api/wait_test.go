package api

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"0": 0, "7": 7 * time.Second, "Fri, 02 Jan 2026 03:05:05 GMT": time.Minute,
		"Fri, 02 Jan 2026 03:00:00 GMT": 0, "99999999999": (1 << 32) * time.Second,
	} {
		got, ok := parseRetryAfter(http.Header{"Retry-After": {in}}, now)
		require.True(t, ok, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "-1", "soon", "1.5"} {
		_, ok := parseRetryAfter(http.Header{"Retry-After": {in}}, now)
		require.False(t, ok, in)
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	f.Add("5")
	f.Add("Fri, 02 Jan 2026 03:05:05 GMT")
	f.Fuzz(func(t *testing.T, v string) {
		d, _ := parseRetryAfter(http.Header{"Retry-After": {v}}, time.Unix(0, 0))
		require.GreaterOrEqual(t, d, time.Duration(0))
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	p := countersign.RetryPolicy{MaxAttempts: 99, BaseDelay: time.Second, MaxDelay: 30 * time.Second}
	now := time.Now()
	for attempt := 1; attempt < 80; attempt++ {
		d, ok := pause(t.Context(), p, attempt, 0, now)
		require.True(t, ok)
		full := min(time.Second<<min(attempt-1, 20), p.MaxDelay)
		require.LessOrEqual(t, d, full)
		require.GreaterOrEqual(t, d, full/2)
	}
	d, ok := pause(t.Context(), p, 1, 20*time.Second, now)
	require.True(t, ok)
	require.Equal(t, 20*time.Second, d, "the service's wish counts where it is longer")
	_, ok = pause(t.Context(), p, 1, 31*time.Second, now)
	require.False(t, ok, "longer than the policy allows")

	ctx, cancel := context.WithDeadline(t.Context(), now.Add(10*time.Second))
	defer cancel()
	_, ok = pause(ctx, p, 1, 11*time.Second, now)
	require.False(t, ok, "longer than the context has")
	_, ok = pause(ctx, p, 1, 9*time.Second, now)
	require.True(t, ok)
}

func TestBudget(t *testing.T) {
	t.Parallel()
	b := newBudget()
	n := 0
	for b.spend() {
		n++
	}
	require.Equal(t, budgetFull/retryCosts, n)
	for range retryCosts {
		require.False(t, b.spend())
		b.earn()
	}
	require.True(t, b.spend())
}
