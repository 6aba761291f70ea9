package docusigntest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// partRoutes are the recipients, tabs, custom fields and documents of an
// envelope.
func (s *Server) partRoutes() {
	s.envelope("GET /envelopes/{envelopeId}/recipients", func(_ *Server, c *call, e *envelope) {
		c.answer(e.shownRecipients(c.query("include_tabs") == "true"))
	})
	s.open("POST /envelopes/{envelopeId}/recipients", func(s *Server, c *call, e *envelope) {
		s.addRecipients(e, c.body)
		if e.status() != "created" {
			s.advance(e)
		}
		c.answerWith(http.StatusCreated, e.shownRecipients(false))
	})
	s.open("PUT /envelopes/{envelopeId}/recipients", (*Server).correctRecipients)
	s.open("DELETE /envelopes/{envelopeId}/recipients/{recipientId}", func(_ *Server, c *call, e *envelope) {
		if e.recipient(c.id("recipientId")) == nil {
			c.noRecipient()
			return
		}
		e.recipients = slices.DeleteFunc(e.recipients, func(r *recipient) bool { return r.obj.text("recipientId") == c.id("recipientId") })
		c.answer(e.shownRecipients(false))
	})
	for _, m := range []string{"GET", "POST", "PUT", "DELETE"} {
		s.envelope(m+" /envelopes/{envelopeId}/recipients/{recipientId}/tabs", func(s *Server, c *call, e *envelope) {
			if r := e.recipient(c.id("recipientId")); r != nil {
				s.serveTabs(c, e, &r.tabs)
				return
			}
			c.noRecipient()
		})
		s.envelope(m+" /envelopes/{envelopeId}/documents/{documentId}/tabs", func(s *Server, c *call, e *envelope) {
			if d := e.document(c.id("documentId")); d != nil {
				s.serveDocumentTabs(c, e, d)
				return
			}
			c.noDocument()
		})
		s.envelope(m+" /envelopes/{envelopeId}/custom_fields", (*Server).serveFields)
	}
	s.envelope("GET /envelopes/{envelopeId}/documents", func(_ *Server, c *call, e *envelope) {
		c.answer(object{"envelopeId": e.id, "envelopeDocuments": e.shownDocuments("/envelopes/" + e.id)})
	})
	s.open("DELETE /envelopes/{envelopeId}/documents", (*Server).removeDocuments)
	s.envelope("GET /envelopes/{envelopeId}/documents/{documentId}", (*Server).download)
	s.open("PUT /envelopes/{envelopeId}/documents/{documentId}", (*Server).putDocument)
}

// open mounts a change of an envelope that has not ended.
func (s *Server) open(pattern string, f func(*Server, *call, *envelope)) {
	s.envelope(pattern, func(s *Server, c *call, e *envelope) {
		if e.ended() {
			c.badState(e)
			return
		}
		f(s, c, e)
	})
}

func (c *call) noRecipient() {
	c.fail(http.StatusBadRequest, "UNKNOWN_ENVELOPE_RECIPIENT", "The recipient is not a recipient of the envelope.")
}

func (c *call) noDocument() {
	c.fail(http.StatusNotFound, "DOCUMENT_DOES_NOT_EXIST", "The document specified was not found.")
}

func (s *Server) correctRecipients(c *call, e *envelope) {
	results := []object{}
	for _, t := range recipientTypes {
		for _, given := range c.body.list(t.list) {
			id := given.text("recipientId")
			r := e.recipient(id)
			result := object{"recipientId": id, "errorDetails": object{"errorCode": "SUCCESS", "message": ""}}
			switch {
			case r == nil:
				result["errorDetails"] = object{"errorCode": "UNKNOWN_ENVELOPE_RECIPIENT", "message": "The recipient is not a recipient of the envelope."}
			case r.obj.text("status") == "completed":
				result["errorDetails"] = object{"errorCode": "RECIPIENT_UPDATE_FAILED", "message": "The recipient has finished."}
			default:
				given = copyOf(given)
				delete(given, "tabs")
				r.obj = r.obj.with(given)
				result["recipientIdGuid"] = r.obj.text("recipientIdGuid")
			}
			results = append(results, result)
		}
	}
	if e.status() != "created" {
		s.emit(e, "envelope-corrected", "")
	}
	c.answer(object{"recipientUpdateResults": results})
}

// serveTabs reads and changes one set of tabs: added by POST, changed by their
// ids with PUT, removed by their ids with DELETE.
func (s *Server) serveTabs(c *call, e *envelope, tabs *object) {
	if c.r.Method == http.MethodGet {
		c.answer(*tabs)
		return
	}
	if e.ended() {
		c.badState(e)
		return
	}
	status, out := http.StatusOK, object{}
	given := copyOf(c.body)
	if c.r.Method == http.MethodPost {
		given, status = s.numbered(given), http.StatusCreated
	}
	delete(given, "prefillTabs")
	for _, kind := range sortedKeys(given) {
		list := tabs.list(kind)
		for _, tab := range given.list(kind) {
			out[kind] = append(out.list(kind), s.changeTab(c.r.Method, &list, tab))
		}
		(*tabs)[kind] = list
	}
	c.answerWith(status, out)
}

func (s *Server) changeTab(method string, list *[]object, tab object) object {
	same := func(old object) bool {
		return old.text("tabId") == tab.text("tabId") && old.text("groupName") == tab.text("groupName")
	}
	i := slices.IndexFunc(*list, same)
	switch {
	case method == http.MethodPost:
		*list = append(*list, tab)
		return tab
	case i < 0:
		return tab.with(object{"errorDetails": object{"errorCode": "INVALID_TAB_OPERATION", "message": "The tab does not exist."}})
	case method == http.MethodDelete:
		*list = slices.Delete(*list, i, i+1)
		return tab
	}
	old := (*list)[i]
	if radios := tab.list("radios"); len(radios) > 0 {
		choose(old, tab)
		return old
	}
	maps.Copy(old, tab)
	return old
}

