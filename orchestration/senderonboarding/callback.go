package senderonboarding

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// Arrival is what came with the customer's click.
type Arrival struct {
	// State is the last element of the path. It is required and names the session.
	State countersign.Secret
	// Nonce is compared with the session's. It is empty where a browser without
	// scripts lost it behind the # of the Digipost address: then State, which is as
	// hard to guess, is what admits the callback.
	Nonce    countersign.Secret
	SenderID digipost.SenderID
	Address  string
}

// Return takes the customer's click. The first one within the session's
// BrowserWindow counts, and first is true for it alone; a later one gives the
// session as it is and changes nothing. Its errors match ErrUnknown,
// ErrForeignNonce or ErrTooLate, or are the store's.
func (f *Flow) Return(ctx context.Context, a Arrival) (s Session, first bool, err error) {
	if a.SenderID <= 0 {
		return Session{}, false, configError("SenderID", "is not positive", "")
	}
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		first = false
		row, err := f.sessionOf(ctx, tx, a.State, useState)
		if err != nil {
			return err
		}
		s = session(row)
		b := &row.Value
		switch {
		case !a.Nonce.IsZero() && !sameHash(hash(a.Nonce.Reveal()), b.NonceHash):
			return ErrForeignNonce
		case !b.Returned.IsZero() || State(row.State).Final():
			return nil
		case !f.now().Before(b.BrowserUntil):
			return ErrTooLate
		}
		b.Returned = f.now()
		f.learn(&row, a.SenderID, a.Address)
		row.State = string(StateReturned)
		first = true
		err = f.write(ctx, tx, &row, "returned", EventReturned)
		s = session(row)
		return err
	})
	return s, first, sessionError(s.ID, err)
}

// Resume gives the session of a redirect URL's state, for the page that the
// customer sees when the address is opened again.
func (f *Flow) Resume(ctx context.Context, state countersign.Secret) (s Session, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.sessionOf(ctx, tx, state, useState)
		s = session(row)
		return err
	})
	return s, err
}

// Approve takes the back-end callback, which Digipost sends when its support has
// approved the customer. It may come before or after the customer's click, or
// several times; its nonce is good until the session's deadline. Its errors match
// ErrUnknown or ErrTooLate, or are the store's.
func (f *Flow) Approve(ctx context.Context, c digipost.Callback) error {
	var id SessionID
	err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.sessionOf(ctx, tx, c.Nonce, useNonce)
		if err != nil {
			return err
		}
		id = SessionID(row.Key)
		b := &row.Value
		switch {
		case !b.Approved.IsZero():
			return nil
		case !f.now().Before(b.Deadline):
			return ErrTooLate
		}
		b.Approved = f.now()
		if !State(row.State).Final() {
			f.learn(&row, c.SenderID, c.Address)
		}
		return f.write(ctx, tx, &row, "approved")
	})
	return sessionError(id, err)
}

// learn notes what a callback says and wakes the proof. The first sender-id
// counts; another one is only counted, so that people see it.
func (f *Flow) learn(row *sessionRow, id digipost.SenderID, address string) {
	b := &row.Value
	switch b.SenderID {
	case 0:
		b.SenderID, row.Ref = id, senderText(id)
		fallthrough
	case id:
		if b.Address == "" {
			b.Address = address
		}
	default:
		b.Contradicting++
	}
	row.Due, row.Attempt = f.now(), 0
}

func sameHash(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Decide ends an unproven session by a person's or a program's own judgement:
// ready or refused. Who and why stand in the journal. A sender-id that is another
// tenant's is refused whatever was decided.
func (f *Flow) Decide(ctx context.Context, id SessionID, accept bool, who, why string) (s Session, err error) {
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.sessions.Get(ctx, tx, string(id))
		if err != nil {
			return unknown(err)
		}
		if State(row.State) != StateUnproven {
			return ErrNotUnproven
		}
		err = f.journal.Append(ctx, tx, orchestration.Entry{At: f.now(), Who: who, What: "decided", Why: why, Scope: row.Scope, Ref: row.Key})
		if err != nil {
			return err
		}
		v := verdict{state: StateRefused, reason: "it was decided so"}
		if accept {
			v = verdict{state: StateReady, sender: row.Value.SenderID}
		}
		err = f.settle(ctx, tx, &row, v)
		s = session(row)
		return err
	})
	return s, sessionError(id, err)
}

// settle brings a session into a final state. It is here that a sender-id
// becomes a tenant's: the first tenant keeps it.
func (f *Flow) settle(ctx context.Context, tx orchestration.Tx, row *sessionRow, v verdict) error {
	b := &row.Value
	if v.state == StateReady {
		taken, err := f.give(ctx, tx, row, v)
		if err != nil {
			return err
		}
		if taken {
			v = verdict{state: StateRefused, reason: "the sender-id belongs to another tenant"}
		}
	}
	row.State, row.Due, row.LastError = string(v.state), time.Time{}, ""
	b.Reason, b.Proven = v.reason, v.proven
	return f.write(ctx, tx, row, string(v.state), EventKind(v.state))
}

// senderBody is what the store keeps of a sender that is ready; the record's key
// is the sender-id, its scope the tenant, its ref the session.
type senderBody struct {
	Address      string                      `json:"address,omitzero"`
	Organisation digipost.OrganisationNumber `json:"organisation,omitzero"`
	Proven       bool                        `json:"proven,omitzero"`
}

// give makes the sender-id the tenant's, and reports whether it is another's.
func (f *Flow) give(ctx context.Context, tx orchestration.Tx, row *sessionRow, v verdict) (taken bool, err error) {
	b := &row.Value
	if b.SenderID == 0 {
		b.SenderID, row.Ref = v.sender, senderText(v.sender)
	}
	body := senderBody{Address: b.Address, Organisation: b.Organisation, Proven: v.proven}
	// Inserting decides, since two sessions may end at the same moment; only what
	// is read afterwards says whose the sender-id is.
	fresh, err := f.senders.Insert(ctx, tx, orchestration.Row[senderBody]{
		Record: orchestration.Record{Key: row.Ref, Scope: row.Scope, Ref: row.Key, State: string(StateReady), Updated: f.now()}, Value: body,
	})
	if err != nil || fresh == 1 {
		return false, err
	}
	was, err := f.senders.Get(ctx, tx, row.Ref)
	if err != nil {
		return false, err
	}
	if was.Scope != row.Scope {
		return true, nil
	}
	if body.Address == "" {
		body.Address = was.Value.Address
	}
	was.Ref, was.Value, was.Updated = row.Key, body, f.now()
	return false, f.senders.Update(ctx, tx, &was)
}
