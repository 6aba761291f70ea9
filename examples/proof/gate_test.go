package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// saleMoment is when a new sale springs the trap.
type saleMoment int

// The moments.
const (
	beforeSale saleMoment = iota // the service has not got it yet, and never will
	afterSale                    // the service has made it, and the program has no answer
	withAnswer                   // the program is getting the answer
)

var saleMoments = []saleMoment{beforeSale, afterSale, withAnswer}

// gate stands in front of the simulated service: it springs a trap at a chosen
// new sale, can lose an answer, and knows when nothing is under way.
type gate struct {
	url   string
	proxy *httputil.ReverseProxy
	// after is told each new sale's reference when the service has made it, and says
	// whether the answer is lost.
	after func(reference string) bool

	mu     sync.Mutex
	calm   *sync.Cond
	busy   int
	left   int // new sales until the trap springs; 0: none is set
	moment saleMoment
	spring func()
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	g := &gate{}
	g.calm = sync.NewCond(&g.mu)
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	g.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }, Transport: transport,
		ErrorLog:     log.New(io.Discard, "", 0), // cut answers are what it is for
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	srv := httptest.NewServer(g)
	g.url = srv.URL
	t.Cleanup(func() { srv.Close(); transport.CloseIdleConnections() })
	return g
}

// trap springs at the nth new sale from now.
func (g *gate) trap(n int, at saleMoment, spring func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left, g.moment, g.spring = n, at, spring
}

// idle waits until no request is under way, and takes the trap away.
func (g *gate) idle() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = 0
	for g.busy > 0 {
		g.calm.Wait()
	}
}

// sprung counts a new sale, and gives the trap that it springs.
func (g *gate) sprung() (saleMoment, func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left == 0 {
		return 0, nil
	}
	if g.left--; g.left > 0 {
		return 0, nil
	}
	return g.moment, g.spring
}

func (g *gate) count(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy += n; g.busy == 0 {
		g.calm.Broadcast()
	}
}

// ServeHTTP passes a request on, whatever becomes of who sent it.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.count(1)
	defer g.count(-1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	pass := r.Clone(context.WithoutCancel(r.Context()))
	pass.Body = io.NopCloser(bytes.NewReader(body))
	if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/sales/flow/") {
		g.proxy.ServeHTTP(w, pass)
		return
	}
	at, spring := g.sprung()
	if spring != nil && at == beforeSale {
		spring()
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	lose := g.pass(answer, pass, body)
	if spring != nil && at == afterSale {
		spring()
	}
	if lose || spring != nil && at == afterSale {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
	if spring != nil {
		spring()
	}
}

// pass has the service do its work, and reports whether the answer is lost.
func (g *gate) pass(w http.ResponseWriter, r *http.Request, body []byte) (lost bool) {
	var sale struct {
		Reference string `json:"external_reference"`
	}
	_ = json.Unmarshal(body, &sale) // the service judges the body
	defer func() {
		if p := recover(); p != nil {
			lost = true // the service itself cut its answer
		}
		lost = g.after != nil && g.after(sale.Reference) || lost
	}()
	g.proxy.ServeHTTP(w, r)
	return false
}
