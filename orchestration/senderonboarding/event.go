package senderonboarding

import (
	"context"
	"errors"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// EventKind is what happened to a session.
type EventKind string

// The events, each at most once in a session. EventUnproven and EventRefused may
// follow on EventReady where another tenant turned out to have the sender-id: stop
// sending from it.
const (
	EventStarted  EventKind = "started"
	EventReturned EventKind = "returned" // the customer clicked the link back
	EventWaiting  EventKind = "waiting"  // for approval: tell the customer that it may take days
	EventReady    EventKind = "ready"    // sender-id, address, organisation number and tenant are there: tell the customer (ReadyText)
	EventUnproven EventKind = "unproven" // Decide
	EventExpired  EventKind = "expired"
	EventRefused  EventKind = "refused"
)

// Event is what Config.OnEvent is told.
type Event struct {
	// ID is the same when the event is told again.
	ID      string
	Kind    EventKind
	At      time.Time
	Session Session // as it is when the event is told
}

// eventBody is what the store keeps of an event. The record's key is session and
// kind, so that an event happens once.
type eventBody struct {
	Kind EventKind `json:"kind"`
	At   time.Time `json:"at"`
}

// stateTold is the state of an event that OnEvent has taken.
const stateTold = "told"

// tell puts events into the transaction of what they tell about.
func (f *Flow) tell(ctx context.Context, tx orchestration.Tx, row sessionRow, kinds ...EventKind) error {
	for _, kind := range kinds {
		rec := orchestration.Record{
			Key: row.Key + "/" + string(kind), Scope: row.Scope, Group: row.Key, State: orchestration.StatePending, Due: f.now(), Updated: f.now(),
		}
		if f.cfg.OnEvent == nil {
			rec.State, rec.Due = stateTold, time.Time{}
		}
		_, err := f.events.Insert(ctx, tx, orchestration.Row[eventBody]{Record: rec, Value: eventBody{kind, f.now()}})
		if err != nil {
			return err
		}
	}
	return nil
}

// maxTells is how often an event is told until it is given up: for about four days,
// as orchestration.Backoff spaces it.
const maxTells = 100

// DeadLetters are the events that OnEvent would not take: list them, and have one
// or all told again.
func (f *Flow) DeadLetters() orchestration.DeadLetters {
	return orchestration.DeadLetters{Store: f.deps.Store, Table: string(f.events), Clock: f.cfg.Clock}
}

// runEvents is the handler of a session's events: it tells those that are due,
// in their order. One that is not taken holds the later ones back until it is given
// up.
func (f *Flow) runEvents(ctx context.Context, id string) error {
	if f.cfg.OnEvent == nil {
		return nil
	}
	for {
		var rows []orchestration.Row[eventBody]
		var about sessionRow
		err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) (err error) {
			if rows, err = f.events.List(ctx, tx, orchestration.Query{Group: id, States: []string{orchestration.StatePending}}); err != nil || len(rows) == 0 {
				return err
			}
			if rows[0].Due.After(f.now()) {
				return f.holdBack(ctx, tx, rows)
			}
			about, err = f.sessions.Get(ctx, tx, id)
			return err
		})
		if errors.Is(err, orchestration.ErrNoRecord) {
			return nil // forgotten meanwhile
		}
		if err != nil || len(rows) == 0 || rows[0].Due.After(f.now()) {
			return err
		}
		if err := f.tellOne(ctx, rows[0], session(about)); err != nil {
			return sessionError(SessionID(id), err)
		}
		if orchestration.TurnOver(ctx) {
			return nil
		}
	}
}

// holdBack puts events off until the first one is told again.
func (f *Flow) holdBack(ctx context.Context, tx orchestration.Tx, rows []orchestration.Row[eventBody]) error {
	for _, row := range rows[1:] {
		if row.Due.Before(rows[0].Due) {
			row.Due = rows[0].Due
			if err := f.events.Update(ctx, tx, &row); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellOne tells an event. The error of one that is not taken is returned until it is
// given up.
func (f *Flow) tellOne(ctx context.Context, row orchestration.Row[eventBody], s Session) error {
	err := f.cfg.OnEvent(ctx, Event{ID: row.Key, Kind: row.Value.Kind, At: row.Value.At, Session: s})
	row.State, row.Due, row.Updated, row.LastError = stateTold, time.Time{}, f.now(), ""
	if err != nil {
		if row.Attempt+1 < maxTells {
			return err
		}
		f.cfg.Logger.ErrorContext(ctx, "senderonboarding: an event is given up", "event", row.Key, "error", err)
		row.State, row.LastError = orchestration.StateDead, orchestration.ErrorText(err)
	}
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		now := row // fn may run again
		return f.events.Update(ctx, tx, &now)
	})
}
