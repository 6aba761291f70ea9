package senderonboarding

import (
	"cmp"
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
	// Browser is what StartHandler left in the browser; see Start.Browser. Empty:
	// the browser brought nothing.
	Browser countersign.Secret
}

// claim is what a callback says. A firm one came with more than the address, which
// may stand in a history or a log: from the session's own browser or with its nonce.
type claim struct {
	sender  digipost.SenderID
	address string
	firm    bool
}

// Return takes the customer's click. The first one within the session's
// BrowserWindow counts, and first is true for it alone; a later one gives the
// session as it is and changes nothing, unless it is the first that came from the
// session's own browser or with its nonce. Its errors match ErrUnknown,
// ErrForeignNonce or ErrTooLate, or are the store's.
func (f *Flow) Return(ctx context.Context, a Arrival) (s Session, first bool, err error) {
	if a.SenderID <= 0 {
		return Session{}, false, configError("SenderID", "is not positive", "")
	}
	var row sessionRow
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		if row, err = f.sessionOf(ctx, tx, a.State, useState); err != nil {
			return err
		}
		first, err = f.returned(ctx, tx, &row, a)
		return err
	})
	if err != nil {
		return Session{}, false, sessionError(SessionID(row.Key), err)
	}
	return session(row), first, nil
}

func (f *Flow) returned(ctx context.Context, tx orchestration.Tx, row *sessionRow, a Arrival) (first bool, err error) {
	b := &row.Value
	own := b.BrowserHash != "" && sameHash(hash(a.Browser.Reveal()), b.BrowserHash)
	c := claim{a.SenderID, a.Address, own || b.BrowserHash == "" && !a.Nonce.IsZero()}
	inTime := f.now().Before(b.BrowserUntil)
	ended := State(row.State).Final()
	switch {
	case !a.Nonce.IsZero() && !sameHash(hash(a.Nonce.Reveal()), b.NonceHash):
		return false, ErrForeignNonce
	case !b.Returned.IsZero() && (b.Firm || !c.firm), !c.matters(*row), ended && !inTime:
		return false, nil
	case !inTime:
		return false, ErrTooLate
	}
	first = b.Returned.IsZero()
	var events []EventKind
	if first {
		b.Returned = f.now()
		if !ended {
			row.State, events = string(StateReturned), []EventKind{EventReturned}
		}
	}
	b.SameBrowser = own
	if err := f.learn(ctx, tx, row, c); err != nil {
		return false, err
	}
	return first, f.write(ctx, tx, row, "returned", events...)
}

// Resume gives the session of a redirect URL's state, for the page that the
// customer sees when the address is opened again.
func (f *Flow) Resume(ctx context.Context, state countersign.Secret) (Session, error) {
	var row sessionRow
	err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		row, err = f.sessionOf(ctx, tx, state, useState)
		return err
	})
	if err != nil {
		return Session{}, sessionError(SessionID(row.Key), err)
	}
	return session(row), nil
}

// Approve takes the back-end callback, which Digipost sends when its support has
// approved the customer. It may come before or after the customer's click, or
// several times; its nonce is good until the session's deadline. One that comes later
// stands in the journal, for whoever asks where a customer's sender-id is. Its errors
// match ErrUnknown or ErrTooLate, or are the store's.
func (f *Flow) Approve(ctx context.Context, c digipost.Callback) error {
	var row sessionRow
	tooLate := false
	err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		if row, err = f.sessionOf(ctx, tx, c.Nonce, useNonce); err != nil {
			return err
		}
		b := &row.Value
		tooLate = !f.now().Before(b.Deadline) && (b.Approved.IsZero() || !b.Approved.Before(b.Deadline))
		if !b.Approved.IsZero() {
			return nil
		}
		b.Approved = f.now()
		if tooLate {
			return f.approvedLate(ctx, tx, &row, c.SenderID)
		}
		if err := f.learn(ctx, tx, &row, claim{c.SenderID, c.Address, true}); err != nil {
			return err
		}
		return f.write(ctx, tx, &row, "approved")
	})
	if err == nil && tooLate {
		err = ErrTooLate
	}
	return sessionError(SessionID(row.Key), err)
}

