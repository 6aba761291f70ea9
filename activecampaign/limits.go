package activecampaign

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"golang.org/x/time/rate"
)

// ActiveCampaign refuses more than 5 requests a second of an account
// (ActiveCampaign, "Rate limits").
const (
	gap = time.Second * 2 / 9 // 4.5 requests a second
	// window is the length of the limit, and how long a new limiter is silent: a
	// process that was there before may have used the second up.
	window = time.Second
)

// More than 100 imports a minute are refused, and more than 20 of those with one
// contact ("Bulk import contacts"), which count among the 100 too. At most
// burst + 60 × rate fall into any minute.
const (
	importsPerSecond, importBurst = 1.4, 10
	singlesPerSecond, singleBurst = 0.25, 4
)

// LimitError says that ActiveCampaign asked for a pause that is longer than the
// client's policy or the caller's deadline allows. Nothing was sent.
type LimitError struct {
	Until time.Time // when calls are possible again
}

// Error says until when.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the account's requests are used up until %s", e.Until.UTC().Format(time.RFC3339))
}

// Is reports a LimitError as countersign.ErrRateLimited.
func (e *LimitError) Is(target error) bool { return target == countersign.ErrRateLimited }

// RetryIn is how long it is until then. Error.RetryAfter of the call's error
// says the same.
func (e *LimitError) RetryIn() time.Duration { return time.Until(e.Until) }

// budget is what the process knows of one account's limits.
type budget struct {
	own     even // unless the program brings its own
	imports *rate.Limiter
	singles *rate.Limiter

	quiet   time.Time // before it nothing is sent through own
	mu      sync.Mutex
	until   time.Time // what answers asked for
	refused time.Time // the part of it that Retry-After asked for
}

// budgets holds one for each account's host. It has to be shared by the whole
// process, because ActiveCampaign counts all requests of an account together.
var budgets sync.Map // string → *budget

func accountBudget(host string) *budget {
	if b, ok := budgets.Load(host); ok {
		return b.(*budget)
	}
	b, _ := budgets.LoadOrStore(host, newBudget(time.Now()))
	return b.(*budget)
}

// accountHost is the same for all ways to write an account's address.
func accountHost(u *url.URL) string {
	host, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	if port == "" || u.Scheme == "https" && port == "443" {
		return host
	}
	return host + ":" + port
}

func newBudget(now time.Time) *budget {
	return &budget{
		own: even{turn: make(chan struct{}, 1), gap: gap}, quiet: now.Add(window),
		imports: rate.NewLimiter(importsPerSecond, importBurst), singles: rate.NewLimiter(singlesPerSecond, singleBurst),
	}
}

// limiter waits for the program's own limiter, or else for the account's, and
// then for what the answers asked for.
func (b *budget) limiter(set countersign.Settings) countersign.Limiter {
	l := set.Limiter
	if l == nil {
		l = pace{b}
	}
	return inTurn{l, b, set.Retry.MaxDelay}
}

type inTurn struct {
	pace    countersign.Limiter
	budget  *budget
	maxWait time.Duration
}

// Wait implements countersign.Limiter. The pause comes first, so that those who
// waited for it still leave one by one. Who stood in the queue when an answer said
// Retry-After lines up again: the queue may be longer than the pause. The short
// rest when nothing is left is not worth a turn.
func (t inTurn) Wait(ctx context.Context) error {
	for {
		if err := t.rest(ctx); err != nil {
			return err
		}
		if err := t.pace.Wait(ctx); err != nil {
			return err
		}
		if _, refused := t.budget.pauses(); time.Until(refused) <= 0 {
			return nil
		}
	}
}

// rest waits until no answer asks for a pause any more.
func (t inTurn) rest(ctx context.Context) error {
	for {
		until, _ := t.budget.pauses()
		wait := time.Until(until)
		if wait <= 0 {
			return nil
		}
		if deadline, has := ctx.Deadline(); wait > t.maxWait || has && until.After(deadline) {
			return &LimitError{until}
		}
		if err := sleepUntil(ctx, until); err != nil {
			return err
		}
	}
}

// pace is the account's own limiter.
type pace struct{ *budget }

// Wait implements countersign.Limiter.
func (p pace) Wait(ctx context.Context) error {
	if err := sleepUntil(ctx, p.quiet); err != nil {
		return err
	}
	return p.own.Wait(ctx)
}

// even lets calls leave one by one, a gap apart. Unlike rate.Limiter, which fixes the
// times in advance, it counts from when the last one really left: one that a busy
// machine woke late is not followed too soon.
type even struct {
	turn chan struct{} // holds one item while somebody waits to leave
	gap  time.Duration
	last time.Time // when the last one left; for whoever has the turn
}

// Wait implements countersign.Limiter.
func (e *even) Wait(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.turn }()
	if err := sleepUntil(ctx, e.last.Add(e.gap)); err != nil {
		return err
	}
	e.last = time.Now()
	return nil
}

func sleepUntil(ctx context.Context, at time.Time) error {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (b *budget) pauses() (until, refused time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until, b.refused
}

// observe reads RateLimit-Limit, RateLimit-Remaining and Retry-After. No header
// names the end of the window. When nothing is left, the next request waits for
// its share of it: at our own pace the last one is used now and then, so waiting
// the whole window out would cost half the speed, and where other programs use
// the account up, Retry-After follows.
func (b *budget) observe(h http.Header) {
	var rest, refused time.Duration
	if left, err := strconv.ParseInt(h.Get("RateLimit-Remaining"), 10, 64); err == nil && left <= 0 {
		limit, err := strconv.ParseInt(h.Get("RateLimit-Limit"), 10, 32)
		if err != nil || limit < 1 {
			limit = 5
		}
		rest = window / time.Duration(limit)
	}
	if s, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil && s > 0 {
		refused = time.Duration(s) * time.Second
	}
	if rest == 0 && refused == 0 {
		return
	}
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = later(b.refused, now.Add(refused))
	b.until = later(b.until, now.Add(max(rest, refused)))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
