package docusigntest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func stringOf(n int) string { return strconv.Itoa(n) }

// send sends an envelope to the first in turn.
func (s *Server) send(e *envelope) {
	s.become(e, "sent")
	e.folder = "sentitems"
	s.note(e, "Sent Invitations", e.obj.object("sender").text("userName"))
	s.emit(e, "envelope-sent", "")
	s.advance(e)
}

// advance tells those whose turn it is, and completes an envelope that all have
// finished.
func (s *Server) advance(e *envelope) {
	for {
		turn := e.turn()
		if turn == 0 {
			if !e.ended() {
				s.become(e, "completed")
				s.note(e, "Completed", "DocuSign")
				s.emit(e, "envelope-completed", "")
			}
			return
		}
		waiting := false
		for _, r := range e.recipients {
			if r.obj.text("routingOrder") != strconv.Itoa(turn) || r.obj.text("status") == "completed" {
				continue
			}
			if r.obj.text("status") == "created" {
				r.obj["status"], r.obj["sentDateTime"] = "sent", stamp(s.now())
				s.emit(e, "recipient-sent", r.obj.text("recipientId"))
			}
			if r.list == "carbonCopies" {
				r.obj["status"] = "completed"
				continue
			}
			waiting = true
		}
		if waiting {
			return
		}
	}
}

// people finds an envelope under way and one of its recipients whose turn it is.
func (s *Server) people(envelopeID, recipientID string) (*envelope, *recipient) {
	e := s.state.envelopes[envelopeID]
	if e == nil {
		panic(fmt.Sprintf("docusigntest: there is no envelope %q", envelopeID))
	}
	r := e.recipient(recipientID)
	switch {
	case r == nil:
		panic(fmt.Sprintf("docusigntest: the envelope has no recipient %q: it has %s", recipientID, e.standing()))
	case e.ended():
		panic(fmt.Sprintf("docusigntest: the envelope is %s: recipient %q can't act any more; it has %s", e.status(), recipientID, e.standing()))
	case !slices.Contains([]string{"sent", "delivered"}, r.obj.text("status")):
		panic(fmt.Sprintf("docusigntest: it is not the turn of recipient %q: the envelope is %s and has %s", recipientID, e.status(), e.standing()))
	}
	return e, r
}

// standing lists the recipients and how far each is.
func (e *envelope) standing() string {
	if len(e.recipients) == 0 {
		return "none"
	}
	list := make([]string, 0, len(e.recipients))
	for _, r := range e.recipients {
		list = append(list, fmt.Sprintf("%q (%s)", r.obj.text("recipientId"), r.obj.text("status")))
	}
	return strings.Join(list, ", ")
}

// View has a recipient open the envelope.
func (s *Server) View(envelopeID, recipientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view(s.people(envelopeID, recipientID))
}

func (s *Server) view(e *envelope, r *recipient) {
	if r.obj.text("status") == "delivered" {
		return
	}
	r.obj["status"], r.obj["deliveredDateTime"] = "delivered", stamp(s.now())
	s.note(e, "Viewed", r.obj.text("name"))
	s.emit(e, "recipient-delivered", r.obj.text("recipientId"))
	all := !slices.ContainsFunc(e.recipients, func(r *recipient) bool {
		return r.list != "carbonCopies" && r.obj.text("deliveredDateTime") == ""
	})
	if all && e.status() == "sent" {
		s.become(e, "delivered")
		s.emit(e, "envelope-delivered", "")
	}
}

// Sign has a recipient open the envelope and finish it. It panics, as everything
// that a recipient does, if the envelope or the recipient does not exist or it is
// not the recipient's turn.
func (s *Server) Sign(envelopeID, recipientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, r := s.people(envelopeID, recipientID)
	s.view(e, r)
	r.obj["status"], r.obj["signedDateTime"] = "completed", stamp(s.now())
	s.note(e, "Signed", r.obj.text("name"))
	s.emit(e, "recipient-completed", recipientID)
	s.advance(e)
}

// Enter has a recipient write values into their tabs, by label.
func (s *Server) Enter(envelopeID, recipientID string, values map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, r := s.people(envelopeID, recipientID)
	for _, kind := range sortedKeys(r.tabs) {
		for _, tab := range r.tabs.list(kind) {
			if value, ok := values[tab.text("tabLabel")]; ok {
				tab["value"] = value
			}
		}
	}
}

// Decline has a recipient open the envelope and refuse it.
func (s *Server) Decline(envelopeID, recipientID, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, r := s.people(envelopeID, recipientID)
	s.view(e, r)
	r.obj["status"], r.obj["declinedDateTime"], r.obj["declinedReason"] = "declined", stamp(s.now()), reason
	s.become(e, "declined")
	s.note(e, "Declined", r.obj.text("name"))
	s.emit(e, "recipient-declined", recipientID)
	s.emit(e, "envelope-declined", "")
}

// Bounce has a recipient's mail come back.
func (s *Server) Bounce(envelopeID, recipientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, r := s.people(envelopeID, recipientID)
	r.obj["status"], r.obj["autoRespondedReason"] = "autoresponded", "550 no such mailbox"
	s.emit(e, "recipient-autoresponded", recipientID)
}

// void ends an envelope.
func (s *Server) void(e *envelope, reason string) {
	s.become(e, "voided")
	e.obj["voidedReason"] = reason
	s.note(e, "Voided", e.obj.object("sender").text("userName"))
	s.emit(e, "envelope-voided", "")
}

// Envelope is what tests see of an envelope.
type Envelope struct {
	ID         string
	Status     string
	Subject    string
	Created    time.Time
	Recipients []Recipient
	Documents  []string // names
}

// Recipient is what tests see of a recipient.
type Recipient struct {
	ID, Type, Role, Name, Email, Status string
	Tabs                                map[string]string // values by label
}

// Envelope gives what the server holds, and whether there is such an envelope.
func (s *Server) Envelope(id string) (Envelope, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.state.envelopes[id]
	if e == nil {
		return Envelope{}, false
	}
	return e.seen(), true
}

// Envelopes gives all envelopes, oldest first.
func (s *Server) Envelopes() []Envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Envelope, 0, len(s.state.order))
	for _, id := range s.state.order {
		out = append(out, s.state.envelopes[id].seen())
	}
	return out
}

func (e *envelope) seen() Envelope {
	out := Envelope{ID: e.id, Status: e.status(), Subject: e.obj.text("emailSubject"), Created: e.made}
	for _, r := range e.recipients {
		one := Recipient{
			ID: r.obj.text("recipientId"), Type: r.obj.text("recipientType"), Role: r.obj.text("roleName"),
			Name: r.obj.text("name"), Email: r.obj.text("email"), Status: r.obj.text("status"), Tabs: map[string]string{},
		}
		for kind := range r.tabs {
			for _, tab := range r.tabs.list(kind) {
				if v := tab.text("value"); v != "" {
					one.Tabs[tab.text("tabLabel")] = v
				}
			}
		}
		out.Recipients = append(out.Recipients, one)
	}
	for _, d := range e.documents {
		out.Documents = append(out.Documents, d.name)
	}
	return out
}
