package countersign

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Limiter holds a request back until it may be sent. *rate.Limiter of
// golang.org/x/time/rate fits; so does a limiter that several processes share.
// Wait returns the context's error when it ends first. It must be safe for
// concurrent use.
type Limiter interface {
	Wait(ctx context.Context) error
}

// RetryPolicy says how often and how patiently a call that is safe to repeat is
// repeated. Fields that are zero take the default.
type RetryPolicy struct {
	MaxAttempts int           // attempts in all; default 3; 1 never retries
	BaseDelay   time.Duration // first wait, doubling and jittered; default 500 ms
	MaxDelay    time.Duration // longest wait; default 60 s. A service that asks for more gets its error returned at once
}

// Attempt is what an Observer is told about one request.
type Attempt struct {
	Provider   string
	Op         string
	Method     string
	Path       string // template, without ids
	Number     int    // 1 for the first attempt of a call
	StatusCode int    // 0 when no answer came
	Err        error  // nil when an answer came
	Waited     time.Duration
	Duration   time.Duration // until the answer's header
}

// Observer is told about each attempt, for metrics. It must be fast and safe
// for concurrent use.
type Observer func(Attempt)

// Settings is what a client's options amount to. Clients make it with
// NewSettings; programs use options.
type Settings struct {
	BaseURL    *url.URL
	HTTPClient *http.Client // nil: a client of our own
	Timeout    time.Duration
	Retry      RetryPolicy
	Limiter    Limiter
	Logger     *slog.Logger
	UserAgent  string
	Observer   Observer
}

// Option changes one setting of a client. Options are made by the With
// functions alone; the order of different options does not matter, and the
// last of the same wins.
type Option interface{ apply(*Settings) error }

type optionFunc func(*Settings) error

func (f optionFunc) apply(s *Settings) error { return f(s) }

// NewSettings applies options to defaults and fills what is still empty: 30 s
// for each attempt, three attempts, no logging. Its error is a *ConfigError.
func NewSettings(defaults Settings, opts ...Option) (Settings, error) {
	s := defaults
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.apply(&s); err != nil {
			return Settings{}, err
		}
	}
	if s.Timeout == 0 {
		s.Timeout = 30 * time.Second
	}
	if s.Retry.MaxAttempts == 0 {
		s.Retry.MaxAttempts = 3
	}
	if s.Retry.BaseDelay == 0 {
		s.Retry.BaseDelay = 500 * time.Millisecond
	}
	if s.Retry.MaxDelay == 0 {
		s.Retry.MaxDelay = time.Minute
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if s.UserAgent == "" {
		s.UserAgent = "countersign/" + Version
	}
	return s, nil
}

// WithBaseURL sends requests to another address than the service's own: a
// test server or a proxy. It must be absolute, http or https, without user,
// query or fragment; http is accepted for loopback addresses only.
func WithBaseURL(raw string) Option {
	return optionFunc(func(s *Settings) error {
		u, err := ParseBaseURL(raw)
		if err != nil {
			return err
		}
		s.BaseURL = u
		return nil
	})
}

// WithHTTPClient uses the caller's client: its transport and timeout. It is
// copied and never changed; its cookie jar is not used and redirects to
// another host are refused.
func WithHTTPClient(c *http.Client) Option {
	return optionFunc(func(s *Settings) error {
		if c == nil {
			return &ConfigError{Component: "countersign", Field: "WithHTTPClient", Reason: "is nil", Fix: "leave the option out for a client of our own"}
		}
		s.HTTPClient = c
		return nil
	})
}

// WithTimeout bounds each attempt up to the end of its answer; a streamed
// download is bounded up to its header only. The default is 30 s unless the
// client says otherwise. The context bounds the whole call.
func WithTimeout(d time.Duration) Option {
	return optionFunc(func(s *Settings) error {
		if d <= 0 {
			return &ConfigError{Component: "countersign", Field: "WithTimeout", Reason: "is not positive"}
		}
		s.Timeout = d
		return nil
	})
}

