package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// A handler that is told to stop returns without having moved anything, and no
// record counts that as a failure.
func testTurnOver(t *testing.T, r *rig) {
	r.insert(t, 1, "g")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.Handle(table, func(ctx context.Context, _ string) error {
		if orchestration.TurnOver(ctx) {
			t.Error("the turn is over before it began")
		}
		cancel()
		if !orchestration.TurnOver(ctx) {
			t.Error("the engine stops, and the turn goes on")
		}
		return ctx.Err()
	})
	wantErr(t, r.RunUntilIdle(ctx), context.Canceled)
	equal(t, 0, get(t, r.Store, "g0").Attempt)
	equal(t, "", get(t, r.Store, "g0").LastError)
}

// A schedule that could not finish in its turn goes on at once in the next one, and
// is done only then. One that says so although its turn goes on has failed.
func testScheduleTurnOver(t *testing.T, r *rig) {
	var calls int
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.Every("hourly", orchestration.Interval(time.Hour), func(context.Context) error {
		calls++
		switch calls {
		case 1:
			cancel()
			return fmt.Errorf("half done: %w", orchestration.ErrTurnOver)
		case 2:
			return orchestration.ErrTurnOver
		}
		return nil
	})
	r.idle(t)
	r.clock.Move(time.Hour)
	wantErr(t, r.RunUntilIdle(ctx), context.Canceled)
	equal(t, 1, calls)
	schedule := func() (rec orchestration.Record) {
		inTx(t, r.Store, func(tx orchestration.Tx) (err error) {
			rec, err = tx.Get(t.Context(), orchestration.ScheduleTable, "hourly")
			return err
		})
		return rec
	}
	equal(t, 0, schedule().Attempt)
	r.idle(t)
	equal(t, 2, calls)
	equal(t, 1, schedule().Attempt)
	r.clock.Move(time.Minute) // the backoff
	r.idle(t)
	r.idle(t)
	equal(t, 3, calls)
	equal(t, 0, schedule().Attempt)
}
