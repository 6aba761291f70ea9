package digiposttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Message is a message that the server took.
type Message struct {
	ID       string
	Broker   int64
	SenderID int64
	Channel  string // "DIGIPOST", "PRINT", "EPOST", "PEPPOL" or "PENDING"
	// Recipient is what the sender named the recipient by: fødselsnummer,
	// organisation number, Digipost address, …; empty for print alone.
	Recipient string
	Batch     string
	Documents []MessageDocument
	Sent      time.Time
	// XML is the message's description as it came.
	XML []byte
}

// MessageDocument is one document of a message.
type MessageDocument struct {
	UUID, Subject, FileType string
	Content                 []byte
	// Data are the data types that came with the document and after it, as XML.
	Data []string
}

// Messages gives the messages that the server took, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.messages)
}

func (s *Server) decode(c *call, raw []byte, v any) bool {
	if s.cfg.watch != nil {
		s.cfg.watch(bytes.Clone(raw))
	}
	if xml.Unmarshal(raw, v) != nil {
		return s.fail(c, http.StatusBadRequest, "SCHEMA_VALIDATION_ERROR", "the XML is invalid", "CLIENT_TECHNICAL")
	}
	return true
}

// parts reads a multipart body: the XML of a name, then the files by theirs.
func (c *call) parts(description string) (message []byte, files map[string][]byte, ok bool) {
	media, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/vnd.digipost-v8+xml" {
		return nil, nil, false
	}
	files = map[string][]byte{}
	r := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return message, files, message != nil
		}
		if err != nil {
			return nil, nil, false
		}
		disposition, names, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
		content, readErr := io.ReadAll(p)
		if err != nil || readErr != nil || disposition != "attachment" || names["filename"] == "" {
			return nil, nil, false
		}
		if names["filename"] == description {
			message = content
		} else {
			files[names["filename"]] = content
		}
	}
}

func (s *Server) send(c *call) {
	raw, files, ok := c.parts("message")
	if !ok {
		s.fail(c, http.StatusBadRequest, "MISSING_BODYPART_CONTENT_DISPOSITION", "the parts can't be read", "CLIENT_TECHNICAL")
		return
	}
	var m wireMessage
	if !s.decode(c, raw, &m) {
		return
	}
	sender, ok := s.senderOf(c, m.SenderID, m.Organisation)
	if !ok || !s.acts(c, sender) {
		return
	}
	docs := append([]wireDocument{m.Primary}, m.Attachments...)
	out := Message{ID: m.ID, Broker: c.broker, SenderID: sender, Channel: "DIGIPOST", Recipient: m.Recipient.id(), Batch: m.Batch, Sent: s.cfg.clock.Now(), XML: raw}
	for _, d := range docs {
		content, there := files[d.UUID]
		if !there || len(files) != len(docs) {
			s.fail(c, http.StatusBadRequest, "DOCUMENTS_AND_FILES_MISMATCH", "documents and files don't match", "CLIENT_TECHNICAL")
			return
		}
		doc := MessageDocument{UUID: d.UUID, Subject: d.Subject, FileType: d.FileType, Content: content}
		if d.Data.XML != "" {
			doc.Data = []string{d.Data.XML}
		}
		out.Documents = append(out.Documents, doc)
	}
	if !s.fresh(c, m) || !s.joins(c, m.Batch) || !s.reaches(c, m, &out) {
		return
	}
	s.keep(out)
	s.answer(c, http.StatusCreated, s.delivery(out))
}

// senderOf is whom a broker acts for: the sender-id, the organisation, or itself.
func (s *Server) senderOf(c *call, id int64, organisation string) (int64, bool) {
	switch {
	case organisation != "":
		a, found := s.accountOf(organisation)
		if !found {
			return 0, s.fail(c, http.StatusBadRequest, "UNKNOWN_SENDER", "no such sender", "CLIENT_DATA")
		}
		return a.SenderID, true
	case id != 0:
		return id, true
	}
	return c.broker, true
}

// fresh refuses a message-id that was used before.
func (s *Server) fresh(c *call, m wireMessage) bool {
	if m.ID != "" && slices.ContainsFunc(s.state.messages, func(old Message) bool { return old.ID == m.ID && old.Broker == c.broker }) {
		return s.fail(c, http.StatusBadRequest, "DUPLICATE_MESSAGE", "the message-id was used before", "CLIENT_DATA")
	}
	return true
}

// reaches finds the channel of a message.
func (s *Server) reaches(c *call, m wireMessage, out *Message) bool {
	switch {
	case len(m.Recipient.Emails) > 0:
		out.Channel = "EPOST"
	case m.Recipient.Peppol != "":
		out.Channel = "PEPPOL"
	case out.Recipient != "" && s.state.users[out.Recipient]:
	case m.Registration != nil:
		out.Channel = "PENDING"
	case m.Recipient.Print != nil:
		out.Channel = "PRINT"
	default:
		return s.fail(c, http.StatusNotFound, "UNKNOWN_RECIPIENT", "the recipient does not have Digipost", "CLIENT_DATA")
	}
	return true
}

func (s *Server) keep(m Message) {
	s.state.messages = append(s.state.messages, m)
	if b := s.state.batches[m.Batch]; b != nil {
		b.status = "NOT_COMMITTED"
		if m.Channel == "PRINT" {
			b.print++
		} else {
			b.digipost++
		}
	}
}

