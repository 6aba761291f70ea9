package contractone

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// CSVOptions change what WriteCSV writes. The zero value is plain UTF-8 with
// headings that programs read.
type CSVOptions struct {
	// BOM writes a byte order mark first, which makes Excel read UTF-8.
	BOM bool
	// LabelsJA heads the items with the ledger's labels instead of their keys.
	LabelsJA bool
}

// csvFixed are the columns around the items. The file is for people and for
// programs of their own; it is not the vendor's CSV for bulk updates, whose
// headings are not published.
var (
	csvBefore = []string{"id", "key", "origin", "document_id", "file_id", "file_index", "file_count", "link"}
	csvAfter  = []string{"share", "share_groups", "responsible", "extensions", "pdf_sha256", "pdf_size", "registered_at"}
)

// WriteCSV writes the entries that q chooses, one a line after a line of
// headings, page by page, so that memory does not grow with their number. Share
// groups, responsible persons and extension items are JSON in one cell each.
//
// Cells of text are written as CellText gives them. Amounts, which may be
// negative, are numbers and stay as they are.
func WriteCSV(ctx context.Context, w io.Writer, s Searcher, q Query, o CSVOptions) error {
	buf := bufio.NewWriter(w)
	if o.BOM {
		if _, err := buf.WriteString("\ufeff"); err != nil {
			return err
		}
	}
	out := csv.NewWriter(buf)
	head := slices.Clone(csvBefore)
	for _, it := range catalogue {
		if o.LabelsJA {
			head = append(head, it.LabelJA)
		} else {
			head = append(head, string(it.Key))
		}
	}
	if err := out.Write(append(head, csvAfter...)); err != nil {
		return err
	}
	for e, err := range All(ctx, s, q) {
		if err != nil {
			return err
		}
		line, err := csvLine(e)
		if err != nil {
			return err
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return buf.Flush()
}

func csvLine(e Entry) ([]string, error) {
	line := []string{
		string(e.ID), string(e.Key), string(e.Source.Origin), e.Source.DocumentID, e.Source.FileID,
		strconv.Itoa(e.Source.FileIndex), strconv.Itoa(e.Source.FileCount), string(e.Link),
	}
	for i := range line {
		line[i] = CellText(line[i])
	}
	for _, it := range catalogue {
		text := it.Text(e.Items)
		if it.Kind == KindText {
			text = CellText(text)
		}
		line = append(line, text)
	}
	groups, err := jsonCell(e.Share.Groups)
	if err != nil {
		return nil, err
	}
	responsible, err := jsonCell(e.Responsible)
	if err != nil {
		return nil, err
	}
	extensions := ""
	if len(e.Extensions) > 0 {
		if extensions, err = jsonText(e.Extensions); err != nil {
			return nil, err
		}
	}
	return append(line, string(e.Share.Visibility), groups, responsible, extensions,
		e.PDF.SHA256, strconv.FormatInt(e.PDF.Size, 10), e.RegisteredAt.Format(time.RFC3339Nano)), nil
}

// jsonCell is a list as JSON, and an empty cell for an empty one.
func jsonCell[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	return jsonText(list)
}

// jsonText is v as JSON that people can read: without escapes for < and >.
func jsonText(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// CellText is text for a cell of a CSV file that people open: an apostrophe
// stands in front of what a spreadsheet would take for a formula (it begins with
// =, +, -, @, their full-width forms, a tab or a line break).
func CellText(s string) string {
	if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}

// WriteJSON writes the entries that q chooses as a JSON array, one a line, page
// by page, so that memory does not grow with their number. When it fails, the
// array is not closed.
func WriteJSON(ctx context.Context, w io.Writer, s Searcher, q Query) error {
	buf := bufio.NewWriter(w)
	separator := "[\n"
	for e, err := range All(ctx, s, q) {
		if err != nil {
			return err
		}
		text, err := jsonText(e)
		if err != nil {
			return err
		}
		if _, err := buf.WriteString(separator + text); err != nil {
			return err
		}
		separator = ",\n"
	}
	end := "\n]\n"
	if separator == "[\n" {
		end = "[]\n"
	}
	if _, err := buf.WriteString(end); err != nil {
		return err
	}
	return buf.Flush()
}
