package countersign

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// The kinds of failure that every client reports the same way. Match them with
// errors.Is; read the details with errors.AsType[*Error].
var (
	// ErrInvalid: the request itself is wrong; sending it again cannot help.
	ErrInvalid = errors.New("invalid request")
	// ErrUnauthorized: the credential is missing, wrong or expired.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden: the credential is known but has no right to this.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: the thing does not exist or is not visible.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the thing is in a state that forbids the operation.
	ErrConflict = errors.New("conflict")
	// ErrRateLimited: too many requests; Error.RetryAfter says when to come
	// back, where the service said it.
	ErrRateLimited = errors.New("rate limited")
	// ErrUnavailable: the service could not be reached or failed on its side,
	// and the request is known to have had no effect or is safe to repeat.
	ErrUnavailable = errors.New("service unavailable")
	// ErrOutcomeUnknown: a write was sent and no trustworthy answer came, so it
	// may or may not have happened. Nothing repeats it blindly: look at the
	// target first. An error may be of this kind and of another: a repetition
	// was refused after the answer to an earlier attempt got lost.
	ErrOutcomeUnknown = errors.New("outcome unknown")
)

// FieldError is one field that a service refused.
type FieldError struct {
	Name    string // the service's own name of the field
	Message string
}

// Error is a failed call to a service. All providers use it. It holds no
// credential, and its text holds no body.
type Error struct {
	Provider   string        // "cloudsign"
	Op         string        // "get document"
	Method     string        // HTTP method
	Path       string        // path template, without ids: "/documents/{documentID}"
	StatusCode int           // HTTP status; 0 when no answer came
	Code       string        // the service's own error code, as sent
	Message    string        // the service's own message, at most 1,000 bytes
	Fields     []FieldError  // fields that the service named
	RequestID  string        // the service's id of the request, if it sends one
	RetryAfter time.Duration // how long to wait, as the service or its documentation says; 0: not known
	Attempts   int           // how often the request was sent
	Body       []byte        // the answer's body, at most 64 KiB; never part of the text
	Kind       error         // one of the kinds of this package, or nil
	Err        error         // the cause, or nil
}

// KindOfStatus is the kind that an HTTP status stands for unless a service
// says otherwise; nil for a status below 400.
func KindOfStatus(status int) error {
	switch {
	case status < 400:
		return nil
	case status == http.StatusUnauthorized:
		return ErrUnauthorized
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound || status == http.StatusGone:
		return ErrNotFound
	case status == http.StatusConflict || status == http.StatusPreconditionFailed || status == http.StatusLocked:
		return ErrConflict
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooEarly:
		return ErrUnavailable
	default:
		return ErrInvalid
	}
}

// Error gives the provider, the operation and what went wrong in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Provider)
	b.WriteString(": ")
	b.WriteString(e.Op)
	b.WriteString(": ")
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, "%d ", e.StatusCode)
	}
	b.WriteString(e.reason())
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Name, f.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; retry after %s", e.RetryAfter)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// reason joins what is known: kind, code, message and cause, each once.
func (e *Error) reason() string {
	var parts []string
	if errors.Is(e.Kind, ErrOutcomeUnknown) {
		parts = append(parts, ErrOutcomeUnknown.Error())
	}
	if e.Code != "" {
		parts = append(parts, e.Code)
	}
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	if len(parts) == 0 {
		text := strings.ToLower(http.StatusText(e.StatusCode))
		if text == "" && e.Kind != nil && e.Err == nil {
			text = e.Kind.Error()
		}
		if text != "" {
			parts = append(parts, text)
		}
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the kind and the cause, so that errors.Is finds both.
func (e *Error) Unwrap() []error {
	out := make([]error, 0, 2)
	if e.Kind != nil {
		out = append(out, e.Kind)
	}
	if e.Err != nil {
		out = append(out, e.Err)
	}
	return out
}

// LogValue gives the same facts as Error, as attributes.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("provider", e.Provider), slog.String("op", e.Op),
		slog.String("method", e.Method), slog.String("path", e.Path),
		slog.Int("status", e.StatusCode), slog.Int("attempts", e.Attempts),
		slog.String("error", e.reason()),
	}
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", e.Code))
	}
	if e.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", e.RequestID))
	}
	return slog.GroupValue(attrs...)
}

// ConfigError is a mistake in what a program configured: which field, what is
// wrong with it, and what to do. It is found before anything is sent.
type ConfigError struct {
	Component string // package or type: "cloudsign", "ledgersync"
	Field     string // "ClientID"
	Reason    string // "is empty"
	Fix       string // "create one on …"; may be empty
}

// Error names the component, the field, the reason and the fix.
func (e *ConfigError) Error() string {
	s := e.Component + ": " + e.Field + " " + e.Reason
	if e.Fix != "" {
		s += ": " + e.Fix
	}
	return s
}

// Is reports a ConfigError as ErrInvalid.
func (e *ConfigError) Is(target error) bool { return target == ErrInvalid }

// DecodeError is an answer that arrived but could not be understood: an
// unexpected content type, JSON that is cut off, a member of the wrong type.
type DecodeError struct {
	Provider    string
	Op          string
	StatusCode  int
	ContentType string
	Reason      string // what was expected; never a quotation of the body
	Size        int64  // bytes read
	// Err is the decoder's error, or nil. It is no part of the text, since decoders
	// quote, and errors.Is does not see it: a value that is invalid in an answer
	// does not make the request ErrInvalid.
	Err error
}

// Error says what was expected and what came, without quoting the body, which
// may hold personal data.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("%s: %s: answer %d with content type %q and %d bytes: %s",
		e.Provider, e.Op, e.StatusCode, e.ContentType, e.Size, e.Reason)
}
