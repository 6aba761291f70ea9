package activecampaigntest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
)

// hook is a webhook of the account.
type hook struct {
	id              string
	body            object
	events, sources []string
	created         string
	off             bool
}

// Delivery is a webhook on its way. Deliver sends it once.
type Delivery struct {
	URL    string
	Type   string // the kind of event; "" for the action of an automation
	Form   url.Values
	Status int // what was answered; 0 before it was sent, or when nobody answered
	hook   string
}

var eventKinds = []string{
	"bounce", "click", "contact_tag_added", "contact_tag_removed", "forward", "list_add", "open", "reply", "sent", "share",
	"subscribe", "subscriber_note", "unsubscribe", "update",
}

func (s *Server) hookRoutes() {
	s.on("GET /webhook/events", func(_ *Server, c *call) {
		c.answer(http.StatusOK, object{"webhookEvents": eventKinds, "meta": object{"total": len(eventKinds)}})
	})
	s.on("POST /webhooks", func(s *Server, c *call) {
		h := &hook{id: idOf(s.state.next("webhook")), created: stamp(s.now())}
		if !h.take(c) {
			return
		}
		s.state.hooks = append(s.state.hooks, h)
		c.answer(http.StatusCreated, object{"webhook": h.wire()})
	})
	s.on("GET /webhooks", func(s *Server, c *call) {
		kept := slices.DeleteFunc(slices.Clone(s.state.hooks), func(h *hook) bool {
			name, address := c.query("filters[name]"), c.query("filters[url]")
			return name != "" && h.body.text("name") != name || address != "" && h.body.text("url") != address
		})
		out := []object{}
		for _, h := range page(c, kept) {
			out = append(out, h.wire())
		}
		c.answer(http.StatusOK, object{"webhooks": out, "meta": textTotal(len(kept))})
	})
	s.hook("GET /webhooks/{id}", func(_ *Server, c *call, h *hook) { c.answer(http.StatusOK, object{"webhook": h.wire()}) })
	s.hook("PUT /webhooks/{id}", func(_ *Server, c *call, h *hook) {
		if h.take(c) {
			c.answer(http.StatusOK, object{"webhook": h.wire()})
		}
	})
	s.hook("DELETE /webhooks/{id}", func(s *Server, c *call, h *hook) {
		s.state.hooks, _ = drop(s.state.hooks, func(o *hook) bool { return o == h })
		c.answer(http.StatusOK, object{})
	})
}

func (s *Server) hook(operation string, f func(*Server, *call, *hook)) {
	s.on(operation, func(s *Server, c *call) {
		if h := find(s.state.hooks, func(h *hook) bool { return h.id == c.id() }); h != nil {
			f(s, c, h)
			return
		}
		c.missing("Webhook", c.id())
	})
}

// take reads a webhook out of a body; false when it was refused.
func (h *hook) take(c *call) bool {
	body := c.body.object("webhook")
	u, err := url.Parse(body.text("url"))
	events, sources := body.texts("events"), body.texts("sources")
	switch {
	case err != nil || u.Scheme != "https" || u.Port() != "" && u.Port() != "443":
		c.problem(http.StatusBadRequest, "The url has to be https on port 443", "field_invalid", "/data/attributes/url")
	case body.text("name") == "" || len(events) == 0 || len(sources) == 0:
		c.problem(http.StatusBadRequest, "Missing attribute", "field_missing", "/data/attributes/name")
	default:
		h.body, h.events, h.sources = body, events, sources
		return true
	}
	return false
}

func (h *hook) wire() object {
	list := h.body.text("listid")
	if list == "" {
		list = "0"
	}
	return object{
		"id": h.id, "name": h.body.text("name"), "url": h.body.text("url"), "events": h.events, "sources": h.sources,
		"listid": list, "cdate": h.created, "links": []object{},
	}
}

// form is what a webhook says of a contact, with bracket keys.
func (s *Server) form(p *contact) url.Values {
	form := url.Values{
		"date_time": {stamp(s.now())}, "list": {"0"}, "contact[id]": {p.id}, "contact[email]": {p.email},
		"contact[first_name]": {p.first}, "contact[last_name]": {p.last}, "contact[phone]": {p.phone}, "contact[ip]": {"0.0.0.0"},
	}
	var tags []string
	for _, a := range p.tags {
		if t := s.state.tag(a.tag); t != nil {
			tags = append(tags, t.name)
		}
	}
	form.Set("contact[tags]", strings.Join(tags, ", "))
	for _, v := range p.values {
		if f := s.state.field(v.field); f != nil {
			form.Set("contact[fields]["+strings.ToLower(f.Tag)+"]", v.text)
		}
	}
	return form
}

// emit queues a delivery for each webhook that wants the event. more are further
// names and values.
func (s *Server) emit(kind, source string, p *contact, more ...string) {
	for _, h := range s.state.hooks {
		if h.off || !slices.Contains(h.events, kind) || !slices.Contains(h.sources, source) {
			continue
		}
		form := s.form(p)
		form.Set("type", kind)
		form.Set("initiated_from", source)
		form.Set("initiated_by", source)
		for pair := range slices.Chunk(more, 2) {
			form.Set(pair[0], pair[1])
		}
		s.state.deliveries = append(s.state.deliveries, &Delivery{URL: h.body.text("url"), Type: kind, Form: form, hook: h.id})
	}
}

// Receive answers deliveries to a webhook's address by a handler, since nobody
// listens there in a test.
func (s *Server) Receive(address string, h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.listeners[address] = h
}

// RunWebhookAction queues what the "Webhook" action of an automation sends for the
// contact with the address. What its body has beside the contact and the time is
// undocumented; here it is nothing. It reports whether there is such a contact.
func (s *Server) RunWebhookAction(address, email string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.state.byEmail[emailKey(email)]
	if p == nil {
		return false
	}
	s.state.deliveries = append(s.state.deliveries, &Delivery{URL: address, Form: s.form(p)})
	return true
}

// Deliver sends what is queued, each once, whatever is answered: the service never
// repeats a delivery. 410 switches a webhook off. It gives what it sent.
func (s *Server) Deliver(ctx context.Context) []Delivery {
	s.mu.Lock()
	queue := s.state.deliveries
	s.state.deliveries = nil
	s.mu.Unlock()
	out := []Delivery{}
	for _, d := range queue {
		d.Status = s.post(ctx, d)
		if d.Status == http.StatusGone {
			s.mu.Lock()
			if h := find(s.state.hooks, func(h *hook) bool { return h.id == d.hook }); h != nil {
				h.off = true
			}
			s.mu.Unlock()
		}
		out = append(out, *d)
	}
	return out
}

func (s *Server) post(ctx context.Context, d *Delivery) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, strings.NewReader(d.Form.Encode()))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.mu.Lock()
	h := s.state.listeners[d.URL]
	s.mu.Unlock()
	if h != nil {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		return rec.Code
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}
