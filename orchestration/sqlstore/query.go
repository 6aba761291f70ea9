package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/internal/sqldb"
	"github.com/countersign/countersign/orchestration"
)

const columns = "tbl, key, scope, grp, ref, state, last_error, due, updated, attempt, body, seq, version"

func scan(rows *sql.Rows) (rec orchestration.Record, err error) {
	var scope, ref, lastError sql.NullString
	var body []byte
	err = rows.Scan(&rec.Table, &rec.Key, &scope, &rec.Group, &ref, &rec.State, &lastError,
		(*sqldb.Time)(&rec.Due), (*sqldb.Time)(&rec.Updated), &rec.Attempt, &body, &rec.Seq, &rec.Version)
	rec.Scope, rec.Ref, rec.LastError, rec.Body = scope.String, ref.String, lastError.String, json.RawMessage(body)
	return rec, err
}

// from names the table and, for SQLite, the index: without statistics its
// planner guesses, and a wrong guess reads a million rows. PostgreSQL has
// statistics and no such clause.
func (s *Store) from(index string) string { return s.fromAs("", index) }

func (s *Store) fromAs(alias, index string) string {
	from := " FROM countersign_record" + alias
	if s.dialect == SQLite {
		from += " INDEXED BY countersign_record_" + index
	}
	return from
}

// index is the index that fits a query best and gives its rows in Seq order.
func index(q orchestration.Query) string {
	switch {
	case q.Ref != "":
		return "ref"
	case q.Group != "" && !q.DueBy.IsZero():
		return "due_lane"
	case !q.DueBy.IsZero():
		return "due_seq"
	case q.Group != "":
		return "group"
	case q.Scope != "":
		return "scope"
	case len(q.States) > 0:
		return "state"
	default:
		return "seq"
	}
}

// list is the query for the records that q selects.
func (s *Store) list(q orchestration.Query) (query string, args []any) {
	idx := index(q)
	if idx != "state" || len(q.States) == 1 {
		where, args := conditions(q)
		return "SELECT " + columns + s.from(idx) + where + " ORDER BY seq" + limit(q), args
	}
	// The index gives the rows of one state in order: each state by itself, at
	// most as many as are wanted, and then merged.
	var parts []string
	for _, state := range slices.Compact(slices.Sorted(slices.Values(q.States))) {
		one := q
		one.States = []string{state}
		where, a := conditions(one)
		args = append(args, a...)
		parts = append(parts, "SELECT * FROM (SELECT "+columns+s.from(idx)+where+" ORDER BY seq"+limit(q)+") AS part"+strconv.Itoa(len(parts)))
	}
	return strings.Join(parts, " UNION ALL ") + " ORDER BY seq" + limit(q), args
}

// limit is written as a number, not as an argument, so that the planner sees it.
func limit(q orchestration.Query) string {
	if q.Limit <= 0 {
		return ""
	}
	return " LIMIT " + strconv.Itoa(q.Limit)
}

func (s *Store) countQuery(q orchestration.Query) (query string, args []any) {
	idx := index(q)
	if idx == "seq" && q.UpdatedBefore.IsZero() {
		idx = "state" // it holds all that is asked for
	}
	where, args := conditions(q)
	return "SELECT state, count(*)" + s.from(idx) + where + " GROUP BY state", args
}

func conditions(q orchestration.Query) (where string, args []any) {
	var b strings.Builder
	and := func(cond string, a ...any) {
		if b.Len() == 0 {
			b.WriteString(" WHERE ")
		} else {
			b.WriteString(" AND ")
		}
		b.WriteString(cond)
		args = append(args, a...)
	}
	and("tbl = ?", q.Table)
	for _, c := range []struct{ cond, value string }{{"scope = ?", q.Scope}, {"grp = ?", q.Group}, {"ref = ?", q.Ref}} {
		if c.value != "" {
			and(c.cond, c.value)
		}
	}
	switch len(q.States) {
	case 0:
	case 1:
		and("state = ?", q.States[0])
	default:
		states := make([]any, len(q.States))
		for i, state := range q.States {
			states[i] = state
		}
		and("state IN ("+sqldb.Placeholders(len(states))+")", states...)
	}
	if !q.DueBy.IsZero() {
		and("due IS NOT NULL AND due <= ?", sqldb.Time(q.DueBy))
	}
	if !q.UpdatedBefore.IsZero() {
		and("updated < ?", sqldb.Time(q.UpdatedBefore))
	}
	and("seq > ?", q.AfterSeq)
	return b.String(), args
}

