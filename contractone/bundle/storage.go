package bundle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/countersign/countersign/contractone"
)

// storageError makes the error of a file operation a contractone.ErrStorage that
// names the place once.
func storageError(path string, err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		path, err = pe.Path, pe.Err
	} else if le, ok := errors.AsType[*os.LinkError](err); ok {
		path, err = le.New, le.Err
	}
	return fmt.Errorf("bundle: %w: %s: %w; see that there is room and that no program has it open, then run again", contractone.ErrStorage, path, err)
}

// syncDir makes the names in a folder survive a crash. Windows has no such call,
// and keeps names by itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// scan goes through the records from an offset to what is the end now.
func (l *Ledger) scan(ctx context.Context, start int64, yield func(record, span) bool) error {
	l.mu.Lock()
	j := l.journal
	if j == nil {
		l.mu.Unlock()
		return fmt.Errorf("bundle: %w", os.ErrClosed)
	}
	file, size := j.file, j.size
	l.mu.Unlock()
	_, err := lines(io.NewSectionReader(file, start, max(size-start, 0)), start, func(r record, s span) bool {
		return ctx.Err() == nil && yield(r, s)
	})
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// replace writes a file of the bundle whole and puts it in place at once.
func (l *Ledger) replace(name string, write func(*bufio.Writer) error) error {
	tmp, err := os.CreateTemp(l.incoming(), "text-*")
	if err != nil {
		return storageError(l.incoming(), err)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // it was renamed, or Open removes it
	buf := bufio.NewWriterSize(tmp, 64<<10)
	err = write(buf)
	if err == nil {
		if err = errors.Join(buf.Flush(), tmp.Sync()); err != nil {
			err = storageError(tmp.Name(), err)
		}
	}
	if cerr := tmp.Close(); cerr != nil && err == nil {
		err = storageError(tmp.Name(), cerr)
	}
	if err != nil {
		return err
	}
	target := filepath.Join(l.dir, name)
	if err := errors.Join(os.Rename(tmp.Name(), target), syncDir(l.dir)); err != nil {
		return storageError(target, err)
	}
	return nil
}

// release gives the bundle free for other processes.
func (l *Ledger) release() error {
	var err error
	if l.journal != nil {
		err = l.journal.file.Close()
		l.journal = nil
	}
	return errors.Join(err, unlock(l.held))
}
