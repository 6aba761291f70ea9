package sqlledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/internal/sqldb"
)

// Update applies a user's edit and records it in the history.
func (l *Ledger) Update(ctx context.Context, key contractone.Key, p contractone.Patch, by contractone.Edit) (contractone.Entry, error) {
	return l.change(ctx, key, func(e contractone.Entry, at time.Time) (contractone.Entry, contractone.Change, bool, error) {
		return e.Edited(p, by, at)
	})
}

// Digitise fills the items that have no value and that no user cleared.
func (l *Ledger) Digitise(ctx context.Context, key contractone.Key, items contractone.Items) (contractone.Entry, error) {
	if err := items.Validate(); err != nil {
		return contractone.Entry{}, err
	}
	return l.change(ctx, key, func(e contractone.Entry, at time.Time) (contractone.Entry, contractone.Change, bool, error) {
		out, c, changed := e.Digitised(items, at)
		return out, c, changed, nil
	})
}

// refusal is an error of the caller's change, not of the database.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

// change reads an entry, lets fn change it and writes it back, all under the
// entry's lock.
func (l *Ledger) change(ctx context.Context, key contractone.Key,
	fn func(contractone.Entry, time.Time) (contractone.Entry, contractone.Change, bool, error),
) (contractone.Entry, error) {
	src, err := contractone.ParseKey(string(key))
	if err != nil {
		return contractone.Entry{}, notFound(string(key))
	}
	var out contractone.Entry
	err = l.inTx(ctx, func(tx *sql.Tx) error {
		id, before, err := l.lock(ctx, tx, src)
		if err != nil {
			return err
		}
		e, c, changed, err := fn(before, l.clock())
		if err != nil {
			return &refusal{err}
		}
		if out = e; !changed {
			out = before
			return nil
		}
		return l.writeEntry(ctx, tx, id, e, c)
	})
	if r, ok := errors.AsType[*refusal](err); ok {
		return contractone.Entry{}, r.err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return contractone.Entry{}, notFound(string(key))
	}
	if err != nil {
		return contractone.Entry{}, databaseError("change the entry", err)
	}
	return out, nil
}

// lock reads an entry and keeps other transactions from changing it.
func (l *Ledger) lock(ctx context.Context, tx *sql.Tx, src contractone.Source) (int64, contractone.Entry, error) {
	var id int64
	key := []any{src.DocumentID, src.FileID, string(src.Origin)}
	if err := tx.QueryRowContext(ctx, l.q.forUpdate, key...).Scan(&id); err != nil {
		return 0, contractone.Entry{}, err
	}
	// Read after the lock was given, or it would be the state from before it.
	rows, err := readEntries(tx.StmtContext(ctx, l.often.byKey).QueryContext(ctx, key...))
	if err != nil || len(rows) == 0 {
		return 0, contractone.Entry{}, errors.Join(err, sql.ErrNoRows)
	}
	return id, rows[0].entry, nil
}

func (l *Ledger) writeEntry(ctx context.Context, tx *sql.Tx, id int64, e contractone.Entry, c contractone.Change) error {
	provenance, err := json.Marshal(e.Provenance)
	if err != nil {
		return err
	}
	args := append([]any{string(e.Share.Visibility), string(provenance)}, itemValues(e.Items)...)
	if _, err := tx.ExecContext(ctx, l.q.updateEntry, append(args, id)...); err != nil {
		return err
	}
	for _, table := range []string{"contractone_share_group", "contractone_responsible", "contractone_extension"} {
		if _, err := tx.ExecContext(ctx, l.dialect.Rebind("DELETE FROM "+table+" WHERE entry_id = ?"), id); err != nil {
			return err
		}
	}
	if err := l.insertLists(ctx, tx, id, e); err != nil {
		return err
	}
	var last int
	err = tx.QueryRowContext(ctx, l.dialect.Rebind("SELECT MAX(position) FROM contractone_change WHERE entry_id = ?"), id).Scan(&last)
	if err != nil {
		return err
	}
	return l.insertChange(ctx, tx, id, last+1, c)
}

// History gives the changes of an entry, oldest first.
func (l *Ledger) History(ctx context.Context, key contractone.Key) ([]contractone.Change, error) {
	src, err := contractone.ParseKey(string(key))
	if err != nil {
		return nil, notFound(string(key))
	}
	rows, err := l.db.QueryContext(ctx, l.q.changes, src.DocumentID, src.FileID, string(src.Origin))
	if err != nil {
		return nil, databaseError("history", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var out []contractone.Change
	for rows.Next() {
		var c contractone.Change
		if err := rows.Scan((*sqldb.Time)(&c.At), &c.By, &c.Action, &c.Memo, fromJSON{&c.Values}); err != nil {
			return nil, databaseError("history", err)
		}
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, databaseError("history", err)
	}
	if len(out) == 0 {
		return nil, notFound(string(key))
	}
	return out, nil
}
