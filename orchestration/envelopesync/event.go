package envelopesync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// eventBody is what the store keeps of a message: the bytes as they came, so that
// it can be replayed. Purge takes them away.
type eventBody struct {
	Raw []byte `json:"raw,omitempty"`
}

// The states of a message. Those of package orchestration mean here: pending, to
// be merged; dead, can't be.
const (
	stateMerged  = "merged"
	stateIgnored = "ignored" // concerns nobody of the connection
)

// Receive stores a Connect message; the work on it comes later. It is
// docusign.ReceiverConfig.Accept of Handler, for programs with a receiver of their
// own. A message that came before is not stored again.
func (f *Flow) Receive(ctx context.Context, e docusign.Event) error {
	rec := orchestration.Record{
		Key: e.Key(), Scope: string(accountKey(e.AccountID)), Group: envelopeGroup(e), Ref: string(e.EnvelopeID),
		State: orchestration.StatePending, Due: f.now(), Updated: f.now(),
	}
	if e.EnvelopeID == "" {
		rec.State, rec.Due = stateIgnored, time.Time{}
	}
	row := orchestration.Row[eventBody]{Record: rec, Value: eventBody{Raw: e.Raw}}
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		_, err := f.events.Insert(ctx, tx, row)
		return err
	})
}

// envelopeGroup is the lane of a message: one envelope.
func envelopeGroup(e docusign.Event) string {
	return string(accountKey(e.AccountID)) + "/" + string(e.EnvelopeID)
}

// contactGroup is the lane of a contact's records: a digest, since keys of records
// are seen by people who operate the flow.
func contactGroup(email string) string {
	sum := sha256.Sum256([]byte(contactmap.EmailKey(email)))
	return hex.EncodeToString(sum[:16])
}

// eventsAtOnce is how many messages of an envelope are merged in one transaction.
const eventsAtOnce = 64

// runEvents is the handler of an envelope's messages: it merges those that are due
// into the records of the recipients.
func (f *Flow) runEvents(ctx context.Context, group string) error {
	var rows []orchestration.Row[eventBody]
	var l *live
	err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		rows, err = f.events.List(ctx, tx, orchestration.Query{Group: group, DueBy: f.now(), Limit: eventsAtOnce})
		if err == nil && len(rows) > 0 {
			l, err = f.connection(ctx, tx, docusign.AccountID(rows[0].Scope))
		}
		if err != nil || l == nil || !l.paused {
			return err
		}
		// In the transaction that saw the pause, so that Resume finds them.
		for _, row := range rows {
			row.State, row.Due, row.Updated = stateHeld, time.Time{}, f.now()
			if err := f.events.Update(ctx, tx, &row); err != nil {
				return err
			}
		}
		rows = nil
		return nil
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	seen := make([]observed, 0, len(rows))
	for _, row := range rows {
		o, err := f.look(ctx, l, row)
		if err != nil {
			return err
		}
		seen = append(seen, o)
	}
	err = f.store.Tx(ctx, func(tx orchestration.Tx) error {
		for _, o := range seen {
			if err := f.take(ctx, tx, l, o); err != nil {
				return err
			}
		}
		return nil
	})
	for _, o := range seen {
		if err == nil && o.state == orchestration.StateDead {
			f.cfg.Notify(Notice{Kind: NoticeGivenUp, Work: WorkMessages, Account: docusign.AccountID(o.row.Scope), Ref: o.row.Key, Reason: o.why})
			f.cfg.Logger.WarnContext(ctx, "message was given up", "message", o.row.Key, "reason", o.why)
		}
	}
	return err
}

// observed is a message and what it says.
type observed struct {
	row     orchestration.Row[eventBody]
	state   string
	why     string
	records []contactmap.Record
}

// look reads a message. One that names no people is completed through the API.
func (f *Flow) look(ctx context.Context, l *live, row orchestration.Row[eventBody]) (observed, error) {
	o := observed{row: row, state: stateIgnored}
	if l == nil {
		o.why = "no connection for the account"
		return o, nil
	}
	e, err := docusign.ParseEvent(row.Value.Raw)
	if err != nil {
		o.state, o.why = orchestration.StateDead, "the message can't be read"
		return o, nil //nolint:nilerr // it lies in the record
	}
	e.AccountID = docusign.AccountID(row.Scope) // as the receiver bound it
	if err := f.complete(ctx, l, &e); err != nil {
		if permanent(err) {
			o.state, o.why = orchestration.StateDead, orchestration.ErrorText(err)
			return o, nil
		}
		return o, err
	}
	o.records = observe(l.Connection, e)
	if len(o.records) > 0 {
		o.state = stateMerged
	}
	return o, nil
}

