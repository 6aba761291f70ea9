package countersigntest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/countersigntest"
)

// stage is a server whose only operation answers 100 bytes about the last
// element of the path.
type stage struct {
	*httptest.Server
	countersigntest.Backstage
	worked atomic.Int64
}

func newStage(t *testing.T) *stage {
	s := &stage{Backstage: countersigntest.Backstage{
		Clock:  countersigntest.NewClock(start),
		Faults: countersigntest.NewFaults(1),
		Log:    countersigntest.NewLog(3),
		Describe: func(r *http.Request) countersigntest.Call {
			op, subject, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
			return countersigntest.Call{Operation: op, Subject: subject}
		},
	}}
	s.Server = httptest.NewServer(countersigntest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.worked.Add(1)
		_, _ = w.Write(bytes.Repeat([]byte("x"), 100))
	}), s.Backstage))
	t.Cleanup(func() {
		s.Faults.Close()
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// get asks on a connection of its own, which no client repeats by itself.
func (s *stage) get(t *testing.T, path string) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	require.NoError(t, err)
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}

func TestTooManyRequestsWithRetryAfter(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(countersigntest.Rule{Fault: countersigntest.TooManyRequests(1500 * time.Millisecond)})
	res, _, err := s.get(t, "/read/1")
	require.NoError(t, err)
	require.Equal(t, http.StatusTooManyRequests, res.StatusCode)
	require.Equal(t, "2", res.Header.Get("Retry-After"))
	require.Zero(t, s.worked.Load())
}

func TestTooManyRequestsWithoutRetryAfter(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(countersigntest.Rule{Fault: countersigntest.TooManyRequests(0)})
	res, _, err := s.get(t, "/read/1")
	require.NoError(t, err)
	require.Equal(t, http.StatusTooManyRequests, res.StatusCode)
	require.NotContains(t, res.Header, "Retry-After")
}

func TestStatusWithPage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(countersigntest.Rule{Fault: countersigntest.Status(http.StatusBadGateway)})
	res, body, err := s.get(t, "/read/1")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadGateway, res.StatusCode)
	require.Contains(t, res.Header.Get("Content-Type"), "text/html")
	require.Contains(t, string(body), "<h1>Bad Gateway</h1>")
	require.Zero(t, s.worked.Load())
}

func TestCutBody(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(countersigntest.Rule{Fault: countersigntest.CutBody(40)})
	res, body, err := s.get(t, "/read/1")
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Len(t, body, 40)
	require.EqualValues(t, 1, s.worked.Load())
}

func TestCutOfShortBody(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(countersigntest.Rule{Fault: countersigntest.CutBody(1000)})
	_, body, err := s.get(t, "/read/1")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Len(t, body, 99)
}

func TestLoseAnswer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(countersigntest.Rule{Fault: countersigntest.LoseAnswer()})
	_, _, err := s.get(t, "/read/1")
	require.Error(t, err)
	require.EqualValues(t, 1, s.worked.Load())
}

func TestHang(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(countersigntest.Rule{Fault: countersigntest.Hang()})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		// The fault counts when the request has arrived.
		for s.Faults.Injected()["hang"] == 0 && t.Context().Err() == nil {
			runtime.Gosched()
		}
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/read/1", strings.NewReader("body"))
	require.NoError(t, err)
	_, err = http.DefaultTransport.RoundTrip(req)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, s.worked.Load())
}

func TestLatencyLetsThrough(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(
		countersigntest.Rule{Fault: countersigntest.Latency(time.Millisecond)},
		countersigntest.Rule{Fault: countersigntest.Status(http.StatusServiceUnavailable), Next: 1},
	)
	began := time.Now()
	res, _, err := s.get(t, "/read/1")
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(began), time.Millisecond)
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.Equal(t, map[string]int{"latency": 1, "status": 1}, s.Faults.Injected())
}

func TestCloseLetsGoOfWhatHangs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(countersigntest.Rule{Fault: countersigntest.Hang()})
	var wg sync.WaitGroup
	var err error
	wg.Go(func() { _, _, err = s.get(t, "/read/1") })
	for s.Faults.Injected()["hang"] == 0 {
		runtime.Gosched()
	}
	s.Faults.Close()
	wg.Wait()
	require.Error(t, err)
}

