// Package webhook is what the receivers of all providers share: one handler
// that refuses what is not a webhook of the sender, reads the body within
// bounds, opens it, and hands it over before it answers.
//
// The order of the checks is fixed, cheapest first: method, source address,
// what the provider can tell from the header alone, content type, body, then
// the provider's own Open, which authenticates the body and decodes it. Only
// after Accept has returned nil is the answer 2xx, so a sender that repeats
// unacknowledged messages repeats everything that was not stored.
//
// Answers have no body and give no reason. The reason is logged, without the
// body, the header or any secret.
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/countersign/countersign"
)

// Defaults of Config.
const (
	DefaultMaxBody     = 10 << 20
	DefaultReadTimeout = 10 * time.Second
	DefaultTimeout     = 30 * time.Second
	DefaultRetryAfter  = 30 * time.Second
)

// What Admit and Open say about a message that is not handed over. Any other
// error is taken for a failure of our own side, after which the sender should
// try again: it is answered 503.
var (
	// ErrForged: the message is not authentic. It is answered 401.
	ErrForged = errors.New("not authentic")
	// ErrUseless: the message is authentic, but there is nothing in it to hand
	// over, and repeating it can't help. It is answered 200.
	ErrUseless = errors.New("nothing to hand over")
)

// Config is what a handler of events of type E is made of.
type Config[E any] struct {
	Name string // for logs and configuration errors: "docusign receiver"
	// ContentTypes are the media types that are read, without parameters; "" is a
	// request that names none. Others are answered 415. Empty: any, or none.
	ContentTypes []string
	MaxBody      int64 // bytes; 0: DefaultMaxBody. Longer bodies are answered 413
	// ReadTimeout is how long the body may take to arrive; 0: DefaultReadTimeout.
	// It replaces the server's own read timeout for this request.
	ReadTimeout time.Duration
	Timeout     time.Duration // for Open and Accept together; 0: DefaultTimeout
	RetryAfter  time.Duration // what a 503 asks for, in whole seconds; 0: DefaultRetryAfter
	Sources     Sources
	// Admit looks at the header and the address before the body is read; nil
	// admits everything.
	Admit func(r *http.Request) error
	// Open authenticates and decodes a body. It is required.
	Open func(ctx context.Context, r *http.Request, body []byte) (E, error)
	// Accept takes an event into durable keeping. It is required.
	Accept func(ctx context.Context, event E) error
	Logger *slog.Logger // nil: silent
}

// Handler receives webhooks. It is immutable and safe for concurrent use.
type Handler[E any] struct{ cfg Config[E] }

