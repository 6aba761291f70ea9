package postgres_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration/postgres"
)

func openLedger(t *testing.T, dsn, dir string) (*sqlledger.Ledger, *sql.DB) {
	t.Helper()
	db, err := postgres.OpenDB(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	l, err := sqlledger.Open(t.Context(), sqlledger.Config{DB: db, Dialect: sqlledger.PostgreSQL, Dir: dir})
	require.NoError(t, err)
	return l, db
}

func TestLedgerConforms(t *testing.T) {
	t.Parallel()
	type opened struct {
		*sqlledger.Ledger
		dsn, dir string
	}
	open := func(t *testing.T) contractone.Ledger {
		dsn, dir := newSchema(t), t.TempDir()
		l, _ := openLedger(t, dsn, dir)
		return opened{l, dsn, dir}
	}
	contractonetest.Run(t, open, func(t *testing.T, l contractone.Ledger) contractone.Ledger {
		o := l.(opened)
		again, _ := openLedger(t, o.dsn, o.dir)
		return opened{again, o.dsn, o.dir}
	})
}

func draft(document, file string) contractone.Draft {
	return contractone.Draft{
		Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: document, FileID: file, FileIndex: 1, FileCount: 1},
		Items:       contractone.Items{Title: "業務委託契約書", EndsOn: countersign.Date{Year: 2027, Month: 3, Day: 31}},
		Share:       contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.Group("Legal")},
		PDF:         contractonetest.Upload("x.pdf", contractonetest.PDF(file, 2048)),
	}
}

// Columns have the database's own types, so that its functions work on them.
func TestLedgerIsReadableWithSQL(t *testing.T) {
	t.Parallel()
	l, db := openLedger(t, newSchema(t), t.TempDir())
	_, err := l.Register(t.Context(), draft("doc", "a"))
	require.NoError(t, err)
	var title string
	var recent bool
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT title, registered_at > now() - interval '1 day' FROM contractone_ledger
		WHERE extract(month FROM ends_on) = 3 AND amount IS NULL`).Scan(&title, &recent))
	require.Equal(t, "業務委託契約書", title)
	require.True(t, recent)
}

// Two processes that open a new database together migrate it once; what they
// register at the same time, while one of them sweeps, is there once and whole.
func TestLedgerOfTwoProcesses(t *testing.T) {
	t.Parallel()
	dsn, dir := newSchema(t), t.TempDir()
	ledgers := make([]*sqlledger.Ledger, 2)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range ledgers {
		db, err := postgres.OpenDB(t.Context(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		wg.Go(func() {
			ledgers[i], errs[i] = sqlledger.Open(t.Context(), sqlledger.Config{DB: db, Dialect: sqlledger.PostgreSQL, Dir: dir})
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	const n = 40
	created := make([]int, 2)
	for i, l := range ledgers {
		wg.Go(func() {
			for k := range n {
				r, err := l.Register(t.Context(), draft("doc", fmt.Sprint("f", k)))
				errs[i] = errors.Join(errs[i], err)
				if r.Created {
					created[i]++
				}
			}
		})
	}
	var sweep error
	wg.Go(func() {
		for range 10 {
			_, err := ledgers[0].Sweep(t.Context(), sqlledger.MinSweepAge)
			sweep = errors.Join(sweep, err)
		}
	})
	wg.Wait()
	require.NoError(t, errors.Join(errs[0], errs[1], sweep))
	require.Equal(t, n, created[0]+created[1])
	seen := 0
	for e, err := range contractone.All(t.Context(), ledgers[0], contractone.Query{Limit: 7}) {
		require.NoError(t, err)
		require.FileExists(t, ledgers[1].PDFPath(e))
		seen++
	}
	require.Equal(t, n, seen)
}

// Sweep removes what no entry names, and nothing else.
func TestLedgerSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, _ := openLedger(t, newSchema(t), dir)
	r, err := l.Register(t.Context(), draft("doc", "a"))
	require.NoError(t, err)
	e, _, err := l.Lookup(t.Context(), r.Key)
	require.NoError(t, err)
	left := filepath.Join(filepath.Dir(l.PDFPath(e)), r.PDF.SHA256[:2]+strings.Repeat("0", 62)+".pdf")
	require.NoError(t, os.WriteFile(left, []byte("12345"), 0o600))
	old := time.Now().Add(-48 * time.Hour)
	for _, path := range []string{left, l.PDFPath(e)} {
		require.NoError(t, os.Chtimes(path, old, old))
	}
	swept, err := l.Sweep(t.Context(), 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, sqlledger.Swept{Files: 1, Bytes: 5}, swept)
	require.NoFileExists(t, left)
	require.FileExists(t, l.PDFPath(e))
}

// Sweep waits for a registration that is about to commit, and then sees its
// entry.
func TestLedgerSweepWaitsForRegistrations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, db := openLedger(t, newSchema(t), dir)
	hash := strings.Repeat("ab", 32)
	path := l.PDFPath(contractone.Entry{PDF: contractone.PDF{SHA256: hash}})
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("12345"), 0o600))
	old := time.Now().Add(-48 * time.Hour)
	require.NoError(t, os.Chtimes(path, old, old))

	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), `INSERT INTO contractone_entry
		(origin, document_id, file_id, file_index, file_count, share, provenance, pdf_sha256, pdf_size, registered_at)
		VALUES ('cloudsign', 'd', 'f', 1, 1, 'company', '{}', $1, 5, 0)`, hash)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		swept, err := l.Sweep(t.Context(), 24*time.Hour)
		if err == nil && swept.Files != 0 {
			err = errors.New("the file of an entry was removed")
		}
		done <- err
	}()
	for waiting := false; !waiting; {
		select {
		case err := <-done:
			t.Fatalf("Sweep did not wait for the registration: %v", err)
		default:
		}
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks
			WHERE relation = 'contractone_entry'::regclass AND NOT granted)`).Scan(&waiting))
	}
	require.NoError(t, tx.Commit())
	require.NoError(t, <-done)
	require.FileExists(t, path)
}
