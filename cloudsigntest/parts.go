package cloudsigntest

import (
	"net/http"
	"regexp"
	"slices"
	"time"
)

var (
	mobile    = regexp.MustCompile(`^0[7-9]0\d{8}$`)
	printable = regexp.MustCompile(`^[ -~]{0,64}$`)
	languages = []string{"ja", "en", "zh-CHS", "zh-CHT"}
	fontSizes = []string{"", "8", "9", "10", "11", "12", "13", "14"}
)

// setParticipant copies what the form says about a recipient, and checks all of
// it.
func (s *Server) setParticipant(c *call, d *Document, p *Participant) *refusal {
	if r := first(
		c.set("name", 64, &p.Name), c.set("email", 254, &p.Email), c.set("organization", 64, &p.Organization),
		c.set("access_code", 64, &p.AccessCode), c.set("language_code", 0, &p.LanguageCode),
		c.set("tel", 0, &p.Tel), c.set("recipient_id", 0, &p.RecipientID),
		c.setBool("advanced_authn_request", &p.AdvancedAuthn), c.setBool("callback", &p.Callback),
	); r != nil {
		return r
	}
	if p.LanguageCode == "" {
		p.LanguageCode = "ja"
	}
	if p.Email != "" || !p.Callback {
		if r := s.checkEmail(p.Email); r != nil {
			return r
		}
	}
	special := p.AdvancedAuthn || p.Callback || p.MyNumberCard
	switch {
	case p.Name == "":
		return bad("name is empty")
	case p.Email != "" && d.inUse(p.Email, p.ID, false):
		return bad("email is on the document already")
	case !slices.Contains(languages, p.LanguageCode) || special && p.LanguageCode != "ja":
		return bad("language_code is invalid")
	case p.Callback && (p.AdvancedAuthn || c.team.NoEmbeddedSigning || !mobile.MatchString(p.Tel) || d.myNumberCard()):
		return bad("callback is not possible")
	case !p.Callback && p.Tel != "":
		return bad("tel is for embedded signing by SMS")
	case !printable.MatchString(p.RecipientID):
		return bad("recipient_id is invalid")
	}
	return nil
}

func (d *Document) myNumberCard() bool {
	return slices.ContainsFunc(d.Participants, func(p Participant) bool { return p.MyNumberCard })
}

func (s *Server) addParticipant(c *call) {
	s.editDraft(c, func(d *Document) *refusal {
		if len(d.Participants) > s.cfg.limits.Recipients {
			return &refusal{http.StatusConflict, "conflict", "the document has the most recipients that it may have"}
		}
		p := Participant{Status: ParticipantDraft}
		if r := s.setParticipant(c, d, &p); r != nil {
			return r
		}
		d.Participants = append(d.Participants, p)
		return nil
	})
}

// onRecipient changes the recipient of the path.
func (s *Server) onRecipient(c *call, change func(*Document, int) *refusal) {
	s.editDraft(c, func(d *Document) *refusal {
		i := slices.IndexFunc(d.Participants, func(p Participant) bool { return p.ID == c.vars["participantID"] })
		switch {
		case i < 0:
			return missing("participant")
		case i == 0:
			return forbidden("the sender can't be changed")
		}
		return change(d, i)
	})
}

func (s *Server) updateParticipant(c *call) {
	s.onRecipient(c, func(d *Document, i int) *refusal { return s.setParticipant(c, d, &d.Participants[i]) })
}

// deleteParticipant takes away what was the recipient's, too. That is
// undocumented.
func (s *Server) deleteParticipant(c *call) {
	s.onRecipient(c, func(d *Document, i int) *refusal {
		id := d.Participants[i].ID
		d.Participants = slices.Delete(d.Participants, i, i+1)
		for j := range d.Files {
			f := &d.Files[j]
			f.Widgets = slices.DeleteFunc(f.Widgets, func(w Widget) bool { return w.ParticipantID == id })
		}
		if d.Attachment != nil && d.Attachment.ParticipantID == id {
			d.Attachment = nil
		}
		return nil
	})
}

// signingLife is how long a signing URL lasts; it is undocumented.
const signingLife = 10 * time.Minute

