package ledgersync

import (
	"context"
	"time"

	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// listedFor is how long what the listing said of a document is believed. Below it
// a first load of any size reads no document twice.
const listedFor = 24 * time.Hour

// stillCarried reports whether the link still carries a file's document. Between
// the listing and the ledger there may be a grace period, a review, a budget or an
// outage, and the document may have been made confidential meanwhile: then it is
// read again. That is done once for all files of a document.
func (l *lane) stillCarried(ctx context.Context, b fileBody) (bool, error) {
	if b.Decision == nil && l.f.now().Sub(b.Listed) < listedFor {
		return true, nil
	}
	id := cloudsign.DocumentID(b.Document)
	if l.judge.doc != id {
		client, err := l.f.client(l.link)
		if err != nil {
			return false, err
		}
		doc, err := client.Documents.Get(ctx, id)
		if err != nil {
			return false, err
		}
		doc.Participants = nil // as in a listing, see Config.Include
		l.judge = judged{id, l.f.judge(contractone.ManagementID(l.link.Key), l.link.Value.Settings.Rules, doc)}
	}
	return l.judge.verdict == carried, nil
}

// wait writes down that a file waits, and why. What waits is read again.
func (l *lane) wait(rec *orchestration.Record, state, why string) error {
	row, err := l.f.files.Row(*rec)
	if err != nil {
		return err
	}
	row.Value.Listed = time.Time{}
	next, err := l.f.files.Record(row)
	if err != nil {
		return err
	}
	rec.State, rec.Attempt, rec.LastError, rec.Body = state, 0, why, next.Body
	return nil
}

// exclude writes down that a rule leaves a file out now. Of the document its ids are
// kept alone. What a reviewer decided counts no more, but for the share scope.
func (l *lane) exclude(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record) error {
	row, err := l.f.files.Row(*rec)
	if err != nil {
		return err
	}
	b := &row.Value
	b.Title, b.Name, b.Held, b.Decision = "", "", nil, nil
	next, err := l.f.files.Record(row)
	if err != nil {
		return err
	}
	rec.State, rec.Attempt, rec.Body = FileExcluded, 0, next.Body
	rec.LastError = "left out, because " + l.judge.verdict.String()
	return l.f.journal.Append(ctx, tx, orchestration.Entry{
		At: l.f.now(), Who: flowName, What: "left out", Why: l.judge.verdict.String(), Scope: rec.Scope, Ref: rec.Key,
		IDs: map[string]string{"document": b.Document, "file": b.File},
	})
}
