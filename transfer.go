package countersign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// Upload is a file to send. Open is called once for each attempt, so a retry
// sends the whole file again; the file is streamed, never held in memory.
type Upload struct {
	Name        string // file name as the service shall show it
	ContentType string // empty: application/octet-stream, or what the call says
	Size        int64  // bytes; -1: not known, sent chunked
	Open        func() (io.ReadCloser, error)
}

// UploadBytes is content in memory, to send under that file name. It must not
// change before the call that sends it has returned.
func UploadBytes(name string, content []byte) Upload {
	return Upload{Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

// UploadFile is a file on disk, to send under its own name and with the size that
// it has now; it is opened when it is sent. The error is that of os.Stat, or says
// that the path is no regular file.
func UploadFile(path string) (Upload, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Upload{}, err
	}
	if !info.Mode().IsRegular() {
		return Upload{}, fmt.Errorf("countersign: %s is no regular file", path)
	}
	return Upload{Name: filepath.Base(path), Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(path) }}, nil
}

// Download is a file that arrives. The caller reads it and closes it. A
// failed call never gives a Download: error answers do not reach the reader.
// When the connection breaks, Read gives an *Error.
type Download struct {
	io.ReadCloser
	ContentType string
	Size        int64  // bytes; -1: the service did not say
	FileName    string // from Content-Disposition, without any path; may be empty
}

// SaveAs writes the file to a path and closes the download. The file appears there
// whole or not at all: it is written beside its place first and checked against
// Size. A file that is there already is replaced. Its mode is 0600.
func (d *Download) SaveAs(path string) (written int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".countersign-*")
	if err != nil {
		return 0, errors.Join(err, d.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	written, err = io.Copy(f, d)
	if err == nil && d.Size >= 0 && written != d.Size {
		err = fmt.Errorf("countersign: the file has %d bytes instead of %d: %w", written, d.Size, io.ErrUnexpectedEOF)
	}
	if err = errors.Join(err, f.Sync(), f.Close(), d.Close()); err != nil {
		return written, err
	}
	return written, os.Rename(f.Name(), path)
}

// Page is one page of a listing.
type Page[T any] struct {
	Items []T
	Total int64  // matching items on all pages; -1: the service did not say
	Next  string // cursor of the next page; empty: this is the last
}

// Request describes a call that a client has no method for. It goes out with
// the client's authentication, limits, retries and errors, to the client's own
// host: the path is built from elements and each is escaped.
type Request struct {
	Op     string     // for errors and logs; empty: method and path
	Method string     // empty: GET
	Path   []string   // elements, unescaped: "documents", id, "files"
	Query  url.Values // may be nil
	Header http.Header
	// Form is sent as application/x-www-form-urlencoded, JSON as
	// application/json. At most one may be set.
	Form url.Values
	JSON any
	// Idempotent says that sending the request twice has the effect of sending
	// it once, so that it may be retried. GET and HEAD always are.
	Idempotent bool
}
