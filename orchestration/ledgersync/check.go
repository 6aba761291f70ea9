package ledgersync

import (
	"context"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping/ledgermap"
	"github.com/countersign/countersign/orchestration"
)

// CheckReport is what the three places, CloudSign, the store and the ledger, say
// about a link's files.
type CheckReport struct {
	Link     contractone.ManagementID
	At       time.Time
	Files    int64 // that the link sees, and carries or has found
	Linked   int64 // of them in store and ledger
	Problems []Problem
	// LedgerSearched is false for a ledger that can't be searched: then an entry of
	// the link that neither CloudSign nor the store has is no problem.
	LedgerSearched bool
}

// Problem is something that the three places disagree about.
type Problem struct {
	Kind ProblemKind
	Key  contractone.Key
	// Repaired says that Repair put the file back into the queue: an active link brings
	// it forward, another one when it is active again.
	Repaired bool
}

// ProblemKind says what is wrong with a file.
type ProblemKind string

// The kinds of problems, of which a file may have more than one. Repair mends the first
// three, but a file that is lost and gone; of the others a person has to make sense.
const (
	ProblemMissing   ProblemKind = "missing"   // CloudSign has it since before the last run, the store does not
	ProblemLost      ProblemKind = "lost"      // registered by the store's account, but the ledger does not have it
	ProblemUncertain ProblemKind = "uncertain" // sent without a trustworthy answer
	ProblemGone      ProblemKind = "gone"      // the store has it, but the user does not see it in CloudSign any more
	// ProblemUnexpected: in the ledger, although the store says otherwise. A file that
	// was given up is found there when it is taken up again, see DeadLetters.
	ProblemUnexpected ProblemKind = "unexpected"
)

// Check compares CloudSign, the store and the ledger, and changes nothing. It
// reads the whole listing and looks each file up. Its error is a *LinkError.
func (f *Flow) Check(ctx context.Context, id contractone.ManagementID) (CheckReport, error) {
	return f.inspect(ctx, id, false)
}

// Repair does what Check does, and puts back into the queue what is missing, lost
// or uncertain. An uncertain file is looked up before it is sent again, and a
// ledger knows a key that it holds, so nothing is registered twice. A lost file is
// registered with what CloudSign says of it now, and the share scope that a reviewer
// chose; one that was forgotten stays lost. Its error is a *LinkError; a link that was
// removed is a countersign.ErrConflict, because its files belong to the link that finds
// them next.
func (f *Flow) Repair(ctx context.Context, id contractone.ManagementID) (CheckReport, error) {
	return f.inspect(ctx, id, true)
}

// inspection is a check at work.
type inspection struct {
	f      *Flow
	link   linkRow
	repair bool
	report CheckReport
	seen   map[contractone.Key]bool // what the user sees in CloudSign
}

func (f *Flow) inspect(ctx context.Context, id contractone.ManagementID, repair bool) (CheckReport, error) {
	link, err := f.link(ctx, id)
	if err != nil {
		return CheckReport{}, err
	}
	if repair && State(link.State) == StateRemoved {
		return CheckReport{}, &LinkError{Link: id, Err: fmt.Errorf("it was removed: repair the link that came after it: %w", countersign.ErrConflict)}
	}
	in := &inspection{f: f, link: link, repair: repair, report: CheckReport{Link: id, At: f.now()}, seen: map[contractone.Key]bool{}}
	for _, part := range []func(context.Context) error{in.source, in.store, in.ledger} {
		if err := part(ctx); err != nil {
			return CheckReport{}, &LinkError{Link: id, Err: err}
		}
	}
	return in.report, nil
}

