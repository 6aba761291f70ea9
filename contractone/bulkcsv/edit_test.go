package bulkcsv_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/japanese"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bulkcsv"
)

const export = "\"契約ID\",契約書タイトル,\"稟議番号等\",部署,社内担当者,謎の列\r\n" +
	"1,\"秘密保持,契約書\",R-1,法務,山田,\"a\"\"b\"\r\n" +
	"2,業務委託契約書,\"R-2\",\"営業\r\n第一\",佐藤, x \r\n" +
	"3,覚書,,,鈴木,"

func cp932(t testing.TB, s string) string {
	t.Helper()
	out, err := japanese.ShiftJIS.NewEncoder().String(s)
	require.NoError(t, err)
	return out
}

func editor(t testing.TB, o bulkcsv.Options) *bulkcsv.Editor {
	t.Helper()
	e, err := bulkcsv.New(o)
	require.NoError(t, err)
	return e
}

// number sets the approval number of the rows with these IDs.
func number(values map[string]string) func(bulkcsv.Row) (contractone.Patch, error) {
	return func(r bulkcsv.Row) (contractone.Patch, error) {
		id, _ := r.Cell("契約ID")
		return contractone.Patch{Set: contractone.Items{ApprovalNumber: values[id]}}, nil
	}
}

// Whatever the encoding, changed rows are the file's own bytes but for the cells
// that changed.
func TestEncodingsAreKept(t *testing.T) {
	t.Parallel()
	want := "\"契約ID\",契約書タイトル,\"稟議番号等\",部署,社内担当者,謎の列\r\n" +
		"2,業務委託契約書,\"髙-2\",\"営業\r\n第一\",佐藤, x \r\n" +
		"3,覚書,\"a,b\",,鈴木,"
	for _, c := range []struct {
		encoding bulkcsv.Encoding
		write    func(string) string
	}{
		{bulkcsv.UTF8, func(s string) string { return s }},
		{bulkcsv.UTF8BOM, func(s string) string { return "\ufeff" + s }},
		{bulkcsv.CP932, func(s string) string { return cp932(t, s) }},
	} {
		for _, said := range []bulkcsv.Encoding{"", c.encoding} {
			for _, newline := range []string{"\r\n", "\n"} {
				text := func(s string) string { return c.write(strings.ReplaceAll(s, "\r\n", newline)) }
				var out bytes.Buffer
				var changes []bulkcsv.Change
				e := editor(t, bulkcsv.Options{Encoding: said, Changed: func(c bulkcsv.Change) error {
					changes = append(changes, c)
					return nil
				}})
				report, err := e.Edit(t.Context(), &out, strings.NewReader(text(export)), number(map[string]string{"1": "R-1", "2": "髙-2", "3": "a,b"}))
				require.NoError(t, err)
				require.Equal(t, text(want), out.String())
				require.Equal(t, c.encoding, report.Encoding)
				require.Equal(t, []int64{3, 2, 2}, []int64{report.Rows, report.Changed, report.Cells})
				require.Equal(t, "契約ID", report.Headings[0])
				require.Equal(t, []bulkcsv.Change{{3, "稟議番号等", "R-2", "髙-2"}, {5, "稟議番号等", "", "a,b"}}, changes)
			}
		}
	}
}

// Characters of CP932 whose second byte looks like ASCII, and the vendors'
// doubles that a round trip would change, pass as bytes.
func TestForeignBytesPassUntouched(t *testing.T) {
	t.Parallel()
	head := cp932(t, "契約ID,稟議番号等,表\n")
	odd := "1,x,\x83\x5c\x94\x5c\xed\x40\xfa\x5c\n" // ソ能, and two doubles of NEC and IBM
	var out bytes.Buffer
	report, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), &out, strings.NewReader(head+odd), number(map[string]string{"1": "y"}))
	require.NoError(t, err)
	require.Equal(t, bulkcsv.CP932, report.Encoding)
	require.Equal(t, head+strings.Replace(odd, "1,x", "1,y", 1), out.String())
}

func TestNothingIsWrittenWithoutAChange(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	report, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), &out, strings.NewReader(export), number(map[string]string{"1": "R-1"}))
	require.NoError(t, err)
	require.Zero(t, out.Len())
	require.Equal(t, int64(3), report.Rows)
}

