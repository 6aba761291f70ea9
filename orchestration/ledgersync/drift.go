package ledgersync

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping/ledgermap"
	"github.com/countersign/countersign/orchestration"
)

// LatePolicy says what a complete run does with items that people entered or
// changed in CloudSign after linking. No policy overwrites anything: what was
// linked stays as it was, as the vendor has it.
type LatePolicy string

// The policies. Reading what changed costs one call for each linked document in
// each complete run.
const (
	LateReport LatePolicy = "report" // Drift tells; the zero LatePolicy means this
	// LateFill also fills what is empty in the ledger, with the authority of
	// digitised values, the weakest: what a user typed or cleared stays. The
	// ledger has to be a contractone.Digitiser.
	LateFill   LatePolicy = "fill"
	LateIgnore LatePolicy = "ignore" // nothing is compared, as the vendor
)

// ChangeKind says how an item of the source differs from what was linked.
type ChangeKind string

// The kinds of changes.
const (
	ItemAdded   ChangeKind = "added"
	ItemChanged ChangeKind = "changed"
	ItemRemoved ChangeKind = "removed"
)

// Drift is an item that CloudSign has otherwise than it was linked.
type Drift struct {
	Item string     `json:"item"` // a contractone.ItemKey, or "extension:<name>"
	Kind ChangeKind `json:"kind"`
}

// DriftedFile is a linked file whose source changed, as the last complete run
// found it. The store keeps digests only, so the values are not here.
type DriftedFile struct {
	Link       contractone.ManagementID
	DocumentID string
	FileID     string
	Key        contractone.Key
	Found      time.Time // when this was found first
	Changes    []Drift
}

