package salelink_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/storetest"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
)

// rounds gives the due lanes so many rounds of turns that are over at once.
func (w *world) rounds(n int) {
	w.t.Helper()
	for range n {
		e := storetest.NewTurns(w.store, w.clock.Now, 0)
		w.flow.Register(e)
		_, err := e.Turn(w.t.Context())
		require.NoError(w.t, err)
	}
}

// The program stood still for days in the middle of a list, and sales of the pages
// that it had read changed meanwhile: none of the others is passed over for that.
func TestListThatChangedForDaysIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, salesdocktest.WithPageSize(2))
	w.live()
	var sales []int
	for range 12 {
		sales = append(sales, w.sell())
	}
	w.clock.Advance(20 * time.Minute)
	_, err := w.flow.Statuses(t.Context()) // the catalogues are read
	require.NoError(t, err)
	w.rounds(4)
	w.clock.Advance(50 * time.Hour)
	for _, id := range sales[5:] {
		w.a.SetStatus(id, "klaar", "")
	}
	w.turns(9, true)
	require.Len(t, w.received(), 12)
}

// odd answers a request for a page of sales in its own way, as often as it says.
type odd struct {
	http.RoundTripper
	page   string
	status int
	times  atomic.Int64
}

func (o *odd) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/sales") && r.URL.Query().Get("page") == o.page && o.times.Add(-1) >= 0 {
		return &http.Response{
			StatusCode: o.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: io.NopCloser(strings.NewReader("{}")),
		}, nil
	}
	return o.RoundTripper.RoundTrip(r)
}

// oddPage has A answer a page of its sales with a status.
func (w *world) oddPage(page string, status int) *odd {
	w.t.Helper()
	o := &odd{RoundTripper: w.http.Transport, page: page, status: status}
	w.http = &http.Client{Transport: o}
	w.deps.A = w.client("alpha", w.a.AdminToken(), salesdock.ScopeAccount)
	w.start()
	return o
}

// A place in a list that the service does not know any more is where the list
// begins anew.
func TestListWhosePlaceIsGoneBeginsAnew(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNotFound, http.StatusUnprocessableEntity} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, salesdocktest.WithPageSize(2))
			w.live()
			for range 8 {
				w.sell()
			}
			w.clock.Advance(20 * time.Minute)
			o := w.oddPage("2", status)
			_, err := w.flow.Statuses(t.Context())
			require.NoError(t, err)
			w.rounds(2)
			o.times.Store(1)
			w.rounds(1)
			require.Zero(t, o.times.Load(), "the place was asked for")
			w.turns(9, false)
			require.Len(t, w.received(), 8)
		})
	}
}

// A page that can't be read is asked for less and less often, although the one
// before it can.
func TestPageThatFailsIsPutOffLonger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, salesdocktest.WithPageSize(2))
	w.live()
	for range 8 {
		w.sell()
	}
	w.clock.Advance(20 * time.Minute)
	o := w.oddPage("3", http.StatusBadGateway)
	o.times.Store(7)
	longest := 0
	w.engine = orchestration.NewLocal(w.store, orchestration.WithClock(w.clock.Now), orchestration.WithBackoff(func(attempt int) time.Duration {
		longest = max(longest, attempt)
		return time.Minute
	}))
	w.flow.Register(w.engine)
	w.run()
	for range 10 {
		w.clock.Advance(time.Minute)
		w.run()
	}
	require.Greater(t, longest, 5)
	require.Len(t, w.received(), 8)
}

// held answers nothing until it is let go.
type held struct {
	http.RoundTripper
	asked, free chan struct{}
	once        sync.Once
}

func (h *held) RoundTrip(r *http.Request) (*http.Response, error) {
	h.once.Do(func() { close(h.asked) })
	<-h.free
	return h.RoundTripper.RoundTrip(r)
}

// Who waits for another one's reading of both sides waits no longer than for its own
// context: a turn that did would hold its lane.
func TestWaitForAReadingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.clock.Advance(time.Hour)
	h := &held{RoundTripper: w.http.Transport, asked: make(chan struct{}), free: make(chan struct{})}
	w.http = &http.Client{Transport: h}
	w.deps.A = w.client("alpha", w.a.AdminToken(), salesdock.ScopeAccount)
	w.start()
	var wg sync.WaitGroup
	var failure error
	wg.Go(func() { _, failure = w.flow.Check(t.Context()) })
	<-h.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.flow.Statuses(ctx)
	close(h.free)
	wg.Wait()
	require.NoError(t, failure)
	require.ErrorIs(t, err, context.Canceled)
}
