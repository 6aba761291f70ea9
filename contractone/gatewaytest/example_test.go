package gatewaytest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/gateway"
	"github.com/countersign/countersign/contractone/gatewaytest"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
)

// The first answer gets lost after the gateway has done the work; the file is
// there once all the same.
func Example() {
	srv := gatewaytest.NewServer()
	defer srv.Close()
	srv.Faults().Add(countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: countersigntest.LoseAnswer(), Next: 1})

	ledger, err := gateway.New(gateway.Config{}, countersign.WithBaseURL(srv.URL()),
		countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Millisecond}))
	if err != nil {
		panic(err)
	}
	receipt, err := ledger.Register(context.Background(), contractone.Draft{
		Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: "doc", FileID: "file", FileIndex: 1, FileCount: 1},
		Share:       contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.Group("法務")},
		PDF:         contractonetest.Upload("contract.pdf", contractonetest.PDF("x", 600)),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("created:", receipt.Created)
	for _, e := range srv.Entries() {
		fmt.Println(e.ID, e.Key, e.PDF.Size)
	}
	// Output:
	// created: true
	// 1 cloudsign:doc:file 600
}
