package gateway_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/gateway"
	"github.com/countersign/countersign/contractone/gatewaytest"
	"github.com/countersign/countersign/contractonetest"
)

// The address is the customer's gateway; here it is the one for tests.
func Example() {
	srv := gatewaytest.NewServer(gatewaytest.WithHeader("Authorization", "Bearer of-the-gateway"), gatewaytest.WithContracted(1))
	defer srv.Close()
	ledger, err := gateway.New(gateway.Config{
		Header: "Authorization", Credential: countersign.NewSecret("Bearer of-the-gateway"), Quota: true,
	}, countersign.WithBaseURL(srv.URL()))
	if err != nil {
		panic(err)
	}
	for _, file := range []string{"a", "a", "b"} {
		receipt, err := ledger.Register(context.Background(), contractone.Draft{
			Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: "doc", FileID: file, FileIndex: 1, FileCount: 2},
			Share:       contractone.CompanyWide(),
			Responsible: []contractone.Principal{contractone.Group("法務")},
			PDF:         contractonetest.Upload("contract.pdf", contractonetest.PDF(file, 600)),
		})
		if errors.Is(err, contractone.ErrQuota) {
			fmt.Println("the contracted count is used up")
			break
		}
		if err != nil {
			panic(err)
		}
		fmt.Println(receipt.Key, "created:", receipt.Created)
	}
	usage, err := ledger.Usage(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println("used:", usage.Used)
	// Output:
	// cloudsign:doc:a created: true
	// cloudsign:doc:a created: false
	// the contracted count is used up
	// used: 1
}
