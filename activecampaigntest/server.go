package activecampaigntest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/countersign/countersign/countersigntest"
)

// Server is a running fake with one account. It is safe for concurrent use.
type Server struct {
	cfg    config
	web    *httptest.Server
	routes []route
	faults *countersigntest.Faults
	log    *countersigntest.Log

	mu    sync.Mutex // guards what follows
	state state
}

type route struct {
	operation string // "GET /contacts/{id}"
	method    string
	segments  []string
	handle    func(*Server, *call)
}

const prefix = "/api/3"

// NewServer starts a fake on a loopback port. Close it when it is done with.
func NewServer(opts ...Option) *Server {
	cfg := defaults()
	for _, o := range opts {
		o(&cfg)
	}
	s := &Server{cfg: cfg, faults: countersigntest.NewFaults(cfg.seed), log: countersigntest.NewLog(cfg.logSize), state: newState(cfg)}
	s.mount()
	s.web = httptest.NewServer(countersigntest.Handler(http.HandlerFunc(s.serve), countersigntest.Backstage{
		Clock: cfg.clock, Faults: s.faults, Log: s.log, Describe: s.describe, Refuse: refuse,
	}))
	return s
}

// Close ends the server, also requests that a fault lets hang.
func (s *Server) Close() {
	s.faults.Close()
	s.web.CloseClientConnections()
	s.web.Close()
}

// URL is the server's address, without a slash and without "/api/3" at the end.
func (s *Server) URL() string { return s.web.URL }

// APIKey is the key that the server takes, made up from the seed.
func (s *Server) APIKey() string { return s.state.key }

// Tracking is what event tracking takes: the actid and the event key.
func (s *Server) Tracking() (account, key string) { return "223344556", s.state.eventKey }

// Clock is the server's time.
func (s *Server) Clock() *countersigntest.Clock { return s.cfg.clock }

// Faults are the faults that the server injects; there are none at first.
func (s *Server) Faults() *countersigntest.Faults { return s.faults }

// Log is the log of requests.
func (s *Server) Log() *countersigntest.Log { return s.log }

// BusiestSecond is the most requests that came in within any second so far, those
// that were refused included and those of event tracking left out. Requests that a
// fault answered do not count.
func (s *Server) BusiestSecond() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.busiest
}

func (s *Server) now() time.Time { return s.cfg.clock.Now() }

func (s *Server) on(operation string, handle func(*Server, *call)) {
	method, path, _ := strings.Cut(operation, " ")
	s.routes = append(s.routes, route{operation, method, strings.Split(prefix+path, "/"), handle})
}

// match gives the route of a request; of those that fit, the one that was
// mounted first.
func (s *Server) match(r *http.Request) (*route, map[string]string) {
	got := strings.Split(r.URL.EscapedPath(), "/")
	for i := range s.routes {
		one := &s.routes[i]
		if one.method != r.Method {
			continue
		}
		if vars, ok := countersigntest.MatchPath(one.segments, got); ok {
			return one, vars
		}
	}
	return nil, nil
}

const trackOperation = "POST /event"

func (s *Server) describe(r *http.Request) countersigntest.Call {
	if r.URL.Path == "/event" {
		return countersigntest.Call{Operation: trackOperation}
	}
	rt, vars := s.match(r)
	if rt == nil {
		return countersigntest.Call{}
	}
	subject := ""
	for _, name := range []string{"schemaId", "id", "recordId", "externalId", "fieldId", "eventName"} {
		if v := vars[name]; v != "" {
			subject = v
		}
	}
	return countersigntest.Call{Operation: rt.operation, Subject: subject}
}