// serveDocumentTabs is serveTabs for a document: only prefill tabs belong to it.
func (s *Server) serveDocumentTabs(c *call, e *envelope, d *document) {
	if c.r.Method == http.MethodGet {
		c.answer(object{"prefillTabs": d.tabs})
		return
	}
	if e.status() != "created" {
		c.badState(e)
		return
	}
	inner := *c
	inner.body = c.body.object("prefillTabs")
	inner.w = &wrapped{ResponseWriter: c.w, c: c}
	s.serveTabs(&inner, e, &d.tabs)
	inner.w.(*wrapped).flush()
}

// wrapped puts an answer into a prefillTabs member.
type wrapped struct {
	http.ResponseWriter
	c      *call
	status int
	body   bytes.Buffer
}

func (w *wrapped) WriteHeader(status int) { w.status = status }

func (w *wrapped) Write(p []byte) (int, error) { return w.body.Write(p) }

func (w *wrapped) flush() {
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = fmt.Fprintf(w.ResponseWriter, `{"prefillTabs":%s}`, strings.TrimSpace(w.body.String()))
}

// serveFields reads and changes custom fields.
func (s *Server) serveFields(c *call, e *envelope) {
	if c.r.Method == http.MethodGet {
		c.answer(e.fields)
		return
	}
	if c.r.Method == http.MethodPost {
		s.setFields(e, c.body)
		c.answerWith(http.StatusCreated, e.fields)
		return
	}
	out := object{}
	for _, kind := range []string{"textCustomFields", "listCustomFields"} {
		list := e.fields.list(kind)
		for _, given := range c.body.list(kind) {
			i := slices.IndexFunc(list, func(f object) bool { return f.text("fieldId") == given.text("fieldId") })
			switch {
			case i < 0:
				given = given.with(object{"errorDetails": object{"errorCode": "INVALID_CUSTOM_FIELD", "message": "The field does not exist."}})
			case c.r.Method == http.MethodDelete:
				list = slices.Delete(list, i, i+1)
			default:
				list[i] = list[i].with(given)
			}
			out[kind] = append(out.list(kind), given)
		}
		e.fields[kind] = list
	}
	c.answer(out)
}

func (s *Server) putDocument(c *call, e *envelope) {
	content, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, 52<<20))
	_, params, bad := mime.ParseMediaType(c.r.Header.Get("Content-Disposition"))
	if err != nil || len(content) == 0 || bad != nil {
		c.fail(http.StatusBadRequest, "INVALID_REQUEST_BODY", "The document or its Content-Disposition is missing.")
		return
	}
	id := c.id("documentId")
	d := e.document(id)
	if d == nil {
		d = &document{id: id, tabs: object{}}
		e.documents = append(e.documents, d)
	}
	d.name, d.content = params["filename"], content
	for _, shown := range e.shownDocuments("/envelopes/" + e.id) {
		if shown.text("documentId") == id {
			c.answer(shown)
		}
	}
}

func (s *Server) removeDocuments(c *call, e *envelope) {
	out := []object{}
	for _, given := range c.body.list("documents") {
		id := given.text("documentId")
		shown := object{"documentId": id}
		if e.document(id) == nil {
			shown["errorDetails"] = object{"errorCode": "DOCUMENT_DOES_NOT_EXIST", "message": "The document specified was not found."}
		}
		e.documents = slices.DeleteFunc(e.documents, func(d *document) bool { return d.id == id })
		out = append(out, shown)
	}
	c.answer(object{"envelopeId": e.id, "envelopeDocuments": out})
}

func (s *Server) download(c *call, e *envelope) {
	subject := strings.NewReplacer(`"`, "", "\r", "", "\n", "").Replace(e.obj.text("emailSubject"))
	switch id := c.id("documentId"); id {
	case "combined":
		var all bytes.Buffer
		for _, d := range e.documents {
			all.Write(d.content)
		}
		if c.query("certificate") == "true" {
			all.Write(pdf("Certificate of Completion " + e.id))
		}
		c.file("application/pdf", subject+".pdf", "combined", all.Bytes())
	case "certificate":
		c.file("application/pdf", "Summary.pdf", id, pdf("Certificate of Completion "+e.id))
	case "archive":
		c.file("application/zip", subject+".zip", id, e.archive())
	default:
		d := e.document(id)
		if d == nil {
			c.noDocument()
			return
		}
		c.file("application/pdf", d.name, id, d.content)
	}
}

func (e *envelope) archive() []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(name string, content []byte) {
		if w, err := z.Create(name); err == nil {
			_, _ = w.Write(content) // a buffer does not fail
		}
	}
	for _, d := range e.documents {
		add(d.id+" "+strings.ReplaceAll(d.name, "/", "_"), d.content)
	}
	add("Summary.pdf", pdf("Certificate of Completion "+e.id))
	_ = z.Close()
	return out.Bytes()
}

// file answers with the service's header, whose last parameter lacks its closing
// quote.
func (c *call) file(kind, name, id string, content []byte) {
	c.w.Header().Set("Content-Type", kind)
	c.w.Header().Set("Content-Disposition", fmt.Sprintf(`file; filename="%s"; documentid="%s`, name, id))
	c.w.Header().Set("Content-Length", stringOf(len(content)))
	_, _ = c.w.Write(content)
}
