package docusign

import (
	"context"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// RecipientsService reads and changes the recipients of an envelope.
type RecipientsService struct{ service }

const recipientsPath = "/envelopes/{envelopeId}/recipients"

// List reads an envelope's recipients, with their tabs if asked for.
func (s RecipientsService) List(ctx context.Context, id EnvelopeID, withTabs bool, opts ...countersign.CallOption) (*Recipients, error) {
	c := get("list recipients", recipientsPath, string(id))
	if withTabs {
		c = c.query(url.Values{"include_tabs": {"true"}})
	}
	return ask[Recipients](ctx, s.conn, c, opts)
}

// Add adds recipients to a draft or an envelope that is under way.
func (s RecipientsService) Add(ctx context.Context, id EnvelopeID, r Recipients, opts ...countersign.CallOption) (*Recipients, error) {
	return s.change(ctx, send(api.Write, "add recipients", "POST", recipientsPath, r, string(id)), opts)
}

// CorrectOptions say how Correct changes recipients.
type CorrectOptions struct {
	// Resend sends mail again to recipients whose turn it is.
	Resend bool
}

// Correct changes recipients, found by their ids: a wrong address, another
// order. Those who have finished can't be changed. Recipients that are refused
// are in an *ItemError.
func (s RecipientsService) Correct(ctx context.Context, id EnvelopeID, r Recipients, o CorrectOptions, opts ...countersign.CallOption) error {
	effect := api.IdempotentWrite
	c := send(effect, "correct recipients", "PUT", recipientsPath, r, string(id))
	if o.Resend {
		c.Effect = api.Write
		c = c.query(url.Values{"resend_envelope": {"true"}})
	}
	m, err := ask[struct {
		Results []recipientResult `json:"recipientUpdateResults"`
	}](ctx, s.conn, c, opts)
	if err != nil {
		return err
	}
	var refused refusals
	for _, one := range m.Results {
		one.refused(&refused)
	}
	return refused.err(c.Op)
}

// Remove takes one recipient off a draft or an envelope that is under way.
func (s RecipientsService) Remove(ctx context.Context, id EnvelopeID, recipient RecipientID, opts ...countersign.CallOption) (*Recipients, error) {
	return s.change(ctx, send(api.Write, "remove recipient", "DELETE", recipientsPath+"/{recipientId}", nil, string(id), string(recipient)), opts)
}

func (s RecipientsService) change(ctx context.Context, c call, opts []countersign.CallOption) (*Recipients, error) {
	m, err := ask[Recipients](ctx, s.conn, c, opts)
	if err != nil {
		return nil, err
	}
	var refused refusals
	for _, one := range m.All() {
		refused.add(string(one.ID), one.Error)
	}
	return m, refused.err(c.Op)
}
