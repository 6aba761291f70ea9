package docusigntest

import (
	"net/http"
	"slices"
	"strings"
)

// accountRoutes are folders, users and the account itself.
func (s *Server) accountRoutes() {
	s.rest("GET ", func(s *Server, c *call) {
		a := s.state.account
		out := object{"accountIdGuid": a.ID, "accountName": a.Name, "planName": "Business Pro", "currentPlanId": "plan-1",
			"billingPeriodEnvelopesSent": stringOf(len(s.state.order)), "billingPeriodEnvelopesAllowed": "unlimited", "envelopeSendingBlocked": "false"}
		if s.state.connect.enabled {
			out["connectPermission"] = "full"
		}
		c.answer(out)
	})
	s.rest("GET /settings", func(_ *Server, c *call) {
		c.answer(object{"allowEnvelopeCorrect": "true", "allowBulkSend": "true", "allowDataDownload": "true"})
	})
	s.rest("GET /custom_fields", func(_ *Server, c *call) {
		c.answer(object{"textCustomFields": []object{}, "listCustomFields": []object{}})
	})
	s.rest("GET /folders", func(s *Server, c *call) {
		folders := []object{}
		for _, name := range []string{"draft", "inbox", "sentitems", "recyclebin"} {
			folders = append(folders, object{"folderId": name, "name": name, "type": name, "itemCount": stringOf(len(s.inFolder(name)))})
		}
		items, about := page(s, c, folders)
		c.answer(about.with(object{"folders": items}))
	})
	s.rest("GET /folders/{folderId}", func(s *Server, c *call) {
		list := []object{}
		for _, e := range s.inFolder(c.id("folderId")) {
			// The specification gives a folder's envelopes the form of a creation's answer.
			list = append(list, object{"envelopeId": e.id, "status": e.status(), "statusDateTime": e.obj.text("statusChangedDateTime"), "uri": "/envelopes/" + e.id})
		}
		items, about := page(s, c, list)
		c.answer(about.with(object{"envelopes": items}))
	})
	s.rest("PUT /folders/{folderId}", (*Server).moveEnvelopes)
	s.rest("GET /users", func(s *Server, c *call) {
		all := []object{}
		for _, id := range sortedKeys(s.state.users) {
			u := s.state.users[id]
			if email := c.query("email"); email == "" || strings.EqualFold(email, u.Email) {
				all = append(all, u.shown())
			}
		}
		items, about := page(s, c, all)
		c.answer(about.with(object{"users": items}))
	})
	s.rest("GET /users/{userId}", func(s *Server, c *call) {
		u := s.state.users[c.id("userId")]
		if u == nil {
			c.fail(http.StatusBadRequest, "INVALID_USERID", "Invalid UserId.")
			return
		}
		c.answer(u.shown())
	})
}

func (u *User) shown() object {
	first, last, _ := strings.Cut(u.Name, " ")
	return object{
		"userId": u.ID, "userName": u.Name, "firstName": first, "lastName": last, "email": u.Email, "userStatus": "Active",
		"isAdmin": map[bool]string{true: "True", false: "False"}[u.Admin], "createdDateTime": "2020-01-02T03:04:05.0000000Z",
	}
}

func (s *Server) inFolder(name string) []*envelope {
	var out []*envelope
	for _, id := range s.state.order {
		if e := s.state.envelopes[id]; e.folder == name {
			out = append(out, e)
		}
	}
	return out
}

func (s *Server) moveEnvelopes(c *call) {
	to, asked := c.id("folderId"), c.body.texts("envelopeIds")
	unknown := slices.ContainsFunc(asked, func(id string) bool { return s.state.envelopes[id] == nil })
	if len(asked) == 0 || unknown {
		c.fail(http.StatusBadRequest, "ENVELOPE_DOES_NOT_EXIST", "An envelope does not exist.")
		return
	}
	for _, id := range asked {
		e := s.state.envelopes[id]
		if to == "recyclebin" {
			if status := e.status(); status == "sent" || status == "delivered" {
				s.void(e, "Envelope was moved to the recycle bin.")
			}
			s.emit(e, map[bool]string{true: "envelope-discard", false: "envelope-deleted"}[e.status() == "created"], "")
		}
		e.folder = to
	}
	c.answer(object{"folders": []object{{"folderId": to, "name": to}}})
}
