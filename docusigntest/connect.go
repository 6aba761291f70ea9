package docusigntest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// connect is the account's Connect: configurations, keys and messages.
type connect struct {
	enabled        bool
	configurations map[string]object
	keys           []string
	receivers      map[string]http.Handler
	queue          []*message
	down           map[string]time.Time // configurations that are marked down, and when they are tried again
	logs           []object
}

// maxConfigurations of an account (DocuSign, "API rules and limits").
const maxConfigurations = 20

// SetConnectKeys sets the account's HMAC keys, in the order of the signature
// headers. None leaves messages unsigned.
func (s *Server) SetConnectKeys(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.connect.keys = slices.Clone(keys)
}

func (s *Server) connectRoutes() {
	s.admin("GET /connect", func(s *Server, c *call) { c.answer(s.configurations("")) })
	s.admin("POST /connect", func(s *Server, c *call) {
		if len(s.state.connect.configurations) >= maxConfigurations {
			c.fail(http.StatusBadRequest, "CONNECT_CONFIGURATION_LIMIT_EXCEEDED", "The account has 20 configurations.")
			return
		}
		id := stringOf(s.ids.number("connect", 10_055_000))
		s.keep(c, id, http.StatusCreated)
	})
	s.admin("PUT /connect", func(s *Server, c *call) {
		id := c.body.text("connectId")
		if s.state.connect.configurations[id] == nil {
			c.fail(http.StatusBadRequest, "INVALID_CONNECT_CONFIGURATION", "The configuration does not exist.")
			return
		}
		s.keep(c, id, http.StatusOK)
	})
	s.configuration("GET /connect/{connectId}", func(c *call, id string) { c.answer(s.configurations(id)) })
	s.configuration("DELETE /connect/{connectId}", func(c *call, id string) {
		delete(s.state.connect.configurations, id)
		s.state.connect.queue = slices.DeleteFunc(s.state.connect.queue, func(m *message) bool { return m.config == id })
		c.nothing()
	})
	s.configuration("GET /connect/{connectId}/users", func(c *call, id string) {
		users := []object{}
		for _, key := range sortedKeys(s.state.users) {
			if u := s.state.users[key]; covers(s.state.connect.configurations[id], u.ID) {
				users = append(users, object{"userId": u.ID, "userName": u.Name, "email": u.Email})
			}
		}
		items, about := page(s, c, users)
		c.answer(about.with(object{"users": items, "allUsersSelected": s.state.connect.configurations[id].text("allUsers")}))
	})
	s.connectLogRoutes()
}

func (s *Server) connectLogRoutes() {
	s.admin("GET /connect/failures", func(s *Server, c *call) {
		list := s.logged(c, true)
		c.answer(object{"failures": list, "logs": []object{}, "totalRecords": stringOf(len(list)), "type": "AccountFailures"})
	})
	s.admin("DELETE /connect/failures/{failureId}", func(s *Server, c *call) { s.dropFailure(c) })
	s.admin("GET /connect/logs", func(s *Server, c *call) {
		list := s.logged(c, false)
		c.answer(object{"logs": list, "failures": []object{}, "totalRecords": stringOf(len(list)), "type": "AccountLogs"})
	})
	s.admin("DELETE /connect/logs", func(s *Server, c *call) {
		s.state.connect.logs = nil
		c.nothing()
	})
	s.admin("GET /connect/logs/{logId}", func(s *Server, c *call) {
		for _, l := range s.state.connect.logs {
			if l.text("logId") == c.id("logId") {
				c.answer(l)
				return
			}
		}
		c.fail(http.StatusNotFound, "RESOURCE_NOT_FOUND", "The log entry does not exist.")
	})
	s.admin("DELETE /connect/logs/{logId}", func(s *Server, c *call) {
		s.state.connect.logs = slices.DeleteFunc(s.state.connect.logs, func(l object) bool { return l.text("logId") == c.id("logId") })
		c.nothing()
	})
	s.admin("PUT /connect/envelopes/retry_queue", func(s *Server, c *call) {
		if c.body.yes("synchronous") {
			c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "synchronous has to be false.")
			return
		}
		s.republish(c, c.body.texts("envelopeIds"))
	})
	s.admin("PUT /connect/envelopes/{envelopeId}/retry_queue", func(s *Server, c *call) { s.republish(c, []string{c.id("envelopeId")}) })
}

// admin mounts a call that needs Connect and an administrator.
func (s *Server) admin(pattern string, f func(*Server, *call)) {
	s.rest(pattern, func(s *Server, c *call) {
		switch {
		case !s.state.connect.enabled:
			c.fail(http.StatusForbidden, "ACCOUNT_LACKS_PERMISSIONS", "This Account lacks sufficient permissions.")
		case !c.user.Admin:
			c.fail(http.StatusForbidden, "USER_LACKS_PERMISSIONS", "This User lacks sufficient permissions.")
		default:
			f(s, c)
		}
	})
}

