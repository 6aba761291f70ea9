package senderonboarding

import (
	"context"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
)

// Messages sends. The Messages service of a digipost.Client is one.
type Messages interface {
	Send(ctx context.Context, m digipost.Message, opts ...countersign.CallOption) (*digipost.Delivery, error)
}

// Send sends a message on behalf of a tenant, from the sender that is the
// tenant's: the message's own Sender has to be empty or the same. ErrNoSender
// where the tenant has none. A message that was given an ID is not sent twice:
// digipost.ErrDuplicate says that it was sent before.
func (f *Flow) Send(ctx context.Context, tenant string, m digipost.Message) (*digipost.Delivery, error) {
	if f.deps.Messages == nil {
		return nil, configError("Messages", "is missing", "give the Messages service of a digipost.Client")
	}
	s, err := f.Sender(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if m.Sender != 0 && m.Sender != s.ID {
		return nil, configError("Message.Sender", "is not the tenant's", "leave it empty")
	}
	m.Sender = s.ID
	return f.deps.Messages.Send(ctx, m)
}
