package docusign

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/webhook"
)

const (
	signaturePrefix = "X-DocuSign-Signature-"
	accountHeader   = "X-DocuSign-AccountId"
	// maxSignatures is how many keys an account can have.
	maxSignatures = 100
)

// ErrSignature says that no signature of the message fits any of the keys.
var ErrSignature = errors.New("docusign: no signature fits a key")

// ReceiverConfig is what a receiver of Connect messages needs. One of Keys,
// KeysFor and WithoutHMAC is required.
type ReceiverConfig struct {
	// Keys are the account's HMAC keys, as DocuSign shows them; each active key
	// signs every message, and one that fits is enough. To change a key, give the
	// new one beside the old one first. The configuration in DocuSign needs
	// includeHMAC.
	Keys []countersign.Secret
	// KeysFor gives the keys of the account that a message names in its header,
	// for receivers that serve several accounts. None means that the account is
	// not known, and the message is refused; an error, that the keys can't be had
	// now. It is called before anything is authenticated. It must give keys of that
	// account alone: the header is not signed, so a key of several accounts would
	// let one speak for the other. The event then belongs to that account: a message
	// that names another one is refused, and one that names none, or names it in
	// another way, has Event.AccountAssumed.
	KeysFor func(ctx context.Context, account AccountID) ([]countersign.Secret, error)
	// WithoutHMAC takes unsigned messages. Something in front of the receiver must
	// then authenticate DocuSign: basic authentication, OAuth or a client
	// certificate.
	WithoutHMAC bool
	// Accept stores an event durably and returns; the work on it comes later. The
	// answer is 2xx only when it returns nil, and DocuSign wants it within 100 s,
	// better 5 s. It is called concurrently, and again for repeated messages; see
	// Event.Key. It is required.
	Accept func(ctx context.Context, event Event) error
	// AllowedSources are the addresses that may call; empty: all. Behind proxies
	// name those in TrustedProxies: only what they pass on in X-Forwarded-For is
	// believed.
	AllowedSources, TrustedProxies []netip.Prefix
	// MaxBody is the longest body in bytes; 0: 10 MiB. Messages that carry
	// documents may be 25 MB and more; it is better to leave documents out of them
	// and to download what is needed.
	MaxBody int64
	// ReadTimeout is how long a body may take to arrive; 0: 10 s.
	ReadTimeout time.Duration
	Logger      *slog.Logger // nil: silent. Bodies, headers and keys are never logged
}

// Receiver is the http.Handler for DocuSign Connect. It is immutable and safe
// for concurrent use.
//
// It answers 200 when Accept has taken the event, and also for an authentic
// message that is no event, since in the mode SIM one refused message holds up
// all that come after it. 401 is for messages that are not authentic, 413 for
// those longer than the limit, 503 for those that Accept did not take. Answers
// have no body.
type Receiver struct {
	cfg     ReceiverConfig
	handler *webhook.Handler[Event]
}

