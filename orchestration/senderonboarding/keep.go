package senderonboarding

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// Sender is a Digipost sender that is a tenant's.
type Sender struct {
	ID           digipost.SenderID
	Address      string // Digipost address, where a callback brought it
	Organisation digipost.OrganisationNumber
	Tenant       string
	Proven       bool
	Since        time.Time
}

// Sender gives the tenant's sender that became ready last; ErrNoSender if it has
// none.
func (f *Flow) Sender(ctx context.Context, tenant string) (Sender, error) {
	if tenant == "" {
		return Sender{}, configError("Tenant", "is empty", "")
	}
	var out Sender
	for s, err := range f.Senders(ctx, tenant) {
		if err != nil {
			return Sender{}, err
		}
		if !s.Since.Before(out.Since) {
			out = s
		}
	}
	if out.ID == 0 {
		return Sender{}, fmt.Errorf("onboarding: tenant %q: %w", tenant, ErrNoSender)
	}
	return out, nil
}

// Senders goes through the senders of a tenant, or of all where it is empty.
func (f *Flow) Senders(ctx context.Context, tenant string) iter.Seq2[Sender, error] {
	return func(yield func(Sender, error) bool) {
		for row, err := range f.senders.All(ctx, f.deps.Store, orchestration.Query{Scope: tenant}) {
			var s Sender
			if err == nil {
				var id int64
				id, err = strconv.ParseInt(row.Key, 10, 64)
				s = Sender{
					ID: digipost.SenderID(id), Address: row.Value.Address, Organisation: row.Value.Organisation,
					Tenant: row.Scope, Proven: row.Value.Basis == proven, Since: row.Updated,
				}
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// Journal goes through what happened to a session, oldest first.
func (f *Flow) Journal(ctx context.Context, id SessionID) iter.Seq2[orchestration.Entry, error] {
	return f.journal.Entries(ctx, f.deps.Store, "", string(id), 0)
}

// Stats counts the sessions by state, and tells how long the longest has been
// due.
func (f *Flow) Stats(ctx context.Context) (orchestration.Stats, error) {
	return orchestration.StatsOf(ctx, f.deps.Store, string(f.sessions), f.now())
}

// Health reports whether the flow can do its work: an error says that the store
// does not answer, or that work has been due for longer than maxLag.
func (f *Flow) Health(ctx context.Context, maxLag time.Duration) error {
	lag, err := orchestration.Health(ctx, f.deps.Store, f.now())
	if err == nil && lag > maxLag {
		err = lagError(lag)
	}
	return err
}

type lagError time.Duration

func (e lagError) Error() string {
	return "senderonboarding: work has been due for " + time.Duration(e).String() + ": does the engine run?"
}
func (e lagError) Is(target error) bool { return target == countersign.ErrUnavailable }

// Purge deletes sessions that ended before a time, with their secrets and events,
// and the journal entries from before it of sessions that are gone; it tells how many
// sessions. Unproven ones
// stay, since they wait for a decision, and those that became ready without a
// proof, since another tenant may prove that the sender-id is theirs. Senders stay.
// In a schedule whose turn is over it ends with orchestration.ErrTurnOver: call it
// again.
func (f *Flow) Purge(ctx context.Context, before time.Time) (int, error) {
	n := 0
	q := orchestration.Query{States: []string{string(StateReady), string(StateExpired), string(StateRefused)}, UpdatedBefore: before}
	for row, err := range f.sessions.All(ctx, f.deps.Store, q) {
		if err != nil {
			return n, err
		}
		if State(row.State) == StateReady && !row.Value.Proven {
			continue
		}
		if err := f.remove(ctx, row); err != nil {
			return n, err
		}
		if n++; orchestration.TurnOver(ctx) {
			return n, orchestration.ErrTurnOver
		}
	}
	return n, f.purgeJournal(ctx, before)
}

// purgeSize is how many entries of the journal are looked at in one transaction.
const purgeSize = 256

// purgeJournal deletes the entries from before a time whose sessions are gone.
func (f *Flow) purgeJournal(ctx context.Context, before time.Time) error {
	q := orchestration.Query{Table: string(f.journal), UpdatedBefore: before, Limit: purgeSize}
	for {
		var recs []orchestration.Record
		err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) (err error) {
			if recs, err = tx.List(ctx, q); err != nil {
				return err
			}
			var gone []string
			for _, rec := range recs {
				_, err := tx.Get(ctx, string(f.sessions), rec.Ref)
				switch {
				case errors.Is(err, orchestration.ErrNoRecord):
					gone = append(gone, rec.Key)
				case err != nil:
					return err
				}
			}
			return tx.Delete(ctx, q.Table, gone...)
		})
		if err != nil || len(recs) < purgeSize {
			return err
		}
		if orchestration.TurnOver(ctx) {
			return orchestration.ErrTurnOver
		}
		q.AfterSeq = recs[len(recs)-1].Seq
	}
}

// Forget deletes all that the store holds about a tenant but the journal, whose
// entries hold ids only. A sender-id that is forgotten may become another
// tenant's.
func (f *Flow) Forget(ctx context.Context, tenant string) error {
	if tenant == "" {
		return configError("Tenant", "is empty", "")
	}
	for row, err := range f.sessions.All(ctx, f.deps.Store, orchestration.Query{Scope: tenant}) {
		if err != nil {
			return err
		}
		if err := f.remove(ctx, row); err != nil {
			return err
		}
	}
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		return deleteAll(ctx, tx, orchestration.Query{Table: string(f.senders), Scope: tenant})
	})
}

// remove deletes a session with its secrets and events.
func (f *Flow) remove(ctx context.Context, row sessionRow) error {
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		for _, q := range []orchestration.Query{{Table: string(f.tokens), Ref: row.Key}, {Table: string(f.events), Group: row.Key}} {
			if err := deleteAll(ctx, tx, q); err != nil {
				return err
			}
		}
		return tx.Delete(ctx, string(f.sessions), row.Key)
	})
}

func deleteAll(ctx context.Context, tx orchestration.Tx, q orchestration.Query) error {
	recs, err := tx.List(ctx, q)
	if err != nil || len(recs) == 0 {
		return err
	}
	keys := make([]string, len(recs))
	for i, rec := range recs {
		keys[i] = rec.Key
	}
	return tx.Delete(ctx, q.Table, keys...)
}
