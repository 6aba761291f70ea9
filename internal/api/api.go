// Package api runs calls to a service over HTTP: one Call value describes an
// endpoint, and one loop sends it. It is the only package that imports resty.
//
// For each attempt the loop waits for the limiter, asks for the credential,
// builds a fresh request, sends it and classifies what came. The caller's
// context bounds everything, waits and token fetches included. What a call does
// to the service (Read, IdempotentWrite, Write) is stated by whoever describes
// it and decides what may be repeated; a write that was sent without a
// trustworthy answer ends in countersign.ErrOutcomeUnknown.
//
// resty buffers bodies, replays consumed readers, follows redirects with
// credentials and decodes silently, so none of that is left to it: its retry is
// off, bodies come from a factory at the last moment, and answers are read here.
package api

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign/countersign"
	"github.com/go-resty/resty/v2"
)

const (
	maxAnswer    = 16 << 20 // bytes of an answer that is decoded
	maxErrorBody = 1 << 20  // bytes read of an error answer
	keepBody     = 64 << 10 // bytes of an error answer kept in Error.Body
	maxRedirects = 10
)

// Config is what a provider's client is made of.
type Config struct {
	Provider string // for errors and logs: "cloudsign"
	Settings countersign.Settings
	Auth     Auth // nil: calls carry no credential
	// ParseError reads an error answer; nil leaves status and body alone.
	ParseError func(status int, header http.Header, body []byte) Detail
	// IdempotencyHeader is the header that makes a write repeatable; empty: the
	// service has none.
	IdempotencyHeader string
	// RequestIDHeader is the answer's header that names the request.
	RequestIDHeader string
	// Observe is told of each answer's header, for limits that a service
	// announces there; nil: nobody wants to know.
	Observe func(header http.Header)
	// RateLimitWait is how long to wait after a 429 that does not say it.
	RateLimitWait time.Duration
}

// Detail is what a service said about a failure.
type Detail struct {
	Code    string
	Message string
	Fields  []countersign.FieldError
	Kind    error  // overrides countersign.KindOfStatus when not nil
	Repeat  Repeat // overrides what the status says about repeating
	// RetryAfter is how long to wait, where the service says it in its own way;
	// 0 leaves it to the Retry-After header and Config.RateLimitWait.
	RetryAfter time.Duration
}

// Repeat says whether a refused call may be sent again.
type Repeat int

// What Detail.Repeat says.
const (
	RepeatByStatus Repeat = iota // as the HTTP status has it
	RepeatLater                  // refused before anything was done: safe after a wait
	RepeatNever                  // sending it again makes it worse
)

// Client runs calls. It is immutable and safe for concurrent use.
type Client struct {
	cfg    Config
	base   *url.URL
	resty  *resty.Client
	budget *budget
}

// New makes a client. The settings must hold a base URL.
func New(cfg Config) (*Client, error) {
	if cfg.Settings.BaseURL == nil {
		return nil, &countersign.ConfigError{Component: cfg.Provider, Field: "BaseURL", Reason: "is missing", Fix: "use countersign.WithBaseURL"}
	}
	rc := resty.NewWithClient(httpClient(cfg.Settings.HTTPClient))
	rc.SetRetryCount(0)
	rc.SetLogger(discard{})
	rc.SetDisableWarn(true)
	rc.SetPreRequestHook(attachBody)
	return &Client{cfg: cfg, base: cfg.Settings.BaseURL, resty: rc, budget: newBudget()}, nil
}

// Settings is what the client was made with.
func (c *Client) Settings() countersign.Settings { return c.cfg.Settings }

// httpClient copies the caller's client, so that it stays as it is, and takes
// away what would carry credentials elsewhere: cookies and foreign redirects.
func httpClient(given *http.Client) *http.Client {
	hc := &http.Client{}
	if given != nil {
		*hc = *given
	} else if t, ok := http.DefaultTransport.(*http.Transport); ok {
		own := t.Clone()
		own.MaxIdleConnsPerHost = 32 // one host, many calls at once
		hc.Transport = own
	}
	hc.Jar = nil
	hc.CheckRedirect = checkRedirect
	return hc
}

// errRedirect is a redirect that is not followed.
var errRedirect = errors.New("redirect refused")

type redirectError struct{ reason string }

func (e redirectError) Error() string        { return "redirect refused: " + e.reason }
func (e redirectError) Is(target error) bool { return target == errRedirect }

// checkRedirect follows a redirect only where it can't carry a credential to
// another host and can't turn a write into a read.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) >= maxRedirects:
		return redirectError{"too many"}
	case req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host:
		return redirectError{"it leads to another host"}
	case req.Method != first.Method:
		return redirectError{"it would change the method"}
	}
	return nil
}

type bodyKey struct{}

// attachBody gives each request its own fresh body: resty would read a reader
// whole, and would send it empty when it sends it again.
func attachBody(_ *resty.Client, req *http.Request) error {
	p, ok := req.Context().Value(bodyKey{}).(*sending)
	if !ok {
		// resty puts a reader of its own there, which goes out in chunks.
		req.Body, req.ContentLength, req.GetBody = http.NoBody, 0, nil
		return nil
	}
	rc, err := p.open()
	if err != nil {
		return err
	}
	req.Body = rc
	req.ContentLength = p.length
	if !p.once {
		req.GetBody = func() (io.ReadCloser, error) { return p.open() }
	}
	return nil
}

// discard keeps resty from writing to the standard error output.
type discard struct{}

func (discard) Errorf(string, ...any) {}
func (discard) Warnf(string, ...any)  {}
func (discard) Debugf(string, ...any) {}