func TestExtensionsAliasesAndClearing(t *testing.T) {
	t.Parallel()
	text := "番号,部署,状態\na,営業,有効\n"
	e := editor(t, bulkcsv.Options{
		Aliases:    map[contractone.ItemKey][]string{contractone.ItemApprovalNumber: {"番号"}},
		Extensions: []string{"部署", "状態"},
	})
	var out bytes.Buffer
	_, err := e.Edit(t.Context(), &out, strings.NewReader(text), func(r bulkcsv.Row) (contractone.Patch, error) {
		got, there := r.Item(contractone.ItemApprovalNumber)
		require.True(t, there)
		require.Equal(t, "a", got)
		_, there = r.Item(contractone.ItemTitle)
		require.False(t, there)
		_, there = r.Cell("契約ID")
		require.False(t, there)
		return contractone.Patch{
			Clear:      []contractone.ItemKey{contractone.ItemApprovalNumber},
			Extensions: map[string]string{"部署": "", "状態": "【契約終了】"},
		}, nil
	})
	require.NoError(t, err)
	require.Equal(t, "番号,部署,状態\n,,【契約終了】\n", out.String())
}

// All that the bulk update does not change is refused at once, by name, and
// nothing is written.
func TestRefusalsNameEveryItem(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := editor(t, bulkcsv.Options{Extensions: []string{"部署", "状態"}})
	_, err := e.Edit(t.Context(), &out, strings.NewReader(export), func(bulkcsv.Row) (contractone.Patch, error) {
		return contractone.Patch{
			Set:         contractone.Items{Title: "x", Amount: contractone.Yen(1), FileName: "y", ApprovalNumber: "z"},
			Clear:       []contractone.ItemKey{contractone.ItemEndsOn, "color", contractone.ItemApprovalNumber},
			Extensions:  map[string]string{"部署": "x", "状態": "x", "謎の列": "x"},
			Share:       new(contractone.Private()),
			Responsible: []contractone.Principal{contractone.User("x")},
		}, nil
	})
	var refused *bulkcsv.RefusedError
	require.ErrorAs(t, err, &refused)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Equal(t, int64(2), refused.Line)
	var names []string
	for _, r := range refused.Items {
		names = append(names, r.Name)
	}
	require.Equal(t, []string{"title", "ends_on", "amount", "file_name", "approval_number", "color", "extension:状態", "extension:謎の列", "share", "responsible"}, names)
	require.Zero(t, out.Len())
}

func TestEveryMainItemIsRefused(t *testing.T) {
	t.Parallel()
	for _, it := range contractone.Catalogue() {
		p := contractone.Patch{Clear: []contractone.ItemKey{it.Key}}
		text := it.LabelJA + "\nx\n"
		_, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), io.Discard, strings.NewReader(text), func(bulkcsv.Row) (contractone.Patch, error) { return p, nil })
		if it.Key == contractone.ItemApprovalNumber {
			require.NoError(t, err)
			continue
		}
		var refused *bulkcsv.RefusedError
		require.ErrorAs(t, err, &refused, it.Key)
	}
}

func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		reason error
		line   int64
	}{
		"":                         {bulkcsv.ErrHeadings, 1},
		"\ufeff":                   {bulkcsv.ErrHeadings, 1},
		"稟議番号等,稟議番号等\n":            {bulkcsv.ErrHeadings, 1},
		"部署,部署\n":                  {bulkcsv.ErrHeadings, 1},
		"a,b\n1\n":                 {bulkcsv.ErrCells, 2},
		"a\n1,2\n":                 {bulkcsv.ErrCells, 2},
		"a\n\"x\n":                 {bulkcsv.ErrQuotes, 2},
		"a\nx\n\"x\"y\n":           {bulkcsv.ErrQuotes, 3},
		"a\nx\"y\n":                {bulkcsv.ErrQuotes, 2},
		"a\n\"x\"\ry\n":            {bulkcsv.ErrQuotes, 2},
		"あ\n\x83\x5c\n":            {bulkcsv.ErrEncoding, 2},
		"\x8a\xd2\n\xfd\xfe\n":     {bulkcsv.ErrEncoding, 2},
		"\ufeffa\n\x83\x5c\n":      {bulkcsv.ErrEncoding, 2},
		"\"x\n\ny\"\n\"\n\n\"\nz,": {bulkcsv.ErrCells, 7},
	} {
		_, err := editor(t, bulkcsv.Options{Extensions: []string{"部署"}}).Edit(t.Context(), io.Discard, strings.NewReader(text), number(nil))
		var fe *bulkcsv.FormatError
		require.ErrorAs(t, err, &fe, "%q", text)
		require.ErrorIs(t, err, want.reason, "%q", text)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.Equal(t, want.line, fe.Line, "%q", text)
	}
}

