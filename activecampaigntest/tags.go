package activecampaigntest

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) tagRoutes() {
	s.on("GET /tags", (*Server).listTags)
	s.on("POST /tags", (*Server).createTag)
	s.tag("GET /tags/{id}", func(_ *Server, c *call, t *tag) { c.answer(http.StatusOK, object{"tag": t.wire()}) })
	s.tag("PUT /tags/{id}", func(_ *Server, c *call, t *tag) {
		body := c.body.object("tag")
		if body.has("tag") {
			t.name = body.text("tag")
		}
		if body.has("description") {
			t.description = body.text("description")
		}
		c.answer(http.StatusOK, object{"tag": t.wire()})
	})
	s.tag("DELETE /tags/{id}", func(s *Server, c *call, t *tag) {
		s.state.tags, _ = drop(s.state.tags, func(o *tag) bool { return o == t })
		for _, p := range s.state.contacts {
			p.tags, _ = drop(p.tags, func(a *applied) bool { return a.tag == t.id })
		}
		c.answer(http.StatusOK, object{})
	})
	s.on("POST /contactTags", (*Server).applyTag)
	s.on("DELETE /contactTags/{id}", (*Server).removeTag)
}

func (s *Server) tag(operation string, f func(*Server, *call, *tag)) {
	s.on(operation, func(s *Server, c *call) {
		if t := s.state.tag(c.id()); t != nil {
			f(s, c, t)
			return
		}
		c.missing("Tag", c.id())
	})
}

func (t *tag) wire() object {
	return object{"id": t.id, "tag": t.name, "tagType": t.kind, "description": t.description, "cdate": stamp(t.created), "links": object{}}
}

// matches reads search and filters[search][…]; all of them disregard case.
func (t *tag) matches(c *call) bool {
	name := strings.ToLower(t.name)
	ok := strings.Contains(name, strings.ToLower(c.query("search")))
	for op, is := range map[string]func(want string) bool{
		"eq":          func(w string) bool { return name == w },
		"neq":         func(w string) bool { return name != w },
		"lt":          func(w string) bool { return name < w },
		"lte":         func(w string) bool { return name <= w },
		"gt":          func(w string) bool { return name > w },
		"gte":         func(w string) bool { return name >= w },
		"contains":    func(w string) bool { return strings.Contains(name, w) },
		"starts_with": func(w string) bool { return strings.HasPrefix(name, w) },
	} {
		if q := "filters[search][" + op + "]"; c.r.URL.Query().Has(q) {
			ok = ok && is(strings.ToLower(c.query(q)))
		}
	}
	return ok
}

// listTags leaves out tags without a type, as the service does.
func (s *Server) listTags(c *call) {
	kept := slices.DeleteFunc(slices.Clone(s.state.tags), func(t *tag) bool { return t.kind == "" || !t.matches(c) })
	out := []object{}
	for _, t := range page(c, kept) {
		out = append(out, t.wire())
	}
	c.answer(http.StatusOK, object{"tags": out, "meta": textTotal(len(kept))})
}

func (s *Server) createTag(c *call) {
	body := c.body.object("tag")
	if body.text("tag") == "" {
		c.problem(http.StatusUnprocessableEntity, "Missing attribute", "field_missing", "/data/attributes/tag")
		return
	}
	t, fresh := s.state.ensureTag(body.text("tag"), body.text("tagType"), body.text("description"), s.now())
	status := http.StatusOK
	if fresh {
		status = http.StatusCreated
	}
	c.answer(status, object{"tag": t.wire()})
}

func (s *Server) applyTag(c *call) {
	body := c.body.object("contactTag")
	for _, name := range []string{"contact", "tag"} {
		if body.text(name) == "" {
			c.answer(http.StatusUnprocessableEntity, object{"errors": []object{{
				"status": 422, "title": "Missing attribute", "source": object{"pointer": "/data/attributes/" + name},
			}}})
			return
		}
	}
	p, t := s.state.contact(body.text("contact")), s.state.tag(body.text("tag"))
	switch {
	case p == nil:
		c.answer(http.StatusNotFound, object{"errors": []object{{"status": 404, "title": "Not Found", "detail": "Contact not found"}}})
		return
	case t == nil:
		c.problem(http.StatusUnprocessableEntity, "No tag id provided", "related_missing", "/data/attributes/tag")
		return
	}
	on, fresh := s.state.apply(p, t, s.now())
	o := p.applied(on)
	if s.cfg.echo {
		o["contact"], o["tag"] = body["contact"], body["tag"]
	}
	out, status := object{"contactTag": o}, http.StatusCreated
	if s.cfg.apply200 {
		out["contacts"], status = []object{p.wire()}, http.StatusOK
	}
	c.answer(status, out)
	if fresh {
		s.tagged(p, t, "api")
	}
}

// tagged is what follows when a contact gets a tag that it did not have. The source
// is who applied it, "api" or "admin".
func (s *Server) tagged(p *contact, t *tag, source string) {
	s.startAt(p, t)
	s.emit("contact_tag_added", source, p, "tag", t.name)
}

// startAt has the contact enter the automations that wait for the tag.
func (s *Server) startAt(p *contact, t *tag) {
	for _, a := range s.state.automations {
		if !a.Inactive && a.StartsAtTag != "" && strings.EqualFold(a.StartsAtTag, t.name) {
			s.enrol(p, a)
		}
	}
}

func (s *Server) removeTag(c *call) {
	for _, p := range s.state.contacts {
		on := find(p.tags, func(a *applied) bool { return a.id == c.id() })
		if on == nil {
			continue
		}
		p.tags, _ = drop(p.tags, func(a *applied) bool { return a == on })
		c.answer(http.StatusOK, object{})
		name := ""
		if t := s.state.tag(on.tag); t != nil {
			name = t.name
		}
		s.emit("contact_tag_removed", "api", p, "tag", name)
		return
	}
	c.missing("SubscriberTag", c.id())
}
