package proof

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEngineChaos has four processes carry files and envelopes over, kills and
// restarts them at random, and restarts their database, which is a crash of it the
// last time. A message counts as delivered when a process has accepted it, which
// may be its last act.
func TestEngineChaos(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a database server of its own")
	}
	began := time.Now()
	// In the full size the lanes of a killed process rest until River counts it as
	// dead, and the kills are as far apart as in ten minutes of work; in the small one
	// the test frees them.
	full := os.Getenv(sizeVariable) == "full"
	kills := size(0, 5, 50)
	c := newCluster(t)
	f := newFleet(t, c.dsn, size(fleetSize{}, fleetSize{
		links: 2, files: 150, envelopes: 4, recipients: 4, perSecond: 1_000, portions: kills,
	}, fleetSize{
		links: 12, files: 5_000, envelopes: 300, recipients: 5, perSecond: 60, portions: kills,
	}))
	restarts := map[int]string{kills / 3: "immediate"}
	if full {
		restarts = map[int]string{kills / 3: "fast", kills * 2 / 3: "immediate"}
	}
	for i := range kills {
		f.arrive(size(0, 150, 5_000) / (kills + 1))
		f.deliver()
		if full {
			<-time.After(4*time.Second + time.Duration(f.random.Int64N(int64(12*time.Second))))
		} else {
			f.advance(1+f.random.Int64N(30), time.Second)
		}
		if mode := restarts[i]; mode != "" {
			c.restart(mode)
		}
		// A commit whose answer the restart swallowed may have given a process a job
		// that it does not know of. So each process is killed after it.
		number := i % processes
		if full {
			number = f.random.IntN(processes)
		}
		f.replace(number, !full)
	}
	f.settle()
	v, differences := f.judge()
	t.Logf("proof: engine chaos processes=%d files=%d envelopes=%d kills=%d restarts=%d lost=%d duplicates=%d differences=%d seconds=%.0f",
		processes, v.Files, f.storm.envelopes, f.kills, len(restarts), v.Lost, v.Duplicates, differences, time.Since(began).Seconds())
	require.Zero(t, v.Lost+v.Duplicates+v.Strays+v.Torn+v.Orphans, "%s", v)
	require.Zero(t, differences)
}
