package activecampaigntest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Contact is a contact as it is now.
type Contact struct {
	ID, Email, FirstName, LastName, Phone string
	Fields                                map[string]string // values by field id
	Tags                                  []string          // names, in the order in which they were applied
	Created, Updated                      time.Time
}

// Record is a record as it is now.
type Record struct {
	ID, ExternalID   string
	Contacts         []string       // ids
	Values           map[string]any // by field id; texts, json.Number, lists
	Created, Updated time.Time
}

// Note is a note on a contact.
type Note struct{ ID, Contact, Text string }

func (s *Server) mount() {
	s.contactRoutes()
	s.fieldRoutes()
	s.tagRoutes()
	s.schemaRoutes()
	s.recordRoutes()
	s.automationRoutes()
	s.noteRoutes()
	s.eventRoutes()
	s.importRoutes()
	s.hookRoutes()
	s.on("GET /users/me", func(_ *Server, c *call) {
		c.answer(http.StatusOK, object{"user": object{
			"id": "1", "username": "admin", "firstName": "Ada", "lastName": "Admin", "email": "admin@example.com", "phone": "",
			"signature": nil, "links": object{},
		}})
	})
}

// AddField makes a custom field and gives it with its id.
func (s *Server) AddField(f Field) Field {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.ID, f.created = idOf(s.state.next("field")), s.now()
	if f.Type == "" {
		f.Type = "text"
	}
	if f.Tag == "" {
		f.Tag = strings.ToUpper(strings.ReplaceAll(f.Title, " ", "_"))
	}
	f.Options, f.options = slices.Clone(f.Options), nil
	for range f.Options {
		f.options = append(f.options, strconv.Itoa(s.state.next("option")))
	}
	for _, list := range f.Lists {
		f.relations = append(f.relations, relation{idOf(s.state.next("fieldRel")), list})
	}
	s.state.fields = append(s.state.fields, &f)
	return f
}

// AddTag makes a tag as somebody in the account does, and gives its id. kind is
// "contact" or "template"; "" makes one that no listing shows.
func (s *Server) AddTag(name, kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, _ := s.state.ensureTag(name, kind, "", s.now())
	return t.id
}

// AddContact makes a contact, and gives its id. One that exists stays.
func (s *Server) AddContact(email string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.state.byEmail[emailKey(email)]; p != nil {
		return p.id
	}
	return s.state.add(email, s.now()).id
}

// TagContact puts a tag on a contact as somebody in the account does: automations
// that wait for it start. It reports whether the contact exists.
func (s *Server) TagContact(email, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.state.byEmail[emailKey(email)]
	if p == nil {
		return false
	}
	t, _ := s.state.ensureTag(name, "contact", "", s.now())
	if _, fresh := s.state.apply(p, t, s.now()); fresh {
		s.tagged(p, t, "admin")
	}
	return true
}

// AddAutomation makes an automation and gives it with its id.
func (s *Server) AddAutomation(a Automation) Automation {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.ID, a.created = idOf(s.state.next("automation")), s.now()
	s.state.automations = append(s.state.automations, &a)
	return a
}

// AddAppSchema makes a schema that belongs to an app, and gives its id.
func (s *Server) AddAppSchema(slug string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &schema{id: s.state.uuid("schema"), slug: slug, appID: "123456", created: s.now(), updated: s.now(), body: object{
		"slug": slug, "labels": object{"singular": slug, "plural": slug}, "fields": []any{}, "relationships": []any{},
	}}
	s.state.schemas = append(s.state.schemas, x)
	return x.id
}

// Exclude keeps an address from being imported, as the account's exclusion list
// does.
func (s *Server) Exclude(email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.excluded[emailKey(email)] = true
}

// Contact gives the contact with the address.
func (s *Server) Contact(email string) (Contact, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	p := s.state.byEmail[emailKey(email)]
	if p == nil {
		return Contact{}, false
	}
	return s.shown(p), true
}

// Contacts gives all contacts, by id.
func (s *Server) Contacts() []Contact {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	out := []Contact{}
	for _, p := range s.state.contacts {
		out = append(out, s.shown(p))
	}
	return out
}

func (s *Server) shown(p *contact) Contact {
	c := Contact{
		ID: p.id, Email: p.email, FirstName: p.first, LastName: p.last, Phone: p.phone, Fields: map[string]string{},
		Created: p.created, Updated: p.updated,
	}
	for _, v := range p.values {
		c.Fields[v.field] = v.text
	}
	for _, a := range p.tags {
		if t := s.state.tag(a.tag); t != nil {
			c.Tags = append(c.Tags, t.name)
		}
	}
	return c
}

// Tags gives the names of the tags on the contact with the address, in the order in
// which they were applied.
func (s *Server) Tags(email string) []string {
	c, _ := s.Contact(email)
	return c.Tags
}

// Records gives the records of the schema with the slug, in the order in which
// they were made.
func (s *Server) Records(slug string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Record{}
	x := find(s.state.schemas, func(x *schema) bool { return x.slug == slug })
	if x == nil {
		return out
	}
	for _, r := range x.records {
		values := map[string]any{}
		maps.Copy(values, r.values)
		out = append(out, Record{r.id, r.external, slices.Clone(r.contacts), values, r.created, r.updated})
	}
	return out
}

// EditRecord changes one value of a record as somebody in the account does. It
// reports whether the record exists.
func (s *Server) EditRecord(slug, externalID, field string, v any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := find(s.state.schemas, func(x *schema) bool { return x.slug == slug })
	if x == nil || x.external(externalID) == nil {
		return false
	}
	r := x.external(externalID)
	if _, known := r.values[field]; !known {
		r.order = append(r.order, field)
	}
	r.values[field], r.updated = v, s.now()
	return true
}

// Enrolments gives all runs through automations, in the order in which they began.
func (s *Server) Enrolments() []Enrolment {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	out := []Enrolment{}
	for _, e := range s.state.enrolments {
		out = append(out, *e)
	}
	return out
}

// Notes gives all notes, in the order in which they were written.
func (s *Server) Notes() []Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Note{}
	for _, n := range s.state.notes {
		out = append(out, Note{n.id, n.contact, n.text})
	}
	return out
}

// Events gives all events that were recorded, in their order.
func (s *Server) Events() []TrackedEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.events)
}
