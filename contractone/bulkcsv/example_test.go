package bulkcsv_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/bulkcsv"
)

// The export is a file that a system administrator downloaded; what comes out is
// ready for the screen of the bulk update.
func Example() {
	export := "契約書タイトル,稟議番号等,部署,メモ\n" +
		"秘密保持契約書,,営業,x\n" +
		"業務委託契約書,R-7,法務,y\n"
	editor, err := bulkcsv.New(bulkcsv.Options{
		Extensions: []string{"部署"},
		Changed: func(c bulkcsv.Change) error {
			fmt.Printf("line %d, %s: %q becomes %q\n", c.Line, c.Heading, c.From, c.To)
			return nil
		},
	})
	if err != nil {
		panic(err)
	}
	var upload bytes.Buffer
	report, err := editor.Edit(context.Background(), &upload, strings.NewReader(export), func(r bulkcsv.Row) (contractone.Patch, error) {
		if number, _ := r.Item(contractone.ItemApprovalNumber); number != "" {
			return contractone.Patch{}, nil // as it is
		}
		return contractone.Patch{
			Set:        contractone.Items{ApprovalNumber: "R-9"},
			Extensions: map[string]string{"部署": "法務"},
		}, nil
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d of %d rows changed, %s\n", report.Changed, report.Rows, report.Encoding)
	fmt.Print(upload.String())
	// Output:
	// line 2, 稟議番号等: "" becomes "R-9"
	// line 2, 部署: "営業" becomes "法務"
	// 1 of 2 rows changed, UTF-8
	// 契約書タイトル,稟議番号等,部署,メモ
	// 秘密保持契約書,R-9,法務,x
}

// The bulk update does not change main items; an edit of one is refused by name.
func ExampleRefusedError() {
	editor, err := bulkcsv.New(bulkcsv.Options{})
	if err != nil {
		panic(err)
	}
	var upload bytes.Buffer
	_, err = editor.Edit(context.Background(), &upload, strings.NewReader("契約書タイトル,金額\n契約書,100\n"), func(bulkcsv.Row) (contractone.Patch, error) {
		return contractone.Patch{Set: contractone.Items{Amount: contractone.Yen(200)}}, nil
	})
	fmt.Println(err)
	// Output:
	// bulkcsv: line 2: the edit is refused: amount is not changed by the bulk update
}
