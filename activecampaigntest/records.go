package activecampaigntest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

type record struct {
	id, external     string
	values           map[string]any // by field id
	order            []string
	contacts         []string
	created, updated time.Time
}

func (s *Server) recordRoutes() {
	const records = "/customObjects/records/{schemaId}"
	s.schema("GET "+records, (*Server).listRecords)
	s.schema("POST "+records, (*Server).upsertRecord)
	s.schema("GET "+records+"/external/{externalId}", func(s *Server, c *call, x *schema) {
		if !s.cfg.externalGet {
			c.message(http.StatusNotFound, "Not Found")
			return
		}
		s.showRecord(c, x, x.external(c.vars["externalId"]))
	})
	s.schema("GET /records/{schemaId}/external/{externalId}", func(s *Server, c *call, x *schema) {
		s.showRecord(c, x, x.external(c.vars["externalId"]))
	})
	s.schema("GET "+records+"/{recordId}", func(s *Server, c *call, x *schema) {
		s.showRecord(c, x, find(x.records, func(r *record) bool { return r.id == c.vars["recordId"] }))
	})
	s.schema("DELETE "+records+"/external/{externalId}", func(s *Server, c *call, x *schema) {
		s.deleteRecord(c, x, func(r *record) bool { return r.external == c.vars["externalId"] })
	})
	s.schema("DELETE "+records+"/{recordId}", func(s *Server, c *call, x *schema) {
		s.deleteRecord(c, x, func(r *record) bool { return r.id == c.vars["recordId"] })
	})
	for _, method := range []string{"PUT ", "PATCH "} {
		s.on(method+records+"/{recordId}", func(_ *Server, c *call) { c.message(http.StatusMethodNotAllowed, "Method Not Allowed") })
	}
}

func (x *schema) external(id string) *record {
	return find(x.records, func(r *record) bool { return r.external == id })
}

// noRecord refuses a call about a record that does not exist.
func (s *Server) noRecord(c *call) {
	if s.cfg.missing400 {
		c.answer(http.StatusBadRequest, object{"errors": []object{{"status": 400, "title": "Bad Request"}}})
		return
	}
	c.message(http.StatusNotFound, "Not Found")
}

func (s *Server) showRecord(c *call, x *schema, r *record) {
	if r == nil {
		s.noRecord(c)
		return
	}
	c.answer(http.StatusOK, object{"record": r.wire(x)})
}

func (s *Server) deleteRecord(c *call, x *schema, is func(*record) bool) {
	var ok bool
	if x.records, ok = drop(x.records, is); !ok {
		s.noRecord(c)
		return
	}
	c.w.WriteHeader(http.StatusAccepted)
}

func (r *record) fields() []object {
	out := []object{}
	for _, id := range r.order {
		out = append(out, object{"id": id, "value": r.values[id]})
	}
	return out
}

func (r *record) wire(x *schema) object {
	return object{
		"id": r.id, "externalId": r.external, "schemaId": x.id, "fields": r.fields(),
		"relationships":    object{"primary-contact": slices.Clone(r.contacts)},
		"createdTimestamp": nanoStamp(r.created), "updatedTimestamp": nanoStamp(r.updated),
	}
}

// listRecords lacks records that are too new.
func (s *Server) listRecords(c *call, x *schema) {
	var kept []*record
	for _, r := range x.records {
		contact, external := c.query("filters[relationships.primary-contact][eq]"), c.query("filters[externalId][eq]")+c.query("filters[externalId]")
		if s.now().Sub(r.created) < s.cfg.listLag || contact != "" && !slices.Contains(r.contacts, contact) || external != "" && r.external != external {
			continue
		}
		kept = append(kept, r)
	}
	if strings.EqualFold(c.query("orders[createdTimestamp]"), "DESC") {
		slices.Reverse(kept)
	}
	out := []object{}
	for _, r := range page(c, kept) {
		out = append(out, r.wire(x))
	}
	c.answer(http.StatusOK, object{"records": out, "meta": numberTotal(c, len(kept), len(out))})
}

// upsertRecord makes a record or replaces all its values: what is left out is gone.
func (s *Server) upsertRecord(c *call, x *schema) {
	body := c.body.object("record")
	contacts := body.object("relationships").texts("primary-contact")
	if body.text("externalId") == "" && body.text("id") == "" {
		c.answer(http.StatusBadRequest, object{"errors": []object{{"status": 400, "title": "Bad Request"}}})
		return
	}
	for _, id := range contacts {
		if s.state.contact(id) == nil {
			c.objectProblem(`Invalid value for field "record.relationships"`, "The contact does not exist", "/data/attributes/record/relationships")
			return
		}
	}
	values, order, ok := x.read(c, body)
	if !ok {
		return
	}
	now := s.now()
	r := find(x.records, func(r *record) bool {
		return body.has("externalId") && r.external == body.text("externalId") || body.has("id") && r.id == body.text("id")
	})
	if r == nil {
		r = &record{id: s.state.uuid("record"), external: body.text("externalId"), created: now}
		if body.has("id") {
			r.id = body.text("id")
		}
		x.records = append(x.records, r)
	}
	r.values, r.order, r.updated = values, order, now
	if len(contacts) > 0 {
		r.contacts = contacts
	}
	o := r.wire(x).pick("externalId", "schemaId", "fields")
	o["relationships"] = body["relationships"]
	if s.cfg.recordIDs || body.has("id") {
		o["id"] = r.id
	}
	c.answer(http.StatusCreated, object{"record": o})
}

// read reads the values of a record as far as the schema knows them.
func (x *schema) read(c *call, body object) (values map[string]any, order []string, ok bool) {
	values = map[string]any{}
	bad := func(id, detail string) (map[string]any, []string, bool) {
		c.objectProblem(`Invalid value for field "`+id+`"`, detail, "/data/attributes/"+id)
		return nil, nil, false
	}
	for _, v := range body.list("fields") {
		id := v.text("id")
		f := x.field(id)
		switch {
		case f == nil || f.text("status") == deleted:
			return bad(id, id+" is not a field of the schema")
		case v["value"] == nil:
			continue
		case !fits(f, v["value"]):
			return bad(id, id+" cannot accept a value that is not defined in the schema.")
		}
		id = f.text("id")
		if _, twice := values[id]; !twice {
			order = append(order, id)
		}
		values[id] = v["value"]
	}
	for _, f := range x.fields() {
		if _, there := values[f.text("id")]; f.text("required") == "true" && !there {
			return bad(f.text("id"), f.text("id")+" is required")
		}
	}
	return values, order, true
}

func fits(f object, v any) bool {
	text, isText := v.(string)
	offered := func(text string) bool {
		return slices.ContainsFunc(f.list("options"), func(o object) bool { return o.text("value") == text })
	}
	switch f.text("type") {
	case "number", "decimal":
		_, ok := v.(json.Number)
		return ok
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return isText && err == nil
	case "datetime":
		_, err := time.Parse(time.RFC3339, text)
		return isText && err == nil
	case "dropdown":
		return isText && offered(text)
	case "multiselect":
		list, ok := v.([]any)
		return ok && !slices.ContainsFunc(list, func(v any) bool { return !offered(textOf(v)) })
	case "currency":
		return true // its form is undocumented
	}
	return isText
}
