package cloudsign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/webhook"
)

// maxWebhook is far above a real webhook, which holds a title and two addresses.
const maxWebhook = 64 << 10

// DocumentGetter reads a document; Client.Documents is one.
type DocumentGetter interface {
	Get(ctx context.Context, id DocumentID, opts ...countersign.CallOption) (*Document, error)
}

// ReceiverConfig is what a receiver of webhooks needs.
type ReceiverConfig struct {
	// Tokens are secrets one of which the webhook's address must end with, as the
	// last element of its path ("https://example.com/cloudsign/<token>") or as the
	// query parameter "token". CloudSign signs nothing, so this is what tells its
	// webhooks from others': make a token with rand.Text of crypto/rand, and
	// keep it out of logs of addresses. Several are valid at once, for a change
	// without a gap. At least one is required.
	Tokens []countersign.Secret
	// Documents reads the document that a webhook names. It is required: Client.Documents.
	Documents DocumentGetter
	// Accept stores an event durably and returns; the work on it comes later. The
	// answer is 2xx only when it returns nil. It is called concurrently, and again
	// for repeated webhooks; see Event.Key. It is required.
	Accept func(ctx context.Context, event Event) error
	// AllowedSources are the addresses that may call; empty: all. WebhookSources
	// gives those that CloudSign publishes. Behind proxies name those in
	// TrustedProxies: only what they pass on in X-Forwarded-For is believed.
	AllowedSources, TrustedProxies []netip.Prefix
	MaxBody                        int64         // bytes; 0: 64 KiB
	ReadTimeout                    time.Duration // for the body to arrive; 0: 10 s
	Timeout                        time.Duration // for reading the document and Accept together; 0: 30 s
	Logger                         *slog.Logger  // nil: silent. Bodies, addresses of the webhook and tokens are never logged
}

// Receiver is the http.Handler for CloudSign's webhooks. It is immutable and
// safe for concurrent use. Its address is entered in CloudSign's administration
// pages; there is no call for that.
//
// Each webhook's document is read from the service before anything is believed.
// The answer is 200 when Accept has taken the event, and also when the document
// does not exist, since a repetition would change nothing. 401 is for webhooks
// without a token or from other addresses, 503 for those whose document could not be read or that Accept did not take:
// CloudSign repeats after a 5xx every 10 minutes, at most three times, so a
// regular listing must find what was missed. Answers have no body.
type Receiver struct {
	cfg     ReceiverConfig
	tokens  webhook.Tokens
	handler *webhook.Handler[Event]
}

// NewReceiver checks the configuration and makes a receiver. Its error is a
// *countersign.ConfigError.
func NewReceiver(cfg ReceiverConfig) (*Receiver, error) {
	const name = "cloudsign.Receiver"
	tokens, err := webhook.NewTokens(name, cfg.Tokens)
	if err != nil {
		return nil, err
	}
	if cfg.Documents == nil {
		return nil, &countersign.ConfigError{Component: name, Field: "Documents", Reason: "is nil", Fix: "give Client.Documents"}
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = maxWebhook
	}
	r := &Receiver{cfg: cfg, tokens: tokens}
	r.handler, err = webhook.New(webhook.Config[Event]{
		Name: name, ContentTypes: []string{"application/json"},
		MaxBody: cfg.MaxBody, ReadTimeout: cfg.ReadTimeout, Timeout: cfg.Timeout,
		Sources: webhook.Sources{Allowed: cfg.AllowedSources, TrustedProxies: cfg.TrustedProxies},
		Admit:   r.admit, Open: r.open, Accept: cfg.Accept, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// ServeHTTP answers one webhook.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.handler.ServeHTTP(w, req) }

func (r *Receiver) admit(req *http.Request) error {
	if !r.tokens.Match(req) {
		return fmt.Errorf("%w: its address has no valid token", webhook.ErrForged)
	}
	return nil
}

// open reads a webhook and the document that it names.
func (r *Receiver) open(ctx context.Context, _ *http.Request, body []byte) (Event, error) {
	event, err := ParseEvent(body)
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", webhook.ErrUseless, err)
	}
	doc, err := r.cfg.Documents.Get(ctx, event.DocumentID)
	switch {
	case err == nil && doc.ID != event.DocumentID:
		return Event{}, errors.New("read the document: the service answered with another one")
	case err == nil:
		event.Document = doc
		return event, nil
	case hopeless(err):
		return Event{}, fmt.Errorf("%w: the document can't be read: %w", webhook.ErrUseless, err)
	default:
		return Event{}, fmt.Errorf("read the document: %w", err)
	}
}

// hopeless reports an error that a repetition would meet again: the document is
// unknown, or its id can't stand in an address. All others can be mended: the
// service answers a refused address, plan or token as it answers a wrong request.
func hopeless(err error) bool {
	_, malformed := errors.AsType[*countersign.ConfigError](err)
	return malformed || errors.Is(err, countersign.ErrNotFound)
}
