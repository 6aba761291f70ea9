package bundle_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bundle"
	"github.com/countersign/countersign/contractonetest"
)

func testContext() context.Context { return context.Background() }

func readAll(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

func TestBundleKeepsTheContract(t *testing.T) {
	t.Parallel()
	contractonetest.Run(t, func(t *testing.T) contractone.Ledger {
		return open(t, t.TempDir())
	}, func(t *testing.T, l contractone.Ledger) contractone.Ledger {
		b, ok := l.(*bundle.Ledger)
		require.True(t, ok)
		require.NoError(t, b.Close())
		return open(t, b.Dir())
	})
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	_, err := bundle.Open(bundle.Config{Dir: dir})
	require.ErrorIs(t, err, countersign.ErrConflict)
	require.NoError(t, l.Close())
	require.NoError(t, l.Close(), "closing again does nothing")
	_, err = l.Register(t.Context(), draft("doc", "file"))
	require.ErrorIs(t, err, os.ErrClosed)
	open(t, dir)
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := bundle.Open(bundle.Config{})
	var ce *countersign.ConfigError
	require.ErrorAs(t, err, &ce)
	require.Equal(t, "Dir", ce.Field)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = bundle.Open(bundle.Config{Dir: filepath.Join(file, "bundle")})
	require.ErrorIs(t, err, contractone.ErrStorage)
	require.Contains(t, err.Error(), file)
}

// One folder for each share scope and set of responsible persons, whatever their
// order.
func TestFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	taro, legal := contractone.User("taro@example.com"), contractone.Group("法務")
	for i, c := range []struct {
		share contractone.Share
		who   []contractone.Principal
	}{
		{contractone.Groups("A", "B"), []contractone.Principal{taro, legal}},
		{contractone.Groups("B", "A"), []contractone.Principal{legal, taro}},
		{contractone.Groups("A"), []contractone.Principal{taro, legal}},
		{contractone.Groups("A, B"), []contractone.Principal{taro, legal}},
		{contractone.CompanyWide(), []contractone.Principal{taro}},
		{contractone.CompanyWide(), []contractone.Principal{contractone.Group("taro@example.com")}},
	} {
		d := draft("doc", fmt.Sprint("file", i))
		d.Share, d.Responsible = c.share, c.who
		register(t, l, d)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 5+1, "five folders and .bundle")
	require.Len(t, pdfs(t, dir), 6)
}

// Names that only case or normalisation tell apart would be one file on other
// systems.
func TestNamesAreUniqueEverywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	ids := map[string]bool{}
	for i, title := range []string{"Vertrag", "VERTRAG", "Vertrag", "が", "か\u3099", "a/b", "a:b", "Straße", "STRASSE"} {
		d := draft("doc", fmt.Sprint("file", i))
		d.Items.Title = title
		ids[strings.ToUpper(string(register(t, l, d).ID))] = true
	}
	require.Len(t, ids, 9)
	require.Len(t, pdfs(t, dir), 9)
}

func TestPDFsCanBeMovedAwayAfterTheImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	d := draft("doc", "file")
	register(t, l, d)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, filepath.Dir(pdfs(t, dir)[0]))))
	_, err := l.OpenPDF(t.Context(), d.Key())
	require.ErrorIs(t, err, countersign.ErrNotFound)
	require.NoError(t, l.Close())
	l = open(t, dir)
	require.False(t, register(t, l, d).Created)
	require.Empty(t, pdfs(t, dir))
	require.True(t, register(t, l, draft("doc", "next")).Created)
	require.Len(t, pdfs(t, dir), 1)

	var out bytes.Buffer
	require.NoError(t, l.WriteZip(t.Context(), &out))
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	require.Len(t, r.File, 4+1, "what was moved away is left out")

	// The manifests and instructions tell what is left to be imported.
	moved := map[contractone.Key]bool{}
	for f, err := range bundle.ReadManifest(strings.NewReader(readAll(filepath.Join(dir, bundle.ManifestJSON)))) {
		require.NoError(t, err)
		moved[f.Key] = f.MovedAway
	}
	require.Equal(t, map[contractone.Key]bool{d.Key(): true, draft("doc", "next").Key(): false}, moved)
	require.Contains(t, readAll(filepath.Join(dir, bundle.ManifestJSON)), `"files":2,"waiting":1}`)
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(readAll(filepath.Join(dir, bundle.ManifestCSV)), "\ufeff"))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"取り込み待ち", "", "○"}, []string{lines[0][0], lines[1][0], lines[2][0]})
	require.Contains(t, readAll(filepath.Join(dir, bundle.ReadmeEN)), "to be imported: 1 (written so far: 2)")
	require.Contains(t, readAll(filepath.Join(dir, bundle.ReadmeJA)), "取り込み待ち: 1 件(これまでに書き出した件数: 2)")
}

