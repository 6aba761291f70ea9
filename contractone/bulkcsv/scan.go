package bulkcsv

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// cell is where a cell stands in its row's bytes, with its quotation marks.
type cell struct {
	start, end int
	quoted     bool
}

// rawRow is a row as it stands in the file.
type rawRow struct {
	line  int64
	bytes []byte // with the line break
	cells []cell
}

// scanner splits a file into rows and cells. It works on bytes: in UTF-8 and in
// CP932 no byte of a longer character looks like a comma, a quotation mark or a
// line break (the second bytes of CP932 begin at 0x40).
type scanner struct {
	in   *bufio.Reader
	max  int
	line int64 // line breaks so far
	row  rawRow
}

// position is where in a cell the scanner stands.
type position int

const (
	atStart position = iota
	inPlain
	inQuotes
	behindQuotes       // behind a quotation mark that ends the cell or is doubled
	behindQuotesReturn // and a carriage return, which must begin a line break
)

func newScanner(r io.Reader, limit int) *scanner {
	return &scanner{in: bufio.NewReaderSize(r, 64<<10), max: limit}
}

// skip passes over a prefix of the file, if it has it.
func (s *scanner) skip(prefix []byte) bool {
	got, err := s.in.Peek(len(prefix))
	if err != nil || !bytes.Equal(got, prefix) {
		return false
	}
	_, err = s.in.Discard(len(prefix))
	return err == nil
}

// next gives the next row, which is valid until the next call; io.EOF at the
// end. Memory is bounded by the limit.
func (s *scanner) next() (*rawRow, error) {
	s.row = rawRow{line: s.line + 1, bytes: s.row.bytes[:0], cells: s.row.cells[:0]}
	at, start, quoted := atStart, 0, false
	finish := func(end int) {
		s.row.cells = append(s.row.cells, cell{start, end, quoted})
		start, quoted, at = len(s.row.bytes), false, atStart
	}
	for {
		c, err := s.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return s.end(at, finish)
		}
		if err != nil {
			return nil, err
		}
		if len(s.row.bytes) == s.max {
			return nil, s.wrong(ErrTooLong)
		}
		s.row.bytes = append(s.row.bytes, c)
		if c == '\n' {
			s.line++
		}
		next, ok := at.step(c)
		if !ok {
			return nil, s.wrong(ErrQuotes)
		}
		ends := at != inQuotes && (c == ',' || c == '\n')
		quoted = quoted || next == inQuotes
		at = next
		if !ends {
			continue
		}
		finish(len(s.row.bytes) - s.breakLength(c))
		if c == '\n' {
			return &s.row, nil
		}
	}
}

// step is the position behind a byte; ok is false where it can't stand.
func (p position) step(c byte) (next position, ok bool) {
	switch p {
	case atStart:
		if c == '"' {
			return inQuotes, true
		}
		return inPlain, true
	case inPlain:
		return inPlain, c != '"'
	case inQuotes:
		if c == '"' {
			return behindQuotes, true
		}
		return inQuotes, true
	case behindQuotes:
		switch c {
		case '"':
			return inQuotes, true
		case '\r':
			return behindQuotesReturn, true
		}
		return inPlain, c == ',' || c == '\n'
	}
	return inPlain, c == '\n'
}

// breakLength is how many bytes at the end are the comma or the line break.
func (s *scanner) breakLength(c byte) int {
	n := len(s.row.bytes)
	if c == '\n' && n > 1 && s.row.bytes[n-2] == '\r' {
		return 2
	}
	return 1
}

// end is the end of the file: of the last row, if it has no line break.
func (s *scanner) end(at position, finish func(int)) (*rawRow, error) {
	switch {
	case len(s.row.bytes) == 0:
		return nil, io.EOF
	case at == inQuotes, at == behindQuotesReturn:
		return nil, s.wrong(ErrQuotes)
	}
	finish(len(s.row.bytes))
	return &s.row, nil
}

func (s *scanner) wrong(err error) error { return &FormatError{Line: s.row.line, Err: err} }

// blank reports a line without anything on it.
func (r *rawRow) blank() bool { return len(r.cells) == 1 && r.cells[0].start == r.cells[0].end }
