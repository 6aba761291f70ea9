package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration/sqlite"
)

// A ledger in a file of SQLite and a folder: three contracts go in, and those
// that end in the first quarter come out.
func Example_ledgerSearch() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sqlite.OpenDB(filepath.Join(dir, "ledger.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	ledger, err := sqlledger.Open(ctx, sqlledger.Config{DB: db, Dialect: sqlledger.SQLite, Dir: filepath.Join(dir, "contracts")})
	if err != nil {
		log.Fatal(err)
	}

	for i, c := range []struct{ title, ends string }{
		{"秘密保持契約書", "2027-03-31"}, {"業務委託契約書", "2027-06-30"}, {"賃貸借契約書", "2027-01-15"},
	} {
		ends, err := countersign.ParseDate(c.ends)
		if err != nil {
			log.Fatal(err)
		}
		_, err = ledger.Register(ctx, contractone.Draft{
			Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: fmt.Sprint("doc", i), FileID: "file", FileIndex: 1, FileCount: 1},
			Items:       contractone.Items{Title: c.title, EndsOn: ends},
			Share:       contractone.CompanyWide(),
			Responsible: []contractone.Principal{contractone.Group("法務")},
			PDF:         contractonetest.Upload("x.pdf", contractonetest.PDF(c.title, 2048)),
		})
		if err != nil {
			log.Fatal(err)
		}
	}

	from, to := countersign.Date{Year: 2027, Month: 1, Day: 1}, countersign.Date{Year: 2027, Month: 3, Day: 31}
	query := contractone.Query{Where: []contractone.Condition{
		contractone.DateRange(contractone.ItemEndsOn, from, to),
		contractone.Contains(contractone.ItemTitle, "契約"),
	}}
	for entry, err := range contractone.All(ctx, ledger, query) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Items.EndsOn, entry.Items.Title)
	}
	// Output:
	// 2027-03-31 秘密保持契約書
	// 2027-01-15 賃貸借契約書
}
