package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/internal/sqldb"
	"github.com/countersign/countersign/orchestration"
)

// errEnded is the answer of a transaction that is used after its function
// returned.
var errEnded = errors.New("the transaction has ended")

// tx is one run of a transaction's function.
type tx struct {
	s        *Store
	q        sqldb.Querier
	base     context.Context                  //nolint:containedctx // of the run, which is shorter than a call
	lanes    map[orchestration.Lane]time.Time // the earliest Due that was written
	seen     map[identity]int64               // PostgreSQL: the versions that this run read
	conflict error
	ended    bool
}

type identity struct{ table, key string }

func (t *tx) end() { t.ended = true }

// run runs fn. When another transaction was in the way, that is its result
// whatever fn makes of it, so that it runs again.
func (t *tx) run(fn func(orchestration.Tx) error) error {
	if t.s.group == nil {
		t.seen = map[identity]int64{}
	}
	err := fn(t)
	if t.conflict != nil {
		return t.conflict
	}
	if err == nil {
		err = t.base.Err()
	}
	return err
}

// context is the context of one statement. Under SQLite a statement that is
// interrupted would take the whole group with it, so it runs to its end; all of
// ours are short.
func (t *tx) context(ctx context.Context) (context.Context, error) {
	if t.ended {
		return nil, errEnded
	}
	if err := errors.Join(ctx.Err(), t.base.Err()); err != nil {
		return nil, err
	}
	if t.s.group != nil {
		return context.WithoutCancel(ctx), nil
	}
	return ctx, nil
}

func (t *tx) exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	query = t.s.prepare(query, args)
	res, err := t.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, t.failed(err)
	}
	return res.RowsAffected()
}

// failed keeps a conflict.
func (t *tx) failed(err error) error {
	if t.conflict == nil && sqldb.IsConflict(err) {
		t.conflict = err
	}
	return err
}

// prepare writes a query in the store's dialect and tells the tracer.
func (s *Store) prepare(query string, args []any) string {
	query = s.dialect.Rebind(query)
	if s.set.trace != nil {
		s.set.trace(query, args)
	}
	return query
}

func (t *tx) Get(ctx context.Context, table, key string) (orchestration.Record, error) {
	if err := orchestration.ValidateKeys(table, key); err != nil {
		return orchestration.Record{}, err
	}
	recs, err := t.records(ctx, "SELECT "+columns+" FROM countersign_record WHERE tbl = ? AND key = ?", table, key)
	if err != nil {
		return orchestration.Record{}, fmt.Errorf("get a record of %s: %w", table, err)
	}
	if len(recs) == 0 {
		return orchestration.Record{}, orchestration.ErrNoRecord
	}
	return recs[0], nil
}

func (t *tx) List(ctx context.Context, q orchestration.Query) ([]orchestration.Record, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	query, args := t.s.list(q)
	recs, err := t.records(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", q.Table, err)
	}
	return recs, nil
}