// source goes through what the user sees.
func (in *inspection) source(ctx context.Context) error {
	client, err := in.f.client(in.link)
	if err != nil {
		return err
	}
	r, err := look(ctx, client)
	if err != nil {
		return err
	}
	for page, err := range r.pages(ctx, time.Time{}, in.report.At, 1) {
		if err != nil {
			return err
		}
		for i := range page.Items {
			if err := in.document(ctx, &page.Items[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (in *inspection) document(ctx context.Context, d *cloudsign.Document) error {
	id := contractone.ManagementID(in.link.Key)
	extras := in.link.Value.Settings.Extras
	if !linkable(d) || in.seen[keysOf(extras, d)[0]] {
		return nil
	}
	carries := in.f.judge(id, in.link.Value.Settings.Rules, d) == carried
	rows, err := in.f.rowsIn(ctx, keysOf(extras, d))
	if err != nil {
		return err
	}
	missing := false
	for _, rec := range records(extras, *d) {
		src := rec.Source()
		key := src.Key()
		in.seen[key] = true
		row, known := rows[key]
		switch {
		case known && row.Scope != in.link.Key: // another link's matter
		case known:
			in.report.Files++
			if err := in.file(ctx, row, &rec, carries); err != nil {
				return err
			}
		case carries && !processedAt(d).After(in.link.Value.Until):
			in.report.Files++
			in.problem(ProblemMissing, key, in.repair)
			missing = true
		}
	}
	if !missing || !in.repair {
		return nil
	}
	return in.f.store.Tx(ctx, func(tx orchestration.Tx) error {
		return in.f.changeLinkIn(ctx, tx, id, func(row *linkRow) error {
			_, err := in.f.insert(ctx, tx, row, []cloudsign.Document{*d}, whyRepair)
			return err
		})
	})
}

// file compares a file's row with the ledger. A lost one may be registered again when
// CloudSign has the record of it and the link carries it.
func (in *inspection) file(ctx context.Context, row fileRow, rec *ledgermap.Record, carries bool) error {
	key := contractone.Key(row.Key)
	if row.State == orchestration.StateSending || row.State == orchestration.StateUncertain {
		return nil // nobody knows; it is looked up in its time
	}
	_, found, err := in.f.ledger.Lookup(ctx, key)
	linked := registeredState(row.State)
	switch {
	case err != nil:
		return err
	case linked && found:
		if rec != nil {
			in.report.Linked++
		}
	case linked:
		repair := in.repair && carries && !row.Value.Forgotten
		in.problem(ProblemLost, key, repair)
		if repair {
			return in.requeue(ctx, row, again(*rec))
		}
	case found:
		now, err := in.f.rowsIn(ctx, []contractone.Key{key})
		if err == nil && now[key].Version == row.Version { // else it was registered at this moment
			in.problem(ProblemUnexpected, key, false)
		}
		return err
	}
	return nil
}

// again makes a lost file one that is to be registered.
func again(rec ledgermap.Record) func(*fileRow) {
	return func(row *fileRow) {
		b := &row.Value
		row.State = orchestration.StatePending
		b.Title, b.Name = rec.Document.Title, rec.File.Name
		b.Reserved = false // a ledger that lost it counts it again
		if b.Share == nil {
			// An older version did not keep what the reviewer chose: ask again.
			b.Decision = nil
		}
	}
}

// store goes through the link's rows.
func (in *inspection) store(ctx context.Context) error {
	for row, err := range in.f.files.All(ctx, in.f.store, orchestration.Query{Scope: in.link.Key}) {
		if err != nil {
			return err
		}
		key := contractone.Key(row.Key)
		if row.State == orchestration.StateUncertain {
			in.problem(ProblemUncertain, key, in.repair)
			if in.repair {
				// As sent, it is looked up first.
				if err := in.requeue(ctx, row, func(row *fileRow) { row.State = orchestration.StateSending }); err != nil {
					return err
				}
			}
		}
		if !in.seen[key] {
			in.problem(ProblemGone, key, false)
			if err := in.file(ctx, row, nil, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// ledger goes through the link's entries, where the ledger can be searched.
func (in *inspection) ledger(ctx context.Context) error {
	s, ok := in.f.ledger.(contractone.Searcher)
	if !ok || !in.f.ledger.Capabilities().Search {
		return nil
	}
	in.report.LedgerSearched = true
	for e, err := range contractone.All(ctx, s, contractone.Query{Link: contractone.ManagementID(in.link.Key), Limit: contractone.MaxPageSize}) {
		if err != nil {
			return err
		}
		if in.seen[e.Key] {
			continue
		}
		rows, err := in.f.rowsIn(ctx, []contractone.Key{e.Key})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			in.problem(ProblemUnexpected, e.Key, false)
		}
	}
	return nil
}

func (in *inspection) problem(kind ProblemKind, key contractone.Key, repaired bool) {
	in.report.Problems = append(in.report.Problems, Problem{Kind: kind, Key: key, Repaired: repaired})
}

// requeue makes a file due now, unless it changed since it was read.
func (in *inspection) requeue(ctx context.Context, read fileRow, change func(*fileRow)) error {
	f := in.f
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.files.Get(ctx, tx, read.Key)
		if err != nil || row.Version != read.Version {
			return err
		}
		change(&row)
		row.Due, row.Updated, row.Attempt = f.now(), f.now(), 0
		if err := f.files.Update(ctx, tx, &row); err != nil {
			return err
		}
		return f.journal.Append(ctx, tx, orchestration.Entry{
			At: f.now(), Who: flowName, What: "queued again", Why: whyRepair, Scope: row.Scope, Ref: row.Key,
			IDs: map[string]string{"document": row.Value.Document, "file": row.Value.File},
		})
	})
}
