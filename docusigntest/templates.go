package docusigntest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// template is a template: an envelope that nobody sends.
type template struct {
	envelope
	name string
	desc string
}

// AddTemplate adds a template from the JSON of an envelopeTemplate of the
// eSignature REST API: name, emailSubject, documents, recipients with roleName
// and tabs. It gives the template's id, and panics for text that is no JSON
// object.
func (s *Server) AddTemplate(text string) string {
	var given object
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		panic(fmt.Sprintf("docusigntest: the template is not JSON: %v", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addTemplate(given).id
}

func (s *Server) addTemplate(given object) *template {
	t := &template{name: given.text("name"), desc: given.text("description")}
	t.id, t.made, t.fields = s.ids.guid("template"), s.now(), object{}
	t.obj = pick(given, "emailSubject", "emailBlurb")
	for _, d := range given.list("documents") {
		s.addDocument(&t.envelope, d)
	}
	s.addRecipients(&t.envelope, given.object("recipients"))
	for _, r := range t.recipients {
		delete(r.obj, "status")
	}
	s.setFields(&t.envelope, given.object("customFields"))
	s.state.templates[t.id] = t
	s.emitTemplate(t, "template-created")
	return t
}

func (t *template) shown(include string) object {
	out := copyOf(t.obj).with(object{
		"templateId": t.id, "name": t.name, "description": t.desc, "shared": "false", "uri": "/templates/" + t.id,
		"created": stamp(t.made), "lastModified": stamp(t.made), "pageCount": stringOf(len(t.documents)), "folderName": "Templates",
	})
	if strings.Contains(include, "documents") || include == "one" || strings.Contains(include, "tabs") {
		docs := []object{}
		for i, d := range t.documents {
			docs = append(docs, object{"documentId": d.id, "name": d.name, "order": stringOf(i + 1), "uri": "/templates/" + t.id + "/documents/" + d.id})
		}
		out["documents"] = docs
	}
	return out
}

func (s *Server) templateRoutes() {
	s.rest("GET /templates", func(s *Server, c *call) {
		all := []object{}
		for _, id := range sortedKeys(s.state.templates) {
			t := s.state.templates[id]
			if strings.Contains(strings.ToLower(t.name), strings.ToLower(c.query("search_text"))) {
				all = append(all, t.shown(c.query("include")))
			}
		}
		items, about := page(s, c, all)
		c.answer(about.with(object{"envelopeTemplates": items}))
	})
	s.rest("POST /templates", func(s *Server, c *call) {
		if c.body.text("name") == "" {
			c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "A template needs a name.")
			return
		}
		t := s.addTemplate(c.body)
		c.answerWith(http.StatusCreated, object{"templateId": t.id, "name": t.name, "uri": "/templates/" + t.id})
	})
	s.template("GET /templates/{templateId}", func(c *call, t *template) {
		out := t.shown("one")
		out["recipients"] = t.shownRecipients(strings.Contains(c.query("include"), "tabs"))
		out["customFields"] = t.fields
		c.answer(out)
	})
	s.template("PUT /templates/{templateId}", func(c *call, t *template) {
		if name := c.body.text("name"); name != "" {
			t.name = name
		}
		t.obj = t.obj.with(pick(c.body, "emailSubject", "emailBlurb"))
		s.emitTemplate(t, "template-modified")
		c.answer(object{})
	})
	s.templatePartRoutes()
}

func (s *Server) templatePartRoutes() {
	s.template("GET /templates/{templateId}/documents", func(c *call, t *template) {
		c.answer(object{"templateId": t.id, "templateDocuments": t.shownDocuments("/templates/" + t.id)})
	})
	s.template("GET /templates/{templateId}/documents/{documentId}", func(c *call, t *template) {
		if d := t.document(c.id("documentId")); d != nil {
			c.file("application/pdf", d.name, d.id, d.content)
			return
		}
		c.noDocument()
	})
	s.template("GET /templates/{templateId}/documents/{documentId}/tabs", func(c *call, t *template) {
		if d := t.document(c.id("documentId")); d != nil {
			c.answer(object{"prefillTabs": d.tabs})
			return
		}
		c.noDocument()
	})
	s.template("GET /templates/{templateId}/recipients", func(c *call, t *template) {
		c.answer(t.shownRecipients(c.query("include_tabs") == "true"))
	})
	s.template("GET /templates/{templateId}/recipients/{recipientId}/tabs", func(c *call, t *template) {
		if r := t.recipient(c.id("recipientId")); r != nil {
			c.answer(r.tabs)
			return
		}
		c.noRecipient()
	})
	s.template("GET /templates/{templateId}/custom_fields", func(c *call, t *template) { c.answer(t.fields) })
}

func (s *Server) template(pattern string, f func(*call, *template)) {
	s.rest(pattern, func(s *Server, c *call) {
		t := s.state.templates[c.id("templateId")]
		if t == nil {
			c.fail(http.StatusNotFound, "TEMPLATE_NOT_FOUND", "The template does not exist.")
			return
		}
		f(c, t)
	})
}