func (t *tx) records(ctx context.Context, query string, args ...any) (recs []orchestration.Record, err error) {
	if ctx, err = t.context(ctx); err != nil {
		return nil, err
	}
	rows, err := t.q.QueryContext(ctx, t.s.prepare(query, args), args...)
	if err != nil {
		return nil, t.failed(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		rec, err := scan(rows)
		if err != nil {
			return nil, err
		}
		if t.seen != nil {
			t.seen[identity{rec.Table, rec.Key}] = rec.Version
		}
		recs = append(recs, rec)
	}
	if err := rows.Err(); err != nil {
		return nil, t.failed(err)
	}
	return recs, nil
}

func (t *tx) Count(ctx context.Context, q orchestration.Query) (map[string]int64, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	out, err := t.count(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", q.Table, err)
	}
	return out, nil
}

func (t *tx) count(ctx context.Context, q orchestration.Query) (map[string]int64, error) {
	ctx, err := t.context(ctx)
	if err != nil {
		return nil, err
	}
	query, args := t.s.countQuery(q)
	rows, err := t.q.QueryContext(ctx, t.s.prepare(query, args), args...)
	if err != nil {
		return nil, t.failed(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := map[string]int64{}
	for rows.Next() {
		var state string
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		out[state] = n
	}
	return out, rows.Err()
}

func (t *tx) Update(ctx context.Context, rec orchestration.Record) error {
	if err := rec.Validate(); err != nil {
		return err
	}
	if err := t.update(ctx, rec); err != nil {
		return fmt.Errorf("update a record of %s: %w", rec.Table, err)
	}
	return nil
}

func (t *tx) update(ctx context.Context, rec orchestration.Record) error {
	ctx, err := t.context(ctx)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE countersign_record SET scope = ?, grp = ?, ref = ?, state = ?, last_error = ?, due = ?,
		updated = ?, attempt = ?, body = ?, version = version + 1 WHERE tbl = ? AND key = ? AND version = ?`,
		text(rec.Scope), rec.Group, text(rec.Ref), rec.State, text(rec.LastError), sqldb.Time(rec.Due),
		sqldb.Time(rec.Updated), rec.Attempt, text(string(rec.Body)), rec.Table, rec.Key, rec.Version)
	if err != nil {
		return err
	}
	id := identity{rec.Table, rec.Key}
	if n == 0 {
		return t.stale(ctx, id, rec.Version)
	}
	if t.seen != nil {
		t.seen[id] = rec.Version + 1
	}
	t.due(rec)
	return nil
}

// stale tells why an update met no row. When this very transaction read the
// version, another one came between: then it must run again.
func (t *tx) stale(ctx context.Context, id identity, version int64) error {
	if v, ok := t.seen[id]; ok && v == version {
		t.conflict = fmt.Errorf("%w: %w", sqldb.ErrConflict, orchestration.ErrStale)
		return t.conflict
	}
	recs, err := t.records(ctx, "SELECT "+columns+" FROM countersign_record WHERE tbl = ? AND key = ?", id.table, id.key)
	switch {
	case err != nil:
		return err
	case len(recs) == 0:
		return orchestration.ErrNoRecord
	default:
		return orchestration.ErrStale
	}
}

// due notes that a record with a Due was written.
func (t *tx) due(rec orchestration.Record) {
	if rec.Due.IsZero() {
		return
	}
	lane := orchestration.Lane{Table: rec.Table, Group: rec.Group}
	if was, ok := t.lanes[lane]; !ok || rec.Due.Before(was) {
		t.lanes[lane] = rec.Due
	}
}

// chunk bounds how many rows or keys one statement takes.
const chunk = 64

func (t *tx) Insert(ctx context.Context, recs ...orchestration.Record) (fresh int, err error) {
	ctx, err = t.context(ctx)
	if err != nil {
		return 0, err
	}
	for _, rec := range recs {
		if err := rec.Validate(); err != nil {
			return 0, err
		}
	}
	for len(recs) > 0 {
		n := 0
		for n < min(len(recs), chunk) && recs[n].Key != "" {
			n++
		}
		var added int
		if n == 0 {
			n, added = 1, 1
			err = t.insertNumbered(ctx, recs[0])
		} else {
			added, err = t.insertNamed(ctx, recs[:n])
		}
		if err != nil {
			return fresh, fmt.Errorf("insert into %s: %w", recs[0].Table, err)
		}
		fresh += added
		recs = recs[n:]
	}
	return fresh, nil
}

const insertInto = `INSERT INTO countersign_record
	(tbl, key, scope, grp, ref, state, last_error, due, updated, attempt, body, version) VALUES `

const rowOfPlaceholders = "(?,?,?,?,?,?,?,?,?,?,?,1)"

func insertArgs(args []any, rec orchestration.Record) []any {
	return append(args, rec.Table, rec.Key, text(rec.Scope), rec.Group, text(rec.Ref), rec.State, text(rec.LastError),
		sqldb.Time(rec.Due), sqldb.Time(rec.Updated), rec.Attempt, text(string(rec.Body)))
}

func (t *tx) insertNamed(ctx context.Context, recs []orchestration.Record) (fresh int, err error) {
	args := make([]any, 0, 11*len(recs))
	for _, rec := range recs {
		args = insertArgs(args, rec)
	}
	rows := strings.TrimSuffix(strings.Repeat(rowOfPlaceholders+",", len(recs)), ",")
	n, err := t.exec(ctx, insertInto+rows+" ON CONFLICT (tbl, key) DO NOTHING", args...)
	if err != nil {
		return 0, err
	}
	if n > 0 {
		for _, rec := range recs {
			t.due(rec)
		}
	}
	return int(n), nil
}

// insertNumbered inserts a record whose key is its number, which is known only
// afterwards; until then the row has a key that nobody else can have.
func (t *tx) insertNumbered(ctx context.Context, rec orchestration.Record) error {
	rec.Key = rand.Text()
	args := insertArgs(nil, rec)
	var seq int64
	query := t.s.prepare(insertInto+rowOfPlaceholders+" RETURNING seq", args)
	if err := t.q.QueryRowContext(ctx, query, args...).Scan(&seq); err != nil {
		return t.failed(err)
	}
	_, err := t.exec(ctx, "UPDATE countersign_record SET key = ? WHERE seq = ?", strconv.FormatInt(seq, 10), seq)
	if sqldb.IsUnique(err) {
		return fmt.Errorf("a record has the key %d of the next number: %w", seq, err)
	}
	t.due(rec)
	return err
}

func (t *tx) Delete(ctx context.Context, table string, keys ...string) error {
	if err := orchestration.ValidateKeys(table, keys...); err != nil {
		return err
	}
	ctx, err := t.context(ctx)
	if err != nil {
		return err
	}
	for len(keys) > 0 {
		n := min(len(keys), chunk)
		args := make([]any, 1, n+1)
		args[0] = table
		for _, key := range keys[:n] {
			args = append(args, key)
		}
		query := "DELETE FROM countersign_record WHERE tbl = ? AND key IN (" + sqldb.Placeholders(n) + ")"
		if _, err := t.exec(ctx, query, args...); err != nil {
			return fmt.Errorf("delete from %s: %w", table, err)
		}
		keys = keys[n:]
	}
	return nil
}

// text is a column that is NULL when it is empty.
func text(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
