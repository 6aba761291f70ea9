package contractone

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// PDFHeaderWithin is how far into a file readers look for the PDF header, in bytes:
// ISO 32000 wants it first, Acrobat accepts it within the first 1,024 bytes.
const PDFHeaderWithin = 1024

var pdfHeader = []byte("%PDF-")

// HasPDFHeader reports whether a file that begins with these bytes can be a PDF.
// It looks at the first PDFHeaderWithin bytes; of a longer file give at least
// these.
func HasPDFHeader(begin []byte) bool {
	return bytes.Contains(begin[:min(len(begin), PDFHeaderWithin)], pdfHeader)
}

// CopyPDF opens the draft's PDF once and streams it to w. It checks that the
// file is not empty, looks like a PDF and has the announced size, and gives its
// SHA-256 and size. Errors of the file are *FileError; an error of w comes back
// as it is, and so does the context's when it ends. On an error w has received
// an unusable part, which the caller throws away. At most 32 KiB are held.
func (d Draft) CopyPDF(ctx context.Context, w io.Writer) (PDF, error) {
	if err := ctx.Err(); err != nil {
		return PDF{}, err
	}
	r, err := d.PDF.Open()
	if err != nil {
		return PDF{}, d.readFailure(ctx, err)
	}
	pdf, err := d.copyFrom(ctx, w, r)
	if cerr := r.Close(); err == nil && cerr != nil {
		return PDF{}, d.readFailure(ctx, cerr)
	}
	return pdf, err
}

func (d Draft) copyFrom(ctx context.Context, w io.Writer, r io.Reader) (PDF, error) {
	buf := make([]byte, 32<<10)
	n, err := 0, error(nil)
	for n < PDFHeaderWithin && err == nil && ctx.Err() == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	if err == io.EOF {
		if ferr := d.checkSize(int64(n), true); ferr != nil && d.PDF.Size > 0 {
			return PDF{}, ferr // a download that broke off says nothing about the file
		}
	}
	switch {
	case err != nil && err != io.EOF, ctx.Err() != nil:
		return PDF{}, d.readFailure(ctx, err)
	case n == 0:
		return PDF{}, d.Fail(ErrEmptyFile)
	case !HasPDFHeader(buf[:n]):
		return PDF{}, d.Fail(ErrNotPDF)
	}
	hash, size := sha256.New(), int64(0)
	for {
		hash.Write(buf[:n])
		if _, werr := w.Write(buf[:n]); werr != nil {
			return PDF{}, werr
		}
		size += int64(n)
		if ferr := d.checkSize(size, err == io.EOF); ferr != nil {
			return PDF{}, ferr
		}
		if err == io.EOF {
			return PDF{SHA256: hex.EncodeToString(hash.Sum(nil)), Size: size}, nil
		}
		if n, err = r.Read(buf); (err != nil && err != io.EOF) || ctx.Err() != nil {
			return PDF{}, d.readFailure(ctx, err)
		}
	}
}

// checkSize compares what came so far, or all of it, with what was announced.
func (d Draft) checkSize(got int64, all bool) error {
	if want := d.PDF.Size; want < 0 || got == want || (got < want && !all) {
		return nil
	}
	more := ""
	if !all {
		more = " or more"
	}
	return d.Fail(fmt.Errorf("%w: announced %d bytes, got %d%s", ErrSizeDiffers, d.PDF.Size, got, more))
}

func (d Draft) readFailure(ctx context.Context, err error) error {
	if cerr := ctx.Err(); cerr != nil {
		return cerr
	}
	return d.Fail(fmt.Errorf("%w: %w", ErrReadFile, err))
}
