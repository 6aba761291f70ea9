package sqlite_test

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	driver "modernc.org/sqlite"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration/sqlite"
)

func openDB(t testing.TB, dir string) *sql.DB {
	t.Helper()
	db, err := sqlite.OpenDB(filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func openLedger(t testing.TB, db *sql.DB, dir string) *sqlledger.Ledger {
	t.Helper()
	l, err := sqlledger.Open(t.Context(), sqlledger.Config{DB: db, Dialect: sqlledger.SQLite, Dir: filepath.Join(dir, "pdf")})
	require.NoError(t, err)
	return l
}

func TestLedgerConforms(t *testing.T) {
	t.Parallel()
	type opened struct {
		*sqlledger.Ledger
		dir string
	}
	open := func(t *testing.T) contractone.Ledger {
		dir := t.TempDir()
		return opened{openLedger(t, openDB(t, dir), dir), dir}
	}
	contractonetest.Run(t, open, func(t *testing.T, l contractone.Ledger) contractone.Ledger {
		dir := l.(opened).dir
		return opened{openLedger(t, openDB(t, dir), dir), dir}
	})
}

func draft(document, file string, pdf []byte) contractone.Draft {
	return contractone.Draft{
		Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: document, FileID: file, FileIndex: 1, FileCount: 1},
		Items:       contractone.Items{Title: "業務委託契約書", Amount: contractone.Yen(-5), EndsOn: countersign.Date{Year: 2027, Month: 3, Day: 31}},
		Share:       contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.Group("Legal")},
		PDF:         contractonetest.Upload("x.pdf", pdf),
	}
}

// files gives the paths of the regular files below dir, from there.
func files(t *testing.T, dir string) []string {
	t.Helper()
	out := []string{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	}))
	return out
}

func TestLedgerKeepsEqualPDFsOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLedger(t, openDB(t, dir), dir)
	pdf := contractonetest.PDF("same", 3000)
	var sha string
	for _, file := range []string{"a", "b", "c"} {
		r, err := l.Register(t.Context(), draft("doc", file, pdf))
		require.NoError(t, err)
		require.True(t, r.Created)
		sha = r.PDF.SHA256
	}
	require.Equal(t, []string{"sha256/" + sha[:2] + "/" + sha + ".pdf"}, files(t, filepath.Join(dir, "pdf")))
	n, err := l.Count(t.Context(), contractone.Query{SHA256: sha})
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	e, found, err := l.Lookup(t.Context(), contractone.CloudSignKey("doc", "b"))
	require.NoError(t, err)
	require.True(t, found)
	kept, err := os.ReadFile(l.PDFPath(e))
	require.NoError(t, err)
	require.Equal(t, pdf, kept)
}

