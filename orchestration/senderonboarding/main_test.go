package senderonboarding_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(suite{m}) }

// Organisation numbers with a right check digit.
const (
	acme  digipost.OrganisationNumber = "984661185"
	other digipost.OrganisationNumber = "910336819"
)

// world is a simulated Digipost and a vendor's web site around a flow, all living
// by one clock that the test moves.
type world struct {
	t       *testing.T
	clock   *countersigntest.Clock
	fake    *digiposttest.Server
	partner digiposttest.Partner
	asked   *directory
	store   orchestration.Store
	web     *httptest.Server
	mux     *http.ServeMux
	logged  *lines
	cfg     senderonboarding.Config
	deps    senderonboarding.Deps
	flow    *senderonboarding.Flow
	engine  *orchestration.Local

	mu     sync.Mutex
	events []senderonboarding.Event
}

type option func(*world)

func withConfig(change func(*senderonboarding.Config)) option {
	return func(w *world) { change(&w.cfg) }
}

func withDeps(change func(*senderonboarding.Deps)) option { return func(w *world) { change(&w.deps) } }

func withEscaping(e digiposttest.Escaping) option {
	return func(w *world) { w.newFake(digiposttest.WithEscaping(e)) }
}

func newWorld(t *testing.T, opts ...option) *world {
	t.Helper()
	w := &world{
		t: t, clock: countersigntest.NewClock(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)),
		store: orchestration.NewMemory(), mux: http.NewServeMux(), logged: &lines{},
	}
	w.newFake()
	w.web = httptest.NewUnstartedServer(w.mux)
	w.asked = &directory{w: w}
	w.cfg = senderonboarding.Config{
		BaseURL: "http://" + w.web.Listener.Addr().String() + "/digipost", Web: w.fake.URL(),
		Clock: w.clock.Now, OnEvent: w.note, Logger: slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Public: true, Brand: senderonboarding.Brand{Name: "Fakturabyrået", HomeURL: "/home", SignInURL: "/sign-in", Support: "hjelp@example.no"},
	}
	w.deps = senderonboarding.Deps{Store: w.store, Senders: w.asked}
	for _, o := range opts {
		o(w)
	}
	w.cfg.Web = w.fake.URL()
	w.restart()
	w.mux.Handle("/digipost/", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.flow.Handler().ServeHTTP(rw, r) }))
	w.mux.HandleFunc("POST /start", func(rw http.ResponseWriter, r *http.Request) {
		w.flow.StartHandler(func(*http.Request) (senderonboarding.Start, error) {
			return senderonboarding.Start{Tenant: "acme", Organisation: acme}, nil
		}).ServeHTTP(rw, r)
	})
	w.web.Start()
	w.fake.SetBackendURL(w.partner.ID, w.flow.BackendURL().Reveal())
	t.Cleanup(func() {
		w.web.CloseClientConnections()
		w.web.Close()
	})
	return w
}

func (w *world) newFake(opts ...digiposttest.Option) {
	fake := digiposttest.NewServer(append(opts, digiposttest.WithClock(w.clock))...)
	w.t.Cleanup(fake.Close)
	w.fake = fake
	w.partner = fake.AddPartner(digiposttest.Partner{})
	w.cfg.PartnerID = digipost.PartnerID(w.partner.ID)
}

// restart makes flow and engine anew, as a program does that was ended.
func (w *world) restart() {
	w.t.Helper()
	w.cfg.PartnerID = digipost.PartnerID(w.partner.ID)
	var err error
	w.flow, err = senderonboarding.New(w.cfg, w.deps)
	require.NoError(w.t, err)
	w.engine = orchestration.NewLocal(w.store, orchestration.WithClock(w.clock.Now))
	w.flow.Register(w.engine)
}

func (w *world) run() {
	w.t.Helper()
	require.NoError(w.t, w.engine.RunUntilIdle(w.t.Context()))
}

// pass lets time go by in steps, so that what falls due in between runs.
func (w *world) pass(d, step time.Duration) {
	for ; d > 0; d -= step {
		w.clock.Advance(min(d, step))
		w.run()
	}
}

func (w *world) note(_ context.Context, e senderonboarding.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	return nil
}

// told gives the kinds of the events of a session in their order.
func (w *world) told(id senderonboarding.SessionID) []senderonboarding.EventKind {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []senderonboarding.EventKind
	for _, e := range w.events {
		if e.Session.ID == id {
			out = append(out, e.Kind)
		}
	}
	return out
}

