package digipost

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/webhook"
)

// BackendConfig is what a receiver of back-end callbacks is made of.
type BackendConfig struct {
	// Accept takes a callback into durable keeping. It is required. An error that
	// matches countersign.ErrInvalid or countersign.ErrNotFound says that the
	// callback is good for nothing: it is answered 404. After any other error the
	// answer is 503.
	Accept func(ctx context.Context, c Callback) error
	// Tokens are secrets one of which the address must end in, or carry as the
	// query parameter "token": at least 22 characters that stand in an address as
	// they are. Empty: the nonce alone decides.
	Tokens []countersign.Secret
	// AllowedSources are the addresses that may call; empty: all. Digipost
	// publishes no list of its own.
	AllowedSources []netip.Prefix
	// TrustedProxies are the proxies in front of the receiver, whose
	// X-Forwarded-For counts.
	TrustedProxies []netip.Prefix
	Logger         *slog.Logger // nil: silent
}

// NewBackendReceiver makes the handler of back-end callbacks: GET, HEAD and POST,
// as ParseBackendCallback reads them. It answers 204 when Accept has returned nil,
// and 404 without a reason to everything that is not a callback, so that whoever
// tries addresses learns nothing. Its error is a *countersign.ConfigError.
func NewBackendReceiver(cfg BackendConfig) (http.Handler, error) {
	if cfg.Accept == nil {
		return nil, &countersign.ConfigError{Component: "digipost", Field: "Accept", Reason: "is nil", Fix: "give a function that stores the callback"}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	b := &backend{cfg: cfg, sources: webhook.Sources{TrustedProxies: prefixes(cfg.TrustedProxies)}}
	b.cfg.AllowedSources = prefixes(cfg.AllowedSources)
	for _, p := range append(b.cfg.AllowedSources, b.sources.TrustedProxies...) {
		if !p.IsValid() {
			return nil, &countersign.ConfigError{Component: "digipost", Field: "AllowedSources", Reason: "has an invalid prefix", Fix: "make prefixes with netip.ParsePrefix"}
		}
	}
	for _, p := range b.sources.TrustedProxies {
		if p.Bits() == 0 {
			return nil, &countersign.ConfigError{Component: "digipost", Field: "TrustedProxies", Reason: "trusts every address", Fix: "name the addresses of your own proxies"}
		}
	}
	if len(cfg.Tokens) > 0 {
		tokens, err := webhook.NewTokens("digipost", cfg.Tokens)
		if err != nil {
			return nil, err
		}
		b.tokens = &tokens
	}
	return b, nil
}

// prefixes brings prefixes into the form in which addresses are compared.
func prefixes(in []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(in))
	for _, p := range in {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		out = append(out, p.Masked())
	}
	return out
}

type backend struct {
	cfg     BackendConfig
	sources webhook.Sources
	tokens  *webhook.Tokens
}

// ServeHTTP answers one callback.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	refuse := func(status int, reason string) {
		b.cfg.Logger.WarnContext(r.Context(), "digipost: back-end callback refused", slog.Int("status", status), slog.String("reason", reason))
		w.WriteHeader(status)
	}
	if !b.allowed(r) {
		refuse(http.StatusNotFound, "source address is not allowed")
		return
	}
	if b.tokens != nil && !b.tokens.Match(r) {
		refuse(http.StatusNotFound, "address does not carry the secret")
		return
	}
	c, err := ParseBackendCallback(r)
	if err != nil {
		refuse(http.StatusNotFound, err.Error()) // errors of callbacks quote nothing
		return
	}
	err = b.cfg.Accept(r.Context(), c)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, countersign.ErrInvalid) || errors.Is(err, countersign.ErrNotFound):
		refuse(http.StatusNotFound, err.Error())
	default:
		w.Header().Set("Retry-After", "30")
		refuse(http.StatusServiceUnavailable, err.Error())
	}
}

func (b *backend) allowed(r *http.Request) bool {
	if len(b.cfg.AllowedSources) == 0 {
		return true
	}
	source, err := b.sources.Address(r)
	if err != nil {
		return false
	}
	for _, p := range b.cfg.AllowedSources {
		if p.Contains(source) {
			return true
		}
	}
	return false
}
