package docusigntest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/countersigntest"
)

// message is a Connect message on its way. Its body is made when it is queued;
// retryCount alone changes.
type message struct {
	config   string // connectId; empty: an envelope's own webhook
	url      string
	envelope string
	event    string
	body     object
	ack      bool // repeat until it is acknowledged
	sim      bool
	log      bool
	signed   bool
	tries    int
	failure  string // id in the log of failures
}

// emit queues what an event makes: for the account's configurations and for the
// envelope's own webhooks.
func (s *Server) emit(e *envelope, event, recipientID string) {
	if s.state.connect.enabled {
		for _, id := range sortedKeys(s.state.connect.configurations) {
			config := s.state.connect.configurations[id]
			if config.yes("allowEnvelopePublish") && covers(config, e.obj.object("sender").text("userId")) && wants(config, event) {
				s.queueFor(config, e, event, recipientID)
			}
		}
	}
	for _, hook := range e.hooks {
		if wants(hook, event) {
			s.queueMessage(&message{
				url: hook.text("url"), envelope: e.id, event: event, ack: hook.yes("requireAcknowledgment"), sim: simMode(hook),
				log: hook.yes("loggingEnabled"), signed: hook.yes("includeHMAC"), body: s.payload(hook, e, event, recipientID, ""),
			})
		}
	}
}

func (s *Server) emitTemplate(t *template, event string) {
	if !s.state.connect.enabled {
		return
	}
	for _, id := range sortedKeys(s.state.connect.configurations) {
		config := s.state.connect.configurations[id]
		if config.yes("allowEnvelopePublish") && wants(config, event) {
			body := s.head(event, "/templates/"+t.id, id)
			body["data"] = object{"accountId": s.state.account.ID, "templateId": t.id}
			s.queueMessage(s.addressed(config, "", event, body))
		}
	}
}

func (s *Server) queueFor(config object, e *envelope, event, recipientID string) {
	id := config.text("connectId")
	s.queueMessage(s.addressed(config, e.id, event, s.payload(config, e, event, recipientID, id)))
}

func (s *Server) addressed(config object, envelope, event string, body object) *message {
	return &message{
		config: config.text("connectId"), url: config.text("urlToPublishTo"), envelope: envelope, event: event, body: body,
		ack: config.yes("requiresAcknowledgement"), sim: simMode(config), log: config.yes("enableLog"), signed: config.yes("includeHMAC"),
	}
}

func (s *Server) queueMessage(m *message) { s.state.connect.queue = append(s.state.connect.queue, m) }

func simMode(config object) bool { return strings.EqualFold(config.text("deliveryMode"), "SIM") }

func jsonForm(config object) bool {
	data := config.object("eventData")
	return strings.EqualFold(data.text("version"), "restv2.1") && strings.EqualFold(data.text("format"), "json")
}

// wants reports whether a configuration reports an event. Only the JSON form is
// simulated: a configuration that would get legacy XML gets nothing.
func wants(config object, event string) bool {
	return jsonForm(config) && slices.Contains(config.texts("events"), event)
}

func (s *Server) head(event, uri, config string) object {
	out := object{
		"event": event, "apiVersion": "v2.1", "uri": "/restapi/v2.1/accounts/" + s.state.account.ID + uri,
		"retryCount": 0, "generatedDateTime": stamp(s.now()),
	}
	if config != "" {
		out["configurationId"] = numberOf(config)
	}
	return out
}

// payload is the body of a message: the SIM form, or in aggregate mode the
// envelope itself.
func (s *Server) payload(config object, e *envelope, event, recipientID, id string) object {
	include := config.object("eventData").texts("includeData")
	summary := e.shown(strings.Join(include, ","))
	if slices.Contains(include, "documents") {
		docs := summary.list("envelopeDocuments")
		for i, d := range e.documents {
			docs[i]["PDFBytes"] = base64.StdEncoding.EncodeToString(d.content)
		}
		summary["envelopeDocuments"] = docs
	}
	if !simMode(config) {
		return copyOf(summary)
	}
	data := object{"accountId": s.state.account.ID, "userId": e.obj.object("sender").text("userId"), "envelopeId": e.id}
	if recipientID != "" {
		data["recipientId"] = recipientID
	}
	if len(include) > 0 {
		data["envelopeSummary"] = copyOf(summary)
	}
	out := s.head(event, "/envelopes/"+e.id, id)
	out["data"] = data
	return out
}

// Message is a Connect message as it goes over the wire.
type Message struct {
	URL    string
	Event  string
	Header http.Header
	Body   []byte
}

// SignConnect gives the headers of a Connect message: a signature of the body
// with each key, base64(HMAC-SHA256(body, key)), where the key is the bytes of
// its text.
func SignConnect(body []byte, accountID string, keys ...string) http.Header {
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"Docusign"}}
	h.Set("X-DocuSign-AccountId", accountID)
	for i, key := range keys {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		h.Set(fmt.Sprintf("X-DocuSign-Signature-%d", i+1), base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		h.Set("X-Authorization-Digest", "HMACSHA256")
	}
	return h
}

func (s *Server) wire(m *message) Message {
	body := maps.Clone(m.body)
	if _, sim := body["retryCount"]; sim {
		body["retryCount"] = m.tries
	}
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // it came from JSON
	}
	var keys []string
	if m.signed {
		keys = s.state.connect.keys
	}
	return Message{URL: m.url, Event: m.event, Header: SignConnect(data, s.state.account.ID, keys...), Body: data}
}