func (s *Server) createSigningURL(c *call) {
	if r := c.readForm(); r != nil {
		c.refuse(r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, r := s.writable(c)
	if r != nil {
		c.refuse(r)
		return
	}
	i := slices.IndexFunc(rec.Participants, func(p Participant) bool { return p.ID == c.vars["participantID"] })
	if i < 0 {
		c.refuse(missing("participant"))
		return
	}
	p := rec.Participants[i]
	embedded := p.Callback || p.RecipientID != "" && p.RecipientID == c.form.Get("recipient_id")
	if c.team.NoEmbeddedSigning || !embedded || rec.Status != Pending || p.Status != WaitingForReview {
		c.refuse(bad("the recipient can't sign by embedded signing now"))
		return
	}
	c.answer(wireSigning{
		URL:       "https://www.cloudsign.jp/callback/" + s.state.ids.id("signing"),
		ExpiresAt: s.seconds(s.cfg.clock.Now().Add(signingLife)),
	})
}

// setWidget copies what the form says about an input field, and checks all of
// it.
func (c *call) setWidget(d *Document, f File, w *Widget) *refusal {
	kind, required := int(w.Type), !w.Optional
	if r := first(
		c.set("participant_id", 0, &w.ParticipantID), c.setInt("type", &kind), c.setInt("page", &w.Page),
		c.setInt("x", &w.X), c.setInt("y", &w.Y), c.set("font_size", 0, &w.FontSize),
		c.set("text", 0, &w.Text), c.set("label", 0, &w.Label), c.setBool("required", &required),
	); r != nil {
		return r
	}
	w.Type, w.Optional = WidgetType(kind), WidgetType(kind) == Checkbox && !required
	i := slices.IndexFunc(d.Participants, func(p Participant) bool { return p.ID == w.ParticipantID })
	if w.Type != Text {
		w.FontSize = ""
	}
	switch {
	case i < 0:
		return bad("participant_id is invalid")
	case w.Type < Seal || w.Type > Checkbox:
		return bad("type is invalid")
	case w.Page < 0 || w.Page >= f.TotalPages:
		return bad("page is invalid")
	case w.X < 0 || w.Y < 0:
		return bad("x or y is invalid")
	case !slices.Contains(fontSizes, w.FontSize):
		return bad("font_size is invalid")
	case i > 0 && w.Text != "" && !w.Optional:
		return bad("text is for the sender's own input fields")
	case i == 0 && w.Type == Checkbox:
		w.Text = "1"
	case i == 0 && w.Text == "":
		return bad("text is empty")
	}
	return nil
}

func (s *Server) addWidget(c *call) {
	s.editDraft(c, func(d *Document) *refusal {
		i := d.file(c)
		if i < 0 {
			return missing("file")
		}
		for _, name := range []string{"participant_id", "type", "page", "x", "y"} {
			if !c.form.Has(name) {
				return bad("%s is missing", name)
			}
		}
		w := Widget{W: 50, H: 50} // the size of a new field is undocumented
		if r := c.setWidget(d, d.Files[i], &w); r != nil {
			return r
		}
		d.Files[i].Widgets = append(d.Files[i].Widgets, w)
		return nil
	})
}

// onWidget changes the input field of the path.
func (s *Server) onWidget(c *call, change func(*Document, *File, int) *refusal) {
	s.editDraft(c, func(d *Document) *refusal {
		i := d.file(c)
		if i < 0 {
			return missing("file")
		}
		f := &d.Files[i]
		j := slices.IndexFunc(f.Widgets, func(w Widget) bool { return w.ID == c.vars["widgetID"] })
		if j < 0 {
			return missing("input field")
		}
		return change(d, f, j)
	})
}

func (s *Server) updateWidget(c *call) {
	s.onWidget(c, func(d *Document, f *File, j int) *refusal { return c.setWidget(d, *f, &f.Widgets[j]) })
}

func (s *Server) deleteWidget(c *call) {
	s.onWidget(c, func(_ *Document, f *File, j int) *refusal {
		f.Widgets = slices.Delete(f.Widgets, j, j+1)
		return nil
	})
}

func (s *Server) setReportee(c *call, d *Document, p *Reportee) *refusal {
	if r := first(c.set("email", 254, &p.Email), c.set("name", 64, &p.Name), c.set("organization", 64, &p.Organization)); r != nil {
		return r
	}
	switch {
	case !c.form.Has("email") || !c.form.Has("name") || p.Name == "":
		return bad("email or name is empty")
	case d.inUse(p.Email, p.ID, true):
		return bad("email is on the document already")
	}
	return s.checkEmail(p.Email)
}

func (s *Server) addReportee(c *call) {
	s.editDraft(c, func(d *Document) *refusal {
		var p Reportee
		if r := s.setReportee(c, d, &p); r != nil {
			return r
		}
		d.Reportees = append(d.Reportees, p)
		return nil
	})
}

// onReportee changes the reportee of the path.
func (s *Server) onReportee(c *call, change func(*Document, int) *refusal) {
	s.editDraft(c, func(d *Document) *refusal {
		i := slices.IndexFunc(d.Reportees, func(p Reportee) bool { return p.ID == c.vars["reporteeID"] })
		if i < 0 {
			return missing("reportee")
		}
		return change(d, i)
	})
}

func (s *Server) updateReportee(c *call) {
	s.onReportee(c, func(d *Document, i int) *refusal { return s.setReportee(c, d, &d.Reportees[i]) })
}

func (s *Server) deleteReportee(c *call) {
	s.onReportee(c, func(d *Document, i int) *refusal {
		d.Reportees = slices.Delete(d.Reportees, i, i+1)
		return nil
	})
}

// setAttachment copies what the form says about an attachment, and checks all
// of it.
func (c *call) setAttachment(d *Document, a *Attachment) *refusal {
	if r := first(c.set("participant_id", 36, &a.ParticipantID), c.set("description", 200, &a.Description), c.setBool("required", &a.Required)); r != nil {
		return r
	}
	if !slices.ContainsFunc(d.Participants[1:], func(p Participant) bool { return p.ID == a.ParticipantID }) {
		return bad("participant_id is not a recipient")
	}
	return nil
}

func (s *Server) addAttachment(c *call) {
	s.editDraft(c, func(d *Document) *refusal {
		switch {
		case c.team.NoAttachments:
			return forbidden("the plan is without files that recipients upload")
		case d.Attachment != nil:
			return bad("the document has an attachment already")
		case d.myNumberCard():
			return bad("a participant signs with a My Number card")
		}
		a := &Attachment{Required: true}
		d.Attachment = a
		return c.setAttachment(d, a)
	})
}

// onAttachment changes the attachment of the path.
func (s *Server) onAttachment(c *call, change func(*Document) *refusal) {
	s.editDraft(c, func(d *Document) *refusal {
		switch {
		case c.team.NoAttachments:
			return forbidden("the plan is without files that recipients upload")
		case d.Attachment == nil || d.Attachment.ID != c.vars["attachmentID"]:
			return missing("attachment")
		}
		return change(d)
	})
}

func (s *Server) updateAttachment(c *call) {
	s.onAttachment(c, func(d *Document) *refusal { return c.setAttachment(d, d.Attachment) })
}

func (s *Server) deleteAttachment(c *call) {
	s.onAttachment(c, func(d *Document) *refusal {
		d.Attachment = nil
		return nil
	})
}