// People read the tables with SQL of their own.
func TestLedgerIsReadableWithSQL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDB(t, dir)
	l := openLedger(t, db, dir)
	_, err := l.Register(t.Context(), draft("doc", "a", contractonetest.PDF("a", 500)))
	require.NoError(t, err)
	var title, endsOn, path, registered string
	var amount int64
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT title, ends_on, amount, pdf_path, registered_at FROM contractone_ledger
		WHERE amount < 0 AND ends_on BETWEEN '2027-01-01' AND '2027-12-31' AND starts_on IS NULL`).
		Scan(&title, &endsOn, &amount, &path, &registered))
	require.Equal(t, "業務委託契約書", title)
	require.Equal(t, "2027-03-31", endsOn)
	require.EqualValues(t, -5, amount)
	require.FileExists(t, filepath.Join(dir, "pdf", path))
	_, err = time.Parse(time.RFC3339, registered)
	require.NoError(t, err)
}

// Whatever breaks off leaves no entry, and no file either.
func TestLedgerLeavesNoFileOfABrokenUpload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLedger(t, openDB(t, dir), dir)
	for _, data := range [][]byte{nil, []byte("<html>")} {
		_, err := l.Register(t.Context(), draft("doc", "a", data))
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
	d := draft("doc", "a", contractonetest.PDF("a", 100_000))
	d.PDF.Size++
	_, err := l.Register(t.Context(), d)
	require.ErrorIs(t, err, contractone.ErrSizeDiffers)
	require.Empty(t, files(t, filepath.Join(dir, "pdf")))
}

func TestLedgerSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLedger(t, openDB(t, dir), dir)
	pdfs := filepath.Join(dir, "pdf")
	kept, err := l.Register(t.Context(), draft("doc", "a", contractonetest.PDF("a", 500)))
	require.NoError(t, err)
	write := func(path string, age time.Duration) string {
		path = filepath.Join(pdfs, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("12345"), 0o600))
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, at, at))
		return path
	}
	old := time.Now().Add(-48 * time.Hour)
	e, _, err := l.Lookup(t.Context(), kept.Key)
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(l.PDFPath(e), old, old))

	const day = 24 * time.Hour
	gone := []string{
		write("sha256/aa/aa"+strings.Repeat("0", 62)+".pdf", 2*day),
		write("sha256/"+kept.PDF.SHA256[:2]+"/"+kept.PDF.SHA256[:2]+strings.Repeat("0", 62)+".pdf", 2*day),
		write("incoming/pdf-123", 2*day),
	}
	stays := []string{
		l.PDFPath(e),
		write("sha256/aa/aa"+strings.Repeat("1", 62)+".pdf", time.Minute),
		write("incoming/pdf-456", time.Minute),
		write("sha256/aa/notes.txt", 2*day),
		write("incoming/mine.txt", 2*day),
	}
	_, err = l.Sweep(t.Context(), time.Minute)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	for range 2 {
		swept, err := l.Sweep(t.Context(), day)
		require.NoError(t, err)
		if gone == nil {
			require.Zero(t, swept)
		} else {
			require.Equal(t, sqlledger.Swept{Files: 3, Bytes: 15}, swept)
		}
		for _, path := range gone {
			require.NoFileExists(t, path)
		}
		for _, path := range stays {
			require.FileExists(t, path)
		}
		gone = nil
	}
}

// A file that a crash left is young again once somebody registers its bytes, so
// Sweep, which may run beside, leaves it.
func TestLedgerTakesOverAFileThatACrashLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDB(t, dir)
	l := openLedger(t, db, dir)
	pdf := contractonetest.PDF("crash", 4000)
	r, err := l.Register(t.Context(), draft("doc", "a", pdf))
	require.NoError(t, err)
	e, _, err := l.Lookup(t.Context(), r.Key)
	require.NoError(t, err)
	for _, table := range []string{"change", "responsible", "entry"} { // as if the transaction had not come
		_, err = db.ExecContext(t.Context(), "DELETE FROM contractone_"+table)
		require.NoError(t, err)
	}
	old := time.Now().Add(-48 * time.Hour)
	require.NoError(t, os.Chtimes(l.PDFPath(e), old, old))
	again, err := l.Register(t.Context(), draft("doc", "a", pdf))
	require.NoError(t, err)
	require.True(t, again.Created)
	info, err := os.Stat(l.PDFPath(e))
	require.NoError(t, err)
	require.Less(t, time.Since(info.ModTime()), sqlledger.MinSweepAge)
}

// Where another process swept the file away between its keeping and the row,
// there is no entry without a file: the registration fails and can be repeated.
func TestLedgerNeverNamesAFileThatIsGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pdfs := filepath.Join(dir, "pdf")
	swept := false
	l, err := sqlledger.Open(t.Context(), sqlledger.Config{
		DB: openDB(t, dir), Dialect: sqlledger.SQLite, Dir: pdfs,
		Now: func() time.Time { // asked when the file is kept and the row is not
			if !swept {
				swept = true
				for _, path := range files(t, pdfs) {
					require.NoError(t, os.Remove(filepath.Join(pdfs, path)))
				}
			}
			return time.Now()
		},
	})
	require.NoError(t, err)
	d := draft("doc", "a", contractonetest.PDF("a", 2048))
	_, err = l.Register(t.Context(), d)
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.True(t, swept)
	_, found, err := l.Lookup(t.Context(), d.Key())
	require.NoError(t, err)
	require.False(t, found)
	r, err := l.Register(t.Context(), d)
	require.NoError(t, err)
	require.True(t, r.Created)
}

// Registrations and sweeps of two processes at once, over files that a crash
// left: what has an entry has its file, whole.
func TestLedgerSweepsBesideRegistrations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ledgers := []*sqlledger.Ledger{openLedger(t, openDB(t, dir), dir), openLedger(t, openDB(t, dir), dir)}
	const n, contents = 60, 20
	content := func(i int) []byte { return contractonetest.PDF(fmt.Sprint(i%contents), 2048) }
	old := time.Now().Add(-48 * time.Hour)
	for i := range contents {
		path := ledgers[0].PDFPath(contractone.Entry{PDF: contractone.PDF{SHA256: fmt.Sprintf("%x", sha256.Sum256(content(i)))}})
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, content(i), 0o600))
		require.NoError(t, os.Chtimes(path, old, old))
	}
	var wg sync.WaitGroup
	errs := make([]error, 5)
	for w := range 4 {
		wg.Go(func() {
			for i := w % 2; i < n && errs[w] == nil; i += 2 { // each file from two sides
				_, errs[w] = ledgers[w/2].Register(t.Context(), draft("doc", fmt.Sprint("f", i), content(i)))
				if errors.Is(errs[w], countersign.ErrUnavailable) { // swept away at that moment
					_, errs[w] = ledgers[w/2].Register(t.Context(), draft("doc", fmt.Sprint("f", i), content(i)))
				}
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if _, errs[4] = ledgers[1].Sweep(t.Context(), sqlledger.MinSweepAge); errs[4] != nil {
				return
			}
		}
	})
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	seen := 0
	for e, err := range contractone.All(t.Context(), ledgers[0], contractone.Query{Limit: 7}) {
		require.NoError(t, err)
		data, err := os.ReadFile(ledgers[1].PDFPath(e))
		require.NoError(t, err)
		var i int
		_, err = fmt.Sscanf(e.Source.FileID, "f%d", &i)
		require.NoError(t, err)
		require.Equal(t, content(i), data)
		seen++
	}
	require.Equal(t, n, seen)
}

// A registration costs one commit, a replay none.
func TestLedgerRegistersInOneTransaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDB(t, dir)
	db.SetMaxOpenConns(1)
	l := openLedger(t, db, dir)
	commits := 0
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	require.NoError(t, conn.Raw(func(c any) error {
		c.(driver.HookRegisterer).RegisterCommitHook(func() int32 { commits++; return 0 })
		return nil
	}))
	require.NoError(t, conn.Close())
	d := draft("doc", "a", contractonetest.PDF("a", 2048))
	for range 3 {
		_, err = l.Register(t.Context(), d)
		require.NoError(t, err)
	}
	require.Equal(t, 1, commits)
}

// A full database is one clear sentence; the entry is not there, and comes once
// there is room.
func TestLedgerSaysThatTheDatabaseIsFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDB(t, dir)
	db.SetMaxOpenConns(1) // max_page_count belongs to the connection
	l := openLedger(t, db, dir)
	_, err := db.ExecContext(t.Context(), "PRAGMA max_page_count = 40")
	require.NoError(t, err)
	d := draft("doc", "a", contractonetest.PDF("a", 2048))
	d.Items.Title = strings.Repeat("長", 100_000)
	_, err = l.Register(t.Context(), d)
	var se *sqlledger.StorageError
	require.ErrorAs(t, err, &se)
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "make room")
	_, found, err := l.Lookup(t.Context(), d.Key())
	require.NoError(t, err)
	require.False(t, found)

	_, err = db.ExecContext(t.Context(), "PRAGMA max_page_count = 100000")
	require.NoError(t, err)
	r, err := l.Register(t.Context(), d)
	require.NoError(t, err)
	require.True(t, r.Created)
}

func BenchmarkLedgerRegister(b *testing.B) {
	dir := b.TempDir()
	l := openLedger(b, openDB(b, dir), dir)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, err := l.Register(b.Context(), draft("doc", fmt.Sprint("f", i), contractonetest.PDF(fmt.Sprint(i), 2048)))
		require.NoError(b, err)
	}
}

// A folder that goes away under a running program is one clear sentence, and the
// registration works once it is back.
func TestLedgerSaysWhichFolderIsGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLedger(t, openDB(t, dir), dir)
	pdfs := filepath.Join(dir, "pdf")
	require.NoError(t, os.Rename(pdfs, pdfs+".away"))
	require.NoError(t, os.WriteFile(pdfs, nil, 0o600)) // a path below a file
	d := draft("doc", "a", contractonetest.PDF("a", 500))
	_, err := l.Register(t.Context(), d)
	var se *sqlledger.StorageError
	require.ErrorAs(t, err, &se)
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.ErrorContains(t, err, pdfs)
	require.ErrorContains(t, err, "document doc, file a")
	_, found, err := l.Lookup(t.Context(), d.Key())
	require.NoError(t, err)
	require.False(t, found)

	require.NoError(t, os.Remove(pdfs))
	require.NoError(t, os.Rename(pdfs+".away", pdfs))
	r, err := l.Register(t.Context(), d)
	require.NoError(t, err)
	require.True(t, r.Created)
}

func TestLedgerRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDB(t, dir)
	openLedger(t, db, dir)
	_, err := db.ExecContext(t.Context(), "UPDATE countersign_schema SET version = 999 WHERE component = 'contractone'")
	require.NoError(t, err)
	_, err = sqlledger.Open(t.Context(), sqlledger.Config{DB: db, Dialect: sqlledger.SQLite, Dir: dir})
	require.ErrorContains(t, err, "999")
}
