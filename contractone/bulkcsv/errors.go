package bulkcsv

import (
	"errors"
	"fmt"
	"strings"

	"github.com/countersign/countersign"
)

// What is wrong with a file, as the cause of a *FormatError.
var (
	// ErrTooLong: a row, with the line breaks in its cells, is longer than
	// Options.MaxRow.
	ErrTooLong = errors.New("the row is too long")
	// ErrQuotes: a quotation mark stands where none can, or one is missing.
	ErrQuotes = errors.New("a quotation mark is misplaced or missing")
	// ErrCells: a row has more or fewer cells than there are headings.
	ErrCells = errors.New("the row has another number of cells than the headings")
	// ErrEncoding: bytes that the encoding does not have, or a new value with a
	// character that it does not have.
	ErrEncoding = errors.New("the text does not fit the encoding")
	// ErrHeadings: there are none, or two columns have the heading of one item.
	ErrHeadings = errors.New("the headings are missing or ambiguous")
)

// FormatError says what is wrong with a file and where. It is a
// countersign.ErrInvalid and never quotes a cell, which may hold personal data.
type FormatError struct {
	Line   int64  // line of the file on which the row begins, from 1
	Detail string // heading or column; may be empty
	Err    error  // one of the reasons of this package
}

// Error names the line and the reason.
func (e *FormatError) Error() string {
	s := fmt.Sprintf("bulkcsv: line %d: %s", e.Line, e.Err)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap gives the kind and the reason.
func (e *FormatError) Unwrap() []error { return []error{countersign.ErrInvalid, e.Err} }

// Refusal is one item that can't be changed through this file.
type Refusal struct {
	Name   string // item key, "extension:<heading>", "share" or "responsible"
	Reason string
}

// RefusedError names everything that an edit asked for and that the bulk update
// can't change. Nothing of the row was changed. It is a countersign.ErrInvalid.
type RefusedError struct {
	Line  int64
	Items []Refusal
}

// Error names each item and why.
func (e *RefusedError) Error() string {
	parts := make([]string, len(e.Items))
	for i, r := range e.Items {
		parts[i] = r.Name + " " + r.Reason
	}
	return fmt.Sprintf("bulkcsv: line %d: the edit is refused: %s", e.Line, strings.Join(parts, "; "))
}

// Is reports a RefusedError as countersign.ErrInvalid.
func (e *RefusedError) Is(target error) bool { return target == countersign.ErrInvalid }
