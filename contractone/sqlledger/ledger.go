package sqlledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/internal/sqldb"
)

// Dialect is the kind of the database.
type Dialect = sqldb.Dialect

// The databases that a ledger can lie in.
const (
	SQLite     = sqldb.SQLite
	PostgreSQL = sqldb.PostgreSQL
)

// Config is what a ledger needs. DB, Dialect and Dir are required.
type Config struct {
	DB      *sql.DB // the program's; Open and the ledger never close it
	Dialect Dialect
	Dir     string           // folder of the PDFs; made if it does not exist
	Now     func() time.Time // nil: time.Now. Times are kept to the microsecond
}

// Ledger is the ledger in a database and a folder. It is safe for concurrent
// use.
type Ledger struct {
	db      *sql.DB
	dialect Dialect
	folder  *folder
	now     func() time.Time
	q       statements
	often   prepared
	writer  sync.Mutex // of SQLite; see inTx
}

var _ interface {
	contractone.Ledger
	contractone.Searcher
	contractone.Updater
	contractone.Digitiser
	contractone.Historian
	contractone.Opener
} = (*Ledger)(nil)

//go:embed migrations
var migrations embed.FS

// Open brings the ledger's tables up to date and makes the folder. Errors are a
// *countersign.ConfigError, a *StorageError when the folder can't be written to,
// or the database's.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	bad := func(field, reason, fix string) (*Ledger, error) {
		return nil, &countersign.ConfigError{Component: "sqlledger", Field: field, Reason: reason, Fix: fix}
	}
	switch {
	case cfg.DB == nil:
		return bad("DB", "is nil", "open the database with database/sql and a driver")
	case !cfg.Dialect.Valid():
		return bad("Dialect", "is not set", "use sqlledger.SQLite or sqlledger.PostgreSQL")
	case cfg.Dir == "":
		return bad("Dir", "is empty", "name the folder that the PDFs shall lie in")
	}
	folder, err := openFolder(cfg.Dir)
	if err != nil {
		return nil, err
	}
	steps, err := sqldb.Steps(migrations, "migrations/"+cfg.Dialect.String())
	if err != nil {
		return nil, databaseError("open", err)
	}
	if err := sqldb.Migrate(ctx, cfg.DB, cfg.Dialect, "contractone", steps); err != nil {
		return nil, databaseError("open", err)
	}
	l := &Ledger{db: cfg.DB, dialect: cfg.Dialect, folder: folder, now: cfg.Now, q: newStatements(cfg.Dialect)}
	if l.often, err = l.q.prepare(ctx, cfg.DB); err != nil {
		return nil, databaseError("open", err)
	}
	if l.now == nil {
		l.now = time.Now
	}
	return l, nil
}

// Capabilities states everything but Quota: one's own database has no contracted
// count.
func (l *Ledger) Capabilities() contractone.Capabilities {
	return contractone.Capabilities{Search: true, Update: true, Digitise: true, History: true, Open: true, Durable: true}
}

// Register enters a file; see contractone.Ledger. It keeps the PDF first and
// then writes the entry in one transaction. An error of the folder or a full
// disk holds a *StorageError.
func (l *Ledger) Register(ctx context.Context, d contractone.Draft) (contractone.Receipt, error) {
	if err := d.Validate(); err != nil {
		return contractone.Receipt{}, err
	}
	if receipt, found, err := l.receipt(ctx, l.often.receipt, d.Source); err != nil || found {
		return receipt, l.failed(d, err)
	}
	pdf, err := l.folder.keep(ctx, d)
	if err != nil {
		return contractone.Receipt{}, l.failed(d, err)
	}
	receipt, err := l.enter(ctx, d, pdf)
	return receipt, l.failed(d, err)
}

// failed names the file in an error that does not do so already.
func (l *Ledger) failed(d contractone.Draft, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*contractone.FileError](err); ok {
		return err
	}
	return d.Fail(err)
}

