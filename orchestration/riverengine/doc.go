// Package riverengine runs the flows of orchestration in several processes, on
// several machines, on one PostgreSQL database. The queue is River's:
//
//	store, err := riverengine.Open(ctx, os.Getenv("DATABASE_URL"))
//	engine := riverengine.New(store)
//	flow.Register(engine)
//	err = engine.Run(ctx)
//
// Flows, handlers and tables are those of the local engine. What wakes a lane is
// a job of River, one for each lane at a time, which the transaction inserts that
// leaves the lane due: so no lane is woken without its records, and no record
// stays behind without a wake. A worker locks the job, looks once more whether the lane is due
// and completes the job in the same transaction, so that a record which is
// written meanwhile is either seen or finds no job and inserts its own.
//
// Retries, schedules and failures lie in the records, as with every engine. No
// job has a time to wait for, and River's retries are not used: a job whose
// process died is discarded, after 75 to 105 seconds, and the lane's records are
// found by the sweep. Other lanes go on meanwhile.
//
// The database's schema (the first of the search path) should be this program's
// alone: River has one leader a schema, and it discards what it does not know.
package riverengine
