package digiposttest

import (
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// InboxDocument is mail that an account got.
type InboxDocument struct {
	ID          int64 // 0: given by the server
	Subject     string
	Sender      string
	ContentType string
	Content     []byte
	accessed    time.Time
	delivered   time.Time
}

// AddInbox puts mail into an account's inbox.
func (s *Server) AddInbox(senderID int64, d InboxDocument) InboxDocument {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.ID == 0 {
		s.state.nextMail++
		d.ID = s.state.nextMail
	}
	d.delivered = s.cfg.clock.Now()
	s.state.inbox[senderID] = append([]*InboxDocument{&d}, s.state.inbox[senderID]...)
	return d
}

// ArchivedDocument is a document of an account's archive.
type ArchivedDocument struct {
	UUID, FileName, FileType string
	Content                  []byte
}

// AddArchived puts documents into an account's archive.
func (s *Server) AddArchived(senderID int64, docs ...ArchivedDocument) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.archived[senderID] = append(s.state.archived[senderID], docs...)
}

// contentPath stands for the host of files, where an address is good once.
const contentPath = "/one-time-content/"

type oneTime struct {
	contentType string
	content     []byte
	until       time.Time
}

func (s *Server) inbox(c *call) {
	sender := elementID(c, 1)
	if !s.acts(c, sender) {
		return
	}
	offset, _ := strconv.Atoi(c.r.URL.Query().Get("offset"))
	limit, err := strconv.Atoi(c.r.URL.Query().Get("limit"))
	if err != nil {
		limit = 100
	}
	all := s.state.inbox[sender]
	var out wireInbox
	for _, d := range all[min(offset, len(all)):min(offset+limit, len(all))] {
		base := s.web.URL + "/" + text(sender) + "/inbox/" + text(d.ID)
		e := wireInboxElement{d.ID, d.Subject, d.Sender, d.delivered.Format(stamp), "", "TWO_FACTOR", d.ContentType, base + "/content", base}
		if !d.accessed.IsZero() {
			e.Accessed = d.accessed.Format(stamp)
		}
		out.Documents = append(out.Documents, e)
	}
	s.answer(c, http.StatusOK, out)
}

// mail finds the document of an inbox that a path names.
func (s *Server) mail(c *call) (int64, *InboxDocument) {
	sender, id := elementID(c, 1), elementID(c, 3)
	if !s.acts(c, sender) {
		return 0, nil
	}
	for _, d := range s.state.inbox[sender] {
		if d.ID == id {
			return sender, d
		}
	}
	s.fail(c, http.StatusNotFound, "DOCUMENT_NOT_FOUND", "no such document", "CLIENT_TECHNICAL")
	return 0, nil
}

func elementID(c *call, n int) int64 {
	p := strings.Split(c.r.URL.Path, "/")
	id, _ := strconv.ParseInt(p[n], 10, 64)
	return id
}

// inboxContent leads to an address that is good once, for 30 seconds.
func (s *Server) inboxContent(c *call) {
	_, d := s.mail(c)
	if d == nil {
		return
	}
	d.accessed = s.cfg.clock.Now()
	key := rand.Text()
	s.state.content[key] = oneTime{d.ContentType, d.Content, s.cfg.clock.Now().Add(30 * time.Second)}
	c.w.Header().Set("Location", s.files.URL+contentPath+key)
	s.answer(c, http.StatusTemporaryRedirect, nil)
}

func (s *Server) inboxDelete(c *call) {
	sender, d := s.mail(c)
	if d == nil {
		return
	}
	s.state.inbox[sender] = slices.DeleteFunc(s.state.inbox[sender], func(x *InboxDocument) bool { return x.ID == d.ID })
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

type batch struct {
	status          string
	digipost, print int
}

func (s *Server) batchAnswer(c *call, status int, id string) {
	b := s.state.batches[id]
	if b == nil {
		s.fail(c, http.StatusNotFound, "UNKNOWN_BATCH", "no such batch", "CLIENT_DATA")
		return
	}
	path := "/batch-example/" + id
	s.answer(c, status, wireBatch{UUID: id, Status: b.status, Digipost: b.digipost, Print: b.print, Links: []wireLink{
		link(s.web.URL, "get_batch", path), link(s.web.URL, "complete_batch", path+"/complete"), link(s.web.URL, "self_delete", path),
	}})
}

func (s *Server) createBatch(c *call) {
	var m struct {
		XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 batch"`
		UUID    string   `xml:"uuid"`
	}
	if !s.decode(c, c.body, &m) {
		return
	}
	if s.state.batches[m.UUID] == nil {
		s.state.batches[m.UUID] = &batch{status: "CREATED"}
	}
	s.batchAnswer(c, http.StatusCreated, m.UUID)
}

func batchID(c *call) string { return strings.Split(c.r.URL.Path, "/")[2] }

func (s *Server) getBatch(c *call) { s.batchAnswer(c, http.StatusOK, batchID(c)) }

func (s *Server) completeBatch(c *call) {
	if b := s.state.batches[batchID(c)]; b != nil {
		b.status = "COMMITTED"
	}
	s.batchAnswer(c, http.StatusOK, batchID(c))
}

func (s *Server) cancelBatch(c *call) {
	delete(s.state.batches, batchID(c))
	s.answer(c, http.StatusOK, nil)
}

// archivePage is how many documents the server gives at a time.
const archivePage = 2

func (s *Server) archives(c *call) {
	var out wireArchives
	for id := range s.state.archived {
		if a := s.state.accounts[id]; slices.Contains(a.Partners, c.broker) {
			out.Archive = append(out.Archive, archiveBody{
				SenderID: id, Name: "default", Links: []wireLink{link(s.web.URL, "next_documents", "/archives-example/"+text(id)+"?from=0")},
			})
		}
	}
	s.answer(c, http.StatusOK, out)
}

func (s *Server) archive(c *call) {
	id := elementID(c, 2)
	if !s.acts(c, id) {
		return
	}
	from, _ := strconv.Atoi(c.r.URL.Query().Get("from"))
	docs := s.state.archived[id]
	to := min(from+archivePage, len(docs))
	out := wireArchive{archiveBody: archiveBody{SenderID: id, Name: "default"}}
	for _, d := range docs[min(from, to):to] {
		out.Documents = append(out.Documents, wireArchiveDocument{d.UUID, d.FileName, d.FileType, "application/" + d.FileType, []wireLink{
			link(s.web.URL, "get_archive_document_content_stream", "/archives-example/"+text(id)+"/"+d.UUID),
		}})
	}
	if to > from {
		out.Links = []wireLink{link(s.web.URL, "next_documents", "/archives-example/"+text(id)+"?from="+strconv.Itoa(to))}
	}
	s.answer(c, http.StatusOK, out)
}

func (s *Server) archiveContent(c *call) {
	uuid := strings.Split(c.r.URL.Path, "/")[3]
	if !s.acts(c, elementID(c, 2)) {
		return
	}
	for _, d := range s.state.archived[elementID(c, 2)] {
		if d.UUID == uuid {
			c.w.Header().Set("Content-Type", "application/"+d.FileType)
			_, _ = c.w.Write(d.Content) // the only error is a client that went away
			return
		}
	}
	s.fail(c, http.StatusNotFound, "DOCUMENT_NOT_FOUND", "no such document", "CLIENT_TECHNICAL")
}
