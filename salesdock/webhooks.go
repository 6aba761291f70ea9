package salesdock

import (
	"context"
	"net/url"
	"strings"

	"github.com/countersign/countersign"
)

// WebhooksService is the account's webhooks. It needs the scope account, and
// Salesdock's support has to switch webhooks on for the account first.
//
// There is no event for a sale that was made or changed its status, and none for a
// product that was made or removed: a webhook is a hint to look sooner, not a
// replacement for looking.
type WebhooksService struct{ service }

// The events that were seen. Events gives the account's own list.
const (
	EventTaskCreated    = "task.created"
	EventOfferAccepted  = "offer.accepted"
	EventOfferViewed    = "offer.viewed"
	EventSaleCancelled  = "sale.cancelled"
	EventSaleDeleted    = "sale.deleted"
	EventLeadCreated    = "lead.created"
	EventLeadUpdated    = "lead.updated"
	EventLeadDeleted    = "lead.deleted"
	EventLeadCompleted  = "lead.completed"
	EventProductUpdated = "product.updated"
)

// Webhook is one subscription.
type Webhook struct {
	UUID  string `json:"uuid"`
	Event string `json:"event"`
	// TargetURL carries the receiver's token, so it is a secret.
	TargetURL    countersign.Secret `json:"target_url"`
	SubscribedAt Time               `json:"subscribed_at"`
}

// Events gives the events that can be subscribed to.
func (s WebhooksService) Events(ctx context.Context, opts ...countersign.CallOption) ([]string, error) {
	return askList[string](ctx, s.conn, get(accountOnly, "list webhook events", "/webhooks/events"), opts)
}

// List gives the account's subscriptions.
func (s WebhooksService) List(ctx context.Context, opts ...countersign.CallOption) ([]Webhook, error) {
	return askList[Webhook](ctx, s.conn, get(accountOnly, "list webhooks", "/webhooks"), opts)
}

// Subscribe asks for an event at an address; WebhookURL makes one.
func (s WebhooksService) Subscribe(ctx context.Context, event string, target countersign.Secret, opts ...countersign.CallOption) (*Webhook, error) {
	if event == "" || target.IsZero() {
		return nil, badConfig("event", "or its target is empty", "make a target with WebhookURL")
	}
	c := send(accountOnly, "subscribe webhook", "POST", "/webhooks", struct {
		Event     string `json:"event"`
		TargetURL string `json:"target_url"`
	}{event, target.Reveal()})
	c.Secrets = append(secretParts(target), target)
	return ask[Webhook](ctx, s.conn, c, opts)
}

// secretParts are the elements of a target that may be its token: the service
// may quote an address in part, or with each slash escaped as PHP writes it.
func secretParts(target countersign.Secret) []countersign.Secret {
	u, err := url.Parse(target.Reveal())
	if err != nil {
		return nil
	}
	parts := []string{u.Path[strings.LastIndexByte(u.Path, '/')+1:]}
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	var out []countersign.Secret
	for _, part := range parts {
		out = append(out, countersign.NewSecret(part))
	}
	return out
}

// Unsubscribe ends a subscription.
func (s WebhooksService) Unsubscribe(ctx context.Context, uuid string, opts ...countersign.CallOption) error {
	return s.conn.run(ctx, send(accountOnly, "unsubscribe webhook", "DELETE", "/webhooks/{uuid}", nil, uuid), nil, opts)
}
