package digiposttest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/countersign/countersign/countersigntest"
)

// Server is a running fake. It is safe for concurrent use.
type Server struct {
	cfg         config
	web         *httptest.Server
	files       *httptest.Server // the host of files, and of a registration that moved
	mtls        *httptest.Server // the token endpoint
	client      *http.Client     // for back-end callbacks
	faults      *countersigntest.Faults
	log         *countersigntest.Log
	key         *rsa.PrivateKey // signs answers
	certificate string

	mu    sync.Mutex // guards state
	state state
}

// answerKey is one for all servers of a process: making it takes a while. It is as
// short as package crypto/rsa takes keys, since each answer is signed.
var answerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it guards nothing: it is a fake's
	if err != nil {
		panic(err) // the random source never fails
	}
	return key
})

// NewServer starts a fake on loopback ports, without partners and accounts. Close
// it when it is done with.
func NewServer(opts ...Option) *Server {
	cfg := defaults()
	for _, o := range opts {
		o(&cfg)
	}
	key := answerKey()
	s := &Server{
		cfg: cfg, client: &http.Client{Transport: &http.Transport{}}, faults: countersigntest.NewFaults(cfg.seed),
		log: countersigntest.NewLog(10_000), state: newState(), key: key, certificate: selfSigned(key, cfg.clock.Now()),
	}
	s.web = httptest.NewServer(s.backstage(s.serve))
	s.files = httptest.NewServer(s.backstage(s.serveFiles))
	s.mtls = httptest.NewUnstartedServer(http.HandlerFunc(s.serveToken))
	s.mtls.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	s.mtls.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.mtls.StartTLS()
	return s
}

func (s *Server) backstage(h http.HandlerFunc) http.Handler {
	return countersigntest.Handler(h, countersigntest.Backstage{Clock: s.cfg.clock, Faults: s.faults, Log: s.log, Describe: s.describe})
}

// Close ends the server, also requests that a fault lets hang.
func (s *Server) Close() {
	s.faults.Close()
	s.client.CloseIdleConnections()
	for _, srv := range []*httptest.Server{s.web, s.files, s.mtls} {
		srv.CloseClientConnections()
		srv.Close()
	}
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
	switch {
	case !strings.HasPrefix(r.URL.Path, sitePath):
		s.serveAPI(w, r)
	case s.cfg.moved:
		http.Redirect(w, r, s.files.URL+r.URL.RequestURI(), http.StatusFound) //nolint:gosec // to another host of this fake
	default:
		s.serveSite(w, r)
	}
}

// serveFiles is the host of files, and of a registration that moved.
func (s *Server) serveFiles(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, sitePath) {
		s.serveSite(w, r)
		return
	}
	s.serveContent(w, r)
}