// The writer is killed while it works; nothing that it acknowledged is lost, no
// file is torn, and no folder holds what the manifest does not list.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGKILL on Windows")
	}
	dir := t.TempDir()
	var acknowledged []string
	for round := range 6 {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), writerFolder+"="+dir)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		lines := bufio.NewScanner(out)
		for range 5 + 7*round {
			require.True(t, lines.Scan())
			require.NotContains(t, lines.Text(), "failed")
			acknowledged = append(acknowledged, lines.Text())
		}
		require.NoError(t, child.Process.Kill())
		for lines.Scan() { // what it said before it died counts, too
			acknowledged = append(acknowledged, lines.Text())
		}
		require.Error(t, child.Wait())
	}
	checkBundle(t, dir, acknowledged)
}

// checkBundle opens a bundle and compares folders, journal and manifest.
func checkBundle(t *testing.T, dir string, keys []string) {
	t.Helper()
	l := open(t, dir)
	for _, key := range keys {
		_, found, err := l.Lookup(t.Context(), contractone.Key(key))
		require.NoError(t, err)
		require.True(t, found, key)
	}
	require.NoError(t, l.Finish(t.Context()))
	var listed []string
	for f, err := range bundle.ReadManifest(strings.NewReader(readAll(filepath.Join(dir, bundle.ManifestJSON)))) {
		require.NoError(t, err)
		listed = append(listed, f.File)
		require.Equal(t, f.PDF.Size, int64(len(readAll(filepath.Join(dir, f.File)))), f.File)
		d, err := l.OpenPDF(t.Context(), f.Key)
		require.NoError(t, err)
		require.NoError(t, d.Close())
	}
	slices.Sort(listed)
	require.Equal(t, listed, pdfs(t, dir))
	left, err := os.ReadDir(filepath.Join(dir, ".bundle", "incoming"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// A crash can leave each of these states; Open brings all of them in order.
func TestOpenRepairs(t *testing.T) {
	t.Parallel()
	made := t.TempDir()
	l := open(t, made)
	first, last := draft("doc", "first"), draft("doc", "last")
	register(t, l, first)
	register(t, l, last)
	require.NoError(t, l.Close())
	journal := readAll(filepath.Join(made, ".bundle", "journal"))
	lines := strings.SplitAfter(journal, "\n")
	rec, err := bundle.DecodeRecord([]byte(lines[1]))
	require.NoError(t, err)
	cut := []int{0, 1, 9, len(lines[1]) / 2, len(lines[1]) - 1}
	for _, n := range append(cut, len(lines[1])) {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(made)))
		// The received file had not moved yet when the line was being written.
		require.NoError(t, os.Rename(filepath.Join(dir, string(rec.Entry.ID)), filepath.Join(dir, ".bundle", "incoming", rec.Incoming)))
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".bundle", "journal"), []byte(lines[0]+lines[1][:n]), 0o600))
		entered := n == len(lines[1])
		l := open(t, dir)
		_, found, err := l.Lookup(t.Context(), last.Key())
		require.NoError(t, err)
		require.Equal(t, entered, found, "%d bytes", n)
		require.Equal(t, !entered, register(t, l, last).Created)
		require.NoError(t, l.Close())
		checkBundle(t, dir, []string{string(first.Key()), string(last.Key())})
	}
}

func TestOpenRefusesADamagedJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	register(t, l, draft("doc", "a"))
	register(t, l, draft("doc", "b"))
	require.NoError(t, l.Close())
	path := filepath.Join(dir, ".bundle", "journal")
	text := []byte(readAll(path))
	text[40] ^= 1
	require.NoError(t, os.WriteFile(path, text, 0o600))
	_, err := bundle.Open(bundle.Config{Dir: dir})
	require.ErrorContains(t, err, "byte 0")
	require.Equal(t, string(text), readAll(path), "nothing is cut off")
}

// When the folder can't be made, the file waits, and Finish tells.
func TestAFolderInTheWay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := bundle.Open(bundle.Config{Dir: dir})
	require.NoError(t, err)
	d := draft("doc", "file")
	blocked := filepath.Join(dir, bundle.FolderName(d.Share, d.Responsible))
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	require.True(t, register(t, l, d).Created, "the file is kept")
	pdf, err := l.OpenPDF(t.Context(), d.Key())
	require.NoError(t, err)
	require.NoError(t, pdf.Close())
	require.ErrorIs(t, l.Finish(t.Context()), contractone.ErrStorage)
	require.NoError(t, os.Remove(blocked))
	require.NoError(t, l.Close())
	require.Len(t, pdfs(t, dir), 1)
}

// When the journal can't be written to and can't be put in order either, nobody
// says that a file is or is not there until the bundle is opened again.
func TestABrokenJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	register(t, l, draft("doc", "a"))
	require.NoError(t, bundle.BreakJournal(l))
	d := draft("doc", "b")
	_, err := l.Register(t.Context(), d)
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.ErrorIs(t, err, contractone.ErrStorage)
	_, _, err = l.Lookup(t.Context(), d.Key())
	require.ErrorIs(t, err, contractone.ErrStorage)
	require.False(t, register(t, l, draft("doc", "a")).Created, "what is known is known")
	require.NoError(t, l.Close())
	l = open(t, dir)
	require.True(t, register(t, l, d).Created)
	require.NoError(t, l.Close())
	checkBundle(t, dir, []string{string(d.Key())})
}

func TestZip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	id := string(register(t, l, draft("doc", "file")).ID)
	var out bytes.Buffer
	require.NoError(t, l.WriteZip(t.Context(), &out))
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
		require.False(t, f.NonUTF8)
	}
	require.Equal(t, []string{bundle.ReadmeJA, bundle.ReadmeEN, bundle.ManifestCSV, bundle.ManifestJSON, id}, names)
	pdf, err := fs.ReadFile(r, id)
	require.NoError(t, err)
	require.Equal(t, contractonetest.PDF("docfile", 600), pdf)
}

// What stays in memory is a few hundred bytes a file, whatever its values are,
// also while the manifests are written.
func TestMemoryIsBounded(t *testing.T) {
	const files = 5_000
	dir := t.TempDir()
	writeJournal(t, dir, files)
	before := heap()
	l := open(t, dir)
	require.NoError(t, l.Finish(t.Context()))
	used := heap() - before
	_, found, err := l.Lookup(t.Context(), contractone.CloudSignKey("doc", fmt.Sprint("file", files-1)))
	require.NoError(t, err)
	require.True(t, found)
	require.Less(t, used/files, int64(300), "bytes a file")
	require.Positive(t, used)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func writeJournal(t *testing.T, dir string, files int) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".bundle", "incoming"), 0o700))
	out, err := os.Create(filepath.Join(dir, ".bundle", "journal"))
	require.NoError(t, err)
	buf := bufio.NewWriter(out)
	at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	d := draft("doc", "file")
	d.Extensions = map[string]string{"備考": strings.Repeat("長", 200)}
	folder := bundle.FolderName(d.Share, d.Responsible)
	for i := range files {
		d.Source.FileID = fmt.Sprint("file", i)
		e, _ := contractone.NewEntry(d, contractone.PDF{SHA256: strings.Repeat("0", 64), Size: 1}, at)
		e.ID = contractone.EntryID(fmt.Sprintf("%s/%d.pdf", folder, i))
		line, err := bundle.EncodeRecord(bundle.Record{Entry: e, Folder: folder})
		require.NoError(t, err)
		_, err = buf.Write(line)
		require.NoError(t, err)
	}
	require.NoError(t, buf.Flush())
	require.NoError(t, out.Close())
}
