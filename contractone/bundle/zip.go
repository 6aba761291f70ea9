package bundle

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteZip finishes the bundle and writes it as a zip file: the manifests, the
// instructions and every PDF that is still there, but not what the writer
// remembers. Names are UTF-8. PDFs are stored as they are, since they hardly
// shrink; memory does not grow with their size or number. When it fails, w has received an
// unusable part.
func (l *Ledger) WriteZip(ctx context.Context, w io.Writer) error {
	if err := l.Finish(ctx); err != nil {
		return err
	}
	out := zip.NewWriter(w)
	for _, name := range []string{ReadmeJA, ReadmeEN, ManifestCSV, ManifestJSON} {
		if err := l.zipFile(out, name, zip.Deflate); err != nil {
			return err
		}
	}
	err := l.files(ctx, func(f File) error {
		err := l.zipFile(out, f.File, zip.Store)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // moved away after its import
		}
		return err
	})
	if err != nil {
		return err
	}
	return out.Close()
}

func (l *Ledger) zipFile(out *zip.Writer, name string, method uint16) error {
	file, err := os.Open(filepath.Join(l.dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	info, err := file.Stat()
	if err != nil {
		return err
	}
	part, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: info.ModTime()})
	if err != nil {
		return err
	}
	_, err = io.Copy(part, file)
	return err
}
