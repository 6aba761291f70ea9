package digipost_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/stretchr/testify/require"
)

const backendToken = "BACKENDTOKEN2345672345AB"

func TestBackendReceiver(t *testing.T) {
	t.Parallel()
	var accepted []digipost.SenderID
	var fails error
	cfg := digipost.BackendConfig{
		Tokens:         []countersign.Secret{countersign.NewSecret(backendToken)},
		AllowedSources: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("::ffff:198.51.100.0/120")},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Accept: func(_ context.Context, c digipost.Callback) error {
			accepted = append(accepted, c.SenderID)
			return fails
		},
	}
	h, err := digipost.NewBackendReceiver(cfg)
	require.NoError(t, err)
	const good = "?sender-id=34567&nonce=abcde"
	for name, tc := range map[string]struct {
		path, peer, forwarded string
		fails                 error
		want                  int
		taken                 bool
	}{
		"good":              {"/backend/" + backendToken + good, "203.0.113.9:1", "", nil, 204, true},
		"token in query":    {"/backend" + good + "&token=" + backendToken, "203.0.113.9:1", "", nil, 204, true},
		"mapped":            {"/backend/" + backendToken + good, "198.51.100.7:1", "", nil, 204, true},
		"behind a proxy":    {"/backend/" + backendToken + good, "10.1.1.1:1", "203.0.113.9", nil, 204, true},
		"made-up header":    {"/backend/" + backendToken + good, "192.0.2.1:1", "203.0.113.9", nil, 404, false},
		"elsewhere":         {"/backend/" + backendToken + good, "192.0.2.1:1", "", nil, 404, false},
		"no address":        {"/backend/" + backendToken + good, "@", "", nil, 404, false},
		"no token":          {"/backend" + good, "203.0.113.9:1", "", nil, 404, false},
		"another token":     {"/backend/" + backendToken + "x" + good, "203.0.113.9:1", "", nil, 404, false},
		"no callback":       {"/backend/" + backendToken, "203.0.113.9:1", "", nil, 404, false},
		"good for nothing":  {"/backend/" + backendToken + good, "203.0.113.9:1", "", countersign.ErrNotFound, 404, true},
		"store fails":       {"/backend/" + backendToken + good, "203.0.113.9:1", "", errors.New("disk full"), 503, true},
		"expired is no use": {"/backend/" + backendToken + good, "203.0.113.9:1", "", countersign.ErrInvalid, 404, true},
	} {
		accepted, fails = nil, tc.fails
		r := httptest.NewRequest(http.MethodGet, tc.path, nil)
		r.RemoteAddr = tc.peer
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, tc.want, w.Code, name)
		require.Equal(t, tc.taken, len(accepted) == 1, name)
		require.Empty(t, w.Body.String())
	}
}

func TestBackendReceiverRefused(t *testing.T) {
	t.Parallel()
	accept := func(context.Context, digipost.Callback) error { return nil }
	for field, cfg := range map[string]digipost.BackendConfig{
		"Accept":         {},
		"Tokens":         {Accept: accept, Tokens: []countersign.Secret{countersign.NewSecret("short")}},
		"AllowedSources": {Accept: accept, AllowedSources: []netip.Prefix{{}}},
		"TrustedProxies": {Accept: accept, TrustedProxies: []netip.Prefix{{}}},
	} {
		_, err := digipost.NewBackendReceiver(cfg)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, field)
		require.Equal(t, field, e.Field)
	}
	_, err := digipost.NewBackendReceiver(digipost.BackendConfig{Accept: accept, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}})
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

// A callback comes by GET, HEAD or POST. Nothing but 204, 404 and 503 is ever
// answered, and nothing says why.
func TestBackendMethods(t *testing.T) {
	t.Parallel()
	var accepted int
	h, err := digipost.NewBackendReceiver(digipost.BackendConfig{Accept: func(_ context.Context, c digipost.Callback) error {
		if c.SenderID == 2 {
			panic("store")
		}
		accepted++
		return nil
	}})
	require.NoError(t, err)
	const form = "application/x-www-form-urlencoded"
	for _, tc := range []struct {
		method, target, contentType, body string
		want                              int
	}{
		{"GET", "/?sender-id=1&nonce=n", "", "", 204},
		{"GET", "/?sender-id=1&nonce=n", form, "sender-id=3", 204}, // the body of a GET says nothing
		{"HEAD", "/?sender-id=1&nonce=n", "", "", 204},
		{"POST", "/?sender-id=1&nonce=n", "", "", 204},
		{"POST", "/", form, "sender-id=1&nonce=n", 204},
		{"POST", "/", "text/plain", "sender-id=1&nonce=n", 404},
		{"POST", "/", form, strings.Repeat("x", 5000), 404},
		{"PUT", "/?sender-id=1&nonce=n", "", "", 404},
		{"DELETE", "/?sender-id=1&nonce=n", "", "", 404},
		{"GET", "/", "", "", 404},
		{"GET", "/?sender-id=2&nonce=n", "", "", 503},
	} {
		before := accepted
		r := httptest.NewRequest(tc.method, tc.target, strings.NewReader(tc.body))
		r.Header.Set("Content-Type", tc.contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, tc.want, w.Code, "%+v", tc)
		require.Equal(t, tc.want == 204, accepted == before+1)
		require.Empty(t, w.Header().Get("Allow"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Equal(t, tc.want == 503, w.Header().Get("Retry-After") != "")
	}
}

// A body that never ends holds no connection, and a store that hangs no callback.
func TestBackendReceiverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, err := digipost.NewBackendReceiver(digipost.BackendConfig{Accept: func(ctx context.Context, _ digipost.Callback) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		require.NoError(t, err)
		began := time.Now()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/?sender-id=1&nonce=n", nil))
		require.Equal(t, 503, w.Code)
		require.Equal(t, 30*time.Second, time.Since(began))
	})
	h, err := digipost.NewBackendReceiver(digipost.BackendConfig{Accept: func(context.Context, digipost.Callback) error { return nil }})
	require.NoError(t, err)
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequest("POST", "/?sender-id=1&nonce=n", nil))
	require.Equal(t, 204, w.Code)
	require.Len(t, w.set, 2, "a deadline is set for the body, and taken back")
	require.False(t, w.set[0].IsZero())
	require.True(t, w.set[1].IsZero())
}

// deadlines notes the deadlines that are set for reading.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}