// New checks the configuration and fills in the defaults. Its error is a
// *countersign.ConfigError.
func New[E any](cfg Config[E]) (*Handler[E], error) {
	switch {
	case cfg.Accept == nil:
		return nil, &countersign.ConfigError{Component: cfg.Name, Field: "Accept", Reason: "is nil", Fix: "give a function that stores the event"}
	case cfg.Open == nil:
		return nil, &countersign.ConfigError{Component: cfg.Name, Field: "Open", Reason: "is nil"}
	case cfg.MaxBody < 0:
		return nil, &countersign.ConfigError{Component: cfg.Name, Field: "MaxBody", Reason: "is negative"}
	case cfg.ReadTimeout < 0:
		return nil, &countersign.ConfigError{Component: cfg.Name, Field: "ReadTimeout", Reason: "is negative"}
	case cfg.Timeout < 0:
		return nil, &countersign.ConfigError{Component: cfg.Name, Field: "Timeout", Reason: "is negative"}
	}
	sources, err := cfg.Sources.checked(cfg.Name)
	if err != nil {
		return nil, err
	}
	cfg.Sources = sources
	cfg.ContentTypes = slices.Clone(cfg.ContentTypes)
	if cfg.MaxBody == 0 {
		cfg.MaxBody = DefaultMaxBody
	}
	if cfg.ReadTimeout == 0 {
		cfg.ReadTimeout = DefaultReadTimeout
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.RetryAfter <= 0 {
		cfg.RetryAfter = DefaultRetryAfter
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Handler[E]{cfg}, nil
}

// ServeHTTP answers one webhook.
func (h *Handler[E]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The status of every way out that is not a return: a panic must not look
	// like an acknowledgement.
	status := http.StatusServiceUnavailable
	log := h.cfg.Logger.With(slog.String("receiver", h.cfg.Name), slog.String("source", h.cfg.Sources.describe(r)))
	ctx := r.Context()
	defer func() {
		if p := recover(); p != nil {
			// The value of a panic may quote the body, so only its type is logged.
			log.ErrorContext(ctx, "webhook: panic", slog.String("type", typeName(p)), slog.String("stack", string(debug.Stack())))
		}
		h.answer(w, status)
	}()
	status = h.handle(w, r, log)
}

func (h *Handler[E]) answer(w http.ResponseWriter, status int) {
	header := w.Header()
	switch status {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", strconv.Itoa(max(1, int(h.cfg.RetryAfter/time.Second))))
	}
	header.Set("Content-Length", "0")
	w.WriteHeader(status)
}

// handle gives the status to answer with.
func (h *Handler[E]) handle(w http.ResponseWriter, r *http.Request, log *slog.Logger) int {
	ctx := r.Context()
	refuse := func(status int, level slog.Level, reason string) int {
		log.Log(ctx, level, "webhook: refused", slog.Int("status", status), slog.String("reason", reason))
		return status
	}
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, slog.LevelWarn, "method is not POST")
	}
	if !h.cfg.Sources.allow(r) {
		return refuse(http.StatusUnauthorized, slog.LevelWarn, "source address is not allowed")
	}
	if h.cfg.Admit != nil {
		if err := h.cfg.Admit(r); err != nil {
			return h.unopened(r, err, 0, log)
		}
	}
	if !h.readable(r) {
		return refuse(http.StatusUnsupportedMediaType, slog.LevelError, "content type is not one of a webhook")
	}
	body, err := readBody(w, r, h.cfg.MaxBody, h.cfg.ReadTimeout)
	if err != nil {
		return refuse(statusOf(err), slog.LevelError, err.Error())
	}
	return h.deliver(r, body, log)
}

// deliver opens a body and hands the event over.
func (h *Handler[E]) deliver(r *http.Request, body []byte, log *slog.Logger) int {
	ctx, cancel := context.WithTimeout(r.Context(), h.cfg.Timeout)
	defer cancel()
	event, err := h.cfg.Open(ctx, r, body)
	if err != nil {
		return h.unopened(r, err, len(body), log)
	}
	if err := h.cfg.Accept(ctx, event); err != nil {
		log.ErrorContext(ctx, "webhook: not accepted", slog.Int("status", http.StatusServiceUnavailable), slog.Any("error", err))
		return http.StatusServiceUnavailable
	}
	log.DebugContext(ctx, "webhook: accepted", slog.Int("bytes", len(body)))
	return http.StatusOK
}

// unopened gives the status for a message that Admit or Open turned down.
func (h *Handler[E]) unopened(r *http.Request, err error, size int, log *slog.Logger) int {
	status, level := http.StatusServiceUnavailable, slog.LevelError
	switch {
	case errors.Is(err, ErrForged):
		status, level = http.StatusUnauthorized, slog.LevelWarn
	case errors.Is(err, ErrUseless):
		status, level = http.StatusOK, slog.LevelWarn
	}
	log.Log(r.Context(), level, "webhook: not handed over", slog.Int("status", status), slog.Int("bytes", size), slog.Any("error", err))
	return status
}

func (h *Handler[E]) readable(r *http.Request) bool {
	if len(h.cfg.ContentTypes) == 0 {
		return true
	}
	if r.Header.Get("Content-Type") == "" {
		return slices.Contains(h.cfg.ContentTypes, "")
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && slices.Contains(h.cfg.ContentTypes, mediaType)
}
