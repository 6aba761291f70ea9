package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign"
)

var errNotJSON = errors.New("the content type is not JSON")

// Run sends the call and hands its answer's body to dec; a nil dec throws the
// body away. Its error is a *countersign.Error, *countersign.DecodeError or
// *countersign.ConfigError.
func (c *Client) Run(ctx context.Context, call Call, dec Decoder, opts ...countersign.CallOption) error {
	r, err := c.newRun(ctx, call, opts)
	if err != nil {
		return err
	}
	return r.loop(func(a *attempt) error { return a.decode(dec) }) //nolint:contextcheck // the run has it
}

// run is one call on its way through its attempts.
type run struct {
	c       *Client
	ctx     context.Context
	call    Call
	set     countersign.CallSettings
	url     string
	payload *payload
	number  int
	renewed bool
	doubt   bool // an earlier attempt of this write may have had its effect
	cred    Credential
	meta    countersign.Meta
}

func (c *Client) newRun(ctx context.Context, call Call, opts []countersign.CallOption) (*run, error) {
	if call.Path.err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.cfg.Provider, call.Op, call.Path.err)
	}
	r := &run{c: c, ctx: ctx, call: call, set: countersign.NewCallSettings(opts...)}
	r.url = c.base.String() + call.Path.escaped
	if len(call.Query) > 0 {
		r.url += "?" + call.Query.Encode()
	}
	if r.set.Timeout <= 0 {
		r.set.Timeout = c.cfg.Settings.Timeout
	}
	if call.Body != nil {
		p, err := call.Body.prepare()
		if err != nil {
			return nil, r.fail(err, countersign.ErrInvalid)
		}
		r.payload = p
	}
	if r.namesKey() && call.Effect == Write {
		r.call.Effect = IdempotentWrite
	}
	return r, nil
}

// loop runs attempts until one is the result.
func (r *run) loop(result func(*attempt) error) error {
	defer func() { r.set.Meta.Set(r.meta.StatusCode, r.meta.Header, r.meta.RequestID, r.number) }()
	for {
		a, err := r.attempt()
		if err != nil {
			return r.inDoubt(err)
		}
		out := outcome{effect: r.call.Effect, status: a.status, err: a.err, retryAfter: a.saidWhen, left: r.ctx.Err() != nil, repeat: a.detail.Repeat}
		v := classify(out)
		if v == done {
			if a.err = result(a); a.err == nil {
				r.c.budget.earn()
				return nil
			}
			if _, ok := errors.AsType[*countersign.DecodeError](a.err); ok && r.call.Effect == Read {
				return a.err
			}
			out.err, out.left = a.err, r.ctx.Err() != nil
			v = r.classifyAnswer(out)
		}
		if a.status == http.StatusUnauthorized && !r.renewed && !r.call.NoAuth && r.c.cfg.Auth != nil {
			r.renewed = true
			if retry, err := r.c.cfg.Auth.Renew(r.ctx, r.cred); err != nil {
				return r.inDoubt(r.authFailure(err))
			} else if retry {
				continue
			}
		}
		failure := r.inDoubt(a.failure(v))
		r.doubt = errors.Is(failure, countersign.ErrOutcomeUnknown)
		if v != again || !r.mayRepeat() {
			return failure
		}
		wait, ok := pause(r.ctx, r.c.cfg.Settings.Retry, r.number, a.retryAfter, time.Now())
		if !ok || !r.c.budget.spend() {
			return failure
		}
		if err := sleep(r.ctx, wait); err != nil {
			return r.fail(fmt.Errorf("%w; %w", err, failure), nil)
		}
	}
}

// classifyAnswer: the status was good, but the body broke off or was not
// understood. A read that broke off is repeated; a write has happened, but what
// it made is not known.
func (r *run) classifyAnswer(o outcome) verdict {
	if _, ok := errors.AsType[*countersign.DecodeError](o.err); ok {
		return unknown
	}
	return classifyError(o)
}

// namesKey reports whether the request carries an idempotency key.
func (r *run) namesKey() bool { return r.set.IdempotencyKey != "" && r.c.cfg.IdempotencyHeader != "" }

