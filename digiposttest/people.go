package digiposttest

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// AddUser adds a recipient with Digipost, known by fødselsnummer, organisation
// number or Digipost address.
func (s *Server) AddUser(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.state.users[id] = true
	}
}

// entryPoint offers what the broker may do, or what it may do for a sender. Both
// offer the same here; only the places of what belongs to a sender differ.
func (s *Server) entryPoint(c *call) {
	sender := c.sender()
	if !s.acts(c, sender) {
		return
	}
	archives := "/archives-example/" + text(sender)
	out := wireEntryPoint{}
	offers := map[string]string{
		"create_message": "/messages", "identify_recipient": "/identification", "get_sender_information": "/sender-information-example",
		"search": "/search-example", "autocomplete": "/autocomplete-example", "create_or_activate_user_account": "/user-account-example",
		"document_events": "/documents/events", "get_inbox": "/" + text(sender) + "/inbox",
		"create_batch": "/batch-example", "get_batch": "/batch-example/",
		"archive_documents": "/archive-example", "get_archives": archives,
		"get_archive_document_by_uuid": archives + "/uuid/", "get_archive_documents_by_referenceid": archives + byReference,
		"add_tag": "/tags-example/add", "remove_tag": "/tags-example/remove", "get_tags": "/tags-example",
		"get_share_documents_request_state": "/" + text(sender) + "/share-documents-requests/uuid/",
	}
	for _, relation := range slices.Sorted(maps.Keys(offers)) {
		out.Links = append(out.Links, link(s.web.URL, relation, offers[relation]))
	}
	if c.values["sender"] == "" {
		out.Certificate = s.certificate
	}
	s.answer(c, http.StatusOK, out)
}

func (s *Server) senderInformation(c *call) {
	none := wireSender{Status: "NO_INFO_AVAILABLE"}
	var a Account
	var found bool
	if org := c.r.URL.Query().Get("org_id"); org != "" {
		if s.cfg.noOrgLookup {
			s.fail(c, http.StatusForbidden, "ILLEGAL_ACCESS", "not allowed", "CLIENT_TECHNICAL")
			return
		}
		a, found = s.accountOf(org)
	} else {
		a, found = s.state.accounts[c.sender()]
	}
	if !found || !slices.Contains(a.Partners, c.broker) {
		s.answer(c, http.StatusOK, none)
		return
	}
	s.answer(c, http.StatusOK, wireSender{SenderID: a.SenderID, Status: "VALID_SENDER", Features: &wireFeatures{a.Features}})
}

// AddKnown adds persons whom Digipost knows and who are no users, known as in
// AddUser.
func (s *Server) AddKnown(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.state.known[id] = true
	}
}

func (w wireWho) id() string {
	return w.PersonalID + w.Organisation + w.Address + w.Name + w.BankAccount
}

func (s *Server) identify(c *call) {
	var m struct {
		XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 identification"`
		Alias   bool     `xml:"include-personalias-for-digipost-user,attr"`
		wireWho
	}
	if !s.decode(c, c.body, &m) {
		return
	}
	switch {
	case s.state.users[m.id()]:
		out := wireIdentified{Result: "DIGIPOST", Address: m.Address}
		if out.Address == "" && m.PersonalID == "" {
			out.Address = "funnet#1234"
		}
		if m.Alias {
			out.Alias = "alias-of-a-user"
		}
		s.answer(c, http.StatusOK, out)
	case s.state.known[m.id()]:
		s.answer(c, http.StatusOK, wireIdentified{Result: "IDENTIFIED", Alias: "alias-of-somebody"})
	case m.PersonalID != "" && len(m.PersonalID) != 11:
		s.answer(c, http.StatusOK, wireIdentified{Result: "INVALID", Invalid: "INVALID_PERSONAL_IDENTIFICATION_NUMBER"})
	default:
		s.answer(c, http.StatusOK, wireIdentified{Result: "UNIDENTIFIED", Reason: "NOT_FOUND"})
	}
}

func (s *Server) search(c *call) {
	var out wireRecipients
	for _, a := range s.matching(c.values["term"]) {
		out.Recipient = append(out.Recipient, wireRecipient{Address: a.Address, Organisation: a.Organisation})
	}
	s.answer(c, http.StatusOK, out)
}

// matching are ten accounts at most that a term finds.
func (s *Server) matching(term string) (out []Account) {
	for _, id := range slices.Sorted(maps.Keys(s.state.accounts)) {
		a := s.state.accounts[id]
		if strings.Contains(strings.ToLower(a.Address+" "+a.Organisation), strings.ToLower(term)) && len(out) < 10 {
			out = append(out, a)
		}
	}
	return out
}

func (s *Server) suggest(c *call) {
	var out wireAutocomplete
	for _, a := range s.matching(c.values["term"]) {
		out.Suggestion = append(out.Suggestion, wireSuggestion{a.Address, link(s.web.URL, "search", "/search-example/"+url.PathEscape(a.Address))})
	}
	s.answer(c, http.StatusOK, out)
}

func (s *Server) createAccount(c *call) {
	var m struct {
		XMLName    xml.Name `xml:"http://api.digipost.no/schema/v8 user-information"`
		PersonalID string   `xml:"national-identity-number"`
	}
	if !s.decode(c, c.body, &m) {
		return
	}
	s.state.users[m.PersonalID] = true
	s.answer(c, http.StatusOK, wireUserAccount{Address: "ny.bruker#1234", Key: "key-example"})
}

func (s *Server) addTag(c *call)    { s.setTag(c, true) }
func (s *Server) removeTag(c *call) { s.setTag(c, false) }

func (s *Server) setTag(c *call, set bool) {
	var m struct {
		XMLName    xml.Name `xml:"http://api.digipost.no/schema/v8 tag"`
		PersonalID string   `xml:"public-mailbox-tag>personal-identification-number"`
	}
	if !s.decode(c, c.body, &m) {
		return
	}
	if !s.state.users[m.PersonalID] {
		s.fail(c, http.StatusNotFound, "UNKNOWN_USER", "no such user", "CLIENT_DATA")
		return
	}
	s.state.tagged[m.PersonalID] = set
	s.answer(c, http.StatusOK, nil)
}

func (s *Server) tags(c *call) {
	var out wireTags
	if s.state.tagged[c.r.URL.Query().Get("personal-identification-number")] {
		out.Type = []string{"PUBLIC_MAILBOX_TAG"}
	}
	s.answer(c, http.StatusOK, out)
}
