package senderonboarding

import (
	"cmp"
	"context"
	"errors"

	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// basis is how well it is known whose a sender-id is. The better one wins.
type basis int

const (
	believed basis = iota // a callback says so
	decided               // a person says so
	proven                // Digipost says so
)

// senderBody is what the store keeps of a sender that is ready; the record's key
// is the sender-id, its scope the tenant, its ref the session.
type senderBody struct {
	Address      string                      `json:"address,omitzero"`
	Organisation digipost.OrganisationNumber `json:"organisation,omitzero"`
	Basis        basis                       `json:"basis,omitzero"`
}

// give makes the sender-id of a session that is to be ready the tenant's, and gives
// the verdict that stands: a sender-id stays whose it is until it is better known to
// be another's.
func (f *Flow) give(ctx context.Context, tx orchestration.Tx, row sessionRow, v verdict) (verdict, error) {
	mine := orchestration.Row[senderBody]{
		Record: orchestration.Record{Key: row.Ref, Scope: row.Scope, Ref: row.Key, State: string(StateReady), Updated: f.now()},
		Value:  senderBody{Address: row.Value.Address, Organisation: row.Value.Organisation, Basis: v.basis},
	}
	if v.state == StateReady {
		// Inserting decides, since two sessions may end at the same moment; only what
		// is read afterwards says whose the sender-id is.
		fresh, err := f.senders.Insert(ctx, tx, mine)
		if err != nil || fresh == 1 {
			return v, err
		}
	}
	was, err := f.senders.Get(ctx, tx, row.Ref)
	switch foreign := was.Scope != row.Scope; {
	case errors.Is(err, orchestration.ErrNoRecord):
		return v, nil
	case err != nil:
		return v, err
	case foreign && was.Value.Basis == proven:
		return verdict{state: StateRefused, reason: "the sender-id belongs to another tenant"}, nil
	case v.state != StateReady:
		return v, nil
	case foreign && was.Value.Basis >= v.basis:
		return verdict{state: StateUnproven, reason: "another tenant has the sender-id, and nothing proves whose it is"}, nil
	case foreign:
		if err := f.take(ctx, tx, was, v.basis); err != nil {
			return v, err
		}
	default:
		mine.Value.Basis = max(mine.Value.Basis, was.Value.Basis)
		mine.Value.Address = cmp.Or(mine.Value.Address, was.Value.Address)
	}
	was.Scope, was.Ref, was.Updated, was.Value = mine.Scope, mine.Ref, mine.Updated, mine.Value
	return v, f.senders.Update(ctx, tx, &was)
}

// take ends the sessions of the tenant who had a sender-id until it was better known
// to be another's.
func (f *Flow) take(ctx context.Context, tx orchestration.Tx, was orchestration.Row[senderBody], by basis) error {
	losers, err := f.sessions.List(ctx, tx, orchestration.Query{Scope: was.Scope, Ref: was.Key, States: []string{string(StateReady)}})
	if err != nil {
		return err
	}
	for _, row := range losers {
		row.State, row.Value.Reason = string(StateUnproven), "a person decided that the sender-id is another tenant's"
		if by == proven {
			row.State, row.Value.Reason = string(StateRefused), "the sender-id turned out to be another tenant's"
		}
		if err := f.write(ctx, tx, &row, "lost", EventKind(row.State)); err != nil {
			return err
		}
	}
	return nil
}
