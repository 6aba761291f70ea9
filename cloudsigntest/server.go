package cloudsigntest

import (
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/countersign/countersign/countersigntest"
)

// Server is a running fake. It is safe for concurrent use.
type Server struct {
	cfg    config
	web    *httptest.Server
	faults *countersigntest.Faults
	log    *countersigntest.Log

	mu    sync.Mutex // guards state
	state state
}

// NewServer starts a fake on a loopback port, with one team and without users.
// Close it when it is done with.
func NewServer(opts ...Option) *Server {
	cfg := defaults()
	for _, o := range opts {
		o(&cfg)
	}
	s := &Server{
		cfg:    cfg,
		faults: countersigntest.NewFaults(cfg.seed),
		log:    countersigntest.NewLog(cfg.logSize),
		state:  newState(cfg.seed),
	}
	s.AddTeam(Team{Name: "サンプル株式会社"})
	s.web = httptest.NewServer(countersigntest.Handler(http.HandlerFunc(s.serve), countersigntest.Backstage{
		Clock:    cfg.clock,
		Faults:   s.faults,
		Log:      s.log,
		Describe: describe,
		Refuse:   refuse,
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
func (s *Server) Clock() *countersigntest.Clock { return s.cfg.clock }

// Faults are the faults that the server injects; there are none at first.
func (s *Server) Faults() *countersigntest.Faults { return s.faults }

// Log is the log of requests, by the names of operations of this package. The
// subject of a call about a file is [FileSubject], that of any other call about
// a document the document's id.
func (s *Server) Log() *countersigntest.Log { return s.log }

// FileSubject is the subject of calls about a file in the log: "documentID/fileID".
func FileSubject(documentID, fileID string) string { return documentID + "/" + fileID }
