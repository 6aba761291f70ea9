package docusigntest

import (
	"net/http"
	"slices"
)

// batch is a bulk send.
type batch struct {
	id, name  string
	submitted string
	envelopes []string
	failed    []object
}

func (s *Server) bulkRoutes() {
	s.rest("GET /bulk_send_lists", func(s *Server, c *call) { c.answer(s.bulkSummaries()) })
	s.rest("POST /bulk_send_lists", func(s *Server, c *call) {
		if len(c.body.list("bulkCopies")) == 0 {
			c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The list has no copies.")
			return
		}
		l := copyOf(c.body)
		l["listId"] = s.ids.guid("bulk list")
		s.state.bulkLists[l.text("listId")] = l
		c.answerWith(http.StatusCreated, l)
	})
	s.bulkList("GET", "", func(c *call, l object) { c.answer(l) })
	s.bulkList("PUT", "", func(c *call, l object) {
		next := copyOf(c.body)
		next["listId"] = l["listId"]
		s.state.bulkLists[l.text("listId")] = next
		c.answer(next)
	})
	s.bulkList("DELETE", "", func(c *call, l object) {
		delete(s.state.bulkLists, l.text("listId"))
		c.answer(s.bulkSummaries())
	})
	s.bulkList("POST", "/test", func(c *call, l object) {
		problems := s.misfits(c, l)
		c.answerWith(http.StatusCreated, object{"canBeSent": len(problems) == 0, "validationErrors": problems, "validationErrorDetails": problems})
	})
	s.bulkList("POST", "/send", s.sendBulk)
	s.rest("GET /bulk_send_batch", func(s *Server, c *call) {
		all := []object{}
		for _, id := range sortedKeys(s.state.batches) {
			b := s.state.batches[id]
			all = append(all, pick(b.shown(), "batchId", "batchName", "batchSize", "queued", "sent", "failed", "submittedDate"))
		}
		items, about := page(s, c, all)
		c.answer(about.with(object{"bulkBatchSummaries": items, "batchSizeLimit": "1000", "bulkProcessQueueLimit": "2000", "bulkProcessTotalQueued": "0"}))
	})
	s.batch("GET", "", func(c *call, b *batch) { c.answer(b.shown()) })
	s.batch("GET", "/envelopes", func(c *call, b *batch) {
		all := []object{}
		for _, id := range b.envelopes {
			all = append(all, s.state.envelopes[id].shown(""))
		}
		items, about := page(s, c, all)
		c.answer(about.with(object{"envelopes": items}))
	})
	s.batch("PUT", "/{bulkAction}", func(c *call, b *batch) {
		action := c.id("bulkAction")
		if !slices.Contains([]string{"resend", "correct", "void"}, action) || action == "void" && c.body.text("voidReason") == "" {
			c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The action is invalid.")
			return
		}
		for _, id := range b.envelopes {
			if e := s.state.envelopes[id]; action == "void" && !e.ended() {
				s.void(e, c.body.text("voidReason"))
			}
		}
		c.answer(b.shown().with(object{"action": action, "actionStatus": "completed"}))
	})
}

func (s *Server) bulkList(method, tail string, f func(*call, object)) {
	s.rest(method+" /bulk_send_lists/{bulkSendListId}"+tail, func(s *Server, c *call) {
		if l := s.state.bulkLists[c.id("bulkSendListId")]; l != nil {
			f(c, l)
			return
		}
		c.fail(http.StatusNotFound, "RESOURCE_NOT_FOUND", "The list does not exist.")
	})
}

func (s *Server) batch(method, tail string, f func(*call, *batch)) {
	s.rest(method+" /bulk_send_batch/{bulkSendBatchId}"+tail, func(s *Server, c *call) {
		if b := s.state.batches[c.id("bulkSendBatchId")]; b != nil {
			f(c, b)
			return
		}
		c.fail(http.StatusNotFound, "RESOURCE_NOT_FOUND", "The batch does not exist.")
	})
}

