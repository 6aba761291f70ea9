package main

import (
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
)

// The documentation names each figure, and like the rules it names none that there
// is not.
func TestNames(t *testing.T) {
	t.Parallel()
	documentation, err := os.ReadFile("../../docs/scaling.md")
	require.NoError(t, err)
	rules, err := os.ReadFile("alerts.yml")
	require.NoError(t, err)
	sorted := func(names []string) []string {
		slices.Sort(names)
		return slices.Compact(names)
	}
	synctest.Test(t, func(t *testing.T) {
		registry, reader := prometheus.NewRegistry(), metric.NewManualReader()
		observer, err := NewOpenTelemetry(metric.NewMeterProvider(metric.WithReader(reader)).Meter("test"))
		require.NoError(t, err)
		_, after := runFlow(t, observer, func() figures { return collected(t, reader) })
		instruments := regexp.MustCompile("`(countersign\\.[a-z_.]+)`")
		var named, there []string
		for _, match := range instruments.FindAllStringSubmatch(string(documentation), -1) {
			named = append(named, match[1])
		}
		kinds := regexp.MustCompile(`(_count|_sum)?\{.*`)
		for series := range after {
			there = append(there, kinds.ReplaceAllString(series, ""))
		}
		require.Equal(t, sorted(there), sorted(named))

		_, after = runFlow(t, NewPrometheus(registry), func() figures { return pageOf(t, registry) })
		metrics := regexp.MustCompile(`countersign_[a-z_]+`)
		families := regexp.MustCompile(`(_count|_sum|_bucket)?\{.*`)
		there = nil
		var all []string
		for series := range after {
			there = append(there, families.ReplaceAllString(series, ""))
			all = append(all, metrics.FindString(series))
		}
		require.Equal(t, sorted(there), sorted(metrics.FindAllString(string(documentation), -1)))
		require.Subset(t, append(all, there...), metrics.FindAllString(string(rules), -1))
	})
}
