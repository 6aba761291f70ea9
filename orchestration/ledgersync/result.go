package ledgersync

import (
	"context"
	"iter"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/orchestration"
)

// Summary is how a link stands: each file that it found is in one of the groups.
type Summary struct {
	Documents int64 // found so far
	Files     int64 // found so far: Linked + Known + Waiting + Held + Discarded + Uncertain + Failed
	Linked    int64 // registered by this flow
	Known     int64 // in the ledger before this flow came to them
	Waiting   int64 // to be registered, or tried again later
	Held      int64 // held back: in the grace period, for a review, for the budget, or left out by a rule when their turn came
	Discarded int64 // kept out of the ledger by a reviewer
	Uncertain int64 // sent without a trustworthy answer and not to be looked up: for a person
	Failed    int64 // given up; see DeadLetters
}

// Summary counts a link's files.
func (f *Flow) Summary(ctx context.Context, id contractone.ManagementID) (Summary, error) {
	l, err := f.Link(ctx, id)
	return l.Counts, err
}

// countFiles counts a link's files as they are stored now.
func (f *Flow) countFiles(ctx context.Context, tx orchestration.Tx, row linkRow) (Summary, error) {
	states, err := tx.Count(ctx, orchestration.Query{Table: string(f.files), Scope: row.Key})
	s := Summary{Documents: row.Value.Seen.Documents}
	for state, n := range states {
		s.Files += n
		switch state {
		case FileLinked:
			s.Linked += n
		case FileGrace, FileReview, FileBudget, FileExcluded:
			s.Held += n
		case FileDiscarded:
			s.Discarded += n
		case FileKnown:
			s.Known += n
		case orchestration.StateDead:
			s.Failed += n
		case orchestration.StateUncertain:
			s.Uncertain += n
		default:
			s.Waiting += n
		}
	}
	return s, err
}

// FileResult is what became of one file.
type FileResult struct {
	Link       contractone.ManagementID
	DocumentID string
	FileID     string
	Key        contractone.Key
	Title      string // the document's, and
	FileName   string // the file's name in CloudSign: of a file that is not linked
	State      string
	Attempts   int
	LastError  string // why the last attempt failed, or of a linked file the last comparison; empty when none did
	Retry      time.Time
	PDF        contractone.PDF   // of a linked file
	Findings   []mapping.Finding // what a person may want to look at
	TitleFrom  string            // source field of the title, of a linked file
	Decision   *Decision         // of a file that was reviewed; nil: nobody decided
}

// Files goes through a link's files in the order in which they were found, those
// in the given states or all. An error is given once and ends the sequence.
func (f *Flow) Files(ctx context.Context, id contractone.ManagementID, states ...string) iter.Seq2[FileResult, error] {
	return func(yield func(FileResult, error) bool) {
		for row, err := range f.files.All(ctx, f.store, orchestration.Query{Scope: string(id), States: states}) {
			if err != nil {
				yield(FileResult{}, err)
				return
			}
			b := row.Value
			r := FileResult{
				Link: id, DocumentID: b.Document, FileID: b.File, Key: contractone.Key(row.Key),
				Title: b.Title, FileName: b.Name, State: row.State, Attempts: row.Attempt, LastError: row.LastError, Retry: row.Due,
				PDF: contractone.PDF{SHA256: b.SHA256, Size: b.Size}, Findings: b.Findings, TitleFrom: b.TitleFrom, Decision: b.Decision,
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Journal goes through what a link did, oldest first.
func (f *Flow) Journal(ctx context.Context, id contractone.ManagementID) iter.Seq2[orchestration.Entry, error] {
	return f.journal.Entries(ctx, f.store, string(id), "", 0)
}

// Stats counts the files of all links, and tells how long the longest has been
// due.
func (f *Flow) Stats(ctx context.Context) (orchestration.Stats, error) {
	return orchestration.StatsOf(ctx, f.store, string(f.files), f.now())
}

// Health reports whether the flow can do its work: an error says that the store
// does not answer, that a link has stopped, that its runs have failed for longer
// than maxLag after one was to be complete, or that work has been due for longer
// than that.
func (f *Flow) Health(ctx context.Context, maxLag time.Duration) error {
	for row, err := range f.links.All(ctx, f.store, orchestration.Query{}) {
		if err != nil {
			return err
		}
		if err := f.linkHealth(row, maxLag); err != nil {
			return &LinkError{Link: contractone.ManagementID(row.Key), Err: err}
		}
	}
	lag, err := orchestration.Health(ctx, f.store, f.now())
	if err == nil && lag > maxLag {
		err = lagError(lag)
	}
	return err
}

func (f *Flow) linkHealth(row linkRow, maxLag time.Duration) error {
	switch State(row.State) {
	case StateStopped:
		return stoppedError(row.LastError)
	case StateActive:
		if due := f.plannedAfter(row); row.LastError != "" && f.now().After(due.Add(maxLag)) {
			return failingError{since: due, why: row.LastError}
		}
	}
	return nil
}

// plannedAfter is when the run after the last complete one was planned: at once
// when the link was made active since, else by the schedule.
func (f *Flow) plannedAfter(row linkRow) time.Time {
	b := row.Value
	if b.LastRun.Before(b.Active) {
		return b.Active
	}
	if next := f.cfg.Schedule(b.LastRun); !next.IsZero() {
		return next
	}
	return b.LastRun // asked for, after a schedule that has ended
}

type stoppedError string

func (e stoppedError) Error() string        { return "it has stopped: " + string(e) }
func (e stoppedError) Is(target error) bool { return target == countersign.ErrUnavailable }

// failingError: the runs of a link fail.
type failingError struct {
	since time.Time
	why   string
}

func (e failingError) Error() string {
	return "its runs have failed since " + e.since.In(japan).Format("2006-01-02 15:04 MST") + ": " + e.why
}
func (e failingError) Is(target error) bool { return target == countersign.ErrUnavailable }

type lagError time.Duration

func (e lagError) Error() string {
	return "ledgersync: work has been due for " + time.Duration(e).String() + ": does the engine run?"
}
func (e lagError) Is(target error) bool { return target == countersign.ErrUnavailable }

// Forget takes what the store still holds about a document besides its ids: titles
// and file names of files that are not linked, what is held of them for a review,
// and error texts. Those files are given up for good; one that may have been sent
// is still looked up. The keys stay, so that nothing is registered twice; what is
// in the ledger is the ledger's.
func (f *Flow) Forget(ctx context.Context, documentID string) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		rows, err := f.files.List(ctx, tx, orchestration.Query{Ref: documentID})
		if err != nil {
			return err
		}
		for _, row := range rows {
			row.Value.Title, row.Value.Name, row.Value.Held, row.LastError, row.Value.Forgotten = "", "", nil, "", true
			if row.Value.Decision != nil {
				row.Value.Decision.Reason = ""
			}
			switch row.State {
			case orchestration.StatePending, FileParked, FileGrace, FileReview, FileBudget, FileExcluded:
				row.State, row.Due = orchestration.StateDead, time.Time{}
			}
			if err := f.files.Update(ctx, tx, &row); err != nil {
				return err
			}
		}
		return nil
	})
}