// enter writes the entry of a PDF that is kept.
func (l *Ledger) enter(ctx context.Context, d contractone.Draft, pdf contractone.PDF) (contractone.Receipt, error) {
	e, change := contractone.NewEntry(d, pdf, l.clock())
	var receipt contractone.Receipt
	committing := false
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		committing = false
		id, fresh, err := l.insertEntry(ctx, tx, e)
		if err != nil {
			return err
		}
		if !fresh {
			var found bool
			if receipt, found, err = l.receipt(ctx, tx.StmtContext(ctx, l.often.receipt), e.Source); err == nil && !found {
				err = errors.New("the entry is there and can't be read")
			}
			return err
		}
		if err := l.insertChange(ctx, tx, id, 0, change); err != nil {
			return err
		}
		// Sweep can't run beside this transaction, so what is there now stays.
		if !l.folder.holds(pdf) {
			return fmt.Errorf("the PDF was removed from %s meanwhile: %w", l.folder.dir, countersign.ErrUnavailable)
		}
		receipt = contractone.Receipt{ID: entryID(id), Key: e.Key, Created: true, PDF: pdf, RegisteredAt: e.RegisteredAt}
		committing = true
		return nil
	})
	switch {
	case err == nil:
		return receipt, nil
	case committing && !sqldb.IsConflict(err):
		return l.afterCommit(ctx, e.Source, err)
	}
	return contractone.Receipt{}, databaseError("register", err)
}

// afterCommit finds out what became of a commit that failed. Only where that
// can't be seen is the outcome unknown.
func (l *Ledger) afterCommit(ctx context.Context, src contractone.Source, err error) (contractone.Receipt, error) {
	receipt, found, lookup := l.receipt(context.WithoutCancel(ctx), l.often.receipt, src)
	switch {
	case lookup != nil:
		return contractone.Receipt{}, fmt.Errorf("sqlledger: %w: %w", countersign.ErrOutcomeUnknown, err)
	case found:
		receipt.Created = true
		return receipt, nil
	}
	return contractone.Receipt{}, databaseError("register", err)
}

// inTx runs fn in a transaction that writes. A SQLite file has one writer at a
// time, and one that finds it locked sleeps before it looks again, so those of
// this ledger take turns instead.
func (l *Ledger) inTx(ctx context.Context, fn func(*sql.Tx) error) error {
	if l.dialect == SQLite {
		l.writer.Lock()
		defer l.writer.Unlock()
	}
	return sqldb.InTx(ctx, l.db, fn)
}

// clock is the time as the database keeps it.
func (l *Ledger) clock() time.Time { return l.now().UTC().Truncate(time.Microsecond) }

// receipt gives the receipt of a file that is registered.
func (l *Ledger) receipt(ctx context.Context, stmt *sql.Stmt, src contractone.Source) (contractone.Receipt, bool, error) {
	r := contractone.Receipt{Key: src.Key()}
	var id int64
	err := stmt.QueryRowContext(ctx, src.DocumentID, src.FileID, string(src.Origin)).
		Scan(&id, &r.PDF.SHA256, &r.PDF.Size, (*sqldb.Time)(&r.RegisteredAt))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return contractone.Receipt{}, false, nil
	case err != nil:
		return contractone.Receipt{}, false, databaseError("look for the entry", err)
	}
	r.ID = entryID(id)
	return r, true, nil
}

// Lookup gives the entry of a key. A key that is not of the form that ParseKey
// reads is not there.
func (l *Ledger) Lookup(ctx context.Context, key contractone.Key) (contractone.Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return contractone.Entry{}, false, err
	}
	src, err := contractone.ParseKey(string(key))
	if err != nil {
		return contractone.Entry{}, false, nil //nolint:nilerr // no entry has such a key
	}
	entries, err := readEntries(l.often.byKey.QueryContext(ctx, src.DocumentID, src.FileID, string(src.Origin)))
	if err != nil {
		return contractone.Entry{}, false, databaseError("lookup", err)
	}
	if len(entries) == 0 {
		return contractone.Entry{}, false, nil
	}
	return entries[0].entry, true, nil
}

// OpenPDF streams the PDF of an entry.
func (l *Ledger) OpenPDF(ctx context.Context, key contractone.Key) (*countersign.Download, error) {
	e, found, err := l.Lookup(ctx, key)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound(string(key))
	}
	r, err := l.folder.open(e.PDF)
	if err != nil {
		return nil, fmt.Errorf("sqlledger: the PDF of %s: %w", key, err)
	}
	return &countersign.Download{
		ReadCloser: r, ContentType: "application/pdf", Size: e.PDF.Size, FileName: e.Items.FileName,
	}, nil
}

// PDFPath is where the PDF of an entry lies, for people and other programs.
// Nobody changes the file.
// An entry without a PDF, such as the zero value, has none: "".
func (l *Ledger) PDFPath(e contractone.Entry) string {
	if len(e.PDF.SHA256) != 64 {
		return ""
	}
	return l.folder.path(e.PDF.SHA256)
}

func entryID(id int64) contractone.EntryID {
	return contractone.EntryID(strconv.FormatInt(id, 10))
}
