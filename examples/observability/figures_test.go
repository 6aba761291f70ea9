package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// figures are the values of series, by name and labels.
type figures map[string]float64

// readPage reads a page of metrics.
func readPage(t *testing.T, page io.Reader) figures {
	t.Helper()
	out := figures{}
	lines := bufio.NewScanner(page)
	for lines.Scan() {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			cut := strings.LastIndex(line, " ")
			value, err := strconv.ParseFloat(line[cut+1:], 64)
			require.NoError(t, err, line)
			out[line[:cut]] = value
		}
	}
	require.NoError(t, lines.Err())
	return out
}

func pageOf(t *testing.T, registry *prometheus.Registry) figures {
	t.Helper()
	res := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, res.Code)
	return readPage(t, res.Body)
}

// collected are the figures of a reader, written like those of a page.
func collected(t *testing.T, reader metric.Reader) figures {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &all))
	require.Len(t, all.ScopeMetrics, 1)
	out := figures{}
	name := func(m metricdata.Metrics, suffix string, set attribute.Set) string {
		var labels []string
		for _, a := range set.ToSlice() {
			labels = append(labels, fmt.Sprintf("%s=%q", a.Key, a.Value.AsString()))
		}
		return m.Name + suffix + "{" + strings.Join(labels, ",") + "}"
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				out[name(m, "", p.Attributes)] = float64(p.Value)
			}
		case metricdata.Gauge[int64]:
			for _, p := range data.DataPoints {
				out[name(m, "", p.Attributes)] = float64(p.Value)
			}
		case metricdata.Gauge[float64]:
			for _, p := range data.DataPoints {
				out[name(m, "", p.Attributes)] = p.Value
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				out[name(m, "_count", p.Attributes)] = float64(p.Count)
				out[name(m, "_sum", p.Attributes)] = p.Sum
			}
		default:
			t.Errorf("%s has data of another kind: %T", m.Name, data)
		}
	}
	return out
}
