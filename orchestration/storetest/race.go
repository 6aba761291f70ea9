package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/orchestration"
)

// testLostWakeUps has producers insert events while handlers drain them. An
// event that comes in while the drain of its lane takes its last look must be
// seen by another drain, and no lane has two drains at a time.
func testLostWakeUps(t *testing.T, r *rig) {
	const lanes, producers = 50, 8
	events := r.events
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var drained atomic.Int64
	var at [lanes]atomic.Int32
	all := make(chan struct{})
	r.Handle(table, func(ctx context.Context, group string) error {
		var lane int
		if _, err := fmt.Sscan(group, &lane); err != nil {
			return err
		}
		if at[lane].Add(1) != 1 {
			t.Errorf("two handlers work on lane %s", group)
		}
		defer at[lane].Add(-1)
		n, err := drain(ctx, r, group)
		if drained.Add(int64(n)) == int64(events) {
			close(all)
		}
		return err
	})
	stopped := make(chan error, 1)
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() { stopped <- r.Run(running) }()
	produce(ctx, t, r, events, lanes, producers)
	select {
	case <-all:
	case <-ctx.Done():
		t.Fatalf("%d of %d events were drained", drained.Load(), events)
	}
	stop()
	ok(t, <-stopped)
	equal(t, int64(events), r.states(t)["done"])
}

// drain is the naive loop: read what is due, mark it done, until nothing is due.
func drain(ctx context.Context, r *rig, group string) (n int, err error) {
	for {
		found := 0
		err := r.Tx(ctx, func(tx orchestration.Tx) error {
			recs, err := tx.List(ctx, orchestration.Query{Table: table, Group: group, DueBy: r.clock.Now(), Limit: 20})
			found = len(recs)
			for _, rec := range recs {
				rec.State, rec.Due = "done", time.Time{}
				if err := tx.Update(ctx, rec); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil || found == 0 {
			return n, err
		}
		n += found
	}
}

func produce(ctx context.Context, t *testing.T, r *rig, events, lanes, producers int) {
	t.Helper()
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := p; i < events; i += producers {
				err := r.Tx(ctx, func(tx orchestration.Tx) error {
					_, err := tx.Insert(ctx, rec(fmt.Sprint(i), func(rec *orchestration.Record) {
						rec.Group, rec.Due = fmt.Sprint(i%lanes), r.clock.Now()
					}))
					return err
				})
				if err != nil {
					t.Errorf("insert event %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
