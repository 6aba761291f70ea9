package cloudsign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// sentName is the file name in the part's header, where users report that the
// service refuses anything but ASCII. The real name goes into the form field
// "name".
const sentName = "document.pdf"

// maxImport is the largest file of POST /imported_documents, in both versions.
const maxImport = 50 << 20

// uploadParts are the parts that all uploads share.
func uploadParts(u countersign.Upload, limit int64) ([]api.Part, error) {
	if err := checkName(u.Name); err != nil {
		return nil, err
	}
	if u.Open == nil {
		return nil, badUpload("Open", "is nil")
	}
	if u.Size == 0 {
		return nil, badUpload("Size", "is zero: the service refuses empty files; -1 stands for a size that is not known")
	}
	if limit > 0 && u.Size > limit {
		return nil, fmt.Errorf("%w: %w", badUpload("Size", fmt.Sprintf("is %d bytes, more than %d", u.Size, limit)), ErrTooLarge)
	}
	file := countersign.Upload{Name: sentName, ContentType: "application/pdf", Size: u.Size, Open: func() (io.ReadCloser, error) {
		rc, err := u.Open()
		if err != nil {
			return nil, err
		}
		return &pdfReader{ReadCloser: rc, limit: limit}, nil
	}}
	return []api.Part{api.Field("name", u.Name), api.FilePart("uploadfile", file)}, nil
}

// checkName follows the service's rules for file names (0.31.0, and the
// characters that 0.36.0 refuses).
func checkName(name string) error {
	stem, isPDF := strings.CutSuffix(name, ".pdf")
	switch {
	case !utf8.ValidString(name):
		return badUpload("Name", "is not UTF-8")
	case !isPDF:
		return badUpload("Name", `does not end in ".pdf"`)
	case strings.TrimSpace(stem) == "":
		return badUpload("Name", `has nothing before ".pdf"`)
	case strings.ContainsRune(name, '"') || strings.HasSuffix(stem, `\`):
		return badUpload("Name", `holds a quotation mark or ends in a backslash, which the service refuses`)
	case strings.ContainsFunc(name, unicode.IsControl):
		return badUpload("Name", "has a control character")
	}
	return nil
}

func badUpload(field, reason string) *countersign.ConfigError {
	return &countersign.ConfigError{Component: "cloudsign", Field: "Upload." + field, Reason: reason}
}

// tailSize is how far from its end a PDF may say %%EOF, as readers have it. The
// service wants it at the end and does not say whether white space may follow.
const tailSize = 1024

// pdfReader lets a PDF through and fails at the first byte that shows that it
// is none. The service can't take a body that breaks off, so what it would
// refuse is not uploaded, and nothing has to be read twice.
type pdfReader struct {
	io.ReadCloser
	limit int64 // bytes; not positive: none
	read  int64
	head  []byte // at most the length of the header
	tail  []byte // at most the last tailSize bytes
}

var (
	pdfHead = []byte("%PDF-")
	pdfEnd  = []byte("%%EOF")
)

// Read checks what comes through.
func (r *pdfReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.read += int64(n)
	if missing := len(pdfHead) - len(r.head); missing > 0 {
		r.head = append(r.head, p[:min(n, missing)]...)
	}
	r.keep(p[:n])
	ended := errors.Is(err, io.EOF)
	switch {
	case !bytes.HasPrefix(pdfHead, r.head) || ended && len(r.head) < len(pdfHead):
		return 0, errors.New("the file does not begin with %PDF-")
	case r.limit > 0 && r.read > r.limit:
		return 0, fmt.Errorf("the file is larger than %d bytes: %w", r.limit, ErrTooLarge)
	case ended && !bytes.Contains(r.tail, pdfEnd):
		return 0, errors.New("the file does not end with %%EOF")
	}
	return n, err
}

// keep remembers the end of what was read.
func (r *pdfReader) keep(b []byte) {
	if len(b) >= tailSize {
		r.tail = append(r.tail[:0], b[len(b)-tailSize:]...)
		return
	}
	if over := len(r.tail) + len(b) - tailSize; over > 0 {
		r.tail = r.tail[:copy(r.tail, r.tail[over:])]
	}
	r.tail = append(r.tail, b...)
}
