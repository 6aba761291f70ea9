package digipost_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

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
		"TrustedProxies": {Accept: accept, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}},
	} {
		_, err := digipost.NewBackendReceiver(cfg)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, field)
		require.Equal(t, field, e.Field)
	}
}
