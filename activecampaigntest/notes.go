package activecampaigntest

import "net/http"

func (s *Server) noteRoutes() {
	s.on("POST /notes", func(s *Server, c *call) {
		body := c.body.object("note")
		p := s.state.contact(body.text("relid"))
		switch {
		case body.text("reltype") != "Subscriber" || body.text("note") == "":
			c.answer(http.StatusBadRequest, object{})
			return
		case p == nil:
			c.missing("Subscriber", body.text("relid"))
			return
		}
		n := &note{id: idOf(s.state.next("note")), contact: p.id, text: body.text("note"), created: s.now(), updated: s.now()}
		s.state.notes = append(s.state.notes, n)
		o := n.wire()
		o["relid"], o["owner"] = number(p.id), object{"type": "contact", "id": number(p.id)}
		c.answer(http.StatusCreated, object{"contacts": []object{p.wire()}, "note": o})
		s.emit("subscriber_note", "api", p, "note", n.text)
	})
	s.note("GET /notes/{id}", func(_ *Server, c *call, n *note) { c.answer(http.StatusOK, object{"note": n.wire()}) })
	s.note("PUT /notes/{id}", func(s *Server, c *call, n *note) {
		n.text, n.updated = c.body.object("note").text("note"), s.now()
		c.answer(http.StatusOK, object{"note": n.wire()})
	})
	s.note("DELETE /notes/{id}", func(s *Server, c *call, n *note) {
		s.state.notes, _ = drop(s.state.notes, func(o *note) bool { return o == n })
		c.answer(http.StatusOK, object{})
	})
}

func (s *Server) note(operation string, f func(*Server, *call, *note)) {
	s.on(operation, func(s *Server, c *call) {
		if n := find(s.state.notes, func(n *note) bool { return n.id == c.id() }); n != nil {
			f(s, c, n)
			return
		}
		// Not the classic 404.
		if c.r.Method == http.MethodGet {
			c.answer(http.StatusBadRequest, object{})
			return
		}
		c.message(http.StatusForbidden, "No Result found for Note with id "+c.id())
	})
}

func (n *note) wire() object {
	return object{
		"id": n.id, "note": n.text, "reltype": "Subscriber", "relid": n.contact, "userid": "1", "user": "1",
		"cdate": stamp(n.created), "mdate": stamp(n.updated), "links": object{}, "owner": object{"type": "contact", "id": n.contact},
	}
}
