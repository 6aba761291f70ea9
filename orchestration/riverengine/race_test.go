package riverengine_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
)

// workerDSN makes the test program a worker on that database.
const workerDSN = "COUNTERSIGN_RIVERENGINE_WORKER"

// workerSweeps makes the worker sweep as by default.
const workerSweeps = "COUNTERSIGN_RIVERENGINE_SWEEPS"

const eventTable = "race.event"

// probe counts for each lane how many handlers are at work on it, and have been at
// most.
const probe = `CREATE TABLE probe (lane TEXT PRIMARY KEY, at_work INTEGER NOT NULL, most INTEGER NOT NULL)`

// workerProcess drains events until its standard input ends.
func workerProcess(dsn string) int {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	store, err := riverengine.Open(ctx, dsn)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer store.Close() //nolint:errcheck // the process ends
	var opts []riverengine.Option
	if os.Getenv(workerSweeps) == "" {
		// No sweep may find what a lost wake-up left behind.
		opts = append(opts, riverengine.WithSweep(time.Hour))
	}
	engine := riverengine.New(store, opts...)
	engine.Handle(eventTable, func(ctx context.Context, group string) error { return drainProbed(ctx, store, group) })
	if err := engine.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func drainProbed(ctx context.Context, store *riverengine.Store, group string) error {
	_, err := store.DB().ExecContext(ctx, `INSERT INTO probe AS p VALUES ($1, 1, 1) ON CONFLICT (lane)
		DO UPDATE SET at_work = p.at_work + 1, most = greatest(p.most, p.at_work + 1)`, group)
	if err != nil {
		return err
	}
	defer store.DB().ExecContext(context.WithoutCancel(ctx), "UPDATE probe SET at_work = at_work - 1 WHERE lane = $1", group) //nolint:errcheck // a test counts
	return drain(ctx, store, group)
}

// drain is the naive loop: it marks what is due as done until it finds nothing.
func drain(ctx context.Context, store orchestration.Store, group string) error {
	for {
		found := 0
		err := store.Tx(ctx, func(tx orchestration.Tx) error {
			recs, err := tx.List(ctx, orchestration.Query{Table: eventTable, Group: group, DueBy: time.Now(), Limit: 20})
			found = len(recs)
			for _, rec := range recs {
				rec.State, rec.Due = "done", time.Time{}
				rec.Attempt++
				if err := tx.Update(ctx, rec); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil || found == 0 || orchestration.TurnOver(ctx) {
			return err
		}
	}
}

// TestRaceOfProcesses has producers insert events, one a transaction, while worker
// processes drain their lanes. An event that comes in while the drain of its lane
// takes its last look must find a wake all the same, and no lane has two drains.
func TestRaceOfProcesses(t *testing.T) {
	t.Parallel()
	const lanes, producers, processes = 50, 8, 3
	events := size(200, 1000, 20_000)
	dsn := newSchema(t)
	store := openAt(t, dsn)
	_, err := store.DB().ExecContext(t.Context(), probe)
	require.NoError(t, err)
	workers := make([]*process, processes)
	for i := range workers {
		workers[i] = startWorker(t, dsn)
	}
	began := time.Now()
	produce(t, store, producers, events, lanes)
	stranded := waitUntilQuiet(t, store)
	elapsed := time.Since(began)
	for _, w := range workers {
		w.stop(t)
	}
	var overlapping, twice int
	require.NoError(t, store.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM probe WHERE most > 1").Scan(&overlapping))
	require.NoError(t, store.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM countersign_record WHERE attempt > 1").Scan(&twice))
	t.Logf("proof: engine events=%d lanes=%d producers=%d processes=%d events/s=%.0f stranded=%d overlapping=%d twice=%d",
		events, lanes, producers, processes, float64(events)/elapsed.Seconds(), stranded, overlapping, twice)
	require.Zero(t, stranded+overlapping+twice)
}

func produce(t *testing.T, store orchestration.Store, producers, events, lanes int) {
	t.Helper()
	errs := make([]error, producers)
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := p; i < events && errs[p] == nil; i += producers {
				errs[p] = insertEvent(t.Context(), store, fmt.Sprint(i), fmt.Sprint(i%lanes))
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

func insertEvent(ctx context.Context, store orchestration.Store, key, group string) error {
	return store.Tx(ctx, func(tx orchestration.Tx) error {
		_, err := tx.Insert(ctx, orchestration.Record{Table: eventTable, Key: key, Group: group, State: orchestration.StatePending, Due: time.Now()})
		return err
	})
}

// waitUntilQuiet waits until no event is pending, or until events are and nothing
// is left that would wake their lanes: these are stranded.
func waitUntilQuiet(t *testing.T, store *riverengine.Store) (stranded int) {
	t.Helper()
	for {
		var pending, jobs int
		row := store.DB().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM countersign_record WHERE state = 'pending'),
			(SELECT count(*) FROM river_job WHERE finalized_at IS NULL)`)
		require.NoError(t, row.Scan(&pending, &jobs))
		if pending == 0 || jobs == 0 {
			return pending
		}
		pauseFor(t.Context(), t, 20*time.Millisecond)
	}
}

// pauseFor waits between two looks at what another process does.
func pauseFor(ctx context.Context, t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	}
}

// process is this test program as a worker.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

func startWorker(t *testing.T, dsn string, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec,noctx // this program; it ends with its standard input
	cmd.Env = append(append(os.Environ(), workerDSN+"="+dsn), env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return &process{cmd, stdin}
}

// stop ends the worker in good order.
func (p *process) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.stdin.Close())
	require.NoError(t, p.cmd.Wait())
}

// size is the size of a test: small with -short, and as the documentation claims
// it with COUNTERSIGN_PROOF=full.
func size(short, normal, full int) int {
	switch {
	case os.Getenv("COUNTERSIGN_PROOF") == "full":
		return full
	case testing.Short():
		return short
	default:
		return normal
	}
}
