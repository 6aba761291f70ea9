package docusign

import (
	"context"
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

// watch reports a caller who reads one envelope too often.
func (c *connection) watch(ctx context.Context, call call) {
	if call.Effect != api.Read || !strings.HasPrefix(call.path, "/envelopes/{envelopeId}") {
		return
	}
	path := call.path + "\x00" + strings.Join(call.values, "\x00")
	if !c.polls.breach(call.values[0], path, time.Now()) {
		return
	}
	template := "/v2.1/accounts/{accountId}" + call.path
	c.set.Logger.LogAttrs(ctx, slog.LevelWarn, "an envelope is read more often than every 15 minutes; use Connect or Envelopes.Wait",
		slog.String("provider", "docusign"), slog.String("op", call.Op), slog.String("path", template))
	if c.set.Observer != nil {
		c.set.Observer(countersign.Attempt{Provider: "docusign", Op: OpPolling, Method: call.Method, Path: template, Err: ErrPolledTooOften})
	}
}