// Messages gives the messages that wait, oldest first, as they would be sent
// now. They go on waiting.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Message, 0, len(s.state.connect.queue))
	for _, m := range s.state.connect.queue {
		out = append(out, s.wire(m))
	}
	return out
}

// Receive has messages to an address go to h, in this process, whatever the
// address is.
func (s *Server) Receive(url string, h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.connect.receivers == nil {
		s.state.connect.receivers = map[string]http.Handler{}
	}
	s.state.connect.receivers[url] = h
}

// Delivery says how Deliver sends. The zero value sends each message once and in
// order.
type Delivery struct {
	// Duplicate is the probability that a message that was acknowledged is sent a
	// second time.
	Duplicate float64
	// Shuffle sends in another order. The vendor promises none.
	Shuffle bool
	Seed    uint64
}

// Delivered says what became of the messages of one Deliver.
type Delivered struct {
	Sent    int // requests that were made
	Acked   int // messages that were acknowledged with 2xx
	Failed  int // messages that were not; they wait if they are to be repeated
	Waiting int // messages that wait, also behind a configuration that is down
}

// The vendor's repetition: once a day, ten times at most (eSignature REST API
// v2.1, connectCustomConfiguration.requiresAcknowledgement).
const (
	retryPause = 24 * time.Hour
	maxRetries = 10
)

// Deliver sends what waits. A message that is to be acknowledged and is not
// marks its configuration down: in SIM mode the messages behind it wait too. It
// is tried again when the clock has moved on by a day, ten times at most; on
// success all that wait behind it follow. Messages that need no acknowledgement
// are sent once.
func (s *Server) Deliver(how ...Delivery) Delivered {
	var d Delivery
	if len(how) > 0 {
		d = how[0]
	}
	s.mu.Lock()
	queue := s.state.connect.queue
	s.state.connect.queue = nil
	s.mu.Unlock()
	order := queue
	if d.Shuffle {
		order = countersigntest.Disorder(queue, d.Seed, 0)
	}
	var done Delivered
	for _, m := range order {
		s.deliver(m, &done)
	}
	for _, m := range duplicates(order, d) {
		s.mu.Lock()
		w := s.wire(m)
		s.mu.Unlock()
		s.post(w)
		done.Sent++
	}
	s.mu.Lock()
	done.Waiting = len(s.state.connect.queue)
	s.mu.Unlock()
	return done
}

// duplicates are the messages that are sent a second time.
func duplicates(order []*message, d Delivery) []*message {
	if d.Duplicate <= 0 {
		return nil
	}
	count := map[*message]int{}
	var out []*message
	for _, m := range countersigntest.Disorder(order, d.Seed, d.Duplicate) {
		if count[m]++; count[m] == 2 {
			out = append(out, m)
		}
	}
	return out
}

// deliver sends one message, or leaves it waiting behind a configuration that is
// down.
func (s *Server) deliver(m *message, done *Delivered) {
	s.mu.Lock()
	target := m.config + "\x00" + m.url
	until, down := s.state.connect.down[target]
	if down && m.ack && s.now().Before(until) {
		s.queueMessage(m)
		s.mu.Unlock()
		return
	}
	w := s.wire(m)
	s.mu.Unlock()
	status, problem := s.post(w)
	done.Sent++
	s.mu.Lock()
	defer s.mu.Unlock()
	if status >= 200 && status < 300 {
		delete(s.state.connect.down, target)
		s.logDelivery(m, "", status)
		done.Acked++
		return
	}
	done.Failed++
	if problem == "" {
		problem = fmt.Sprintf("The remote server returned an error: (%d)", status)
	}
	s.logDelivery(m, problem, status)
	if m.ack && m.tries < maxRetries {
		m.tries++
		if m.sim {
			s.state.connect.down[target] = s.now().Add(retryPause)
		}
		s.queueMessage(m)
	}
}

func (s *Server) post(w Message) (status int, problem string) {
	s.mu.Lock()
	h := s.state.connect.receivers[w.URL]
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.URL, bytes.NewReader(w.Body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header = w.Header.Clone()
	if h != nil {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		return rec.Code, ""
	}
	resp, err := s.cfg.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode, ""
}

// logDelivery keeps the newest hundred entries.
func (s *Server) logDelivery(m *message, problem string, status int) {
	if !m.log {
		return
	}
	entry := object{
		"accountId": s.state.account.ID, "connectId": m.config, "configUrl": m.url, "envelopeId": m.envelope,
		"created": stamp(s.now()), "lastTry": stamp(s.now()), "retryCount": stringOf(m.tries), "status": "success",
		"logId": s.ids.guid("log"), "subject": m.event,
		"connectDebugLog": []object{{"connectConfig": m.config, "eventDateTime": stamp(s.now()), "eventDescription": fmt.Sprintf("answer %d", status), "payload": ""}},
	}
	if problem != "" {
		if m.failure == "" {
			m.failure = s.ids.guid("failure")
		} else {
			s.state.connect.logs = slices.DeleteFunc(s.state.connect.logs, func(l object) bool { return l.text("failureId") == m.failure })
		}
		entry["status"], entry["error"], entry["failureId"] = "failed", problem, m.failure
		entry["failureUri"] = "/connect/failures/" + m.failure
	}
	s.state.connect.logs = append(s.state.connect.logs, entry)
	if n := len(s.state.connect.logs); n > 100 {
		s.state.connect.logs = s.state.connect.logs[n-100:]
	}
}