// Drift goes through a link's files whose source changed after linking. An error
// is given once and ends the sequence.
func (f *Flow) Drift(ctx context.Context, id contractone.ManagementID) iter.Seq2[DriftedFile, error] {
	return func(yield func(DriftedFile, error) bool) {
		for row, err := range f.files.All(ctx, f.store, orchestration.Query{Scope: string(id), States: []string{FileLinked, FileKnown}}) {
			if err != nil {
				yield(DriftedFile{}, err)
				return
			}
			b := row.Value
			if len(b.Drift) == 0 {
				continue
			}
			d := DriftedFile{Link: id, DocumentID: b.Document, FileID: b.File, Key: contractone.Key(row.Key), Found: b.DriftFound, Changes: b.Drift}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// digests stand for the values that were linked, so that a later change is seen
// without keeping the values. An item without a value has none.
func (m mapped) digests(key string) map[string]string {
	out := map[string]string{}
	put := func(item, text string) {
		if text != "" {
			sum := sha256.Sum256([]byte(key + "\x00" + item + "\x00" + text))
			out[item] = hex.EncodeToString(sum[:8])
		}
	}
	for _, it := range contractone.Catalogue() {
		put(string(it.Key), it.Text(m.Items))
	}
	for name, text := range m.Extensions {
		put("extension:"+name, text)
	}
	return out
}

// driftOf lists the items that differ, in the order of their names.
func driftOf(linked, now map[string]string) (out []Drift) {
	for item, digest := range now {
		switch linked[item] {
		case digest:
		case "":
			out = append(out, Drift{item, ItemAdded})
		default:
			out = append(out, Drift{item, ItemChanged})
		}
	}
	for item := range linked {
		if now[item] == "" {
			out = append(out, Drift{item, ItemRemoved})
		}
	}
	slices.SortFunc(out, func(a, b Drift) int { return cmp.Compare(a.Item, b.Item) })
	return out
}

// compare looks for changes of the linked files of a page of a complete run.
func (f *Flow) compare(ctx context.Context, client *cloudsign.Client, link linkRow, w window, docs []cloudsign.Document) error {
	if !w.Full || link.Value.Until.IsZero() || link.Value.Settings.Late == LateIgnore {
		return nil
	}
	for i := range docs {
		d := &docs[i]
		rows, err := f.rowsIn(ctx, keysOf(Extras{}, d))
		if err != nil {
			return err
		}
		maps.DeleteFunc(rows, func(_ contractone.Key, row fileRow) bool {
			return row.State != FileLinked && row.State != FileKnown || row.Scope != link.Key || row.Value.Digests == nil || !row.Updated.Before(w.To)
		})
		if len(rows) == 0 {
			continue
		}
		attr, found, err := client.Attributes.Get(ctx, d.ID)
		if errors.Is(err, countersign.ErrForbidden) && !stopsLink(err) {
			continue // this document is not the user's any more
		}
		if err != nil {
			return err
		}
		if !found {
			attr = nil
		}
		for _, rec := range ledgermap.Records(*d, attr) {
			src := rec.Source()
			row, ok := rows[src.Key()]
			if !ok {
				continue
			}
			if err := f.compareFile(ctx, link.Value.Settings, row, rec); err != nil {
				return named(row, err)
			}
		}
	}
	return nil
}

// rowsIn are the rows of keys, without those that the store does not have.
func (f *Flow) rowsIn(ctx context.Context, keys []contractone.Key) (rows map[contractone.Key]fileRow, err error) {
	err = f.store.Tx(ctx, func(tx orchestration.Tx) error {
		rows = map[contractone.Key]fileRow{}
		for _, key := range keys {
			row, err := f.files.Get(ctx, tx, string(key))
			switch {
			case errors.Is(err, orchestration.ErrNoRecord):
			case err != nil:
				return err
			default:
				rows[key] = row
			}
		}
		return nil
	})
	return rows, err
}

func (f *Flow) compareFile(ctx context.Context, set Settings, row fileRow, rec ledgermap.Record) error {
	now := f.carry(set, rec)
	linked, digests := maps.Clone(row.Value.Digests), now.digests(row.Key)
	drift := driftOf(linked, digests)
	filled := false
	if set.Late == LateFill {
		items, err := f.fill(ctx, row, now, drift)
		if err != nil {
			return err
		}
		for _, item := range items {
			linked[item], filled = digests[item], true
		}
		drift = driftOf(linked, digests)
	}
	if slices.Equal(drift, row.Value.Drift) && !filled {
		return nil
	}
	what := "source changed"
	if filled {
		what = "late items filled"
	}
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.files.Get(ctx, tx, row.Key)
		if err != nil {
			return err
		}
		b := &row.Value
		b.Digests, b.Drift, b.DriftFound = linked, drift, f.now()
		if len(drift) == 0 {
			b.DriftFound = time.Time{}
		}
		if err := f.files.Update(ctx, tx, &row); err != nil {
			return err
		}
		return f.journal.Append(ctx, tx, orchestration.Entry{
			At: f.now(), Who: flowName, What: what, Why: whyFull, Scope: row.Scope, Ref: row.Key,
			IDs: map[string]string{"document": b.Document, "file": b.File},
		})
	})
}

// fill gives the ledger what was entered late, and tells which items it took. The
// ledger fills only what is empty, in one step.
func (f *Flow) fill(ctx context.Context, row fileRow, now mapped, drift []Drift) (taken []string, err error) {
	var late contractone.Items
	for _, d := range drift {
		if it, ok := contractone.FindItem(contractone.ItemKey(d.Item)); ok && d.Kind == ItemAdded {
			it.Copy(&late, now.Items)
			taken = append(taken, d.Item)
		}
	}
	digitiser, ok := f.ledger.(contractone.Digitiser)
	if len(taken) == 0 || !ok {
		return nil, nil
	}
	e, err := digitiser.Digitise(ctx, contractone.Key(row.Key), late)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(taken, func(item string) bool {
		it, _ := contractone.FindItem(contractone.ItemKey(item))
		return it.Text(e.Items) != it.Text(late)
	}), nil
}
