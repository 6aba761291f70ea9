package bundle_test

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bundle"
)

func TestManifests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	full := draft("doc", "a")
	full.Items.Amount, full.Items.AutoRenewal = contractone.Yen(math.MinInt64), contractone.RenewalNo
	full.Items.ApprovalNumber, full.Extensions = `=HYPERLINK("x")`, map[string]string{"部署": "法務 <本社>"}
	register(t, l, full)
	bare := draft("doc", "b")
	bare.Items, bare.Link = contractone.Items{Counterparty: "a,\"b\"\nc"}, ""
	register(t, l, bare)
	require.NoError(t, l.Finish(t.Context()))
	before := map[string]string{}
	for _, name := range []string{bundle.ManifestCSV, bundle.ManifestJSON, bundle.ReadmeJA, bundle.ReadmeEN} {
		before[name] = readAll(filepath.Join(dir, name))
	}

	var files []bundle.File
	for f, err := range bundle.ReadManifest(strings.NewReader(before[bundle.ManifestJSON])) {
		require.NoError(t, err)
		files = append(files, f)
	}
	require.Len(t, files, 2)
	require.Equal(t, full.Items, files[0].Items)
	require.Equal(t, full.Extensions, files[0].Extensions)
	require.Equal(t, full.Key(), files[0].Key)
	require.Equal(t, bare.Items, files[1].Items)
	require.NotContains(t, before[bundle.ManifestJSON], `"amount":null`)

	text, bom := strings.CutPrefix(before[bundle.ManifestCSV], "\ufeff")
	require.True(t, bom)
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 3)
	cell := func(line int, heading string) string {
		for i, h := range lines[0] {
			if h == heading {
				return lines[line][i]
			}
		}
		t.Fatal("no heading " + heading)
		return ""
	}
	require.Equal(t, "業務委託契約書", cell(1, "契約書タイトル"))
	require.Equal(t, "-9223372036854775808", cell(1, "金額"))
	require.Equal(t, `'=HYPERLINK("x")`, cell(1, "稟議番号等"))
	require.Equal(t, `{"部署":"法務 <本社>"}`, cell(1, "拡張項目")) //nolint:testifylint // people read this cell, so its very characters count
	require.Equal(t, "a,\"b\"\nc", cell(2, "契約先名"))
	require.Equal(t, files[0].PDF.SHA256, cell(1, "SHA-256"))
	require.Equal(t, files[0].File, cell(1, "フォルダ")+"/"+cell(1, "PDF"))

	require.Contains(t, before[bundle.ReadmeJA], "共有範囲: 全社公開\r\n    社内担当者: taro@example.com")
	require.Contains(t, before[bundle.ReadmeEN], files[0].Folder)
	require.NoError(t, l.Finish(t.Context()))
	for name, text := range before {
		require.Equal(t, text, readAll(filepath.Join(dir, name)), "the same journal gives the same bytes")
	}
}

func TestAnEmptyBundleHasManifests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	require.NoError(t, l.Close())
	for _, err := range bundle.ReadManifest(strings.NewReader(readAll(filepath.Join(dir, bundle.ManifestJSON)))) {
		require.Fail(t, "no file is listed", "%v", err)
	}
	require.NotEmpty(t, readAll(filepath.Join(dir, bundle.ReadmeJA)))
}

// A person has a manifest open in a program that locks it, or a folder stands in
// its place: the error names it, and the old one stays whole.
func TestFinishNamesTheFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := bundle.Open(bundle.Config{Dir: dir})
	require.NoError(t, err)
	blocked := filepath.Join(dir, bundle.ManifestJSON)
	require.NoError(t, os.MkdirAll(filepath.Join(blocked, "x"), 0o700))
	err = l.Close()
	require.ErrorIs(t, err, contractone.ErrStorage)
	require.ErrorContains(t, err, blocked)
}

func TestReadManifestRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "[]", "{}", `{"version":2,"files":[]}`, `{"files":[]}`, `{"version":1}`, `{"version":1,"files":[{}`,
		`{"version":1,"files":[{"items":{"amount":1.5}}]}`, `{"version":1,"files":[],"files":[]}`, `{"version":1,"files":{}}`, `{"version":1,"files":[]`,
	} {
		var last error
		for _, err := range bundle.ReadManifest(strings.NewReader(text)) {
			last = err
		}
		require.ErrorIs(t, last, countersign.ErrInvalid, text)
	}
}

func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"version":1,"folders":[{"name":"x"}],"files":[{"file":"a/b.pdf","items":{"amount":5}},{}]}`))
	f.Add([]byte(`{"version":1,"files":[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		errs, files := 0, 0
		for _, err := range bundle.ReadManifest(bytes.NewReader(data)) {
			require.Zero(t, errs, "an error ends the sequence")
			if err != nil {
				require.ErrorIs(t, err, countersign.ErrInvalid)
				errs++
				continue
			}
			files++
		}
		require.LessOrEqual(t, files, len(data))
	})
}

// FuzzJournal reads foreign journals: what is read ends at the end of a line, and
// reading that part again gives the same.
func FuzzJournal(f *testing.F) {
	d := draft("doc", "file")
	e, _ := contractone.NewEntry(d, contractone.PDF{}, d.Items.SignedOn.In(time.UTC))
	line, err := bundle.EncodeRecord(bundle.Record{Entry: e, Folder: "x", Incoming: "pdf-1"})
	require.NoError(f, err)
	f.Add(line)
	f.Add(append(bytes.Clone(line), line[:len(line)/2]...))
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte("no line"))
	f.Fuzz(func(t *testing.T, journal []byte) {
		n, end, err := bundle.Records(bytes.NewReader(journal))
		require.LessOrEqual(t, end, int64(len(journal)))
		require.True(t, end == 0 || journal[end-1] == '\n')
		if err == nil {
			require.NotContains(t, string(journal[end:]), "\n", "only an unfinished line is left over")
		}
		again, whole, err := bundle.Records(bytes.NewReader(journal[:end]))
		require.NoError(t, err)
		require.Equal(t, n, again)
		require.Equal(t, end, whole)
	})
}

// FuzzManifestCSV: whatever the values are, the manifest is a table whose text
// cells no spreadsheet runs.
func FuzzManifestCSV(f *testing.F) {
	f.Add("=1+1", "\"", "a\r\nb", "x")
	f.Add("＝x", "\t", "@SUM(A1)", "-1")
	f.Fuzz(func(t *testing.T, title, counterparty, number, extension string) {
		d := draft("doc", "file")
		d.Items.Title, d.Items.Counterparty, d.Items.ApprovalNumber = title, counterparty, number
		d.Extensions = map[string]string{extension + "x": extension}
		if d.Validate() != nil {
			return
		}
		var b bytes.Buffer
		out := csv.NewWriter(&b)
		require.NoError(t, bundle.WriteLine(out, bundle.File{Items: d.Items, Extensions: d.Extensions, File: title, Key: d.Key()}))
		out.Flush()
		require.True(t, utf8.Valid(b.Bytes()))
		lines, err := csv.NewReader(&b).ReadAll()
		require.NoError(t, err)
		require.Len(t, lines, 1)
		require.Len(t, lines[0], 3+len(contractone.Catalogue())+7)
		for _, cell := range lines[0] {
			first, _ := utf8.DecodeRuneInString(cell)
			require.False(t, cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first), "%q", cell)
		}
	})
}
