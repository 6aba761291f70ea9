package proof

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/countersign/countersign/orchestration/riverengine"
	"github.com/countersign/countersign/orchestration/sqlite"
)

// The work that the engines are compared with: events of several lanes, one a
// transaction, written by several producers.
const (
	speedTable     = "speed.event"
	speedLanes     = 50
	speedProducers = 8
)

// BenchmarkEngine measures the engine for several processes beside the local one:
// how many events a second are written and handled, and how long a webhook waits
// until it is stored and answered. Beside it the same rows are inserted without
// any engine or store. SQLite and PostgreSQL both wait for the disk at each commit.
func BenchmarkEngine(b *testing.B) {
	c := newCluster(b)
	events, each := size(100, 500, 5_000), size(20, 100, 1_000)
	for b.Loop() {
		benchmarkEvents(b, c, events)
		for _, r := range []acceptRun{{clients: 1, messages: each}, {clients: 16, messages: 4 * each}, {clients: 64, messages: 4 * each}} {
			benchmarkAccept(b, c, r)
		}
	}
}

// speeds are measured by what they belong to: sqlite, postgres, river.
type speeds map[string]float64

func (s speeds) report(b *testing.B, what string) (text string) {
	b.Helper()
	for _, name := range []string{"sqlite", "postgres", "river"} {
		if perSecond, ok := s[name]; ok {
			b.ReportMetric(perSecond, name+"-"+what+"/s")
			text += fmt.Sprintf(" %s_per_s=%.0f", name, perSecond)
		}
	}
	return text
}

