package cloudsigntest

import (
	"fmt"
	"slices"
	"time"
)

// accessLife is how long a recipient has for a document.
const accessLife = 10 * 24 * time.Hour

// nextTurn lets the first recipient who has not answered review the document.
func (s *Server) nextTurn(d *Document) {
	for i := range d.Participants[1:] {
		p := &d.Participants[i+1]
		if p.Status == WaitingForDelivery {
			p.Status, p.AccessExpiresAt = WaitingForReview, s.cfg.clock.Now().Add(accessLife)
			return
		}
	}
}

// Consent is what a recipient does whose turn it is: fill in the input fields
// and agree. The last recipient's consent concludes the document. It panics if
// there is no such recipient, or if it is not the recipient's turn.
func (s *Server) Consent(documentID, participantID string) {
	now := s.cfg.clock.Now()
	s.answered(documentID, participantID, func(d *Document, p *Participant) {
		p.Status, p.ProcessedAt = Sealed, now
		fillIn(d, p.ID)
		s.nextTurn(d)
		if !slices.ContainsFunc(d.Participants[1:], func(p Participant) bool { return p.Status != Sealed }) {
			d.Status = Concluded
		}
	})
}

// Refuse is what a recipient does whose turn it is and who does not agree: the
// document is declined. It panics as Consent does.
func (s *Server) Refuse(documentID, participantID, comment string) {
	now := s.cfg.clock.Now()
	s.answered(documentID, participantID, func(d *Document, p *Participant) {
		p.Status, p.ProcessedAt = Refused, now
		d.Status, d.DeclineComment = Declined, comment
	})
}

func (s *Server) answered(documentID, participantID string, answer func(*Document, *Participant)) {
	s.UpdateDocument(documentID, func(d *Document) {
		i := slices.IndexFunc(d.Participants, func(p Participant) bool { return p.ID == participantID })
		if d.Status != Pending || i < 1 || d.Participants[i].Status != WaitingForReview {
			panic(fmt.Sprintf("cloudsigntest: it is not the turn of a participant %q", participantID))
		}
		answer(d, &d.Participants[i])
	})
}

func fillIn(d *Document, participantID string) {
	for i := range d.Files {
		for j := range d.Files[i].Widgets {
			w := &d.Files[i].Widgets[j]
			w.Filled = w.Filled || w.ParticipantID == participantID
		}
	}
}

// Conclude makes a pending document concluded: every recipient who has not
// answered consents now. It panics if there is no document with that id.
func (s *Server) Conclude(documentID string) {
	now := s.cfg.clock.Now()
	s.UpdateDocument(documentID, func(d *Document) {
		d.Status = Concluded
		for i := range d.Participants[1:] {
			p := &d.Participants[i+1]
			p.Status = Sealed
			p.ProcessedAt = orTime(p.ProcessedAt, now)
			fillIn(d, p.ID)
		}
	})
}

// Attach is what a recipient does who was asked for a file: upload it. It gives
// the file with its id, and panics if the document asks for none.
func (s *Server) Attach(documentID string, f AttachedFile) AttachedFile {
	s.UpdateDocument(documentID, func(d *Document) {
		if d.Attachment == nil {
			panic(fmt.Sprintf("cloudsigntest: document %q asks for no files", documentID))
		}
		d.Attachment.Files = append(d.Attachment.Files, f)
	})
	d, _ := s.Document(documentID)
	return d.Attachment.Files[len(d.Attachment.Files)-1]
}

// Bounce is a mail that did not arrive at an address. It panics if there is no
// document with that id.
func (s *Server) Bounce(documentID, email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.state.documents[documentID]
	if r == nil {
		panic(fmt.Sprintf("cloudsigntest: there is no document %q", documentID))
	}
	s.notify(&r.Document, email)
}
