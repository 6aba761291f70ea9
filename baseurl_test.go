package countersign_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
)

func TestParseBaseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://api.example.com":           "https://api.example.com",
		"https://api.example.com/":          "https://api.example.com",
		"https://api.example.com/v2//":      "https://api.example.com/v2",
		"https://api.example.com:8443/rest": "https://api.example.com:8443/rest",
		"HTTPS://api.example.com":           "https://api.example.com",
		"http://localhost:8080":             "http://localhost:8080",
		"http://127.0.0.1:8080/x":           "http://127.0.0.1:8080/x",
		"http://127.8.8.8":                  "http://127.8.8.8",
		"http://[::1]:8080":                 "http://[::1]:8080",
	} {
		u, err := countersign.ParseBaseURL(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, u.String())
	}
}

func TestParseBaseURLRefuses(t *testing.T) {
	t.Parallel()
	for raw, reason := range map[string]string{
		"":                                  "has no host",
		"api.example.com":                   "has no host",
		"/v2":                               "has no host",
		"https://":                          "has no host",
		"https://:443":                      "has no host",
		"https:api.example.com":             "is not a URL",
		"mailto:me@example.com":             "is not a URL",
		"https://[::1":                      "is not a URL",
		"https://exa mple.com":              "is not a URL",
		"https://me:hunter2@example.com":    "holds a user name or password",
		"https://me@example.com":            "holds a user name or password",
		"https://example.com?key=hunter2":   "has a query or fragment",
		"https://example.com?":              "has a query or fragment",
		"https://example.com#top":           "has a query or fragment",
		"https://example.com#":              "has a query or fragment",
		"ftp://example.com":                 "is neither https nor http",
		"file://localhost/x":                "is neither https nor http",
		"http://example.com":                "is http to a host that is not loopback",
		"http://127.0.0.1.example.com":      "is http to a host that is not loopback",
		"http://localhost.example.com":      "is http to a host that is not loopback",
		"http://10.0.0.1":                   "is http to a host that is not loopback",
		"http://0.0.0.0":                    "is http to a host that is not loopback",
		"https://hunter2@example.com:%zz/x": "is not a URL",
	} {
		u, err := countersign.ParseBaseURL(raw)
		require.Nil(t, u, raw)
		var config *countersign.ConfigError
		require.ErrorAs(t, err, &config, raw)
		require.Equal(t, reason, config.Reason, raw)
		require.Equal(t, "BaseURL", config.Field)
		require.NotContains(t, err.Error(), "hunter2", "an address may hold a password")
	}
}

func FuzzParseBaseURL(f *testing.F) {
	for _, seed := range []string{
		"https://api.example.com/v2/", "http://[::1]:80", "http://localhost", "https://a@b", "https://a/%2F", "https://a//b", "https://[fe80::1%25en0]/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := countersign.ParseBaseURL(raw)
		if err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.Nil(t, u)
			return
		}
		require.Contains(t, []string{"https", "http"}, u.Scheme)
		require.NotEmpty(t, u.Hostname())
		require.Equal(t, url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}, *u, "nothing but scheme, host and path")
		require.False(t, strings.HasSuffix(u.Path, "/"))
		again, err := countersign.ParseBaseURL(u.String())
		require.NoError(t, err)
		require.Equal(t, u, again)
	})
}
