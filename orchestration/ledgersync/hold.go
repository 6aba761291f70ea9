package ledgersync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// holds reports whether a file has to be reviewed before it may be registered.
func holds(s Settings, b fileBody) bool { return s.Mode == contractone.ModeReview && b.Decision == nil }

// hold writes down what reviewers will see.
func (f *Flow) hold(rec *orchestration.Record, s Settings, m mapped) error {
	row, err := f.files.Row(*rec)
	if err != nil {
		return err
	}
	row.Value.Held = &held{mapped: m, Share: s.Share, Since: f.now()}
	if row.Value.Share != nil { // a review before this one ended without a decision
		row.Value.Held.Share = *row.Value.Share
	}
	next, err := f.files.Record(row)
	if err != nil {
		return err
	}
	rec.State, rec.Body, rec.Attempt = FileReview, next.Body, 0
	if s.ReviewDays > 0 {
		rec.Due = f.now().AddDate(0, 0, s.ReviewDays)
	}
	return nil
}

// errExpired: nobody decided in time.
var errExpired = fmt.Errorf("nobody reviewed it in time; taking it up again puts it back into the review: %w", countersign.ErrConflict)

// expire gives up the files whose review has come to its end, and tells them from
// the others. They are dead letters, because a contract must not vanish silently.
// With them go those of the link's other lanes, so that people are told once.
func (f *Flow) expire(ctx context.Context, tx orchestration.Tx, due []fileRow) (others, expired []fileRow, err error) {
	for _, row := range due {
		if row.State == FileReview {
			expired = append(expired, row)
		} else {
			others = append(others, row)
		}
	}
	if len(expired) == 0 {
		return due, nil, nil
	}
	rows, err := f.files.List(ctx, tx, orchestration.Query{Scope: due[0].Scope, States: []string{FileReview}, DueBy: f.now(), Limit: pageSize})
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		if !slices.ContainsFunc(expired, func(own fileRow) bool { return own.Key == row.Key }) {
			expired = append(expired, row)
		}
	}
	for i := range expired {
		if err := f.giveUp(ctx, tx, &expired[i]); err != nil {
			return nil, nil, err
		}
	}
	return others, expired, nil
}

// giveUp makes a dead letter of a file that nobody reviewed.
func (f *Flow) giveUp(ctx context.Context, tx orchestration.Tx, row *fileRow) error {
	row.State, row.Due, row.Updated = orchestration.StateDead, time.Time{}, f.now()
	row.LastError, row.Value.Held = orchestration.ErrorText(named(*row, errExpired)), nil
	if err := f.files.Update(ctx, tx, row); err != nil {
		return err
	}
	return f.journal.Append(ctx, tx, orchestration.Entry{
		At: f.now(), Who: flowName, What: "review expired", Scope: row.Scope, Ref: row.Key,
		IDs: map[string]string{"document": row.Value.Document, "file": row.Value.File},
	})
}

// named names link, document and file in an error that does not do so yet.
func named(row fileRow, err error) error {
	if _, ok := errors.AsType[*contractone.FileError](err); ok || err == nil {
		return err
	}
	return &contractone.FileError{Link: contractone.ManagementID(row.Scope), DocumentID: row.Value.Document, FileID: row.Value.File, Err: err}
}
