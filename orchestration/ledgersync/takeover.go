package ledgersync

import (
	"context"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// takeOver moves those of the rows to their new link that wait under another one
// which is not active, and takes up what was left out. It counts what is new to the
// link.
func (f *Flow) takeOver(ctx context.Context, tx orchestration.Tx, link *linkRow, rows []fileRow) (taken int, err error) {
	for _, row := range rows {
		known, err := f.files.Get(ctx, tx, row.Key)
		if err != nil {
			return 0, err
		}
		if adopted, err := f.adopt(ctx, tx, known, row); err != nil {
			return 0, err
		} else if adopted {
			taken++
			continue
		}
		if takes, err := f.takes(ctx, tx, link.Value.Settings, known, row.Scope); err != nil {
			return 0, err
		} else if !takes {
			continue
		}
		row.Version = known.Version
		// What a reviewer restricted stays so, and each link has a budget of its own.
		row.Value.Share = known.Value.Share
		if known.Scope == row.Scope {
			row.Value.Reserved = known.Value.Reserved
		} else {
			taken++
		}
		if err := f.files.Update(ctx, tx, &row); err != nil {
			return 0, err
		}
	}
	return taken, nil
}

// adopt gives a file that is or may be registered, or that a reviewer discarded, to
// the link that finds it when its own was removed: Check, Repair and Drift are of
// links, and somebody has to look after it.
func (f *Flow) adopt(ctx context.Context, tx orchestration.Tx, known, row fileRow) (bool, error) {
	outlives := registeredState(known.State) || known.State == FileDiscarded || known.State == orchestration.StateUncertain
	if known.Scope == row.Scope || !outlives {
		return false, nil
	}
	from, err := f.linkIn(ctx, tx, contractone.ManagementID(known.Scope))
	if err != nil || State(from.State) != StateRemoved {
		return false, err
	}
	known.Scope, known.Group = row.Scope, row.Group
	if err := f.files.Update(ctx, tx, &known); err != nil {
		return false, err
	}
	return true, f.journal.Append(ctx, tx, orchestration.Entry{
		At: f.now(), Who: flowName, What: "taken over from a removed link", Why: from.Key, Scope: known.Scope, Ref: known.Key,
		IDs: map[string]string{"document": known.Value.Document, "file": known.Value.File},
	})
}

// takes reports whether a link with these settings takes a file over: one that
// waits under another link which is not active. What a person has decided about a
// file, or would have to decide, another link does not undo.
func (f *Flow) takes(ctx context.Context, tx orchestration.Tx, to Settings, known fileRow, id string) (bool, error) {
	if known.State == FileExcluded {
		return true, nil // nobody's, until a link carries it
	}
	if known.Scope == id || !waits(known.State) || known.Value.Decision != nil || known.Value.Share != nil {
		return false, nil
	}
	from, err := f.linkIn(ctx, tx, contractone.ManagementID(known.Scope))
	if err != nil || State(from.State) == StateActive {
		return false, err
	}
	return to.Mode == contractone.ModeReview || from.Value.Settings.Mode != contractone.ModeReview, nil
}

// waits reports the states of files that nobody has to decide about.
func waits(state string) bool {
	return state == orchestration.StatePending || state == FileParked || state == FileGrace || state == FileBudget
}