// A value that the file's encoding does not have is never written as something
// else.
func TestNewValuesFitTheEncoding(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"🈺", "한", "¥", "\xff"} {
		_, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), io.Discard, strings.NewReader(cp932(t, export)), number(map[string]string{"1": value}))
		require.ErrorIs(t, err, bulkcsv.ErrEncoding, "%q", value)
		require.ErrorContains(t, err, "稟議番号等")
	}
	_, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), io.Discard, strings.NewReader(export), number(map[string]string{"1": "\xff"}))
	require.ErrorIs(t, err, bulkcsv.ErrEncoding)
	// ASCII so far becomes UTF-8 with the first new value, and stays so.
	_, err = editor(t, bulkcsv.Options{Aliases: map[contractone.ItemKey][]string{contractone.ItemApprovalNumber: {"no"}}}).
		Edit(t.Context(), io.Discard, strings.NewReader("no\nx\n"+cp932(t, "表\n")), func(r bulkcsv.Row) (contractone.Patch, error) {
			return contractone.Patch{Set: contractone.Items{ApprovalNumber: "é"}}, nil
		})
	require.ErrorIs(t, err, bulkcsv.ErrEncoding)
}

// TestTwins: the wave dash of macOS is that of Windows in a file of Windows, and no
// change where it stands already.
func TestTwins(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var changes []bulkcsv.Change
	e := editor(t, bulkcsv.Options{Changed: func(c bulkcsv.Change) error {
		changes = append(changes, c)
		return nil
	}})
	text := cp932(t, "契約ID,稟議番号等\n1,R～1\n2,x\n")
	edit := number(map[string]string{"1": "R〜1", "2": "〜−—‖¢£¬"})
	_, err := e.Edit(t.Context(), &out, strings.NewReader(text), edit)
	require.NoError(t, err)
	require.Equal(t, cp932(t, "契約ID,稟議番号等\n2,～－―∥￠￡￢\n"), out.String())
	require.Equal(t, []bulkcsv.Change{{3, "稟議番号等", "x", "～－―∥￠￡￢"}}, changes)

	out.Reset()
	_, err = e.Edit(t.Context(), &out, strings.NewReader("契約ID,稟議番号等\n2,あ\n"), edit)
	require.NoError(t, err)
	require.Contains(t, out.String(), "〜−—‖¢£¬", "UTF-8 has them all")
}

// TestOneColumn: an empty line of a file of one column is an empty cell.
func TestOneColumn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	report, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), &out, strings.NewReader("稟議番号等\nx\n\n\"\"\r\n"), func(r bulkcsv.Row) (contractone.Patch, error) {
		text, _ := r.Item(contractone.ItemApprovalNumber)
		return contractone.Patch{Set: contractone.Items{ApprovalNumber: text + "y"}}, nil
	})
	require.NoError(t, err)
	require.EqualValues(t, 3, report.Rows)
	require.Equal(t, "稟議番号等\nxy\ny\n\"y\"\r\n", out.String())
}

// TestValuesAreWrittenAsTheyAre: nothing is put in front of a formula.
func TestValuesAreWrittenAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"=cmd|' /C calc'!A0", "+1", "@x", "a\x00b"} {
		var out bytes.Buffer
		_, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), &out, strings.NewReader("契約ID,稟議番号等\n1,x\n"), number(map[string]string{"1": value}))
		require.NoError(t, err)
		require.Equal(t, "契約ID,稟議番号等\n1,"+value+"\n", out.String())
	}
}

// endless is a line that never ends.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += int64(len(p))
	if e.read > 1<<30 {
		return 0, io.ErrUnexpectedEOF
	}
	return len(p), nil
}

// It runs alone, since it measures what the program allocates.
func TestALineOfAGigabyte(t *testing.T) {
	for _, begin := range []string{"", "契約ID,稟議番号等\n", "契約ID,稟議番号等\n1,\""} {
		line := &endless{}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), io.Discard, io.MultiReader(strings.NewReader(begin), line), number(nil))
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, bulkcsv.ErrTooLong)
		require.Less(t, line.read, int64(4<<20), "it stops at the limit")
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
	}
	exact := "a\n" + strings.Repeat("x", 9) + "\n"
	_, err := editor(t, bulkcsv.Options{MaxRow: 10}).Edit(t.Context(), io.Discard, strings.NewReader(exact), number(nil))
	require.NoError(t, err)
	_, err = editor(t, bulkcsv.Options{MaxRow: 9}).Edit(t.Context(), io.Discard, strings.NewReader(exact), number(nil))
	require.ErrorIs(t, err, bulkcsv.ErrTooLong)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for field, o := range map[string]bulkcsv.Options{
		"Aliases":    {Aliases: map[contractone.ItemKey][]string{contractone.ItemTitle: {"金額"}}},
		"Extensions": {Extensions: []string{"社内担当者"}},
		"Encoding":   {Encoding: "latin1"},
		"MaxRow":     {MaxRow: -1},
	} {
		_, err := bulkcsv.New(o)
		var ce *countersign.ConfigError
		require.ErrorAs(t, err, &ce)
		require.Equal(t, field, ce.Field)
	}
	for _, o := range []bulkcsv.Options{
		{Aliases: map[contractone.ItemKey][]string{"color": {"x"}}},
		{Extensions: []string{"契約書タイトル"}}, {Extensions: []string{"a", "a"}}, {Extensions: []string{""}},
	} {
		_, err := bulkcsv.New(o)
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
}

