package digiposttest

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// InboxDocument is mail that an account got.
type InboxDocument struct {
	ID          int64 // 0: given by the server
	Reference   string
	Subject     string
	Sender      string
	ContentType string
	Content     []byte
	Attachments []InboxDocument
	accessed    time.Time
	delivered   time.Time
}

// AddInbox puts mail into an account's inbox and gives it with its ids.
func (s *Server) AddInbox(senderID int64, d InboxDocument) InboxDocument {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.Attachments = slices.Clone(d.Attachments)
	s.arrive(&d)
	for i := range d.Attachments {
		s.arrive(&d.Attachments[i])
	}
	kept := d
	s.state.inbox[senderID] = append([]*InboxDocument{&kept}, s.state.inbox[senderID]...)
	return d
}

func (s *Server) arrive(d *InboxDocument) {
	if d.ID == 0 {
		s.state.nextMail++
		d.ID = s.state.nextMail
	}
	d.delivered = s.cfg.clock.Now()
}

// contentPath stands for the host of files, where an address is good once.
const contentPath = "/one-time-content/"

type oneTime struct {
	contentType string
	content     []byte
	until       time.Time
}

// oneTimeAddress gives an address of a file that is good once, for 30 seconds.
func (s *Server) oneTimeAddress(contentType string, content []byte) string {
	key := rand.Text()
	s.state.content[key] = oneTime{contentType, content, s.cfg.clock.Now().Add(30 * time.Second)}
	return s.files.URL + contentPath + key
}

func (s *Server) inbox(c *call) {
	if !s.acts(c, c.sender()) {
		return
	}
	offset, _ := strconv.Atoi(c.r.URL.Query().Get("offset"))
	limit, err := strconv.Atoi(c.r.URL.Query().Get("limit"))
	if err != nil {
		limit = 100
	}
	if offset < 0 || limit < 0 || limit > 1000 {
		s.fail(c, http.StatusBadRequest, "INVALID_QUERY_PARAMETER", "offset or limit is out of bounds", "CLIENT_TECHNICAL")
		return
	}
	all := s.state.inbox[c.sender()]
	var out wireInbox
	for _, d := range all[min(offset, len(all)):min(offset+limit, len(all))] {
		out.Documents = append(out.Documents, s.inboxElement(c.sender(), d))
	}
	s.answer(c, http.StatusOK, out)
}

func (s *Server) inboxElement(sender int64, d *InboxDocument) wireInboxElement {
	path := "/" + text(sender) + "/inbox/" + text(d.ID)
	e := wireInboxElement{
		ID: d.ID, Reference: d.Reference, Subject: d.Subject, Sender: d.Sender, Delivered: d.delivered.Format(stamp), Level: "TWO_FACTOR", ContentType: d.ContentType,
	}
	if s.cfg.olderInbox {
		e.ContentURI, e.DeleteURI = s.web.URL+path+"/content", s.web.URL+path
	} else {
		e.Links = []wireLink{link(s.web.URL, "get_document_content", path+"/content"), link(s.web.URL, "self_delete", path)}
	}
	if !d.accessed.IsZero() {
		e.Accessed = d.accessed.Format(stamp)
	}
	for i := range d.Attachments {
		e.Attachments = append(e.Attachments, s.inboxElement(sender, &d.Attachments[i]))
	}
	return e
}

// mail finds the document of an inbox that a path names.
func (s *Server) mail(c *call) *InboxDocument {
	if !s.acts(c, c.sender()) {
		return nil
	}
	for _, d := range s.state.inbox[c.sender()] {
		if text(d.ID) == c.values["id"] {
			return d
		}
		for i := range d.Attachments {
			if text(d.Attachments[i].ID) == c.values["id"] {
				return &d.Attachments[i]
			}
		}
	}
	s.fail(c, http.StatusNotFound, "DOCUMENT_NOT_FOUND", "no such document", "CLIENT_TECHNICAL")
	return nil
}

// inboxContent leads to an address that is good once, for 30 seconds.
func (s *Server) inboxContent(c *call) {
	d := s.mail(c)
	if d == nil {
		return
	}
	d.accessed = s.cfg.clock.Now()
	c.w.Header().Set("Location", s.oneTimeAddress(d.ContentType, d.Content))
	s.answer(c, http.StatusTemporaryRedirect, nil)
}

func (s *Server) inboxDelete(c *call) {
	d := s.mail(c)
	if d == nil {
		return
	}
	sender, id := c.sender(), d.ID
	s.state.inbox[sender] = slices.DeleteFunc(s.state.inbox[sender], func(x *InboxDocument) bool { return x.ID == id })
	for _, x := range s.state.inbox[sender] {
		x.Attachments = slices.DeleteFunc(x.Attachments, func(x InboxDocument) bool { return x.ID == id })
	}
	s.answer(c, http.StatusOK, nil)
}

// serveContent is the host of files. It notes whether a request carried what it
// must not.
func (s *Server) serveContent(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Digipost") || name == "Authorization" {
			s.state.leaks++
		}
	}
	key := strings.TrimPrefix(r.URL.Path, contentPath)
	c, found := s.state.content[key]
	delete(s.state.content, key)
	if !found || !s.cfg.clock.Now().Before(c.until) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", c.contentType)
	_, _ = w.Write(c.content) // the only error is a client that went away
}

// Leaks counts the requests to the host of files that carried credentials.
func (s *Server) Leaks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.leaks
}
