package cloudsigntest

import (
	"mime"
	"net/http"
	"strings"
	"time"
)

// The life of a token, and the length of a block after too many requests.
const (
	tokenLife = time.Hour
	block     = time.Minute
)

// token is an access token with its share of the rate limit.
type token struct {
	value        string
	userID       string
	expires      time.Time
	windowEnds   time.Time
	inWindow     int
	blockedUntil time.Time
}

// spend counts one request and gives how long the token is blocked: 0 when the
// request may go on.
func (t *token) spend(now time.Time, limit int) time.Duration {
	if limit <= 0 {
		return 0
	}
	if now.Before(t.blockedUntil) {
		return t.blockedUntil.Sub(now)
	}
	if !now.Before(t.windowEnds) {
		t.windowEnds, t.inWindow = now.Add(time.Minute), 0
	}
	if t.inWindow++; t.inWindow <= limit {
		return 0
	}
	t.blockedUntil = now.Add(block)
	t.windowEnds = t.blockedUntil
	return block
}

// token follows POST /token: the same token until it expires, with what is
// left of its life.
func (s *Server) token(c *call) {
	if c.r.Method != http.MethodPost {
		c.fail(http.StatusNotImplemented, "not_simulated", "GET /token is deprecated: use POST")
		return
	}
	clientID, ok := formClientID(c.r)
	if !ok {
		c.fail(http.StatusBadRequest, "invalid_request", "client_id is required")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.state.userByClientID(clientID)
	switch {
	case u == nil:
		c.fail(http.StatusBadRequest, "invalid_client", "client_id is invalid")
		return
	case u.Disabled || u.removed:
		c.fail(http.StatusForbidden, "forbidden", "the user of this client_id is not valid")
		return
	case !addressAllowed(s.state.teams[u.TeamID], c.r):
		c.fail(http.StatusForbidden, "forbidden", "access from this IP address is not allowed")
		return
	}
	now := s.cfg.clock.Now()
	t := s.state.tokenFor(u, now)
	if s.cfg.countTokens && s.limited(c, t, now) {
		return
	}
	c.answer(wireToken{t.value, int64(t.expires.Sub(now) / time.Second), "Bearer"})
}

func formClientID(r *http.Request) (string, bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return "", false
	}
	r.Body = http.MaxBytesReader(nil, r.Body, 1<<20)
	if r.ParseForm() != nil {
		return "", false
	}
	id := r.PostForm.Get("client_id")
	return id, id != ""
}

// admit checks the token and everything else that any call may be refused
// for, and fills in who is calling.
func (s *Server) admit(c *call) bool {
	value, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !ok || value == "" || strings.ContainsAny(value, " \t") {
		c.fail(http.StatusBadRequest, "bad_request", "the access token is not set properly")
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.clock.Now()
	t := s.state.tokens[value]
	if t == nil || !now.Before(t.expires) {
		c.fail(http.StatusUnauthorized, "unauthorized", "the access token is invalid")
		return false
	}
	if s.limited(c, t, now) {
		return false
	}
	u := s.state.users[t.userID]
	team := s.state.teams[u.TeamID]
	origin := c.r.Header.Get("Origin")
	switch {
	case origin != "" && origin != team.AllowedOrigin:
		c.fail(http.StatusBadRequest, "bad_request", "this origin is not allowed")
	case u.Disabled || u.removed:
		c.fail(http.StatusForbidden, "forbidden", "the user of this client_id is not valid")
	case !addressAllowed(team, c.r):
		c.fail(http.StatusForbidden, "forbidden", "access from this IP address is not allowed")
	case team.NoWebAPI:
		c.fail(http.StatusForbidden, "webapi_option_required", "the Web API option is not part of the contract")
	default:
		c.user, c.team = u.User, team
		return true
	}
	return false
}

func (s *Server) limited(c *call, t *token, now time.Time) bool {
	wait := t.spend(now, s.cfg.rateLimit)
	if wait == 0 {
		return false
	}
	if s.cfg.retryAfter {
		c.w.Header().Set("Retry-After", retryAfter(wait))
	}
	return refuse(c.w, http.StatusTooManyRequests)
}
