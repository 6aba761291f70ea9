package gatewaytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/countersign/countersign/countersigntest"
)

// The operations, as [Server.Log] and the rules of [Server.Faults] name them.
const (
	OpRegister = "POST /entries"
	OpLookup   = "GET /entries"
	OpQuota    = "GET /quota"
)

// Option sets how a server behaves.
type Option func(*Server)

// WithClock sets the clock; the default runs with the system's.
func WithClock(c *countersigntest.Clock) Option { return func(s *Server) { s.clock = c } }

// WithContracted limits the contracted count; the default is no limit.
func WithContracted(n int64) Option { return func(s *Server) { s.contracted = &n } }

// WithHeader refuses requests without this header and value; the default asks
// for none.
func WithHeader(name, value string) Option {
	return func(s *Server) { s.header, s.value = name, value }
}

// WithoutIdempotency makes a gateway that breaks the contract: it does not
// recognise a key that it holds, and enters the file again.
func WithoutIdempotency() Option { return func(s *Server) { s.forgetful = true } }

// Server is a running gateway. It is safe for concurrent use.
type Server struct {
	web        *httptest.Server
	clock      *countersigntest.Clock
	faults     *countersigntest.Faults
	log        *countersigntest.Log
	header     string
	value      string
	contracted *int64
	forgetful  bool

	mu      sync.Mutex
	entries []Entry
	refusal *problem
}

// NewServer starts a server on a loopback address.
func NewServer(opts ...Option) *Server {
	s := &Server{clock: &countersigntest.Clock{}, faults: countersigntest.NewFaults(1), log: countersigntest.NewLog(10_000)}
	for _, o := range opts {
		o(s)
	}
	mux := http.NewServeMux()
	mux.HandleFunc(OpRegister, s.register)
	mux.HandleFunc(OpLookup, s.lookup)
	mux.HandleFunc(OpQuota, s.quota)
	s.web = httptest.NewServer(countersigntest.Handler(s.admit(mux), countersigntest.Backstage{
		Clock: s.clock, Faults: s.faults, Log: s.log, Describe: describe, Refuse: refuse,
	}))
	return s
}

// Close ends the server, also requests that a fault lets hang.
func (s *Server) Close() {
	s.faults.Close()
	s.web.CloseClientConnections()
	s.web.Close()
}

// URL is the server's base address, without a slash at the end.
func (s *Server) URL() string { return s.web.URL }

// Clock is the server's time.
func (s *Server) Clock() *countersigntest.Clock { return s.clock }

// Faults are the faults that the server injects; there are none at first.
func (s *Server) Faults() *countersigntest.Faults { return s.faults }

// Log is the log of requests.
func (s *Server) Log() *countersigntest.Log { return s.log }

// Entries gives what was registered, in that order, each time that it was.
func (s *Server) Entries() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.entries)
}

// Refuse answers every new registration with a status and a problem's code, such
// as 403 and "plan"; status 0 ends it.
func (s *Server) Refuse(status int, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = nil
	if status != 0 {
		s.refusal = &problem{Status: status, Type: problemPrefix + code, Title: http.StatusText(status)}
	}
}

func describe(r *http.Request) countersigntest.Call {
	switch operation := r.Method + " " + r.URL.Path; operation {
	case OpRegister:
		return countersigntest.Call{Operation: operation, Subject: r.Header.Get("Idempotency-Key")}
	case OpLookup:
		return countersigntest.Call{Operation: operation, Subject: r.URL.Query().Get("key")}
	case OpQuota:
		return countersigntest.Call{Operation: operation}
	}
	return countersigntest.Call{}
}

// admit asks for the header.
func (s *Server) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.header != "" && r.Header.Get(s.header) != s.value {
			fail(w, problem{Status: http.StatusUnauthorized, Detail: "the credential is missing or wrong"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

const problemPrefix = "urn:countersign:ledger-gateway:"

// problem is an answer of RFC 9457.
type problem struct {
	Type   string         `json:"type,omitempty"`
	Title  string         `json:"title,omitempty"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty"`
	Errors []problemError `json:"errors,omitempty"`
}

type problemError struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

func fail(w http.ResponseWriter, p problem) {
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	if p.Type == "" {
		p.Type = "about:blank"
	}
	w.Header().Set("Content-Type", "application/problem+json")
	answer(w, p.Status, p)
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // the wire types hold nothing that cannot be written
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the only error is a client that went away
}

// refuse writes the contract's error for an injected 429; what a proxy answers is
// left to countersigntest.
func refuse(w http.ResponseWriter, status int) bool {
	if status != http.StatusTooManyRequests {
		return false
	}
	fail(w, problem{Status: status})
	return true
}

func (s *Server) lookup(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("key")
	if key == "" {
		fail(w, problem{Status: http.StatusBadRequest, Type: problemPrefix + "invalid", Detail: "the query names no key"})
		return
	}
	found := []Entry{}
	for _, e := range s.Entries() {
		if e.Key == key {
			found = append(found, e)
		}
	}
	answer(w, http.StatusOK, map[string]any{"entries": found})
}

func (s *Server) quota(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"contracted": s.contracted, "used": len(s.entries)})
}

// enter keeps a draft whose PDF has come whole.
func (s *Server) enter(d draft) (Entry, int, *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := d.Source.key()
	i := slices.IndexFunc(s.entries, func(e Entry) bool { return e.Key == key })
	switch {
	case i >= 0 && s.entries[i].RequestID == d.RequestID && !s.forgetful:
		return s.entries[i], http.StatusCreated, nil
	case i >= 0 && !s.forgetful:
		return s.entries[i], http.StatusOK, nil
	case s.refusal != nil:
		return Entry{}, 0, s.refusal
	case s.contracted != nil && int64(len(s.entries)) >= *s.contracted:
		return Entry{}, 0, &problem{Status: http.StatusConflict, Type: problemPrefix + "quota", Title: "Contracted count used up",
			Detail: fmt.Sprintf("%d of %d are used up", len(s.entries), *s.contracted)}
	}
	e := d.entry(s.clock.Now().UTC().Truncate(time.Microsecond))
	e.ID = strconv.Itoa(len(s.entries) + 1)
	s.entries = append(s.entries, e)
	return e, http.StatusCreated, nil
}
