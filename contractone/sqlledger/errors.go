package sqlledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/internal/sqldb"
)

// StorageError says that the folder or the database could not take what was to
// be kept. What was kept before is intact, and nothing of this is kept. It is a
// contractone.ErrStorage: the same registration works once it is repaired.
type StorageError struct {
	Path string // the file or folder; empty for the database
	Fix  string // what to do
	Err  error  // the cause
}

// Error names the place, the cause and the way out in one sentence.
func (e *StorageError) Error() string {
	place := "the database"
	if e.Path != "" {
		place = e.Path
	}
	return fmt.Sprintf("sqlledger: can't write to %s: %s: %s; nothing is lost", place, e.Err, e.Fix)
}

// Unwrap gives the kind and the cause.
func (e *StorageError) Unwrap() []error { return []error{contractone.ErrStorage, e.Err} }

// folderError makes the error of a file operation a StorageError.
func folderError(path string, err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		path, err = pe.Path, pe.Err
	} else if le, ok := errors.AsType[*os.LinkError](err); ok {
		path, err = le.New, le.Err
	}
	fix := "choose a folder that the program may write to"
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			fix = "make room there or choose another folder, then run again"
		}
	}
	return &StorageError{Path: path, Fix: fix, Err: err}
}

// databaseError makes a disk that the database can't write to a StorageError, and
// names the operation of every other error.
func databaseError(op string, err error) error {
	if sqldb.IsStorage(err) {
		return &StorageError{Fix: "make room on the disk of the database, or make its file writable, then run again", Err: err}
	}
	return fmt.Errorf("sqlledger: %s: %w", op, err)
}

func notFound(key string) error {
	return fmt.Errorf("sqlledger: entry %.120q: %w", key, countersign.ErrNotFound)
}
