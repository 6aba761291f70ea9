package digiposttest

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Partner is a software vendor with a Digipost account.
type Partner struct {
	ID int64 // 0: given by the server
	// BackendURL is the address that was agreed on for approvals. Empty: none.
	BackendURL string
	// Key checks the partner's signatures. Nil: no certificate is registered.
	Key *rsa.PublicKey
	// ClientID and Certificate (DER) are those of the partner's OAuth client.
	ClientID    string
	Certificate []byte
}

// Account is a business's Digipost account.
type Account struct {
	SenderID     int64 // 0: given by the server
	Address      string
	Organisation string
	// Partners may send on behalf of the account.
	Partners []int64
	// Features are the names of what the sender may do. Nil: delivery in Digipost.
	Features []string
}

// ApplicationID names an application of somebody without signature right.
type ApplicationID string

// application waits for support's approval.
type application struct {
	request      registration
	organisation string
	done         bool
}

type state struct {
	partners     map[int64]Partner
	accounts     map[int64]Account // by sender-id
	applications map[ApplicationID]*application
	nextSender   int64
	users        map[string]bool
	messages     []Message
	events       []Event
	inbox        map[int64][]*InboxDocument
	nextMail     int64
	archived     map[int64][]*ArchivedDocument
	known        map[string]bool // persons without Digipost
	tagged       map[string]bool
	shares       map[string]*share // by the request's UUID
	batches      map[string]*batch
	content      map[string]oneTime
	tokens       map[string]token
	leaks        int
}

func newState() state {
	return state{
		partners: map[int64]Partner{}, accounts: map[int64]Account{}, applications: map[ApplicationID]*application{}, nextSender: 34567,
		users: map[string]bool{}, inbox: map[int64][]*InboxDocument{}, archived: map[int64][]*ArchivedDocument{}, known: map[string]bool{}, tagged: map[string]bool{}, shares: map[string]*share{},
		batches: map[string]*batch{}, content: map[string]oneTime{}, tokens: map[string]token{},
	}
}

// AddPartner adds a partner and gives it with its id.
func (s *Server) AddPartner(p Partner) Partner {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.ID == 0 {
		p.ID = 12345 + int64(len(s.state.partners))
	}
	s.state.partners[p.ID] = p
	return p
}

// SetBackendURL changes the address that was agreed on with a partner.
func (s *Server) SetBackendURL(partner int64, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.state.partners[partner]
	p.BackendURL = address
	s.state.partners[partner] = p
}

// AddAccount adds an account that exists already and gives it with its ids.
func (s *Server) AddAccount(a Account) Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addAccount(a)
}

func (s *Server) addAccount(a Account) Account {
	if a.SenderID == 0 {
		a.SenderID = s.state.nextSender
		s.state.nextSender++
	}
	if a.Address == "" {
		a.Address = fmt.Sprintf("kunde%d#%04X", a.SenderID, a.SenderID%0xffff)
	}
	if a.Features == nil {
		a.Features = []string{"no.digipost.feature.delivery.digipost"}
	}
	s.state.accounts[a.SenderID] = a
	return a
}

// Account gives the account of an organisation number; with several, the one of
// the lowest sender-id.
func (s *Server) Account(organisation string) (Account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accountOf(organisation)
}

func (s *Server) accountOf(organisation string) (Account, bool) {
	for _, id := range slices.Sorted(maps.Keys(s.state.accounts)) {
		if a := s.state.accounts[id]; a.Organisation == organisation {
			return a, true
		}
	}
	return Account{}, false
}

// authorise makes sure that the organisation has an account which the partner may
// send for.
func (s *Server) authorise(organisation string, partner int64) Account {
	a, found := s.accountOf(organisation)
	if !found {
		a = s.addAccount(Account{Organisation: organisation})
	}
	if !slices.Contains(a.Partners, partner) {
		a.Partners = append(slices.Clone(a.Partners), partner)
		s.state.accounts[a.SenderID] = a
	}
	return a
}

// Revoke takes the partner's right to send for an account away.
func (s *Server) Revoke(senderID, partner int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.state.accounts[senderID]
	a.Partners = slices.DeleteFunc(slices.Clone(a.Partners), func(p int64) bool { return p == partner })
	s.state.accounts[senderID] = a
}

func text(id int64) string { return strconv.FormatInt(id, 10) }

// Accounts gives all accounts, by sender-id.
func (s *Server) Accounts() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Account
	for _, id := range slices.Sorted(maps.Keys(s.state.accounts)) {
		out = append(out, s.state.accounts[id])
	}
	return out
}