// complete reads the envelope of a message that carries ids alone, where it is about
// an action.
func (f *Flow) complete(ctx context.Context, l *live, e *docusign.Event) error {
	if e.Envelope != nil && len(e.Envelope.Recipients) > 0 || e.Format == docusign.FormatSIM && l.Scope.Action(e.Kind) == "" {
		return nil
	}
	a, err := f.account(e.AccountID)
	if err != nil {
		return err
	}
	env, err := a.Client.Envelopes.Get(ctx, e.EnvelopeID, []docusign.Include{docusign.IncludeRecipients, docusign.IncludeTabs, docusign.IncludeCustomFields})
	if err != nil {
		return fmt.Errorf("read the envelope of a message without recipients: %w", err)
	}
	e.Envelope = eventOf(e.AccountID, env, e.GeneratedAt).Envelope
	return nil
}

// take merges what a message says and marks the message as done.
func (f *Flow) take(ctx context.Context, tx orchestration.Tx, l *live, o observed) error {
	for _, rec := range o.records {
		if err := f.mergeIn(ctx, tx, l, rec, false); err != nil {
			return err
		}
	}
	row := o.row
	row.State, row.Due, row.LastError, row.Updated = o.state, time.Time{}, o.why, f.now()
	return f.events.Update(ctx, tx, &row)
}

// mergeIn merges one record and makes it due where something changed. What comes
// from a backfill starts no automation: the actions that are news have had their
// turn, unless earlier ones of the same record are still to have theirs.
func (f *Flow) mergeIn(ctx context.Context, tx orchestration.Tx, l *live, rec contactmap.Record, backfill bool) error {
	row, err := f.records.Get(ctx, tx, rec.ID())
	fresh := errors.Is(err, orchestration.ErrNoRecord)
	if err != nil && !fresh {
		return err
	}
	if row.State == stateForgotten {
		return nil
	}
	merged := rec
	if !fresh {
		merged = merge(row.Value.Record, rec)
		if same(merged, row.Value.Record) {
			return nil
		}
	}
	// A record whose automations are still to start is left to them: an import would
	// put its tags on the contact first.
	backfill = backfill && len(steps(&row.Value.Record, l.Actions, row.Value.Fired)) == 0
	if backfill {
		row.Value.Fired = append(row.Value.Fired, steps(&merged, l.Actions, row.Value.Fired)...)
	}
	row.Value.Record = merged
	f.arm(&row, backfill)
	if fresh {
		row.Key, row.Scope, row.Ref = rec.ID(), string(l.Account), string(rec.Envelope)
		_, err = f.records.Insert(ctx, tx, row)
		return err
	}
	return f.records.Update(ctx, tx, &row)
}

// noGroup is the lane of records that have nobody to be carried to.
const noGroup = "none"

// arm makes a record due in the lane of its contact. One without an address waits
// for a message that brings one.
func (f *Flow) arm(row *recordRow, backfill bool) {
	email := row.Value.Record.Facts.Email
	row.Updated, row.Attempt, row.LastError = f.now(), 0, ""
	switch {
	case contactmap.EmailKey(email) == "":
		row.Group = noGroup
		row.State, row.Due = stateSkipped, time.Time{}
		row.LastError = "the recipient has no e-mail address of their own"
	case backfill:
		row.Group = contactGroup(email)
		row.State, row.Due = stateImporting, time.Time{}
	default:
		row.Group = contactGroup(email)
		row.State, row.Due = orchestration.StatePending, f.now()
	}
}

// wakeRecords makes records due again, for a replay. Actions of records that are
// done have had their turn, also those that were chosen since.
func (f *Flow) wakeRecords(ctx context.Context, l *live, q orchestration.Query) error {
	q.States, q.Limit = []string{stateDone, orchestration.StateDead}, 256
	for {
		n := 0
		err := f.store.Tx(ctx, func(tx orchestration.Tx) error {
			rows, err := f.records.List(ctx, tx, q)
			n = len(rows)
			for _, row := range rows {
				q.AfterSeq = row.Seq
				if b := &row.Value; row.State == stateDone {
					b.Fired = append(b.Fired, steps(&b.Record, l.Actions, b.Fired)...)
				}
				row.State, row.Due, row.Updated, row.Attempt = orchestration.StatePending, f.now(), f.now(), 0
				err = errors.Join(err, f.records.Update(ctx, tx, &row))
			}
			return err
		})
		if err != nil || n < q.Limit {
			return err
		}
	}
}

// failed says what follows a failure: another attempt later, or none.
func (f *Flow) failed(rec *orchestration.Record, err error) (dead bool) {
	rec.Attempt++
	rec.LastError, rec.Updated = orchestration.ErrorText(err), f.now()
	if permanent(err) || rec.Attempt >= f.cfg.Attempts {
		rec.State, rec.Due = orchestration.StateDead, time.Time{}
		return true
	}
	wait := f.cfg.Backoff(rec.Attempt)
	if e, ok := errors.AsType[*countersign.Error](err); ok {
		wait = max(wait, e.RetryAfter)
	}
	rec.State, rec.Due = orchestration.StatePending, f.now().Add(max(wait, time.Millisecond))
	return false
}
