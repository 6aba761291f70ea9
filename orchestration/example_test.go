package orchestration_test

import (
	"context"
	"fmt"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// A record that is due wakes the handler of its lane. RunUntilIdle works until
// nothing is due; a program that serves calls Run.
func ExampleNewLocal() {
	ctx := context.Background()
	store := orchestration.NewMemory()
	engine := orchestration.NewLocal(store)

	engine.Handle("greeter.visit", func(ctx context.Context, group string) error {
		return store.Tx(ctx, func(tx orchestration.Tx) error {
			due, err := tx.List(ctx, orchestration.Query{Table: "greeter.visit", Group: group, DueBy: time.Now(), Limit: 100})
			for _, rec := range due {
				rec.State, rec.Due = "greeted", time.Time{}
				if err := tx.Update(ctx, rec); err != nil {
					return err
				}
			}
			return err
		})
	})

	err := store.Tx(ctx, func(tx orchestration.Tx) error {
		_, err := tx.Insert(ctx,
			orchestration.Record{Table: "greeter.visit", Key: "ada", Group: "front door", State: orchestration.StatePending, Due: time.Now()},
			orchestration.Record{Table: "greeter.visit", Key: "bob", Group: "back door", State: orchestration.StatePending, Due: time.Now()},
		)
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := engine.RunUntilIdle(ctx); err != nil {
		fmt.Println(err)
		return
	}
	stats, err := orchestration.StatsOf(ctx, store, "greeter.visit", time.Now())
	fmt.Println(stats.States, err)
	// Output: map[greeted:2] <nil>
}

// Rows of a table carry a type of one's own.
func ExampleTable() {
	type visit struct {
		Door string `json:"door"`
	}
	ctx := context.Background()
	store := orchestration.NewMemory()
	visits := orchestration.Table[visit]("greeter.visit")

	err := store.Tx(ctx, func(tx orchestration.Tx) error {
		row := orchestration.Row[visit]{Record: orchestration.Record{Key: "ada", State: "greeted"}, Value: visit{Door: "front"}}
		fresh, err := visits.Insert(ctx, tx, row, row)
		fmt.Println("fresh:", fresh)
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for row, err := range visits.All(ctx, store, orchestration.Query{States: []string{"greeted"}}) {
		fmt.Println(row.Key, row.Value.Door, err)
	}
	// Output:
	// fresh: 1
	// ada front <nil>
}

// A daily run at nine keeps the clock on the wall when summer time begins.
func ExampleDaily() {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		fmt.Println(err)
		return
	}
	next := orchestration.Daily(9, 0, berlin)
	at := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin)
	for range 2 {
		at = next(at)
		fmt.Println(at)
	}
	// Output:
	// 2026-03-29 09:00:00 +0200 CEST
	// 2026-03-30 09:00:00 +0200 CEST
}