func (w *world) start(tenant string, org digipost.OrganisationNumber) senderonboarding.Started {
	w.t.Helper()
	s, err := w.flow.Start(w.t.Context(), senderonboarding.Start{Tenant: tenant, Organisation: org})
	require.NoError(w.t, err)
	return s
}

// register walks the full-automatic flow at the fake and gives the link back.
func (w *world) register(s senderonboarding.Started, org digipost.OrganisationNumber) string {
	w.t.Helper()
	link, err := w.fake.Register(w.t.Context(), s.Address.Reveal(), string(org))
	require.NoError(w.t, err)
	return link
}

func (w *world) session(id senderonboarding.SessionID) senderonboarding.Session {
	w.t.Helper()
	s, err := w.flow.Session(w.t.Context(), id)
	require.NoError(w.t, err)
	return s
}

// secrets gives state and nonce of a session's registration address.
func secrets(t testing.TB, s senderonboarding.Started) (state, nonce string) {
	t.Helper()
	u, err := url.Parse(s.Address.Reveal())
	require.NoError(t, err)
	redirect := u.Query().Get("redirect-url")
	return redirect[strings.LastIndexByte(redirect, '/')+1:], u.Query().Get("nonce")
}

// visitor is a browser without scripts: it keeps cookies, drops fragments and
// follows redirects on its own site.
type visitor struct {
	t      *testing.T
	client *http.Client
}

func (w *world) visitor() *visitor {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	tr := &http.Transport{}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &visitor{w.t, &http.Client{Jar: jar, Transport: tr}}
}

// open loads a page and follows the refresh that a browser without scripts
// follows.
func (v *visitor) open(address string) (*http.Response, string) {
	v.t.Helper()
	res, page := v.get(address)
	if _, rest, found := strings.Cut(page, `<noscript><meta http-equiv="refresh" content="0;url=`); found {
		query, _, _ := strings.Cut(rest, `"`)
		u := *res.Request.URL
		u.RawQuery = strings.ReplaceAll(strings.TrimPrefix(query, "?"), "&amp;", "&")
		return v.get(u.String())
	}
	return res, page
}

// begin starts a session behind the login and gives where it leads.
func (v *visitor) begin(w *world) string {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, w.web.URL+"/start", nil)
	require.NoError(v.t, err)
	res, _ := v.do(req)
	require.Equal(v.t, "/registrering/bedrift", res.Request.URL.Path)
	return res.Request.URL.String()
}

func (v *visitor) get(address string) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, address, nil)
	require.NoError(v.t, err)
	return v.do(req)
}

func (v *visitor) do(req *http.Request) (*http.Response, string) {
	v.t.Helper()
	res, err := v.client.Do(req)
	require.NoError(v.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return res, string(body)
}

// directory answers as Digipost's API does, from the fake's accounts.
type directory struct {
	w     *world
	mu    sync.Mutex
	err   error
	byOrg error // of GetByOrganisation alone
	byID  error // of Get alone
	calls int
	blind bool // Get knows nobody
}

func (d *directory) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *directory) Get(_ context.Context, id digipost.SenderID, _ ...countersign.CallOption) (*digipost.SenderInformation, error) {
	return d.find(d.byID, func(a digiposttest.Account) bool { return a.SenderID == int64(id) && !d.blind })
}

func (d *directory) GetByOrganisation(_ context.Context, org digipost.OrganisationNumber, _ ...countersign.CallOption) (*digipost.SenderInformation, error) {
	return d.find(d.byOrg, func(a digiposttest.Account) bool { return a.Organisation == string(org) })
}

func (d *directory) find(err error, match func(digiposttest.Account) bool) (*digipost.SenderInformation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if err = cmp.Or(d.err, err); err != nil {
		return nil, err
	}
	for _, a := range d.w.fake.Accounts() {
		if match(a) && len(a.Partners) > 0 {
			return &digipost.SenderInformation{SenderID: digipost.SenderID(a.SenderID), Status: digipost.SenderValid}, nil
		}
	}
	return &digipost.SenderInformation{Status: digipost.SenderNoInfo}, nil
}

// lines is a log that tests read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

var errDown = &countersign.Error{Provider: "digipost", Op: "get sender", StatusCode: 503, Kind: countersign.ErrUnavailable}

var errForbidden = &countersign.Error{Provider: "digipost", Op: "get sender", StatusCode: 403, Code: "ILLEGAL_ACCESS", Kind: countersign.ErrForbidden, Err: errors.New("not for you")}

func emptyPages() *template.Template { return template.New("pages") }

// brokenPages ask for what there is not.
func brokenPages() *template.Template {
	return template.Must(senderonboarding.Pages().Parse(`{{define "foot"}}{{.Nothing}}{{end}}`))
}
