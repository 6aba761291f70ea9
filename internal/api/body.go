package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/countersign/countersign"
)

// Body is what a call sends: Form, JSONBody, Multipart or Raw.
type Body interface {
	prepare() (*payload, error)
}

// payload is a body that can be opened afresh for each attempt.
type payload struct {
	contentType string
	length      int64 // -1: not known
	open        func() (io.ReadCloser, error)
}

func bytesPayload(contentType string, b []byte) *payload {
	return &payload{contentType, int64(len(b)), func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

type formBody url.Values

// Form is sent as application/x-www-form-urlencoded.
func Form(v url.Values) Body { return formBody(v) }

func (f formBody) prepare() (*payload, error) {
	return bytesPayload("application/x-www-form-urlencoded", []byte(url.Values(f).Encode())), nil
}

type jsonBody struct{ v any }

// JSONBody is sent as application/json.
func JSONBody(v any) Body { return jsonBody{v} }

func (j jsonBody) prepare() (*payload, error) {
	b, err := json.Marshal(j.v)
	if err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	return bytesPayload("application/json", b), nil
}

type rawBody countersign.Upload

// Raw sends one file as the body, streamed.
func Raw(u countersign.Upload) Body { return rawBody(u) }

func (r rawBody) prepare() (*payload, error) {
	u := countersign.Upload(r)
	if err := checkUpload(u); err != nil {
		return nil, err
	}
	return &payload{contentTypeOf(u), u.Size, func() (io.ReadCloser, error) { return openUpload(u) }}, nil
}

// Part is one part of a multipart body: Field or FilePart.
type Part struct {
	name  string
	value string
	file  *countersign.Upload
}

// Field is a part that holds text.
func Field(name, value string) Part { return Part{name: name, value: value} }

// FilePart is a part that holds a file, streamed.
func FilePart(name string, u countersign.Upload) Part { return Part{name: name, file: &u} }

type multipartBody []Part

// Multipart is sent as multipart/form-data. Files are streamed; the length is
// sent when the sizes of all files are known.
func Multipart(parts ...Part) Body { return multipartBody(parts) }

// prepare renders everything but the files, so that a body can be opened again
// and its length is known before it is sent.
func (m multipartBody) prepare() (*payload, error) {
	var texts [][]byte // the text before each file, then the text behind the last
	var files []countersign.Upload
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	length := int64(0)
	cut := func() {
		texts = append(texts, bytes.Clone(buf.Bytes()))
		length += int64(buf.Len())
		buf.Reset()
	}
	known := true
	for _, p := range m {
		if err := writePart(w, p); err != nil {
			return nil, err
		}
		if p.file == nil {
			continue
		}
		cut()
		files = append(files, *p.file)
		known = known && p.file.Size >= 0
		length += max(p.file.Size, 0)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	cut()
	if !known {
		length = -1
	}
	return &payload{w.FormDataContentType(), length, func() (io.ReadCloser, error) { return openParts(texts, files) }}, nil
}

func writePart(w *multipart.Writer, p Part) error {
	h := textproto.MIMEHeader{}
	disposition := `form-data; name="` + headerText(p.name) + `"`
	if p.file != nil {
		if err := checkUpload(*p.file); err != nil {
			return err
		}
		disposition += `; filename="` + headerText(p.file.Name) + `"`
		h.Set("Content-Type", contentTypeOf(*p.file))
	}
	h.Set("Content-Disposition", disposition)
	pw, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	_, err = io.WriteString(pw, p.value)
	return err
}

// headerText makes a name safe inside a quoted header parameter: a line break
// in it would start a header line of its own.
func headerText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f:
			return -1
		case r == '"' || r == '\\':
			return '_'
		}
		return r
	}, s)
	for len(s) > 255 {
		_, size := lastRune(s)
		s = s[:len(s)-size]
	}
	return s
}

func openParts(texts [][]byte, files []countersign.Upload) (io.ReadCloser, error) {
	p := &partsReader{}
	readers := make([]io.Reader, 0, len(texts)+len(files))
	for i, t := range texts {
		readers = append(readers, bytes.NewReader(t))
		if i == len(files) {
			break
		}
		f, err := openUpload(files[i])
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.closers = append(p.closers, f)
		readers = append(readers, f)
	}
	p.Reader = io.MultiReader(readers...)
	return p, nil
}

type partsReader struct {
	io.Reader
	closers []io.Closer
}

func (p *partsReader) Close() error {
	var errs []error
	for _, c := range p.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func checkUpload(u countersign.Upload) error {
	if u.Open == nil {
		return &countersign.ConfigError{Component: "countersign", Field: "Upload.Open", Reason: "is nil"}
	}
	return nil
}

func contentTypeOf(u countersign.Upload) string {
	if u.ContentType == "" {
		return "application/octet-stream"
	}
	return headerText(u.ContentType)
}

// uploadError is a failure of the file that is sent, not of the service: the
// service can't have accepted a body that was cut off.
type uploadError struct{ err error }

func (e *uploadError) Error() string { return "read upload: " + e.err.Error() }
func (e *uploadError) Unwrap() error { return e.err }

func openUpload(u countersign.Upload) (io.ReadCloser, error) {
	f, err := u.Open()
	if err != nil {
		return nil, &uploadError{err}
	}
	return &uploadReader{ReadCloser: f, left: u.Size, sized: u.Size >= 0}, nil
}

// uploadReader reports a file that is shorter or longer than was said, before
// the service sees the end of the body.
type uploadReader struct {
	io.ReadCloser
	left  int64
	sized bool
}

// Read holds the last bytes back until it has seen that the file ends there:
// once the service has as many bytes as were announced, the request is complete.
func (r *uploadReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.left -= int64(n)
	if r.sized && r.left == 0 && err == nil {
		var extra [1]byte
		var m int
		m, err = io.ReadFull(r.ReadCloser, extra[:])
		r.left -= int64(m)
	}
	switch {
	case r.sized && r.left < 0:
		return 0, &uploadError{errors.New("the file is longer than its stated size")}
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, &uploadError{err}
	case r.sized && r.left > 0:
		return n, &uploadError{errors.New("the file is shorter than its stated size")}
	}
	return n, io.EOF
}

// sending is a payload on its way: it remembers a failure of the body and tells
// of progress, so that a slow upload is not taken for a hanging service.
type sending struct {
	*payload
	progress func()
	// once keeps net/http from sending the request again by itself, which it does
	// with every request that has an Idempotency-Key when a connection breaks: the
	// loop would not know of the attempt that got lost.
	once   bool
	failed atomic.Pointer[uploadError]
}

func (s *sending) open() (io.ReadCloser, error) {
	rc, err := s.payload.open()
	if err != nil {
		s.note(err)
		return nil, err
	}
	return &sendingReader{rc, s}, nil
}

func (s *sending) note(err error) {
	if u, ok := errors.AsType[*uploadError](err); ok {
		s.failed.Store(u)
	}
}

type sendingReader struct {
	io.ReadCloser
	s *sending
}

func (r *sendingReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if n > 0 {
		r.s.progress()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.s.note(err)
	}
	return n, err
}
