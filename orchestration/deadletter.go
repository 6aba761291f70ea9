package orchestration

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"
)

// DeadLetters are the records of a table that were given up. Retrying one makes
// it pending and due at once, with its attempts counted from zero; its
// LastError stays until it succeeds.
type DeadLetters struct {
	Store Store
	Table string
	Clock func() time.Time // default time.Now
}

// All goes through the dead records, oldest first.
func (d DeadLetters) All(ctx context.Context) iter.Seq2[Record, error] {
	return Records(ctx, d.Store, Query{Table: d.Table, States: []string{StateDead}})
}

// Retry takes up the records of these keys. One that is not dead, or not
// there, is an error, and then none is taken up.
func (d DeadLetters) Retry(ctx context.Context, keys ...string) error {
	return d.Store.Tx(ctx, func(tx Tx) error {
		for _, key := range keys {
			rec, err := tx.Get(ctx, d.Table, key)
			if err != nil {
				return fmt.Errorf("retry %q: %w", key, err)
			}
			if rec.State != StateDead {
				return fmt.Errorf("retry %q: it is not dead but %q", key, rec.State)
			}
			if err := d.revive(ctx, tx, rec); err != nil {
				return fmt.Errorf("retry %q: %w", key, err)
			}
		}
		return nil
	})
}

// RetryAll takes up all dead records but those of the keys given, and tells how
// many. In a schedule whose turn is over it ends with ErrTurnOver: call it again.
func (d DeadLetters) RetryAll(ctx context.Context, but ...string) (n int, err error) {
	q := Query{Table: d.Table, States: []string{StateDead}}
	err = change(ctx, d.Store, q, func(tx Tx, recs []Record) (int, error) {
		done := 0
		for _, rec := range recs {
			if slices.Contains(but, rec.Key) {
				continue
			}
			if err := d.revive(ctx, tx, rec); err != nil {
				return 0, err
			}
			done++
		}
		return done, nil
	}, &n)
	return n, err
}

func (d DeadLetters) revive(ctx context.Context, tx Tx, rec Record) error {
	now := time.Now
	if d.Clock != nil {
		now = d.Clock
	}
	rec.State, rec.Attempt, rec.Due, rec.Updated = StatePending, 0, now(), now()
	return tx.Update(ctx, rec)
}

// change goes through the records that q selects, page by page: f changes the
// records of a page in the transaction that read them, and tells how many;
// *total is their sum over what was committed. Called by a handler, it ends with
// ErrTurnOver between two pages.
func change(ctx context.Context, s Store, q Query, f func(Tx, []Record) (int, error), total *int) error {
	q.Limit = pageSize
	for {
		var recs []Record
		var n int
		err := s.Tx(ctx, func(tx Tx) (err error) {
			if recs, err = tx.List(ctx, q); err != nil {
				return err
			}
			n, err = f(tx, recs)
			return err
		})
		if err != nil {
			return err
		}
		*total += n
		if len(recs) < q.Limit {
			return nil
		}
		if TurnOver(ctx) {
			return ErrTurnOver
		}
		q.AfterSeq = recs[len(recs)-1].Seq
	}
}
