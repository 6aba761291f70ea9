package reviewpage_test

import (
	"fmt"
	"net/http"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/countersign/countersign/orchestration/ledgersync/reviewpage"
)

// The program signs people in; the page asks it who makes a request.
func Example() {
	account, err := ledgersync.NewAccount("legal team", cloudsign.Config{Environment: cloudsign.Sandbox, ClientID: countersign.NewSecret("client-id")})
	if err != nil {
		fmt.Println(err)
		return
	}
	flow, err := ledgersync.New(ledgersync.Config{}, ledgersync.Deps{
		Store: orchestration.NewMemory(), Ledger: contractonetest.NewLedger(), Accounts: []ledgersync.Account{account},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	review, err := reviewpage.New(reviewpage.Config{
		Flow: flow,
		Actor: func(r *http.Request) (ledgersync.Actor, error) {
			// From a proxy that signs people in and lets nobody else set the header.
			return ledgersync.Actor{ID: r.Header.Get("X-Forwarded-Email"), Groups: r.Header.Values("X-Forwarded-Groups")}, nil
		},
		Shares: []contractone.Share{contractone.CompanyWide(), contractone.Groups("Legal")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/review/", http.StripPrefix("/review", review))
	fmt.Println("mounted")
	// Output: mounted
}
