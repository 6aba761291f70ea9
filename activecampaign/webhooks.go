package activecampaign

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// WebhookEvent is a kind of event that a webhook reports. The list is open;
// WebhooksService.Events gives what the account knows.
type WebhookEvent string

// Some of the events ("Webhooks"). None is about custom objects.
const (
	EventSubscribe         WebhookEvent = "subscribe"
	EventUnsubscribe       WebhookEvent = "unsubscribe"
	EventUpdate            WebhookEvent = "update" // a contact changed
	EventContactTagAdded   WebhookEvent = "contact_tag_added"
	EventContactTagRemoved WebhookEvent = "contact_tag_removed"
	EventNote              WebhookEvent = "subscriber_note"
	EventBounce            WebhookEvent = "bounce"
)

// Source is what brought an event about.
type Source string

// The sources. A program that leaves out SourceAPI does not hear of its own
// writes.
const (
	SourcePublic Source = "public" // a contact: a form, a link
	SourceAdmin  Source = "admin"  // a user of the account
	SourceAPI    Source = "api"
	SourceSystem Source = "system" // an automation, for one
)

// Webhook is a webhook of the account. The "Webhook" action of an automation is
// none: its address is written in the automation.
type Webhook struct {
	ID      WebhookID      `json:"id"`
	Name    string         `json:"name"`
	URL     string         `json:"url"` // https on port 443; it ends with the receiver's token
	Events  []WebhookEvent `json:"events"`
	Sources []Source       `json:"sources"`
	List    ListID         `json:"listid"` // "" and "0": all
	Created Time           `json:"cdate"`
}

// WebhooksService manages the account's webhooks. Receiver takes what they send.
type WebhooksService struct{ service }

func (w Webhook) body() (any, error) {
	switch {
	case w.Name == "":
		return nil, badConfig("Name", "is empty", "")
	case len(w.Events) == 0:
		return nil, badConfig("Events", "is empty", "")
	case len(w.Sources) == 0:
		return nil, badConfig("Sources", "is empty", "")
	}
	if u, err := url.Parse(w.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" && u.Port() != "443" {
		return nil, badConfig("URL", "is not an https address on port 443", "")
	}
	type hook struct {
		Name    string         `json:"name"`
		URL     string         `json:"url"`
		Events  []WebhookEvent `json:"events"`
		Sources []Source       `json:"sources"`
		List    json.Number    `json:"listid,omitempty"`
	}
	out := hook{Name: w.Name, URL: w.URL, Events: w.Events, Sources: w.Sources}
	if w.List != "" {
		list, err := number("List", string(w.List))
		if err != nil {
			return nil, err
		}
		out.List = list
	}
	return map[string]hook{"webhook": out}, nil
}

func (s WebhooksService) write(ctx context.Context, effect api.Effect, op, method, path string, w Webhook, opts []countersign.CallOption, values ...string) (*Webhook, error) {
	body, err := w.body()
	if err != nil {
		return nil, err
	}
	c := send(effect, op, method, path, body, values...)
	c.Secrets = secretsIn(w.URL)
	return s.one(ctx, c, opts)
}

// secretsIn are the parts of an address that tell its owner's webhooks from
// others', for an error that repeats them: Receiver says where its token stands.
func secretsIn(address string) []countersign.Secret {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return nil
	}
	out := []countersign.Secret{countersign.NewSecret(address), countersign.NewSecret(u.Path[strings.LastIndexByte(u.Path, '/')+1:])}
	for _, values := range u.Query() {
		for _, v := range values {
			out = append(out, countersign.NewSecret(v))
		}
	}
	return out
}

func (s WebhooksService) one(ctx context.Context, c api.Call, opts []countersign.CallOption) (*Webhook, error) {
	m, err := api.JSON[struct {
		Webhook Webhook `json:"webhook"`
	}](ctx, s.api, c, opts...)
	if err != nil {
		return nil, err
	}
	return &m.Webhook, nil
}

// Create makes a webhook (POST /webhooks). It is sent once.
func (s WebhooksService) Create(ctx context.Context, w Webhook, opts ...countersign.CallOption) (*Webhook, error) {
	return s.write(ctx, api.Write, "create webhook", http.MethodPost, "/webhooks", w, opts)
}

// Update replaces a webhook (PUT /webhooks/{id}). It is repeated when no answer
// comes.
func (s WebhooksService) Update(ctx context.Context, id WebhookID, w Webhook, opts ...countersign.CallOption) (*Webhook, error) {
	return s.write(ctx, api.IdempotentWrite, "update webhook", http.MethodPut, "/webhooks/{id}", w, opts, string(id))
}

// Get reads a webhook (GET /webhooks/{id}).
func (s WebhooksService) Get(ctx context.Context, id WebhookID, opts ...countersign.CallOption) (*Webhook, error) {
	return s.one(ctx, get("get webhook", "/webhooks/{id}", string(id)), opts)
}

// Delete deletes a webhook (DELETE /webhooks/{id}). One that is gone is no error.
// It is repeated when no answer comes.
func (s WebhooksService) Delete(ctx context.Context, id WebhookID, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "delete webhook", http.MethodDelete, "/webhooks/{id}", nil, string(id)), nil, opts...))
}

// WebhookQuery narrows a listing of webhooks.
type WebhookQuery struct {
	Name string
	URL  string
	PageQuery
}

// List reads a page of the webhooks (GET /webhooks).
func (s WebhooksService) List(ctx context.Context, q WebhookQuery, opts ...countersign.CallOption) (*countersign.Page[Webhook], error) {
	v := url.Values{}
	if q.Name != "" {
		v.Set("filters[name]", q.Name)
	}
	if q.URL != "" {
		v.Set("filters[url]", q.URL)
	}
	v, err := q.values(v)
	if err != nil {
		return nil, err
	}
	c := withQuery(get("list webhooks", "/webhooks"), v)
	c.Secrets = secretsIn(q.URL)
	m, err := api.JSON[struct {
		Webhooks []Webhook `json:"webhooks"`
		Meta     meta      `json:"meta"`
	}](ctx, s.api, c, opts...)
	if err != nil {
		return nil, err
	}
	return page(q.PageQuery, m.Webhooks, m.Meta), nil
}

// All goes through the webhooks of all pages. An error ends it.
func (s WebhooksService) All(ctx context.Context, q WebhookQuery, opts ...countersign.CallOption) iter.Seq2[*Webhook, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Webhook], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}

// Events reads the kinds of events that the account can report
// (GET /webhook/events).
func (s WebhooksService) Events(ctx context.Context, opts ...countersign.CallOption) ([]WebhookEvent, error) {
	m, err := api.JSON[struct {
		Events []WebhookEvent `json:"webhookEvents"`
	}](ctx, s.api, get("list webhook events", "/webhook/events"), opts...)
	if err != nil {
		return nil, err
	}
	return m.Events, nil
}
