package digipost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
// tries addresses learns nothing; the log has the reason, with the status 401 that
// refused webhooks have. A body has ten seconds to arrive and Accept, whose
// panic is a failure, half a minute. Its error is a *countersign.ConfigError.
func NewBackendReceiver(cfg BackendConfig) (http.Handler, error) {
	if cfg.Accept == nil {
		return nil, &countersign.ConfigError{Component: "digipost", Field: "Accept", Reason: "is nil", Fix: "give a function that stores the callback"}
	}
	b := &backend{accept: cfg.Accept}
	if len(cfg.Tokens) > 0 {
		tokens, err := webhook.NewTokens("digipost", cfg.Tokens)
		if err != nil {
			return nil, err
		}
		b.tokens = &tokens
	}
	h, err := webhook.New(webhook.Config[Callback]{
		Name: "digipost", MaxBody: maxQuery, Logger: cfg.Logger,
		Sources: webhook.Sources{Allowed: cfg.AllowedSources, TrustedProxies: cfg.TrustedProxies},
		Admit:   b.admit, Open: b.open,
		Accept: func(context.Context, Callback) error { return nil }, // open has handed it over
	})
	if err != nil {
		return nil, err
	}
	b.handler = h
	return b, nil
}

// backend fits back-end callbacks, which are no webhooks by their method and their
// answers, to the handler that all receivers share.
type backend struct {
	accept  func(context.Context, Callback) error
	tokens  *webhook.Tokens
	handler *webhook.Handler[Callback]
}

// ServeHTTP answers one callback.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		r = r.Clone(r.Context())
		r.Method, r.Body, r.ContentLength = http.MethodPost, http.NoBody, 0
	}
	b.handler.ServeHTTP(backendWriter{w}, r)
}

func (b *backend) admit(r *http.Request) error {
	if b.tokens != nil && !b.tokens.Match(r) {
		return fmt.Errorf("%w: the address does not carry the secret", webhook.ErrForged)
	}
	return nil
}

// open reads a callback and hands it over. What is good for nothing is answered
// like what is not authentic.
func (b *backend) open(ctx context.Context, r *http.Request, body []byte) (Callback, error) {
	whole := r.Clone(ctx)
	whole.Body = io.NopCloser(bytes.NewReader(body))
	c, err := ParseBackendCallback(whole)
	if err != nil {
		return Callback{}, fmt.Errorf("%w: %w", webhook.ErrForged, err) // errors of callbacks quote nothing
	}
	err = b.accept(ctx, c)
	if errors.Is(err, countersign.ErrInvalid) || errors.Is(err, countersign.ErrNotFound) {
		err = fmt.Errorf("%w: %w", webhook.ErrForged, err)
	}
	return c, err
}

// backendWriter answers 204 to what was taken and 404 to all that was not, but for
// a failure of our own.
type backendWriter struct{ http.ResponseWriter }

// WriteHeader writes one of the three.
func (w backendWriter) WriteHeader(status int) {
	switch status {
	case http.StatusServiceUnavailable:
	case http.StatusOK:
		status = http.StatusNoContent
	default:
		status = http.StatusNotFound
	}
	w.Header().Del("Allow")
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the deadline of the body reach the server's writer.
func (w backendWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
