package activecampaigntest

import (
	"net/http"
	"time"
)

// Automation is an automation; its steps are not simulated.
type Automation struct {
	ID          string // given by the server
	Name        string
	Inactive    bool   // no tag starts it
	StartsAtTag string // a contact enters when it gets this tag; "": never by itself
	entered     int
	created     time.Time
}

// Enrolment is a contact's run through an automation.
type Enrolment struct {
	ID, Contact, Automation string
	Added                   time.Time
}

func (s *Server) automationRoutes() {
	s.on("GET /automations", func(s *Server, c *call) {
		out := []object{}
		for _, a := range page(c, s.state.automations) {
			out = append(out, a.wire())
		}
		c.answer(http.StatusOK, object{"automations": out, "meta": textTotal(len(s.state.automations))})
	})
	s.on("POST /contactAutomations", (*Server).enrolContact)
	s.on("GET /contactAutomations", func(s *Server, c *call) {
		out := []object{}
		for _, e := range page(c, s.state.enrolments) {
			out = append(out, e.wire(true))
		}
		c.answer(http.StatusOK, object{"contactAutomations": out, "meta": textTotal(len(s.state.enrolments))})
	})
	s.on("GET /contactAutomations/{id}", func(s *Server, c *call) {
		if e := s.state.enrolment(c.id()); e != nil {
			c.answer(http.StatusOK, object{"contactAutomation": e.wire(true)})
			return
		}
		c.missing("SubscriberSeries", c.id())
	})
	s.on("DELETE /contactAutomations/{id}", func(s *Server, c *call) {
		var ok bool
		s.state.enrolments, ok = drop(s.state.enrolments, func(e *Enrolment) bool { return e.ID == c.id() })
		if !ok {
			c.message(http.StatusForbidden, "No Result found for SubscriberSeries with id "+c.id())
			return
		}
		c.answer(http.StatusOK, object{})
	})
}

func (s *state) enrolment(id string) *Enrolment {
	return find(s.enrolments, func(e *Enrolment) bool { return e.ID == id })
}

func (a *Automation) wire() object {
	status := "1"
	if a.Inactive {
		status = "2"
	}
	return object{
		"id": a.ID, "name": a.Name, "cdate": stamp(a.created), "mdate": stamp(a.created), "userid": "1", "status": status,
		"entered": idOf(a.entered), "exited": "0", "hidden": "0", "links": object{},
	}
}

// wire shows counts of steps as text, or as numbers: the calls differ.
func (e *Enrolment) wire(text bool) object {
	o := object{
		"id": e.ID, "contact": e.Contact, "seriesid": e.Automation, "automation": e.Automation, "startid": "0", "status": "1",
		"adddate": stamp(e.Added), "lastblock": "0", "lastdate": stamp(e.Added), "completed": 0, "completeValue": 0, "links": object{},
		"completedElements": 0, "totalElements": 1,
	}
	if text {
		o["completedElements"], o["totalElements"] = "0", "1"
	}
	return o
}

func (s *Server) enrol(p *contact, a *Automation) *Enrolment {
	a.entered++
	e := &Enrolment{ID: idOf(s.state.next("enrolment")), Contact: p.id, Automation: a.ID, Added: s.now()}
	s.state.enrolments = append(s.state.enrolments, e)
	return e
}

func (s *Server) enrolContact(c *call) {
	body := c.body.object("contactAutomation")
	p := s.state.contact(body.text("contact"))
	a := find(s.state.automations, func(a *Automation) bool { return a.ID == body.text("automation") })
	if p == nil || a == nil {
		c.message(http.StatusForbidden, "Could not create SubscriberSeries")
		return
	}
	o := s.enrol(p, a).wire(true).pick("id", "contact", "seriesid", "automation", "lastblock", "completedElements", "totalElements", "completed", "completeValue", "links")
	o["startid"], o["status"] = 0, 1
	if s.cfg.echo {
		o["contact"], o["automation"] = body["contact"], body["automation"]
	}
	c.answer(http.StatusCreated, object{"contacts": []object{p.wire()}, "contactAutomation": o})
}
