package salesdocktest

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
	_ "time/tzdata" // the service's times are Amsterdam's, whatever machine the fake runs on

	"github.com/countersign/countersign/countersigntest"
)

// Server is a running fake. It is safe for concurrent use.
type Server struct {
	cfg    config
	web    *httptest.Server
	own    *http.Transport // of webhooks
	zone   *time.Location
	routes []route
	faults *countersigntest.Faults
	log    *countersigntest.Log

	mu        sync.Mutex // guards what follows
	accounts  map[string]*Account
	order     []*Account
	tokens    map[string]*token
	spent     map[string]*spending
	tickets   map[string]ticket // download addresses
	serial    int
	receivers map[string]http.Handler
	queue     []*delivery
}

// NewServer starts a fake without accounts on a loopback port. Close it when it is
// done with.
func NewServer(opts ...Option) *Server {
	cfg := defaults()
	for _, o := range opts {
		o(&cfg)
	}
	own := &http.Transport{}
	if cfg.client == nil {
		cfg.client = &http.Client{Transport: own}
	}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic("salesdocktest: " + err.Error()) // the database is linked in
	}
	s := &Server{
		own: own, cfg: cfg, zone: zone, faults: countersigntest.NewFaults(cfg.seed), log: countersigntest.NewLog(cfg.logSize),
		accounts: map[string]*Account{}, tokens: map[string]*token{}, spent: map[string]*spending{}, tickets: map[string]ticket{},
		receivers: map[string]http.Handler{},
	}
	s.mount()
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
	s.own.CloseIdleConnections()
}

// URL is the server's address, without a slash at the end.
func (s *Server) URL() string { return s.web.URL }

// Clock is the server's time.
func (s *Server) Clock() *countersigntest.Clock { return s.cfg.clock }

// Faults are the faults that the server injects; there are none at first.
func (s *Server) Faults() *countersigntest.Faults { return s.faults }

// Log is the log of requests.
func (s *Server) Log() *countersigntest.Log { return s.log }

func (s *Server) now() time.Time { return s.cfg.clock.Now() }

// next gives a number that is not used yet.
func (s *Server) next() int {
	s.serial++
	return s.serial
}

// scopes says in which scopes a route exists.
type scopes string

const (
	none        scopes = ""
	userOnly    scopes = "user"
	accountOnly scopes = "account"
	either      scopes = "user account"
)

type route struct {
	method   string
	path     string // behind the scope
	scopes   scopes
	segments []string
	handle   func(*Server, *call)
}

// operation is the route's name in logs and faults.
func (r route) operation() string { return r.method + " " + r.path }

func (s *Server) add(in scopes, pattern string, handle func(*Server, *call)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.routes = append(s.routes, route{method, path, in, strings.Split(path, "/"), handle})
}

// call is one call on its way through the server.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	account *Account
	user    *User
	scope   string
	values  map[string]string
	body    object
}

