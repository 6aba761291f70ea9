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
	FileExcluded  = "excluded"  // left out by a rule when its turn came; a complete run that may carry it takes it up
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
	Document string `json:"document"`
	File     string `json:"file"`
	Index    int    `json:"index"`
	Count    int    `json:"count"`
	Why      string `json:"why"`
	Title    string `json:"title,omitempty"`
	Name     string `json:"name,omitempty"`
	// Listed is when CloudSign's listing had the document; zero: so long ago that
	// the document is read again before the file is sent.
	Listed   time.Time         `json:"listed,omitzero"`
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
	// Share is the scope that a reviewer chose or saved the file with. It outlives
	// Held: whatever happens to the file, it never gets the link's instead.
	Share *contractone.Share `json:"share,omitempty"`
	// Digests stand for what was linked, by item; Drift is how the source differs.
	Digests    map[string]string `json:"digests,omitempty"`
	Drift      []Drift           `json:"drift,omitempty"`
	DriftFound time.Time         `json:"drift_found,omitzero"`
	// Compared is the complete run that compared the source last, by the end of its
	// window: a run that takes several turns compares each file once.
	Compared time.Time `json:"compared,omitzero"`
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
	judge judged
}

// judged is what the rules say of a document as it is now.
type judged struct {
	doc     cloudsign.DocumentID
	verdict verdict
}

// run works on a batch, and on the rest of the document that it ends in, so that
// the document's information is read once.
func (l *lane) run(ctx context.Context) error {
	rows, err := l.due(ctx, orchestration.Query{Limit: batch})
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := l.work(ctx, rows); err != nil || orchestration.TurnOver(ctx) {
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
// review has expired are not among them.
func (l *lane) due(ctx context.Context, q orchestration.Query) (rows []fileRow, err error) {
	f := l.f
	q.Group, q.DueBy = l.group, f.now()
	var expired []fileRow
	err = f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		expired = nil
		if rows, err = f.files.List(ctx, tx, q); err != nil || len(rows) == 0 {
			return err
		}
		if l.link, err = f.linkIn(ctx, tx, contractone.ManagementID(rows[0].Scope)); err != nil {
			return err
		}
		rows, expired, err = f.expire(ctx, tx, rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	f.notifyExpired(ctx, expired)
	return rows, nil
}

// work registers files one after the other, as long as their link is active.
func (l *lane) work(ctx context.Context, rows []fileRow) error {
	for i, row := range rows {
		if State(l.link.State) != StateActive {
			return l.f.park(ctx, contractone.ManagementID(l.link.Key), rows[i:])
		}
		if orchestration.TurnOver(ctx) {
			return nil
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
	hold := holds(l.link.Value.Settings, row.Value)
	outcome := orchestration.Outcome[registered]{
		Store: f.store, Attempts: f.cfg.Attempts, Backoff: f.cfg.Backoff, Clock: f.cfg.Clock, Settle: f.settleTime(),
		Before: l.stillActive,
		Send: func(ctx context.Context, _ string, _ orchestration.Record) (registered, error) {
			r, err := l.send(ctx, row, hold)
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
			size = r.receipt.PDF.Size
			return l.settle(ctx, tx, rec, r)
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
	waits   string // FileReview, FileBudget or FileExcluded: nothing was registered
	mapped
}

// settle writes down what became of a file.
func (l *lane) settle(ctx context.Context, tx orchestration.Tx, rec *orchestration.Record, r registered) error {
	switch r.waits {
	case FileReview:
		return l.f.hold(rec, l.link.Value.Settings, r.mapped)
	case FileBudget:
		return l.wait(rec, FileBudget, "waits for the first run that has room in the budget of "+l.link.Value.Settings.Budget.String())
	case FileExcluded:
		return l.exclude(ctx, tx, rec)
	}
	return l.f.done(ctx, tx, rec, r)
}

// asyncSettle is how long a ledger that enters things later is given before a
// lookup that finds nothing is believed.
const asyncSettle = 10 * time.Minute

func (f *Flow) settleTime() time.Duration {
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

// send registers the file, unless it has to wait. What the ledger holds already
// needs neither a reviewer nor a part of the budget.
func (l *lane) send(ctx context.Context, row fileRow, hold bool) (out registered, err error) {
	b := row.Value
	counts := !b.Reserved && l.link.Value.Settings.Budget != (Budget{})
	if hold || counts {
		out, found, err := l.find(ctx, contractone.Key(row.Key), b)
		if found || err != nil && !errors.Is(err, orchestration.ErrNoLookup) {
			out.receipt.Created = false
			return out, orchestration.NoEffect(err)
		}
	}
	if carries, err := l.stillCarried(ctx, b); err != nil || !carries {
		out.waits = FileExcluded
		return out, orchestration.NoEffect(err)
	}
	if out.mapped, err = l.read(ctx, b); err != nil || hold {
		out.waits = FileReview
		return out, err
	}
	if counts {
		if room, err := l.f.reserve(ctx, row); err != nil || !room {
			out.waits = FileBudget
			return out, orchestration.NoEffect(err)
		}
	}
	out.receipt, err = l.enter(ctx, b, out.mapped)
	return out, err
}

// enter registers the file; the PDF streams from CloudSign into the ledger.
func (l *lane) enter(ctx context.Context, b fileBody, m mapped) (contractone.Receipt, error) {
	client, err := l.f.client(l.link)
	if err != nil {
		return contractone.Receipt{}, orchestration.NoEffect(err)
	}
	set := l.link.Value.Settings
	d := contractone.Draft{
		Source: b.source(), Link: contractone.ManagementID(l.link.Key), Share: set.Share, Responsible: set.Responsible,
		Items: m.Items, Extensions: m.Extensions,
		PDF: countersign.Upload{Name: b.Name, ContentType: "application/pdf", Size: -1, Open: func() (io.ReadCloser, error) {
			return download(ctx, client, b)
		}},
	}
	switch {
	case b.Share != nil:
		d.Share = *b.Share
	case b.Held != nil: // saved by a version that kept the share scope there alone
		d.Share = b.Held.Share
	}
	return l.f.ledger.Register(ctx, d)
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
	b.Title, b.Name, b.Held, b.Findings, b.TitleFrom, b.Listed = "", "", nil, r.Findings, r.TitleFrom, time.Time{}
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
