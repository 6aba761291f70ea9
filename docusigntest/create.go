package docusigntest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) createEnvelope(c *call) {
	d := c.body
	status := cmp.Or(d.text("status"), "created")
	switch {
	case d == nil:
		c.fail(http.StatusBadRequest, "INVALID_REQUEST_BODY", "The request body is missing.")
		return
	case status != "created" && status != "sent":
		c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The status is invalid.")
		return
	case len([]rune(d.text("emailSubject"))) > 100:
		c.fail(http.StatusBadRequest, "INVALID_EMAIL_SUBJECT", "The subject is longer than 100 characters.")
		return
	}
	e := &envelope{id: s.ids.guid("envelope"), made: s.now(), fields: object{}, folder: "draft"}
	e.obj = pick(d, "emailSubject", "emailBlurb", "transactionId", "brandId", "allowMarkup", "allowReassign", "enforceSignerVisibility")
	e.obj["envelopeId"], e.obj["createdDateTime"], e.obj["purgeState"] = e.id, stamp(s.now()), "unpurged"
	e.obj["sender"] = object{"userId": c.user.ID, "userName": c.user.Name, "email": c.user.Email, "accountId": s.state.account.ID}
	if code, message := s.compose(e, d); code != "" {
		c.fail(http.StatusBadRequest, code, message)
		return
	}
	s.become(e, "created")
	if status == "sent" && e.incomplete() != "" {
		c.fail(http.StatusBadRequest, "ENVELOPE_IS_INCOMPLETE", e.incomplete())
		return
	}
	s.state.envelopes[e.id] = e
	s.state.order = append(s.state.order, e.id)
	s.note(e, "Registered", c.user.Name)
	if status == "sent" {
		s.send(e)
	}
	c.answerWith(http.StatusCreated, object{
		"envelopeId": e.id, "uri": "/envelopes/" + e.id, "statusDateTime": stamp(s.now()), "status": e.status(),
	})
}

// compose fills an envelope from a definition.
func (s *Server) compose(e *envelope, d object) (code, message string) {
	for _, given := range d.list("documents") {
		s.addDocument(e, given)
	}
	s.addRecipients(e, d.object("recipients"))
	s.setFields(e, d.object("customFields"))
	if n := d.object("notification"); len(n) > 0 {
		e.notice = copyOf(n)
	}
	for _, hook := range append(d.list("eventNotifications"), d.object("eventNotification")) {
		if len(hook) > 0 {
			if !strings.HasPrefix(hook.text("url"), "https://") {
				return "INVALID_REQUEST_PARAMETER", "The URL to publish to has to be https."
			}
			e.hooks = append(e.hooks, copyOf(hook))
		}
	}
	if id := d.text("templateId"); id != "" {
		t := s.state.templates[id]
		if t == nil {
			return "TEMPLATE_NOT_FOUND", "The template does not exist."
		}
		s.apply(e, t, d.list("templateRoles"))
	}
	parts := d.list("compositeTemplates")
	if len(parts) > 0 {
		e.fields = object{} // those of the root are ignored beside composite templates
	}
	for _, part := range parts {
		if code, message := s.overlay(e, part); code != "" {
			return code, message
		}
	}
	return "", ""
}

// apply makes a template part of an envelope and fills its roles.
func (s *Server) apply(e *envelope, t *template, roles []object) {
	s.inherit(e, t)
	for _, role := range roles {
		member := pick(role, "name", "email", "clientUserId", "accessCode", "routingOrder", "signingGroupId", "emailNotification")
		found := false
		for _, r := range e.recipients {
			if r.obj.text("roleName") == role.text("roleName") && r.obj.text("roleName") != "" {
				r.obj = r.obj.with(copyOf(member))
				fillTabs(r.tabs, role.object("tabs"))
				found = true
			}
		}
		if !found {
			s.addRecipient(e, "signers", "signer", member.with(pick(role, "roleName")))
		}
	}
	e.recipients = slices.DeleteFunc(e.recipients, func(r *recipient) bool {
		return r.obj.text("email") == "" && r.obj.text("signingGroupId") == "" && e.draftless(r)
	})
}

