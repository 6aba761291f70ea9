package contractone

import (
	"strings"

	"github.com/countersign/countersign"
)

// kindError is a sentinel of this package that is also one of countersign's
// kinds.
type kindError struct {
	text string
	kind error
}

func (e *kindError) Error() string { return e.text }
func (e *kindError) Unwrap() error { return e.kind }

// Reasons why a ledger refuses a registration. Each is also one of the kinds of
// package countersign, named in brackets.
var (
	// ErrQuota: the contracted count is used up; nothing was registered
	// [ErrConflict].
	ErrQuota error = &kindError{"the contracted count is used up", countersign.ErrConflict}
	// ErrPlanNotSupported: the plan of the e-signature service can't be linked;
	// CloudSign's enterprise plan is one [ErrForbidden].
	ErrPlanNotSupported error = &kindError{"this plan can't be linked", countersign.ErrForbidden}
	// ErrAccessRestricted: addresses are restricted, or the account was removed
	// [ErrForbidden].
	ErrAccessRestricted error = &kindError{"access is restricted", countersign.ErrForbidden}
	// ErrStorage: the place where the ledger keeps things can't take more: a full
	// disk, a folder that can't be written to [ErrUnavailable].
	ErrStorage error = &kindError{"the ledger's storage can't be written to", countersign.ErrUnavailable}
	// ErrEmptyFile: the file has no bytes [ErrInvalid].
	ErrEmptyFile error = &kindError{"the file is empty", countersign.ErrInvalid}
	// ErrNotPDF: there is no PDF header in the first 1,024 bytes [ErrInvalid]. A
	// PDF with a password has one, and is accepted.
	ErrNotPDF error = &kindError{"the file is not a PDF", countersign.ErrInvalid}
	// ErrSizeDiffers: more or fewer bytes came than the draft announced, as when
	// a download breaks off [ErrUnavailable].
	ErrSizeDiffers error = &kindError{"the size differs from the announced one", countersign.ErrUnavailable}
	// ErrReadFile: the file could not be read to its end [ErrUnavailable].
	ErrReadFile error = &kindError{"the file could not be read", countersign.ErrUnavailable}
)

// FileError is a failure about one file: why it could not be registered. It
// names the link, the document and the file, and never quotes content.
type FileError struct {
	Link       ManagementID // may be empty
	DocumentID string
	FileID     string
	Err        error
}

// Error names the link, the document, the file and the reason.
func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString("contractone: ")
	if e.Link != "" {
		b.WriteString("link " + string(e.Link) + ", ")
	}
	b.WriteString("document " + e.DocumentID + ", file " + e.FileID + ": ")
	if e.Err != nil {
		b.WriteString(strings.TrimPrefix(e.Err.Error(), "contractone: "))
	}
	return b.String()
}

// Unwrap gives the reason.
func (e *FileError) Unwrap() error { return e.Err }

// Fail wraps err in a FileError that names the draft's link, document and file.
// Ledgers use it for every error of Register.
func (d Draft) Fail(err error) error {
	return &FileError{Link: d.Link, DocumentID: d.Source.DocumentID, FileID: d.Source.FileID, Err: err}
}
