package cloudsigntest

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"unicode/utf8"
)

func (s *Server) createDocument(c *call) {
	if r := c.readForm(); r != nil {
		c.refuse(r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := Document{UserID: c.user.ID, Status: Draft, Files: []File{}}
	if id := c.form.Get("template_id"); id != "" {
		r := s.fromTemplate(c, id, &d)
		if r != nil {
			c.refuse(r)
			return
		}
	}
	if r := c.setDocument(&d); r != nil {
		c.refuse(r)
		return
	}
	s.fill(&d, s.state.ids)
	s.state.insert(d, s.cfg.order)
	c.answer(s.whole(c, &d))
}

// setDocument copies what the form says about the document itself. That a
// team may forbid confidential documents is documented, the status is not.
func (c *call) setDocument(d *Document) *refusal {
	if r := first(
		c.set("title", 500, &d.Title), c.set("note", 0, &d.Note), c.set("message", 16000, &d.Message),
		c.setBool("can_transfer", &d.CanTransfer), c.setBool("private", &d.Private),
	); r != nil {
		return r
	}
	if d.Private && c.team.NoPrivate {
		return bad("the team does not allow confidential documents")
	}
	return nil
}

// fromTemplate copies a template's files, recipients and input fields, with new
// ids.
func (s *Server) fromTemplate(c *call, id string, d *Document) *refusal {
	r := s.state.documents[id]
	if r == nil || r.Status != Template || !s.mayRead(c.user, c.team, &r.Document) {
		return forbidden("no right to access this template")
	}
	t := r.clone()
	d.Title, d.Note, d.Message, d.CanTransfer, d.Private = t.Title, t.Note, t.Message, t.CanTransfer, t.Private
	d.Participants, d.Files, d.Reportees = t.Participants, t.Files, t.Reportees
	d.Participants[0] = Participant{Email: c.user.Email, Name: c.user.Name, Organization: c.user.Organization}
	ids := map[string]string{}
	for i := range d.Participants {
		p := &d.Participants[i]
		p.ID, p.Status = s.state.ids.id("participant"), ParticipantDraft
		ids[r.Participants[i].ID] = p.ID
	}
	for i := range d.Files {
		d.Files[i].ID = ""
		for j := range d.Files[i].Widgets {
			w := &d.Files[i].Widgets[j]
			w.ID, w.ParticipantID = "", ids[w.ParticipantID]
		}
	}
	for i := range d.Reportees {
		d.Reportees[i].ID = ""
	}
	return nil
}

// updateDocument refuses what is no draft; the status is undocumented.
func (s *Server) updateDocument(c *call) {
	s.edit(c, func(d *Document) *refusal {
		if d.Status != Draft {
			return bad("the document is not a draft")
		}
		return c.setDocument(d)
	})
}

func (s *Server) deleteDocument(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, r := s.writable(c)
	if r == nil && rec.Status != Draft {
		r = bad("the document is not a draft")
	}
	if r != nil {
		c.refuse(r)
		return
	}
	s.state.remove(rec)
	c.w.WriteHeader(http.StatusNoContent)
}

// sendDocument sends a draft and reminds of a pending document.
func (s *Server) sendDocument(c *call) {
	s.edit(c, func(d *Document) *refusal {
		switch d.Status {
		case Draft:
			return s.dispatch(d)
		case Pending:
			if slices.ContainsFunc(d.Participants, func(p Participant) bool { return p.Status == WaitingForReview && p.Callback }) {
				return bad("a recipient of embedded signing can't be reminded")
			}
			d.Reminders++
			return nil
		}
		return notAcceptable("the document is neither a draft nor pending")
	})
}

func (s *Server) dispatch(d *Document) *refusal {
	sender := &d.Participants[0]
	unfilled := func(w Widget) bool { return w.ParticipantID == sender.ID && w.Text == "" && w.Type != Checkbox }
	switch {
	case len(d.Participants) < 2 || len(d.Files) == 0:
		return bad("a recipient or a file is missing")
	case sender.MyNumberCard:
		return bad("the sender signs with a My Number card")
	}
	for _, f := range d.Files {
		if f.Damaged {
			return bad("the structure of a PDF is broken")
		}
		if slices.ContainsFunc(f.Widgets, unfilled) {
			return bad("an input field of the sender is empty")
		}
	}
	now := s.cfg.clock.Now()
	d.Status, d.SentAt = Pending, now
	sender.Status = Sent
	for i := range d.Participants[1:] {
		d.Participants[i+1].Status = WaitingForDelivery
	}
	s.nextTurn(d)
	return nil
}

// declineDocument withdraws a document. Its sender counts as the one who
// declined, so that the time is the document's last_processed_at; that is
// undocumented.
func (s *Server) declineDocument(c *call) {
	s.edit(c, func(d *Document) *refusal {
		if d.Status != Pending {
			return bad("the document is not pending")
		}
		if r := c.set("comment", 1000, &d.DeclineComment); r != nil {
			return r
		}
		d.Status = Declined
		d.Participants[0].ProcessedAt = s.cfg.clock.Now()
		for i := range d.Participants[1:] {
			if p := &d.Participants[i+1]; p.Status != Sealed {
				p.Status = Cancelled
			}
		}
		return nil
	})
}

// attributeBody are the members of documentAttributeUpsertRequest: absent, null
// or a value.
type attributeBody struct {
	Title               *string           `json:"title"`
	Counterparty        *string           `json:"counterparty"`
	ContractAt          json.RawMessage   `json:"contract_at"`
	ValidityStartAt     json.RawMessage   `json:"validity_start_at"`
	ValidityEndAt       json.RawMessage   `json:"validity_end_at"`
	ValidityEndNoticeAt json.RawMessage   `json:"validity_end_notice_at"`
	AutoUpdate          *int              `json:"auto_update"`
	LocalID             *string           `json:"local_id"`
	Amount              json.RawMessage   `json:"amount"`
	Options             []attributeOption `json:"options"`
}

type attributeOption struct {
	Order   int    `json:"order"`
	Content string `json:"content"`
}

// updateAttribute takes JSON alone. Whoever may read the document may write its
// information, in any state.
func (s *Server) updateAttribute(c *call) {
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxForm))
	var in attributeBody
	if err != nil || kind != "application/json" || json.Unmarshal(body, &in) != nil {
		c.refuse(bad("the body is not JSON of the right form"))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.state.documents[c.vars["documentID"]]
	switch {
	case rec == nil:
		c.refuse(missing("document"))
		return
	case !s.mayRead(c.user, c.team, &rec.Document):
		c.refuse(forbidden("no right to access this document"))
		return
	}
	d := rec.clone()
	if d.Attribute == nil {
		d.Attribute = &Attribute{}
	}
	if r := in.apply(d.Attribute); r != nil {
		c.refuse(r)
		return
	}
	if in.Counterparty != nil && d.Status == Draft {
		d.Note = *in.Counterparty
	}
	now := s.cfg.clock.Now()
	d.Attribute.CreatedAt = orTime(d.Attribute.CreatedAt, now)
	d.Attribute.UpdatedAt = now
	// The information is a record of its own: the document was not updated.
	rec.Document = d.clone()
	s.state.forget()
	c.answer(s.wireAttribute(d.ID, d.Attribute))
}

func (in attributeBody) apply(a *Attribute) *refusal {
	for _, m := range []struct {
		value *string
		into  *string
	}{{in.Title, &a.Title}, {in.Counterparty, &a.Counterparty}, {in.LocalID, &a.LocalID}} {
		if m.value == nil {
			continue
		}
		if utf8.RuneCountInString(*m.value) > 500 {
			return bad("a text is longer than 500 characters")
		}
		*m.into = *m.value
	}
	for _, m := range []struct {
		value json.RawMessage
		into  *string
	}{
		{in.ContractAt, &a.ContractAt}, {in.ValidityStartAt, &a.ValidityStartAt},
		{in.ValidityEndAt, &a.ValidityEndAt}, {in.ValidityEndNoticeAt, &a.ValidityEndNoticeAt},
	} {
		if m.value == nil {
			continue
		}
		var day *string
		if json.Unmarshal(m.value, &day) != nil || day != nil && !validDate(*day) {
			return bad("a date is invalid")
		}
		*m.into = ""
		if day != nil {
			*m.into = *day
		}
	}
	return in.applyRest(a)
}

// applyRest merges the options by their order; whether the service does, or
// replaces all of them, is undocumented.
func (in attributeBody) applyRest(a *Attribute) *refusal {
	if in.AutoUpdate != nil {
		if *in.AutoUpdate < 0 || *in.AutoUpdate > 2 {
			return bad("auto_update is invalid")
		}
		a.AutoUpdate = AutoUpdate(*in.AutoUpdate)
	}
	if in.Amount != nil {
		var amount *int64
		if json.Unmarshal(in.Amount, &amount) != nil {
			return bad("amount is invalid")
		}
		a.Amount = amount
	}
	for _, o := range in.Options {
		if o.Order < 1 || o.Order > 10 || utf8.RuneCountInString(o.Content) > 500 {
			return bad("an option is invalid")
		}
		a.Options = slices.DeleteFunc(a.Options, func(old AttributeOption) bool { return old.Order == o.Order })
		a.Options = append(a.Options, AttributeOption(o))
	}
	slices.SortFunc(a.Options, func(x, y AttributeOption) int { return x.Order - y.Order })
	return nil
}

func (s *Server) updateAlert(c *call) {
	if r := c.readForm(); r != nil {
		c.refuse(r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.state.documents[c.vars["documentID"]]
	switch {
	case rec == nil:
		c.refuse(missing("document"))
		return
	case !s.mayRead(c.user, c.team, &rec.Document):
		c.refuse(forbidden("no right to access this document"))
		return
	}
	d := rec.clone()
	now := s.cfg.clock.Now()
	if d.Alert == nil {
		d.Alert = &Alert{ID: s.state.ids.number("alert"), CreatedAt: now}
	}
	a := d.Alert
	a.UpdatedAt = now
	r := first(c.set("memo", 1000, &a.Memo), c.set("alert_at", 0, &a.AlertAt), c.setBool("enabled", &a.Enabled))
	if r == nil && a.AlertAt != "" && !validDate(a.AlertAt) {
		r = bad("alert_at is invalid")
	}
	if r != nil {
		c.refuse(r)
		return
	}
	rec.Document = d
	s.state.forget()
	c.answer(s.wireAlert(&d))
}
