package activecampaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/webhook"
)

// maxDelivery is far above a real webhook, which holds one contact.
const maxDelivery = 1 << 20

// Event is what a webhook, or the "Webhook" action of an automation, sent.
type Event struct {
	// Key is the same for a delivery that comes again: a hash of the body. Two
	// deliveries of one contact differ at least in their time.
	Key           string
	Type          WebhookEvent // of an automation's action it may be anything, or empty
	Time          Time         // date_time; zero where it is missing or can't be read
	DateTime      string       // date_time as it was sent, for telling deliveries apart
	InitiatedFrom string       // "admin", "api", …
	InitiatedBy   string
	List          ListID // "0": none
	Contact       EventContact
	Form          Form   // the whole, also what has no field here
	Raw           []byte // the body as it came, for storing; ParseEvent reads it again
}

// EventContact is the contact of an event, as it was when the event happened.
type EventContact struct {
	ID        ContactID
	Email     string
	FirstName string
	LastName  string
	Phone     string
	Tags      []string          // names, separated by commas in the body: a name with a comma is cut
	Fields    map[string]string // values by personalisation tag, in lower case as sent, or by id
}

// ParseEvent reads the body of a webhook: a form with bracket keys ("Webhooks"). A
// form of another kind is read too, with empty members. The body is kept and must
// not be changed.
func ParseEvent(body []byte) (Event, error) {
	form, err := ParseForm(body)
	if err != nil {
		return Event{}, err
	}
	sum := sha256.Sum256(body)
	e := Event{
		Key: hex.EncodeToString(sum[:]), Type: WebhookEvent(form.Get("type")), DateTime: form.Get("date_time"),
		InitiatedFrom: form.Get("initiated_from"), InitiatedBy: form.Get("initiated_by"), List: ListID(form.Get("list")),
		Contact: EventContact{
			ID: ContactID(form.Get("contact", "id")), Email: form.Get("contact", "email"),
			FirstName: form.Get("contact", "first_name"), LastName: form.Get("contact", "last_name"),
			Phone: form.Get("contact", "phone"), Fields: form.Under("contact", "fields"),
		},
		Form: form, Raw: body,
	}
	e.Time = Time{parseTime(e.DateTime)}
	for tag := range strings.SplitSeq(form.Get("contact", "tags"), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			e.Contact.Tags = append(e.Contact.Tags, tag)
		}
	}
	return e, nil
}

// ReceiverConfig is what a receiver of webhooks needs.
type ReceiverConfig struct {
	// Tokens are secrets one of which the webhook's address must end with, as the
	// last element of its path ("https://example.com/activecampaign/<token>") or as
	// the query parameter "token". ActiveCampaign signs nothing, so this is what
	// tells its webhooks from others': make a token with rand.Text of crypto/rand,
	// and keep it out of logs of addresses. Several are valid at once, for a change
	// without a gap. They are compared in constant time. At least one is required.
	Tokens []countersign.Secret
	// Accept stores an event durably and returns; the work on it comes later. The
	// answer is 2xx only when it returns nil. It is called concurrently, and may be
	// called again for one delivery; see Event.Key. It is required.
	Accept func(ctx context.Context, event Event) error
	// AllowedSources are the addresses that may call; empty: all. Behind proxies
	// name those in TrustedProxies: only what they pass on in X-Forwarded-For is
	// believed.
	AllowedSources, TrustedProxies []netip.Prefix
	MaxBody                        int64         // bytes; 0: 1 MiB
	ReadTimeout                    time.Duration // for the body to arrive; 0: 10 s
	Timeout                        time.Duration // for Accept; 0: 30 s
	Logger                         *slog.Logger  // nil: silent. Bodies, addresses of the webhook and tokens are never logged
}

// Receiver is the http.Handler for ActiveCampaign's webhooks and for the
// "Webhook" action of automations. It is immutable and safe for concurrent use.
//
// The answer is 200 when Accept has taken the event, and also for a body that is no
// form. 401 is for requests without a token or from other addresses, 503 for events
// that Accept did not take. ActiveCampaign never repeats a delivery: what was not
// taken is lost unless the flow finds it in another way. The answer is never 410,
// at which ActiveCampaign switches a webhook off. Answers have no body.
type Receiver struct {
	tokens  webhook.Tokens
	handler *webhook.Handler[Event]
}

// NewReceiver checks the configuration and makes a receiver. Its error is a
// *countersign.ConfigError.
func NewReceiver(cfg ReceiverConfig) (*Receiver, error) {
	const name = "activecampaign.Receiver"
	tokens, err := webhook.NewTokens(name, cfg.Tokens)
	if err != nil {
		return nil, err
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = maxDelivery
	}
	r := &Receiver{tokens: tokens}
	r.handler, err = webhook.New(webhook.Config[Event]{
		Name: name, ContentTypes: []string{"application/x-www-form-urlencoded"},
		MaxBody: cfg.MaxBody, ReadTimeout: cfg.ReadTimeout, Timeout: cfg.Timeout,
		Sources: webhook.Sources{Allowed: cfg.AllowedSources, TrustedProxies: cfg.TrustedProxies},
		Admit:   r.admit, Open: open, Accept: cfg.Accept, Logger: cfg.Logger,
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

func open(_ context.Context, _ *http.Request, body []byte) (Event, error) {
	event, err := ParseEvent(body)
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", webhook.ErrUseless, err)
	}
	return event, nil
}
