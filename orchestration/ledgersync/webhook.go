package ledgersync

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// WebhookConfig is what a link's webhook needs; see cloudsign.ReceiverConfig for
// what the fields mean.
type WebhookConfig struct {
	Tokens                         []countersign.Secret // at least one
	AllowedSources, TrustedProxies []netip.Prefix
}

// Webhook is the handler for CloudSign's webhooks of a link. It only makes things
// faster: a concluded document is linked in seconds instead of at the next run,
// and what no webhook told of is found by that run. Its error is a
// *countersign.ConfigError or, for an unknown link, a countersign.ErrNotFound.
func (f *Flow) Webhook(ctx context.Context, id contractone.ManagementID, cfg WebhookConfig) (http.Handler, error) {
	row, err := f.link(ctx, id)
	if err != nil {
		return nil, err
	}
	client, err := f.client(row)
	if err != nil {
		return nil, &LinkError{Link: id, Err: err}
	}
	return cloudsign.NewReceiver(cloudsign.ReceiverConfig{
		Tokens: cfg.Tokens, Documents: client.Documents, Logger: f.cfg.Logger,
		AllowedSources: cfg.AllowedSources, TrustedProxies: cfg.TrustedProxies,
		Accept: func(ctx context.Context, e cloudsign.Event) error { return f.accept(ctx, id, e) },
	})
}

// accept puts the files of the document that an event names into the queue. The
// receiver has read the document from the service, so what the webhook itself
// says is not believed. De-duplication and waking are one transaction: files that
// are known stay as they are, fresh ones are due at once. A link that is not
// active takes nothing; its next run finds the document.
func (f *Flow) accept(ctx context.Context, id contractone.ManagementID, e cloudsign.Event) error {
	if e.Document == nil || !linkable(e.Document) {
		return nil
	}
	files := 0
	err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
		files = 0
		row, err := f.linkIn(ctx, tx, id)
		if err != nil || State(row.State) != StateActive {
			return err
		}
		if files, err = f.insert(ctx, tx, &row, []cloudsign.Document{*e.Document}, whyWebhook); err != nil {
			return err
		}
		return f.links.Update(ctx, tx, &row)
	})
	if err == nil {
		f.meters.grow(ctx, f, id, files)
	}
	return err
}
