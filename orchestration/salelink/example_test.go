package salelink_test

import (
	"fmt"
	"time"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration/salelink"
	"github.com/countersign/countersign/salesdock"
)

// A plan is pure: what it looks at goes in as values.
func ExampleMakePlan() {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	a := salelink.SnapshotA{
		Domain: "zonnig", Taken: noon, Mode: salesdock.SDKLink, Live: true,
		Imported: []salelink.Imported{
			{B: "10", A: "501", Name: "Stroom", Mark: "m1", Hash: "h1", FullAt: noon},
			{B: "11", A: "502", Name: "Gas", Mark: "m1", Hash: "h1", FullAt: noon, Absences: 2},
		},
	}
	b := salelink.SnapshotB{
		Domain: "kracht", Complete: true,
		Offered: []salelink.Offered{{ID: "10", Name: "Stroom", Mark: "m2"}, {ID: "12", Name: "Warmte", Mark: "m1"}},
		News:    []salelink.StatusNews{{SaleA: "9001", SaleB: "77", Status: "verwerkt", At: noon}, {SaleA: "9002", SaleB: "78", Status: "wacht", At: noon}},
	}
	m := salemap.Mapping{Statuses: []salemap.StatusPair{{B: "verwerkt", A: "klaar"}}}
	p := salelink.Policy{Import: []salesdock.ProductID{"12"}, Vanished: salelink.VanishedDeactivate, Breaker: 60, PullStatuses: true}
	plan, err := salelink.MakePlan(a, b, m, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan.Findings = nil // the snapshots hold no catalogues here
	fmt.Print(plan)

	p.Vanished = salelink.VanishedKeep
	kept, err := salelink.MakePlan(a, b, m, p)
	kept.Findings = nil
	for _, line := range plan.Diff(kept) {
		fmt.Println(line)
	}
	fmt.Println(err)
	// Output:
	// link zonnig → kracht
	//   ? read product A:501 B:10 "Stroom" (its row in the list changed)
	//   - deactivate product A:502 B:11 "Gas" (B no longer offers it)
	//   + create product B:12 "Warmte" (it is chosen and not at A)
	//   ~ set status A:9001 B:77 "verwerkt" to klaar
	//   x report status A:9002 B:78 "wacht" (a custom status of B that is not mapped is not synced)
	//   product create 1, product deactivate 1, product read 1, status report 1, status set 1
	// - deactivate product A:502 B:11 "Gas" (B no longer offers it)
	// + keep product A:502 B:11 "Gas" (vanished products are kept)
	// <nil>
}
