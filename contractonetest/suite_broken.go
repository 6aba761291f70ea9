package contractonetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

var brokenCases = map[string]func(*testing.T, contractone.Ledger){
	"uploads":             testBrokenUploads,
	"canceled before":     testCanceledBefore,
	"canceled mid-stream": testCanceledMidStream,
}

var errBroken = errors.New("connection reset")

// breaking fails after some bytes.
type breaking struct {
	io.Reader
	err error
}

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

type badClose struct{ io.Reader }

func (badClose) Close() error { return errBroken }

func upload(size int64, r io.ReadCloser, err error) countersign.Upload {
	return countersign.Upload{Name: "x.pdf", Size: size, Open: func() (io.ReadCloser, error) { return r, err }}
}

// A broken upload names the file, says what kind of failure it is, and leaves
// nothing: the same key registers afterwards as if nothing had been.
func testBrokenUploads(t *testing.T, l contractone.Ledger) {
	data := PDF("broken", 100_000)
	reader := func(n int) io.ReadCloser { return io.NopCloser(bytes.NewReader(data[:n])) }
	torn := func(n int, err error) io.ReadCloser {
		return io.NopCloser(&breaking{bytes.NewReader(data[:n]), err})
	}
	for name, c := range map[string]struct {
		up    countersign.Upload
		kinds []error
	}{
		"does not open":         {upload(100_000, nil, errBroken), []error{contractone.ErrReadFile, errBroken}},
		"breaks at once":        {upload(100_000, torn(0, errBroken), nil), []error{contractone.ErrReadFile, errBroken}},
		"breaks in the header":  {upload(100_000, torn(3, io.ErrUnexpectedEOF), nil), []error{contractone.ErrReadFile, io.ErrUnexpectedEOF}},
		"breaks in the middle":  {upload(-1, torn(70_000, io.ErrUnexpectedEOF), nil), []error{contractone.ErrReadFile, io.ErrUnexpectedEOF}},
		"breaks at the end":     {upload(100_000, torn(100_000, errBroken), nil), []error{contractone.ErrReadFile, errBroken}},
		"does not close":        {upload(100_000, badClose{bytes.NewReader(data)}, nil), []error{contractone.ErrReadFile, errBroken}},
		"shorter, by one":       {upload(100_001, reader(100_000), nil), []error{contractone.ErrSizeDiffers, countersign.ErrUnavailable}},
		"shorter, in a header":  {upload(100_000, reader(3), nil), []error{contractone.ErrSizeDiffers}},
		"nothing of much":       {upload(100_000, reader(0), nil), []error{contractone.ErrSizeDiffers}},
		"longer":                {upload(99_999, reader(100_000), nil), []error{contractone.ErrSizeDiffers}},
		"empty":                 {upload(0, reader(0), nil), []error{contractone.ErrEmptyFile, countersign.ErrInvalid}},
		"empty, size not known": {upload(-1, reader(0), nil), []error{contractone.ErrEmptyFile}},
		"HTML":                  {Upload("x.pdf", []byte("<!doctype html><title>503</title>")), []error{contractone.ErrNotPDF, countersign.ErrInvalid}},
		"a late header":         {Upload("x.pdf", []byte(strings.Repeat(" ", 1020)+"%PDF-1.7")), []error{contractone.ErrNotPDF}},
	} {
		d := full("doc", "file", 1)
		d.PDF = c.up
		_, err := l.Register(t.Context(), d)
		wantError(t, name, err, c.kinds...)
		fe, ok := errors.AsType[*contractone.FileError](err)
		if !ok || fe.DocumentID != "doc" || fe.FileID != "file" || fe.Link != d.Link {
			t.Fatalf("%s: error %q does not name link, document and file", name, err)
		}
		wantNothing(t, l, d.Key())
	}
	equal(t, "created after failures", register(t, l, full("doc", "file", 1)).Created, true)
}

func wantNothing(t *testing.T, l contractone.Ledger, key contractone.Key) {
	t.Helper()
	wantAbsent(t, l, key)
	if s, ok := l.(contractone.Searcher); ok && l.Capabilities().Search {
		equal(t, "entries", len(collect(t, s, contractone.Query{})), 0)
	}
	if q, ok := l.(contractone.Quota); ok && l.Capabilities().Quota {
		u, err := q.Usage(t.Context())
		if err != nil {
			t.Fatalf("Usage: %v", err)
		}
		equal(t, "used up", u.Used, 0)
	}
}

func testCanceledBefore(t *testing.T, l contractone.Ledger) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := full("doc", "file", 1)
	_, err := l.Register(ctx, d)
	wantError(t, "Register", err, context.Canceled)
	wantNothing(t, l, d.Key())
	_, _, err = l.Lookup(ctx, d.Key())
	wantError(t, "Lookup", err, context.Canceled)
}

// canceling ends the context after some bytes and then goes on reading, as a
// source does that does not listen to the context.
type canceling struct {
	io.Reader
	cancel func()
	after  int
}

func (c *canceling) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p[:min(len(p), 4096)])
	if c.after -= n; c.after <= 0 {
		c.cancel()
	}
	return n, err
}

func testCanceledMidStream(t *testing.T, l contractone.Ledger) {
	data := PDF("cancel", 100_000)
	for _, after := range []int{1, 50_000, 100_000} {
		ctx, cancel := context.WithCancel(t.Context())
		d := full("doc", "file", 1)
		d.PDF = upload(100_000, io.NopCloser(&canceling{bytes.NewReader(data), cancel, after}), nil)
		_, err := l.Register(ctx, d)
		cancel()
		wantError(t, "Register", err, context.Canceled)
		wantNothing(t, l, d.Key())
	}
	equal(t, "created after cancellations", register(t, l, full("doc", "file", 1)).Created, true)
}
