package riverengine_test

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
)

// Each process runs this program. One of them works on a lane at a time, whichever
// has a worker free, and all of them together keep to the rate of an account.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	store, err := riverengine.Open(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // the program ends
	engine := riverengine.New(store)
	limit := engine.Limiter("greeter", 5, time.Second)
	engine.Handle("greeter.visit", func(ctx context.Context, group string) error {
		if err := limit.Wait(ctx); err != nil {
			return err
		}
		return store.Tx(ctx, func(tx orchestration.Tx) error {
			due, err := tx.List(ctx, orchestration.Query{Table: "greeter.visit", Group: group, DueBy: time.Now(), Limit: 100})
			for _, rec := range due {
				rec.State, rec.Due = "greeted", time.Time{}
				if err = tx.Update(ctx, rec); err != nil {
					return err
				}
			}
			return err
		})
	})
	if err := engine.Run(ctx); err != nil { // until SIGTERM
		log.Fatal(err)
	}
}
