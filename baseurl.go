package countersign

import (
	"net"
	"net/url"
	"strings"
)

// ParseBaseURL checks the address of a service: absolute, https (http on
// loopback only), a host, no user, query or fragment. A final slash is
// dropped. Its error is a *ConfigError that does not repeat the address, which
// may hold a password.
func ParseBaseURL(raw string) (*url.URL, error) {
	bad := func(reason string) (*url.URL, error) {
		return nil, &ConfigError{Component: "countersign", Field: "BaseURL", Reason: reason, Fix: "give an address like https://api.example.com"}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "":
		return bad("is not a URL")
	case u.Hostname() == "":
		return bad("has no host")
	case u.User != nil:
		return bad("holds a user name or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(raw, "#"):
		return bad("has a query or fragment")
	case u.Scheme != "https" && u.Scheme != "http":
		return bad("is neither https nor http")
	case u.RawPath != "":
		return bad("has an escaped path")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return bad("is http to a host that is not loopback")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
