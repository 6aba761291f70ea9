package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	driver "modernc.org/sqlite"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/sqlstore"
)

// settings are what makes SQLite durable and patient: a commit returns when it
// is on the disk, readers don't wait for the writer, and a writer waits up to
// ten seconds for another process before it reports that the file is busy.
var settings = url.Values{
	"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	},
	"_txlock": {"immediate"},
}

// Open opens the store in a file, which it makes if there is none; its folder
// must exist. Several processes may use the file, but only one can run an
// engine on it: for the others Own fails with ErrOwned. Close closes the file.
func Open(path string, opts ...sqlstore.Option) (*sqlstore.Store, error) {
	db, err := OpenDB(path)
	if err != nil {
		return nil, err
	}
	own := func(context.Context) (func(), error) { return own(path) }
	explained := func(err error) error {
		if wayOut(err) == "" {
			return err
		}
		return explain(path, err)
	}
	opts = append([]sqlstore.Option{sqlstore.WithOwn(own), sqlstore.WithClose(db.Close), sqlstore.WithExplain(explained)}, opts...)
	store, err := sqlstore.Open(context.Background(), db, sqlstore.SQLite, opts...)
	if err != nil {
		_ = db.Close()
		return nil, explain(path, err)
	}
	return store, nil
}

// OpenDB opens a SQLite file with the settings of Open, for what lies beside
// the records, such as a ledger. It makes the file if there is none. A path
// that can't be used is told in one sentence.
func OpenDB(path string) (*sql.DB, error) {
	if err := check(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, explain(path, err)
	}
	// One connection writes and the others read: more writers would only wait
	// for each other.
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	if _, err := db.ExecContext(context.Background(), "SELECT count(*) FROM sqlite_schema"); err != nil {
		_ = db.Close()
		return nil, explain(path, err)
	}
	return db, nil
}

// dsn is the driver's name of a file. Percent signs and question marks in the
// path would be read as something else.
func dsn(path string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: settings.Encode()}
	return u.String()
}

// check finds what the driver would only call "unable to open".
func check(path string) error {
	if path == "" || strings.HasPrefix(path, ":") {
		return &pathError{path, "is not the path of a file", "name a file in a folder that exists"}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return &pathError{path, "is a folder", "name a file in it"}
	}
	dir := filepath.Dir(path)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return &pathError{path, "can't be made, because the folder " + dir + " does not exist", "make the folder first"}
	case err != nil:
		return &pathError{path, "can't be reached: " + reason(err), "check the folder's path and rights"}
	case !info.IsDir():
		return &pathError{path, "can't be made, because " + dir + " is a file", "choose another folder"}
	}
	// The driver reads a file that it may not write, and fails at the first commit.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return &pathError{path, "can't be written: " + reason(err), "check the rights of the file and its folder"}
	}
	return f.Close()
}

// reason is a file error without the path, which the sentence has already.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

type pathError struct{ path, what, wayOut string }

func (e *pathError) Error() string {
	return fmt.Sprintf("sqlite: %s %s: %s", e.path, e.what, e.wayOut)
}

// SQLite result codes, https://www.sqlite.org/rescode.html.
const (
	codeBusy     = 5
	codeReadOnly = 8
	codeIOError  = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26
)

// wayOut is what a person can do about SQLite's error; empty where nobody knows.
func wayOut(err error) string {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return ""
	}
	switch e.Code() & 0xff {
	case codeBusy:
		return "another program holds the file, so end it or wait"
	case codeReadOnly, codeCantOpen:
		return "check the rights of the file, its -wal and -shm files and its folder"
	case codeIOError, codeFull:
		return "check that the disk has room and is a local one"
	case codeCorrupt, codeNotADB:
		return "it is no SQLite file or is damaged, so name another or restore a backup"
	default:
		return ""
	}
}

// explain names the file and the way out.
func explain(path string, err error) error {
	if way := wayOut(err); way != "" {
		return fmt.Errorf("sqlite: %s can't be used: %s: %w", path, way, err)
	}
	return fmt.Errorf("sqlite: open %s: %w", path, err)
}

// own takes the lock of the file beside the database. The system gives it free
// when the process ends, however it ends.
func own(path string) (release func(), err error) {
	f, err := lock(path + "-lock")
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("sqlite: %s: %w; one process at a time runs the local engine; several share the work with the engine of orchestration/riverengine, on PostgreSQL: see docs/scaling.md",
			path, orchestration.ErrOwned)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock %s: %w", path, err)
	}
	// The file stays: to remove it would let two processes lock two files.
	return func() { unlock(f) }, nil
}

var errLocked = errors.New("locked")
