package contractone_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
)

func Example() {
	ctx := context.Background()
	ledger := contractonetest.NewLedger()
	draft := contractone.Draft{
		Source: contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: "01H", FileID: "01J", FileIndex: 1, FileCount: 1},
		Items: contractone.Items{
			Title:  "秘密保持契約書",
			EndsOn: countersign.Date{Year: 2027, Month: 3, Day: 31},
			Amount: contractone.Yen(0), // zero yen, which is not "no amount"
		},
		Share:       contractone.Groups("法務"),
		Responsible: []contractone.Principal{contractone.User("taro@example.com")},
		PDF:         contractonetest.Upload("nda.pdf", contractonetest.PDF("nda", 2048)),
	}
	for range 2 {
		receipt, err := ledger.Register(ctx, draft)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Key, "created:", receipt.Created)
	}
	// Output:
	// cloudsign:01H:01J created: true
	// cloudsign:01H:01J created: false
}

func ExampleSettings_Validate() {
	s := contractone.Settings{
		Credential:  contractone.NewCredential("legal team", countersign.NewSecret("an example, not a client ID")),
		Share:       contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.Group("法務")},
		Mode:        contractone.ModeReview,
	}
	fmt.Println(s.Validate())
	// Output:
	// contractone: link step 3: Reviewers names nobody: name each reviewing user or group once, and at least one
}

func ExampleCatalogue() {
	for _, item := range contractone.Catalogue() {
		if item.Main && !item.Linked {
			fmt.Println(item.Key, item.LabelJA)
		}
	}
	// Output:
	// counterparty 契約先名
}

func ExampleAll() {
	ctx := context.Background()
	ledger := contractonetest.NewLedger()
	for i, title := range []string{"秘密保持契約書", "業務委託契約書", "発注書"} {
		_, err := ledger.Register(ctx, contractone.Draft{
			Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: "01H", FileID: fmt.Sprint("01J", i), FileIndex: i + 1, FileCount: 3},
			Items:       contractone.Items{Title: title},
			Share:       contractone.CompanyWide(),
			Responsible: []contractone.Principal{contractone.Group("法務")},
			PDF:         contractonetest.Upload("x.pdf", contractonetest.PDF(title, 500)),
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	query := contractone.Query{Where: []contractone.Condition{contractone.Contains(contractone.ItemTitle, "契約")}}
	for entry, err := range contractone.All(ctx, ledger, query) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(strings.TrimSuffix(entry.Items.Title, "契約書"))
	}
	// Output:
	// 秘密保持
	// 業務委託
}
