package ledgersync

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/ledgermap"
	"github.com/countersign/countersign/orchestration"
)

// The states of a file. Those of package orchestration mean here: pending, to be
// registered; sending, being registered or to be looked up; uncertain, for a
// person; dead, given up.
const (
	FileLinked = "linked" // in the ledger
	FileParked = "parked" // waits for its link to be active again
)

// Why a file was taken up, as the journal says it.
const (
	whyFirst   = "first load"
	whyDaily   = "daily difference"
	whyWebhook = "webhook"
)

// fileBody is what the store keeps of a file. Title and Name go when the file is
// linked: then the ledger has them.
type fileBody struct {
	Document string            `json:"document"`
	File     string            `json:"file"`
	Index    int               `json:"index"`
	Count    int               `json:"count"`
	Why      string            `json:"why"`
	Title    string            `json:"title,omitempty"`
	Name     string            `json:"name,omitempty"`
	SHA256   string            `json:"sha256,omitempty"`
	Size     int64             `json:"size,omitempty"`
	Findings []mapping.Finding `json:"findings,omitempty"`
	// TitleFrom is the source field that the title came from.
	TitleFrom string `json:"title_from,omitempty"`
}

type fileRow = orchestration.Row[fileBody]

// batch is how many files a lane reads at a time.
const batch = 64