// NewReceiver checks the configuration and makes a receiver. Its error is a
// *countersign.ConfigError.
func NewReceiver(cfg ReceiverConfig) (*Receiver, error) {
	if err := cfg.checkKeys(); err != nil {
		return nil, err
	}
	cfg.Keys = slices.Clone(cfg.Keys)
	r := &Receiver{cfg: cfg}
	handler, err := webhook.New(webhook.Config[Event]{
		Name: "docusign.Receiver",
		// Gateways may take the content type away; the format is told by the content.
		ContentTypes: []string{"application/json", "text/xml", "application/xml", ""},
		MaxBody:      cfg.MaxBody, ReadTimeout: cfg.ReadTimeout,
		Sources: webhook.Sources{Allowed: cfg.AllowedSources, TrustedProxies: cfg.TrustedProxies},
		Admit:   r.admit, Open: r.open, Accept: cfg.Accept, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	r.handler = handler
	return r, nil
}

func (cfg ReceiverConfig) checkKeys() error {
	bad := func(field, reason, fix string) error {
		return &countersign.ConfigError{Component: "docusign.Receiver", Field: field, Reason: reason, Fix: fix}
	}
	given := 0
	for _, is := range []bool{len(cfg.Keys) > 0, cfg.KeysFor != nil, cfg.WithoutHMAC} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		return bad("Keys", "is empty", "create one in the Connect settings of DocuSign, or set WithoutHMAC")
	case given > 1:
		return bad("Keys", "goes with neither KeysFor nor WithoutHMAC", "choose one of the three")
	}
	for _, key := range cfg.Keys {
		switch s := key.Reveal(); {
		case s == "":
			return bad("Keys", "has an empty key", "leave it out")
		case strings.TrimSpace(s) != s:
			return bad("Keys", "has a key with white space around it", "take the key exactly as DocuSign shows it")
		}
	}
	return nil
}

// ServeHTTP answers one Connect message.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.handler.ServeHTTP(w, req) }

// admit turns unsigned messages down before their body is read.
func (r *Receiver) admit(req *http.Request) error {
	if !r.cfg.WithoutHMAC && len(signatures(req.Header)) == 0 {
		return fmt.Errorf("%w: it is not signed", webhook.ErrForged)
	}
	if r.cfg.KeysFor != nil && req.Header.Get(accountHeader) == "" {
		return fmt.Errorf("%w: it names no account", webhook.ErrForged)
	}
	return nil
}

// open authenticates a body and reads it.
func (r *Receiver) open(ctx context.Context, req *http.Request, body []byte) (Event, error) {
	account := AccountID(req.Header.Get(accountHeader))
	if !r.cfg.WithoutHMAC {
		keys := r.cfg.Keys
		if r.cfg.KeysFor != nil {
			var err error
			if keys, err = r.cfg.KeysFor(ctx, account); err != nil {
				return Event{}, err
			}
		}
		if err := VerifySignature(req.Header, body, keys...); err != nil {
			return Event{}, fmt.Errorf("%w: %w", webhook.ErrForged, err)
		}
	}
	event, err := parseEvent(body)
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", webhook.ErrUseless, err)
	}
	if r.cfg.KeysFor == nil {
		return event, nil
	}
	err = event.bind(account)
	return event, err
}

// bind ties an event to the account whose key signed it. Legacy XML names
// accounts by another number, so there the signature alone counts.
func (e *Event) bind(account AccountID) error {
	e.AccountAssumed = e.AccountID == "" || e.Format == FormatXML
	if !e.AccountAssumed && !strings.EqualFold(string(e.AccountID), string(account)) {
		return fmt.Errorf("%w: it is signed for another account", webhook.ErrForged)
	}
	e.AccountID = account
	return nil
}

// VerifySignature checks that one of the message's signatures (the headers
// X-DocuSign-Signature-1 to -100) is the HMAC-SHA256 of the body under one of
// the keys. The body must be the bytes as they came. Which number belongs to
// which key says nothing, since numbers shift when a key is removed. The time it
// takes does not depend on which one fits. Its error is ErrSignature.
//
// A signature covers neither the time nor the address, so an old message can be
// sent again: de-duplicate events by Event.Key.
func VerifySignature(header http.Header, body []byte, keys ...countersign.Secret) error {
	if !webhook.Signed(body, keys, signatures(header)) {
		return ErrSignature
	}
	return nil
}

// signatures gives what can be a signature; header names are matched in any
// case, as gateways pass them on.
func signatures(header http.Header) [][]byte {
	var out [][]byte
	for name, values := range header {
		if len(name) <= len(signaturePrefix) || !strings.EqualFold(name[:len(signaturePrefix)], signaturePrefix) {
			continue
		}
		for _, v := range values {
			sum, err := base64.StdEncoding.Strict().DecodeString(v)
			if err == nil && len(out) < maxSignatures {
				out = append(out, sum)
			}
		}
	}
	return out
}

// SignBody gives the signature that DocuSign sends for a body under a key, for
// tests: set it as header X-DocuSign-Signature-1.
func SignBody(key countersign.Secret, body []byte) string {
	return base64.StdEncoding.EncodeToString(webhook.MAC([]byte(key.Reveal()), body))
}