// dueHead is how many due records Due reads before it goes from lane to lane.
const dueHead = 64

// Due lists the lanes with a record due by then. The lane of the record that is
// due longest comes first, so that none waits for ever. It fails with ErrOwned
// when an engine of this store has lost its hold to another one.
func (s *Store) Due(ctx context.Context, by time.Time, limit int) ([]orchestration.Lane, time.Time, error) {
	if s.closed.Load() {
		return nil, time.Time{}, ErrClosed
	}
	if err := s.keepHolds(ctx); err != nil {
		return nil, time.Time{}, err
	}
	micros := int64(math.MinInt64)
	if !by.IsZero() {
		micros = by.UnixMicro()
	}
	lanes, err := s.dueLanes(ctx, micros, limit)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("list due lanes: %w", err)
	}
	var next time.Time
	query := "SELECT min(due)" + s.from("due") + " WHERE due IS NOT NULL AND due > ?"
	if err := s.db.QueryRowContext(ctx, s.prepare(query, []any{micros}), micros).Scan((*sqldb.Time)(&next)); err != nil {
		return nil, time.Time{}, fmt.Errorf("look for the next due record: %w", err)
	}
	return lanes, next, nil
}

// dueLanes reads the records that are due longest. Mostly these are all, and
// their lanes the answer. Else one lane may have thousands of records before
// the first of another, so the index of lanes is walked from lane to lane.
func (s *Store) dueLanes(ctx context.Context, by int64, limit int) ([]orchestration.Lane, error) {
	if limit <= 0 {
		return nil, nil
	}
	var lanes []orchestration.Lane
	known := map[orchestration.Lane]bool{}
	read := func(query string, args ...any) (n int, err error) {
		rows, err := s.db.QueryContext(ctx, s.prepare(query, args), args...)
		if err != nil {
			return 0, err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for ; rows.Next(); n++ {
			var lane orchestration.Lane
			if err := rows.Scan(&lane.Table, &lane.Group); err != nil {
				return n, err
			}
			if !known[lane] && len(lanes) < limit {
				known[lane] = true
				lanes = append(lanes, lane)
			}
		}
		return n, rows.Err()
	}
	n, err := read("SELECT tbl, grp"+s.from("due")+" WHERE due IS NOT NULL AND due <= ? ORDER BY due LIMIT "+strconv.Itoa(dueHead), by)
	if err != nil || n < dueHead || len(lanes) == limit {
		return lanes, err
	}
	lane := s.from("due_lane")
	_, err = read(`WITH RECURSIVE lane (tbl, grp) AS (
		SELECT * FROM (SELECT tbl, grp`+lane+` WHERE due IS NOT NULL AND tbl > '' ORDER BY tbl, grp LIMIT 1) AS first
		UNION ALL
		SELECT r.tbl, r.grp FROM lane l JOIN countersign_record r ON r.seq = coalesce(
			(SELECT seq`+lane+` WHERE due IS NOT NULL AND tbl = l.tbl AND grp > l.grp ORDER BY tbl, grp, seq LIMIT 1),
			(SELECT seq`+lane+` WHERE due IS NOT NULL AND tbl > l.tbl ORDER BY tbl, grp, seq LIMIT 1)))
		SELECT tbl, grp FROM lane WHERE EXISTS (
			SELECT 1`+s.fromAs(" AS d", "due_lane")+` WHERE d.tbl = lane.tbl AND d.grp = lane.grp AND due IS NOT NULL AND due <= ?)
		LIMIT `+strconv.Itoa(limit+len(lanes)), by)
	return lanes, err
}
