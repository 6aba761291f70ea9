package docusign

import (
	"context"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// TabsService reads and changes the tabs of an envelope: those of a recipient,
// and those of a document, which include the prefill tabs. Tabs that are refused
// are in an *ItemError. Other errors are *countersign.Error: ErrNotFound,
// ErrEnvelopeState once the envelope has ended, ErrOutcomeUnknown for a change
// that no answer came for.
type TabsService struct{ service }

const (
	recipientTabsPath = "/envelopes/{envelopeId}/recipients/{recipientId}/tabs"
	documentTabsPath  = "/envelopes/{envelopeId}/documents/{documentId}/tabs"
)

// OfRecipient reads a recipient's tabs (GET
// /envelopes/{envelopeId}/recipients/{recipientId}/tabs).
func (s TabsService) OfRecipient(ctx context.Context, id EnvelopeID, recipient RecipientID, opts ...countersign.CallOption) (*Tabs, error) {
	return ask[Tabs](ctx, s.conn, get("get recipient tabs", recipientTabsPath, string(id), string(recipient)), opts)
}

// AddToRecipient adds tabs to a recipient (POST
// /envelopes/{envelopeId}/recipients/{recipientId}/tabs). It is sent once.
func (s TabsService) AddToRecipient(ctx context.Context, id EnvelopeID, recipient RecipientID, t Tabs, opts ...countersign.CallOption) (*Tabs, error) {
	return s.change(ctx, send(api.Write, "add recipient tabs", "POST", recipientTabsPath, t, string(id), string(recipient)), opts)
}

// UpdateOfRecipient changes a recipient's tabs, found by their tab ids (PUT
// /envelopes/{envelopeId}/recipients/{recipientId}/tabs). It is repeated when
// no answer comes.
func (s TabsService) UpdateOfRecipient(ctx context.Context, id EnvelopeID, recipient RecipientID, t Tabs, opts ...countersign.CallOption) (*Tabs, error) {
	return s.change(ctx, send(api.IdempotentWrite, "update recipient tabs", "PUT", recipientTabsPath, t, string(id), string(recipient)), opts)
}

// RemoveFromRecipient removes a recipient's tabs, found by their tab ids
// (DELETE /envelopes/{envelopeId}/recipients/{recipientId}/tabs). It is sent
// once.
func (s TabsService) RemoveFromRecipient(ctx context.Context, id EnvelopeID, recipient RecipientID, t Tabs, opts ...countersign.CallOption) (*Tabs, error) {
	return s.change(ctx, send(api.Write, "remove recipient tabs", "DELETE", recipientTabsPath, t, string(id), string(recipient)), opts)
}

// OfDocument reads a document's tabs (GET
// /envelopes/{envelopeId}/documents/{documentId}/tabs). Tabs.Prefill are those
// that the sender fills before sending.
func (s TabsService) OfDocument(ctx context.Context, id EnvelopeID, document DocumentID, opts ...countersign.CallOption) (*Tabs, error) {
	return ask[Tabs](ctx, s.conn, get("get document tabs", documentTabsPath, string(id), string(document)), opts)
}

// AddToDocument adds tabs to a document (POST
// /envelopes/{envelopeId}/documents/{documentId}/tabs). It is sent once.
func (s TabsService) AddToDocument(ctx context.Context, id EnvelopeID, document DocumentID, t Tabs, opts ...countersign.CallOption) (*Tabs, error) {
	return s.change(ctx, send(api.Write, "add document tabs", "POST", documentTabsPath, t, string(id), string(document)), opts)
}

// UpdateOfDocument changes a document's tabs, found by their tab ids (PUT
// /envelopes/{envelopeId}/documents/{documentId}/tabs). It is repeated when no
// answer comes.
func (s TabsService) UpdateOfDocument(ctx context.Context, id EnvelopeID, document DocumentID, t Tabs, opts ...countersign.CallOption) (*Tabs, error) {
	return s.change(ctx, send(api.IdempotentWrite, "update document tabs", "PUT", documentTabsPath, t, string(id), string(document)), opts)
}

// RemoveFromDocument removes a document's tabs, found by their tab ids (DELETE
// /envelopes/{envelopeId}/documents/{documentId}/tabs). It is sent once.
func (s TabsService) RemoveFromDocument(ctx context.Context, id EnvelopeID, document DocumentID, t Tabs, opts ...countersign.CallOption) (*Tabs, error) {
	return s.change(ctx, send(api.Write, "remove document tabs", "DELETE", documentTabsPath, t, string(id), string(document)), opts)
}

func (s TabsService) change(ctx context.Context, c call, opts []countersign.CallOption) (*Tabs, error) {
	m, err := ask[Tabs](ctx, s.conn, c, opts)
	if err != nil {
		return nil, err
	}
	var refused refusals
	m.refused(&refused)
	return m, refused.err(c.Op)
}

// Prefill fills the prefill tabs of a draft's document by their labels (for
// radio groups: by the group's name). A checkbox takes "true" or "false", a list or
// a radio group the value of one of its choices; an empty value clears a tab.
// Labels that the document does not have, and values that a tab can't take, are an
// *ItemError, and nothing is changed then. Send the draft afterwards. It is GET
// and PUT …/documents/{documentId}/tabs; both are repeated.
func (s TabsService) Prefill(ctx context.Context, id EnvelopeID, document DocumentID, values map[string]string, opts ...countersign.CallOption) error {
	all, err := s.OfDocument(ctx, id, document, opts...)
	if err != nil {
		return err
	}
	change, err := all.Prefill.fill(values)
	if err != nil || len(values) == 0 {
		return err
	}
	_, err = s.UpdateOfDocument(ctx, id, document, Tabs{Prefill: change}, opts...)
	return err
}
