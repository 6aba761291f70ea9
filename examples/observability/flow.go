package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
)

// letters is the table of the flow, with a lane for each customer.
const letters = "demo.letter"

// flow delivers the letters of three customers. The post office that it pretends to
// call takes twenty letters a second, is out of order now and then, and refuses some
// letters for good.
type flow struct {
	store orchestration.Store
	limit countersign.Limiter
}

func register(store orchestration.Store, engine orchestration.Engine) *flow {
	f := &flow{store: store, limit: engine.Limiter("post office", 20, time.Second)}
	engine.Handle(letters, f.deliver)
	engine.Every("collect", orchestration.Interval(2*time.Second), func(ctx context.Context) error { return f.collect(ctx, 30) })
	return f
}

// collect brings n new letters.
func (f *flow) collect(ctx context.Context, n int) error {
	recs := make([]orchestration.Record, n)
	for i := range recs {
		customer := fmt.Sprintf("customer %d", i%3)
		recs[i] = orchestration.Record{Table: letters, Group: customer, State: orchestration.StatePending, Due: time.Now(), Updated: time.Now()}
	}
	return f.store.Tx(ctx, func(tx orchestration.Tx) error {
		_, err := tx.Insert(ctx, recs...)
		return err
	})
}

// deliver is the handler: a few letters of a customer, then others have a turn.
func (f *flow) deliver(ctx context.Context, customer string) error {
	var due []orchestration.Record
	err := f.store.Tx(ctx, func(tx orchestration.Tx) (err error) {
		due, err = tx.List(ctx, orchestration.Query{Table: letters, Group: customer, DueBy: time.Now(), Limit: 5})
		return err
	})
	if err != nil {
		return err
	}
	for _, rec := range due {
		if orchestration.TurnOver(ctx) {
			return nil
		}
		if err := f.limit.Wait(ctx); err != nil {
			return err
		}
		err := post(rec)
		if err != nil && !errors.Is(err, countersign.ErrInvalid) {
			return err // the engine puts the customer's letters off
		}
		rec.State = "delivered"
		if err != nil {
			rec.State = orchestration.StateDead
		}
		rec.LastError, rec.Due, rec.Updated = orchestration.ErrorText(err), time.Time{}, time.Now()
		if err := f.store.Tx(ctx, func(tx orchestration.Tx) error { return tx.Update(ctx, rec) }); err != nil {
			return err
		}
	}
	return nil
}

// post is the post office.
func post(letter orchestration.Record) error {
	switch {
	case letter.Seq%20 == 3:
		return fmt.Errorf("no such address: %w", countersign.ErrInvalid)
	case letter.Seq%20 == 7 && letter.Attempt == 0:
		return fmt.Errorf("post office: %w", countersign.ErrUnavailable)
	default:
		return nil
	}
}
