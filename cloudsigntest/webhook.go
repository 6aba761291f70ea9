package cloudsigntest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"
)

// Webhook is an address that is told of documents, with the conditions that an
// administrator ticked.
type Webhook struct {
	URL       string
	Concluded bool
	Declined  bool // cancelled as well
	Bounced   bool // a mail did not arrive
}

// maxWebhooks is how many addresses a team may enter.
const maxWebhooks = 20

func checkWebhooks(t Team) {
	if len(t.Webhooks) > maxWebhooks {
		panic("cloudsigntest: a team has at most 20 webhooks")
	}
}

// notice is a webhook on its way.
type notice struct {
	url     string
	body    []byte
	due     time.Time
	attempt int
}

// Delivery is one attempt to deliver a webhook.
type Delivery struct {
	URL     string
	Body    string
	Attempt int   // from 1
	Status  int   // 0: no answer came
	Err     error // why not
}

type wireWebhook struct {
	DocumentID string `json:"documentID"`
	Status     Status `json:"status"`
	UserID     string `json:"userID"`
	Email      string `json:"email"`
	Text       string `json:"text"`
}

// notify queues the webhooks of the sender's team about a document: that it was
// concluded or declined, or that a mail to an address bounced.
func (s *Server) notify(d *Document, bounced string) {
	sender := s.state.users[d.UserID]
	if sender == nil {
		return
	}
	word, tail := "COMPLETED", ""
	wants := func(w Webhook) bool { return w.Concluded }
	switch {
	case bounced != "":
		word, tail, wants = "BOUNCED", " for "+bounced, func(w Webhook) bool { return w.Bounced }
	case d.Status == Declined:
		word, wants = "CANCELED", func(w Webhook) bool { return w.Declined }
	}
	body := wireWebhook{
		DocumentID: d.ID, Status: d.Status, UserID: sender.ID, Email: sender.Email,
		Text: word + " : " + d.Title + " sent by " + sender.Name + tail + "\n<https://www.cloudsign.jp/document/" + d.ID + "/summary>",
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic(err) // a struct of texts and numbers can be written
	}
	for _, w := range s.state.teams[sender.TeamID].Webhooks {
		if !wants(w) {
			continue
		}
		for range s.cfg.webhookCopies {
			s.state.outgoing = append(s.state.outgoing, &notice{url: w.URL, body: bytes.TrimSpace(b.Bytes()), due: s.cfg.clock.Now()})
		}
	}
}

// DeliverWebhooks sends the webhooks that are due by the server's clock, one
// after the other, and gives what came of it. Nothing is sent by itself, so that
// a test decides when it happens; one that failed is due again ten minutes
// later, see [WithWebhookRetries].
func (s *Server) DeliverWebhooks(ctx context.Context) []Delivery {
	var out []Delivery
	for _, n := range s.takeDue() {
		n.attempt++
		d := n.send(ctx)
		out = append(out, d)
		if s.cfg.webhookRetryOn(d.Status) && n.attempt <= s.cfg.webhookRetries {
			s.mu.Lock()
			n.due = s.cfg.clock.Now().Add(s.cfg.webhookWait)
			s.state.outgoing = append(s.state.outgoing, n)
			s.mu.Unlock()
		}
	}
	return out
}

func (s *Server) takeDue() []*notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.clock.Now()
	var due []*notice
	s.state.outgoing = slices.DeleteFunc(s.state.outgoing, func(n *notice) bool {
		if n.due.After(now) {
			return false
		}
		due = append(due, n)
		return true
	})
	if s.cfg.webhooksReversed {
		slices.Reverse(due)
	}
	return due
}

// send makes one attempt. Redirects are not followed; whether the service does
// is undocumented.
func (n *notice) send(ctx context.Context) Delivery {
	d := Delivery{URL: n.url, Body: string(n.body), Attempt: n.attempt}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url, bytes.NewReader(n.body))
	if err != nil {
		d.Err = err
		return d
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "CloudSignWebHook")
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		d.Err = err
		return d
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	d.Status = res.StatusCode
	return d
}
