package ledgersync

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// Overlap is a file that a link sees and that another link found first. It is
// registered once, with the settings of the link that holds it.
type Overlap struct {
	Key    contractone.Key
	HeldBy contractone.ManagementID
}

// Overlaps goes through the files that a link sees and another one holds, in the
// order in which that was noticed. An error is given once and ends the sequence.
func (f *Flow) Overlaps(ctx context.Context, id contractone.ManagementID) iter.Seq2[Overlap, error] {
	return func(yield func(Overlap, error) bool) {
		for row, err := range f.overlaps.All(ctx, f.store, orchestration.Query{Scope: string(id)}) {
			if !yield(Overlap{Key: row.Value.Key, HeldBy: contractone.ManagementID(row.Ref)}, err) || err != nil {
				return
			}
		}
	}
}

// overlapBody is what the store keeps of an overlap, in a table of its own:
// several links may see the same file, whose row belongs to one lane.
type overlapBody struct {
	Key contractone.Key `json:"key"`
}

// meet notes which of these files another link holds, each once.
func (f *Flow) meet(ctx context.Context, tx orchestration.Tx, link *linkRow, rows []fileRow) error {
	for _, row := range rows {
		holder, err := f.other(ctx, tx, contractone.ManagementID(link.Key), row.Key)
		if err != nil {
			return err
		}
		if holder == "" {
			continue
		}
		fresh, err := f.overlaps.Insert(ctx, tx, orchestration.Row[overlapBody]{
			Record: orchestration.Record{Key: link.Key + "/" + row.Key, Scope: link.Key, Ref: holder, State: "seen", Updated: f.now()},
			Value:  overlapBody{Key: contractone.Key(row.Key)},
		})
		if err != nil {
			return err
		}
		link.Value.Overlap += int64(fresh)
	}
	return nil
}

// other is the other link that holds a file, "" when none does or it was removed.
func (f *Flow) other(ctx context.Context, tx orchestration.Tx, id contractone.ManagementID, key string) (string, error) {
	row, err := f.files.Get(ctx, tx, key)
	if errors.Is(err, orchestration.ErrNoRecord) {
		return "", nil
	}
	if err != nil || row.Scope == string(id) {
		return "", err
	}
	link, err := f.linkIn(ctx, tx, contractone.ManagementID(row.Scope))
	if err != nil || State(link.State) == StateRemoved {
		return "", err
	}
	return row.Scope, nil
}

// standing is how the files of a document stand before a link carries them.
type standing struct {
	linked    int64 // in the ledger
	other     int64 // held by another link, in the ledger or not
	elsewhere int64 // held by another link, and not in the ledger
	open      int64 // to be registered by this link
}

// stand finds out for the documents of a page. The ledger is asked for what is in
// it, not the store: another program, or this one with a store that was lost
// since, may have registered it.
func (f *Flow) stand(ctx context.Context, id contractone.ManagementID, set Settings, docs []*cloudsign.Document) ([]standing, error) {
	var keys []contractone.Key
	for _, d := range docs {
		keys = append(keys, keysOf(set.Extras, d)...)
	}
	linked, err := f.lookUp(ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []standing
	err = f.store.Tx(ctx, func(tx orchestration.Tx) error {
		out = make([]standing, len(docs))
		for i, d := range docs {
			for _, key := range keysOf(set.Extras, d) {
				if err := f.standFile(ctx, tx, id, set, key, linked[key], &out[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, err
}

// lookUp asks the ledger which of the keys it holds, for as many at a time as files
// are registered side by side. Its error is the first key's that could not be looked
// up.
func (f *Flow) lookUp(ctx context.Context, keys []contractone.Key) (map[contractone.Key]bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found, errs := make([]bool, len(keys)), make([]error, len(keys))
	places := make(chan int)
	var workers sync.WaitGroup
	for range min(f.cfg.Lanes, len(keys)) {
		workers.Go(func() {
			for i := range places {
				if _, found[i], errs[i] = f.ledger.Lookup(ctx, keys[i]); errs[i] != nil {
					cancel()
				}
			}
		})
	}
	for i := range keys {
		places <- i
	}
	close(places)
	workers.Wait()
	held := map[contractone.Key]bool{}
	for i, key := range keys {
		held[key] = found[i]
	}
	return held, firstCause(errs)
}

// firstCause is the first error that is not the end of a context, if there is one:
// one failure ends the context of the others.
func firstCause(errs []error) (first error) {
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		first = cmp.Or(first, err)
	}
	return first
}

func (f *Flow) standFile(ctx context.Context, tx orchestration.Tx, id contractone.ManagementID, set Settings, key contractone.Key, linked bool, s *standing) error {
	holder, err := f.other(ctx, tx, id, string(key))
	if err != nil {
		return err
	}
	other := holder != ""
	if other {
		s.other++
	}
	if linked {
		s.linked++
		return nil
	}
	row, err := f.files.Get(ctx, tx, string(key))
	if errors.Is(err, orchestration.ErrNoRecord) {
		s.open++
		return nil
	}
	if err != nil {
		return err
	}
	takes := !other
	if other {
		if takes, err = f.takes(ctx, tx, set, row, string(id)); err != nil {
			return err
		}
	}
	switch {
	case row.State == FileDiscarded:
	case takes:
		s.open++
	default:
		s.elsewhere++
	}
	return nil
}
