package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config is a receiver that takes every body as its event.
func config() Config[string] {
	return Config[string]{
		Name:         "test receiver",
		ContentTypes: []string{"application/json"},
		Open:         func(_ context.Context, _ *http.Request, body []byte) (string, error) { return string(body), nil },
		Accept:       func(context.Context, string) error { return nil },
	}
}

func newHandler(t testing.TB, change func(*Config[string])) *Handler[string] {
	t.Helper()
	cfg := config()
	if change != nil {
		change(&cfg)
	}
	h, err := New(cfg)
	require.NoError(t, err)
	return h
}

func post(h http.Handler, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	open := func(err error) func(*Config[string]) {
		return func(c *Config[string]) {
			c.Open = func(context.Context, *http.Request, []byte) (string, error) { return "", err }
		}
	}
	admit := func(err error) func(*Config[string]) {
		return func(c *Config[string]) { c.Admit = func(*http.Request) error { return err } }
	}
	accept := func(f func() error) func(*Config[string]) {
		return func(c *Config[string]) { c.Accept = func(context.Context, string) error { return f() } }
	}
	away := errors.New("store is away")
	for name, tc := range map[string]struct {
		config  func(*Config[string])
		request func(*http.Request)
		want    int
	}{
		"accepted":         {want: 200},
		"get":              {request: func(r *http.Request) { r.Method = http.MethodGet }, want: 405},
		"form":             {request: func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, want: 415},
		"no content type":  {request: func(r *http.Request) { r.Header.Del("Content-Type") }, want: 415},
		"may have none":    {config: func(c *Config[string]) { c.ContentTypes = []string{"application/json", ""} }, request: func(r *http.Request) { r.Header.Del("Content-Type") }, want: 200},
		"broken type":      {config: func(c *Config[string]) { c.ContentTypes = []string{""} }, request: func(r *http.Request) { r.Header.Set("Content-Type", ";") }, want: 415},
		"any content type": {config: func(c *Config[string]) { c.ContentTypes = nil }, request: func(r *http.Request) { r.Header.Del("Content-Type") }, want: 200},
		"at the limit":     {config: func(c *Config[string]) { c.MaxBody = 4 }, want: 200},
		"over the limit":   {config: func(c *Config[string]) { c.MaxBody = 3 }, want: 413},
		"cut off":          {request: func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)) }, want: 400},
		"admit forged":     {config: admit(ErrForged), want: 401},
		"forged":           {config: open(ErrForged), want: 401},
		"forged, wrapped":  {config: open(errors.Join(errors.New("no signature"), ErrForged)), want: 401},
		"useless":          {config: open(ErrUseless), want: 200},
		"can't open":       {config: open(away), want: 503},
		"open panics": {config: func(c *Config[string]) {
			c.Open = func(context.Context, *http.Request, []byte) (string, error) { panic("x") }
		}, want: 503},
		"accept fails":           {config: accept(func() error { return away }), want: 503},
		"accept panics":          {config: accept(func() error { panic(away) }), want: 503},
		"accept panics with nil": {config: accept(func() error { panic(nil) }), want: 503},
		"accept aborts":          {config: accept(func() error { panic(http.ErrAbortHandler) }), want: 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.request == nil {
				tc.request = func(*http.Request) {}
			}
			w := post(newHandler(t, tc.config), "body", tc.request)
			require.Equal(t, tc.want, w.Code)
			require.Zero(t, w.Body.Len())
			require.Equal(t, tc.want == 503, w.Header().Get("Retry-After") != "")
			require.Equal(t, tc.want == 405, w.Header().Get("Allow") == "POST")
		})
	}
}

func TestRetryAfterIsWholeSeconds(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]string{0: "30", time.Millisecond: "1", 90 * time.Second: "90"} {
		h := newHandler(t, func(c *Config[string]) {
			c.RetryAfter = given
			c.Accept = func(context.Context, string) error { return io.ErrClosedPipe }
		})
		require.Equal(t, want, post(h, "").Header().Get("Retry-After"))
	}
}

func TestNoAnswerBeforeAccept(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Code = 0
	h := newHandler(t, func(c *Config[string]) {
		c.Accept = func(context.Context, string) error {
			require.Empty(t, w.Result().Header)
			return nil
		}
	})
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x"))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(w, r)
	require.Equal(t, 200, w.Code)
}

// A goroutine that ends inside Accept must not leave the implicit 200.
func TestGoexitIsNotAnAcknowledgement(t *testing.T) {
	t.Parallel()
	h := newHandler(t, func(c *Config[string]) {
		c.Accept = func(context.Context, string) error { runtime.Goexit(); return nil }
	})
	var w *httptest.ResponseRecorder
	var wg sync.WaitGroup
	wg.Go(func() {
		w = httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, r)
	})
	wg.Wait()
	require.Equal(t, 503, w.Code)
}

func TestLogsNoBodyAndNoHeader(t *testing.T) {
	t.Parallel()
	const private = "private-person@example.com"
	for _, accept := range []func(context.Context, string) error{
		func(context.Context, string) error { return nil },
		func(context.Context, string) error { return io.ErrClosedPipe },
		func(_ context.Context, s string) error { panic("can't store " + s) },
	} {
		var log bytes.Buffer
		h := newHandler(t, func(c *Config[string]) {
			c.Accept = accept
			c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		post(h, private, func(r *http.Request) {
			r.URL.Path, r.URL.RawQuery = "/"+private, "token="+private
			r.Header.Set("X-Signature", private)
		})
		require.Contains(t, log.String(), "test receiver")
		require.NotContains(t, log.String(), private)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*Config[string]){
		"Accept":      func(c *Config[string]) { c.Accept = nil },
		"Open":        func(c *Config[string]) { c.Open = nil },
		"MaxBody":     func(c *Config[string]) { c.MaxBody = -1 },
		"ReadTimeout": func(c *Config[string]) { c.ReadTimeout = -1 },
		"Timeout":     func(c *Config[string]) { c.Timeout = -1 },
	} {
		cfg := config()
		change(&cfg)
		_, err := New(cfg)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, field, e.Field)
	}
}
