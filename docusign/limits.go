package docusign

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/countersign/countersign"
)

// burstWindow is the length of the burst limit's window. No header names its
// end (DocuSign, "API rules and limits").
const burstWindow = 30 * time.Second

// clockSkew is how far DocuSign's clock may be ahead of ours.
const clockSkew = 5 * time.Minute

// LimitError says that the account's calls are used up, as the last answer
// announced, and that the wait is longer than the client's policy or the
// caller's deadline allows. Nothing was sent.
type LimitError struct {
	Burst bool      // the limit of 30 seconds; false: the hourly one
	Reset time.Time // when calls are possible again
}

// Error says which limit, and until when.
func (e *LimitError) Error() string {
	limit := "hourly"
	if e.Burst {
		limit = "burst"
	}
	return fmt.Sprintf("the account's %s limit is used up until %s", limit, e.Reset.UTC().Format(time.RFC3339))
}

// Is reports a LimitError as countersign.ErrRateLimited.
func (e *LimitError) Is(target error) bool { return target == countersign.ErrRateLimited }

// RetryIn is how long it is until then. Error.RetryAfter of the call's error
// says the same.
func (e *LimitError) RetryIn() time.Duration { return time.Until(e.Reset) }

// gate holds calls back while the account has none left. DocuSign counts all
// programs of an account together, so what counts is what its answers say.
type gate struct {
	maxWait time.Duration
	mu      sync.Mutex
	hour    window
	burst   window
}

// window is one limit: what the last answer said, less the calls since.
type window struct {
	known bool
	left  int64
	heard int64 // what the last answer said
	ends  time.Time
}

// used reports whether nothing is left at the given time, and forgets a window
// that is over.
func (w *window) used(now time.Time) bool {
	if w.known && !now.Before(w.ends) {
		*w = window{}
	}
	return w.known && w.left <= 0
}

// Wait implements countersign.Limiter.
func (g *gate) Wait(ctx context.Context) error {
	for {
		wait, err := g.take(ctx, time.Now())
		if wait == 0 || err != nil {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// take takes one call, or says how long to wait for it.
func (g *gate) take(ctx context.Context, now time.Time) (time.Duration, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	hour, burst := g.hour.used(now), g.burst.used(now)
	if !hour && !burst {
		g.hour.left--
		g.burst.left--
		return 0, ctx.Err()
	}
	limit := &LimitError{Burst: !hour, Reset: g.burst.ends}
	if hour {
		limit.Reset = g.hour.ends
	}
	wait := limit.Reset.Sub(now)
	deadline, has := ctx.Deadline()
	if wait > g.maxWait || has && limit.Reset.After(deadline) {
		return 0, limit
	}
	return wait, nil
}

// observe reads X-RateLimit-* and X-BurstLimit-*.
func (g *gate) observe(h http.Header) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if left, ok := number(h, "X-Ratelimit-Remaining"); ok {
		g.hour = window{known: true, left: left, heard: left, ends: resetTime(h, now)}
	}
	if left, ok := number(h, "X-Burstlimit-Remaining"); ok {
		ends := now.Add(burstWindow)
		if g.burst.known && left <= g.burst.heard && now.Before(g.burst.ends) {
			ends = g.burst.ends // still the same window
		}
		g.burst = window{known: true, left: left, heard: left, ends: ends}
	}
}

func number(h http.Header, name string) (int64, bool) {
	n, err := strconv.ParseInt(h.Get(name), 10, 64)
	return n, err == nil
}

// resetTime is X-RateLimit-Reset, in Unix seconds. Without one that can be right,
// it is the next full hour: the limit is an hourly one, so a time further away
// would only hold the client up.
func resetTime(h http.Header, now time.Time) time.Time {
	n, ok := number(h, "X-Ratelimit-Reset")
	if at := time.Unix(n, 0); ok && n > 0 && !at.After(now.Add(time.Hour+clockSkew)) {
		return at
	}
	return nextHour(now)
}

// untilReset is how long a used up hourly limit lasts.
func untilReset(h http.Header, now time.Time) time.Duration {
	at := resetTime(h, now)
	if !at.After(now) {
		at = nextHour(now)
	}
	return at.Sub(now)
}

func nextHour(now time.Time) time.Time { return now.Truncate(time.Hour).Add(time.Hour) }
