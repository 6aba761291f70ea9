package webhook

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

func prefixes(in ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(in))
	for _, s := range in {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestSourceAddress(t *testing.T) {
	t.Parallel()
	proxies := Sources{TrustedProxies: prefixes("10.0.0.0/8", "fd00::/8")}
	for name, tc := range map[string]struct {
		sources   Sources
		peer      string
		forwarded []string
		want      string // empty: can't be told
	}{
		"direct":                              {peer: "203.0.113.9:443", want: "203.0.113.9"},
		"direct, header made up":              {peer: "203.0.113.9:443", forwarded: []string{"52.68.17.229"}, want: "203.0.113.9"},
		"stranger, header made up":            {sources: proxies, peer: "203.0.113.9:443", forwarded: []string{"52.68.17.229"}, want: "203.0.113.9"},
		"mapped":                              {peer: "[::ffff:203.0.113.9]:443", want: "203.0.113.9"},
		"zone":                                {peer: "[fe80::1%eth0]:443", want: "fe80::1"},
		"proxy":                               {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"203.0.113.9"}, want: "203.0.113.9"},
		"mapped proxy":                        {sources: proxies, peer: "[::ffff:10.1.1.1]:80", forwarded: []string{"203.0.113.9"}, want: "203.0.113.9"},
		"caller wrote in front":               {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"52.68.17.229, 203.0.113.9"}, want: "203.0.113.9"},
		"caller wrote a proxy in front":       {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"52.68.17.229, 10.9.9.9, 203.0.113.9"}, want: "203.0.113.9"},
		"two proxies":                         {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"203.0.113.9, 10.2.2.2"}, want: "203.0.113.9"},
		"two headers":                         {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"52.68.17.229", "203.0.113.9 , 10.2.2.2"}, want: "203.0.113.9"},
		"with ports":                          {sources: proxies, peer: "[fd00::1]:80", forwarded: []string{"[2001:db8::9]:1234, 10.2.2.2:99"}, want: "2001:db8::9"},
		"mapped in the header":                {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"::ffff:203.0.113.9"}, want: "203.0.113.9"},
		"proxy calls itself":                  {sources: proxies, peer: "10.1.1.1:80", want: "10.1.1.1"},
		"only proxies":                        {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"10.3.3.3, 10.2.2.2"}, want: "10.3.3.3"},
		"empty elements":                      {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"203.0.113.9,,"}, want: "203.0.113.9"},
		"unreadable where it counts":          {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"203.0.113.9, unknown"}},
		"unreadable where it does not count":  {sources: proxies, peer: "10.1.1.1:80", forwarded: []string{"<script>, 203.0.113.9"}, want: "203.0.113.9"},
		"no address at all, as with a socket": {peer: "@"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: tc.peer, Header: http.Header{"X-Forwarded-For": tc.forwarded, "Forwarded": {"for=52.68.17.229"}}}
			sources, err := tc.sources.checked("test")
			require.NoError(t, err)
			got, err := sources.Address(r)
			if tc.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, got.String())
		})
	}
}

func TestAllowedSources(t *testing.T) {
	t.Parallel()
	h := newHandler(t, func(c *Config[string]) {
		// The second is 198.51.100.0/24 in IPv6 form.
		c.Sources.Allowed = prefixes("203.0.113.9/32", "::ffff:198.51.100.0/120")
	})
	for peer, want := range map[string]int{
		"203.0.113.9:1": 200, "[::ffff:203.0.113.9]:1": 200, "198.51.100.77:1": 200, "203.0.113.10:1": 401, "@": 401,
	} {
		require.Equal(t, want, post(h, "x", func(r *http.Request) { r.RemoteAddr = peer }).Code, peer)
	}
}

func TestSourcesRefused(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]Sources{
		"AllowedSources": {Allowed: []netip.Prefix{{}}},
		"TrustedProxies": {TrustedProxies: prefixes("0.0.0.0/0")},
	} {
		cfg := config()
		cfg.Sources = s
		_, err := New(cfg)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, name, e.Field)
	}
}

// FuzzAddress: without a trusted peer the header changes nothing, and with one
// nothing panics.
func FuzzAddress(f *testing.F) {
	f.Add("203.0.113.9:1", "10.0.0.1, 203.0.113.9")
	f.Add("10.0.0.1:1", "[::1%a]:2,,")
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = peer
		bare, bareErr := Sources{}.Address(r)
		r.Header["X-Forwarded-For"] = []string{forwarded}
		with, withErr := Sources{}.Address(r)
		require.Equal(t, bare, with)
		require.Equal(t, bareErr, withErr)
		_, _ = Sources{TrustedProxies: prefixes("10.0.0.0/8")}.Address(r)
	})
}
