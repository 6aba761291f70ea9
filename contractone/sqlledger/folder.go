package sqlledger

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/countersign/countersign/contractone"
)

// folder keeps PDFs by the SHA-256 of their bytes.
type folder struct {
	dir string

	mu sync.Mutex
	// durable says of which folders below sha256/ it is known that a crash does
	// not take them away.
	durable map[string]bool
}

// openFolder makes the folder and proves that it can be written to, so that a
// wrong path shows before anything was downloaded.
func openFolder(dir string) (*folder, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, folderError(dir, err)
	}
	f := &folder{dir: abs, durable: map[string]bool{}}
	for _, sub := range []string{f.incoming(), f.blobs()} {
		if err := makeDir(sub); err != nil {
			return nil, folderError(sub, err)
		}
	}
	probe, err := os.CreateTemp(f.incoming(), "probe-*")
	if err != nil {
		return nil, folderError(f.incoming(), err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, folderError(f.incoming(), err)
	}
	return f, nil
}

// makeDir makes a folder and those above it that are missing, each in a way that
// a crash does not undo.
func makeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path) {
		if err := makeDir(filepath.Dir(path)); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o700)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return syncDir(filepath.Dir(path))
}

func (f *folder) incoming() string { return filepath.Join(f.dir, "incoming") }
func (f *folder) blobs() string    { return filepath.Join(f.dir, "sha256") }

// path is where the PDF with this hash lies.
func (f *folder) path(sha256 string) string {
	return filepath.Join(f.blobs(), sha256[:2], sha256+".pdf")
}

// storageWriter marks the errors of its file, to tell them from those of the
// upload that is copied to it.
type storageWriter struct{ file *os.File }

func (w storageWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	if err != nil {
		err = folderError(w.file.Name(), err)
	}
	return n, err
}

// keep streams the draft's PDF into the folder. When it returns without an
// error, the file survives a crash.
func (f *folder) keep(ctx context.Context, d contractone.Draft) (contractone.PDF, error) {
	tmp, err := os.CreateTemp(f.incoming(), "pdf-*")
	if err != nil {
		return contractone.PDF{}, folderError(f.incoming(), err)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // it was renamed, or Sweep removes it
	pdf, err := d.CopyPDF(ctx, storageWriter{tmp})
	if err == nil {
		if serr := tmp.Sync(); serr != nil {
			err = folderError(tmp.Name(), serr)
		}
	}
	if cerr := tmp.Close(); cerr != nil && err == nil {
		err = folderError(tmp.Name(), cerr)
	}
	if err != nil {
		return contractone.PDF{}, err
	}
	if err := f.place(tmp.Name(), pdf); err != nil {
		return contractone.PDF{}, folderError(f.path(pdf.SHA256), err)
	}
	return pdf, nil
}

// place gives a finished file its name. A file of that name has the same bytes;
// it only becomes young again, so that Sweep leaves it alone.
func (f *folder) place(tmp string, pdf contractone.PDF) error {
	target := f.path(pdf.SHA256)
	dir := filepath.Dir(target)
	if err := f.makeDurable(dir); err != nil {
		return err
	}
	now := time.Now()
	if !f.holds(pdf) || os.Chtimes(target, now, now) != nil {
		if err := os.Rename(tmp, target); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// holds reports whether the file of a PDF is there.
func (f *folder) holds(pdf contractone.PDF) bool {
	info, err := os.Stat(f.path(pdf.SHA256))
	return err == nil && info.Size() == pdf.Size
}

// makeDurable makes a folder below sha256/. Another goroutine or process may
// have made it without having synced its name yet, so each process does that
// once for itself.
func (f *folder) makeDurable(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := os.Mkdir(dir, 0o700)
	switch {
	case errors.Is(err, fs.ErrExist) && f.durable[dir]:
		return nil
	case err != nil && !errors.Is(err, fs.ErrExist):
		return err
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	f.durable[dir] = true
	return nil
}

// open gives the PDF's bytes.
func (f *folder) open(pdf contractone.PDF) (io.ReadCloser, error) {
	return os.Open(f.path(pdf.SHA256))
}

// syncDir makes the names in a folder survive a crash. Windows has no such
// call, and keeps names by itself.
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
