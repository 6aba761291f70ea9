package webhook

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// The ways in which a body fails to arrive.
var (
	errTooLarge = errors.New("body is longer than the limit")
	errTooSlow  = errors.New("body took too long to arrive")
	errCutOff   = errors.New("body did not arrive whole")
)

// readBody reads the whole body, at most limit bytes within timeout.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, timeout time.Duration) ([]byte, error) {
	conn := http.NewResponseController(w)
	// A writer that wraps the server's may not support deadlines; the server's
	// own read timeout is all there is then.
	deadline := conn.SetReadDeadline(time.Now().Add(timeout)) == nil
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if deadline && err == nil {
		// Left in place it would end the request's context while Accept works.
		_ = conn.SetReadDeadline(time.Time{})
	}
	if err == nil {
		return body, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fmt.Errorf("%w of %d bytes", errTooLarge, limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, errTooSlow
	}
	return nil, errCutOff
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errTooSlow):
		return http.StatusRequestTimeout
	default:
		return http.StatusBadRequest
	}
}

func typeName(v any) string { return fmt.Sprintf("%T", v) }
