package countersigntest

import (
	"sync"
	"time"
)

// Clock is the time that a fake lives in. The zero value runs with the
// system's clock; a clock from [NewClock] stands still. Both can be moved. A
// Clock is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	stands bool
	at     time.Time     // the time of a clock that stands
	ahead  time.Duration // how far a running clock is ahead of the system's
}

// NewClock is a clock that stands still at the given time until it is moved.
func NewClock(at time.Time) *Clock { return &Clock{stands: true, at: at} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.stands {
		return c.at
	}
	return time.Now().Add(c.ahead)
}

// Advance moves the clock by d; a negative d moves it back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	c.ahead += d
}

// Set moves the clock to the given time. A running clock runs on from there.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += at.Sub(c.now())
	c.at = at
}
