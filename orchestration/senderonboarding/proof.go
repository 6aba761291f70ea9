package senderonboarding

import (
	"context"
	"errors"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// verdict is what is to become of a session. An empty state leaves it open.
type verdict struct {
	state  State
	sender digipost.SenderID
	proven bool
	reason string
	err    error // why Digipost could not be asked; it passes
}

// pollable reports whether Digipost can be asked for the tenant's sender by the
// organisation number.
func (f *Flow) pollable(row sessionRow) bool {
	return row.Scope != "" && row.Value.Organisation != "" && f.deps.Senders != nil && f.cfg.Proof != ProofOff
}

// next is when a session without news is looked at again: for Digipost to be
// asked, when the customer's way back closes, and at the deadline.
func (f *Flow) next(row sessionRow, now time.Time) time.Time {
	b := row.Value
	due := b.Deadline
	if State(row.State) == StateStarted && b.BrowserUntil.After(now) {
		due = b.BrowserUntil
	}
	if f.pollable(row) {
		if asked := now.Add(max(f.cfg.Poll(row.Attempt+1), time.Second)); asked.Before(due) {
			due = asked
		}
	}
	return due
}

// runSession is the handler of a session's lane: it brings the session one step
// forward.
func (f *Flow) runSession(ctx context.Context, id string) error {
	var row sessionRow
	err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		row, err = f.sessions.Get(ctx, tx, id)
		return err
	})
	if errors.Is(err, orchestration.ErrNoRecord) {
		return nil
	}
	if err != nil {
		return err
	}
	if row.Due.IsZero() || row.Due.After(f.now()) {
		return nil
	}
	v := f.judge(ctx, row)
	if err := ctx.Err(); err != nil {
		return err
	}
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		now := row // fn may run again
		return f.apply(ctx, tx, &now, v)
	})
	if errors.Is(err, orchestration.ErrStale) {
		return nil // a callback came meanwhile and left the session due
	}
	return sessionError(SessionID(id), err)
}

// apply stores a verdict on a session as it was when it was judged.
func (f *Flow) apply(ctx context.Context, tx orchestration.Tx, row *sessionRow, v verdict) error {
	now, b := f.now(), &row.Value
	switch {
	case v.state != "":
		return f.settle(ctx, tx, row, v)
	case !now.Before(b.Deadline):
		return f.settle(ctx, tx, row, f.late(*row, v))
	}
	row.Attempt++
	row.LastError, b.Reason = orchestration.ErrorText(v.err), v.reason
	waits := State(row.State) == StateStarted && !now.Before(b.BrowserUntil) || State(row.State) == StateReturned && row.Scope != ""
	if !waits {
		row.Due = f.retry(*row, v.err)
		row.Updated = now
		return f.sessions.Update(ctx, tx, row)
	}
	row.State = string(StateWaiting)
	row.Due = f.retry(*row, v.err)
	return f.write(ctx, tx, row, string(StateWaiting), EventWaiting)
}

// retry is when a session is looked at again, later where Digipost asked for it.
func (f *Flow) retry(row sessionRow, err error) time.Time {
	due := f.next(row, f.now())
	if e, ok := errors.AsType[*countersign.Error](err); ok {
		if asked := f.now().Add(e.RetryAfter); asked.After(due) {
			due = asked
		}
	}
	if due.After(row.Value.Deadline) {
		return row.Value.Deadline
	}
	return due
}

// late ends a session whose deadline has come.
func (f *Flow) late(row sessionRow, v verdict) verdict {
	switch {
	case row.Value.SenderID != 0 && row.Scope == "":
		return verdict{state: StateExpired, reason: "nobody signed in to claim it"}
	case row.Value.SenderID != 0:
		reason := "Digipost did not confirm the sender-id until the deadline"
		if v.reason != "" {
			reason += ": " + v.reason
		}
		return verdict{state: StateUnproven, reason: reason}
	case !row.Value.Returned.IsZero():
		return verdict{state: StateExpired, reason: "no sender-id came until the deadline"}
	}
	return verdict{state: StateExpired, reason: "no callback came until the deadline"}
}

// judge decides what can be said about a session now. It changes nothing.
func (f *Flow) judge(ctx context.Context, row sessionRow) verdict {
	b := row.Value
	switch {
	case row.Scope == "":
		return verdict{reason: "waits for somebody to sign in"}
	case f.cfg.Proof == ProofOff && b.SenderID != 0:
		return verdict{state: StateReady, sender: b.SenderID, reason: "the callback was believed"}
	case f.cfg.Proof == ProofOff:
		return verdict{}
	case f.deps.Senders == nil:
		return f.unprovable(b, "there are no credentials to ask Digipost with")
	case b.Organisation == "":
		return f.unprovable(b, "the organisation number is not known")
	}
	return f.ask(ctx, b)
}

// unprovable is the verdict where nothing can be asked.
func (f *Flow) unprovable(b sessionBody, reason string) verdict {
	switch {
	case b.SenderID == 0:
		return verdict{reason: reason}
	case f.cfg.Proof == ProofWhenAllowed:
		return verdict{state: StateReady, sender: b.SenderID, reason: "the callback was believed: " + reason}
	}
	return verdict{state: StateUnproven, reason: reason}
}

// ask proves a sender-id: by the organisation number, which says whose it is,
// and by itself, which says that the partner may act for it.
func (f *Flow) ask(ctx context.Context, b sessionBody) verdict {
	byOrg, err := f.deps.Senders.GetByOrganisation(ctx, b.Organisation)
	switch {
	case errors.Is(err, countersign.ErrForbidden):
		return f.unprovable(b, "Digipost does not allow to look senders up by organisation number")
	case err != nil:
		return verdict{err: err, reason: "Digipost could not be asked"}
	case byOrg.Valid() && b.SenderID != 0 && byOrg.SenderID != b.SenderID:
		return verdict{state: StateRefused, reason: "the sender-id is not that of the tenant's organisation number"}
	case !byOrg.Valid():
		return verdict{reason: "Digipost has no sender for the organisation number yet"}
	}
	id := b.SenderID
	if id == 0 {
		id = byOrg.SenderID
	}
	byID, err := f.deps.Senders.Get(ctx, id)
	switch {
	case errors.Is(err, countersign.ErrForbidden):
		return f.unprovable(b, "Digipost does not allow to look the sender-id up")
	case err != nil:
		return verdict{err: err, reason: "Digipost could not be asked"}
	case !byID.Valid() || byID.SenderID != id:
		return verdict{reason: "Digipost does not confirm the sender-id yet"}
	}
	return verdict{state: StateReady, sender: id, proven: true}
}