func (s *Server) bulkSummaries() object {
	list := []object{}
	for _, id := range sortedKeys(s.state.bulkLists) {
		list = append(list, object{"bulkSendListId": id, "name": s.state.bulkLists[id].text("name"), "createdByUser": s.state.person})
	}
	return object{"bulkListSummaries": list}
}

// source is what a bulk send copies.
func (s *Server) source(id string) *envelope {
	if t := s.state.templates[id]; t != nil {
		return &t.envelope
	}
	return s.state.envelopes[id]
}

// misfits says why a list does not fit.
func (s *Server) misfits(c *call, l object) []string {
	from := s.source(c.body.text("envelopeOrTemplateId"))
	if from == nil {
		return []string{"RESOURCE_NOT_FOUND"}
	}
	problems := []string{}
	for _, one := range l.list("bulkCopies") {
		for _, r := range one.list("recipients") {
			if !slices.ContainsFunc(from.recipients, func(have *recipient) bool { return fits(have, r) }) {
				problems = append(problems, "BULK_SEND_RECIPIENT_NOT_FOUND")
			}
		}
	}
	return problems
}

func fits(have *recipient, want object) bool {
	if role := want.text("roleName"); role != "" {
		return have.obj.text("roleName") == role
	}
	return have.obj.text("recipientId") == want.text("recipientId")
}

func (s *Server) sendBulk(c *call, l object) {
	if problems := s.misfits(c, l); len(problems) > 0 {
		c.fail(http.StatusBadRequest, "BULK_SEND_VALIDATION_FAILED", problems[0])
		return
	}
	from := s.source(c.body.text("envelopeOrTemplateId"))
	b := &batch{id: s.ids.guid("batch"), name: c.body.text("batchName"), submitted: stamp(s.now())}
	for _, one := range l.list("bulkCopies") {
		e := &envelope{id: s.ids.guid("envelope"), made: s.now(), fields: object{}}
		e.obj = object{"envelopeId": e.id, "createdDateTime": stamp(s.now()), "sender": object{"userId": c.user.ID, "userName": c.user.Name, "email": c.user.Email}}
		s.inherit(e, &template{envelope: *from})
		e.obj = e.obj.with(pick(one, "emailSubject", "emailBlurb"))
		for _, want := range one.list("recipients") {
			for _, r := range e.recipients {
				if fits(r, want) {
					r.obj = r.obj.with(pick(want, "name", "email", "clientUserId", "accessCode"))
					fillBulk(r.tabs, want.list("tabs"))
				}
			}
		}
		s.become(e, "created")
		s.state.envelopes[e.id] = e
		s.state.order = append(s.state.order, e.id)
		b.envelopes = append(b.envelopes, e.id)
		if why := e.incomplete(); why != "" {
			b.failed = append(b.failed, object{"envelopeId": e.id, "errorMessage": why, "created": stamp(s.now())})
			continue
		}
		s.send(e)
	}
	s.state.batches[b.id] = b
	c.answerWith(http.StatusCreated, object{
		"batchId": b.id, "batchName": b.name, "batchSize": stringOf(len(b.envelopes)), "envelopeOrTemplateId": c.body.text("envelopeOrTemplateId"),
		"totalQueued": stringOf(len(b.envelopes)), "queueLimit": "2000",
	})
}

func fillBulk(tabs object, values []object) {
	for kind := range tabs {
		for _, tab := range tabs.list(kind) {
			for _, value := range values {
				if tab.text("tabLabel") == value.text("tabLabel") {
					tab["value"] = value.text("initialValue")
				}
			}
		}
	}
}

func (b *batch) shown() object {
	return object{
		"batchId": b.id, "batchName": b.name, "batchSize": stringOf(len(b.envelopes)), "queued": "0",
		"sent": stringOf(len(b.envelopes) - len(b.failed)), "failed": stringOf(len(b.failed)), "submittedDate": b.submitted,
		"bulkErrors": append([]object{}, b.failed...),
	}
}
