package countersign

import (
	"io"
	"net/http"
	"net/url"
)

// Upload is a file to send. Open is called once for each attempt, so a retry
// sends the whole file again; the file is streamed, never held in memory.
type Upload struct {
	Name        string // file name as the service shall show it
	ContentType string // empty: application/octet-stream, or what the call says
	Size        int64  // bytes; -1: not known, sent chunked
	Open        func() (io.ReadCloser, error)
}

// Download is a file that arrives. The caller reads it and closes it. A
// failed call never gives a Download: error answers do not reach the reader.
// When the connection breaks, Read reports io.ErrUnexpectedEOF.
type Download struct {
	io.ReadCloser
	ContentType string
	Size        int64  // bytes; -1: the service did not say
	FileName    string // from Content-Disposition, without any path; may be empty
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