func (s *Server) configuration(pattern string, f func(*call, string)) {
	s.admin(pattern, func(s *Server, c *call) {
		id := c.id("connectId")
		if s.state.connect.configurations[id] == nil {
			c.fail(http.StatusBadRequest, "INVALID_CONNECT_CONFIGURATION", "The configuration does not exist.")
			return
		}
		f(c, id)
	})
}

func (s *Server) configurations(id string) object {
	list := []object{}
	for _, key := range sortedKeys(s.state.connect.configurations) {
		if id == "" || id == key {
			list = append(list, s.state.connect.configurations[key])
		}
	}
	return object{"configurations": list, "totalRecords": stringOf(len(list))}
}

// keep checks and stores a configuration.
func (s *Server) keep(c *call, id string, status int) {
	b := c.body
	switch {
	case b.text("name") == "" || b.text("configurationType") == "":
		c.fail(http.StatusBadRequest, "INVALID_CONNECT_CONFIGURATION", "A name and a type are needed.")
		return
	case !strings.HasPrefix(b.text("urlToPublishTo"), "https://"):
		c.fail(http.StatusBadRequest, "INVALID_CONNECT_CONFIGURATION", "The URL to publish to has to be https.")
		return
	case b.text("allUsers") == "false" && len(b.texts("userIds")) == 0:
		c.fail(http.StatusBadRequest, "INVALID_CONNECT_CONFIGURATION", "Users are needed.")
		return
	}
	next := s.state.connect.configurations[id]
	if next == nil {
		next = object{"allowEnvelopePublish": "false", "eventData": object{"version": "legacy", "format": "xml"}}
	}
	next = next.with(copyOf(b))
	next["connectId"] = id
	delete(next, "password")
	s.state.connect.configurations[id] = next
	c.answerWith(status, next)
}

// covers reports whether a configuration reports the envelopes of a user.
func covers(config object, user string) bool {
	listed := slices.Contains(config.texts("userIds"), user)
	if config.yes("allUsersExcept") {
		return !listed
	}
	return config.yes("allUsers") || listed
}

func (s *Server) logged(c *call, failures bool) []object {
	from, to, ok := s.bounds(c)
	out := []object{}
	if !ok {
		return out
	}
	for _, l := range s.state.connect.logs {
		at, _ := time.Parse(time.RFC3339Nano, l.text("created"))
		if failures == (l.text("failureId") != "") && !at.Before(from) && !at.After(to) {
			out = append(out, pick(l, "accountId", "configUrl", "connectId", "created", "envelopeId", "error", "failureId", "failureUri", "lastTry", "logId", "logUri", "retryCount", "retryUri", "status", "subject"))
		}
	}
	return out
}

func (s *Server) dropFailure(c *call) {
	id, before := c.id("failureId"), len(s.state.connect.logs)
	gone := map[string]bool{}
	s.state.connect.logs = slices.DeleteFunc(s.state.connect.logs, func(l object) bool {
		hit := l.text("failureId") != "" && (id == "all" || l.text("failureId") == id)
		if hit {
			gone[l.text("failureId")] = true
		}
		return hit
	})
	if before == len(s.state.connect.logs) && id != "all" {
		c.fail(http.StatusNotFound, "RESOURCE_NOT_FOUND", "The failure does not exist.")
		return
	}
	s.state.connect.queue = slices.DeleteFunc(s.state.connect.queue, func(m *message) bool { return gone[m.failure] })
	c.answer(object{})
}

// republish queues the messages of envelopes as they would be made now.
func (s *Server) republish(c *call, asked []string) {
	out := []object{}
	for _, id := range asked {
		e := s.state.envelopes[id]
		if e == nil {
			c.fail(http.StatusNotFound, "ENVELOPE_DOES_NOT_EXIST", "The envelope does not exist.")
			return
		}
		for _, key := range sortedKeys(s.state.connect.configurations) {
			config := s.state.connect.configurations[key]
			s.queueFor(config, e, "envelope-"+cmp.Or(e.status(), "sent"), "")
			delete(s.state.connect.down, key+"\x00"+config.text("urlToPublishTo"))
			out = append(out, object{"configId": key, "configUrl": config.text("urlToPublishTo"), "envelopeId": id, "status": "queued"})
		}
	}
	c.answer(object{"retryQueue": out})
}

func numberOf(id string) any {
	if n, err := strconv.Atoi(id); err == nil {
		return n
	}
	return id
}
