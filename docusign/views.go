package docusign

import (
	"context"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// ViewsService makes addresses that show a page of DocuSign to one person. An
// address works once and for minutes, without a login: hand it to the person
// that it is for at once, and do not log it.
type ViewsService struct{ service }

// RecipientView says who signs. Name, address and client user id (or recipient
// id) have to be those of the recipient.
type RecipientView struct {
	ReturnURL string `json:"returnUrl,omitempty"` // gets ?event=…, which proves nothing; at most 470 characters
	// AuthenticationMethod is how your program knows who the person is; empty is
	// "none".
	AuthenticationMethod string      `json:"authenticationMethod,omitempty"`
	Email                string      `json:"email,omitempty"`
	UserName             string      `json:"userName,omitempty"`
	ClientUserID         string      `json:"clientUserId,omitempty"`
	RecipientID          RecipientID `json:"recipientId,omitempty"`
	UserID               UserID      `json:"userId,omitempty"`
	PingURL              string      `json:"pingUrl,omitempty"`
	PingFrequency        Text        `json:"pingFrequency,omitempty"` // seconds, from 60 to 1200
	FrameAncestors       []string    `json:"frameAncestors,omitempty"`
	MessageOrigins       []string    `json:"messageOrigins,omitempty"`
	Extra                Extra       `json:"-"`
}

// MarshalJSON writes the members of Extra too.
func (v RecipientView) MarshalJSON() ([]byte, error) {
	type plain RecipientView
	return marshalExtra(plain(v), v.Extra)
}

type viewRequest struct {
	EnvelopeID EnvelopeID `json:"envelopeId,omitempty"`
	ReturnURL  string     `json:"returnUrl,omitempty"`
}

func (s ViewsService) open(ctx context.Context, op, path string, body any, opts []countersign.CallOption, values ...string) (string, error) {
	m, err := ask[struct {
		URL string `json:"url"`
	}](ctx, s.conn, send(api.Write, op, "POST", path, body, values...), opts)
	if err != nil {
		return "", err
	}
	return m.URL, nil
}

// Sender opens a draft for its sender, to place tabs and send it.
func (s ViewsService) Sender(ctx context.Context, id EnvelopeID, returnURL string, opts ...countersign.CallOption) (string, error) {
	return s.open(ctx, "open sender view", "/envelopes/{envelopeId}/views/sender", viewRequest{ReturnURL: returnURL}, opts, string(id))
}

// Edit opens a draft for its sender in the editor.
func (s ViewsService) Edit(ctx context.Context, id EnvelopeID, returnURL string, opts ...countersign.CallOption) (string, error) {
	return s.open(ctx, "open edit view", "/envelopes/{envelopeId}/views/edit", viewRequest{ReturnURL: returnURL}, opts, string(id))
}

// Correct opens an envelope that is under way for its sender, to correct it.
func (s ViewsService) Correct(ctx context.Context, id EnvelopeID, returnURL string, opts ...countersign.CallOption) (string, error) {
	return s.open(ctx, "open correct view", "/envelopes/{envelopeId}/views/correct", viewRequest{ReturnURL: returnURL}, opts, string(id))
}

// Recipient opens an envelope that was sent for an embedded recipient, to sign.
func (s ViewsService) Recipient(ctx context.Context, id EnvelopeID, v RecipientView, opts ...countersign.CallOption) (string, error) {
	if v.AuthenticationMethod == "" {
		v.AuthenticationMethod = "none"
	}
	if v.ReturnURL == "" {
		return "", badConfig("RecipientView.ReturnURL", "is empty", "")
	}
	return s.open(ctx, "open recipient view", "/envelopes/{envelopeId}/views/recipient", v, opts, string(id))
}

// Console opens DocuSign's own pages, at an envelope if one is named. Whoever
// opens the address has the whole sending account of the client's user.
func (s ViewsService) Console(ctx context.Context, id EnvelopeID, returnURL string, opts ...countersign.CallOption) (string, error) {
	return s.open(ctx, "open console view", "/views/console", viewRequest{EnvelopeID: id, ReturnURL: returnURL}, opts)
}
