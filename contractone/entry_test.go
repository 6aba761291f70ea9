package contractone_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	main, linked := 0, 0
	seen := map[contractone.ItemKey]bool{}
	for _, it := range contractone.Catalogue() {
		require.False(t, seen[it.Key])
		seen[it.Key] = true
		require.NotEmpty(t, it.LabelJA)
		require.NotEmpty(t, it.LabelEN)
		require.Regexp(t, `^[a-z_]+$`, string(it.Key), "keys are columns")
		require.False(t, it.Main && it.CSVUpdatable, "the vendor excludes main items from the bulk update")
		if it.Main {
			main++
		}
		if it.Linked {
			linked++
		}
		found, ok := contractone.FindItem(it.Key)
		require.True(t, ok)
		require.Equal(t, it.LabelJA, found.LabelJA)
	}
	require.Equal(t, 8, main)
	require.Equal(t, 9, linked)
	_, ok := contractone.FindItem("color")
	require.False(t, ok)
}

// Each row of the catalogue reaches a field of its own, under the name that
// JSON gives the field.
func TestCatalogueReachesEveryField(t *testing.T) {
	t.Parallel()
	values := map[contractone.Kind]string{
		contractone.KindText: "文", contractone.KindDate: "2026-02-28", contractone.KindAmount: "-7", contractone.KindAutoRenewal: "no",
	}
	var all contractone.Items
	for _, it := range contractone.Catalogue() {
		var one contractone.Items
		require.False(t, it.Has(one))
		require.NoError(t, it.SetText(&one, values[it.Kind]))
		require.True(t, it.Has(one))
		require.Equal(t, values[it.Kind], it.Text(one))
		text, err := json.Marshal(one)
		require.NoError(t, err)
		var members map[string]any
		require.NoError(t, json.Unmarshal(text, &members))
		require.Len(t, members, 1)
		require.Contains(t, members, string(it.Key))

		it.Copy(&all, one)
		require.NoError(t, it.SetText(&one, ""))
		require.Zero(t, one)
	}
	text, err := json.Marshal(all)
	require.NoError(t, err)
	var back contractone.Items
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, all, back)
	require.NoError(t, all.Validate())
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]contractone.Amount{
		"": {}, "0": contractone.Yen(0), "-0": contractone.Yen(0), "007": contractone.Yen(7),
		"9223372036854775807": contractone.Yen(math.MaxInt64), "-9223372036854775808": contractone.Yen(math.MinInt64),
	} {
		got, err := contractone.ParseAmount(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"9223372036854775808", "1.0", "1e3", "+1", " 1", "1,000", "1円", "１", "-", "0x1"} {
		_, err := contractone.ParseAmount(bad)
		require.ErrorIs(t, err, countersign.ErrInvalid, bad)
	}
	type holder struct {
		A contractone.Amount `json:"a,omitzero"`
	}
	for text, want := range map[string]holder{
		`{}`: {}, `{"a":0}`: {contractone.Yen(0)}, `{"a":9223372036854775807}`: {contractone.Yen(math.MaxInt64)},
	} {
		var got holder
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, want, got)
		back, err := json.Marshal(got)
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	}
	var null holder
	require.NoError(t, json.Unmarshal([]byte(`{"a":null}`), &null))
	require.Zero(t, null)
	for _, bad := range []string{`{"a":1.5}`, `{"a":"1"}`, `{"a":1e2}`, `{"a":9223372036854775808}`, `{"a":true}`} {
		require.ErrorIs(t, json.Unmarshal([]byte(bad), &holder{}), countersign.ErrInvalid, bad)
	}
	order := []contractone.Amount{{}, contractone.Yen(math.MinInt64), contractone.Yen(-1), contractone.Yen(0), contractone.Yen(math.MaxInt64)}
	for i, a := range order {
		for j, b := range order {
			require.Equal(t, i < j, a.Compare(b) < 0)
			require.Equal(t, i == j, a.Compare(b) == 0)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	f.Add("-9223372036854775808")
	f.Add("1.0")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := contractone.ParseAmount(s)
		if err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			return
		}
		back, err := contractone.ParseAmount(a.String())
		require.NoError(t, err)
		require.Equal(t, a, back)
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add("cloudsign:01H:01J")
	f.Add("a:b:c:d")
	f.Fuzz(func(t *testing.T, s string) {
		src, err := contractone.ParseKey(s)
		if err != nil {
			require.ErrorIs(t, err, countersign.ErrInvalid)
			return
		}
		require.Equal(t, contractone.Key(s), src.Key())
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	src, err := contractone.ParseKey("cloudsign:doc:file")
	require.NoError(t, err)
	require.Equal(t, contractone.CloudSignKey("doc", "file"), src.Key())
	for _, bad := range []string{"", "doc:file", "a:b:c:d", "cloudsign::file", ":a:b", "cloudsign:a b:c", "cloudsign:a:é", "cloudsign:a:" + strings.Repeat("x", 201)} {
		_, err := contractone.ParseKey(bad)
		require.ErrorIs(t, err, countersign.ErrInvalid, bad)
	}
}

// The suite tests visibility through searches; editing is asked of the entry.
func TestWhoMayEdit(t *testing.T) {
	t.Parallel()
	e := contractone.Entry{
		Share:       contractone.Groups("Sales"),
		Responsible: []contractone.Principal{contractone.User("taro@example.com"), contractone.Group("Legal")},
	}
	for name, c := range map[string]struct {
		viewer     contractone.Viewer
		sees, edit bool
	}{
		"responsible":                     {contractone.Viewer{Account: "taro@example.com"}, true, true},
		"responsible by group":            {contractone.Viewer{Account: "x", Groups: []string{"Legal"}}, true, true},
		"shared with":                     {contractone.Viewer{Account: "x", Groups: []string{"Sales"}}, true, false},
		"searches all":                    {contractone.Viewer{Account: "x", SearchAll: true}, true, false},
		"administrator":                   {contractone.Viewer{Account: "x", SystemAdmin: true}, false, false},
		"administrator in a group":        {contractone.Viewer{Account: "x", SystemAdmin: true, Groups: []string{"Sales"}}, true, true},
		"administrator that searches all": {contractone.Viewer{Account: "x", SystemAdmin: true, SearchAll: true}, true, true},
		"stranger":                        {contractone.Viewer{Account: "x"}, false, false},
	} {
		require.Equal(t, c.sees, e.VisibleTo(c.viewer), name)
		require.Equal(t, c.edit, e.EditableBy(c.viewer), name)
	}
}

// The pure changes leave the entry that they start from alone.
func TestChangesDoNotTouchTheEntry(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	d := contractone.Draft{
		Source: contractone.Source{Origin: contractone.OriginPDFImport, DocumentID: "d", FileID: "f", FileIndex: 1, FileCount: 1},
		Items:  contractone.Items{Title: "t"}, Extensions: map[string]string{"a": "1"}, Share: contractone.Groups("A"),
		Responsible: []contractone.Principal{contractone.User("u")},
	}
	e, c := contractone.NewEntry(d, contractone.PDF{Size: 1}, at)
	require.Equal(t, contractone.Change{At: at, By: "pdfimport", Action: contractone.ActionRegistered}, c)
	want := e.Clone()

	_, _, changed := e.Digitised(contractone.Items{Counterparty: "c"}, at)
	require.True(t, changed)
	_, _, changed, err := e.Edited(contractone.Patch{
		Clear: []contractone.ItemKey{contractone.ItemTitle}, Extensions: map[string]string{"a": "", "b": "2"}, Share: new(contractone.Groups("B")),
	}, contractone.Edit{By: "u"}, at)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, want, e)

	bare := contractone.Entry{}
	out, _, changed := bare.Digitised(contractone.Items{Title: "x"}, at)
	require.True(t, changed)
	require.Equal(t, contractone.Digitised, out.Provenance[contractone.ItemTitle].Authority)
	_, _, changed = bare.Digitised(contractone.Items{}, at)
	require.False(t, changed)
}

func TestFileErrorNamesTheFile(t *testing.T) {
	t.Parallel()
	d := contractone.Draft{Link: "2222-2222", Source: contractone.Source{DocumentID: "01H", FileID: "01J"}}
	err := d.Fail(contractone.ErrQuota)
	require.EqualError(t, err, "contractone: link 2222-2222, document 01H, file 01J: the contracted count is used up")
	require.ErrorIs(t, err, contractone.ErrQuota)
	fe, ok := errors.AsType[*contractone.FileError](err)
	require.True(t, ok)
	require.Equal(t, "01J", fe.FileID)
	d.Link = ""
	require.EqualError(t, d.Fail(contractone.ErrNotPDF), "contractone: document 01H, file 01J: the file is not a PDF")
}

// zeros is a PDF of zeros, as long as its size says.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	copy(p[:n], "%PDF-")
	z.left -= n
	return n, nil
}

// A PDF of 64 MiB passes through a buffer; it is never held.
func TestCopyPDFStreams(t *testing.T) {
	const size = 64 << 20
	d := contractone.Draft{PDF: countersign.Upload{
		Size: size, Open: func() (io.ReadCloser, error) { return io.NopCloser(&zeros{size}), nil },
	}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pdf, err := d.CopyPDF(t.Context(), io.Discard)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Equal(t, int64(size), pdf.Size)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestSetupGuideURL(t *testing.T) {
	t.Parallel()
	require.Equal(t, "https://support.contract-one.com/hc/ja/articles/5735293007129", contractone.SetupGuideURL())
}

func TestHasPDFHeader(t *testing.T) {
	t.Parallel()
	at := func(n int) []byte { return append(bytes.Repeat([]byte("x"), n), "%PDF-1.7"...) }
	require.True(t, contractone.HasPDFHeader(at(0)))
	require.True(t, contractone.HasPDFHeader(at(contractone.PDFHeaderWithin-5)))
	require.False(t, contractone.HasPDFHeader(at(contractone.PDFHeaderWithin-4)))
	require.False(t, contractone.HasPDFHeader(nil))
	require.False(t, contractone.HasPDFHeader([]byte("%PDF")))
}
