package docusigntest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// routes mounts everything that the server simulates. The paths are those of
// the eSignature REST API v2.1, below /v2.1/accounts/{accountId}.
func (s *Server) routes() {
	s.authRoutes()
	s.envelopeRoutes()
	s.partRoutes()
	s.templateRoutes()
	s.accountRoutes()
	s.bulkRoutes()
	s.connectRoutes()
}

func (s *Server) envelopeRoutes() {
	s.rest("POST /envelopes", (*Server).createEnvelope)
	s.rest("GET /envelopes", (*Server).listEnvelopes)
	s.rest("PUT /envelopes/status", (*Server).statuses)
	s.envelope("GET /envelopes/{envelopeId}", func(_ *Server, c *call, e *envelope) { c.answer(e.shown(c.query("include"))) })
	s.envelope("PUT /envelopes/{envelopeId}", (*Server).updateEnvelope)
	s.envelope("GET /envelopes/{envelopeId}/audit_events", func(_ *Server, c *call, e *envelope) {
		c.answer(object{"auditEvents": e.audit})
	})
	s.envelope("GET /envelopes/{envelopeId}/form_data", (*Server).formData)
	s.envelope("GET /envelopes/{envelopeId}/notification", func(_ *Server, c *call, e *envelope) { c.answer(e.notification()) })
	s.envelope("PUT /envelopes/{envelopeId}/notification", func(_ *Server, c *call, e *envelope) {
		if e.ended() {
			c.badState(e)
			return
		}
		e.notice = e.notification().with(copyOf(c.body))
		c.answer(e.notification())
	})
	for _, view := range []string{"sender", "edit", "correct", "recipient"} {
		s.envelope("POST /envelopes/{envelopeId}/views/"+view, func(s *Server, c *call, e *envelope) { s.openView(c, e, view) })
	}
	s.rest("POST /views/console", func(s *Server, c *call) {
		c.answerWith(http.StatusCreated, object{"url": s.web.URL + "/console?token=" + s.ids.guid("view")})
	})
}

// envelope mounts a call about one envelope.
func (s *Server) envelope(pattern string, f func(*Server, *call, *envelope)) {
	s.rest(pattern, func(s *Server, c *call) {
		e := s.state.envelopes[c.id("envelopeId")]
		if e == nil {
			c.fail(http.StatusNotFound, "ENVELOPE_DOES_NOT_EXIST", "The envelope does not exist.")
			return
		}
		f(s, c, e)
	})
}

func (c *call) badState(e *envelope) {
	c.fail(http.StatusBadRequest, "ENVELOPE_INVALID_STATUS", "Invalid envelope status. Envelope status is not one of: the status is "+e.status()+".")
}

func (s *Server) updateEnvelope(c *call, e *envelope) {
	b := c.body
	switch status := b.text("status"); {
	case status == "sent" && e.status() != "created":
		c.badState(e)
		return
	case status == "sent" && e.incomplete() != "":
		c.fail(http.StatusBadRequest, "ENVELOPE_IS_INCOMPLETE", e.incomplete())
		return
	case status == "voided" && e.status() != "sent" && e.status() != "delivered":
		c.fail(http.StatusBadRequest, "ENVELOPE_CANNOT_VOID_INVALID_STATE", "Only envelopes in the 'Sent' or 'Delivered' states may be voided.")
		return
	case status == "voided" && b.text("voidedReason") == "":
		c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "A reason is needed to void an envelope.")
		return
	case c.query("resend_envelope") == "true" && e.status() != "sent" && e.status() != "delivered":
		c.badState(e)
		return
	case b.text("emailSubject") != "" && e.ended():
		c.badState(e)
		return
	}
	e.obj = e.obj.with(pick(b, "emailSubject", "emailBlurb", "purgeState"))
	switch {
	case b.text("status") == "sent":
		s.send(e)
	case b.text("status") == "voided":
		s.void(e, b.text("voidedReason"))
	case c.query("resend_envelope") == "true":
		s.emit(e, "envelope-resent", "")
	}
	if b.text("purgeState") != "" {
		s.emit(e, "envelope-purge", "")
	}
	c.answer(object{"envelopeId": e.id})
}

