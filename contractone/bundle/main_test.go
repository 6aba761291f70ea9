package bundle_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bundle"
	"github.com/countersign/countersign/contractonetest"
)

// writerFolder names the bundle that this program shall write to instead of
// running tests: see TestKilledWriter.
const writerFolder = "COUNTERSIGN_TEST_BUNDLE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerFolder); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, dir string) *bundle.Ledger {
	t.Helper()
	l, err := bundle.Open(bundle.Config{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func draft(document, file string) contractone.Draft {
	day, err := countersign.ParseDate("2026-04-01")
	if err != nil {
		panic(err)
	}
	return contractone.Draft{
		Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: document, FileID: file, FileIndex: 1, FileCount: 1},
		Link:        "2222-2222",
		Items:       contractone.Items{Title: "業務委託契約書", SignedOn: day, FileName: "契約.pdf"},
		Share:       contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.User("taro@example.com")},
		PDF:         contractonetest.Upload("x.pdf", contractonetest.PDF(document+file, 600)),
	}
}

func register(t *testing.T, l *bundle.Ledger, d contractone.Draft) contractone.Receipt {
	t.Helper()
	r, err := l.Register(t.Context(), d)
	require.NoError(t, err)
	return r
}

// pdfs are the PDFs in the folders of a bundle, as paths below it.
func pdfs(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*.pdf"))
	require.NoError(t, err)
	for i, p := range found {
		rel, err := filepath.Rel(dir, p)
		require.NoError(t, err)
		found[i] = filepath.ToSlash(rel)
	}
	return found
}

// writeForever registers files and says so, until somebody kills it.
func writeForever(dir string) {
	l, err := bundle.Open(bundle.Config{Dir: dir})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	ctx, start := testContext(), len(strings.Split(readAll(filepath.Join(dir, ".bundle", "journal")), "\n"))
	for i := start; ; i++ {
		r, err := l.Register(ctx, draft("doc", fmt.Sprint("file", i)))
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		fmt.Println(r.Key)
	}
}
