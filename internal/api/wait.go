package api

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/countersign/countersign"
)

// parseRetryAfter reads Retry-After as seconds or as a date; ok is false when
// it is missing or unreadable.
func parseRetryAfter(h http.Header, now time.Time) (d time.Duration, ok bool) {
	v := h.Get("Retry-After")
	if v == "" {
		return 0, false
	}
	if s, err := strconv.ParseInt(v, 10, 64); err == nil {
		if s < 0 {
			return 0, false
		}
		return time.Duration(min(s, 1<<32)) * time.Second, true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}

// pause is how long to wait before the next attempt; ok is false when the
// service asks for more than the policy allows or than the context has left:
// then the error goes back at once rather than hammering early or sleeping long.
func pause(ctx context.Context, p countersign.RetryPolicy, attempt int, asked time.Duration, now time.Time) (d time.Duration, ok bool) {
	backoff := min(p.BaseDelay<<min(attempt-1, 20), p.MaxDelay)
	if backoff > 0 {
		backoff = backoff/2 + rand.N(backoff/2+1)
	}
	d = max(backoff, asked)
	if d > p.MaxDelay {
		return d, false
	}
	if deadline, has := ctx.Deadline(); has && now.Add(d).After(deadline) {
		return d, false
	}
	return d, true
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ended(ctx)
	case <-t.C:
		return nil
	}
}

// budget keeps a client from answering an outage with a storm of retries: each
// retry spends, each success gives a little back.
type budget struct {
	mu   sync.Mutex
	left int
}

const (
	budgetFull  = 500
	retryCosts  = 5
	successPays = 1
)

func newBudget() *budget { return &budget{left: budgetFull} }

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < retryCosts {
		return false
	}
	b.left -= retryCosts
	return true
}

func (b *budget) earn() {
	b.mu.Lock()
	b.left = min(b.left+successPays, budgetFull)
	b.mu.Unlock()
}
