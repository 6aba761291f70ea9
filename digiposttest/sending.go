package digiposttest

import (
	"bytes"
	"encoding/xml"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Message is a message that the server took.
type Message struct {
	ID       string
	Broker   int64
	SenderID int64
	Channel  string // "DIGIPOST" or "PRINT"
	// Recipient is what the sender named the recipient by: fødselsnummer,
	// organisation number or Digipost address; empty for print alone.
	Recipient string
	Batch     string
	Documents []MessageDocument
	Sent      time.Time
}

// MessageDocument is one document of a message.
type MessageDocument struct {
	UUID, Subject, FileType string
	Content                 []byte
}

// Messages gives the messages that the server took, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.messages)
}

// AddUser adds a recipient with Digipost, known by fødselsnummer, organisation
// number or Digipost address.
func (s *Server) AddUser(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.state.users[id] = true
	}
}

func (s *Server) entryPoint(c *call) {
	base := s.web.URL
	s.answer(c, http.StatusOK, wireEntryPoint{Certificate: s.certificate, Links: []wireLink{
		link(base, "create_message", "/messages"), link(base, "identify_recipient", "/identification"),
		link(base, "get_sender_information", "/sender-information-example"), link(base, "document_events", "/documents/events"),
		link(base, "search", "/search-example"), link(base, "create_batch", "/batch-example"), link(base, "get_archives", "/archives-example"),
	}})
}

func (s *Server) senderInformation(c *call) {
	none := wireSender{Status: "NO_INFO_AVAILABLE"}
	var a Account
	var found bool
	if org := c.r.URL.Query().Get("org_id"); org != "" {
		if s.cfg.noOrgLookup {
			s.fail(c, http.StatusForbidden, "ILLEGAL_ACCESS", "not allowed", "CLIENT_TECHNICAL")
			return
		}
		a, found = s.accountOf(org)
	} else {
		id, _ := strconv.ParseInt(c.r.URL.Path[strings.LastIndexByte(c.r.URL.Path, '/')+1:], 10, 64)
		a, found = s.state.accounts[id]
	}
	if !found || !slices.Contains(a.Partners, c.broker) {
		s.answer(c, http.StatusOK, none)
		return
	}
	s.answer(c, http.StatusOK, wireSender{SenderID: a.SenderID, Status: "VALID_SENDER", Features: &wireFeatures{a.Features}})
}

func (w wireWho) id() string {
	return w.PersonalID + w.Organisation + w.Address + w.Name + w.BankAccount
}

func (s *Server) identify(c *call) {
	var m struct {
		XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 identification"`
		wireWho
	}
	if !s.decode(c, c.body, &m) {
		return
	}
	switch {
	case s.state.users[m.id()]:
		out := wireIdentified{Result: "DIGIPOST", Address: m.Address}
		if out.Address == "" && m.PersonalID == "" {
			out.Address = "funnet#1234"
		}
		s.answer(c, http.StatusOK, out)
	case m.PersonalID != "" && len(m.PersonalID) != 11:
		s.answer(c, http.StatusOK, wireIdentified{Result: "INVALID", Invalid: "INVALID_PERSONAL_IDENTIFICATION_NUMBER"})
	default:
		s.answer(c, http.StatusOK, wireIdentified{Result: "UNIDENTIFIED", Reason: "NOT_FOUND"})
	}
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

// parts reads a multipart message: the XML, then the files by name.
func (c *call) parts() (message []byte, files map[string][]byte, ok bool) {
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
		if names["filename"] == "message" {
			message = content
		} else {
			files[names["filename"]] = content
		}
	}
}

func (s *Server) send(c *call) {
	raw, files, ok := c.parts()
	if !ok {
		s.fail(c, http.StatusBadRequest, "MISSING_BODYPART_CONTENT_DISPOSITION", "the parts can't be read", "CLIENT_TECHNICAL")
		return
	}
	var m wireMessage
	if !s.decode(c, raw, &m) {
		return
	}
	sender := m.SenderID
	if sender == 0 {
		sender = c.broker
	}
	docs := append([]wireDocument{m.Primary}, m.Attachments...)
	out := Message{ID: m.ID, Broker: c.broker, SenderID: sender, Channel: "DIGIPOST", Recipient: m.Recipient.id(), Batch: m.Batch, Sent: s.cfg.clock.Now()}
	for _, d := range docs {
		content, there := files[d.UUID]
		if !there || len(files) != len(docs) {
			s.fail(c, http.StatusBadRequest, "DOCUMENTS_AND_FILES_MISMATCH", "documents and files don't match", "CLIENT_TECHNICAL")
			return
		}
		out.Documents = append(out.Documents, MessageDocument{d.UUID, d.Subject, d.FileType, content})
	}
	if !s.acts(c, sender) || !s.fresh(c, m) || !s.reaches(c, m, &out) {
		return
	}
	s.keep(out)
	s.answer(c, http.StatusCreated, s.delivery(m, out))
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
	if out.Recipient != "" && s.state.users[out.Recipient] {
		return true
	}
	if m.Recipient.Print == nil {
		return s.fail(c, http.StatusNotFound, "UNKNOWN_RECIPIENT", "the recipient does not have Digipost", "CLIENT_DATA")
	}
	out.Channel = "PRINT"
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

func (s *Server) delivery(m wireMessage, out Message) wireDelivery {
	d := wireDelivery{
		ID: m.ID, Method: out.Channel, SenderID: out.SenderID, Status: "DELIVERED", Delivered: out.Sent.Format(stamp),
		Primary: m.Primary, Attachments: m.Attachments,
	}
	if out.Channel == "PRINT" {
		d.Status = "DELIVERED_TO_PRINT"
	}
	return d
}

func (s *Server) status(c *call) {
	p := strings.Split(c.r.URL.Path, "/")
	sender, _ := strconv.ParseInt(p[2], 10, 64)
	for _, m := range s.state.messages {
		for i, d := range m.Documents {
			if m.SenderID == sender && m.Broker == c.broker && d.UUID == p[3] {
				at := m.Sent.Format(stamp)
				s.answer(c, http.StatusOK, wireStatus{UUID: d.UUID, SenderID: sender, Status: "DELIVERED", Created: at, Delivered: at, Channel: m.Channel, Primary: i == 0})
				return
			}
		}
	}
	s.fail(c, http.StatusNotFound, "DOCUMENT_NOT_FOUND", "no such document", "CLIENT_TECHNICAL")
}

// Event is something that happened to a document.
type Event struct {
	Broker  int64
	UUID    string
	Type    string // "OPENED", …
	Created time.Time
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
		if e.Broker != c.broker || e.Created.Before(from) || !e.Created.Before(to) {
			continue
		}
		if offset--; offset < 0 && len(out.Events) < limit {
			out.Events = append(out.Events, wireEvent{e.UUID, e.Type, e.Created.Format(stamp), e.Created.Format(stamp)})
		}
	}
	s.answer(c, http.StatusOK, out)
}

func (s *Server) search(c *call) {
	term := strings.ToLower(c.r.URL.Path[strings.LastIndexByte(c.r.URL.Path, '/')+1:])
	var out wireRecipients
	for _, id := range slices.Sorted(maps.Keys(s.state.accounts)) {
		if a := s.state.accounts[id]; strings.Contains(strings.ToLower(a.Address+" "+a.Organisation), term) && len(out.Recipient) < 10 {
			out.Recipient = append(out.Recipient, wireRecipient{Address: a.Address, Organisation: a.Organisation})
		}
	}
	s.answer(c, http.StatusOK, out)
}
