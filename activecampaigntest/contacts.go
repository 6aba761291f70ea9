package activecampaigntest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) contactRoutes() {
	s.on("POST /contact/sync", (*Server).syncContact)
	s.on("POST /contacts", (*Server).createContact)
	s.on("GET /contacts", (*Server).listContacts)
	s.contact("GET /contacts/{id}", (*Server).getContact)
	s.contact("PUT /contacts/{id}", (*Server).updateContact)
	s.contact("DELETE /contacts/{id}", func(s *Server, c *call, p *contact) {
		st := &s.state
		st.contacts, _ = drop(st.contacts, func(o *contact) bool { return o == p })
		delete(st.byEmail, emailKey(p.email))
		c.answer(http.StatusOK, object{})
	})
	s.contact("GET /contacts/{id}/fieldValues", func(_ *Server, c *call, p *contact) {
		out := []object{}
		for _, v := range p.values {
			out = append(out, p.value(v))
		}
		c.answer(http.StatusOK, object{"fieldValues": out})
	})
	s.contact("GET /contacts/{id}/contactTags", func(_ *Server, c *call, p *contact) {
		out := []object{}
		for _, a := range p.tags {
			out = append(out, p.applied(a))
		}
		c.answer(http.StatusOK, object{"contactTags": out})
	})
	s.contact("GET /contacts/{id}/contactAutomations", func(s *Server, c *call, p *contact) {
		out := []object{}
		for _, e := range s.state.enrolments {
			if e.Contact == p.id {
				out = append(out, e.wire(false))
			}
		}
		c.answer(http.StatusOK, object{"contactAutomations": out})
	})
	s.contact("GET /contacts/{id}/notes", func(s *Server, c *call, p *contact) {
		out := []object{}
		for _, n := range s.state.notes {
			if n.contact == p.id {
				out = append(out, n.wire())
			}
		}
		c.answer(http.StatusOK, object{"notes": out})
	})
}

// contact mounts a call about one contact.
func (s *Server) contact(operation string, f func(*Server, *call, *contact)) {
	s.on(operation, func(s *Server, c *call) {
		if p := s.state.contact(c.id()); p != nil {
			f(s, c, p)
			return
		}
		c.missing("Subscriber", c.id())
	})
}

// wire is what every call may show of a contact.
func (p *contact) wire() object {
	o := object{
		"id": p.id, "email": p.email, "firstName": p.first, "lastName": p.last, "phone": p.phone,
		"cdate": stamp(p.created), "udate": stamp(p.updated), "orgid": "0", "deleted": "0", "bounced_date": nil,
		"bounced_hard": "0", "adate": nil, "hash": digest(0, p.id, 32), "links": object{},
	}
	return o
}

// listed is a contact as listings show it, where dates that are none are zeros.
func (p *contact) listed() object {
	o := p.wire()
	o["bounced_date"], o["adate"] = "0000-00-00", "0000-00-00 00:00:00"
	return o
}

func (p *contact) value(v *value) object {
	return object{
		"id": v.id, "contact": p.id, "field": v.field, "value": v.text, "cdate": stamp(v.created), "udate": stamp(v.updated),
		"owner": p.id, "links": object{},
	}
}

func (p *contact) applied(a *applied) object {
	return object{"id": a.id, "contact": p.id, "tag": a.tag, "cdate": stamp(a.created), "links": object{}}
}

// badEmail refuses an address, in the words of sync or of the other calls.
func badEmail(c *call, email string, sync bool) bool {
	switch {
	case email == "" && sync:
		c.answer(http.StatusBadRequest, object{"errors": []object{{"status": 400, "title": "Bad Request", "detail": "Contact email must be provided for sync"}}})
	case email == "":
		c.problem(http.StatusUnprocessableEntity, "Email address is required", "field_missing", "/data/attributes/email")
	case !plausible(email):
		c.answer(http.StatusUnprocessableEntity, object{"errors": []object{{
			"title": "Email address is not valid", "detail": "", "code": "email_invalid", "error": "must_be_valid_email_address",
			"source": object{"pointer": "/data/attributes/email"},
		}}})
	default:
		return false
	}
	return true
}

func plausible(email string) bool {
	name, host, ok := strings.Cut(strings.TrimSpace(email), "@")
	return ok && name != "" && strings.Contains(host, ".") && !strings.ContainsAny(email, " ,;")
}

// write applies a body to a contact, and gives the values that it wrote. A member
// that is absent stays; a field whose id is unknown is ignored without a word.
func (s *Server) write(p *contact, body object) []object {
	now := s.now()
	for name, at := range map[string]*string{"firstName": &p.first, "lastName": &p.last, "phone": &p.phone} {
		if body.has(name) {
			*at = body.text(name)
		}
	}
	p.updated = now
	values := []object{}
	for _, f := range body.list("fieldValues") {
		if v, ok := s.state.set(p, f.text("field"), f.text("value"), now); ok {
			values = append(values, p.value(v))
		}
	}
	return values
}

