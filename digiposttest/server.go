package digiposttest

import (
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/countersign/countersign/countersigntest"
)

// Server is a running fake. It is safe for concurrent use.
type Server struct {
	cfg    config
	web    *httptest.Server
	client *http.Client // for back-end callbacks
	faults *countersigntest.Faults
	log    *countersigntest.Log
	key    *rsa.PrivateKey // signs answers

	mu    sync.Mutex // guards state
	state state
}

// NewServer starts a fake on a loopback port, without partners and accounts.
// Close it when it is done with.
func NewServer(opts ...Option) *Server {
	cfg := defaults()
	for _, o := range opts {
		o(&cfg)
	}
	s := &Server{
		cfg: cfg, client: &http.Client{Transport: &http.Transport{}}, faults: countersigntest.NewFaults(cfg.seed),
		log: countersigntest.NewLog(10_000), state: newState(),
	}
	s.web = httptest.NewServer(countersigntest.Handler(http.HandlerFunc(s.serve), countersigntest.Backstage{
		Clock: cfg.clock, Faults: s.faults, Log: s.log, Describe: describe,
	}))
	return s
}

// Close ends the server, also requests that a fault lets hang.
func (s *Server) Close() {
	s.faults.Close()
	s.client.CloseIdleConnections()
	s.web.CloseClientConnections()
	s.web.Close()
}

// URL is the server's base address, of the site and the API alike, without a
// slash at the end.
func (s *Server) URL() string { return s.web.URL }

// Clock is the server's time.
func (s *Server) Clock() *countersigntest.Clock { return s.cfg.clock }

// Faults are the faults that the server injects; there are none at first.
func (s *Server) Faults() *countersigntest.Faults { return s.faults }

// Log is the log of requests, by the names of operations of this package.
func (s *Server) Log() *countersigntest.Log { return s.log }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, sitePath) {
		s.serveSite(w, r)
		return
	}
	http.NotFound(w, r)
}

func describe(r *http.Request) countersigntest.Call {
	if strings.HasPrefix(r.URL.Path, sitePath) {
		return countersigntest.Call{Operation: OpSite}
	}
	return countersigntest.Call{}
}
