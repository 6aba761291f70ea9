package countersigntest

import (
	"iter"
	"maps"
	"sync"
	"time"
)

// Call says what a request means to the fake that got it.
type Call struct {
	// Operation is a name from the fake's list; empty: no operation that the
	// fake knows.
	Operation string
	// Subject is what the operation is about, such as a document's id; empty
	// for an operation about nothing in particular, such as a list.
	Subject string
}

// Entry is one request in the log.
type Entry struct {
	Call
	Seq    int64 // from 1, without gaps, in the order in which requests ended
	When   time.Time
	Method string
	Path   string
	Query  string
	// Status is the status that was answered, also if the answer was then lost
	// or cut; 0 if there was none.
	Status int
	// Fault names what was injected; empty: nothing but latency. It is
	// "aborted" for an answer that the fake itself could not finish, such as
	// one whose client went away.
	Fault string
}

// Tally counts requests. A request counts before its answer has arrived whole,
// so that who has the answer finds the request counted.
type Tally struct {
	Requests int64 // all that came in
	Answered int64 // those that got a whole answer with a status below 300
}

// Log remembers the newest requests, and counts all of them. It is safe for
// concurrent use. The zero value is not usable; make one with [NewLog].
type Log struct {
	mu       sync.Mutex
	ring     []Entry
	seq      int64
	tallies  map[string]Tally
	subjects map[string]map[string]Tally
}

// NewLog is a log that keeps the newest keep entries, at least one. The counts
// are of all requests, kept or not.
func NewLog(keep int) *Log {
	return &Log{
		ring:     make([]Entry, max(keep, 1)),
		tallies:  map[string]Tally{},
		subjects: map[string]map[string]Tally{},
	}
}

// Entries gives the kept entries, oldest first, as they are at the time of the
// call; narrow them by ranging over them.
func (l *Log) Entries() iter.Seq[Entry] {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := int64(len(l.ring))
	kept := make([]Entry, 0, min(l.seq, n))
	for i := max(0, l.seq-n); i < l.seq; i++ {
		kept = append(kept, l.ring[i%n])
	}
	return func(yield func(Entry) bool) {
		for _, e := range kept {
			if !yield(e) {
				return
			}
		}
	}
}

// Tally counts the requests of one operation.
func (l *Log) Tally(operation string) Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tallies[operation]
}

// TallyOf counts the requests of one operation about one subject.
func (l *Log) TallyOf(operation, subject string) Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.subjects[operation][subject]
}

// Subjects counts the requests of one operation by subject.
func (l *Log) Subjects(operation string) map[string]Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := maps.Clone(l.subjects[operation])
	if out == nil {
		out = map[string]Tally{}
	}
	return out
}

// Operations counts all requests by operation; the key "" stands for requests
// that the fake knows no operation for.
func (l *Log) Operations() map[string]Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.tallies)
}

// Reset forgets entries and counts; Seq goes on from 1 again.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.ring)
	clear(l.tallies)
	clear(l.subjects)
	l.seq = 0
}

// begin counts a request as it comes in.
func (l *Log) begin(c Call) {
	l.count(c, func(t *Tally) { t.Requests++ })
}

// end adds the entry of a request that is over but for the last byte of its
// answer.
func (l *Log) end(e Entry) {
	if e.Status > 0 && e.Status < 300 && e.Fault == "" {
		l.count(e.Call, func(t *Tally) { t.Answered++ })
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Seq = l.seq + 1
	l.ring[l.seq%int64(len(l.ring))] = e
	l.seq++
}

func (l *Log) count(c Call, add func(*Tally)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tallies[c.Operation]
	add(&t)
	l.tallies[c.Operation] = t
	if c.Subject == "" {
		return
	}
	bySubject := l.subjects[c.Operation]
	if bySubject == nil {
		bySubject = map[string]Tally{}
		l.subjects[c.Operation] = bySubject
	}
	t = bySubject[c.Subject]
	add(&t)
	bySubject[c.Subject] = t
}