func (s *Server) syncContact(c *call) {
	body := c.body.object("contact")
	email := body.text("email")
	if badEmail(c, email, true) {
		return
	}
	p, status := s.state.byEmail[emailKey(email)], http.StatusOK
	fresh := p == nil
	if fresh {
		p, status = s.state.add(email, s.now()), http.StatusCreated
	}
	values := s.write(p, body)
	if s.cfg.always201 {
		status = http.StatusCreated
	}
	ids := []string{}
	for _, v := range values {
		ids = append(ids, v.text("id"))
	}
	o := p.wire().pick("id", "email", "firstName", "lastName", "phone", "cdate", "udate", "orgid", "hash", "links")
	o["fieldValues"], o["email_empty"] = ids, false
	c.answer(status, object{"fieldValues": values, "contact": o})
	s.emit("update", "api", p)
}

func (s *Server) createContact(c *call) {
	body := c.body.object("contact")
	email := body.text("email")
	if badEmail(c, email, false) || s.taken(c, email, nil) {
		return
	}
	p := s.state.add(email, s.now())
	values := s.write(p, body)
	c.answer(http.StatusCreated, object{"fieldValues": values, "contact": p.wire().pick("id", "email", "cdate", "udate", "orgid", "links")})
}

func (s *Server) taken(c *call, email string, by *contact) bool {
	if p := s.state.byEmail[emailKey(email)]; p == nil || p == by {
		return false
	}
	c.problem(http.StatusUnprocessableEntity, "Email address already exists in the system", "duplicate", "/data/attributes/email")
	return true
}

func (s *Server) updateContact(c *call, p *contact) {
	body := c.body.object("contact")
	if body.has("email") {
		email := body.text("email")
		if badEmail(c, email, false) || s.taken(c, email, p) {
			return
		}
		delete(s.state.byEmail, emailKey(p.email))
		p.email = email
		s.state.byEmail[emailKey(email)] = p
	}
	values := s.write(p, body)
	c.answer(http.StatusOK, object{"fieldValues": values, "contact": p.wire()})
	s.emit("update", "api", p)
}

func (s *Server) getContact(c *call, p *contact) {
	values, runs := []object{}, []object{}
	for _, v := range p.values {
		values = append(values, p.value(v))
	}
	for _, e := range s.state.enrolments {
		if e.Contact == p.id {
			runs = append(runs, e.wire(true))
		}
	}
	c.answer(http.StatusOK, object{"contact": p.wire(), "fieldValues": values, "contactAutomations": runs, "contactLists": []object{}, "deals": []object{}})
}

func (s *Server) listContacts(c *call) {
	var kept []*contact
	for _, p := range s.state.contacts {
		if c.wants(s, p) {
			kept = append(kept, p)
		}
	}
	if strings.EqualFold(c.query("orders[id]"), "DESC") {
		slices.Reverse(kept)
	}
	out := []object{}
	for _, p := range page(c, kept) {
		out = append(out, p.listed())
	}
	c.answer(http.StatusOK, object{"contacts": out, "meta": textTotal(len(kept))})
}

// wants reports whether a listing shows the contact.
func (c *call) wants(s *Server, p *contact) bool {
	id, _ := strconv.Atoi(p.id)
	if after, err := strconv.Atoi(c.query("id_greater")); err == nil && id <= after {
		return false
	}
	if before, err := strconv.Atoi(c.query("id_less")); err == nil && id >= before {
		return false
	}
	if email := c.query("email"); email != "" && emailKey(email) != emailKey(p.email) {
		return false
	}
	if like := c.query("email_like"); !strings.Contains(emailKey(p.email), emailKey(like)) {
		return false
	}
	all := strings.ToLower(strings.Join([]string{p.first, p.last, p.email, p.phone}, " "))
	if !strings.Contains(all, strings.ToLower(c.query("search"))) {
		return false
	}
	if t := c.query("tagid"); t != "" && find(p.tags, func(a *applied) bool { return a.tag == t }) == nil {
		return false
	}
	if a := c.query("seriesid"); a != "" && find(s.state.enrolments, func(e *Enrolment) bool { return e.Contact == p.id && e.Automation == a }) == nil {
		return false
	}
	return c.between("created", p.created) && c.between("updated", p.updated)
}

// between compares days, since the service looks no closer.
func (c *call) between(what string, at time.Time) bool {
	day := stamp(at)[:len(time.DateOnly)]
	after, before := c.query("filters["+what+"_after]"), c.query("filters["+what+"_before]")
	return (after == "" || day > after) && (before == "" || day < before)
}