// call is one request on its way through the server.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	vars map[string]string
	body object
	size int
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r}
	if r.URL.Path == "/event" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.track(c)
		return
	}
	rt, vars := s.match(r)
	c.vars = vars
	problem := c.read()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	switch {
	case r.Header.Get("Api-Token") != s.state.key:
		c.message(http.StatusForbidden, "Forbidden")
	case !s.spend(c):
	case rt == nil:
		c.message(http.StatusNotImplemented, "activecampaigntest does not simulate this call")
	case problem != "":
		c.answer(http.StatusBadRequest, object{"message": problem})
	default:
		rt.handle(s, c)
	}
}

// read reads a JSON body; it says what is wrong with it.
func (c *call) read() string {
	raw, err := io.ReadAll(io.LimitReader(c.r.Body, 2<<20))
	if err != nil {
		return "the body did not arrive whole"
	}
	if c.size = len(raw); c.size == 0 {
		return ""
	}
	if kind := c.r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return "the content type is not JSON"
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if d.Decode(&c.body) != nil {
		return "the body is not JSON"
	}
	return ""
}

// spend counts a request against the account's limit, and refuses it beyond.
func (s *Server) spend(c *call) bool {
	now := s.now()
	recent := s.state.recent[:0]
	for _, at := range s.state.recent {
		if now.Sub(at) < time.Second && !at.After(now) {
			recent = append(recent, at)
		}
	}
	s.state.recent = append(recent, now)
	s.state.busiest = max(s.state.busiest, len(s.state.recent))
	limit := s.cfg.perSecond
	if limit <= 0 {
		return true
	}
	c.w.Header().Set("RateLimit-Limit", strconv.Itoa(limit))
	c.w.Header().Set("RateLimit-Remaining", strconv.Itoa(max(limit-len(s.state.recent), 0)))
	if len(s.state.recent) <= limit {
		return true
	}
	if !s.cfg.noRetryAfter {
		c.w.Header().Set("Retry-After", "1")
	}
	refuse(c.w, http.StatusTooManyRequests)
	return false
}

// refuse writes the service's error for a 429; what a gateway answers is left to
// countersigntest.
func refuse(w http.ResponseWriter, status int) bool {
	if status != http.StatusTooManyRequests {
		return false
	}
	write(w, status, object{"message": "Too Many Requests"})
	return true
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The only error here is a client that went away.
	_ = json.NewEncoder(w).Encode(v)
}

func (c *call) id() string               { return c.vars["id"] }
func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

func (c *call) answer(status int, v any) { write(c.w, status, v) }

func (c *call) message(status int, text string) { c.answer(status, object{"message": text}) }

// missing is the classic 404.
func (c *call) missing(what, id string) {
	c.message(http.StatusNotFound, fmt.Sprintf("No Result found for %s with id %s", what, id))
}

// problem is the common error.
func (c *call) problem(status int, title, code, pointer string) {
	e := object{"title": title, "detail": "", "source": object{"pointer": pointer}}
	if code != "" {
		e["code"] = code
	}
	c.answer(status, object{"errors": []object{e}})
}

// objectProblem is the error of custom objects.
func (c *call) objectProblem(title, detail, pointer string) {
	c.answer(http.StatusUnprocessableEntity, object{"errors": []object{{
		"title": title, "detail": detail, "source": object{"type": "pointer", "value": pointer},
	}}})
}

// page cuts a listing by limit and offset.
func page[T any](c *call, items []T) []T {
	limit, offset := c.window()
	start := min(offset, len(items))
	return items[start:min(start+limit, len(items))]
}

func (c *call) window() (limit, offset int) {
	limit, err := strconv.Atoi(c.query("limit"))
	if err != nil || limit <= 0 {
		limit = 20
	}
	offset, _ = strconv.Atoi(c.query("offset"))
	return min(limit, 100), max(offset, 0)
}

// textTotal is the meta of the classic listings.
func textTotal(n int) object { return object{"total": strconv.Itoa(n)} }

// numberTotal is the meta of custom objects' listings.
func numberTotal(c *call, total, count int) object {
	limit, offset := c.window()
	return object{"total": total, "count": count, "limit": limit, "offset": offset}
}
