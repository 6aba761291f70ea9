package countersigntest

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

type faultKind string

const (
	faultLatency faultKind = "latency"
	faultStatus  faultKind = "status"
	faultHang    faultKind = "hang"
	faultCut     faultKind = "cut body"
	faultLost    faultKind = "lost answer"
)

// Fault is one way in which an answer goes wrong. Make one with [Latency],
// [TooManyRequests], [Status], [Hang], [CutBody] or [LoseAnswer].
type Fault struct {
	kind       faultKind
	delay      time.Duration
	status     int
	retryAfter string
	after      int64
}

// Latency holds the request back for d of real time, then lets it through.
func Latency(d time.Duration) Fault { return Fault{kind: faultLatency, delay: d} }

// TooManyRequests answers 429 without doing the work. A positive retryAfter is
// sent as a Retry-After header in whole seconds, rounded up; otherwise the
// header is left out.
func TooManyRequests(retryAfter time.Duration) Fault {
	f := Fault{kind: faultStatus, status: http.StatusTooManyRequests}
	if retryAfter > 0 {
		f.retryAfter = seconds(retryAfter)
	}
	return f
}

// Status answers with the given status and an HTML page, as a gateway in front
// of the service does, without doing the work.
func Status(code int) Fault { return Fault{kind: faultStatus, status: code} }

// Hang gives no answer until the client goes away or the fake is closed.
func Hang() Fault { return Fault{kind: faultHang} }

// CutBody does the work and cuts the connection when that many bytes of the
// answer's body have been sent; a shorter body loses its last byte.
func CutBody(after int64) Fault { return Fault{kind: faultCut, after: after} }

// LoseAnswer does the work and resets the connection before the answer. A Go
// client repeats a GET by itself when this happens on a kept connection, so
// that the log may show one request more than the program made.
func LoseAnswer() Fault { return Fault{kind: faultLost} }

// String names the fault, as Entry.Fault gives it.
func (f Fault) String() string { return string(f.kind) }

// Rule says which requests meet a fault. Operation and Path narrow the choice;
// of the requests that are left, one of Next, Every and Probability chooses.
// A rule without any of the three chooses all.
type Rule struct {
	// Operation is a name from the fake's list of operations; empty: any.
	Operation string
	// Path is a pattern of path.Match that the request's path has to match;
	// empty: any.
	Path  string
	Fault Fault
	// Next chooses the next n requests, after which the rule is spent.
	Next int
	// Every chooses every nth request: with 3 the third, the sixth and so on.
	Every int
	// Probability, from 0 to 1, chooses by the seeded generator.
	Probability float64
}

// Faults are the rules of one fake. A request meets the first rule that
// chooses it, in the order in which they were added; a rule of Latency lets
// the rules behind it choose as well. Faults are safe for concurrent use. The
// zero value is not usable; make one with [NewFaults].
type Faults struct {
	mu       sync.Mutex
	random   *rand.Rand
	rules    []*activeRule
	injected map[string]int
	closed   chan struct{}
	close    sync.Once
}

type activeRule struct {
	Rule
	seen, chosen int
}

// NewFaults is a set without rules; seed decides what Probability chooses, so
// that a sequence of requests can be repeated.
func NewFaults(seed uint64) *Faults {
	return &Faults{
		random:   rand.New(rand.NewPCG(seed, seed)),
		injected: map[string]int{},
		closed:   make(chan struct{}),
	}
}

// Add appends rules.
func (f *Faults) Add(rules ...Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range rules {
		f.rules = append(f.rules, &activeRule{Rule: r})
	}
}

// Clear drops all rules. Requests that hang go on hanging.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Close drops all rules and lets go of the requests that hang. A fake calls it
// when it is closed.
func (f *Faults) Close() {
	f.Clear()
	f.close.Do(func() { close(f.closed) })
}

// Injected counts the faults so far, by the fault's name.
func (f *Faults) Injected() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.injected)
}

// choose gives the faults that one request meets: any number of latencies and
// at most one other.
func (f *Faults) choose(operation string, r *http.Request) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Fault
	for _, rule := range f.rules {
		if !rule.matches(operation, r.URL.Path) || !f.chooses(rule) {
			continue
		}
		f.injected[rule.Fault.String()]++
		out = append(out, rule.Fault)
		if rule.Fault.kind != faultLatency {
			break
		}
	}
	return out
}

func (r *activeRule) matches(operation, urlPath string) bool {
	if r.Operation != "" && r.Operation != operation {
		return false
	}
	if r.Path == "" {
		return true
	}
	ok, err := path.Match(r.Path, urlPath)
	return ok && err == nil
}

func (f *Faults) chooses(r *activeRule) bool {
	r.seen++
	chosen := true
	switch {
	case r.Next > 0:
		chosen = r.chosen < r.Next
	case r.Every > 0:
		chosen = r.seen%r.Every == 0
	case r.Probability > 0:
		chosen = f.random.Float64() < r.Probability
	}
	if chosen {
		r.chosen++
	}
	return chosen
}

// Disorder is what becomes of events that a service sends at least once and in
// no order: a shuffled copy in which each event stands once or, with the given
// probability, twice. The same seed gives the same result.
func Disorder[T any](events []T, seed uint64, duplicate float64) []T {
	random := rand.New(rand.NewPCG(seed, seed))
	out := slices.Clone(events)
	for _, e := range events {
		if random.Float64() < duplicate {
			out = append(out, e)
		}
	}
	random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
