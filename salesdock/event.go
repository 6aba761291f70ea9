package salesdock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/webhook"
)

// WebhookEvent is a webhook that came in. Salesdock publishes neither the body nor
// a signature, so nothing of it is more than a hint: read the thing that it is
// about through the API.
type WebhookEvent struct {
	// Name is the event: from the address, as WebhookURL wrote it there, or else from
	// the body's member event. Empty: not known.
	Name string
	// ID is the id that the body names in one of the members that could be one;
	// empty: none. Do not trust it further than to read the thing.
	ID string
	// Key is the same for the same event and body: for de-duplication. Two events of
	// one kind whose bodies are equal can't be told apart.
	Key string
	// Body is the body as it came; it may hold personal data.
	Body []byte
}

// WebhookReceiverConfig is what a receiver of webhooks needs.
type WebhookReceiverConfig struct {
	// Tokens are the secrets one of which an address must end in, as WebhookURL puts
	// it there; at least 22 characters each. Salesdock signs nothing, so they are all
	// that keeps others out. Several may be valid at once, for a change without a gap.
	// It is required.
	Tokens []countersign.Secret
	// Accept stores an event durably and returns. The answer is 2xx only when it
	// returns nil; what Salesdock does after another answer is not documented. It is
	// called concurrently. It is required.
	Accept func(ctx context.Context, event WebhookEvent) error
	// AllowedSources are the addresses that may call; empty: all. Salesdock publishes
	// none. Behind proxies name those in TrustedProxies.
	AllowedSources, TrustedProxies []netip.Prefix
	MaxBody                        int64         // bytes; 0: 1 MiB
	ReadTimeout                    time.Duration // 0: 10 s
	Logger                         *slog.Logger  // nil: silent. Bodies and tokens are never logged
}

// WebhookReceiver is the http.Handler for webhooks. It is immutable and safe for
// concurrent use. It takes POST alone; the method of deliveries is not documented.
type WebhookReceiver struct {
	tokens  webhook.Tokens
	handler *webhook.Handler[WebhookEvent]
}

// NewWebhookReceiver checks the configuration and makes a receiver. Its error is
// a *countersign.ConfigError.
func NewWebhookReceiver(cfg WebhookReceiverConfig) (*WebhookReceiver, error) {
	tokens, err := webhook.NewTokens("salesdock.WebhookReceiver", cfg.Tokens)
	if err != nil {
		return nil, err
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	r := &WebhookReceiver{tokens: tokens}
	r.handler, err = webhook.New(webhook.Config[WebhookEvent]{
		Name: "salesdock.WebhookReceiver", MaxBody: cfg.MaxBody, ReadTimeout: cfg.ReadTimeout,
		Sources: webhook.Sources{Allowed: cfg.AllowedSources, TrustedProxies: cfg.TrustedProxies},
		Admit:   r.admit, Accept: cfg.Accept, Logger: cfg.Logger,
		Open: func(_ context.Context, req *http.Request, body []byte) (WebhookEvent, error) {
			return readEvent(req.URL.Path, body), nil
		},
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// ServeHTTP answers one webhook.
func (r *WebhookReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.handler.ServeHTTP(w, req)
}

func (r *WebhookReceiver) admit(req *http.Request) error {
	if !r.tokens.Match(req) {
		return fmt.Errorf("%w: the address carries no token", webhook.ErrForged)
	}
	return nil
}

// WebhookURL makes the address to subscribe an event with: base, the event and a
// token, as elements of the path. So a receiver knows the event whatever the body
// says. base is where the receiver is mounted, and is https (http for loopback
// addresses only). Its error is a *countersign.ConfigError.
func WebhookURL(base, event string, token countersign.Secret) (countersign.Secret, error) {
	u, err := countersign.ParseBaseURL(base)
	if err != nil {
		return countersign.Secret{}, err
	}
	if !eventName(event) {
		return countersign.Secret{}, badConfig("event", "is not the name of an event", "use one of Webhooks.Events")
	}
	if _, err := webhook.NewTokens("salesdock", []countersign.Secret{token}); err != nil {
		return countersign.Secret{}, err
	}
	return countersign.NewSecret(u.JoinPath(event, url.PathEscape(token.Reveal())).String()), nil
}

// eventName reports a name such as "product.updated".
func eventName(s string) bool {
	before, after, ok := strings.Cut(s, ".")
	letters := func(s string) bool { return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == "" }
	return ok && len(s) <= 60 && letters(before) && letters(after)
}

// readEvent takes out what can be used of a delivery.
func readEvent(path string, body []byte) WebhookEvent {
	e := WebhookEvent{Body: body}
	parts := strings.Split(path, "/")
	if n := len(parts); n >= 2 && eventName(parts[n-2]) {
		e.Name = parts[n-2]
	}
	var m Map[json.RawMessage]
	if m.UnmarshalJSON(body) == nil {
		if named := text(m["event"]); e.Name == "" && eventName(named) {
			e.Name = named
		}
		e.ID = idOf(m, e.Name)
	}
	sum := sha256.Sum256(append([]byte(e.Name+"\x00"), body...))
	e.Key = hex.EncodeToString(sum[:])
	return e
}

// idOf looks for an id where one could stand: "sale_id" for "sale.cancelled",
// then "id", at the top and in the objects that payloads are usually wrapped in.
func idOf(m Map[json.RawMessage], event string) string {
	kind, _, _ := strings.Cut(event, ".")
	for _, part := range []string{"", "data", "payload", kind} {
		at := m
		if part != "" {
			at = nil
			if raw, ok := m[part]; !ok || at.UnmarshalJSON(raw) != nil {
				continue
			}
		}
		for _, name := range []string{kind + "_id", "id"} {
			if id := text(at[name]); id != "" && len(id) <= 40 && strings.Trim(id, "0123456789") == "" {
				return id
			}
		}
	}
	return ""
}

// text is a scalar member as text; empty for all else.
func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || scalar(raw, &s) != nil {
		return ""
	}
	return s
}
