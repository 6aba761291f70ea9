package activecampaigntest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is a custom field of contacts.
type Field struct {
	ID      string   // given by the server
	Title   string   //
	Type    string   // "text" if empty
	Tag     string   // the personalisation tag; empty: made from the title
	Options []string // of dropdown, radio, checkbox, listbox
	Lists   []string // ids of lists; "0" is every contact

	options   []string // ids
	relations []relation
	created   time.Time
}

type relation struct{ id, list string }

func (s *Server) fieldRoutes() {
	s.on("GET /fields", (*Server).listFields)
	s.on("GET /fields/{id}", func(s *Server, c *call) {
		f := s.state.field(c.id())
		if f == nil {
			c.missing("Field", c.id())
			return
		}
		o := f.wire()
		o["descript"], o["defval"] = "", ""
		c.answer(http.StatusOK, object{"fieldOptions": f.optionObjects(), "fieldRels": f.relationObjects(), "field": o})
	})
	s.on("POST /fieldRels", (*Server).relateField)
	s.on("GET /fieldValues", (*Server).listValues)
	s.on("POST /fieldValues", (*Server).setValue)
	s.on("GET /fieldValues/{id}", func(s *Server, c *call) {
		if p, v := s.state.value(c.id()); v != nil {
			c.answer(http.StatusOK, object{"fieldValue": p.value(v)})
			return
		}
		c.message(http.StatusForbidden, "No Result found for FieldValue with id "+c.id())
	})
	s.on("PUT /fieldValues/{id}", func(s *Server, c *call) {
		if _, v := s.state.value(c.id()); v == nil {
			c.answer(http.StatusBadRequest, object{})
			return
		}
		s.setValue(c)
	})
	s.on("DELETE /fieldValues/{id}", func(s *Server, c *call) {
		p, v := s.state.value(c.id())
		if v == nil {
			c.message(http.StatusForbidden, "Forbidden")
			return
		}
		p.values, _ = drop(p.values, func(o *value) bool { return o == v })
		c.answer(http.StatusOK, object{})
	})
}

func (s *state) value(id string) (*contact, *value) {
	for _, p := range s.contacts {
		if v := find(p.values, func(v *value) bool { return v.id == id }); v != nil {
			return p, v
		}
	}
	return nil, nil
}

func (f *Field) wire() object {
	relations := []string{}
	for _, r := range f.relations {
		relations = append(relations, r.id)
	}
	return object{
		"id": f.ID, "title": f.Title, "descript": nil, "type": f.Type, "isrequired": "0", "perstag": f.Tag, "defval": nil,
		"show_in_list": "0", "rows": "0", "cols": "0", "visible": "1", "service": "", "ordernum": f.ID,
		"cdate": stamp(f.created), "udate": stamp(f.created), "options": append([]string{}, f.options...), "relations": relations, "links": object{},
	}
}

func (f *Field) optionObjects() []object {
	out := []object{}
	for i, v := range f.Options {
		out = append(out, object{
			"id": f.options[i], "field": f.ID, "orderid": strconv.Itoa(i + 1), "value": v, "label": v, "isdefault": "0",
			"cdate": stamp(f.created), "udate": stamp(f.created),
		})
	}
	return out
}

func (f *Field) relationObjects() []object {
	out := []object{}
	for _, r := range f.relations {
		out = append(out, object{"id": r.id, "field": f.ID, "relid": r.list, "dorder": "0", "cdate": stamp(f.created), "links": []object{}})
	}
	return out
}

func (s *Server) listFields(c *call) {
	kept := slices.DeleteFunc(slices.Clone(s.state.fields), func(f *Field) bool {
		tag := c.query("filters[perstag]")
		return tag != "" && !strings.EqualFold(f.Tag, tag)
	})
	options, relations, fields := []object{}, []object{}, []object{}
	for _, f := range page(c, kept) {
		fields = append(fields, f.wire())
		options = append(options, f.optionObjects()...)
		relations = append(relations, f.relationObjects()...)
	}
	c.answer(http.StatusOK, object{"fieldOptions": options, "fieldRels": relations, "fields": fields, "meta": textTotal(len(kept))})
}

func (s *Server) relateField(c *call) {
	body := c.body.object("fieldRel")
	f := s.state.field(body.text("field"))
	if f == nil {
		c.missing("Field", body.text("field"))
		return
	}
	r := relation{idOf(s.state.next("fieldRel")), body.text("relid")}
	f.relations = append(f.relations, r)
	c.answer(http.StatusCreated, object{"fieldRel": object{
		"id": r.id, "field": body["field"], "relid": body["relid"], "cdate": stamp(s.now()), "links": []object{},
	}})
}

func (s *Server) listValues(c *call) {
	out := []object{}
	for _, p := range s.state.contacts {
		for _, v := range p.values {
			field, text := c.query("filters[fieldid]"), c.query("filters[val]")
			if (field == "" || field == v.field) && (text == "" || text == v.text) {
				out = append(out, p.value(v))
			}
		}
	}
	c.answer(http.StatusOK, object{"fieldValues": page(c, out), "meta": textTotal(len(out))})
}

func (s *Server) setValue(c *call) {
	body := c.body.object("fieldValue")
	p := s.state.contact(body.text("contact"))
	if p == nil {
		c.missing("Subscriber", body.text("contact"))
		return
	}
	v, ok := s.state.set(p, body.text("field"), body.text("value"), s.now())
	if !ok {
		c.problem(http.StatusUnprocessableEntity, "Field id not valid", "field_invalid", "/data/attributes/field")
		return
	}
	o := p.value(v)
	for _, name := range []string{"contact", "field", "owner"} {
		o[name] = number(o.text(name))
	}
	if s.cfg.echo {
		o["contact"], o["field"] = body["contact"], body["field"]
	}
	c.answer(http.StatusOK, object{"contacts": []object{p.wire().pick("id", "email", "firstName", "lastName", "phone", "cdate", "udate")}, "fieldValue": o})
}

func number(id string) int {
	n, err := strconv.Atoi(id)
	if err != nil {
		panic(err) // the server gave it
	}
	return n
}