func (e *envelope) notification() object {
	if e.notice != nil {
		return e.notice
	}
	return object{
		"useAccountDefaults": "true",
		"reminders":          object{"reminderEnabled": "false", "reminderDelay": "0", "reminderFrequency": "0"},
		"expirations":        object{"expireEnabled": "true", "expireAfter": "120", "expireWarn": "0"},
	}
}

// formData tells values of text-like tabs, as far as they are filled in.
func (s *Server) formData(c *call, e *envelope) {
	if e.status() == "created" {
		c.badState(e)
		return
	}
	var all, people, prefill []object
	prefill = []object{}
	for _, d := range e.documents {
		prefill = append(prefill, values(d.tabs)...)
	}
	for _, r := range e.recipients {
		own := values(r.tabs)
		all = append(all, own...)
		people = append(people, object{
			"recipientId": r.obj.text("recipientId"), "name": r.obj.text("name"), "email": r.obj.text("email"), "formData": own,
			"SentTime": r.obj.text("sentDateTime"), "DeliveredTime": r.obj.text("deliveredDateTime"),
			"SignedTime": r.obj.text("signedDateTime"), "DeclinedTime": r.obj.text("declinedDateTime"),
		})
	}
	sender := e.obj.object("sender")
	c.answer(object{
		"envelopeId": e.id, "status": e.status(), "sentDateTime": e.obj.text("sentDateTime"), "emailSubject": e.obj.text("emailSubject"),
		"formData": append([]object{}, all...), "recipientFormData": append([]object{}, people...),
		"prefillFormData": object{"formData": prefill, "senderUserId": sender.text("userId"), "senderName": sender.text("userName"), "senderEmail": sender.text("email")},
	})
}

func values(tabs object) []object {
	out := []object{}
	for _, kind := range sortedKeys(tabs) {
		for _, tab := range tabs.list(kind) {
			if label := tab.text("tabLabel"); label != "" {
				out = append(out, object{"name": label, "value": tab.text("value"), "originalValue": tab.text("originalValue")})
			}
		}
	}
	return out
}

func (s *Server) openView(c *call, e *envelope, view string) {
	b := c.body
	switch view {
	case "sender", "edit":
		if e.status() != "created" {
			c.badState(e)
			return
		}
	case "correct":
		if e.status() != "sent" && e.status() != "delivered" {
			c.badState(e)
			return
		}
	case "recipient":
		if e.status() == "created" || e.ended() {
			c.badState(e)
			return
		}
		if !s.embedded(e, b) {
			c.fail(http.StatusBadRequest, "UNKNOWN_ENVELOPE_RECIPIENT", "The recipient you have identified is not a valid recipient of the specified envelope.")
			return
		}
	}
	c.answerWith(http.StatusCreated, object{"url": fmt.Sprintf("%s/%s?token=%s", s.web.URL, view, s.ids.guid("view"))})
}

func (s *Server) embedded(e *envelope, b object) bool {
	for _, r := range e.recipients {
		if r.obj.text("email") == b.text("email") && r.obj.text("name") == b.text("userName") &&
			(b.text("clientUserId") == "" || r.obj.text("clientUserId") == b.text("clientUserId")) {
			return true
		}
	}
	return false
}

// page cuts a listing and describes the cut.
func page[T any](s *Server, c *call, items []T) ([]T, object) {
	start, _ := strconv.Atoi(c.query("start_position"))
	count, err := strconv.Atoi(c.query("count"))
	if err != nil || count <= 0 || count > s.cfg.pageSize {
		count = s.cfg.pageSize
	}
	total := len(items)
	start = min(max(start, 0), total)
	end := min(start+count, total)
	about := object{
		"resultSetSize": stringOf(end - start), "startPosition": stringOf(start),
		"endPosition": stringOf(max(end-1, 0)), "totalSetSize": stringOf(total),
	}
	if !s.cfg.withoutNext {
		if end < total {
			q := c.r.URL.Query()
			q.Set("start_position", stringOf(end))
			_, below, _ := strings.Cut(c.r.URL.Path, s.state.account.ID)
			about["nextUri"] = below + "?" + q.Encode()
		}
	}
	return items[start:end], about
}
