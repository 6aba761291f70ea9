package bulkcsv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/countersign/countersign/contractone"
)

// Options say what the caller knows of the file. The zero value knows the
// ledger's labels and no extension item.
type Options struct {
	// Encoding of the file; empty: as the file shows. Say it where a file of CP932
	// holds little but half-width katakana, which can look like UTF-8.
	Encoding Encoding
	// Aliases are further headings of items, for exports that label them in
	// another way.
	Aliases map[contractone.ItemKey][]string
	// Extensions are the headings of the customer's own items (拡張項目) that may be
	// edited. A column that is named neither here nor an item is never changed.
	Extensions []string
	// MaxRow bounds a row in bytes; 0: 1 MiB. A longer one is ErrTooLong.
	MaxRow int
	// Changed is told of each cell that changes, in the order of the file; nil:
	// nobody. Its error ends the edit.
	Changed func(Change) error
}

// Change is a cell before and after.
type Change struct {
	Line    int64 // line of the file on which the row begins, from 1
	Heading string
	From    string
	To      string // as it is written: see the package about CP932
}

// Report is what an edit came to.
type Report struct {
	Encoding Encoding
	Headings []string // of all columns, in the file's order
	Rows     int64    // rows read, without the headings
	Changed  int64    // rows written, without the headings
	Cells    int64    // cells that changed
}

// Editor edits exports. It is immutable and safe for concurrent use.
type Editor struct {
	opts  Options
	known map[string]contractone.ItemKey // by heading
}

// Row is a row of the export as an edit sees it. It is valid until the edit
// returns.
type Row struct {
	run *run
	raw *rawRow
}

// Line is the line of the file on which the row begins, from 1.
func (r Row) Line() int64 { return r.raw.line }

// Item is the text of an item's cell, as the export writes it; there is false when the file
// has no column for the item.
func (r Row) Item(key contractone.ItemKey) (text string, there bool) {
	i, ok := r.run.cols.items[key]
	if !ok {
		return "", false
	}
	return r.run.text(r.raw, i), true
}

// Cell is the text below a heading, whatever it stands for; the first, when
// several columns have it.
func (r Row) Cell(heading string) (text string, there bool) {
	i := slices.Index(r.run.cols.headings, heading)
	if i < 0 {
		return "", false
	}
	return r.run.text(r.raw, i), true
}

// Edit reads an export from in and writes its headings and the rows that edit
// changes to out, in the file's order. When nothing changes, nothing is written.
// It holds one row at a time.
//
// Edit is asked for each row; an empty patch leaves it as it is. Errors are a
// *FormatError, a *RefusedError, those of the callbacks, of the streams or the
// context's. After an error out has received an unusable part.
func (e *Editor) Edit(ctx context.Context, out io.Writer, in io.Reader, edit func(Row) (contractone.Patch, error)) (Report, error) {
	r := &run{e: e, scan: newScanner(in, e.opts.MaxRow), out: out}
	if err := r.readHeadings(); err != nil {
		return r.report, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return r.report, err
		}
		raw, err := r.scan.next()
		if errors.Is(err, io.EOF) {
			return r.finished(), nil
		}
		if err == nil && (!raw.blank() || len(r.cols.headings) == 1) { // of one column, it is an empty cell
			err = r.editRow(raw, edit)
		}
		if err != nil {
			return r.report, err
		}
	}
}

// run is one file on its way through an editor.
type run struct {
	e      *Editor
	scan   *scanner
	out    io.Writer
	head   []byte // the headings' row, until it is written
	enc    Encoding
	cols   columns
	report Report
}

func (r *run) finished() Report {
	if r.enc == "" {
		r.enc = UTF8 // ASCII alone
	}
	r.report.Encoding = r.enc
	return r.report
}

func (r *run) readHeadings() error {
	if r.enc = r.e.opts.Encoding; r.enc != CP932 && r.scan.skip(byteOrderMark) {
		r.enc, r.head = UTF8BOM, byteOrderMark
	} else if r.enc == UTF8BOM {
		r.enc = UTF8
	}
	raw, err := r.scan.next()
	switch {
	case errors.Is(err, io.EOF):
		return &FormatError{Line: 1, Err: ErrHeadings}
	case err != nil:
		return err
	}
	r.head = slices.Concat(r.head, raw.bytes)
	if err := r.settle(raw); err != nil {
		return err
	}
	names := make([]string, len(raw.cells))
	for i := range raw.cells {
		names[i] = r.text(raw, i)
	}
	r.report.Headings = names
	r.cols, err = r.e.find(names)
	return err
}

// settle finds the encoding at the first row that shows it, and checks that the
// row fits.
func (r *run) settle(raw *rawRow) error {
	if r.enc == "" {
		r.enc = fits(raw.bytes)
	}
	if _, ok := r.enc.decode(raw.bytes); !ok {
		return &FormatError{Line: raw.line, Err: ErrEncoding, Detail: string(r.enc)}
	}
	return nil
}

// text is the text of a cell of a row that fits.
func (r *run) text(raw *rawRow, i int) string {
	c := raw.cells[i]
	text, _ := r.enc.decode(unquote(raw.bytes[c.start:c.end], c.quoted))
	return text
}

func (r *run) editRow(raw *rawRow, edit func(Row) (contractone.Patch, error)) error {
	if len(raw.cells) != len(r.cols.headings) {
		return &FormatError{Line: raw.line, Err: ErrCells, Detail: fmt.Sprintf("%d, not %d", len(raw.cells), len(r.cols.headings))}
	}
	if err := r.settle(raw); err != nil {
		return err
	}
	r.report.Rows++
	patch, err := edit(Row{r, raw})
	if err != nil {
		return fmt.Errorf("bulkcsv: line %d: %w", raw.line, err)
	}
	texts, refused := r.cols.edits(patch)
	if len(refused) > 0 {
		return &RefusedError{Line: raw.line, Items: refused}
	}
	for i, text := range texts {
		texts[i] = r.enc.twins(text)
	}
	maps.DeleteFunc(texts, func(i int, text string) bool { return r.text(raw, i) == text })
	if len(texts) == 0 {
		return nil
	}
	return r.write(raw, texts)
}

// write writes a row with new texts in some cells.
func (r *run) write(raw *rawRow, texts map[int]string) error {
	line, from := bytes.Clone(r.head), 0
	for _, i := range slices.Sorted(maps.Keys(texts)) {
		c := raw.cells[i]
		if r.enc == "" && fits([]byte(texts[i])) != "" {
			r.enc = UTF8 // nothing but ASCII so far
		}
		b, ok := r.enc.encode(texts[i])
		if !ok {
			return &FormatError{Line: raw.line, Err: ErrEncoding, Detail: fmt.Sprintf("the new value below %q in %s", r.cols.headings[i], r.enc)}
		}
		if r.e.opts.Changed != nil {
			if err := r.e.opts.Changed(Change{raw.line, r.cols.headings[i], r.text(raw, i), texts[i]}); err != nil {
				return err
			}
		}
		line = append(append(line, raw.bytes[from:c.start]...), quote(b, c.quoted)...)
		from = c.end
		r.report.Cells++
	}
	r.head = nil
	r.report.Changed++
	_, err := r.out.Write(append(line, raw.bytes[from:]...))
	return err
}
