// Command observability shows how a program tells Prometheus or OpenTelemetry what
// its flows do. It runs a small simulated flow for four seconds, asks its own
// /metrics and prints the figures:
//
//	go run ./examples/observability
//	go run ./examples/observability --opentelemetry   # the same, through OpenTelemetry
//	go run ./examples/observability --listen :9464    # serves /metrics until it is interrupted
//
// With --database postgres://… the flow runs on the engine for several processes:
// start the program twice, each with an address to listen on.
//
// The two observers, prometheus.go and opentelemetry.go, are there to be copied.
// alerts.yml has rules for Prometheus, and docs/scaling.md says what each figure means.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/riverengine"
	"github.com/countersign/countersign/orchestration/sqlite"
)

// options are the command line.
type options struct {
	Listen        string        `help:"Serve Prometheus's /metrics on this address until interrupted." xor:"to" placeholder:"ADDRESS"`
	OpenTelemetry bool          `name:"opentelemetry" help:"Print what OpenTelemetry exports instead." xor:"to"`
	Database      string        `help:"Address of a PostgreSQL database, postgres://… Without it the state ends with the program." env:"DATABASE_URL" placeholder:"URL"`
	For           time.Duration `help:"How long the flow runs where nothing is served." default:"4s"`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("observability"), kong.Description("Tell Prometheus or OpenTelemetry what flows do."), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "observability: "+err.Error())
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	if o.OpenTelemetry {
		return toOpenTelemetry(ctx, o, out)
	}
	return toPrometheus(ctx, o, out)
}

// toPrometheus serves the metrics while the flow runs.
func toPrometheus(ctx context.Context, o options, out io.Writer) error {
	registry := prometheus.NewRegistry()
	observer := NewPrometheus(registry)
	address := o.Listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) //nolint:errcheck // it ends with the program
	defer server.Close()      //nolint:errcheck // it was only read
	url := fmt.Sprintf("http://%s/metrics", listener.Addr())
	fmt.Fprintln(out, "metrics: "+url)
	if err := work(ctx, o, observer); err != nil || ctx.Err() != nil {
		return err
	}
	return scrape(ctx, url, out)
}

// scrape prints the figures of a page of metrics, without descriptions and buckets.
func scrape(ctx context.Context, url string, out io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if line := lines.Text(); !strings.HasPrefix(line, "#") && !strings.Contains(line, "_bucket{") {
			fmt.Fprintln(out, line)
		}
	}
	return lines.Err()
}

// toOpenTelemetry has the exporter print when the flow has run. A program that has
// a collector takes the exporter of otlpmetricgrpc or otlpmetrichttp.
func toOpenTelemetry(ctx context.Context, o options, out io.Writer) error {
	exporter, err := stdoutmetric.New(stdoutmetric.WithWriter(out), stdoutmetric.WithPrettyPrint())
	if err != nil {
		return err
	}
	provider := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(exporter)))
	observer, err := NewOpenTelemetry(provider.Meter("github.com/countersign/countersign"))
	if err != nil {
		return err
	}
	if err := work(ctx, o, observer); err != nil {
		return err
	}
	return provider.Shutdown(context.WithoutCancel(ctx))
}

// work runs the flow on a store and an engine as the options want them.
func work(ctx context.Context, o options, observer orchestration.Observer) error {
	store, engine, err := open(ctx, o, observer)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // all is committed
	if o.Listen == "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.For)
		defer cancel()
	}
	f := register(store, engine)
	if err := f.collect(context.WithoutCancel(ctx), 60); err != nil {
		return err
	}
	return engine.Run(ctx)
}

// open gives the store and the engine. Counting twice a second is for those who
// watch: without the option it is every 15 seconds.
func open(ctx context.Context, o options, observer orchestration.Observer) (orchestration.Store, orchestration.Engine, error) {
	const interval = 500 * time.Millisecond
	if o.Database != "" {
		store, err := riverengine.Open(ctx, o.Database)
		if err != nil {
			return nil, nil, err
		}
		return store, riverengine.New(store, riverengine.WithObserver(observer), riverengine.WithBacklogInterval(interval)), nil
	}
	dir, err := os.MkdirTemp("", "observability")
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlite.Open(filepath.Join(dir, "state.db"))
	if err != nil {
		return nil, nil, err
	}
	return temporary{store, dir}, orchestration.NewLocal(store, orchestration.WithObserver(observer), orchestration.WithBacklogInterval(interval)), nil
}

// temporary is a store whose folder goes when it is closed.
type temporary struct {
	orchestration.Store
	dir string
}

func (t temporary) Close() error {
	defer os.RemoveAll(t.dir) //nolint:errcheck // the system empties its folder for such files
	return t.Store.Close()
}
