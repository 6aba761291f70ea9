package orchestration

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

var errTxEnded = errors.New("the transaction has ended")

// memoryTx changes the store at once and keeps what it replaced, to put it
// back when the transaction fails.
type memoryTx struct {
	m     *Memory
	undo  []undoEntry
	lanes map[Lane]bool // lanes that got a record with a Due
	done  bool
}

type undoEntry struct {
	seq    int64
	former *Record // nil: there was none
}

func (t *memoryTx) put(seq int64, rec *Record) {
	t.undo = append(t.undo, undoEntry{seq, t.m.put(seq, rec)})
	if rec != nil && !rec.Due.IsZero() {
		t.lanes[Lane{rec.Table, rec.Group}] = true
	}
}

// rollback puts everything back, the last change first, so that a record that
// was inserted is the last of its table when its turn comes.
func (t *memoryTx) rollback() {
	for _, u := range slices.Backward(t.undo) {
		if u.former == nil {
			table := t.m.rows[u.seq].Table
			t.m.tables[table] = t.m.tables[table][:len(t.m.tables[table])-1]
		}
		t.m.put(u.seq, u.former)
	}
}

// commit forgets the numbers of deleted records, now and then, because that
// costs a walk through the table.
func (t *memoryTx) commit() {
	for _, u := range t.undo {
		if u.former == nil || t.m.rows[u.seq] != nil {
			continue
		}
		table := u.former.Table
		t.m.gone[table]++
		if gone := t.m.gone[table]; gone > pageSize && gone > len(t.m.tables[table])/2 {
			t.m.gone[table] = 0
			t.m.tables[table] = slices.DeleteFunc(t.m.tables[table], func(seq int64) bool { return t.m.rows[seq] == nil })
		}
	}
}

func (t *memoryTx) usable(ctx context.Context, err error) error {
	switch {
	case t.done:
		return errTxEnded
	case err != nil:
		return err
	default:
		return ctx.Err()
	}
}

func (t *memoryTx) Get(ctx context.Context, table, key string) (Record, error) {
	if err := t.usable(ctx, ValidateKeys(table, key)); err != nil {
		return Record{}, err
	}
	seq, ok := t.m.keys[identity{table, key}]
	if !ok {
		return Record{}, ErrNoRecord
	}
	return *stored(*t.m.rows[seq]), nil
}

func (t *memoryTx) Insert(ctx context.Context, recs ...Record) (fresh int, err error) {
	if err := t.usable(ctx, nil); err != nil {
		return 0, err
	}
	for _, rec := range recs {
		if err := rec.Validate(); err != nil {
			return fresh, err
		}
		own := rec.Key == ""
		rec.Key = keyOf(rec, t.m.seq+1)
		if _, exists := t.m.keys[identity{rec.Table, rec.Key}]; exists {
			if own {
				return fresh, fmt.Errorf("insert into %s: a record has the key %s of the next number", rec.Table, rec.Key)
			}
			continue
		}
		t.m.seq++
		rec.Seq, rec.Version = t.m.seq, 1
		t.put(rec.Seq, stored(rec))
		t.m.tables[rec.Table] = append(t.m.tables[rec.Table], rec.Seq)
		fresh++
	}
	return fresh, nil
}

func (t *memoryTx) Update(ctx context.Context, rec Record) error {
	if err := t.usable(ctx, rec.Validate()); err != nil {
		return err
	}
	seq, ok := t.m.keys[identity{rec.Table, rec.Key}]
	if !ok {
		return ErrNoRecord
	}
	if t.m.rows[seq].Version != rec.Version {
		return ErrStale
	}
	rec.Seq = seq
	rec.Version++
	t.put(seq, stored(rec))
	return nil
}

func (t *memoryTx) Delete(ctx context.Context, table string, keys ...string) error {
	if err := t.usable(ctx, ValidateKeys(table, keys...)); err != nil {
		return err
	}
	for _, key := range keys {
		if seq, ok := t.m.keys[identity{table, key}]; ok {
			t.put(seq, nil)
		}
	}
	return nil
}

func (t *memoryTx) List(ctx context.Context, q Query) ([]Record, error) {
	if err := t.usable(ctx, q.Validate()); err != nil {
		return nil, err
	}
	var out []Record
	t.each(q, func(rec *Record) bool {
		out = append(out, *stored(*rec))
		return q.Limit <= 0 || len(out) < q.Limit
	})
	return out, nil
}

func (t *memoryTx) Count(ctx context.Context, q Query) (map[string]int64, error) {
	if err := t.usable(ctx, q.Validate()); err != nil {
		return nil, err
	}
	out := map[string]int64{}
	t.each(q, func(rec *Record) bool {
		out[rec.State]++
		return true
	})
	return out, nil
}

// each calls f with the records that q selects, in Seq order, until f returns
// false.
func (t *memoryTx) each(q Query, f func(*Record) bool) {
	q.DueBy, q.UpdatedBefore = StoredTime(q.DueBy), StoredTime(q.UpdatedBefore)
	seqs := t.m.tables[q.Table]
	if q.Group != "" && !q.DueBy.IsZero() {
		seqs = t.m.dueBy(Lane{q.Table, q.Group}, q.DueBy)
	}
	from, found := slices.BinarySearch(seqs, q.AfterSeq)
	if found {
		from++
	}
	for _, seq := range seqs[from:] {
		if rec := t.m.rows[seq]; rec != nil && q.selects(rec) && !f(rec) {
			return
		}
	}
}

func (q Query) selects(rec *Record) bool {
	return (q.Scope == "" || q.Scope == rec.Scope) && (q.Group == "" || q.Group == rec.Group) && (q.Ref == "" || q.Ref == rec.Ref) &&
		(len(q.States) == 0 || slices.Contains(q.States, rec.State)) &&
		(q.DueBy.IsZero() || !rec.Due.IsZero() && !rec.Due.After(q.DueBy)) &&
		(q.UpdatedBefore.IsZero() || !rec.Updated.IsZero() && rec.Updated.Before(q.UpdatedBefore))
}
