package riverengine_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRaceWithKills has worker processes killed and started again while they drain
// events. It takes minutes, since that is how long a killed process holds lanes.
func TestRaceWithKills(t *testing.T) {
	t.Parallel()
	if os.Getenv("COUNTERSIGN_PROOF") != "full" {
		t.Skip("a killed process holds its lanes for up to two minutes: COUNTERSIGN_PROOF=full")
	}
	const lanes, producers, events, kills = 50, 8, 5000, 50
	dsn := newSchema(t)
	store := openAt(t, dsn)
	_, err := store.DB().ExecContext(t.Context(), probe)
	require.NoError(t, err)
	workers := make([]*process, 4)
	for i := range workers {
		workers[i] = startWorker(t, dsn, workerSweeps+"=1")
	}
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		produce(t, store, producers, events, lanes)
	}()
	for i := range kills {
		pauseFor(t.Context(), t, 300*time.Millisecond)
		w := &workers[i%len(workers)]
		require.NoError(t, (*w).cmd.Process.Kill())
		_ = (*w).cmd.Wait() // its error is the kill
		*w = startWorker(t, dsn, workerSweeps+"=1")
	}
	<-produced
	began := time.Now()
	until(t.Context(), t, store.DB(), "SELECT NOT EXISTS (SELECT 1 FROM countersign_record WHERE state = 'pending')")
	rest := time.Since(began)
	for _, w := range workers {
		w.stop(t)
	}
	var done, twice int
	row := store.DB().QueryRowContext(t.Context(), "SELECT count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE attempt > 1) FROM countersign_record")
	require.NoError(t, row.Scan(&done, &twice))
	t.Logf("proof: engine kills=%d events=%d lost=%d twice=%d seconds from the last kill to the last event=%.0f", kills, events, events-done, twice, rest.Seconds())
	require.Zero(t, events-done+twice)
	require.Less(t, rest, 2*time.Minute)
}
