package activecampaigntest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// TrackedEvent is an event that was recorded.
type TrackedEvent struct {
	Name, Email, Data string
	When              time.Time
}

func (s *Server) eventRoutes() {
	s.on("GET /eventTracking", (*Server).showTracking)
	s.on("PUT /eventTracking", func(s *Server, c *call) {
		s.state.tracking = c.body.object("eventTracking").text("enabled") == "true"
		s.showTracking(c)
	})
	s.on("GET /eventTrackingEvents", func(s *Server, c *call) {
		out := []object{}
		for _, name := range s.state.eventNames {
			out = append(out, object{"name": name})
		}
		c.answer(http.StatusOK, object{"eventTrackingEvents": out, "meta": object{"total": len(out)}})
	})
	s.on("POST /eventTrackingEvents", func(s *Server, c *call) {
		name := c.body.object("eventTrackingEvent").text("name")
		if name == "" {
			c.answer(http.StatusBadRequest, object{})
			return
		}
		if !slices.Contains(s.state.eventNames, name) {
			s.state.eventNames = append(s.state.eventNames, name)
		}
		c.answer(http.StatusCreated, object{"eventTrackingEvent": object{"name": name}})
	})
	s.on("DELETE /eventTrackingEvents/{eventName}", func(s *Server, c *call) {
		name := c.vars["eventName"]
		if !slices.Contains(s.state.eventNames, name) {
			c.answer(http.StatusBadRequest, object{})
			return
		}
		s.state.eventNames = slices.DeleteFunc(s.state.eventNames, func(n string) bool { return n == name })
		c.answer(http.StatusOK, object{})
	})
}

func (s *Server) showTracking(c *call) {
	c.answer(http.StatusOK, object{"eventTracking": object{"enabled": s.state.tracking}})
}

// track is the other host's call. It answers 200 whatever happens.
func (s *Server) track(c *call) {
	account, key := s.Tracking()
	if c.r.Method != http.MethodPost || !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || c.r.ParseForm() != nil {
		s.tracked(c, "the request is not form-encoded")
		return
	}
	form := c.r.PostForm
	email := visitor(form)
	switch {
	case form.Get("actid") != account || form.Get("key") != key:
		s.tracked(c, "You are not authorized to track events.")
	case !s.state.tracking:
		s.tracked(c, "Event tracking is disabled.")
	case !slices.Contains(s.state.eventNames, form.Get("event")):
		s.tracked(c, "The event is not registered.")
	case !plausible(email):
		s.tracked(c, "The visit has no email.")
	default:
		if s.state.byEmail[emailKey(email)] == nil {
			s.state.add(email, s.now())
		}
		s.state.events = append(s.state.events, TrackedEvent{form.Get("event"), email, form.Get("eventdata"), s.now()})
		s.tracked(c, "")
	}
}

func visitor(form url.Values) string {
	var visit struct {
		Email string `json:"email"`
	}
	if json.Unmarshal([]byte(form.Get("visit")), &visit) != nil {
		return ""
	}
	return visit.Email
}

func (s *Server) tracked(c *call, problem string) {
	if s.cfg.digits {
		c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = c.w.Write([]byte(bit(problem == "")))
		return
	}
	if problem == "" {
		c.answer(http.StatusOK, object{"success": 1, "message": "Event spawned"})
		return
	}
	c.answer(http.StatusOK, object{"success": 0, "message": problem})
}
