package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/countersign/countersign/orchestration"
)

// runFlow runs the flow for four seconds of a simulated time, and reads the figures
// while handlers run and at the end.
func runFlow(t *testing.T, observer orchestration.Observer, read func() figures) (during, after figures) {
	t.Helper()
	store := orchestration.NewMemory()
	engine := orchestration.NewLocal(store, orchestration.WithObserver(observer), orchestration.WithBacklogInterval(time.Second/2))
	require.NoError(t, register(store, engine).collect(t.Context(), 60))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	stopped := make(chan error)
	go func() { stopped <- engine.Run(ctx) }()
	time.Sleep(600 * time.Millisecond)
	during = read()
	require.NoError(t, <-stopped)
	return during, read()
}

// series are the names under which a figure is found.
type series struct {
	lag, running, succeeded, failed, dead, waits, waited string
	letter, schedule                                     string // the last success of the flow and of its schedule
}

// checkFigures looks at each figure by the name of its series.
func checkFigures(t *testing.T, during, after figures, start time.Time, name series) {
	t.Helper()
	require.Positive(t, during[name.running])
	require.Contains(t, after, name.running)
	require.Zero(t, after[name.running])
	require.Positive(t, after[name.lag])
	require.Less(t, after[name.lag], 4.0)
	require.Positive(t, after[name.succeeded])
	require.Positive(t, after[name.failed])
	require.Positive(t, after[name.dead])
	require.Positive(t, after[name.waits])
	require.GreaterOrEqual(t, after[name.waited], .01*after[name.waits], "shorter ones are not told")
	for _, last := range []string{name.letter, name.schedule} {
		require.Greater(t, after[last], float64(start.Unix()))
		require.LessOrEqual(t, after[last], float64(start.Unix()+5))
	}
}

func TestPrometheus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, registry := time.Now(), prometheus.NewRegistry()
		during, after := runFlow(t, NewPrometheus(registry), func() figures { return pageOf(t, registry) })
		checkFigures(t, during, after, start, series{
			lag:       `countersign_backlog_oldest_seconds{table="demo.letter"}`,
			running:   `countersign_lanes_running{table="demo.letter"}`,
			succeeded: `countersign_lane_turns_total{outcome="ok",table="demo.letter"}`,
			failed:    `countersign_lane_turns_total{outcome="error",table="demo.letter"}`,
			dead:      `countersign_backlog_records{state="dead",table="demo.letter"}`,
			waits:     `countersign_rate_limit_wait_seconds_count{account="post office"}`,
			waited:    `countersign_rate_limit_wait_seconds_sum{account="post office"}`,
			letter:    `countersign_last_success_timestamp_seconds{schedule="",table="demo.letter"}`,
			schedule:  `countersign_last_success_timestamp_seconds{schedule="collect",table="orchestration.schedule"}`,
		})
	})
}

func TestOpenTelemetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, reader := time.Now(), metric.NewManualReader()
		observer, err := NewOpenTelemetry(metric.NewMeterProvider(metric.WithReader(reader)).Meter("test"))
		require.NoError(t, err)
		during, after := runFlow(t, observer, func() figures { return collected(t, reader) })
		checkFigures(t, during, after, start, series{
			lag:       `countersign.backlog.oldest{table="demo.letter"}`,
			running:   `countersign.lane.running{table="demo.letter"}`,
			succeeded: `countersign.lane.turns{outcome="ok",table="demo.letter"}`,
			failed:    `countersign.lane.turns{outcome="error",table="demo.letter"}`,
			dead:      `countersign.backlog.records{state="dead",table="demo.letter"}`,
			waits:     `countersign.rate_limit.wait_count{account="post office"}`,
			waited:    `countersign.rate_limit.wait_sum{account="post office"}`,
			letter:    `countersign.last_success{schedule="",table="demo.letter"}`,
			schedule:  `countersign.last_success{schedule="collect",table="orchestration.schedule"}`,
		})
	})
}

// The program serves all figures, on either engine.
func TestServes(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		serves(t, options{Listen: "127.0.0.1:0"})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		serves(t, options{Listen: "127.0.0.1:0", Database: newSchema(t)})
	})
}

func serves(t *testing.T, o options) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	stopped := make(chan error, 1)
	go func() { stopped <- errors.Join(run(ctx, o, in), in.Close()) }()
	var address string
	_, err := fmt.Fscanf(out, "metrics: %s\n", &address)
	require.NoError(t, err)
	wanted := []string{
		"countersign_backlog_oldest_seconds{", "countersign_lanes_running{", `countersign_lane_turns_total{outcome="error"`,
		`countersign_lane_turns_total{outcome="ok"`, "countersign_rate_limit_wait_seconds_count{", `countersign_last_success_timestamp_seconds{schedule="collect"`,
		`countersign_backlog_records{state="dead",table="demo.letter"} [1-9]`,
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for len(wanted) > 0 {
		<-tick.C
		page := get(t, address)
		wanted = slices.DeleteFunc(wanted, func(series string) bool { return regexp.MustCompile(series).MatchString(page) })
	}
	cancel()
	require.NoError(t, <-stopped)
}

func get(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(page)
}

// newSchema makes a schema on the server that COUNTERSIGN_POSTGRES names, and gives
// the address that leads into it.
func newSchema(t *testing.T) string {
	t.Helper()
	server := os.Getenv("COUNTERSIGN_POSTGRES")
	if server == "" {
		const missing = "COUNTERSIGN_POSTGRES does not name a PostgreSQL server"
		if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "postgres") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	ctx := context.WithoutCancel(t.Context())
	admin, err := sql.Open("pgx", server) // the engine's driver
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, admin.Close()) })
	name := fmt.Sprintf("observability_%d", os.Getpid())
	_, err = admin.ExecContext(ctx, "CREATE SCHEMA "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(ctx, "DROP SCHEMA "+name+" CASCADE")
		require.NoError(t, err)
	})
	address, err := url.Parse(server)
	require.NoError(t, err)
	query := address.Query()
	query.Set("search_path", name)
	address.RawQuery = query.Encode()
	return address.String()
}

// Without an address to listen on the program ends by itself, and then prints.
func TestEnds(t *testing.T) {
	t.Parallel()
	for printed, o := range map[string]options{
		"metrics: http://": {For: time.Nanosecond},
		`"Resource"`:       {For: time.Nanosecond, OpenTelemetry: true},
	} {
		t.Run(printed, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			require.NoError(t, run(t.Context(), o, &out))
			require.Contains(t, out.String(), printed)
		})
	}
}
