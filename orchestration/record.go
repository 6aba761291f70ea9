package orchestration

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// The states that mean the same in every flow. Each flow adds its own.
const (
	StatePending   = "pending"   // to be worked on when Due has come
	StateSending   = "sending"   // a write is on its way to the target; see Outcome
	StateUncertain = "uncertain" // a write may have happened and can't be looked up: for a person
	StateDead      = "dead"      // given up; see DeadLetters
)

var (
	// ErrNoRecord says that the store has no record with this table and key.
	ErrNoRecord = errors.New("no such record")
	// ErrStale says that the record was changed since it was read; read it again.
	ErrStale = errors.New("the record was changed since it was read")
	// ErrOwned says that another engine holds the store; a store serves one local
	// engine at a time.
	ErrOwned = errors.New("another engine holds the store")
	// ErrInvalidRecord says that the record or query holds what no store keeps.
	ErrInvalidRecord = errors.New("invalid record")
)

// invalid names the field that a store can't keep. It does not quote the value.
type invalid struct{ table, field, reason string }

func (e *invalid) Error() string {
	return fmt.Sprintf("%v: %s of table %q %s", ErrInvalidRecord, e.field, e.table, e.reason)
}

func (e *invalid) Is(target error) bool { return target == ErrInvalidRecord }

// Validate reports what no store can keep, as ErrInvalidRecord: no table, a
// string that is not UTF-8 or holds a NUL (PostgreSQL keeps neither, so no
// store does), a body that is not JSON in UTF-8. In the body, NUL is written
// "\u0000" and is kept. Stores call it on Insert and Update.
func (r Record) Validate() error {
	err := checkText(r.Table, field{"Table", r.Table}, field{"Key", r.Key}, field{"Scope", r.Scope}, field{"Group", r.Group},
		field{"Ref", r.Ref}, field{"State", r.State}, field{"LastError", r.LastError})
	switch {
	case err != nil:
		return err
	case len(r.Body) > 0 && !utf8.Valid(r.Body):
		return &invalid{r.Table, "Body", "is not UTF-8"}
	case len(r.Body) > 0 && !json.Valid(r.Body):
		return &invalid{r.Table, "Body", "is not JSON"}
	}
	return nil
}

// Validate reports a query without a table or with a string that no record
// can have, as ErrInvalidRecord. Stores call it.
func (q Query) Validate() error {
	if err := checkText(q.Table, field{"Table", q.Table}, field{"Scope", q.Scope}, field{"Group", q.Group}, field{"Ref", q.Ref}); err != nil {
		return err
	}
	for _, s := range q.States {
		if err := checkText(q.Table, field{"States", s}); err != nil {
			return err
		}
	}
	return nil
}

// ValidateKeys reports a table or key that no record can have, as
// ErrInvalidRecord. Stores call it on Get and Delete.
func ValidateKeys(table string, keys ...string) error {
	if err := checkText(table); err != nil {
		return err
	}
	for _, k := range keys {
		if err := checkText(table, field{"Key", k}); err != nil {
			return err
		}
	}
	return nil
}

type field struct{ name, value string }

func checkText(table string, fields ...field) error {
	if table == "" {
		return &invalid{table, "Table", "is empty"}
	}
	for _, f := range fields {
		if strings.ContainsRune(f.value, 0) {
			return &invalid{table, f.name, "holds a NUL"}
		}
		if !utf8.ValidString(f.value) {
			return &invalid{table, f.name, "is not UTF-8"}
		}
	}
	return nil
}

// Compare orders lanes by table, then by group.
func (l Lane) Compare(other Lane) int {
	return cmp.Or(strings.Compare(l.Table, other.Table), strings.Compare(l.Group, other.Group))
}

// StoredTime is t as stores keep it: in UTC, to the microsecond. The zero time
// stays zero.
func StoredTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}

// maxErrorText bounds Record.LastError, which people read in lists.
const maxErrorText = 1000

// ErrorText is an error's text as a record's LastError can hold it: valid
// UTF-8 without NUL, at most 1,000 bytes; empty for nil.
func ErrorText(err error) string {
	if err == nil {
		return ""
	}
	s := strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "\uFFFD"), "\x00", "\uFFFD")
	if len(s) > maxErrorText {
		// A rune that the cut goes through is dropped whole.
		s = strings.ToValidUTF8(s[:maxErrorText], "")
	}
	return s
}

// TableName is the table of a flow's noun: "<flow>.<noun>" for the instance
// without a name, "<flow>:<instance>.<noun>" for a named one, so that two
// instances of a flow on one store never see each other.
func TableName(flow, instance, noun string) string {
	if instance == "" {
		return flow + "." + noun
	}
	return flow + ":" + instance + "." + noun
}

// CheckInstance reports whether name can name an instance of a flow: lower-case
// letters, digits, hyphens and underscores, at most 40. Empty is the unnamed
// instance.
func CheckInstance(name string) error {
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return fmt.Errorf("instance name %q: only a to z, 0 to 9, - and _ are possible", name)
		}
	}
	if len(name) > 40 {
		return fmt.Errorf("instance name %q is longer than 40 characters", name)
	}
	return nil
}

// pageSize is how many records the helpers of this package read or write in
// one transaction: enough that a commit costs little, few enough that others
// wait briefly and memory stays small.
const pageSize = 256

// Records goes through all records that q selects, in Seq order, page by page,
// each page in a transaction of its own; q.Limit is the size of a page, 256
// where it is zero. It yields an error once and stops. Ranging again begins
// anew.
func Records(ctx context.Context, s Store, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for page, err := range pages(ctx, s, q) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, rec := range page {
				if !yield(rec, nil) {
					return
				}
			}
		}
	}
}

func pages(ctx context.Context, s Store, q Query) iter.Seq2[[]Record, error] {
	if q.Limit <= 0 {
		q.Limit = pageSize
	}
	return func(yield func([]Record, error) bool) {
		for q := q; ; {
			var page []Record
			err := s.Tx(ctx, func(tx Tx) (err error) {
				page, err = tx.List(ctx, q)
				return err
			})
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page) > 0 && !yield(page, nil) || len(page) < q.Limit {
				return
			}
			q.AfterSeq = page[len(page)-1].Seq
		}
	}
}
