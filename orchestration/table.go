package orchestration

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
)

// Table is a table of the store whose bodies are T in JSON. Its value is the
// table's name, see TableName:
//
//	files := orchestration.Table[File](orchestration.TableName("ledgersync", "", "file"))
type Table[T any] string

// Row is a record of a Table. Value stands for the record's Body, which stays
// empty.
type Row[T any] struct {
	Record
	Value T
}

// Get reads the row of a key; ErrNoRecord if there is none.
func (t Table[T]) Get(ctx context.Context, tx Tx, key string) (Row[T], error) {
	rec, err := tx.Get(ctx, string(t), key)
	if err != nil {
		return Row[T]{}, err
	}
	return t.Row(rec)
}

// Insert adds rows and tells how many are fresh; those that exist stay as they
// are. The rows' Table is set.
func (t Table[T]) Insert(ctx context.Context, tx Tx, rows ...Row[T]) (fresh int, err error) {
	recs := make([]Record, len(rows))
	for i, row := range rows {
		if recs[i], err = t.Record(row); err != nil {
			return 0, err
		}
	}
	return tx.Insert(ctx, recs...)
}

// Update writes a row back; ErrStale when it was changed since it was read. On
// success the row's Version is the new one, so it can be updated again.
func (t Table[T]) Update(ctx context.Context, tx Tx, row *Row[T]) error {
	rec, err := t.Record(*row)
	if err != nil {
		return err
	}
	if err := tx.Update(ctx, rec); err != nil {
		return err
	}
	row.Version++
	return nil
}

// List reads the rows that q selects, in Seq order. q.Table is set.
func (t Table[T]) List(ctx context.Context, tx Tx, q Query) ([]Row[T], error) {
	q.Table = string(t)
	recs, err := tx.List(ctx, q)
	if err != nil {
		return nil, err
	}
	rows := make([]Row[T], len(recs))
	for i, rec := range recs {
		if rows[i], err = t.Row(rec); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// All goes through the rows that q selects as Records does. q.Table is set.
func (t Table[T]) All(ctx context.Context, s Store, q Query) iter.Seq2[Row[T], error] {
	q.Table = string(t)
	return func(yield func(Row[T], error) bool) {
		for rec, err := range Records(ctx, s, q) {
			var row Row[T]
			if err == nil {
				row, err = t.Row(rec)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// Row reads a record's body.
func (t Table[T]) Row(rec Record) (Row[T], error) {
	row := Row[T]{Record: rec}
	row.Body = nil
	if len(rec.Body) == 0 {
		return row, nil
	}
	if err := json.Unmarshal(rec.Body, &row.Value); err != nil {
		return Row[T]{}, fmt.Errorf("read record %d of %s: %w", rec.Seq, t, err)
	}
	return row, nil
}

// Record writes a row's value into the body of its record.
func (t Table[T]) Record(row Row[T]) (Record, error) {
	rec := row.Record
	rec.Table = string(t)
	body, err := json.Marshal(row.Value)
	if err != nil {
		return Record{}, fmt.Errorf("write a record of %s: %w", t, err)
	}
	rec.Body = body
	return rec, nil
}
