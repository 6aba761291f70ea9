package activecampaigntest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// state is everything that the account holds.
type state struct {
	key, eventKey string
	recent        []time.Time // requests of the last second
	busiest       int
	last          map[string]int // the last id of each kind

	contacts    []*contact // by id
	byEmail     map[string]*contact
	fields      []*Field
	tags        []*tag
	schemas     []*schema
	automations []*Automation
	enrolments  []*Enrolment
	notes       []*note
	hooks       []*hook
	listeners   map[string]http.Handler // by the address at which they answer
	deliveries  []*Delivery
	batches     []*batch
	imports     []importCall
	excluded    map[string]bool
	tracking    bool
	eventNames  []string
	events      []TrackedEvent
	seed        uint64
}

func newState(cfg config) state {
	return state{
		key: digest(cfg.seed, "api key", 36), eventKey: digest(cfg.seed, "event key", 20), seed: cfg.seed,
		last: map[string]int{}, listeners: map[string]http.Handler{}, byEmail: map[string]*contact{}, excluded: map[string]bool{}, tracking: true,
	}
}

// digest makes up a text that looks random and is the same for equal seeds.
func digest(seed uint64, what string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", seed, what))
	return hex.EncodeToString(sum[:])[:n]
}

// next gives the next id of a kind, from 1.
func (s *state) next(kind string) int {
	s.last[kind]++
	return s.last[kind]
}

func (s *state) uuid(kind string) string {
	d := digest(s.seed, fmt.Sprint(kind, s.next(kind)), 32)
	return d[:8] + "-" + d[8:12] + "-4" + d[13:16] + "-8" + d[17:20] + "-" + d[20:]
}

type contact struct {
	id                 string
	email              string
	first, last, phone string
	created, updated   time.Time
	values             []*value
	tags               []*applied
	accountName        string
}

// value is a field's value on a contact.
type value struct {
	id, field, text  string
	created, updated time.Time
}

// applied is a tag on a contact.
type applied struct {
	id, tag string
	created time.Time
}

type tag struct {
	id, name, kind, description string
	created                     time.Time
}

type note struct {
	id, contact, text string
	created, updated  time.Time
}

func emailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

func (s *state) contact(id string) *contact {
	for _, c := range s.contacts {
		if c.id == id {
			return c
		}
	}
	return nil
}

func find[T any](items []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(items, is); i >= 0 {
		return items[i]
	}
	return nil
}

func drop[T any](items []*T, is func(*T) bool) ([]*T, bool) {
	n := len(items)
	items = slices.DeleteFunc(items, is)
	return items, len(items) < n
}

func (s *state) field(id string) *Field {
	return find(s.fields, func(f *Field) bool { return f.ID == id })
}

func (s *state) tag(id string) *tag { return find(s.tags, func(t *tag) bool { return t.id == id }) }

// add makes a contact.
func (s *state) add(email string, now time.Time) *contact {
	c := &contact{id: idOf(s.next("contact")), email: email, created: now, updated: now}
	s.contacts = append(s.contacts, c)
	s.byEmail[emailKey(email)] = c
	return c
}

// set writes a field's value; false when the account has no such field.
func (s *state) set(c *contact, field, text string, now time.Time) (*value, bool) {
	if s.field(field) == nil {
		return nil, false
	}
	v := find(c.values, func(v *value) bool { return v.field == field })
	if v == nil {
		v = &value{id: idOf(s.next("value")), field: field, created: now}
		c.values = append(c.values, v)
	}
	v.text, v.updated = text, now
	return v, true
}

// ensureTag gives the tag with a name, in any case of its letters.
func (s *state) ensureTag(name, kind, description string, now time.Time) (*tag, bool) {
	if t := find(s.tags, func(t *tag) bool { return strings.EqualFold(t.name, name) }); t != nil {
		return t, false
	}
	t := &tag{id: idOf(s.next("tag")), name: name, kind: kind, description: description, created: now}
	s.tags = append(s.tags, t)
	return t, true
}

// apply puts a tag on a contact, and reports whether it was not there.
func (s *state) apply(c *contact, t *tag, now time.Time) (*applied, bool) {
	if on := find(c.tags, func(a *applied) bool { return a.tag == t.id }); on != nil {
		return on, false
	}
	on := &applied{id: idOf(s.next("contactTag")), tag: t.id, created: now}
	c.tags = append(c.tags, on)
	return on, true
}
