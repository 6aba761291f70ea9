package ledgersync

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping/ledgermap"
	"github.com/countersign/countersign/orchestration"
)

// comparePatience is how often a complete run begins again at its page because of
// a failure that may pass, before it leaves the document alone: half a minute by
// the engine's usual pauses.
const comparePatience = 5

// compare looks for changes of the linked files of a page of a complete run. Each
// document is a call, so that its turn may be over before the page is done.
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
			return !registeredState(row.State) || row.Scope != link.Key || row.Value.Digests == nil || !row.Updated.Before(w.To) || row.Value.Compared.Equal(w.To)
		})
		if len(rows) == 0 {
			continue
		}
		if err := f.compareDocument(ctx, client, link, w, d, rows); err != nil {
			return err
		}
		if orchestration.TurnOver(ctx) {
			return orchestration.ErrTurnOver
		}
	}
	return nil
}

func (f *Flow) compareDocument(ctx context.Context, client *cloudsign.Client, link linkRow, w window, d *cloudsign.Document, rows map[contractone.Key]fileRow) error {
	attr, found, failure := client.Attributes.Get(ctx, d.ID)
	if errors.Is(failure, countersign.ErrForbidden) && !stopsLink(failure) {
		return f.compared(ctx, w, rows) // this document is not the user's any more
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
		cause, err := failure, error(nil)
		if cause == nil {
			cause, err = f.compareFile(ctx, link.Value.Settings, row, rec)
		}
		if cause != nil {
			err = f.passOver(ctx, link, row, named(row, cause))
		}
		if err != nil {
			return err
		}
	}
	return f.compared(ctx, w, rows)
}

// compared notes that a run is done with the files of a document.
func (f *Flow) compared(ctx context.Context, w window, rows map[contractone.Key]fileRow) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		for key := range rows {
			row, err := f.files.Get(ctx, tx, string(key))
			if err != nil {
				return err
			}
			row.Value.Compared = w.To
			if err := f.files.Update(ctx, tx, &row); err != nil {
				return err
			}
		}
		return nil
	})
}

// passOver keeps with a file why it could not be compared, and the run goes on: it
// also brings what is new, which must not wait for one old file. The failure comes
// back when it concerns the whole link or may pass.
func (f *Flow) passOver(ctx context.Context, link linkRow, row fileRow, failure error) error {
	passes := errors.Is(failure, countersign.ErrUnavailable) || errors.Is(failure, countersign.ErrRateLimited)
	if ctx.Err() != nil || stopsLink(failure) || passes && link.Attempt < comparePatience {
		return failure
	}
	f.cfg.Logger.WarnContext(ctx, "file can't be compared", "link", row.Scope, "document", row.Value.Document, "file", row.Value.File, "error", failure)
	return f.changeFile(ctx, row, "could not be compared", func(row *fileRow) { row.LastError = orchestration.ErrorText(failure) })
}

// changeFile changes a file that is registered, and writes the journal's line.
// What is not said is not written.
func (f *Flow) changeFile(ctx context.Context, row fileRow, what string, change func(*fileRow)) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.files.Get(ctx, tx, row.Key)
		if err != nil || !registeredState(row.State) {
			return err
		}
		change(&row)
		if err := f.files.Update(ctx, tx, &row); err != nil || what == "" {
			return err
		}
		return f.journal.Append(ctx, tx, orchestration.Entry{
			At: f.now(), Who: flowName, What: what, Why: whyFull, Scope: row.Scope, Ref: row.Key,
			IDs: map[string]string{"document": row.Value.Document, "file": row.Value.File},
		})
	})
}

// registeredState reports the states of files that are in the ledger.
func registeredState(state string) bool { return state == FileLinked || state == FileKnown }

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

// compareFile compares one file. The failure is the ledger's, the error the
// store's.
func (f *Flow) compareFile(ctx context.Context, set Settings, row fileRow, rec ledgermap.Record) (failure, err error) {
	now := f.carry(set, rec)
	linked, digests := maps.Clone(row.Value.Digests), now.digests(row.Key)
	drift, what := driftOf(linked, digests), ""
	if set.Late == LateFill {
		items, err := f.fill(ctx, row, now, drift)
		if err != nil {
			return err, nil
		}
		for _, item := range items {
			linked[item], what = digests[item], "late items filled"
		}
		drift = driftOf(linked, digests)
	}
	if what == "" && !slices.Equal(drift, row.Value.Drift) {
		what = "source changed"
	}
	if what == "" && row.LastError == "" {
		return nil, nil
	}
	return nil, f.changeFile(ctx, row, what, func(row *fileRow) {
		b := &row.Value
		switch {
		case len(drift) == 0:
			b.DriftFound = time.Time{}
		case len(b.Drift) == 0:
			b.DriftFound = f.now()
		}
		b.Digests, b.Drift, row.LastError = linked, drift, ""
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
