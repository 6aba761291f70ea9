package proof

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// growth is by how much more memory a hundred times as many files may take.
const growth = 1.3

// memory is what a child tells of a whole first load.
type memory struct {
	PeakLive uint64  // bytes that the collector found in use at most
	PeakHeap uint64  // bytes in heap objects at most, those that wait for collection among them
	PeakRSS  uint64  // bytes that the process held at most, SQLite's among them; 0: unknown
	Linked   int64   // files in the ledger
	Seconds  float64 // of the registrations
}

// TestMemoryLedgerSync shows that a large account needs no more memory than a small
// one. The program runs alone in a child process, preview included; the service
// and its account stay here.
//
// The figure is the largest amount of memory in heap objects that was seen in
// samples every two milliseconds. The child's collector runs whenever the heap has
// grown by a fifth, so that the figure is what the program holds on to plus a
// fifth, and not what happened to wait for collection. SQLite's own memory lies
// outside of Go's heap; the process's peak shows it.
//
// A collector that gets no processor for a moment, since other programs have them,
// lets the heap grow past that fifth. What the program holds on to is there in every
// run, so an excess counts when it shows three times.
func TestMemoryLedgerSync(t *testing.T) {
	t.Parallel()
	if slow {
		t.Skip("the race detector's own memory would be measured")
	}
	small, large := measureChild(t, size(100, 500, 1000)), measureChild(t, size(400, 5000, 100_000))
	ratio := float64(large.PeakHeap) / float64(small.PeakHeap)
	for again := 0; ratio > growth && again < 2; again++ {
		t.Logf("peak_heap=%s against %s: measured again", mebibytes(large.PeakHeap), mebibytes(small.PeakHeap))
		large = measureChild(t, size(400, 5000, 100_000))
		ratio = float64(large.PeakHeap) / float64(small.PeakHeap)
	}
	t.Logf("proof: ledgersync memory files=%d peak_heap=%s files=%d peak_heap=%s ratio=%.2f peak_live=%s,%s peak_rss=%s,%s files_per_s=%.0f,%.0f",
		small.Linked, mebibytes(small.PeakHeap), large.Linked, mebibytes(large.PeakHeap), ratio,
		mebibytes(small.PeakLive), mebibytes(large.PeakLive), mebibytes(small.PeakRSS), mebibytes(large.PeakRSS),
		float64(small.Linked)/small.Seconds, float64(large.Linked)/large.Seconds)
	require.LessOrEqual(t, ratio, growth)
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1fMiB", float64(n)/(1<<20)) }

// measureChild runs a first load of that many files in a child.
func measureChild(t *testing.T, files int) (m memory) {
	t.Helper()
	a := newAccount(t, 1)
	load{documents: files * 3 / 5, files: files}.fill(a)
	out := startChild(t, a.job(dataDir(t)), modeMeasure, "GOGC=20").done(t)
	a.srv.Close()
	require.NoError(t, json.Unmarshal([]byte(out), &m))
	require.EqualValues(t, files, m.Linked)
	return m
}

// dataDir gives the folder of a measured child. What it measures does not depend
// on the disk.
var dataDir = func(t *testing.T) string {
	t.Helper()
	return t.TempDir()
}

// measure is the child's part: it prints a memory.
func measure(ctx context.Context, j job) error {
	var m memory
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		m.PeakLive, m.PeakHeap = peaks(stop)
	}()
	err := wholeJob(ctx, j, &m)
	close(stop)
	<-stopped
	m.PeakRSS = peakRSS()
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(m))
}

func wholeJob(ctx context.Context, j job, m *memory) error {
	p, err := open(ctx, j)
	if err != nil {
		return err
	}
	if err := errors.Join(p.add(ctx), p.start(ctx)); err != nil {
		return err
	}
	began := time.Now()
	if err := p.engine.RunUntilIdle(ctx); err != nil {
		return err
	}
	m.Seconds = time.Since(began).Seconds()
	s, err := p.flow.Summary(ctx, p.link)
	m.Linked = s.Linked
	return errors.Join(err, p.Close())
}

// peaks samples the heap until stop.
func peaks(stop <-chan struct{}) (live, heap uint64) {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	for {
		metrics.Read(samples)
		live, heap = max(live, samples[0].Value.Uint64()), max(heap, samples[1].Value.Uint64())
		select {
		case <-stop:
			return live, heap
		case <-ticker.C:
		}
	}
}

// peakRSS is what Linux says of the process.
func peakRSS() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kibibytes, _ := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "kB")), 10, 64)
			return kibibytes << 10
		}
	}
	return 0
}