func (c *call) id(name string) int {
	n, err := strconv.Atoi(c.values[name])
	if err != nil {
		return -1
	}
	return n
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// queries gives the values of name[0], name[1], … and name[].
func (c *call) queries(name string) []string {
	var out []string
	for key, values := range c.r.URL.Query() {
		if strings.HasPrefix(key, name+"[") {
			out = append(out, values...)
		}
	}
	return out
}

// match finds the route of a request. The address is /api/{domain}/v1, then the
// scope where the route has one.
func (s *Server) match(r *http.Request) (best *route, domain, scope string, values map[string]string, wrongMethod bool) {
	segments := strings.Split(r.URL.EscapedPath(), "/")
	if len(segments) < 5 || segments[1] != "api" || segments[3] != "v1" {
		return nil, "", "", nil, false
	}
	domain = segments[2]
	parameters := 0
	for i := range s.routes {
		one := &s.routes[i]
		rest, at := segments[4:], ""
		if one.scopes != none {
			if at = segments[4]; !strings.Contains(" "+string(either)+" ", " "+at+" ") {
				continue
			}
			rest = segments[5:]
		}
		got, ok := countersigntest.MatchPath(one.segments, append([]string{""}, rest...))
		if !ok {
			continue
		}
		if one.method != r.Method {
			wrongMethod = true
			continue
		}
		if n := strings.Count(one.path, "{"); best == nil || n < parameters {
			best, scope, values, parameters = one, at, got, n
		}
	}
	return best, domain, scope, values, wrongMethod
}

func (s *Server) describe(r *http.Request) countersigntest.Call {
	rt, domain, _, values, _ := s.match(r)
	if rt == nil {
		return countersigntest.Call{}
	}
	subject := domain
	for _, name := range []string{"id", "uuid", "incoming_id", "ticket"} {
		if v := values[name]; v != "" {
			subject = v
		}
	}
	return countersigntest.Call{Operation: rt.operation(), Subject: subject}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("CF-RAY", fmt.Sprintf("%016x-AMS", time.Now().UnixNano()))
	rt, domain, scope, values, wrongMethod := s.match(r)
	c := &call{w: w, r: r, scope: scope, values: values}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.admit(c, domain) {
		return
	}
	switch {
	case rt == nil && wrongMethod:
		c.fail(http.StatusMethodNotAllowed, "Deze methode wordt niet ondersteund.", "This method is not supported.")
		return
	case rt == nil:
		answer(w, http.StatusNotImplemented, object{"success": false, "message": "salesdocktest does not simulate this call"})
		return
	case err != nil || !c.read(data):
		c.invalid("Ongeldige aanvraag.", "Invalid request.", nil)
		return
	case rt.scopes != none && !strings.Contains(string(rt.scopes), scope):
		c.notFound()
		return
	case scope == "account" && !c.user.admin():
		c.fail(http.StatusForbidden, "Alleen beschikbaar voor admins.", "This is only available for admin users.")
		return
	}
	rt.handle(s, c)
}

// read reads a JSON body, if there is one.
func (c *call) read(data []byte) bool {
	c.body = object{}
	if len(data) == 0 {
		return true
	}
	if !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/json") {
		return false
	}
	return json.Unmarshal(data, &c.body) == nil
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the only error is a client that went away
}

// ok answers with data; nothing is an empty list, as PHP writes it.
func (c *call) ok(data any) { c.done(http.StatusOK, data) }

// created answers 201.
func (c *call) created(data any) { c.done(http.StatusCreated, data) }

func (c *call) done(status int, data any) {
	if data == nil {
		data = []any{}
	}
	answer(c.w, status, object{"success": true, "data": data, "message": c.say("Gelukt", "Success")})
}

// say chooses the account's language.
func (c *call) say(nl, en string) string {
	if c.account != nil && c.account.english {
		return en
	}
	return nl
}

// fail answers an error that has no code: 401, 403 and 405.
func (c *call) fail(status int, nl, en string) {
	answer(c.w, status, object{"success": false, "message": c.say(nl, en)})
}

func (c *call) notFound() {
	answer(c.w, http.StatusNotFound, object{"success": false, "message": c.say("Niet gevonden", "Not found"), "code": c.code(404)})
}

func (c *call) code(n int) any {
	if c.account != nil && c.account.srv.cfg.textCode {
		return strconv.Itoa(n)
	}
	return n
}

// invalid answers 400, with the fields where there are any.
func (c *call) invalid(nl, en string, fields map[string][]string) {
	out := object{"success": false, "message": c.say(nl, en), "code": c.code(400)}
	if len(fields) > 0 {
		out["errors"] = fields
	}
	answer(c.w, http.StatusBadRequest, out)
}

// refuse writes the service's error for an injected 429; what a gateway answers
// is left to countersigntest.
func (s *Server) refuse(w http.ResponseWriter, status int) bool {
	if status != http.StatusTooManyRequests {
		return false
	}
	answer(w, status, object{"success": false, "message": "Too Many Attempts.", "code": 429})
	return true
}