func TestRules(t *testing.T) {
	t.Parallel()
	const ok, bad = http.StatusOK, http.StatusServiceUnavailable
	fault := countersigntest.Status(bad)
	cases := []struct {
		name string
		rule countersigntest.Rule
		path []string
		want []int
	}{
		{"all", countersigntest.Rule{Fault: fault}, []string{"/a/1", "/b/2"}, []int{bad, bad}},
		{"operation", countersigntest.Rule{Fault: fault, Operation: "b"}, []string{"/a/1", "/b/1", "/a/1"}, []int{ok, bad, ok}},
		{"path", countersigntest.Rule{Fault: fault, Path: "/*/1"}, []string{"/a/1", "/a/2", "/b/1"}, []int{bad, ok, bad}},
		{"next two", countersigntest.Rule{Fault: fault, Next: 2}, []string{"/a/1", "/a/1", "/a/1"}, []int{bad, bad, ok}},
		{"every second", countersigntest.Rule{Fault: fault, Every: 2}, []string{"/a/1", "/a/1", "/a/1", "/a/1"}, []int{ok, bad, ok, bad}},
		{
			"every second of an operation",
			countersigntest.Rule{Fault: fault, Every: 2, Operation: "b"},
			[]string{"/a/1", "/b/1", "/a/1", "/b/1"},
			[]int{ok, ok, ok, bad},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.Faults.Add(c.rule)
			var got []int
			for _, path := range c.path {
				res, _, err := s.get(t, path)
				require.NoError(t, err)
				got = append(got, res.StatusCode)
			}
			require.Equal(t, c.want, got)
			s.Faults.Clear()
			res, _, err := s.get(t, c.path[0])
			require.NoError(t, err)
			require.Equal(t, ok, res.StatusCode)
		})
	}
}

func TestProbabilityRepeats(t *testing.T) {
	t.Parallel()
	run := func() (out []int) {
		s := newStage(t)
		s.Faults.Add(countersigntest.Rule{Fault: countersigntest.Status(500), Probability: 0.5})
		for range 40 {
			res, _, err := s.get(t, "/a/1")
			require.NoError(t, err)
			out = append(out, res.StatusCode)
		}
		return out
	}
	first := run()
	require.Equal(t, first, run())
	require.Contains(t, first, 200)
	require.Contains(t, first, 500)
}

func TestLogCountsWhatItDropped(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.Faults.Add(
		countersigntest.Rule{Operation: "cut", Fault: countersigntest.CutBody(1)},
		countersigntest.Rule{Operation: "lost", Fault: countersigntest.LoseAnswer()},
	)
	for _, path := range []string{"/read/1", "/read/1", "/read/2", "/cut/1", "/lost/1", "/other?page=2"} {
		_, _, _ = s.get(t, path)
	}
	// An answer that broke may be logged after its client has noticed.
	newest := func(op string) bool {
		return slices.ContainsFunc(slices.Collect(s.Log.Entries()), func(e countersigntest.Entry) bool { return e.Operation == op })
	}
	for !newest("lost") || !newest("cut") {
		runtime.Gosched()
	}
	type tally = countersigntest.Tally
	require.Equal(t, tally{Requests: 3, Answered: 3}, s.Log.Tally("read"))
	require.Equal(t, tally{Requests: 2, Answered: 2}, s.Log.TallyOf("read", "1"))
	require.Equal(t, tally{Requests: 1}, s.Log.Tally("cut"))
	require.Equal(t, tally{Requests: 1}, s.Log.Tally("lost"))
	require.Equal(t, map[string]tally{"1": {2, 2}, "2": {1, 1}}, s.Log.Subjects("read"))
	require.Empty(t, s.Log.Subjects("other"))
	require.Len(t, s.Log.Operations(), 4)

	kept := slices.Collect(s.Log.Entries())
	require.Len(t, kept, 3)
	require.Equal(t, []int64{4, 5, 6}, []int64{kept[0].Seq, kept[1].Seq, kept[2].Seq})
	i := slices.IndexFunc(kept, func(e countersigntest.Entry) bool { return e.Operation == "other" })
	require.Equal(t, countersigntest.Entry{
		Call: countersigntest.Call{Operation: "other"}, Seq: kept[i].Seq, When: start,
		Method: "GET", Path: "/other", Query: "page=2", Status: 200,
	}, kept[i])
	j := slices.IndexFunc(kept, func(e countersigntest.Entry) bool { return e.Operation == "lost" })
	require.Equal(t, "lost answer", kept[j].Fault)

	s.Log.Reset()
	require.Zero(t, s.Log.Tally("read"))
	require.Empty(t, slices.Collect(s.Log.Entries()))
}

func TestDisorder(t *testing.T) {
	t.Parallel()
	events := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	got := countersigntest.Disorder(events, 7, 0.5)
	require.Equal(t, got, countersigntest.Disorder(events, 7, 0.5))
	require.Greater(t, len(got), len(events))
	require.False(t, slices.IsSorted(got))
	slices.Sort(got)
	require.Equal(t, events, slices.Compact(got))
	require.ElementsMatch(t, events, countersigntest.Disorder(events, 7, 0))
}
