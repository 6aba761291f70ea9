package cloudsigntest

import (
	"cmp"
	"fmt"
	"time"
)

// AddTeam adds a team and gives it back with what was filled in. It panics if
// the team has more than 20 webhooks, as does UpdateTeam.
func (s *Server) AddTeam(t Team) Team {
	t = t.clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.state
	t.ID = cmp.Or(t.ID, st.ids.id("team"))
	checkWebhooks(t)
	s.fillCabinets(&t)
	st.teams[t.ID] = t
	st.firstTeam = cmp.Or(st.firstTeam, t.ID)
	return t.clone()
}

// fillCabinets puts the cabinet of all documents first.
func (s *Server) fillCabinets(t *Team) {
	if t.Enterprise && (len(t.Cabinets) == 0 || t.Cabinets[0].Name != allDocuments) {
		t.Cabinets = append([]Cabinet{{Name: allDocuments}}, t.Cabinets...)
	}
	now := s.cfg.clock.Now()
	for i := range t.Cabinets {
		c := &t.Cabinets[i]
		c.ID = cmp.Or(c.ID, s.state.ids.id("cabinet"))
		c.CreatedAt = orTime(c.CreatedAt, now)
		c.UpdatedAt = orTime(c.UpdatedAt, c.CreatedAt)
	}
}

const allDocuments = "すべての書類"

// Team gives the server's first team, which every server has.
func (s *Server) Team() Team {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.teams[s.state.firstTeam].clone()
}

// UpdateTeam changes a team. It panics if there is none with that id.
func (s *Server) UpdateTeam(id string, change func(*Team)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.state.teams[id]
	if !ok {
		panic(fmt.Sprintf("cloudsigntest: there is no team %q", id))
	}
	t = t.clone()
	change(&t)
	checkWebhooks(t)
	s.fillCabinets(&t)
	s.state.teams[id] = t
	s.state.forget()
}

// AddUser adds a user and gives it back with what was filled in, among it the
// client ID. It panics if the team does not exist or the client ID is taken.
func (s *Server) AddUser(u User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.state
	u.ID = cmp.Or(u.ID, st.ids.id("user"))
	u.TeamID = cmp.Or(u.TeamID, st.firstTeam)
	u.ClientID = cmp.Or(u.ClientID, st.ids.uuid("client"))
	u.Email = cmp.Or(u.Email, fmt.Sprintf("user%d@example.jp", len(st.users)+1))
	if _, ok := st.teams[u.TeamID]; !ok {
		panic(fmt.Sprintf("cloudsigntest: there is no team %q", u.TeamID))
	}
	if st.byClient[u.ClientID] != nil {
		panic("cloudsigntest: two users with one client ID")
	}
	m := &member{User: u}
	st.users[u.ID], st.byClient[u.ClientID], st.byEmail[u.Email] = m, m, m
	st.firstUser = cmp.Or(st.firstUser, u.ID)
	st.forget()
	return u
}

// UpdateUser changes a user's name, authorities or validity; a change of id,
// team, client ID or e-mail address is ignored. It panics if there is no user
// with that id.
func (s *Server) UpdateUser(id string, change func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.state.user(id)
	u := m.User
	change(&u)
	u.ID, u.TeamID, u.ClientID, u.Email = m.ID, m.TeamID, m.ClientID, m.Email
	m.User = u
	s.state.forget()
}

// RemoveUser removes a user, as happens when somebody leaves: the client ID
// and its tokens are refused, the documents stay. It panics if there is no
// user with that id.
func (s *Server) RemoveUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.user(id).removed = true
}

// ExpireTokens makes all access tokens invalid before their time.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.state.tokens)
	clear(s.state.current)
}

// AddDocument adds a document and gives it back with what was filled in. It
// panics if there is no user to have made it, or if the id is taken.
func (s *Server) AddDocument(d Document) Document {
	d = d.clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fill(&d, s.state.ids)
	s.state.insert(d, s.cfg.order)
	return d.clone()
}

// Document gives a document, and whether there is one with that id.
func (s *Server) Document(id string) (Document, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.state.documents[id]
	if r == nil {
		return Document{}, false
	}
	return r.clone(), true
}

// UpdateDocument changes a document and sets its time of update, unless the
// change does. A pending document that becomes concluded or declined is told of
// by webhook. A change of its id is ignored. It panics if there is no
// document with that id.
func (s *Server) UpdateDocument(id string, change func(*Document)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.state
	r := st.documents[id]
	if r == nil {
		panic(fmt.Sprintf("cloudsigntest: there is no document %q", id))
	}
	d := r.clone()
	change(&d)
	s.store(r, d)
}

