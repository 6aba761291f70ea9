package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "key-0123456789abcdef"

// newClient makes a client against base; fast retries unless options say else.
func newClient(t testing.TB, base string, cfg Config, opts ...countersign.Option) *Client {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	set, err := countersign.NewSettings(countersign.Settings{BaseURL: u}, opts...)
	require.NoError(t, err)
	cfg.Provider, cfg.Settings = "test", set
	c, err := New(cfg)
	require.NoError(t, err)
	return c
}

// mocked makes a client whose answers come from a mock transport.
func mocked(t testing.TB, cfg Config, opts ...countersign.Option) (*Client, *httpmock.MockTransport) {
	t.Helper()
	mt := httpmock.NewMockTransport()
	opts = append([]countersign.Option{countersign.WithHTTPClient(&http.Client{Transport: mt})}, opts...)
	return newClient(t, "https://api.example.com/v1", cfg, opts...), mt
}

// serve starts a real server and a client whose connections end with the test.
func serve(t testing.TB, cfg Config, h http.HandlerFunc, opts ...countersign.Option) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		srv.Close()
	})
	opts = append([]countersign.Option{
		countersign.WithHTTPClient(&http.Client{Transport: tr}),
		countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Millisecond}),
	}, opts...)
	return newClient(t, srv.URL, cfg, opts...)
}

type item struct {
	ID string `json:"id"`
}

func get(op string) Call {
	return Call{Op: op, Method: http.MethodGet, Path: NewPath("/items/{itemID}", "1"), Effect: Read}
}

func post(effect Effect) Call {
	return Call{Op: "make item", Method: http.MethodPost, Path: NewPath("/items"), Effect: effect, Body: Form(url.Values{"name": {"a"}})}
}

func asError(t testing.TB, err error) *countersign.Error {
	t.Helper()
	e, ok := errors.AsType[*countersign.Error](err)
	require.True(t, ok, "%T: %v", err, err)
	return e
}

func jsonAnswer(status int, body string, header ...string) httpmock.Responder {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return httpmock.NewStringResponder(status, body).HeaderSet(h)
}

func keyAuth() Auth { return HeaderKey("X-Api-Key", "", countersign.NewSecret(testKey)) }

func fetch(ctx context.Context, c *Client, call Call, opts ...countersign.CallOption) (*item, error) {
	return JSON[item](ctx, c, call, opts...)
}
