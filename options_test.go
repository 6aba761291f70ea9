package countersign_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
)

type noLimit struct{}

func (noLimit) Wait(ctx context.Context) error { return ctx.Err() }

func TestSettingsDefaults(t *testing.T) {
	t.Parallel()
	s, err := countersign.NewSettings(countersign.Settings{})
	require.NoError(t, err)
	require.Equal(t, 30*time.Second, s.Timeout)
	require.Equal(t, countersign.RetryPolicy{MaxAttempts: 3, BaseDelay: 500 * time.Millisecond, MaxDelay: time.Minute}, s.Retry)
	require.Equal(t, "countersign/"+countersign.Version, s.UserAgent)
	require.Nil(t, s.BaseURL)
	require.Nil(t, s.HTTPClient)
	require.Nil(t, s.Limiter)
	require.Nil(t, s.Observer)
	require.False(t, s.Logger.Enabled(t.Context(), slog.LevelError), "silent unless a logger is given")
}

func TestSettingsKeepTheDefaultsOfAClient(t *testing.T) {
	t.Parallel()
	base := &url.URL{Scheme: "https", Host: "api.example.com"}
	defaults := countersign.Settings{BaseURL: base, Timeout: time.Minute, Limiter: noLimit{}, Retry: countersign.RetryPolicy{MaxAttempts: 5}}
	s, err := countersign.NewSettings(defaults, nil)
	require.NoError(t, err, "an option that is nil is left out")
	require.Equal(t, base, s.BaseURL)
	require.Equal(t, time.Minute, s.Timeout)
	require.Equal(t, noLimit{}, s.Limiter)
	require.Equal(t, 5, s.Retry.MaxAttempts)
	require.Equal(t, 500*time.Millisecond, s.Retry.BaseDelay)
	require.Nil(t, defaults.Logger, "the defaults are not changed")
}

func TestOptions(t *testing.T) {
	t.Parallel()
	client := &http.Client{}
	logger := slog.New(slog.DiscardHandler)
	seen := 0
	opts := []countersign.Option{
		countersign.WithBaseURL("http://127.0.0.1:8080/"),
		countersign.WithHTTPClient(client),
		countersign.WithTimeout(time.Second),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}),
		countersign.WithLimiter(noLimit{}),
		countersign.WithLogger(logger),
		countersign.WithUserAgent("ledger", "1.2"),
		countersign.WithObserver(func(countersign.Attempt) { seen++ }),
	}
	check := func(s countersign.Settings, err error) {
		require.NoError(t, err)
		require.Equal(t, "http://127.0.0.1:8080", s.BaseURL.String())
		require.Same(t, client, s.HTTPClient)
		require.Equal(t, time.Second, s.Timeout)
		require.Equal(t, 1, s.Retry.MaxAttempts)
		require.Equal(t, noLimit{}, s.Limiter)
		require.Same(t, logger, s.Logger)
		require.Equal(t, "ledger/1.2 countersign/"+countersign.Version, s.UserAgent)
		s.Observer(countersign.Attempt{})
	}
	check(countersign.NewSettings(countersign.Settings{}, opts...))
	backwards := make([]countersign.Option, 0, len(opts))
	for i := range opts {
		backwards = append(backwards, opts[len(opts)-1-i])
	}
	check(countersign.NewSettings(countersign.Settings{}, backwards...))
	require.Equal(t, 2, seen)
}

func TestLastOptionOfAKindWins(t *testing.T) {
	t.Parallel()
	s, err := countersign.NewSettings(countersign.Settings{},
		countersign.WithTimeout(time.Second), countersign.WithUserAgent("a", ""),
		countersign.WithTimeout(time.Minute), countersign.WithUserAgent("b", ""))
	require.NoError(t, err)
	require.Equal(t, time.Minute, s.Timeout)
	require.Equal(t, "b countersign/"+countersign.Version, s.UserAgent)
}

func TestOptionsRefuse(t *testing.T) {
	t.Parallel()
	for field, opts := range map[string][]countersign.Option{
		"BaseURL":        {countersign.WithBaseURL("http://example.com"), countersign.WithBaseURL("")},
		"WithHTTPClient": {countersign.WithHTTPClient(nil)},
		"WithTimeout":    {countersign.WithTimeout(0), countersign.WithTimeout(-time.Second)},
		"WithRetry": {
			countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: -1}),
			countersign.WithRetry(countersign.RetryPolicy{BaseDelay: -1}),
			countersign.WithRetry(countersign.RetryPolicy{MaxDelay: -1}),
		},
		"WithLimiter": {countersign.WithLimiter(nil)},
		"WithLogger":  {countersign.WithLogger(nil)},
		"WithUserAgent": {
			countersign.WithUserAgent("", "1"), countersign.WithUserAgent("a b", ""), countersign.WithUserAgent("a", "1/2"),
			countersign.WithUserAgent("a\r\nX-Evil: 1", ""), countersign.WithUserAgent("契約", ""),
		},
	} {
		for _, opt := range opts {
			s, err := countersign.NewSettings(countersign.Settings{}, opt)
			var config *countersign.ConfigError
			require.ErrorAs(t, err, &config, field)
			require.Equal(t, field, config.Field)
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.Equal(t, countersign.Settings{}, s)
		}
	}
}

func TestCallOptions(t *testing.T) {
	t.Parallel()
	require.Equal(t, countersign.CallSettings{}, countersign.NewCallSettings(nil))
	var meta countersign.Meta
	s := countersign.NewCallSettings(countersign.WithMeta(&meta), countersign.WithIdempotencyKey("k1"),
		countersign.WithCallTimeout(time.Second), countersign.WithoutRetry())
	require.Same(t, &meta, s.Meta)
	require.Equal(t, "k1", s.IdempotencyKey)
	require.Equal(t, time.Second, s.Timeout)
	require.True(t, s.NoRetry)
}

func TestMetaIsACopy(t *testing.T) {
	t.Parallel()
	var m *countersign.Meta
	require.NotPanics(t, func() { m.Set(200, nil, "", 1) }, "nobody asked for it")

	m = &countersign.Meta{RequestID: "of an earlier call"}
	header := http.Header{"X-Total": {"3"}}
	m.Set(http.StatusOK, header, "", 2)
	header.Set("X-Total", "4")
	require.Equal(t, countersign.Meta{StatusCode: http.StatusOK, Header: http.Header{"X-Total": {"3"}}, Attempts: 2}, *m)
}
