package salesdock

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/countersign/countersign"
)

const (
	// firstLimit is what a client starts with. The documentation says 120 calls a
	// minute and its example of a 429 still 60; each answer says what holds.
	firstLimit = 60
	// slots is how many seconds are counted: a minute, and one more because the
	// first of them is counted whole.
	slots = 61
)

// LimitError says that the calls of the last minute used up the limit and that
// the caller's deadline comes before the next one is possible. Nothing was sent.
type LimitError struct {
	Limit int       // calls a minute
	Reset time.Time // when a call is possible again
}

// Error says until when.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the limit of %d calls a minute is used up until %s", e.Limit, e.Reset.UTC().Format(time.RFC3339))
}

// Is reports a LimitError as countersign.ErrRateLimited.
func (e *LimitError) Is(target error) bool { return target == countersign.ErrRateLimited }

// RetryIn is how long it is until then.
func (e *LimitError) RetryIn() time.Duration { return time.Until(e.Reset) }

// minute counts the calls of the last minute, second by second. When the
// service's own minute begins is not announced, so any minute must hold.
type minute struct {
	mu     sync.Mutex
	limit  int
	count  [slots]int
	second int64 // the newest second that is counted
}

func newMinute() *minute { return &minute{limit: firstLimit} }

// advance forgets what is older than a minute.
func (m *minute) advance(now time.Time) {
	second := now.Unix()
	if second-m.second >= slots {
		m.count = [slots]int{}
	} else {
		for s := m.second + 1; s <= second; s++ {
			m.count[s%slots] = 0
		}
	}
	m.second = max(m.second, second)
}

func (m *minute) used() int {
	n := 0
	for _, c := range m.count {
		n += c
	}
	return n
}

// free says from when a call is possible: now, or when the oldest second that
// counts is over. The caller holds mu.
func (m *minute) free(now time.Time) time.Time {
	m.advance(now)
	if m.used() < m.limit {
		return now
	}
	for s := m.second - slots + 1; s < m.second; s++ {
		if m.count[((s%slots)+slots)%slots] > 0 {
			return time.Unix(s+slots, 0)
		}
	}
	return time.Unix(m.second+slots, 0)
}

// heard takes in what an answer announced. Calls that are used up and are not
// our own are somebody else's with the same user: they count from now.
func (m *minute) heard(limit, remaining int, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(now)
	m.limit = limit
	if remaining < 0 {
		return
	}
	if others := limit - remaining - m.used(); others > 0 {
		m.count[m.second%slots] += others
	}
}

// addresses counts the calls of this process to each address of the service,
// since Salesdock counts them by source address as well.
var addresses sync.Map // host → *minute

// both is the user's minute and that of the address. A call counts in both at the
// moment it goes: one that took its place in the first and then waited for the
// second would go when its place has long been given to another.
type both struct{ user, address *minute }

// take takes one call, or says until when one of the two is used up, and by how
// many calls.
func (b both) take(now time.Time) (until time.Time, limit int, ok bool) {
	// Always in this order: an address is shared, a user is not.
	b.user.mu.Lock()
	defer b.user.mu.Unlock()
	b.address.mu.Lock()
	defer b.address.mu.Unlock()
	for _, m := range []*minute{b.user, b.address} {
		if free := m.free(now); free.After(now) && free.After(until) {
			until, limit = free, m.limit
		}
	}
	if limit > 0 {
		return until, limit, false
	}
	for _, m := range []*minute{b.user, b.address} {
		m.count[m.second%slots]++
	}
	return now, 0, true
}

// Wait implements countersign.Limiter.
func (b both) Wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := time.Now()
		until, limit, ok := b.take(now)
		if ok {
			return nil
		}
		if deadline, has := ctx.Deadline(); has && until.After(deadline) {
			return &LimitError{Limit: limit, Reset: until}
		}
		t := time.NewTimer(until.Sub(now))
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// useLimits puts our limiters into the settings, unless the program has its own,
// and gives what is told of the answers' headers.
func useLimits(set *countersign.Settings) func(http.Header) {
	if set.Limiter != nil {
		return nil
	}
	shared, _ := addresses.LoadOrStore(set.BaseURL.Host, newMinute())
	b := both{user: newMinute(), address: shared.(*minute)}
	set.Limiter = b
	return b.observe
}

// observe reads X-RateLimit-Limit and X-RateLimit-Remaining. What remains is said
// of one user, so it does not count for the address.
func (b both) observe(h http.Header) {
	limit, err := strconv.Atoi(h.Get("X-Ratelimit-Limit"))
	if err != nil || limit <= 0 {
		return
	}
	remaining, err := strconv.Atoi(h.Get("X-Ratelimit-Remaining"))
	if err != nil {
		remaining = -1
	}
	now := time.Now()
	b.user.heard(limit, remaining, now)
	b.address.heard(limit, -1, now)
}