// runFiles is the handler of a lane of files: it registers what is due.
func (f *Flow) runFiles(ctx context.Context, group string) error {
	lane := &lane{f: f, group: group}
	for {
		more, err := lane.step(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// lane is one handler at work: it holds what the files of a document share.
type lane struct {
	f     *Flow
	group string
	link  linkRow
	doc   cloudsign.DocumentID
	attr  *cloudsign.Attribute
}

// step works on the next batch. It reports whether there may be more.
func (l *lane) step(ctx context.Context) (more bool, err error) {
	f := l.f
	var rows []fileRow
	err = f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		rows, err = f.files.List(ctx, tx, orchestration.Query{Group: l.group, DueBy: f.now(), Limit: batch})
		if err != nil || len(rows) == 0 {
			return err
		}
		l.link, err = f.linkIn(ctx, tx, contractone.ManagementID(rows[0].Scope))
		return err
	})
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if State(l.link.State) != StateActive {
		return true, f.park(ctx, contractone.ManagementID(l.link.Key), rows)
	}
	for _, row := range rows {
		if err := l.register(ctx, row); err != nil {
			return false, err
		}
		if State(l.link.State) != StateActive {
			return true, nil // the link stopped: the rest is parked
		}
	}
	return len(rows) == batch, nil
}

// register brings one file forward. Only errors of the store and the context come
// back; a failure of the file is kept with the file.
func (l *lane) register(ctx context.Context, row fileRow) error {
	f := l.f
	rec, err := f.files.Record(row)
	if err != nil {
		return err
	}
	id, size := contractone.ManagementID(row.Scope), int64(0)
	outcome := orchestration.Outcome[registered]{
		Store: f.store, Attempts: f.cfg.Attempts, Backoff: f.cfg.Backoff, Clock: f.cfg.Clock,
		Send: func(ctx context.Context, _ string, _ orchestration.Record) (registered, error) {
			return l.send(ctx, row.Value)
		},
		Find: func(ctx context.Context, _ string, rec orchestration.Record) (registered, bool, error) {
			return f.find(ctx, contractone.Key(rec.Key))
		},
		Done: func(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, r registered) error {
			size = r.receipt.PDF.Size
			return f.done(ctx, tx, rec, r)
		},
	}
	_, err = outcome.Do(ctx, rec)
	failure, failed := errors.AsType[*orchestration.WriteError](err)
	switch {
	case err == nil:
		f.meters.count(ctx, f, row, size, nil)
		return nil
	case !failed:
		return err
	case stopsLink(failure.Err):
		l.link.State = string(StateStopped)
		return f.stop(ctx, id, failure.Err, row)
	}
	f.meters.count(ctx, f, row, 0, failure.Err)
	f.cfg.Logger.WarnContext(ctx, "file failed", "link", row.Scope, "document", row.Value.Document, "file", row.Value.File,
		"state", failure.State, "error", failure.Err)
	return nil
}

// registered is what became of a registration.
type registered struct {
	receipt contractone.Receipt
	result  mapping.Result
}

// send maps the file and registers it; the PDF streams from CloudSign into the
// ledger.
func (l *lane) send(ctx context.Context, b fileBody) (registered, error) {
	client, err := l.f.client(l.link)
	if err != nil {
		return registered{}, err
	}
	doc := cloudsign.DocumentID(b.Document)
	if l.doc != doc {
		attr, found, err := client.Attributes.Get(ctx, doc)
		if err != nil {
			return registered{}, l.fail(b, err)
		}
		l.doc, l.attr = doc, nil
		if found {
			l.attr = attr
		}
	}
	rec := ledgermap.Record{
		Document: cloudsign.Document{ID: doc, Title: b.Title}, Attribute: l.attr,
		File: cloudsign.File{ID: cloudsign.FileID(b.File), Name: b.Name}, FileIndex: b.Index, FileCount: b.Count,
	}
	set := l.link.Value.Settings
	draft := contractone.Draft{
		Source: rec.Source(), Link: contractone.ManagementID(l.link.Key), Share: set.Share, Responsible: set.Responsible,
		PDF: countersign.Upload{Name: b.Name, ContentType: "application/pdf", Size: -1, Open: func() (io.ReadCloser, error) {
			return client.Files.Download(ctx, doc, cloudsign.FileID(b.File))
		}},
	}
	out := registered{result: l.f.cfg.Map.Run(&rec, &draft)}
	if out.receipt, err = l.f.ledger.Register(ctx, draft); err != nil {
		return registered{}, err
	}
	return out, nil
}

// fail names the file in an error.
func (l *lane) fail(b fileBody, err error) error {
	return &contractone.FileError{Link: contractone.ManagementID(l.link.Key), DocumentID: b.Document, FileID: b.File, Err: err}
}

// find looks a registration up whose outcome is not known.
func (f *Flow) find(ctx context.Context, key contractone.Key) (registered, bool, error) {
	e, found, err := f.ledger.Lookup(ctx, key)
	if err != nil || !found {
		return registered{}, false, err
	}
	return registered{receipt: contractone.Receipt{ID: e.ID, Key: e.Key, PDF: e.PDF, RegisteredAt: e.RegisteredAt}}, true, nil
}

// done writes the result down, and the journal's line with it.
func (f *Flow) done(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, r registered) error {
	row, err := f.files.Row(*rec)
	if err != nil {
		return err
	}
	b := &row.Value
	b.SHA256, b.Size = r.receipt.PDF.SHA256, r.receipt.PDF.Size
	b.Title, b.Name, b.Findings = "", "", r.result.Findings
	if o, ok := r.result.Origin(string(contractone.ItemTitle)); ok {
		b.TitleFrom = o.From
	}
	next, err := f.files.Record(row)
	if err != nil {
		return err
	}
	rec.State, rec.Body = FileLinked, next.Body
	return f.journal.Append(ctx, tx, orchestration.Entry{
		At: f.now(), Who: flowName, What: "registered", Why: b.Why, Scope: rec.Scope, Ref: rec.Key,
		IDs:    map[string]string{"document": b.Document, "file": b.File, "entry": string(r.receipt.ID)},
		Hashes: map[string]string{"sha256": b.SHA256},
	})
}

// park takes files out of the queue until their link is active again. The link is
// written too, so that a Resume at the same moment is either seen here or comes
// after: no file stays parked under an active link.
func (f *Flow) park(ctx context.Context, id contractone.ManagementID, rows []fileRow) error {
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		active := false
		err := f.changeLinkIn(ctx, tx, id, func(row *linkRow) error {
			active = State(row.State) == StateActive
			return nil
		})
		if err != nil || active {
			return err
		}
		return f.parkIn(ctx, tx, rows)
	})
}

// parkIn parks files as they are stored now. One that may have been sent stays
// as sent: it will be looked up.
func (f *Flow) parkIn(ctx context.Context, tx orchestration.Tx, rows []fileRow) error {
	for _, row := range rows {
		now, err := f.files.Get(ctx, tx, row.Key)
		if err != nil {
			return err
		}
		now.Due, now.Updated = time.Time{}, f.now()
		if now.State != orchestration.StateSending {
			now.State, now.Attempt = FileParked, 0
		}
		if err := f.files.Update(ctx, tx, &now); err != nil {
			return err
		}
	}
	return nil
}

// unpark puts a link's parked files back into the queue.
func (f *Flow) unpark(ctx context.Context, id contractone.ManagementID) error {
	q := orchestration.Query{Scope: string(id), States: []string{FileParked, orchestration.StateSending}, Limit: batch}
	for {
		var rows []fileRow
		err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
			if rows, err = f.files.List(ctx, tx, q); err != nil {
				return err
			}
			for _, row := range rows {
				if row.State == FileParked {
					row.State = orchestration.StatePending
				}
				row.Due = f.now()
				if err := f.files.Update(ctx, tx, &row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(rows) < batch {
			return err
		}
		q.AfterSeq = rows[len(rows)-1].Seq
	}
}
