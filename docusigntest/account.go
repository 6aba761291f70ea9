package docusigntest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"sync"
	"time"
)

// Account is the account that the server holds.
type Account struct {
	ID     string // GUID
	Number string // the short number, which paths take too
	Name   string
}

// User is a user of the account.
type User struct {
	ID    string // GUID
	Name  string
	Email string
	Admin bool
}

// App is an integration key.
type App struct {
	IntegrationKey string
	Secret         string // empty: a public app
	RedirectURI    string
	PrivateKey     string // PEM, for JWT grants
}

// state is all that the server remembers.
type state struct {
	account Account
	apps    map[string]*app
	first   string // integration key of App
	users   map[string]*User
	person  string // id of User, who sits at the browser

	tokens   map[string]*token
	codes    map[string]*code
	refresh  map[string]*refresh
	consents map[string]bool // app, user and scope
	refuse   bool

	limits limits
	reads  map[string]int

	envelopes map[string]*envelope
	order     []string // ids of envelopes by creation
	templates map[string]*template
	bulkLists map[string]object
	batches   map[string]*batch
	connect   connect
}

type app struct {
	App
	public *rsa.PublicKey
}

// signingKey is one key for all servers of the process: making one takes long.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // only for a size that can't be
	}
	return key
})

func newState(g *ids, cfg config) state {
	st := state{
		account: Account{ID: g.guid("account"), Number: "1703061", Name: "Sample Company"},
		apps:    map[string]*app{}, users: map[string]*User{},
		tokens: map[string]*token{}, codes: map[string]*code{}, refresh: map[string]*refresh{}, consents: map[string]bool{},
		reads: map[string]int{}, envelopes: map[string]*envelope{}, templates: map[string]*template{},
		bulkLists: map[string]object{}, batches: map[string]*batch{},
		connect: connect{enabled: !cfg.noConnect, configurations: map[string]object{}, down: map[string]time.Time{}},
	}
	user := &User{ID: g.guid("user"), Name: "Sasha Sender", Email: "sender@example.com", Admin: true}
	st.users[user.ID], st.person = user, user.ID
	a := &app{App: App{IntegrationKey: g.guid("app"), Secret: g.guid("secret"), RedirectURI: "https://app.example.com/docusign/callback"}}
	st.apps[a.IntegrationKey], st.first = a, a.IntegrationKey
	return st
}

// Account gives the account.
func (s *Server) Account() Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.account
}

// User gives the user who sits at the browser: the administrator that the server
// starts with, or the one of LogIn.
func (s *Server) User() User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.state.users[s.state.person]
}

// AddUser adds a user; an empty ID is filled in.
func (s *Server) AddUser(u User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = s.ids.guid("user")
	}
	s.state.users[u.ID] = &u
	return u
}

// LogIn puts a user before the browser.
func (s *Server) LogIn(userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.person = userID
}

// App gives the app that the server starts with. It has a secret, a redirect URI
// and a private key, and no user has consented to it yet: see Consent.
func (s *Server) App() App {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.state.apps[s.state.first]
	if a.public == nil {
		a.PrivateKey = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(signingKey())}))
		a.public = &signingKey().PublicKey
	}
	return a.App
}

// AddApp adds an app without a private key, for logins; an empty IntegrationKey
// is filled in. An app without a secret is a public one.
func (s *Server) AddApp(a App) App {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.IntegrationKey == "" {
		a.IntegrationKey = s.ids.guid("app")
	}
	s.state.apps[a.IntegrationKey] = &app{App: a}
	return a
}

// Consent has a user consent to what a JWT grant of the app asks for, as they
// would on the consent page.
func (s *Server) Consent(integrationKey, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scope := range []string{"signature", "impersonation", "extended"} {
		s.state.consents[integrationKey+userID+scope] = true
	}
}

// RevokeConsent takes a user's consent back. Refresh tokens end at once, access
// tokens live on.
func (s *Server) RevokeConsent(integrationKey, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scope := range []string{"signature", "impersonation", "extended"} {
		delete(s.state.consents, integrationKey+userID+scope)
	}
	for value, r := range s.state.refresh {
		if r.app == integrationKey && r.user == userID {
			delete(s.state.refresh, value)
		}
	}
}

// RefuseConsent has the next person on the login page click it away.
func (s *Server) RefuseConsent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.refuse = true
}

// ExpireTokens ends all access tokens. Refresh tokens live on.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.state.tokens)
}

// AccessToken gives a token of a user, for programs that bring their own.
func (s *Server) AccessToken(userID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newToken(s.state.first, userID, 8*time.Hour)
}
