package bundle_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bundle"
	"github.com/countersign/countersign/contractonetest"
)

// A program registers files as in any ledger; closing the bundle writes the
// manifests and the instructions for the person who imports them.
func Example() {
	dir, err := os.MkdirTemp("", "bundle")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ledger, err := bundle.Open(bundle.Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	receipt, err := ledger.Register(context.Background(), contractone.Draft{
		Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: "01JDOC", FileID: "01JFILE", FileIndex: 1, FileCount: 1},
		Items:       contractone.Items{Title: "秘密保持契約書", SignedOn: countersign.Date{Year: 2026, Month: 4, Day: 1}},
		Share:       contractone.Groups("法務"),
		Responsible: []contractone.Principal{contractone.User("legal@example.com")},
		PDF:         contractonetest.Upload("nda.pdf", contractonetest.PDF("nda", 600)),
	})
	if err != nil {
		panic(err)
	}
	if err := ledger.Close(); err != nil {
		panic(err)
	}
	fmt.Println(receipt.ID)
	readme, err := os.ReadFile(filepath.Join(dir, bundle.ReadmeEN))
	if err != nil {
		panic(err)
	}
	for line := range strings.SplitSeq(string(readme), "\r\n") {
		if strings.HasPrefix(line, "    share") || strings.HasPrefix(line, "    resp") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// groups 法務_user legal@example.com_5ecbad1df8f9/2026-04-01_秘密保持契約書_01JDOC-1.pdf
	// share scope: 指定グループに公開: 法務
	// responsible: legal@example.com
}
