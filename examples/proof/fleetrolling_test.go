package proof

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEngineRolling replaces four processes one after the other, in good order,
// while they carry files and envelopes over and take messages: as an update does.
func TestEngineRolling(t *testing.T) {
	t.Parallel()
	rounds, files := size(1, 2, 6), size(40, 150, 2_000)
	f := newFleet(t, newSchema(t), fleetSize{
		links: 2, files: files, envelopes: size(2, 4, 60), recipients: 4, perSecond: 1_000, portions: rounds * processes,
	})
	restarts := 0
	for range rounds {
		for number := range processes {
			f.arrive(files / (rounds*processes + 1))
			f.deliver()
			f.advance(1+f.random.Int64N(30), time.Second)
			f.end(f.members[number])
			f.members[number] = f.start(number)
			restarts++
		}
	}
	f.settle()
	v, differences := f.judge()
	t.Logf("proof: engine rolling processes=%d restarts=%d files=%d envelopes=%d lost=%d duplicates=%d differences=%d",
		processes, restarts, v.Files, f.storm.envelopes, v.Lost, v.Duplicates, differences)
	require.Zero(t, v.Lost+v.Duplicates+v.Strays+v.Torn+v.Orphans, "%s", v)
	require.Zero(t, differences)
}
