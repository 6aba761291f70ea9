package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

// Config is what a bundle needs. Dir is required.
type Config struct {
	Dir string           // the bundle's folder; made if it does not exist
	Now func() time.Time // nil: time.Now. Times are kept to the microsecond
}

// Ledger writes a bundle. It is safe for concurrent use.
type Ledger struct {
	dir  string
	now  func() time.Time
	held *os.File // the lock

	mu      sync.Mutex
	journal *journal // nil after Close
	index   map[digest]span
	names   map[digest]struct{} // paths of files, folded
	folders map[string]*folder
	// waiting are entered files that could not move to their folder yet, by ID.
	waiting map[contractone.EntryID]string
	// finished is the size of the journal that the manifests show; -1: not known.
	finished int64
}

// folder is one share scope and set of responsible persons.
type folder struct {
	share       contractone.Share
	responsible []contractone.Principal
	files       int
}

var _ interface {
	contractone.Ledger
	contractone.Searcher
	contractone.Opener
} = (*Ledger)(nil)

var errLocked = errors.New("another process has it open")

// Open opens a bundle, or begins one, and takes it for this process alone until
// Close. It finishes what a killed writer left. Errors are a
// *countersign.ConfigError, a countersign.ErrConflict while somebody else has the
// bundle open, or a contractone.ErrStorage.
func Open(cfg Config) (*Ledger, error) {
	if cfg.Dir == "" {
		return nil, &countersign.ConfigError{Component: "bundle", Field: "Dir", Reason: "is empty", Fix: "name the folder that the bundle shall lie in"}
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, storageError(cfg.Dir, err)
	}
	l := &Ledger{
		dir: dir, now: cfg.Now, index: map[digest]span{}, names: map[digest]struct{}{},
		folders: map[string]*folder{}, waiting: map[contractone.EntryID]string{}, finished: -1,
	}
	if l.now == nil {
		l.now = time.Now
	}
	if err := os.MkdirAll(l.incoming(), 0o700); err != nil {
		return nil, storageError(l.incoming(), err)
	}
	if l.held, err = lock(filepath.Join(dir, ".bundle", "lock")); err != nil {
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("bundle: %s: %w: %w", dir, countersign.ErrConflict, err)
		}
		return nil, storageError(dir, err)
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, l.release())
	}
	return l, nil
}

// Dir is the bundle's folder, as an absolute path.
func (l *Ledger) Dir() string { return l.dir }

func (l *Ledger) incoming() string { return filepath.Join(l.dir, ".bundle", "incoming") }

// path is where the file with this ID lies. IDs hold nothing but what safeText
// and folderName let through, so a path never leaves the bundle.
func (l *Ledger) path(id contractone.EntryID) string {
	return filepath.Join(l.dir, filepath.FromSlash(string(id)))
}

// load reads the journal and finishes the moves to the folders.
func (l *Ledger) load() error {
	left := map[string]bool{} // received files, by name
	found, err := os.ReadDir(l.incoming())
	if err != nil {
		return storageError(l.incoming(), err)
	}
	for _, f := range found {
		left[f.Name()] = true
	}
	l.journal, err = openJournal(filepath.Join(l.dir, ".bundle", "journal"), func(r record, s span) bool {
		l.remember(r, s)
		if left[r.Incoming] {
			l.waiting[r.Entry.ID] = r.Incoming
			delete(left, r.Incoming)
		}
		return true
	})
	if err != nil {
		return err
	}
	for name := range left {
		if err := os.Remove(filepath.Join(l.incoming(), name)); err != nil {
			return storageError(l.incoming(), err)
		}
	}
	return l.placeAll()
}

// remember takes a record of the journal into memory.
func (l *Ledger) remember(r record, s span) {
	l.index[digestOf(string(r.Entry.Key))] = s
	l.names[folded(string(r.Entry.ID))] = struct{}{}
	f := l.folders[r.Folder]
	if f == nil {
		e := r.Entry.Clone()
		f = &folder{share: e.Share, responsible: e.Responsible}
		l.folders[r.Folder] = f
	}
	f.files++
}

// Capabilities states Search, Open and Durable.
func (l *Ledger) Capabilities() contractone.Capabilities {
	return contractone.Capabilities{Search: true, Open: true, Durable: true}
}

// Register writes a file into the bundle; see contractone.Ledger. The entry's ID
// is the path of the PDF below the bundle's folder, with slashes.
func (l *Ledger) Register(ctx context.Context, d contractone.Draft) (contractone.Receipt, error) {
	if err := d.Validate(); err != nil {
		return contractone.Receipt{}, err
	}
	if e, found, err := l.Lookup(ctx, d.Key()); err != nil || found {
		return receiptOf(e, false), failed(d, err)
	}
	incoming, pdf, err := l.receive(ctx, d)
	if err != nil {
		return contractone.Receipt{}, failed(d, err)
	}
	receipt, err := l.enter(d, pdf, incoming)
	if !receipt.Created && !errors.Is(err, countersign.ErrOutcomeUnknown) {
		_ = os.Remove(filepath.Join(l.incoming(), incoming)) // Open removes it, too
	}
	return receipt, failed(d, err)
}

// failed names the file in an error that does not do so already.
func failed(d contractone.Draft, err error) error {
	if _, ok := errors.AsType[*contractone.FileError](err); ok || err == nil {
		return err
	}
	return d.Fail(err)
}

func receiptOf(e contractone.Entry, created bool) contractone.Receipt {
	return contractone.Receipt{ID: e.ID, Key: e.Key, Created: created, PDF: e.PDF, RegisteredAt: e.RegisteredAt}
}