func (r *run) mayRepeat() bool {
	return !r.set.NoRetry && r.number < r.c.cfg.Settings.Retry.MaxAttempts
}

// attempt waits for its turn, sends one request and reads its header.
func (r *run) attempt() (*attempt, error) {
	start := time.Now()
	if l := r.c.cfg.Settings.Limiter; l != nil {
		if err := l.Wait(r.ctx); err != nil {
			if left := ended(r.ctx); left != nil {
				return nil, r.fail(left, nil)
			}
			return nil, r.limited(err)
		}
	}
	if !r.call.NoAuth && r.c.cfg.Auth != nil {
		cred, err := r.c.cfg.Auth.Credential(r.ctx)
		if err != nil {
			return nil, r.authFailure(err)
		}
		r.cred = cred
	}
	r.number++
	a := &attempt{r: r, began: time.Now()}
	a.send()
	a.report(a.began.Sub(start))
	return a, nil
}

// fail is an error of this call that has no answer.
func (r *run) fail(err, kind error) *countersign.Error {
	return &countersign.Error{
		Provider: r.c.cfg.Provider, Op: r.call.Op, Method: r.call.Method, Path: r.call.Path.template,
		Attempts: r.number, Kind: kind, Err: withoutURL(err),
	}
}

// limited is a call that a limiter did not let go. One that knows when calls are
// possible again says so with a method RetryIn.
func (r *run) limited(err error) error {
	out := r.fail(err, countersign.ErrRateLimited)
	if l, ok := errors.AsType[interface {
		error
		RetryIn() time.Duration
	}](err); ok {
		out.RetryAfter = max(0, l.RetryIn())
	}
	return out
}

// errEarlier is what a refusal does not take back.
var errEarlier = fmt.Errorf("%w: an earlier attempt may have had its effect", countersign.ErrOutcomeUnknown)

// inDoubt keeps the doubt that an earlier attempt left: its answer got lost, and
// that the service refused the repetition says nothing about it.
func (r *run) inDoubt(err error) error {
	if !r.doubt || errors.Is(err, countersign.ErrOutcomeUnknown) {
		return err
	}
	e, ok := err.(*countersign.Error) //nolint:errorlint // one that is wrapped keeps its wrapping
	if !ok {
		return r.fail(fmt.Errorf("%w; %w", err, errEarlier), nil)
	}
	out := *e // it may be shared: a token's failure goes to every caller that waited
	if out.Err = errEarlier; e.Err != nil {
		out.Err = fmt.Errorf("%w; %w", e.Err, errEarlier)
	}
	return &out
}

// authFailure is a credential that could not be had; where fetching it was a
// call of its own, that call's error says most.
func (r *run) authFailure(err error) error {
	if _, ok := errors.AsType[*countersign.Error](err); ok {
		return err
	}
	return r.fail(err, nil)
}

// withoutURL takes the address off an error: its query may hold what must not
// be logged, and the operation is named anyway.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func (a *attempt) report(waited time.Duration) {
	r, s := a.r, a.r.c.cfg.Settings
	took := time.Since(a.began)
	if s.Observer != nil {
		s.Observer(countersign.Attempt{
			Provider: r.c.cfg.Provider, Op: r.call.Op, Method: r.call.Method, Path: r.call.Path.template,
			Number: r.number, StatusCode: a.status, Err: a.err, Waited: waited, Duration: took,
		})
	}
	if s.Logger.Enabled(r.ctx, slog.LevelDebug) {
		attrs := []slog.Attr{
			slog.String("provider", r.c.cfg.Provider), slog.String("op", r.call.Op),
			slog.String("method", r.call.Method), slog.String("path", r.call.Path.template),
			slog.Int("status", a.status), slog.Int("attempt", r.number), slog.Duration("took", took),
		}
		if a.err != nil {
			attrs = append(attrs, slog.String("error", a.err.Error()))
		}
		s.Logger.LogAttrs(r.ctx, slog.LevelDebug, "request", attrs...)
	}
}

// drain reads what is left of a small body, so that the connection is used again.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	_ = body.Close()
}
