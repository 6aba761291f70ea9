package envelopesync

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
)

// connectURL is where DocuSign sends its messages.
func (f *Flow) connectURL() string { return f.cfg.BaseURL + "/connect" }

// PrefillURL is the address for the "Webhook" action of an automation that is to
// make drafts by a rule. It is a secret: whoever has it can make drafts.
func (f *Flow) PrefillURL(rule string) (countersign.Secret, error) {
	if _, err := f.prefillRule(rule); err != nil {
		return countersign.Secret{}, err
	}
	return countersign.NewSecret(f.cfg.BaseURL + "/prefill/" + url.PathEscape(rule) + "/" + f.cfg.WebhookTokens[0].Reveal()), nil
}

// Handler takes DocuSign's messages at "/connect" and the webhooks of automations
// at "/prefill/", both below the path of Config.BaseURL. Answers are 2xx only when what came is stored.
func (f *Flow) Handler() http.Handler { return f.web }

func (f *Flow) newWeb() (http.Handler, error) {
	base, err := url.Parse(f.cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	connect, err := docusign.NewReceiver(docusign.ReceiverConfig{
		KeysFor: f.keysFor, Accept: f.Receive, Logger: f.cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+base.Path+"/connect", connect)
	for _, rule := range f.cfg.Prefills {
		r, err := activecampaign.NewReceiver(activecampaign.ReceiverConfig{
			Tokens: f.cfg.WebhookTokens, Logger: f.cfg.Logger,
			Accept: func(ctx context.Context, e activecampaign.Event) error { return f.ReceivePrefill(ctx, rule.Name, e) },
		})
		if err != nil {
			return nil, fmt.Errorf("WebhookTokens: %w", err)
		}
		mux.Handle("POST "+base.Path+"/prefill/"+rule.Name+"/{token}", r)
	}
	return mux, nil
}

// keysFor gives the keys of the account that a message names; none for others.
func (f *Flow) keysFor(_ context.Context, account docusign.AccountID) ([]countersign.Secret, error) {
	return f.accounts[accountKey(account)].Keys, nil
}
