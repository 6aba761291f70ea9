package docusign

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// pollingRule is how long to leave one envelope, or one thing of it, alone
// after reading it (DocuSign, "API rules and limits", polling).
const pollingRule = 15 * time.Minute

// OpPolling is the operation under which an Observer hears of an envelope that
// is read too often; its error matches ErrPolledTooOften. It is told once for
// each envelope, and the call itself goes on.
const OpPolling = "polling rule"

// maxPolls bounds what is remembered.
const maxPolls = 20_000

// polls remembers when each envelope was last read.
type polls struct {
	mu       sync.Mutex
	last     map[string]time.Time // by path
	reported map[string]bool      // by envelope
}

func newPolls() *polls {
	return &polls{last: map[string]time.Time{}, reported: map[string]bool{}}
}

// breach notes a read, and reports whether it is the envelope's first that came
// too early.
func (p *polls) breach(envelope, path string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, seen := p.last[path]
	p.last[path] = now
	if len(p.last) > maxPolls {
		p.forget(now)
	}
	if !seen || now.Sub(before) >= pollingRule || p.reported[envelope] {
		return false
	}
	p.reported[envelope] = true
	return true
}

// forget drops what no longer matters; if everything still does, it starts
// afresh rather than grow.
func (p *polls) forget(now time.Time) {
	for path, at := range p.last {
		if now.Sub(at) >= pollingRule {
			delete(p.last, path)
		}
	}
	if len(p.last) > maxPolls/2 {
		clear(p.last)
	}
	clear(p.reported)
}

// early is how long to wait until a path may be read again; 0 when it may be read
// now.
func (p *polls) early(path string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, seen := p.last[path]
	if !seen {
		return 0
	}
	return max(0, pollingRule-now.Sub(before))
}

const envelopePath = "/envelopes/{envelopeId}"

// target is the path that a call goes to, below the account.
func (c call) target() string {
	values := c.values
	var b strings.Builder
	for step := range strings.SplitSeq(strings.TrimPrefix(c.path, "/"), "/") {
		if strings.HasPrefix(step, "{") && len(values) > 0 {
			step, values = values[0], values[1:]
		}
		b.WriteString("/" + step)
	}
	return b.String()
}

// watched runs a call, and reports a caller who reads one envelope too often. A
// call that was not sent is no read.
func (c *connection) watched(ctx context.Context, call call, run func() error) error {
	if call.Effect != api.Read || !strings.HasPrefix(call.path, envelopePath) {
		return run()
	}
	asked := time.Now()
	err := run()
	if e, ok := errors.AsType[*countersign.Error](err); ok && e.Attempts == 0 {
		return err
	}
	if c.polls.breach(call.values[0], call.target(), asked) {
		c.report(ctx, call)
	}
	return err
}

func (c *connection) report(ctx context.Context, call call) {
	template := "/v2.1/accounts/{accountId}" + call.path
	c.set.Logger.LogAttrs(ctx, slog.LevelWarn, "an envelope is read more often than every 15 minutes; use Connect or Envelopes.Wait",
		slog.String("provider", "docusign"), slog.String("op", call.Op), slog.String("path", template))
	if c.set.Observer != nil {
		c.set.Observer(countersign.Attempt{Provider: "docusign", Op: OpPolling, Method: call.Method, Path: template, Err: ErrPolledTooOften})
	}
}

// asCall sees a request of Client.Do as the call that it is, for the polling
// rule alone. What follows the envelope's id is left out of the template: it may
// hold ids.
func asCall(r countersign.Request) call {
	below := r.Path
	if len(below) > 3 && below[0] == "v2.1" && below[1] == "accounts" {
		below = below[3:]
	}
	reads := r.Method == "" || strings.EqualFold(r.Method, "GET")
	if !reads || len(below) < 2 || below[0] != "envelopes" {
		return call{}
	}
	c := get(cmp.Or(r.Op, "do"), envelopePath, below[1])
	if len(below) > 2 {
		c.path, c.values = envelopePath+"/{rest}", []string{below[1], strings.Join(below[2:], "/")}
	}
	return c
}
