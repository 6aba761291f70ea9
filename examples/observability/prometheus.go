package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/countersign/countersign/orchestration"
)

// Prometheus is an orchestration.Observer that keeps metrics for Prometheus. Make
// it with NewPrometheus.
type Prometheus struct {
	running     *prometheus.GaugeVec
	turns       *prometheus.CounterVec
	duration    *prometheus.HistogramVec
	lastSuccess *prometheus.GaugeVec
	waits       *prometheus.HistogramVec
	oldest      *prometheus.GaugeVec
	due         *prometheus.GaugeVec
	records     *prometheus.GaugeVec
}

var _ orchestration.Observer = (*Prometheus)(nil)

// NewPrometheus registers the metrics.
func NewPrometheus(registry prometheus.Registerer) *Prometheus {
	factory := promauto.With(registry)
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return factory.NewGaugeVec(prometheus.GaugeOpts{Name: "countersign_" + name, Help: help}, labels)
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return factory.NewHistogramVec(prometheus.HistogramOpts{
			Name: "countersign_" + name, Help: help, Buckets: []float64{.01, .1, .5, 1, 5, 10, 30, 60},
		}, labels)
	}
	return &Prometheus{
		running: gauge("lanes_running", "Lanes whose handler is at work in this process.", "table"),
		turns: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "countersign_lane_turns_total", Help: "Attempts: turns of lanes that have ended in this process, by outcome (ok, error).",
		}, []string{"table", "outcome"}),
		duration: histogram("lane_turn_seconds", "How long turns took.", "table"),
		lastSuccess: gauge("last_success_timestamp_seconds",
			"When a turn last ended without error in this process; schedule names that of the engine's schedules.", "table", "schedule"),
		waits:   histogram("rate_limit_wait_seconds", "How long calls waited for an account's rate limit in this process.", "account"),
		oldest:  gauge("backlog_oldest_seconds", "Lag: how long the record that is due longest has been due. The same in all processes.", "table"),
		due:     gauge("backlog_due", "Records that are due. The same in all processes.", "table"),
		records: gauge("backlog_records", "Records that are not done, by state; dead ones are dead letters. The same in all processes.", "table", "state"),
	}
}

// TurnBegan counts a handler that runs.
func (p *Prometheus) TurnBegan(lane orchestration.Lane) {
	p.running.WithLabelValues(lane.Table).Inc()
}

// TurnEnded counts an attempt, and notes when one succeeded.
func (p *Prometheus) TurnEnded(lane orchestration.Lane, took time.Duration, err error) {
	p.running.WithLabelValues(lane.Table).Dec()
	p.turns.WithLabelValues(lane.Table, outcome(err)).Inc()
	p.duration.WithLabelValues(lane.Table).Observe(took.Seconds())
	if err == nil {
		p.lastSuccess.WithLabelValues(lane.Table, schedule(lane)).SetToCurrentTime()
	}
}

// RateLimited notes a wait.
func (p *Prometheus) RateLimited(account string, waited time.Duration) {
	p.waits.WithLabelValues(account).Observe(waited.Seconds())
}

// Backlog notes how a table stands.
func (p *Prometheus) Backlog(table string, stats orchestration.Stats) {
	p.oldest.WithLabelValues(table).Set(stats.Lag.Seconds())
	p.due.WithLabelValues(table).Set(float64(stats.Due))
	for _, state := range states {
		p.records.WithLabelValues(table, state).Set(float64(stats.States[state]))
	}
}
