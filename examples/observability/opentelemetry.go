package main

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/countersign/countersign/orchestration"
)

// OpenTelemetry is an orchestration.Observer that records metrics with
// OpenTelemetry. Make it with NewOpenTelemetry.
type OpenTelemetry struct {
	running     metric.Int64UpDownCounter
	turns       metric.Int64Counter
	duration    metric.Float64Histogram
	lastSuccess metric.Float64Gauge
	waits       metric.Float64Histogram
	oldest      metric.Float64Gauge
	due         metric.Int64Gauge
	records     metric.Int64Gauge
}

var _ orchestration.Observer = (*OpenTelemetry)(nil)

// NewOpenTelemetry makes the instruments.
func NewOpenTelemetry(meter metric.Meter) (*OpenTelemetry, error) {
	var o OpenTelemetry
	var errs [8]error
	seconds := metric.WithUnit("s")
	buckets := metric.WithExplicitBucketBoundaries(.01, .1, .5, 1, 5, 10, 30, 60)
	o.running, errs[0] = meter.Int64UpDownCounter("countersign.lane.running", metric.WithUnit("{lane}"),
		metric.WithDescription("Lanes whose handler is at work in this process."))
	o.turns, errs[1] = meter.Int64Counter("countersign.lane.turns", metric.WithUnit("{turn}"),
		metric.WithDescription("Attempts: turns of lanes that have ended in this process, by outcome (ok, error)."))
	o.duration, errs[2] = meter.Float64Histogram("countersign.lane.turn.duration", seconds, buckets,
		metric.WithDescription("How long turns took."))
	o.lastSuccess, errs[3] = meter.Float64Gauge("countersign.last_success", seconds,
		metric.WithDescription("When a turn last ended without error in this process, as Unix time; schedule names that of the engine's schedules."))
	o.waits, errs[4] = meter.Float64Histogram("countersign.rate_limit.wait", seconds, buckets,
		metric.WithDescription("How long calls waited for an account's rate limit in this process."))
	o.oldest, errs[5] = meter.Float64Gauge("countersign.backlog.oldest", seconds,
		metric.WithDescription("Lag: how long the record that is due longest has been due. The same in all processes."))
	o.due, errs[6] = meter.Int64Gauge("countersign.backlog.due", metric.WithUnit("{record}"),
		metric.WithDescription("Records that are due. The same in all processes."))
	o.records, errs[7] = meter.Int64Gauge("countersign.backlog.records", metric.WithUnit("{record}"),
		metric.WithDescription("Records that are not done, by state; dead ones are dead letters. The same in all processes."))
	return &o, errors.Join(errs[:]...)
}

func tableAttribute(table string) attribute.KeyValue { return attribute.String("table", table) }

// TurnBegan counts a handler that runs.
func (o *OpenTelemetry) TurnBegan(lane orchestration.Lane) {
	o.running.Add(context.Background(), 1, metric.WithAttributes(tableAttribute(lane.Table)))
}

// TurnEnded counts an attempt, and notes when one succeeded.
func (o *OpenTelemetry) TurnEnded(lane orchestration.Lane, took time.Duration, err error) {
	ctx, table := context.Background(), tableAttribute(lane.Table)
	o.running.Add(ctx, -1, metric.WithAttributes(table))
	o.turns.Add(ctx, 1, metric.WithAttributes(table, attribute.String("outcome", outcome(err))))
	o.duration.Record(ctx, took.Seconds(), metric.WithAttributes(table))
	if err == nil {
		now := float64(time.Now().UnixMilli()) / 1000
		o.lastSuccess.Record(ctx, now, metric.WithAttributes(table, attribute.String("schedule", schedule(lane))))
	}
}

// RateLimited notes a wait.
func (o *OpenTelemetry) RateLimited(account string, waited time.Duration) {
	o.waits.Record(context.Background(), waited.Seconds(), metric.WithAttributes(attribute.String("account", account)))
}

// Backlog notes how a table stands.
func (o *OpenTelemetry) Backlog(table string, stats orchestration.Stats) {
	ctx := context.Background()
	o.oldest.Record(ctx, stats.Lag.Seconds(), metric.WithAttributes(tableAttribute(table)))
	o.due.Record(ctx, stats.Due, metric.WithAttributes(tableAttribute(table)))
	for _, state := range states {
		o.records.Record(ctx, stats.States[state], metric.WithAttributes(tableAttribute(table), attribute.String("state", state)))
	}
}
