package salesdocktest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Account is one environment. Its methods are safe for concurrent use.
type Account struct {
	srv     *Server
	domain  string
	english bool

	users         []*User
	organisations []*Organisation
	products      []*Product
	suppliers     []*Supplier
	flows         []*Flow
	questions     []*Question
	agreements    []*Agreement
	statuses      []Status
	sales         []*Sale
	webhooks      []*hook
	webhooksOn    bool
	invited       []Invitation
}

// The roles of users.
const (
	Owner = "owner"
	Admin = "admin"
	Agent = "agent"
)

// User is a user of an account.
type User struct {
	ID                         int // given by AddUser
	Firstname, Lastname, Email string
	Role                       string // Admin, Agent, …; empty: Agent
	Organisation               *Organisation
	Inactive                   bool
}

func (u *User) admin() bool { return u.Role == Admin || u.Role == Owner }

// Organisation is an organisation of an account.
type Organisation struct {
	ID         int
	Name       string
	Identifier string
	fields     object
	created    time.Time
	products   map[int]bool
	flows      map[int]bool
}

// Invitation is a person who was invited.
type Invitation struct {
	Email, Role    string
	OrganisationID int
}

// Token says what a token may do.
type Token struct {
	IntegrationOnly bool   // works inside Salesdock alone
	Address         string // works from this IP address alone; empty: from all
}

type token struct {
	Token
	account *Account
	user    *User
}

// AddAccount makes an environment with Salesdock's own statuses. Its messages are
// Dutch.
func (s *Server) AddAccount(domain string) *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &Account{srv: s, domain: domain, statuses: systemStatuses()}
	s.accounts[domain] = a
	s.order = append(s.order, a)
	return a
}

// Domain is the account's name in addresses.
func (a *Account) Domain() string { return a.domain }

// SetEnglish has the account's messages in English.
func (a *Account) SetEnglish() {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	a.english = true
}

// AddOrganisation makes an organisation without rights.
func (a *Account) AddOrganisation(name string) *Organisation {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	return a.addOrganisation(name, slug(name), object{})
}

func (a *Account) addOrganisation(name, identifier string, fields object) *Organisation {
	o := &Organisation{
		ID: a.srv.next(), Name: name, Identifier: identifier, fields: fields, created: a.srv.now(),
		products: map[int]bool{}, flows: map[int]bool{},
	}
	a.organisations = append(a.organisations, o)
	return o
}

// AddUser makes a user.
func (a *Account) AddUser(u User) *User {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	u.ID = a.srv.next()
	if u.Role == "" {
		u.Role = Agent
	}
	a.users = append(a.users, &u)
	return &u
}

// AddToken makes a token of a user.
func (a *Account) AddToken(u *User, how ...Token) string {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	t := &token{account: a, user: u}
	if len(how) > 0 {
		t.Token = how[0]
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "salesdocktest %d %s %d", a.srv.cfg.seed, a.domain, a.srv.next()))
	text := hex.EncodeToString(sum[:30])
	a.srv.tokens[text] = t
	return text
}

// AdminToken makes an admin and gives a token of it.
func (a *Account) AdminToken() string {
	return a.AddToken(a.AddUser(User{Firstname: "Admin", Role: Admin}))
}

// RevokeToken ends a token.
func (s *Server) RevokeToken(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, text)
}

// Invitations gives who was invited.
func (a *Account) Invitations() []Invitation {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	return slices.Clone(a.invited)
}

// admit checks who is calling, counts the call, and fills in account and user.
func (s *Server) admit(c *call, domain string) bool {
	text, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	t := s.tokens[text]
	if !ok || t == nil || t.user.Inactive {
		c.fail(http.StatusUnauthorized, "Niet geautoriseerd.", "Unauthenticated.")
		return false
	}
	if !s.spend(c, t.user) {
		return false
	}
	host, _, _ := net.SplitHostPort(c.r.RemoteAddr)
	switch {
	case t.account.domain != domain:
		c.fail(http.StatusForbidden, "Geen toegang tot dit account.", "No access to account.")
		return false
	case t.Address != "" && t.Address != host:
		c.fail(http.StatusForbidden, "Geen toegang: API token niet toegestaan vanaf dit adres.", "API token not whitelisted.")
		return false
	case t.IntegrationOnly:
		c.fail(s.cfg.integrationOnly, "Geen toegang.", "No access.")
		return false
	}
	c.account, c.user = t.account, t.user
	return true
}

// spending is how much a user or an address used of the current minute.
type spending struct {
	since time.Time
	calls int
}

// spend counts a call for the user and for the address. A refusal has none of the
// headers of the others, as in the service's sample.
func (s *Server) spend(c *call, u *User) bool {
	if s.cfg.limit <= 0 {
		c.w.Header().Set("X-RateLimit-Limit", "1000000")
		c.w.Header().Set("X-RateLimit-Remaining", "1000000")
		return true
	}
	host, _, _ := net.SplitHostPort(c.r.RemoteAddr)
	left := s.cfg.limit
	var until time.Duration
	for _, who := range []string{"user " + strconv.Itoa(u.ID), "address " + host} {
		sp := s.spent[who]
		if sp == nil || s.now().Sub(sp.since) >= time.Minute || s.now().Before(sp.since) {
			sp = &spending{since: s.now()}
			s.spent[who] = sp
		}
		sp.calls++
		if n := s.cfg.limit - sp.calls; n < left {
			left, until = n, sp.since.Add(time.Minute).Sub(s.now())
		}
	}
	if left < 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(until/time.Second)+1))
		return !s.refuse(c.w, http.StatusTooManyRequests)
	}
	c.w.Header().Set("X-RateLimit-Limit", strconv.Itoa(s.cfg.limit))
	c.w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(left))
	return true
}

func slug(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }), "-")
}

func byID[T any](items []T, id int, of func(T) int) (found T) {
	if i := slices.IndexFunc(items, func(v T) bool { return of(v) == id }); i >= 0 {
		return items[i]
	}
	return found
}

func (a *Account) organisation(id int) *Organisation {
	return byID(a.organisations, id, func(o *Organisation) int { return o.ID })
}

func (a *Account) product(id int) *Product {
	return byID(a.products, id, func(p *Product) int { return p.ID })
}

func (a *Account) sale(id int) *Sale { return byID(a.sales, id, func(v *Sale) int { return v.ID }) }
