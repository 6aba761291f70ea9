package activecampaigntest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// schema is a custom object. Records lie in the order in which they were made.
type schema struct {
	id, slug         string
	appID            string // of an app's schema
	body             object // as it was sent
	created, updated time.Time
	records          []*record
}

const deleted = "marked_for_deletion"

func (s *Server) schemaRoutes() {
	s.on("GET /customObjects/schemas", func(s *Server, c *call) {
		out := []object{}
		for _, x := range page(c, s.state.schemas) {
			out = append(out, x.wire(c.query("showFields") == "all"))
		}
		c.answer(http.StatusOK, object{"schemas": out, "meta": numberTotal(c, len(s.state.schemas), len(out))})
	})
	s.on("POST /customObjects/schemas", (*Server).createSchema)
	s.schema("GET /customObjects/schemas/{id}", func(_ *Server, c *call, x *schema) {
		c.answer(http.StatusOK, object{"schema": x.wire(c.query("showFields") == "all")})
	})
	s.schema("PUT /customObjects/schemas/{schemaId}", (*Server).updateSchema)
	s.schema("DELETE /customObjects/schemas/{id}", func(s *Server, c *call, x *schema) {
		s.state.schemas, _ = drop(s.state.schemas, func(o *schema) bool { return o == x })
		c.w.WriteHeader(http.StatusOK)
	})
	s.schema("DELETE /customObjects/schemas/{schemaId}/fields/{fieldId}", func(_ *Server, c *call, x *schema) {
		f := x.field(c.vars["fieldId"])
		if f == nil {
			c.message(http.StatusNotFound, "Not Found")
			return
		}
		f["status"] = deleted
		c.answer(http.StatusAccepted, object{"schema": x.wire(false)})
	})
}

// schema mounts a call about one schema.
func (s *Server) schema(operation string, f func(*Server, *call, *schema)) {
	s.on(operation, func(s *Server, c *call) {
		id := c.vars["schemaId"] + c.vars["id"]
		if x := find(s.state.schemas, func(x *schema) bool { return x.id == id }); x != nil {
			f(s, c, x)
			return
		}
		c.message(http.StatusNotFound, "Not Found")
	})
}

func (x *schema) fields() []object { return x.body.list("fields") }

// field gives a field by its id, in which "-" and "_" are one.
func (x *schema) field(id string) object {
	for _, f := range x.fields() {
		if plainID(f.text("id")) == plainID(id) {
			return f
		}
	}
	return nil
}

func plainID(id string) string { return strings.ReplaceAll(id, "_", "-") }

func (x *schema) wire(allFields bool) object {
	fields := []object{}
	for _, f := range x.fields() {
		if allFields || f.text("status") != deleted {
			fields = append(fields, f)
		}
	}
	o := object{
		"id": x.id, "slug": x.slug, "visibility": "private", "labels": x.body["labels"], "description": x.body.text("description"),
		"createdTimestamp": nanoStamp(x.created), "updatedTimestamp": nanoStamp(x.updated), "fields": fields,
		"icons": object{"default": "https://d226aj4ao1t61q.cloudfront.net/default.png"}, "relationships": relationshipsOf(x.body),
	}
	if x.appID != "" {
		o["visibility"], o["appId"] = "public", x.appID
	}
	return o
}

func relationshipsOf(body object) any {
	if v, ok := body["relationships"]; ok {
		return v
	}
	return []object{}
}

// badSchema refuses a schema that says something impossible.
func badSchema(c *call, body object) bool {
	bad := func(at, detail string) bool {
		c.objectProblem(`Invalid value for field "`+strings.ReplaceAll(at, "/", ".")+`"`, detail, "/data/attributes/"+at)
		return true
	}
	slug := body.text("slug")
	labels := body.object("labels")
	switch {
	case slug == "" || strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return bad("schema/slug", "Schema slug may have lowercase letters, digits and dashes")
	case labels.text("singular") == "" || labels.text("plural") == "":
		return bad("schema/labels", "Schema must provide labels")
	}
	var ids, names []string
	for _, f := range body.list("fields") {
		id, name := plainID(f.text("id")), strings.ToLower(f.object("labels").text("singular"))
		switch {
		case name == "" || slices.Contains(names, name):
			return bad("schema/fields/labels", "Schema fields must provide labels")
		case id == "" || slices.Contains(ids, id):
			return bad("schema/fields/id", "Schema field ids must be unique")
		case !slices.Contains([]string{"text", "textarea", "date", "datetime", "number", "decimal", "currency", "dropdown", "multiselect"}, f.text("type")):
			return bad("schema/fields/type", "Schema field type is unknown")
		}
		ids, names = append(ids, id), append(names, name)
	}
	return false
}

func (s *Server) createSchema(c *call) {
	body := c.body.object("schema")
	switch {
	case s.cfg.planStatus != 0:
		c.message(s.cfg.planStatus, http.StatusText(s.cfg.planStatus))
		return
	case badSchema(c, body):
		return
	case find(s.state.schemas, func(x *schema) bool { return x.slug == body.text("slug") }) != nil:
		c.objectProblem(`Invalid value for field "schema.slug"`, "Schema slug must be unique", "/data/attributes/schema/slug")
		return
	}
	x := &schema{id: s.state.uuid("schema"), slug: body.text("slug"), body: body, created: s.now(), updated: s.now()}
	s.state.schemas = append(s.state.schemas, x)
	c.answer(http.StatusCreated, object{"schema": x.wire(false)})
}

// updateSchema replaces a schema; a field that is left out stays, since only a
// call of its own deletes one. That is undocumented.
func (s *Server) updateSchema(c *call, x *schema) {
	body := c.body.object("schema")
	if badSchema(c, body) {
		return
	}
	for _, f := range body.list("fields") {
		have := x.field(f.text("id"))
		if have == nil {
			continue
		}
		if have.text("status") == deleted {
			c.objectProblem(`Invalid value for field "schema.fields.id"`, "The field is marked for deletion", "/data/attributes/schema/fields/id")
			return
		}
		if have.text("type") != f.text("type") {
			c.objectProblem(`Invalid value for field "schema.fields.type"`, "The type of a field can't be changed", "/data/attributes/schema/fields/type")
			return
		}
	}
	next := &schema{id: x.id, slug: x.slug, appID: x.appID, body: body, created: x.created, updated: s.now(), records: x.records}
	for _, f := range x.fields() {
		if next.field(f.text("id")) == nil {
			list, _ := body["fields"].([]any)
			body["fields"] = append(list, map[string]any(f))
		}
	}
	if c.r.Header.Get("validateOnly") != "true" {
		*x = *next
	}
	c.answer(http.StatusOK, object{"schema": next.wire(false).pick("id", "slug", "labels", "description", "fields", "icons", "relationships", "createdTimestamp", "updatedTimestamp")})
}
