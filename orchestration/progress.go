package orchestration

import (
	"sync"
	"time"
)

// Event tells how far a phase of a flow is.
type Event struct {
	Phase     string  // "list", "download", "register": the flow's own terms
	Done      int64   // items
	Total     int64   // items; it may grow; 0: not known yet
	Bytes     int64   // moved so far
	Rate      float64 // items a second since the phase began
	LastError string  // of the last item that failed, else empty
}

// Progress is told about each step. It is called by one goroutine at a time for
// a phase, and must be quick: whoever draws decides how often to draw.
type Progress func(Event)

// Reporter counts one phase and tells a Progress. It is safe for concurrent
// use, and a nil Reporter does nothing.
type Reporter struct {
	mu    sync.Mutex
	tell  Progress
	clock func() time.Time
	start time.Time
	event Event
}

// NewReporter begins a phase and tells so. A nil tell gives a nil Reporter; a
// nil clock is time.Now.
func NewReporter(phase string, total int64, clock func() time.Time, tell Progress) *Reporter {
	if tell == nil {
		return nil
	}
	if clock == nil {
		clock = time.Now
	}
	r := &Reporter{tell: tell, clock: clock, start: clock(), event: Event{Phase: phase, Total: total}}
	tell(r.event)
	return r
}

// Add counts items that are done, and their bytes.
func (r *Reporter) Add(items, bytes int64) {
	r.change(func(e *Event) { e.Done += items; e.Bytes += bytes })
}

// Grow adds to the total.
func (r *Reporter) Grow(items int64) { r.change(func(e *Event) { e.Total += items }) }

// Fail counts an item that failed as done and keeps why.
func (r *Reporter) Fail(err error) {
	r.change(func(e *Event) { e.Done++; e.LastError = ErrorText(err) })
}

func (r *Reporter) change(f func(*Event)) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.event)
	if s := r.clock().Sub(r.start).Seconds(); s > 0 {
		r.event.Rate = float64(r.event.Done) / s
	}
	r.tell(r.event)
}