// WithRetry changes how calls that are safe to repeat are repeated.
func WithRetry(p RetryPolicy) Option {
	return optionFunc(func(s *Settings) error {
		if p.MaxAttempts < 0 || p.BaseDelay < 0 || p.MaxDelay < 0 {
			return &ConfigError{Component: "countersign", Field: "WithRetry", Reason: "has a negative value"}
		}
		s.Retry = p
		return nil
	})
}

// WithLimiter replaces the client's own limiter, for example by one that
// several processes share. Each attempt waits for it.
func WithLimiter(l Limiter) Option {
	return optionFunc(func(s *Settings) error {
		if l == nil {
			return &ConfigError{Component: "countersign", Field: "WithLimiter", Reason: "is nil"}
		}
		s.Limiter = l
		return nil
	})
}

// WithLogger logs each attempt at debug level: method, path template, status,
// duration, attempt. No header, body or query is logged. The default is silent.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(s *Settings) error {
		if l == nil {
			return &ConfigError{Component: "countersign", Field: "WithLogger", Reason: "is nil"}
		}
		s.Logger = l
		return nil
	})
}

// WithUserAgent puts the program's own name and version before the module's.
func WithUserAgent(name, version string) Option {
	return optionFunc(func(s *Settings) error {
		for _, r := range name + version {
			if r <= ' ' || r > '~' || r == '/' {
				return &ConfigError{Component: "countersign", Field: "WithUserAgent", Reason: "has a character that a user agent can't carry", Fix: "use printable ASCII without spaces and slashes"}
			}
		}
		if name == "" {
			return &ConfigError{Component: "countersign", Field: "WithUserAgent", Reason: "has no name"}
		}
		product := name
		if version != "" {
			product += "/" + version
		}
		s.UserAgent = product + " countersign/" + Version
		return nil
	})
}

// WithObserver is told about each attempt, for metrics.
func WithObserver(o Observer) Option {
	return optionFunc(func(s *Settings) error {
		if o == nil {
			return &ConfigError{Component: "countersign", Field: "WithObserver", Reason: "is nil"}
		}
		s.Observer = o
		return nil
	})
}

// Meta is what an answer said beside its body.
type Meta struct {
	StatusCode int
	Header     http.Header
	RequestID  string
	Attempts   int
}

// CallSettings is what the options of one call amount to.
type CallSettings struct {
	Meta           *Meta
	IdempotencyKey string
	Timeout        time.Duration
	NoRetry        bool
}

// CallOption changes one call.
type CallOption interface{ applyCall(*CallSettings) }

type callOptionFunc func(*CallSettings)

func (f callOptionFunc) applyCall(s *CallSettings) { f(s) }

// NewCallSettings applies the options of a call.
func NewCallSettings(opts ...CallOption) CallSettings {
	var s CallSettings
	for _, o := range opts {
		if o != nil {
			o.applyCall(&s)
		}
	}
	return s
}

// WithMeta fills m when the call ends, also when it fails after an answer came.
func WithMeta(m *Meta) CallOption { return callOptionFunc(func(s *CallSettings) { s.Meta = m }) }

// WithIdempotencyKey names the call, for services that recognise a repeated
// one. Services without such a key ignore it.
func WithIdempotencyKey(key string) CallOption {
	return callOptionFunc(func(s *CallSettings) { s.IdempotencyKey = key })
}

// WithCallTimeout bounds each attempt of this call instead of the client's
// timeout. Values that are not positive change nothing.
func WithCallTimeout(d time.Duration) CallOption {
	return callOptionFunc(func(s *CallSettings) { s.Timeout = d })
}

// WithoutRetry sends the request once.
func WithoutRetry() CallOption { return callOptionFunc(func(s *CallSettings) { s.NoRetry = true }) }

// Set fills m as a copy that the answer no longer shares.
func (m *Meta) Set(status int, header http.Header, requestID string, attempts int) {
	if m == nil {
		return
	}
	*m = Meta{StatusCode: status, Header: header.Clone(), RequestID: requestID, Attempts: attempts}
}
