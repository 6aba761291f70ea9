package senderonboarding

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// verdict is what is to become of a session. An empty state leaves it open.
type verdict struct {
	state  State
	sender digipost.SenderID
	basis  basis
	reason string
	err    error // why Digipost could not be asked; it passes
}

// pollable reports whether there is something to ask Digipost.
func (f *Flow) pollable(row sessionRow) bool {
	something := row.Value.Organisation != "" || row.Value.SenderID != 0
	return row.Scope != "" && something && f.deps.Senders != nil && f.cfg.Proof != ProofOff
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

// outage is how often Digipost may fail to answer before the customer is told to
// wait for approval: an answer that gets lost once says nothing about approval.
const outage = 3

// apply stores a verdict on a session as it was when it was judged.
func (f *Flow) apply(ctx context.Context, tx orchestration.Tx, row *sessionRow, v verdict) error {
	now, b := f.now(), &row.Value
	if v.state == "" && !now.Before(b.Deadline) {
		v = f.late(*row, v)
	}
	switch {
	case v.state == StateUnproven && State(row.State) == StateUnproven: // still
		row.Due, row.LastError, b.Reason = time.Time{}, "", v.reason
		return f.sessions.Update(ctx, tx, row)
	case v.state != "":
		return f.settle(ctx, tx, row, v)
	}
	row.Attempt++
	row.LastError = orchestration.ErrorText(v.err)
	if State(row.State) != StateUnproven { // why it is unproven matters more
		b.Reason = v.reason
	}
	late := State(row.State) == StateStarted && !now.Before(b.BrowserUntil)
	unconfirmed := State(row.State) == StateReturned && row.Scope != "" && (v.err == nil || row.Attempt >= outage)
	waits := late || unconfirmed
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
	case f.cfg.Proof == ProofOff:
		return f.unprovable(b, "Digipost is not to be asked")
	case f.deps.Senders == nil:
		return f.unprovable(b, "there are no credentials to ask Digipost with")
	}
	return f.ask(ctx, b)
}

// unprovable is the verdict where a question can't be asked.
func (f *Flow) unprovable(b sessionBody, reason string) verdict {
	switch {
	case b.SenderID == 0:
		return verdict{reason: reason}
	case f.cfg.Proof == ProofRequired:
		return verdict{state: StateUnproven, reason: reason}
	case !b.Firm && b.BrowserHash != "":
		// Somebody may have sent the address of their own session to another customer.
		return verdict{state: StateUnproven, reason: "the click came from another browser than the start: " + reason}
	}
	return verdict{state: StateReady, sender: b.SenderID, reason: "the callback was believed: " + reason}
}

const (
	noSender = "Digipost has no sender for the organisation number yet"
	noAnswer = "Digipost could not be asked"
)

// ask looks at a sender-id from both sides: by the organisation number, which says
// whose it is, and by itself, which says that the partner may act for it. Only both
// together prove it. What can't be asked is made up for by nothing; what can be
// asked is asked, and has to agree.
func (f *Flow) ask(ctx context.Context, b sessionBody) verdict {
	theirs, unasked, err := f.senderOf(ctx, b.Organisation)
	switch {
	case err != nil:
		return verdict{err: err, reason: noAnswer}
	case theirs == 0 && unasked == "":
		return verdict{reason: noSender}
	case theirs == 0 && b.SenderID == 0:
		return verdict{reason: unasked}
	}
	id := b.SenderID
	if id == 0 {
		id = theirs
	}
	confirmed, untold, err := f.confirmed(ctx, id)
	switch {
	case err != nil:
		return verdict{err: err, reason: noAnswer}
	case theirs != 0 && theirs != id:
		return contradiction(id, theirs, confirmed)
	case untold != "":
		return f.unprovable(b, untold)
	case !confirmed:
		return verdict{reason: "Digipost does not confirm the sender-id yet"}
	case unasked != "":
		return f.unprovable(b, unasked)
	}
	return verdict{state: StateReady, sender: id, basis: proven}
}

// contradiction is the verdict where the callback and Digipost name two senders.
// Somebody may be after another customer's sender, or the organisation has several
// accounts: a person has to look.
func contradiction(claimed, theirs digipost.SenderID, confirmed bool) verdict {
	reason := "for the organisation number Digipost gives sender-id " + senderText(theirs) + ", the callback gave " + senderText(claimed)
	if !confirmed {
		reason += ", which Digipost does not confirm"
	}
	return verdict{state: StateUnproven, reason: reason}
}

// senderOf gives the sender of an organisation number, zero if Digipost knows none.
// unasked says why Digipost could not be asked for good.
func (f *Flow) senderOf(ctx context.Context, org digipost.OrganisationNumber) (id digipost.SenderID, unasked string, err error) {
	if org == "" {
		return 0, "the organisation number is not known", nil
	}
	info, err := f.deps.Senders.GetByOrganisation(ctx, org)
	switch {
	case denied(err):
		return 0, "Digipost does not allow to look senders up by organisation number", nil
	case err != nil:
		return 0, "", err
	case !info.Valid():
		return 0, "", nil
	}
	return info.SenderID, "", nil
}

// confirmed reports whether the partner may act for a sender. unasked is as
// senderOf's.
func (f *Flow) confirmed(ctx context.Context, id digipost.SenderID) (yes bool, unasked string, err error) {
	info, err := f.deps.Senders.Get(ctx, id)
	switch {
	case errors.Is(err, digipost.ErrNotAuthorised):
		return false, "", nil // this is the answer, and it is no
	case denied(err):
		return false, "Digipost does not allow to look the sender-id up", nil
	case err != nil:
		return false, "", err
	}
	return info.Valid() && info.SenderID == id, "", nil
}

// denials are the codes with which Digipost says that this broker may not ask.
// Which one it takes for a look-up is undocumented.
var denials = []string{"ILLEGAL_ACCESS", "BROKER_NOT_AUTHORIZED", "NOT_APPROVED_FOR_REST_API_USAGE"}

// denied reports that Digipost itself does not allow a question. A 403 of anything
// in between says nothing about the right to ask, and may pass.
func denied(err error) bool {
	e, ok := errors.AsType[*countersign.Error](err)
	return ok && errors.Is(err, countersign.ErrForbidden) && slices.Contains(denials, e.Code)
}
