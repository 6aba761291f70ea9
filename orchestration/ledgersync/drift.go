package ledgersync

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"time"

	"github.com/countersign/countersign/contractone"
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

// DriftedFile is a linked file whose source changed, or could not be compared, as
// the last complete run found it. The store keeps digests only, so the values are not here.
type DriftedFile struct {
	Link       contractone.ManagementID
	DocumentID string
	FileID     string
	Key        contractone.Key
	Found      time.Time // when the source was first found to differ; zero: it does not
	Changes    []Drift
	Failure    string // why the last comparison failed; Changes are then of the one before
}

// Drift goes through a link's files whose source changed after linking, and those
// of which that could not be found out. An error
// is given once and ends the sequence.
func (f *Flow) Drift(ctx context.Context, id contractone.ManagementID) iter.Seq2[DriftedFile, error] {
	return func(yield func(DriftedFile, error) bool) {
		for row, err := range f.files.All(ctx, f.store, orchestration.Query{Scope: string(id), States: []string{FileLinked, FileKnown}}) {
			if err != nil {
				yield(DriftedFile{}, err)
				return
			}
			b := row.Value
			if len(b.Drift) == 0 && row.LastError == "" {
				continue
			}
			d := DriftedFile{
				Link: id, DocumentID: b.Document, FileID: b.File, Key: contractone.Key(row.Key), Found: b.DriftFound, Changes: b.Drift, Failure: row.LastError,
			}
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
