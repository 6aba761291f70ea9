// Package orchestration is what every flow stands on: the Store, which is the
// durable record of everything a flow knows, and the Engine, which only runs
// and schedules. Because all state lies in the Store, every engine gives the
// same answers, and a program changes its engine without losing anything.
//
// A Record whose Due has come is the wake-up of its lane (its table and
// group); there is no other, so none can be forgotten. The engine calls the
// table's Handler for the lane, one at a time, and calls it again as long as
// the lane has due records. The handler works through them in Seq order and
// moves or clears the Due of each that it takes:
//
//	engine := orchestration.NewLocal(store)
//	engine.Handle("greeter.visit", func(ctx context.Context, group string) error {
//		return store.Tx(ctx, func(tx orchestration.Tx) error {
//			due, err := tx.List(ctx, orchestration.Query{
//				Table: "greeter.visit", Group: group, DueBy: time.Now(), Limit: 100,
//			})
//			for _, rec := range due {
//				rec.State, rec.Due = "greeted", time.Time{}
//				err = errors.Join(err, tx.Update(ctx, rec))
//			}
//			return err
//		})
//	})
//	err := engine.Run(ctx)
//
// NewMemory is a Store for tests and demonstrations; the packages
// orchestration/sqlite and orchestration/postgres keep records for good. What
// flows share is written once, on the port: typed tables (Table), writes that
// must not happen twice (Outcome), the Journal, dead letters, counts, purging
// and copying.
package orchestration
