package orchestration

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Stats is how a table stands.
type Stats struct {
	States map[string]int64 // how many records are in each state; StateDead are the dead letters
	Due    int64            // how many of them are due
	// Lag is how long the record that is due longest has been so. Zero when none is
	// due. One that waits for its next attempt after a failure is not due.
	Lag time.Duration
}

// StatsOf counts a table.
func StatsOf(ctx context.Context, s Store, table string, now time.Time) (Stats, error) {
	return statsOf(ctx, s, table, nil, now)
}

// statsOf counts a table, those states alone if there are any.
func statsOf(ctx context.Context, s Store, table string, states []string, now time.Time) (Stats, error) {
	var out Stats
	err := s.Tx(ctx, func(tx Tx) (err error) {
		out = Stats{}
		if out.States, err = tx.Count(ctx, Query{Table: table, States: states}); err != nil {
			return err
		}
		due, err := tx.Count(ctx, Query{Table: table, DueBy: now})
		if err != nil {
			return err
		}
		for _, n := range due {
			out.Due += n
		}
		out.Lag, err = lag(ctx, tx, table, now)
		return err
	})
	if err != nil {
		return Stats{}, fmt.Errorf("count %s: %w", table, err)
	}
	return out, nil
}

// lag looks for the record that is due longest: it begins with the first in Seq
// order, which mostly is the one, and asks for a later one that was due before it
// until there is none. If a million are due in any order, some fifteen questions
// do; the bound is for those who insert the latest first.
func lag(ctx context.Context, tx Tx, table string, now time.Time) (out time.Duration, err error) {
	q := Query{Table: table, DueBy: now, Limit: 1}
	for range 64 {
		recs, err := tx.List(ctx, q)
		if err != nil || len(recs) == 0 {
			return out, err
		}
		out = now.Sub(recs[0].Due)
		q.AfterSeq, q.DueBy = recs[0].Seq, recs[0].Due.Add(-time.Microsecond)
	}
	return out, nil
}

// Health reads the store and tells how long the record that is due longest,
// of all tables, has been waiting; zero when nothing is due. An error says
// that the store does not answer. A wait that grows says that no engine runs,
// or that it can't keep up.
func Health(ctx context.Context, s Store, now time.Time) (waiting time.Duration, err error) {
	_, first, err := s.Due(ctx, time.Time{}, 0)
	if err != nil {
		return 0, fmt.Errorf("store does not answer: %w", err)
	}
	if first.IsZero() || first.After(now) {
		return 0, nil
	}
	return now.Sub(first), nil
}

// Purge deletes the records of a table that are in one of these states, were
// last updated before a time and have no Due, and tells how many. A record
// that never got an Updated stays. In a schedule whose turn is over it ends with
// ErrTurnOver: call it again, with the same time.
func Purge(ctx context.Context, s Store, table string, before time.Time, states ...string) (n int, err error) {
	if before.IsZero() || len(states) == 0 {
		return 0, fmt.Errorf("purge %s: it needs a time and at least one state", table)
	}
	q := Query{Table: table, States: states, UpdatedBefore: before}
	err = change(ctx, s, q, func(tx Tx, recs []Record) (int, error) {
		var keys []string
		for _, rec := range recs {
			if rec.Due.IsZero() {
				keys = append(keys, rec.Key)
			}
		}
		return len(keys), tx.Delete(ctx, table, keys...)
	}, &n)
	if err != nil {
		return n, fmt.Errorf("purge %s: %w", table, err)
	}
	return n, nil
}

// Copy copies tables from one store to another whose tables are empty, and
// tells how many records. Nothing may work on either meanwhile. The order of
// the records stays; their Seq and Version begin anew, and a key that was the
// record's Seq becomes its new one. When it fails, begin again with an empty
// store.
func Copy(ctx context.Context, from, to Store, tables ...string) (n int, err error) {
	for _, table := range tables {
		if err := copyTable(ctx, from, to, table, &n); err != nil {
			return n, fmt.Errorf("copy %s: %w", table, err)
		}
	}
	return n, nil
}

func copyTable(ctx context.Context, from, to Store, table string, n *int) error {
	err := to.Tx(ctx, func(tx Tx) error {
		there, err := tx.List(ctx, Query{Table: table, Limit: 1})
		if err == nil && len(there) > 0 {
			err = fmt.Errorf("the table is not empty")
		}
		return err
	})
	if err != nil {
		return err
	}
	for page, err := range pages(ctx, from, Query{Table: table}) {
		if err != nil {
			return err
		}
		for i := range page {
			if page[i].Key == strconv.FormatInt(page[i].Seq, 10) {
				page[i].Key = ""
			}
		}
		err = to.Tx(ctx, func(tx Tx) error {
			_, err := tx.Insert(ctx, page...)
			return err
		})
		if err != nil {
			return err
		}
		*n += len(page)
	}
	return nil
}
