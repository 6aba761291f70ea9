package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/stretchr/testify/require"
)

// vendor is what a software vendor has already.
type vendor struct {
	database string
	flow     *senderonboarding.Flow
	mux      *http.ServeMux
	key      crypto.Signer                                                 // registered at Digipost
	login    func(http.Handler) http.Handler                               // lets nobody through who is not signed in
	customer func(*http.Request) (id string, organisation string)          // who is signed in
	mail     func(ctx context.Context, tenant, subject, text string) error // to the customer
}

// run mounts the onboarding beside the vendor's own pages and lets it work.
//
// snippet: mount
func (v *vendor) run(ctx context.Context) error {
	store, err := sqlite.Open(v.database)
	if err != nil {
		return err
	}
	defer store.Close()
	client, err := digipost.New(digipost.Config{Environment: digipost.Production, BrokerID: 12345, Auth: digipost.SignatureAuth{Key: v.key}})
	if err != nil {
		return err
	}
	flow, err := senderonboarding.New(senderonboarding.Config{
		BaseURL: "https://vendor.example/digipost", PartnerID: 12345, Environment: digipost.Production, OnEvent: v.tell,
	}, senderonboarding.Deps{Store: store, Senders: client.Senders, Messages: client.Messages})
	if err != nil {
		return err
	}
	v.mux.Handle("/digipost/", flow.Handler())
	v.mux.Handle("GET /get-digipost", v.login(flow.LandingHandler("/get-digipost", v.who)))
	v.mux.Handle("POST /get-digipost", v.login(flow.StartHandler(v.who)))
	engine := orchestration.NewLocal(store)
	flow.Register(engine)
	return engine.Run(ctx) // until ctx ends
}

func (v *vendor) who(r *http.Request) (senderonboarding.Start, error) {
	id, number := v.customer(r)
	organisation, err := digipost.ParseOrganisationNumber(number)
	return senderonboarding.Start{Tenant: id, Organisation: organisation}, err
}

func (v *vendor) tell(ctx context.Context, e senderonboarding.Event) error {
	if e.Kind != senderonboarding.EventReady {
		return nil
	}
	text := senderonboarding.ReadyText(e.Session, "Fakturabyrået", "nb")
	return v.mail(ctx, e.Session.Tenant, text.Subject, text.Body)
}

// end snippet

// signedIn gives the customer what began on the public page in the same browser.
//
// snippet: claim
func (v *vendor) signedIn(w http.ResponseWriter, r *http.Request) error { // after the login's own work, before it answers
	start, err := v.who(r)
	if err != nil {
		return err
	}
	_, err = v.flow.ClaimFrom(w, r, senderonboarding.Claimant{Tenant: start.Tenant, Organisation: start.Organisation})
	return err
}

// end snippet

// What the documentation mounts works: from behind the login to Digipost.
func TestMount(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	mailed := ""
	v := &vendor{
		database: filepath.Join(t.TempDir(), "state.db"), mux: http.NewServeMux(), key: key,
		customer: func(*http.Request) (string, string) { return "customer-1", "NO 984 661 185 MVA" },
		mail:     func(_ context.Context, tenant, subject, _ string) error { mailed = tenant + ": " + subject; return nil },
		login: func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, _, signedIn := r.BasicAuth(); !signedIn {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				h.ServeHTTP(w, r)
			})
		},
	}
	done := make(chan error, 1)
	go func() { done <- v.run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-done)
	}()
	require.Eventually(t, func() bool {
		_, pattern := v.mux.Handler(httptest.NewRequest(http.MethodPost, "/get-digipost", nil))
		return pattern != ""
	}, 10*time.Second, time.Millisecond)
	ask := func(method, path string, signedIn bool) *httptest.ResponseRecorder {
		req, rec := httptest.NewRequest(method, path, nil), httptest.NewRecorder()
		if signedIn {
			req.SetBasicAuth("customer-1", "secret")
		}
		v.mux.ServeHTTP(rec, req)
		return rec
	}
	require.Equal(t, http.StatusUnauthorized, ask(http.MethodGet, "/get-digipost", false).Code)
	require.Equal(t, http.StatusUnauthorized, ask(http.MethodPost, "/get-digipost", false).Code)
	landing := ask(http.MethodGet, "/get-digipost", true)
	require.Equal(t, http.StatusOK, landing.Code)
	require.Contains(t, landing.Body.String(), `action="/get-digipost"`)
	start := ask(http.MethodPost, "/get-digipost", true)
	require.Equal(t, http.StatusSeeOther, start.Code)
	require.Regexp(t, `^https://www\.digipost\.no/registrering/bedrift\?partner-id=12345&redirect-url=https%3A%2F%2Fvendor\.example%2Fdigipost%2Fback%2F[A-Z2-7]{26}&nonce=[A-Z2-7]{26}&org=984661185$`,
		start.Header().Get("Location"))
	require.NoError(t, v.tell(t.Context(), senderonboarding.Event{Kind: senderonboarding.EventReady, Session: senderonboarding.Session{Tenant: "customer-1"}}))
	require.Equal(t, "customer-1: Digipost er klart til bruk", mailed)
}

// What began on the public page becomes the customer's who signs in on the same
// browser, and nobody else's.
func TestClaim(t *testing.T) {
	t.Parallel()
	flow, err := senderonboarding.New(senderonboarding.Config{
		BaseURL: "https://vendor.example/digipost", PartnerID: 12345, Environment: digipost.Production, Public: true,
	}, senderonboarding.Deps{Store: orchestration.NewMemory()})
	require.NoError(t, err)
	v := &vendor{flow: flow, customer: func(*http.Request) (string, string) { return "customer-1", "984661185" }}
	rec := httptest.NewRecorder()
	flow.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "https://vendor.example/digipost/start", nil))
	require.Equal(t, http.StatusSeeOther, rec.Code)

	tenants := func() (out []string) {
		for s, err := range flow.Sessions(t.Context(), "") {
			require.NoError(t, err)
			out = append(out, s.Tenant+" "+string(s.Organisation))
		}
		return out
	}
	login := httptest.NewRequest(http.MethodPost, "https://vendor.example/login", nil)
	require.NoError(t, v.signedIn(httptest.NewRecorder(), login))
	require.Equal(t, []string{" "}, tenants(), "another browser")
	for _, c := range rec.Result().Cookies() {
		login.AddCookie(c)
	}
	require.NoError(t, v.signedIn(httptest.NewRecorder(), login))
	require.Equal(t, []string{"customer-1 984661185"}, tenants())
}