var errStop = errors.New("stop")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errStop }

func TestErrorsOfOthersPass(t *testing.T) {
	t.Parallel()
	change := number(map[string]string{"1": "new"})
	_, err := editor(t, bulkcsv.Options{}).Edit(t.Context(), full{}, strings.NewReader(export), change)
	require.ErrorIs(t, err, errStop)
	_, err = editor(t, bulkcsv.Options{Changed: func(bulkcsv.Change) error { return errStop }}).Edit(t.Context(), io.Discard, strings.NewReader(export), change)
	require.ErrorIs(t, err, errStop)
	_, err = editor(t, bulkcsv.Options{}).Edit(t.Context(), io.Discard, strings.NewReader(export), func(bulkcsv.Row) (contractone.Patch, error) {
		return contractone.Patch{}, errStop
	})
	require.ErrorIs(t, err, errStop)
	_, err = editor(t, bulkcsv.Options{}).Edit(t.Context(), io.Discard, io.MultiReader(strings.NewReader(export), &broken{}), number(nil))
	require.ErrorIs(t, err, errStop)
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, errStop }

// windows writes the characters that CP932 has twins of.
var windows = strings.NewReplacer("〜", "～", "−", "－", "—", "―", "‖", "∥", "¢", "￠", "£", "￡", "¬", "￢")

// FuzzEdit: whatever the file is, an edit that changes nothing writes nothing,
// and one that changes a cell in each row can be read back with the new values
// and everything else as it was.
func FuzzEdit(f *testing.F) {
	f.Add([]byte(export), "new")
	f.Add([]byte("\ufeff"+export), "a,\"b\"\r\nc")
	f.Add([]byte(cp932(f, export)), "表")
	f.Add([]byte("稟議番号等\r\n\"\"\r\n\r\n x \r\n"), " y ")
	f.Add([]byte("\"稟議番号等\",\"a\nb\"\n\"\",\x83\x5c\n"), "")
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		var out bytes.Buffer
		e := editor(t, bulkcsv.Options{MaxRow: 1 << 12})
		var before []string
		report, err := e.Edit(t.Context(), &out, bytes.NewReader(data), func(r bulkcsv.Row) (contractone.Patch, error) {
			before = append(before, others(r))
			return contractone.Patch{}, nil
		})
		require.Zero(t, out.Len())
		if err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			return
		}
		if value == "" || !utf8.ValidString(value) {
			return
		}
		report, err = e.Edit(t.Context(), &out, bytes.NewReader(data), func(bulkcsv.Row) (contractone.Patch, error) {
			return contractone.Patch{Set: contractone.Items{ApprovalNumber: value}}, nil
		})
		if err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			return
		}
		if report.Changed != report.Rows || report.Rows == 0 {
			return
		}
		if report.Encoding == bulkcsv.CP932 {
			value = windows.Replace(value)
		}
		var after []string
		again, err := editor(t, bulkcsv.Options{Encoding: report.Encoding}).Edit(t.Context(), io.Discard, &out, func(r bulkcsv.Row) (contractone.Patch, error) {
			got, _ := r.Item(contractone.ItemApprovalNumber)
			require.Equal(t, value, got)
			after = append(after, others(r))
			return contractone.Patch{}, nil
		})
		require.NoError(t, err)
		require.Equal(t, report.Headings, again.Headings)
		require.Equal(t, before, after)
	})
}

// others are the first cells of a row that the fuzz target does not set.
func others(r bulkcsv.Row) string {
	var out []string
	for _, h := range []string{"契約ID", "契約書タイトル", "部署", "謎の列", "a\nb"} {
		text, there := r.Cell(h)
		out = append(out, fmt.Sprint(text, there))
	}
	return strings.Join(out, "\x00")
}
