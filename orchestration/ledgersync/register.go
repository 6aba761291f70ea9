package ledgersync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
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
	FileLinked    = "linked"    // registered by this flow
	FileKnown     = "known"     // was in the ledger before this flow came to it
	FileParked    = "parked"    // waits for its link to be active again
	FileGrace     = "grace"     // waits for the end of the grace period, which is its Due
	FileBudget    = "budget"    // waits for a run or month whose budget has room
	FileReview    = "review"    // waits for a reviewer; its Due is the end of that
	FileDiscarded = "discarded" // kept out of the ledger by a reviewer, for good
)

// Why a file was taken up, as the journal says it.
const (
	whyFirst   = "first load"
	whyDaily   = "daily difference"
	whyWebhook = "webhook"
	whyFull    = "complete run"
	whyRepair  = "repair"
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
	// Forgotten: title and name were taken away, so the file can't be registered
	// any more.
	Forgotten bool `json:"forgotten,omitempty"`
	// Reserved says that the file has its part of the budget.
	Reserved bool      `json:"reserved,omitempty"`
	Held     *held     `json:"held,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
	// Digests stand for what was linked, by item; Drift is how the source differs.
	Digests    map[string]string `json:"digests,omitempty"`
	Drift      []Drift           `json:"drift,omitempty"`
	DriftFound time.Time         `json:"drift_found,omitzero"`
}

type fileRow = orchestration.Row[fileBody]

// batch is how many files a lane registers before it lets others have their turn:
// the engine calls the lanes again by how long they have been due.
const batch = 16

// runFiles is the handler of a lane of files: it registers what is due.
func (f *Flow) runFiles(ctx context.Context, group string) error {
	err := (&lane{f: f, group: group}).run(ctx)
	if errors.Is(err, errSettingsChanged) {
		return nil // what is due comes again, with the settings of now
	}
	return err
}

// lane is one handler at work: it holds what the files of a document share.
type lane struct {
	f     *Flow
	group string
	link  linkRow
	doc   cloudsign.DocumentID
	attr  *cloudsign.Attribute
}

// run works on a batch, and on the rest of the document that it ends in, so that
// the document's information is read once.
func (l *lane) run(ctx context.Context) error {
	rows, err := l.due(ctx, orchestration.Query{Limit: batch})
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := l.work(ctx, rows); err != nil {
		return err
	}
	last := rows[len(rows)-1]
	if last.Value.Index == last.Value.Count {
		return nil
	}
	if rows, err = l.due(ctx, orchestration.Query{Ref: last.Ref}); err != nil {
		return err
	}
	return l.work(ctx, rows)
}

// due reads files that are due, and the link that they belong to. Those whose
// review has expired or that the budget has no room for are not among them.
func (l *lane) due(ctx context.Context, q orchestration.Query) (rows []fileRow, err error) {
	f := l.f
	q.Group, q.DueBy = l.group, f.now()
	var expired []fileRow
	err = f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		if rows, err = f.files.List(ctx, tx, q); err != nil || len(rows) == 0 {
			return err
		}
		if l.link, err = f.linkIn(ctx, tx, contractone.ManagementID(rows[0].Scope)); err != nil {
			return err
		}
		if rows, expired, err = f.expire(ctx, tx, rows); err != nil || State(l.link.State) != StateActive {
			return err
		}
		rows, err = f.reserve(ctx, tx, &l.link, rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, row := range expired {
		f.notifyFile(ctx, NoticeExpired, row, errExpired)
	}
	return rows, nil
}

// work registers files one after the other, as long as their link is active.
func (l *lane) work(ctx context.Context, rows []fileRow) error {
	for i, row := range rows {
		if State(l.link.State) != StateActive {
			return l.f.park(ctx, contractone.ManagementID(l.link.Key), rows[i:])
		}
		if err := l.register(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// errNotActive: the link was paused or stopped since its lane began.
var errNotActive = errors.New("the link is not active")

// errSettingsChanged: by ChangeLink, since the lane began.
var errSettingsChanged = errors.New("the link's settings have changed")

// stillActive refuses a file whose link is not active any more, or has other
// settings, at the moment before it is sent.
func (l *lane) stillActive(ctx context.Context, tx orchestration.Tx) error {
	row, err := l.f.linkIn(ctx, tx, contractone.ManagementID(l.link.Key))
	switch {
	case err != nil && !errors.Is(err, countersign.ErrNotFound):
		return err
	case err != nil, State(row.State) != StateActive:
		return errNotActive
	case !reflect.DeepEqual(row.Value.Settings, l.link.Value.Settings):
		return errSettingsChanged
	}
	return nil
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
	set, hold := l.link.Value.Settings, holds(l.link.Value.Settings, row.Value)
	outcome := orchestration.Outcome[registered]{
		Store: f.store, Attempts: f.cfg.Attempts, Backoff: f.cfg.Backoff, Clock: f.cfg.Clock, Settle: f.settle(),
		Before: l.stillActive,
		Send: func(ctx context.Context, _ string, _ orchestration.Record) (registered, error) {
			r, err := l.send(ctx, row.Value, hold)
			return r, named(row, err)
		},
		Find: func(ctx context.Context, _ string, rec orchestration.Record) (registered, bool, error) {
			if hold {
				return registered{}, false, nil // nothing was sent, only read
			}
			r, found, err := l.find(ctx, contractone.Key(rec.Key), row.Value)
			return r, found, named(row, err)
		},
		Done: func(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, r registered) error {
			if hold {
				return f.hold(rec, set, r.mapped)
			}
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
	case errors.Is(err, errNotActive):
		l.link.State = string(StatePaused)
		return f.park(ctx, id, []fileRow{row})
	case errors.Is(err, orchestration.ErrStale):
		return nil // somebody changed the file meanwhile; if it is still due, it comes again
	case !failed:
		return err
	case stopsLink(failure.Err):
		l.link.State = string(StateStopped)
		return f.stop(ctx, id, failure.Err, row)
	}
	f.meters.count(ctx, f, row, 0, failure.Err)
	f.cfg.Logger.WarnContext(ctx, "file failed", "link", row.Scope, "document", row.Value.Document, "file", row.Value.File,
		"state", failure.State, "error", failure.Err)
	if failure.State == orchestration.StateDead {
		f.notifyFile(ctx, NoticeFailed, row, failure.Err)
	}
	return nil
}

// registered is what became of a registration.
type registered struct {
	receipt contractone.Receipt
	mapped
}

// asyncSettle is how long a ledger that enters things later is given before a
// lookup that finds nothing is believed.
const asyncSettle = 10 * time.Minute

func (f *Flow) settle() time.Duration {
	if f.ledger.Capabilities().Async {
		return asyncSettle
	}
	return 0
}

// errForgotten: Forget took away what the file would be registered with.
var errForgotten = fmt.Errorf("the file was forgotten on request: %w", countersign.ErrInvalid)

// read maps the file, unless a reviewer saved it: then it is registered as it was
// held. Nothing is sent to the ledger here, so its errors never leave an outcome
// open. The information of a document is read once for all its files.
func (l *lane) read(ctx context.Context, b fileBody) (mapped, error) {
	if b.Held != nil {
		return b.Held.mapped, nil
	}
	client, err := l.f.client(l.link)
	if err == nil && b.Forgotten {
		err = errForgotten
	}
	if doc := cloudsign.DocumentID(b.Document); err == nil && l.doc != doc {
		var found bool
		var attr *cloudsign.Attribute
		if attr, found, err = client.Attributes.Get(ctx, doc); err == nil {
			l.doc, l.attr = doc, nil
			if found {
				l.attr = attr
			}
		}
	}
	if err != nil {
		return mapped{}, orchestration.NoEffect(err)
	}
	return l.f.carry(l.link.Value.Settings, b.record(l.attr)), nil
}

// send registers the file, unless it is to be held; the PDF streams from CloudSign
// into the ledger.
func (l *lane) send(ctx context.Context, b fileBody, hold bool) (out registered, err error) {
	client, err := l.f.client(l.link)
	if err != nil {
		return out, orchestration.NoEffect(err)
	}
	if out.mapped, err = l.read(ctx, b); err != nil || hold {
		return out, err
	}
	set := l.link.Value.Settings
	d := contractone.Draft{
		Source: b.source(), Link: contractone.ManagementID(l.link.Key), Share: set.Share, Responsible: set.Responsible,
		Items: out.Items, Extensions: out.Extensions,
		PDF: countersign.Upload{Name: b.Name, ContentType: "application/pdf", Size: -1, Open: func() (io.ReadCloser, error) {
			return download(ctx, client, b)
		}},
	}
	if b.Held != nil {
		d.Share = b.Held.Share
	}
	out.receipt, err = l.f.ledger.Register(ctx, d)
	return out, err
}

// find looks a registration up whose outcome is not known. What the map had to say
// is worked out again, since nobody wrote it down.
func (l *lane) find(ctx context.Context, key contractone.Key, b fileBody) (out registered, found bool, err error) {
	e, found, err := l.f.ledger.Lookup(ctx, key)
	if err != nil || !found {
		return out, false, err
	}
	out.receipt = contractone.Receipt{ID: e.ID, Key: e.Key, PDF: e.PDF, RegisteredAt: e.RegisteredAt, Created: true}
	if !b.Forgotten {
		out.mapped, err = l.read(ctx, b)
	}
	return out, err == nil, err
}

// download streams the file's PDF. The caller closes it.
func download(ctx context.Context, client *cloudsign.Client, b fileBody) (*countersign.Download, error) {
	if b.File == string(certificateID) {
		return client.Files.DownloadCertificate(ctx, cloudsign.DocumentID(b.Document))
	}
	return client.Files.Download(ctx, cloudsign.DocumentID(b.Document), cloudsign.FileID(b.File))
}

// record is the file as the map takes it.
func (b fileBody) record(attr *cloudsign.Attribute) ledgermap.Record {
	return ledgermap.Record{
		Document: cloudsign.Document{ID: cloudsign.DocumentID(b.Document), Title: b.Title}, Attribute: attr,
		File: cloudsign.File{ID: cloudsign.FileID(b.File), Name: b.Name}, FileIndex: b.Index, FileCount: b.Count,
	}
}

func (b fileBody) source() contractone.Source {
	rec := b.record(nil)
	return rec.Source()
}

// done writes the result down, and the journal's line with it.
func (f *Flow) done(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, r registered) error {
	row, err := f.files.Row(*rec)
	if err != nil {
		return err
	}
	b := &row.Value
	b.SHA256, b.Size = r.receipt.PDF.SHA256, r.receipt.PDF.Size
	b.Title, b.Name, b.Held, b.Findings, b.TitleFrom = "", "", nil, r.Findings, r.TitleFrom
	b.Digests, b.Drift, b.DriftFound = r.digests(rec.Key), nil, time.Time{}
	next, err := f.files.Record(row)
	if err != nil {
		return err
	}
	what := "registered"
	if rec.State, rec.Body = FileLinked, next.Body; !r.receipt.Created {
		rec.State, what = FileKnown, "found in the ledger"
	}
	return f.journal.Append(ctx, tx, orchestration.Entry{
		At: f.now(), Who: flowName, What: what, Why: b.Why, Scope: rec.Scope, Ref: rec.Key,
		IDs:    map[string]string{"document": b.Document, "file": b.File, "entry": string(r.receipt.ID)},
		Hashes: map[string]string{"sha256": b.SHA256},
	})
}