const stamp = "2006-01-02T15:04:05.000-07:00"

func (s *Server) delivery(m Message) wireDelivery {
	d := wireDelivery{ID: m.ID, Method: m.Channel, SenderID: m.SenderID, Status: "DELIVERED", Delivered: m.Sent.Format(stamp)}
	switch m.Channel {
	case "PRINT":
		d.Status = "DELIVERED_TO_PRINT"
	case "PENDING":
		d.Status, d.Delivered = "COMPLETE", ""
	}
	for i, doc := range m.Documents {
		w := wireDelivered{
			UUID: doc.UUID, Subject: doc.Subject, FileType: doc.FileType, Hash: hashOf(doc.Content),
			Links: []wireLink{link(s.web.URL, "add_data", "/add-data-example/"+text(m.SenderID)+"/"+doc.UUID)},
		}
		if i == 0 {
			d.Primary = w
		} else {
			d.Attachments = append(d.Attachments, w)
		}
	}
	return d
}

func hashOf(content []byte) wireHash {
	sum := sha256.Sum256(content)
	return wireHash{"SHA256", base64.StdEncoding.EncodeToString(sum[:])}
}

// sent finds a document that the broker sent for a sender.
func (s *Server) sent(c *call, sender int64, uuid string) (*Message, *MessageDocument) {
	for i := range s.state.messages {
		m := &s.state.messages[i]
		for j := range m.Documents {
			if m.SenderID == sender && m.Broker == c.broker && m.Documents[j].UUID == uuid {
				return m, &m.Documents[j]
			}
		}
	}
	s.fail(c, http.StatusNotFound, "DOCUMENT_NOT_FOUND", "no such document", "CLIENT_TECHNICAL")
	return nil, nil
}

func (s *Server) status(c *call) {
	m, d := s.sent(c, c.sender(), c.values["uuid"])
	if m == nil {
		return
	}
	at := m.Sent.Format(stamp)
	out := wireStatus{
		UUID: d.UUID, SenderID: m.SenderID, Status: "DELIVERED", Created: at, Delivered: at, Channel: m.Channel, Primary: d == &m.Documents[0],
		Hash: hashOf(d.Content).Value, Algorithm: "SHA256",
	}
	if m.Channel == "PENDING" {
		out.Status, out.Delivered = "NOT_DELIVERED", ""
	}
	s.answer(c, http.StatusOK, out)
}

type wireAdded struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 additional-data"`
	Data    wireData `xml:"data-type"`
}

func (s *Server) addData(c *call) {
	var m wireAdded
	if !s.decode(c, c.body, &m) {
		return
	}
	if _, d := s.sent(c, c.sender(), c.values["uuid"]); d != nil {
		d.Data = append(d.Data, m.Data.XML)
		s.answer(c, http.StatusOK, nil)
	}
}

// Event is something that happened to a document.
type Event struct {
	Broker   int64
	SenderID int64 // 0: of no sender in particular
	UUID     string
	Type     string // "OPENED", …
	Created  time.Time
	// Metadata is the schema's name of what is known beyond the type, such as
	// "failed-print-metadata", and Details are its attributes. Empty: nothing.
	Metadata string
	Details  map[string]string
}

// AddEvents adds events.
func (s *Server) AddEvents(events ...Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.events = append(s.state.events, events...)
}

func (s *Server) events(c *call) {
	q := c.r.URL.Query()
	from, err := time.Parse(time.RFC3339, q.Get("from"))
	to, err2 := time.Parse(time.RFC3339, q.Get("to"))
	offset, err3 := strconv.Atoi(q.Get("offset"))
	limit, err4 := strconv.Atoi(q.Get("maxResults"))
	if err != nil || err2 != nil || err3 != nil || err4 != nil {
		s.fail(c, http.StatusBadRequest, "INVALID_QUERY_PARAMETER", "a parameter is missing or can't be read", "CLIENT_TECHNICAL")
		return
	}
	var out wireEvents
	for _, e := range s.state.events {
		if e.Broker != c.broker || e.Created.Before(from) || !e.Created.Before(to) || !s.concerns(e, q) {
			continue
		}
		if offset--; offset < 0 && len(out.Events) < limit {
			out.Events = append(out.Events, e.wire())
		}
	}
	s.answer(c, http.StatusOK, out)
}

// concerns reports whether an event is of the sender that a query asks for.
func (s *Server) concerns(e Event, q url.Values) bool {
	if q.Get("sender") != "" {
		return q.Get("sender") == text(e.SenderID)
	}
	return q.Get("org") == "" || s.state.accounts[e.SenderID].Organisation == q.Get("org")
}

func (e Event) wire() wireEvent {
	w := wireEvent{UUID: e.UUID, Type: e.Type, Created: e.Created.Format(stamp), DocumentCreated: e.Created.Format(stamp)}
	if e.Metadata != "" {
		w.Metadata = &wireMetadata{Type: e.Metadata}
		for _, name := range slices.Sorted(maps.Keys(e.Details)) {
			w.Metadata.Details = append(w.Metadata.Details, xml.Attr{Name: xml.Name{Local: name}, Value: e.Details[name]})
		}
	}
	return w
}
