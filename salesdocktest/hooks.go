package salesdocktest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/countersigntest"
)

// hook is one subscription.
type hook struct {
	uuid, event, url string
	at               time.Time
}

// delivery is a webhook on its way.
type delivery struct {
	url  string
	body []byte
}

var hookEvents = []string{
	"task.created", "offer.accepted", "offer.viewed", "sale.cancelled", "sale.deleted", "lead.created", "lead.updated", "lead.deleted",
	"lead.completed", "product.updated",
}

// EnableWebhooks does what the service's support does before an account can
// subscribe.
func (a *Account) EnableWebhooks() {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	a.webhooksOn = true
}

func (s *Server) hookRoutes() {
	s.hooks("GET /webhooks/events", func(s *Server, c *call) { c.ok(hookEvents) })
	s.hooks("GET /webhooks", func(s *Server, c *call) {
		out := []any{}
		for _, h := range c.account.webhooks {
			out = append(out, h.wire())
		}
		c.ok(out)
	})
	s.hooks("POST /webhooks", func(s *Server, c *call) {
		fields := c.missing("event", "target_url")
		if e := c.body.text("event"); e != "" && !slices.Contains(hookEvents, e) {
			fields["event"] = []string{"The selected event is invalid."}
		}
		if len(fields) > 0 {
			c.invalid("Validatie mislukt.", "Validation failed.", fields)
			return
		}
		h := &hook{fmt.Sprintf("00000000-0000-4000-8000-%012d", s.next()), c.body.text("event"), c.body.text("target_url"), s.now()}
		c.account.webhooks = append(c.account.webhooks, h)
		c.created(h.wire())
	})
	s.hooks("DELETE /webhooks/{uuid}", func(s *Server, c *call) {
		before := len(c.account.webhooks)
		c.account.webhooks = slices.DeleteFunc(c.account.webhooks, func(h *hook) bool { return h.uuid == c.values["uuid"] })
		if len(c.account.webhooks) == before {
			c.notFound()
			return
		}
		c.ok(nil)
	})
}

func (s *Server) hooks(pattern string, f func(*Server, *call)) {
	s.add(accountOnly, pattern, func(s *Server, c *call) {
		if !c.account.webhooksOn {
			c.fail(http.StatusForbidden, "Webhooks zijn niet geactiveerd.", "Webhooks are not enabled.")
			return
		}
		f(s, c)
	})
}

func (h *hook) wire() object {
	return object{"uuid": h.uuid, "event": h.event, "target_url": h.url, "subscribed_at": isoStamp(h.at)}
}

// emit queues an event. The body is undocumented; this one names the event and
// the thing.
func (s *Server) emit(a *Account, event string, data object) {
	for _, h := range a.webhooks {
		if h.event == event {
			s.queue = append(s.queue, &delivery{h.url, []byte(rawJSON(object{"event": event, "data": data}))})
		}
	}
}

// Receive has webhooks to an address go to h, in this process, whatever the
// address is.
func (s *Server) Receive(url string, h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receivers[url] = h
}

// Delivery says how Deliver sends. The zero value sends each webhook once and in
// order.
type Delivery struct {
	Duplicate float64 // the probability that one is sent twice
	Shuffle   bool
	Seed      uint64
}

// Deliver sends the queued webhooks and gives how many were answered with 2xx. One
// that was not is dropped: repetitions are undocumented.
func (s *Server) Deliver(ctx context.Context, how ...Delivery) (accepted int) {
	s.mu.Lock()
	queue := s.queue
	s.queue = nil
	s.mu.Unlock()
	if len(how) > 0 && (how[0].Shuffle || how[0].Duplicate > 0) {
		queue = countersigntest.Disorder(queue, how[0].Seed, how[0].Duplicate)
	}
	for _, d := range queue {
		if s.deliver(ctx, d) {
			accepted++
		}
	}
	return accepted
}

func (s *Server) deliver(ctx context.Context, d *delivery) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(d.body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	s.mu.Lock()
	h := s.receivers[d.url]
	s.mu.Unlock()
	if h != nil {
		req.RemoteAddr = "127.0.0.1:1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Code < 300
	}
	if !strings.HasPrefix(d.url, "http") {
		return false
	}
	res, err := s.cfg.client.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode < 300
}