// storageWriter marks the errors of its file, to tell them from those of the
// upload that is copied to it.
type storageWriter struct{ file *os.File }

func (w storageWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	if err != nil {
		err = storageError(w.file.Name(), err)
	}
	return n, err
}

// receive streams the draft's PDF into a file that survives a crash.
func (l *Ledger) receive(ctx context.Context, d contractone.Draft) (name string, pdf contractone.PDF, err error) {
	tmp, err := os.CreateTemp(l.incoming(), "pdf-*")
	if err != nil {
		return "", pdf, storageError(l.incoming(), err)
	}
	pdf, err = d.CopyPDF(ctx, storageWriter{tmp})
	if err == nil {
		if err = errors.Join(tmp.Sync(), syncDir(l.incoming())); err != nil {
			err = storageError(tmp.Name(), err)
		}
	}
	if cerr := tmp.Close(); cerr != nil && err == nil {
		err = storageError(tmp.Name(), cerr)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // Open removes it, too
		return "", pdf, err
	}
	return filepath.Base(tmp.Name()), pdf, nil
}

// enter writes the journal's line for a received file and moves it to its
// folder. The line decides; a move that fails is made up for by Finish or Open.
func (l *Ledger) enter(d contractone.Draft, pdf contractone.PDF, incoming string) (contractone.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, found, err := l.find(d.Key()); err != nil || found {
		return receiptOf(e, false), err
	}
	e, _ := contractone.NewEntry(d, pdf, l.now().UTC().Truncate(time.Microsecond))
	rec := record{Entry: e, Folder: folderName(e.Share, e.Responsible), Incoming: incoming}
	rec.Entry.ID = l.freeName(rec.Folder, e)
	s, err := l.journal.append(rec)
	if err != nil {
		return contractone.Receipt{}, err
	}
	l.remember(rec, s)
	l.waiting[rec.Entry.ID] = incoming
	_ = l.place(rec.Entry.ID)
	return receiptOf(rec.Entry, true), nil
}

// freeName is a path that no other file of the bundle has, also where case and
// normalisation do not tell names apart.
func (l *Ledger) freeName(folder string, e contractone.Entry) contractone.EntryID {
	stem := folder + "/" + fileStem(e)
	name := stem + ".pdf"
	for digits := 8; ; digits += 8 {
		if _, taken := l.names[folded(name)]; !taken {
			return contractone.EntryID(name)
		}
		name = stem + "_" + shortHash(string(e.Key), min(digits, 64)) + ".pdf"
	}
}

// place moves a received file to its folder.
func (l *Ledger) place(id contractone.EntryID) error {
	target := l.path(id)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return storageError(target, err)
	}
	err := os.Rename(filepath.Join(l.incoming(), l.waiting[id]), target)
	if err == nil {
		err = syncDir(filepath.Dir(target))
	}
	if err != nil {
		return storageError(target, err)
	}
	delete(l.waiting, id)
	return nil
}

func (l *Ledger) placeAll() error {
	for id := range l.waiting {
		if err := l.place(id); err != nil {
			return err
		}
	}
	return nil
}

// find gives the entry of a key. The caller holds mu.
func (l *Ledger) find(key contractone.Key) (contractone.Entry, bool, error) {
	if l.journal == nil {
		return contractone.Entry{}, false, fmt.Errorf("bundle: %w", os.ErrClosed)
	}
	s, ok := l.index[digestOf(string(key))]
	if !ok {
		return contractone.Entry{}, false, l.journal.broken // nil, or why nobody can tell
	}
	r, err := l.journal.at(s)
	return r.Entry, err == nil, err
}

// Lookup gives the entry of a key.
func (l *Ledger) Lookup(ctx context.Context, key contractone.Key) (contractone.Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return contractone.Entry{}, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(key)
}

// OpenPDF streams the PDF of an entry. One that a person moved out of the bundle
// is a countersign.ErrNotFound.
func (l *Ledger) OpenPDF(ctx context.Context, key contractone.Key) (*countersign.Download, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e, found, err := l.find(key)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("bundle: entry %.120q: %w", string(key), countersign.ErrNotFound)
	}
	path := l.path(e.ID)
	if name, ok := l.waiting[e.ID]; ok {
		path = filepath.Join(l.incoming(), name)
	}
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("bundle: the PDF of %s is no longer in the bundle: %w", key, countersign.ErrNotFound)
	case err != nil:
		return nil, storageError(path, err)
	}
	return &countersign.Download{
		ReadCloser: file, ContentType: "application/pdf", Size: e.PDF.Size, FileName: filepath.Base(path),
	}, nil
}

// Search gives a page of entries, in the order of their registration. It reads
// the journal from the cursor on.
func (l *Ledger) Search(ctx context.Context, q contractone.Query) (*countersign.Page[contractone.Entry], error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	start := int64(0)
	if q.Cursor != "" {
		n, err := strconv.ParseInt(q.Cursor, 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("bundle: %.40q is not a cursor of this bundle: %w", q.Cursor, countersign.ErrInvalid)
		}
		start = n
	}
	page := &countersign.Page[contractone.Entry]{Total: -1}
	err := l.scan(ctx, start, func(r record, s span) bool {
		if !q.Matches(r.Entry) {
			return true
		}
		if len(page.Items) == q.PageSize() {
			page.Next = strconv.FormatInt(s.offset, 10)
			return false
		}
		page.Items = append(page.Items, r.Entry)
		return true
	})
	if errors.Is(err, errDamaged) && start > 0 {
		err = fmt.Errorf("bundle: cursor %d: %w: %w", start, countersign.ErrInvalid, err)
	}
	if err != nil {
		return nil, err
	}
	return page, nil
}
