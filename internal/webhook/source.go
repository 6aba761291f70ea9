package webhook

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/countersign/countersign"
)

// Sources says which addresses may call. The zero value allows every one.
type Sources struct {
	// Allowed are the addresses that may call; empty: all.
	Allowed []netip.Prefix
	// TrustedProxies are the proxies in front of the receiver. The header
	// X-Forwarded-For counts only in a request that one of them passed on, and is
	// read from the right up to the first address that is none of them: what
	// stands further left was written by somebody unknown.
	//
	// The header Forwarded (RFC 7239) is never read: a proxy that sets only
	// X-Forwarded-For passes on a Forwarded that the caller made up.
	TrustedProxies []netip.Prefix
}

var errNoAddress = errors.New("the source address can't be told")

// Address is the address that a request comes from, IPv4 wherever it is one.
func (s Sources) Address(r *http.Request) (netip.Addr, error) {
	peer, ok := parseAddr(r.RemoteAddr)
	if !ok {
		return netip.Addr{}, errNoAddress
	}
	if !contains(s.TrustedProxies, peer) {
		return peer, nil
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	source := peer
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if hop == "" {
			continue
		}
		if source, ok = parseAddr(hop); !ok {
			return netip.Addr{}, errNoAddress
		}
		if !contains(s.TrustedProxies, source) {
			break
		}
	}
	return source, nil
}

// allow reports whether the request comes from an allowed address.
func (s Sources) allow(r *http.Request) bool {
	if len(s.Allowed) == 0 {
		return true
	}
	source, err := s.Address(r)
	return err == nil && contains(s.Allowed, source)
}

// describe gives the source address for logs.
func (s Sources) describe(r *http.Request) string {
	source, err := s.Address(r)
	if err != nil {
		return "unknown"
	}
	return source.String()
}

// checked gives a copy with prefixes in the form in which addresses are
// compared.
func (s Sources) checked(component string) (Sources, error) {
	allowed, err := normalise(component, "AllowedSources", s.Allowed)
	if err != nil {
		return Sources{}, err
	}
	proxies, err := normalise(component, "TrustedProxies", s.TrustedProxies)
	if err != nil {
		return Sources{}, err
	}
	for _, p := range proxies {
		if p.Bits() == 0 {
			return Sources{}, &countersign.ConfigError{Component: component, Field: "TrustedProxies", Reason: "trusts every address", Fix: "name the addresses of your own proxies"}
		}
	}
	return Sources{Allowed: allowed, TrustedProxies: proxies}, nil
}

func normalise(component, field string, in []netip.Prefix) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, 0, len(in))
	for _, p := range in {
		if !p.IsValid() {
			return nil, &countersign.ConfigError{Component: component, Field: field, Reason: "has an invalid prefix", Fix: "make prefixes with netip.ParsePrefix"}
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// parseAddr reads an address with or without a port, as net/http and proxies
// write it.
func parseAddr(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