// draftless reports a role that nobody fills: merge_roles_on_draft drops it.
func (e *envelope) draftless(r *recipient) bool { return r.obj.text("name") == "" }

func (s *Server) inherit(e *envelope, t *template) {
	e.obj = pick(t.obj, "emailSubject", "emailBlurb").with(e.obj)
	for _, d := range t.documents {
		copied := *d
		copied.tabs = s.numbered(d.tabs)
		e.documents = append(e.documents, &copied)
	}
	for _, r := range t.recipients {
		copied := &recipient{list: r.list, obj: copyOf(r.obj), tabs: s.numbered(r.tabs)}
		copied.obj["recipientIdGuid"], copied.obj["status"] = s.ids.guid("recipient"), "created"
		e.recipients = append(e.recipients, copied)
	}
	s.setFields(e, t.fields)
}

// overlay lays one composite template over an envelope, in ascending sequence.
func (s *Server) overlay(e *envelope, part object) (code, message string) {
	layers := append(part.list("serverTemplates"), part.list("inlineTemplates")...)
	slices.SortStableFunc(layers, func(a, b object) int { return cmp.Compare(a.text("sequence"), b.text("sequence")) })
	replaced := part.object("document")
	if len(replaced) > 0 {
		s.addDocument(e, replaced)
	}
	for _, layer := range layers {
		if id := layer.text("templateId"); id != "" {
			t := s.state.templates[id]
			if t == nil {
				return "TEMPLATE_NOT_FOUND", "The template does not exist."
			}
			before := len(e.documents)
			s.inherit(e, t)
			if len(replaced) > 0 {
				e.documents = e.documents[:before]
			}
			continue
		}
		for _, given := range layer.list("documents") {
			s.addDocument(e, given)
		}
		s.setFields(e, layer.object("customFields"))
		s.mergeRecipients(e, layer.object("recipients"))
	}
	e.recipients = slices.DeleteFunc(e.recipients, func(r *recipient) bool { return r.obj.text("email") == "" && e.draftless(r) })
	return "", ""
}

// mergeRecipients gives roles their people; others are added.
func (s *Server) mergeRecipients(e *envelope, from object) {
	for _, t := range recipientTypes {
		for _, given := range from.list(t.list) {
			i := slices.IndexFunc(e.recipients, func(r *recipient) bool {
				return given.text("roleName") != "" && r.obj.text("roleName") == given.text("roleName")
			})
			if i < 0 {
				s.addRecipient(e, t.list, t.kind, given)
				continue
			}
			r := e.recipients[i]
			fillTabs(r.tabs, given.object("tabs"))
			given = copyOf(given)
			delete(given, "tabs")
			delete(given, "recipientId")
			r.obj = r.obj.with(given)
		}
	}
}

// incomplete says what keeps an envelope from being sent; empty: nothing.
func (e *envelope) incomplete() string {
	switch {
	case e.obj.text("emailSubject") == "":
		return "The envelope has no subject."
	case len(e.documents) == 0:
		return "The envelope has no documents."
	case len(e.recipients) == 0:
		return "The envelope has no recipients."
	}
	for _, r := range e.recipients {
		if r.list != "seals" && r.obj.text("signingGroupId") == "" && (r.obj.text("name") == "" || r.obj.text("email") == "" && r.obj.text("hostEmail") == "") {
			return "A recipient has no name or address."
		}
	}
	for _, d := range e.documents {
		for _, tab := range d.tabs.list("textTabs") {
			if tab.yes("required") && tab.text("value") == "" {
				return "A required prefill tab is empty."
			}
		}
	}
	return ""
}

func (s *Server) setFields(e *envelope, from object) {
	for _, kind := range []string{"textCustomFields", "listCustomFields"} {
		list := e.fields.list(kind)
		for _, field := range from.list(kind) {
			field = copyOf(field)
			field["fieldId"] = stringOf(s.ids.number("field", 10_000_000))
			list = append(list, field)
		}
		if len(list) > 0 {
			e.fields[kind] = list
		}
	}
}
