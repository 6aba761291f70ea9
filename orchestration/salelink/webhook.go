package salelink

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// Handler takes Salesdock's webhooks, of both sides, as wake-ups: product.updated
// looks at the products, sale.cancelled and offer.accepted at the sales. Nothing
// of a body is believed. Mount it where the addresses of salesdock.WebhookURL lead.
// Its error is a *countersign.ConfigError.
func (f *Flow) Handler() (http.Handler, error) {
	return salesdock.NewWebhookReceiver(salesdock.WebhookReceiverConfig{
		Tokens: f.cfg.WebhookTokens, Accept: f.wakeOn, Logger: f.cfg.Logger,
	})
}

// wakeOn makes the job of an event due; it does nothing else, so duplicates and
// disorder do no harm.
func (f *Flow) wakeOn(ctx context.Context, e salesdock.WebhookEvent) error {
	jobs := map[string][]string{
		salesdock.EventProductUpdated: {jobProducts},
		salesdock.EventSaleCancelled:  {jobSales, jobStatuses},
		salesdock.EventSaleDeleted:    {jobSales, jobStatuses},
		salesdock.EventOfferAccepted:  {jobSales},
	}[e.Name]
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		link, err := f.linkIn(ctx, tx)
		if err != nil {
			return err
		}
		if e.Name == salesdock.EventProductUpdated {
			if err := f.doubt(ctx, tx, e.ID); err != nil {
				return err
			}
		}
		for _, name := range jobs {
			if f.wanted(link, name) && State(link.State) == StateLive {
				if err := f.wake(ctx, tx, false, name); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// doubt has a product compared in full at the next look, whatever its row in the
// list says. An id that is no imported product changes nothing.
func (f *Flow) doubt(ctx context.Context, tx orchestration.Tx, id string) error {
	if id == "" {
		return nil
	}
	row, err := f.products.Get(ctx, tx, id)
	if errors.Is(err, orchestration.ErrNoRecord) {
		return nil
	}
	if err != nil {
		return err
	}
	row.Value.Doubted = f.now()
	return f.products.Update(ctx, tx, &row)
}
