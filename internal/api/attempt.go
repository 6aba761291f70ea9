package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/go-resty/resty/v2"
)

// errStalled is the cause of an attempt that took longer than its timeout.
var errStalled = errors.New("no answer within the timeout")

// attempt is one request and its answer.
type attempt struct {
	r          *run
	began      time.Time
	clock      *stallClock
	body       io.ReadCloser
	size       int64 // of the body; -1: not known
	status     int
	header     http.Header
	err        error // no answer came, or it broke off
	errorBody  []byte
	detail     Detail // what the service said about a failure
	retryAfter time.Duration
	saidWhen   bool
}

// stallClock cancels an attempt that makes no progress for a while.
type stallClock struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
	stop   sync.Once
}

func newStallClock(parent context.Context, limit time.Duration) *stallClock {
	ctx, cancel := context.WithCancelCause(parent)
	s := &stallClock{ctx: ctx, cancel: cancel, limit: limit}
	s.timer = time.AfterFunc(limit, func() { cancel(errStalled) })
	return s
}

func (s *stallClock) progress() { s.timer.Reset(s.limit) }

func (s *stallClock) end() {
	s.stop.Do(func() {
		s.timer.Stop()
		s.cancel(nil)
	})
}

// explain says why the context ended, where that is the reason of err.
func (s *stallClock) explain(err error) error {
	if err == nil || s.ctx.Err() == nil {
		return err
	}
	if cause := context.Cause(s.ctx); errors.Is(cause, errStalled) {
		return cause
	}
	return ended(s.ctx)
}

// ended is the error of a context that ended, with its cause if it has one of
// its own. It is nil while the context lives.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if err == nil || errors.Is(cause, err) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// send makes the request and reads the answer's header. A failure is left in
// a.err.
func (a *attempt) send() {
	r := a.r
	a.clock = newStallClock(r.ctx, r.set.Timeout)
	ctx := a.clock.ctx
	var out *sending
	if r.payload != nil {
		out = &sending{payload: r.payload, progress: a.clock.progress, once: r.namesKey()}
		ctx = context.WithValue(ctx, bodyKey{}, out)
	}
	req := r.c.resty.R().SetContext(ctx).SetDoNotParseResponse(true)
	a.setHeader(req)
	resp, err := req.Execute(r.call.Method, r.url)
	if out != nil {
		if failed := out.failed.Load(); failed != nil {
			err = failed
		}
	}
	if err != nil {
		a.err = withoutURL(a.clock.explain(err))
		if resp != nil && resp.RawResponse != nil {
			drain(resp.RawBody())
		}
		a.clock.end()
		return
	}
	a.clock.progress()
	a.body, a.status, a.header = resp.RawBody(), resp.StatusCode(), resp.Header()
	a.size = resp.RawResponse.ContentLength
	a.note()
	if a.status < 200 || a.status >= 300 {
		a.errorBody, _ = io.ReadAll(io.LimitReader(a.body, maxErrorBody))
		a.close()
		a.learn()
	}
}

// learn reads what the service said about a failure.
func (a *attempt) learn() {
	parse := a.r.c.cfg.ParseError
	if parse == nil {
		return
	}
	a.detail = parse(a.status, a.header, a.errorBody)
	if a.detail.RetryAfter > 0 {
		a.retryAfter = a.detail.RetryAfter
	}
}

func (a *attempt) setHeader(req *resty.Request) {
	r := a.r
	for name, values := range r.call.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	accept := r.call.Accept
	if accept == "" {
		accept = "application/json"
	}
	req.SetHeader("Accept", accept)
	req.SetHeader("User-Agent", r.c.cfg.Settings.UserAgent)
	if r.payload != nil {
		req.SetHeader("Content-Type", r.payload.contentType)
	}
	if r.namesKey() {
		req.SetHeader(r.c.cfg.IdempotencyHeader, r.set.IdempotencyKey)
	}
	if r.cred.Header != "" && !r.call.NoAuth {
		req.SetHeader(r.cred.Header, r.cred.Prefix+r.cred.Value.Reveal())
	}
}

