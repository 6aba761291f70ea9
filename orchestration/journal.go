package orchestration

import (
	"context"
	"iter"
	"time"
)

// Entry is one line of a Journal: who did what, why, to which things. It holds
// ids and hashes, no names, addresses or contents, so that it may be kept when
// personal data must go.
type Entry struct {
	At     time.Time         `json:"at"`
	Who    string            `json:"who"`              // "ledgersync", or the id of a person
	What   string            `json:"what"`             // "registered", in the flow's own terms
	Why    string            `json:"why,omitzero"`     // "daily difference"
	Scope  string            `json:"-"`                // link, tenant or account; Record.Scope
	Ref    string            `json:"-"`                // the id that entries are looked up by; Record.Ref
	IDs    map[string]string `json:"ids,omitempty"`    // "document": "d1", "file": "f2"
	Hashes map[string]string `json:"hashes,omitempty"` // "sha256": "…"
	Seq    int64             `json:"-"`                // its place, set by the store
}

// Journal is an append-only table of entries; its value is the table's name.
type Journal string

// stateLogged is the state of a journal's records: they have no other.
const stateLogged = "logged"

// Purge deletes the entries from before a time and tells how many.
func (j Journal) Purge(ctx context.Context, s Store, before time.Time) (int, error) {
	return Purge(ctx, s, string(j), before, stateLogged)
}

// Append adds entries in the transaction of what they tell about.
func (j Journal) Append(ctx context.Context, tx Tx, entries ...Entry) error {
	rows := make([]Row[Entry], len(entries))
	for i, e := range entries {
		rows[i] = Row[Entry]{Record: Record{Scope: e.Scope, Ref: e.Ref, State: stateLogged, Updated: e.At}, Value: e}
	}
	_, err := Table[Entry](j).Insert(ctx, tx, rows...)
	return err
}

// Entries goes through the entries after a place, oldest first. A scope or ref
// that is not empty selects those that have it.
func (j Journal) Entries(ctx context.Context, s Store, scope, ref string, after int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for row, err := range Table[Entry](j).All(ctx, s, Query{Scope: scope, Ref: ref, AfterSeq: after}) {
			e := row.Value
			e.Scope, e.Ref, e.Seq = row.Scope, row.Ref, row.Seq
			if !yield(e, err) {
				return
			}
		}
	}
}