// store replaces a document by its changed copy, and tells of what became of
// it.
func (s *Server) store(r *record, d Document) {
	d = d.clone()
	d.ID = r.ID
	if d.UpdatedAt.Equal(r.UpdatedAt) {
		d.UpdatedAt = s.cfg.clock.Now()
	}
	s.fill(&d, s.state.ids)
	before := r.Status
	r.Document = d
	s.state.sorted = false
	s.state.forget()
	if before == Pending && (d.Status == Concluded || d.Status == Declined) {
		s.notify(&d, "")
	}
}

// SetAttribute enters the information of a document, also after it was
// concluded, as people do. last_processed_at stays as it is. It panics if there
// is no document with that id.
func (s *Server) SetAttribute(documentID string, a Attribute) {
	s.UpdateDocument(documentID, func(d *Document) {
		a.CreatedAt = s.cfg.clock.Now()
		if d.Attribute != nil {
			a.CreatedAt = d.Attribute.CreatedAt
		}
		a.UpdatedAt = s.cfg.clock.Now()
		d.Attribute = &a
	})
}

// fill sets what a document leaves open.
func (s *Server) fill(d *Document, g *ids) {
	now := s.cfg.clock.Now()
	d.ID = cmp.Or(d.ID, g.id("document"))
	d.UserID = cmp.Or(d.UserID, s.state.firstUser)
	if d.UserID == "" {
		panic("cloudsigntest: add a user before documents")
	}
	d.CreatedAt = orTime(d.CreatedAt, now)
	d.UpdatedAt = orTime(d.UpdatedAt, d.CreatedAt)
	switch d.Status {
	case Pending, Concluded, Declined:
		d.SentAt = orTime(d.SentAt, d.CreatedAt)
	}
	if len(d.Participants) == 0 {
		d.Participants = s.participants(d, now)
	}
	for i := range d.Participants {
		p := &d.Participants[i]
		p.ID = cmp.Or(p.ID, g.id("participant"))
		p.LanguageCode = cmp.Or(p.LanguageCode, "ja")
	}
	if d.Files == nil {
		d.Files = []File{{Name: cmp.Or(d.Title, "document") + ".pdf"}}
	}
	for i := range d.Files {
		d.Files[i].ID = cmp.Or(d.Files[i].ID, g.id("file"))
		d.Files[i].TotalPages = max(d.Files[i].TotalPages, 1)
		for j := range d.Files[i].Widgets {
			w := &d.Files[i].Widgets[j]
			w.ID = cmp.Or(w.ID, g.id("widget"))
			w.ParticipantID = cmp.Or(w.ParticipantID, d.Participants[len(d.Participants)-1].ID)
		}
	}
	for i := range d.Reportees {
		d.Reportees[i].ID = cmp.Or(d.Reportees[i].ID, g.id("reportee"))
	}
	fillAttachment(d, g)
	if a := d.Alert; a != nil {
		a.ID = cmp.Or(a.ID, g.number("alert"))
		a.CreatedAt = orTime(a.CreatedAt, now)
		a.UpdatedAt = orTime(a.UpdatedAt, a.CreatedAt)
	}
	if a := d.Attribute; a != nil {
		a.CreatedAt = orTime(a.CreatedAt, now)
		a.UpdatedAt = orTime(a.UpdatedAt, a.CreatedAt)
	}
}

func fillAttachment(d *Document, g *ids) {
	a := d.Attachment
	if a == nil {
		return
	}
	a.ID = cmp.Or(a.ID, g.id("attachment"))
	a.ParticipantID = cmp.Or(a.ParticipantID, d.Participants[len(d.Participants)-1].ID)
	for i := range a.Files {
		a.Files[i].ID = cmp.Or(a.Files[i].ID, g.id("attached file"))
	}
}

// participants are the sender and, where the state has one, a recipient who
// did what the state says.
func (s *Server) participants(d *Document, now time.Time) []Participant {
	sender := Participant{Email: "sender@example.jp", Name: "送信者", Status: Sent}
	if u := s.state.users[d.UserID]; u != nil {
		sender.Email, sender.Name, sender.Organization = u.Email, u.Name, u.Organization
	}
	recipient := Participant{Email: "recipient@example.com", Name: "山田 太郎", Organization: "株式会社例"}
	switch d.Status {
	case Pending:
		recipient.Status, recipient.AccessExpiresAt = WaitingForReview, now.AddDate(0, 0, 10)
	case Concluded:
		recipient.Status, recipient.ProcessedAt = Sealed, now
	case Declined:
		recipient.Status, recipient.ProcessedAt = Refused, now
	case Imported:
		// Nobody consents to an imported document; it was processed when it
		// was imported.
		sender.ProcessedAt = d.CreatedAt
		return []Participant{sender}
	default:
		sender.Status = ParticipantDraft
		return []Participant{sender}
	}
	return []Participant{sender, recipient}
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