func (f *Flow) approvedLate(ctx context.Context, tx orchestration.Tx, row *sessionRow, sender digipost.SenderID) error {
	row.Updated = f.now()
	if err := f.sessions.Update(ctx, tx, row); err != nil {
		return err
	}
	return f.journal.Append(ctx, tx, orchestration.Entry{
		At: f.now(), Who: flowName, What: "approved too late", Scope: row.Scope, Ref: row.Key,
		IDs: map[string]string{"session": row.Key, "sender": senderText(sender)},
	})
}

// matters reports whether a claim can change anything.
func (c claim) matters(row sessionRow) bool {
	switch State(row.State) {
	case StateExpired, StateRefused:
		return false
	case StateReady:
		return row.Value.SenderID == c.sender
	}
	return true
}

// learn notes what a callback says and wakes the proof, also of a session that
// ended unproven. The first sender-id counts, unless a firm claim stands against one
// that was not; another one is only counted, so that people see it.
func (f *Flow) learn(ctx context.Context, tx orchestration.Tx, row *sessionRow, c claim) error {
	b := &row.Value
	switch {
	case !c.matters(*row):
		return nil
	case State(row.State) == StateReady:
		b.Address = cmp.Or(b.Address, c.address)
		return f.address(ctx, tx, *row)
	case b.SenderID == c.sender:
		b.Address, b.Firm = cmp.Or(b.Address, c.address), b.Firm || c.firm
	case b.SenderID == 0:
		b.SenderID, b.Address, b.Firm = c.sender, c.address, c.firm
	case c.firm && !b.Firm:
		b.SenderID, b.Address, b.Firm = c.sender, c.address, true
		b.Contradicting++
	default:
		b.Contradicting++
	}
	row.Ref, row.Due, row.Attempt = senderText(b.SenderID), f.now(), 0
	return nil
}

// address gives the tenant's sender the address that came after it was ready.
func (f *Flow) address(ctx context.Context, tx orchestration.Tx, row sessionRow) error {
	sender, err := f.senders.Get(ctx, tx, row.Ref)
	if err != nil || sender.Scope != row.Scope || sender.Value.Address != "" {
		return err
	}
	sender.Value.Address = row.Value.Address
	return f.senders.Update(ctx, tx, &sender)
}

func sameHash(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Decide ends an unproven session by a person's or a program's own judgement:
// ready or refused. Who and why stand in the journal. A decision takes the
// sender-id from a tenant for whom it was only believed. Another tenant's decision
// leaves the session unproven, and one for whom Digipost confirmed it has it
// refused.
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
			v = verdict{state: StateReady, sender: row.Value.SenderID, basis: decided, reason: "it was decided so"}
		}
		err = f.settle(ctx, tx, &row, v)
		s = session(row)
		return err
	})
	return s, sessionError(id, err)
}

// settle brings a session into a final state. It is here that a sender-id
// becomes a tenant's.
func (f *Flow) settle(ctx context.Context, tx orchestration.Tx, row *sessionRow, v verdict) error {
	b := &row.Value
	if v.state == StateReady && b.SenderID == 0 {
		b.SenderID, row.Ref = v.sender, senderText(v.sender)
	}
	if row.Ref != "" && (v.state == StateReady || v.state == StateUnproven) {
		var err error
		if v, err = f.give(ctx, tx, *row, v); err != nil {
			return err
		}
	}
	row.State, row.Due, row.LastError = string(v.state), time.Time{}, ""
	b.Reason, b.Proven = v.reason, v.basis == proven
	return f.write(ctx, tx, row, string(v.state), EventKind(v.state))
}
