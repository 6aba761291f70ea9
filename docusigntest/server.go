package docusigntest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/countersign/countersign/countersigntest"
)

// Server is a running fake with one account, one app and one user who is an
// administrator. It is safe for concurrent use.
type Server struct {
	cfg    config
	web    *httptest.Server
	router router
	faults *countersigntest.Faults
	log    *countersigntest.Log

	mu    sync.Mutex // guards what follows
	ids   *ids
	state state
}

// NewServer starts a fake on a loopback port. Close it when it is done with.
func NewServer(opts ...Option) *Server {
	cfg := defaults()
	for _, o := range opts {
		o(&cfg)
	}
	s := &Server{
		cfg: cfg, faults: countersigntest.NewFaults(cfg.seed), log: countersigntest.NewLog(cfg.logSize),
		ids: &ids{cfg.seed, map[string]uint64{}},
	}
	s.state = newState(s.ids, cfg)
	s.routes()
	s.web = httptest.NewServer(countersigntest.Handler(http.HandlerFunc(s.serve), countersigntest.Backstage{
		Clock: cfg.clock, Faults: s.faults, Log: s.log, Describe: s.describe, Refuse: s.refuse,
	}))
	return s
}

// Close ends the server, also requests that a fault lets hang.
func (s *Server) Close() {
	s.faults.Close()
	s.web.CloseClientConnections()
	s.web.Close()
}

// URL is the server's address, without a slash at the end. It stands for the
// account server and for the account's data centre.
func (s *Server) URL() string { return s.web.URL }

// Clock is the server's time.
func (s *Server) Clock() *countersigntest.Clock { return s.cfg.clock }

// Faults are the faults that the server injects; there are none at first.
func (s *Server) Faults() *countersigntest.Faults { return s.faults }

// Log is the log of requests. The subject is the id of an envelope or template.
func (s *Server) Log() *countersigntest.Log { return s.log }

func (s *Server) now() time.Time { return s.cfg.clock.Now() }

const restPrefix = "/restapi"

// operation is the name of a route: its method and the specification's path.
func operation(pattern string) string { return strings.Replace(pattern, " "+restPrefix, " ", 1) }

func (s *Server) describe(r *http.Request) countersigntest.Call {
	rt, vars := s.router.match(r)
	if rt == nil {
		return countersigntest.Call{}
	}
	return countersigntest.Call{Operation: operation(rt.pattern), Subject: vars["envelopeId"] + vars["templateId"]}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	rt, vars := s.router.match(r)
	if rt == nil {
		fail(w, http.StatusNotImplemented, "NOT_SIMULATED", "docusigntest does not simulate this call")
		return
	}
	for name, value := range vars {
		r.SetPathValue(name, value)
	}
	rt.handle(w, r)
}

// call is one call of the REST API on its way through the server.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	user *User
	app  string
	body object
}

func (c *call) id(name string) string { return c.r.PathValue(name) }

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

func (c *call) answer(v any) { c.answerWith(http.StatusOK, v) }

func (c *call) answerWith(status int, v any) {
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.WriteHeader(status)
	// The only error here is a client that went away.
	_ = json.NewEncoder(c.w).Encode(v)
}

// nothing answers without a body.
func (c *call) nothing() { c.w.WriteHeader(http.StatusOK) }

func (c *call) fail(status int, code, message string) { fail(c.w, status, code, message) }

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"errorCode": code, "message": message})
}

// refuse writes the service's error for an injected 429; what a gateway answers
// is left to countersigntest.
func (s *Server) refuse(w http.ResponseWriter, status int) bool {
	if status != http.StatusTooManyRequests {
		return false
	}
	fail(w, status, burstCode, "The maximum number of burst API invocations has been exceeded.")
	return true
}

const (
	hourlyCode = "HOURLY_APIINVOCATION_LIMIT_EXCEEDED"
	burstCode  = "BURST_APIINVOCATION_LIMIT_EXCEEDED"
)

// limits counts the calls of the account.
type limits struct {
	hour, burst   time.Time // when the window began
	hours, bursts int
}

// spend counts a call, writes the headers and reports which limit is used up.
func (s *Server) spend(h http.Header, now time.Time) string {
	l := &s.state.limits
	if hour := now.Truncate(time.Hour); !hour.Equal(l.hour) {
		l.hour, l.hours = hour, 0
	}
	if now.Sub(l.burst) >= 30*time.Second || now.Before(l.burst) {
		l.burst, l.bursts = now, 0
	}
	l.hours++
	l.bursts++
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.cfg.hourly))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(s.cfg.hourly-l.hours, 0)))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(l.hour.Add(time.Hour).Unix(), 10))
	h.Set("X-BurstLimit-Limit", strconv.Itoa(s.cfg.burst))
	h.Set("X-BurstLimit-Remaining", strconv.Itoa(max(s.cfg.burst-l.bursts, 0)))
	switch {
	case l.hours > s.cfg.hourly:
		return hourlyCode
	case l.bursts > s.cfg.burst:
		return burstCode
	}
	return ""
}

// rest mounts a call of the REST API: token, account and limits are checked, a
// JSON body is read, and f runs under the server's lock.
func (s *Server) rest(pattern string, f func(*Server, *call)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.router.add(method+" "+restPrefix+"/v2.1/accounts/{accountId}"+path, func(w http.ResponseWriter, r *http.Request) {
		c := &call{w: w, r: r}
		if !readBody(c) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Header().Set("X-DocuSign-TraceToken", s.ids.guid("trace"))
		if s.admit(c) {
			f(s, c)
		}
	})
}

func readBody(c *call) bool {
	const limit = 35_651_584 // bytes of a request (DocuSign, "API rules and limits")
	if !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/json") {
		return true
	}
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, limit)
	if err := json.NewDecoder(c.r.Body).Decode(&c.body); err != nil {
		c.fail(http.StatusBadRequest, "INVALID_REQUEST_BODY", "The request body is missing or improperly formatted.")
		return false
	}
	return true
}

// admit checks who is calling, and fills it in.
func (s *Server) admit(c *call) bool {
	value, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	t := s.state.tokens[value]
	account := c.r.PathValue("accountId")
	switch {
	case !ok || value == "":
		c.fail(http.StatusUnauthorized, "PARTNER_AUTHENTICATION_FAILED", "The specified Integrator Key was not found or is disabled.")
	case t == nil || !s.now().Before(t.expires):
		c.fail(http.StatusUnauthorized, "AUTHORIZATION_INVALID_TOKEN", "The access token provided is expired, revoked or malformed.")
	case !strings.EqualFold(account, s.state.account.ID) && account != s.state.account.Number:
		c.fail(http.StatusUnauthorized, "USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT", "The specified User is not a member of the specified Account.")
	default:
		if code := s.spend(c.w.Header(), s.now()); code != "" {
			c.fail(s.cfg.limitStatus, code, "The maximum number of API invocations has been exceeded.")
			return false
		}
		c.user, c.app = s.state.users[t.user], t.app
		return s.leaveAlone(c)
	}
	return false
}

// leaveAlone refuses to have one envelope read too often.
func (s *Server) leaveAlone(c *call) bool {
	id := c.r.PathValue("envelopeId")
	if s.cfg.pollLimit <= 0 || id == "" || c.r.Method != http.MethodGet {
		return true
	}
	hour := id + s.now().Truncate(time.Hour).String()
	s.state.reads[hour]++
	if s.state.reads[hour] > s.cfg.pollLimit {
		c.fail(s.cfg.limitStatus, "Hourly_Envelope_Polling_Limit_Exceeded", "The envelope was asked for too often.")
		return false
	}
	return true
}