// note keeps what the header says.
func (a *attempt) note() {
	r := a.r
	a.retryAfter, a.saidWhen = parseRetryAfter(a.header, time.Now())
	if a.status == http.StatusTooManyRequests && !a.saidWhen {
		a.retryAfter = r.c.cfg.RateLimitWait
	}
	r.meta = countersign.Meta{StatusCode: a.status, Header: a.header}
	if h := r.c.cfg.RequestIDHeader; h != "" {
		r.meta.RequestID = a.header.Get(h)
	}
	if observe := r.c.cfg.Observe; observe != nil {
		observe(a.header)
	}
}

func (a *attempt) close() {
	drain(a.body)
	a.clock.end()
}

// decode reads the whole body within its limit and decodes it.
func (a *attempt) decode(dec Decoder) error {
	defer a.close()
	if dec == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(a.body, maxAnswer+1))
	if err != nil {
		return a.clock.explain(err)
	}
	if len(body) > maxAnswer {
		return a.undecodable("it is larger than 16 MiB", len(body), nil)
	}
	err = dec(a.header.Get("Content-Type"), body)
	switch {
	case errors.Is(err, errNotJSON):
		return a.undecodable("expected JSON", len(body), nil)
	case err != nil:
		return a.undecodable(whyUndecodable(err), len(body), err)
	}
	return nil
}

// whyUndecodable names the member that was wrong, where that is known. The error
// itself may quote the value, so its text is not used.
func whyUndecodable(err error) string {
	if bad, ok := errors.AsType[badAnswer](err); ok {
		return string(bad)
	}
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && te.Field != "" {
		return "the member " + te.Field + " has another type than expected"
	}
	return "it can't be decoded"
}

func (a *attempt) undecodable(reason string, size int, err error) error {
	return &countersign.DecodeError{
		Provider: a.r.c.cfg.Provider, Op: a.r.call.Op, StatusCode: a.status,
		ContentType: clean(a.header.Get("Content-Type"), 100, nil), Reason: reason, Size: int64(size), Err: err,
	}
}

// failure turns the attempt into the call's error.
func (a *attempt) failure(v verdict) error {
	r := a.r
	e := &countersign.Error{
		Provider: r.c.cfg.Provider, Op: r.call.Op, Method: r.call.Method, Path: r.call.Path.template,
		StatusCode: a.status, RequestID: r.meta.RequestID, Attempts: r.number, RetryAfter: a.retryAfter, Err: a.err,
	}
	switch {
	case a.err == nil:
		a.describe(e)
	case r.ctx.Err() != nil:
	case v == stop:
		e.Kind = countersign.ErrInvalid
	default:
		e.Kind = countersign.ErrUnavailable
	}
	if v == unknown || (v == again && r.call.Effect != Read && !a.refused()) {
		e.Kind = countersign.ErrOutcomeUnknown
	}
	return e
}

// refused reports whether the service is known not to have acted.
func (a *attempt) refused() bool {
	return notSent(a.err) || a.detail.Repeat == RepeatLater || a.status == http.StatusTooManyRequests || a.status == http.StatusTooEarly ||
		(a.status == http.StatusServiceUnavailable && a.saidWhen)
}

// describe fills in what the service said.
func (a *attempt) describe(e *countersign.Error) {
	secrets := append([]countersign.Secret{a.r.cred.Value}, a.r.call.Secrets...)
	if e.Kind = countersign.KindOfStatus(a.status); e.Kind == nil {
		e.Kind = countersign.ErrInvalid // a redirect that can't be followed
	}
	body := a.errorBody[:min(len(a.errorBody), keepBody)]
	for _, s := range secrets {
		body = []byte(withoutSecret(string(body), s))
	}
	e.Body = body
	d := a.detail
	e.Code, e.Message = clean(d.Code, 100, secrets), clean(d.Message, 1000, secrets)
	for _, f := range d.Fields {
		e.Fields = append(e.Fields, countersign.FieldError{Name: clean(f.Name, 100, secrets), Message: clean(f.Message, 300, secrets)})
	}
	if d.Kind != nil {
		e.Kind = d.Kind
	}
}
