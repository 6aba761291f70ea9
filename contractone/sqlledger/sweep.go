package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/countersign/countersign"
)

// MinSweepAge is the youngest age that Sweep takes: no registration takes so
// long.
const MinSweepAge = time.Hour

// sweepBatch is how many files are removed under one lock.
const sweepBatch = 100

// Swept is what Sweep removed.
type Swept struct {
	Files int64
	Bytes int64
}

var blobName = regexp.MustCompile(`^[0-9a-f]{64}\.pdf$`)

// Sweep removes files that no entry names and that nobody has touched for the
// time olderThan, at least MinSweepAge: what a crash left between file and row,
// and uploads that were never finished. It never removes the file of an entry,
// also while other processes register. Files that are not the ledger's stay.
func (l *Ledger) Sweep(ctx context.Context, olderThan time.Duration) (Swept, error) {
	var s Swept
	if olderThan < MinSweepAge {
		return s, &countersign.ConfigError{Component: "sqlledger", Field: "olderThan", Reason: "is less than an hour", Fix: "give MinSweepAge or more"}
	}
	before := time.Now().Add(-olderThan)
	err := eachBatch(l.folder.incoming(), func(names []string) error {
		for _, name := range names {
			if strings.HasPrefix(name, "pdf-") || strings.HasPrefix(name, "probe-") {
				if err := s.remove(filepath.Join(l.folder.incoming(), name), before); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return s, err
	}
	err = eachBatch(l.folder.blobs(), func(dirs []string) error {
		for _, dir := range dirs {
			if len(dir) != 2 {
				continue
			}
			path := filepath.Join(l.folder.blobs(), dir)
			if err := eachBatch(path, func(names []string) error { return l.sweepBlobs(ctx, path, names, before, &s) }); err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

// sweepBlobs removes the files among names that no entry names. It holds the
// lock that keeps registrations from committing, so that none can begin to name
// a file between the question and the removal.
func (l *Ledger) sweepBlobs(ctx context.Context, dir string, names []string, before time.Time, s *Swept) error {
	var old []string
	for _, name := range names {
		if blobName.MatchString(name) && isOld(filepath.Join(dir, name), before) {
			old = append(old, name)
		}
	}
	if len(old) == 0 {
		return ctx.Err()
	}
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		if err := l.blockRegistrations(ctx, tx); err != nil {
			return err
		}
		for _, name := range old {
			var one int
			hash := strings.TrimSuffix(name, ".pdf")
			err := tx.QueryRowContext(ctx, l.dialect.Rebind("SELECT 1 FROM contractone_entry WHERE pdf_sha256 = ? LIMIT 1"), hash).Scan(&one)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				// Asked again: a registration may have touched it before the lock.
				if err := s.remove(filepath.Join(dir, name), before); err != nil {
					return err
				}
			case err != nil:
				return err
			}
		}
		return nil
	})
	if err != nil {
		return databaseError("sweep", err)
	}
	return nil
}

// blockRegistrations waits for the transactions that write entries and keeps
// new ones out until tx ends.
func (l *Ledger) blockRegistrations(ctx context.Context, tx *sql.Tx) error {
	if l.dialect == PostgreSQL {
		_, err := tx.ExecContext(ctx, "LOCK TABLE contractone_entry IN SHARE MODE")
		return err
	}
	// A statement that may write takes the lock of the file.
	_, err := tx.ExecContext(ctx, "DELETE FROM contractone_entry WHERE id < 0")
	return err
}

func isOld(path string, before time.Time) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.ModTime().Before(before)
}

// remove removes a file that is still old.
func (s *Swept) remove(path string, before time.Time) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !isOld(path, before)) {
		return nil
	}
	if err == nil {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return folderError(path, err)
	}
	s.Files++
	s.Bytes += info.Size()
	return nil
}

// eachBatch gives the names in a folder in batches, so that memory does not grow
// with their number.
func eachBatch(dir string, fn func(names []string) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return folderError(dir, err)
	}
	defer d.Close() //nolint:errcheck // nothing was written
	for {
		names, err := d.Readdirnames(sweepBatch)
		if len(names) > 0 {
			if ferr := fn(names); ferr != nil {
				return ferr
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return folderError(dir, err)
		}
	}
}
