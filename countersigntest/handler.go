package countersigntest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Backstage is what surrounds the handler of a fake. All but Refuse is required.
type Backstage struct {
	Clock  *Clock
	Faults *Faults
	Log    *Log
	// Describe says what a request means. It must not read the body.
	Describe func(*http.Request) Call
	// Refuse writes the service's own error for a status that a fault asks
	// for, and reports whether it did; nil or false: an HTML page.
	Refuse func(w http.ResponseWriter, status int) bool
}

// Handler is next with faults injected and every request logged.
func Handler(next http.Handler, b Backstage) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &answer{ResponseWriter: w, cutAfter: -1}
		b.serve(next, out, r)
		out.finish()
	})
}

// serve gives the answer but for its last byte, and logs it.
func (b Backstage) serve(next http.Handler, out *answer, r *http.Request) {
	call := b.Describe(r)
	b.Log.begin(call)
	entry := Entry{Call: call, When: b.Clock.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery}
	whole := false
	defer func() {
		// Runs for a cut connection too, whose panic passes through here.
		entry.Status = out.status
		if !whole && entry.Fault == "" {
			entry.Fault = "aborted"
		}
		b.Log.end(entry)
	}()
	for _, fault := range b.Faults.choose(call.Operation, r) {
		if fault.kind == faultLatency {
			b.wait(r, fault.delay)
			continue
		}
		entry.Fault = fault.String()
		b.inject(fault, next, out, r)
		return
	}
	next.ServeHTTP(out, r)
	if out.status == 0 {
		out.status = http.StatusOK
	}
	whole = true
}

func (b Backstage) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-b.Faults.closed:
	}
}

func (b Backstage) inject(fault Fault, next http.Handler, out *answer, r *http.Request) {
	switch fault.kind {
	case faultStatus:
		if fault.retryAfter != "" {
			out.Header().Set("Retry-After", fault.retryAfter)
		}
		if b.Refuse == nil || !b.Refuse(out, fault.status) {
			gatewayPage(out, fault.status)
		}
	case faultHang:
		// The server notices that a client is gone only once the body is read.
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-b.Faults.closed:
		}
		panic(http.ErrAbortHandler)
	case faultCut:
		out.cutAfter = fault.after
		next.ServeHTTP(out, r)
		out.cut()
	case faultLost:
		out.lost = true
		out.own = http.Header{}
		next.ServeHTTP(out, r)
		reset(out.ResponseWriter)
	}
}

func gatewayPage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	text := http.StatusText(status)
	_, _ = fmt.Fprintf(w, "<html><head><title>%d %s</title></head><body><h1>%[2]s</h1></body></html>\n", status, text)
}

// reset closes the connection in a way that the client sees as a reset, not as
// an orderly end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the server resets the stream
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// answer notes the status and, where a fault says so, swallows the answer or
// cuts it. It holds the last byte back: a client must not have an answer that
// the log does not have yet, and a cut answer must never arrive whole.
type answer struct {
	http.ResponseWriter
	status   int
	sent     int64
	cutAfter int64  // -1: never
	held     []byte // the last byte that the handler wrote
	lost     bool
	own      http.Header // in place of the real header, for a lost answer
}

// Unwrap gives http.ResponseController the writer below.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Header is the header that will be sent.
func (a *answer) Header() http.Header {
	if a.lost {
		return a.own
	}
	return a.ResponseWriter.Header()
}

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	if !a.lost {
		a.ResponseWriter.WriteHeader(status)
	}
}

// Write sends what the fault lets through.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.lost {
		return len(p), nil
	}
	if len(p) == 0 {
		return a.ResponseWriter.Write(p)
	}
	last := len(p) - 1
	for _, part := range [][]byte{a.held, p[:last]} {
		if err := a.send(part); err != nil {
			return 0, err
		}
	}
	a.held = append(a.held[:0], p[last])
	return len(p), nil
}

func (a *answer) send(part []byte) error {
	if a.cutAfter < 0 {
		_, err := a.ResponseWriter.Write(part)
		return err
	}
	n, err := a.ResponseWriter.Write(part[:min(int64(len(part)), a.cutAfter-a.sent)])
	a.sent += int64(n)
	if err == nil && a.sent == a.cutAfter {
		a.cut()
	}
	return err
}

// finish sends the last byte.
func (a *answer) finish() {
	if len(a.held) > 0 && !a.lost {
		_, _ = a.ResponseWriter.Write(a.held)
	}
}

// cut sends what is buffered and ends the connection without the end of the
// body.
func (a *answer) cut() {
	_ = http.NewResponseController(a.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
