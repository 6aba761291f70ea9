package activecampaign_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	apiKey   = "key-0123456789"
	eventKey = "event-0123456789"
	base     = "https://acme.api-us1.com/api/3"
	tracking = "https://trackcmp.net"
)

// free is a limiter that holds nothing back.
type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

var accounts atomic.Int64

// config is that of an account of its own, since clients of one account share
// limits. renamed calls each of them by the name in base.
func config() activecampaign.Config {
	return activecampaign.Config{
		BaseURL: fmt.Sprintf("https://a%d.api-us1.com", accounts.Add(1)), APIKey: countersign.NewSecret(apiKey),
		Tracking: activecampaign.Tracking{AccountID: "42", EventKey: countersign.NewSecret(eventKey)},
	}
}

type renamed struct{ http.RoundTripper }

func (t renamed) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Host, ".api-us1.com") {
		r = r.Clone(r.Context())
		r.URL.Host, r.Host = "acme.api-us1.com", ""
	}
	return t.RoundTripper.RoundTrip(r)
}

// mocked is a client whose answers come from a mock transport of its own.
func mocked(t testing.TB, opts ...countersign.Option) (*activecampaign.Client, *httpmock.MockTransport) {
	t.Helper()
	mt := httpmock.NewMockTransport()
	opts = append([]countersign.Option{
		countersign.WithHTTPClient(&http.Client{Transport: renamed{mt}}), countersign.WithLimiter(free{}),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}),
	}, opts...)
	c, err := activecampaign.New(config(), opts...)
	require.NoError(t, err)
	return c, mt
}

func answer(status int, body string, header ...string) httpmock.Responder {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return httpmock.NewStringResponder(status, body).HeaderSet(h)
}

// account starts a fake without a limit, and a client for it.
func account(t testing.TB, opts ...activecampaigntest.Option) (*activecampaigntest.Server, *activecampaign.Client) {
	t.Helper()
	srv := activecampaigntest.NewServer(append([]activecampaigntest.Option{activecampaigntest.WithRateLimit(0)}, opts...)...)
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		srv.Close()
	})
	actid, key := srv.Tracking()
	c, err := activecampaign.New(
		activecampaign.Config{APIKey: countersign.NewSecret(srv.APIKey()), Tracking: activecampaign.Tracking{AccountID: actid, EventKey: countersign.NewSecret(key)}},
		countersign.WithBaseURL(srv.URL()), countersign.WithHTTPClient(&http.Client{Transport: tr}), countersign.WithLimiter(free{}),
		countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Millisecond}),
	)
	require.NoError(t, err)
	return srv, c
}

// apiError is the *countersign.Error in err.
func apiError(t testing.TB, err error) *countersign.Error {
	t.Helper()
	e, ok := errors.AsType[*countersign.Error](err)
	require.True(t, ok, "%T: %v", err, err)
	return e
}

// configError is the *countersign.ConfigError in err.
func configError(t testing.TB, err error) *countersign.ConfigError {
	t.Helper()
	e, ok := errors.AsType[*countersign.ConfigError](err)
	require.True(t, ok, "%T: %v", err, err)
	return e
}