// benchmarkEvents writes and then handles events with each engine.
func benchmarkEvents(b *testing.B, c *cluster, events int) {
	b.Helper()
	inserted, enqueued, handled := speeds{}, speeds{}, speeds{}
	for name, insert := range map[string]func(context.Context, int) error{"sqlite": rawSQLite(b), "postgres": rawPostgres(b, c)} {
		inserted[name] = perSecond(events, timeProducers(b, events, insert))
	}
	for name, engine := range engines(b, c) {
		enqueued[name] = perSecond(events, timeProducers(b, events, engine.insert))
		began := time.Now()
		require.NoError(b, engine.RunUntilIdle(b.Context()), name)
		handled[name] = perSecond(events, time.Since(began))
		require.EqualValues(b, events, engine.handled.Load(), name)
		require.NoError(b, engine.store.Close())
	}
	of := fmt.Sprintf("events=%d lanes=%d", events, speedLanes)
	b.Logf("proof: engine insert (neither store nor engine) %s producers=%d%s", of, speedProducers, inserted.report(b, "insert"))
	b.Logf("proof: engine enqueue %s producers=%d%s", of, speedProducers, enqueued.report(b, "enqueue"))
	b.Logf("proof: engine handle %s workers=%d%s", of, workers, handled.report(b, "handle"))
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

// timeProducers times how long producers take to insert n events.
func timeProducers(b *testing.B, n int, insert func(ctx context.Context, i int) error) time.Duration {
	b.Helper()
	errs := make([]error, speedProducers)
	var producers sync.WaitGroup
	began := time.Now()
	for p := range speedProducers {
		producers.Go(func() {
			for i := p; i < n && errs[p] == nil; i += speedProducers {
				errs[p] = insert(b.Context(), i)
			}
		})
	}
	producers.Wait()
	took := time.Since(began)
	for _, err := range errs {
		require.NoError(b, err)
	}
	return took
}

// speedEngine is an engine whose handler marks events as done, one a transaction.
type speedEngine struct {
	orchestration.Engine
	store   orchestration.Store
	handled atomic.Int64
}

// engines are the engines that are compared, each on a database of its own.
func engines(b *testing.B, c *cluster) map[string]*speedEngine {
	b.Helper()
	file, err := sqlite.Open(filepath.Join(b.TempDir(), "speed.db"))
	require.NoError(b, err)
	server, err := postgres.Open(b.Context(), newSchemaOn(b, c.dsn))
	require.NoError(b, err)
	shared, err := riverengine.Open(b.Context(), newSchemaOn(b, c.dsn))
	require.NoError(b, err)
	out := map[string]*speedEngine{
		"sqlite":   {Engine: orchestration.NewLocal(file, orchestration.WithWorkers(workers)), store: file},
		"postgres": {Engine: orchestration.NewLocal(server, orchestration.WithWorkers(workers)), store: server},
		"river":    {Engine: riverengine.New(shared, riverengine.WithWorkers(workers)), store: shared},
	}
	for _, e := range out {
		e.Handle(speedTable, e.drain)
	}
	return out
}

// insert writes one event.
func (e *speedEngine) insert(ctx context.Context, i int) error {
	return e.store.Tx(ctx, func(tx orchestration.Tx) error {
		_, err := tx.Insert(ctx, orchestration.Record{
			Table: speedTable, Key: fmt.Sprint(i), Group: fmt.Sprint(i % speedLanes), State: orchestration.StatePending, Due: time.Now(),
		})
		return err
	})
}

// drain marks the lane's events as done until none is left or the turn is over.
func (e *speedEngine) drain(ctx context.Context, group string) error {
	for !orchestration.TurnOver(ctx) {
		found := 0
		err := e.store.Tx(ctx, func(tx orchestration.Tx) error {
			recs, err := tx.List(ctx, orchestration.Query{Table: speedTable, Group: group, DueBy: time.Now(), Limit: 1})
			found = len(recs)
			for _, rec := range recs {
				rec.State, rec.Due = "done", time.Time{}
				err = tx.Update(ctx, rec)
			}
			return err
		})
		if err != nil || found == 0 {
			return err
		}
		e.handled.Add(1)
	}
	return nil
}

// rawInsert is what writing an event costs without store and engine.
const (
	rawTable  = "CREATE TABLE raw_event (key TEXT PRIMARY KEY, lane TEXT NOT NULL, state TEXT NOT NULL, due BIGINT NOT NULL)"
	rawInsert = "INSERT INTO raw_event VALUES ($1, $2, $3, $4)"
)

func rawEvent(i int) []any {
	return []any{fmt.Sprint(i), fmt.Sprint(i % speedLanes), orchestration.StatePending, time.Now().UnixMicro()}
}

func rawSQLite(b *testing.B) func(context.Context, int) error {
	b.Helper()
	db, err := sqlite.OpenDB(filepath.Join(b.TempDir(), "raw.db"))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	db.SetMaxOpenConns(1) // one writer, or they wait for each other's locks
	_, err = db.ExecContext(b.Context(), rawTable)
	require.NoError(b, err)
	return func(ctx context.Context, i int) error {
		_, err := db.ExecContext(ctx, rawInsert, rawEvent(i)...)
		return err
	}
}

func rawPostgres(b *testing.B, c *cluster) func(context.Context, int) error {
	b.Helper()
	pool, err := pgxpool.New(b.Context(), newSchemaOn(b, c.dsn)+"&pool_max_conns=16")
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	_, err = pool.Exec(b.Context(), rawTable)
	require.NoError(b, err)
	return func(ctx context.Context, i int) error {
		_, err := pool.Exec(ctx, rawInsert, rawEvent(i)...)
		return err
	}
}

// benchmarkAccept has several clients send webhooks to the receiver of the envelope
// sync, on both stores in turn.
func benchmarkAccept(b *testing.B, c *cluster, r acceptRun) {
	b.Helper()
	text := ""
	for _, s := range []struct{ name, database string }{{"sqlite", ""}, {"river", newSchemaOn(b, c.dsn)}} {
		took, each := timeEachAccept(b, flowServerOn(b, s.database), connectMessages(b, r.messages), r.clients)
		slices.Sort(each)
		p50, p99 := milliseconds(each[len(each)/2]), milliseconds(each[len(each)*99/100])
		of := fmt.Sprintf("%s-accept-%d-", s.name, r.clients)
		b.ReportMetric(perSecond(r.messages, took), of+"clients/s")
		b.ReportMetric(p50, of+"p50-ms")
		b.ReportMetric(p99, of+"p99-ms")
		text += fmt.Sprintf(" %s_per_s=%.0f %s_p50_ms=%.1f %s_p99_ms=%.1f", s.name, perSecond(r.messages, took), s.name, p50, s.name, p99)
	}
	b.Logf("proof: engine accept clients=%d messages=%d%s", r.clients, r.messages, text)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
