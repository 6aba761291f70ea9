package digiposttest

import (
	"encoding/base64"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ArchivedDocument is a document of an account's archive.
type ArchivedDocument struct {
	Archive    string // its name; empty: the default one
	UUID       string
	More       []string // further UUIDs that it is found by
	FileName   string
	FileType   string
	MediaType  string // empty: made of FileType
	Reference  string
	Attributes map[string]string
	Archived   time.Time // zero: now
	Deletion   time.Time
	Content    []byte
}

// AddArchived puts documents into an account's archive.
func (s *Server) AddArchived(senderID int64, docs ...ArchivedDocument) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range docs {
		s.archiveOne(senderID, d)
	}
}

func (s *Server) archiveOne(senderID int64, d ArchivedDocument) *ArchivedDocument {
	d.Attributes = maps.Clone(d.Attributes)
	if d.Attributes == nil {
		d.Attributes = map[string]string{}
	}
	if d.Archived.IsZero() {
		d.Archived = s.cfg.clock.Now()
	}
	if d.MediaType == "" {
		d.MediaType = "application/" + d.FileType
	}
	s.state.archived[senderID] = append(s.state.archived[senderID], &d)
	return &d
}

// Archived gives an account's archived documents, oldest first.
func (s *Server) Archived(senderID int64) []ArchivedDocument {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []ArchivedDocument
	for _, d := range s.state.archived[senderID] {
		kept := *d
		kept.Attributes = maps.Clone(d.Attributes)
		out = append(out, kept)
	}
	return out
}

// archivePage is how many documents the server gives at a time.
const archivePage = 2

// The bounds of the schema.
const (
	maxArchived   = 201
	maxAttributes = 15
)

func (s *Server) archives(c *call) {
	if !s.acts(c, c.sender()) {
		return
	}
	names := map[string]bool{}
	for _, d := range s.state.archived[c.sender()] {
		names[d.Archive] = true
	}
	var out wireArchives
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out.Archive = append(out.Archive, archiveBody{SenderID: c.sender(), Name: name, Links: []wireLink{s.nextDocuments(c, name, 0)}})
	}
	s.answer(c, http.StatusOK, out)
}

func (s *Server) nextDocuments(c *call, name string, from int) wireLink {
	q := url.Values{"archive": {name}, "from": {strconv.Itoa(from)}}
	return link(s.web.URL, "next_documents", "/archives-example/"+text(c.sender())+"/documents?"+q.Encode())
}

// archive gives a page. The next link does not repeat the query: the client adds it
// again.
func (s *Server) archive(c *call) {
	matches, ok := s.archiveQuery(c)
	if !s.acts(c, c.sender()) {
		return
	}
	if !ok {
		s.fail(c, http.StatusBadRequest, "INVALID_QUERY_PARAMETER", "the query can't be read", "CLIENT_TECHNICAL")
		return
	}
	q := c.r.URL.Query()
	from, _ := strconv.Atoi(q.Get("from"))
	out := wireArchive{archiveBody: archiveBody{SenderID: c.sender(), Name: q.Get("archive")}}
	seen := 0
	for _, d := range s.state.archived[c.sender()] {
		if d.Archive != q.Get("archive") || !matches(d) {
			continue
		}
		if seen++; seen > from && len(out.Documents) < archivePage {
			out.Documents = append(out.Documents, s.archiveWire(c.sender(), d))
		}
	}
	if len(out.Documents) > 0 {
		out.Links = []wireLink{s.nextDocuments(c, q.Get("archive"), from+len(out.Documents))}
	}
	s.answer(c, http.StatusOK, out)
}

// archiveQuery reads what a query asks of documents.
func (s *Server) archiveQuery(c *call) (matches func(*ArchivedDocument) bool, ok bool) {
	q := c.r.URL.Query()
	raw, err := base64.StdEncoding.DecodeString(q.Get("attributes"))
	pairs := strings.Split(string(raw), ",")
	from, err2 := s.archiveDate(q.Get("fromDate"))
	to, err3 := s.archiveDate(q.Get("toDate"))
	if err != nil || err2 != nil || err3 != nil || len(raw) > 0 && len(pairs)%2 != 0 {
		return nil, false
	}
	return func(d *ArchivedDocument) bool {
		for i := 0; len(raw) > 0 && i < len(pairs); i += 2 {
			if d.Attributes[pairs[i]] != pairs[i+1] {
				return false
			}
		}
		return (from.IsZero() || !d.Archived.Before(from)) && (to.IsZero() || !d.Archived.After(to))
	}, true
}

func (s *Server) archiveDate(value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if !s.cfg.plainDates {
		raw, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return time.Time{}, err
		}
		value = string(raw)
	}
	return time.Parse(time.RFC3339, value)
}

func (s *Server) archiveWire(sender int64, d *ArchivedDocument) wireArchiveDocument {
	path := "/archives-example/" + text(sender) + "/uuid/" + d.UUID
	hash := hashOf(d.Content)
	w := wireArchiveDocument{
		UUID: d.UUID, FileName: d.FileName, FileType: d.FileType, Reference: d.Reference, ContentType: d.MediaType, Hash: &hash, Archived: d.Archived.Format(stamp),
	}
	for _, key := range slices.Sorted(maps.Keys(d.Attributes)) {
		w.Attributes = append(w.Attributes, wireAttribute{key, d.Attributes[key]})
	}
	if !d.Deletion.IsZero() {
		w.Deletion = d.Deletion.Format(stamp)
	}
	for _, relation := range []string{"get_archive_document_by_uuid", "self_update", "delete_archive_document_by_uuid"} {
		w.Links = append(w.Links, link(s.web.URL, relation, path))
	}
	w.Links = append(w.Links, link(s.web.URL, "add_unique_uuid", path+"/unique"),
		link(s.web.URL, "get_archive_document_content_stream", path+"/stream"), link(s.web.URL, "get_archive_document_content", path+"/content"))
	return w
}

func (s *Server) archiveAdd(c *call) {
	raw, files, ok := c.parts("archive")
	if !ok {
		s.fail(c, http.StatusBadRequest, "MISSING_BODYPART_CONTENT_DISPOSITION", "the parts can't be read", "CLIENT_TECHNICAL")
		return
	}
	var m wireArchive
	if !s.decode(c, raw, &m) {
		return
	}
	sender, ok := s.senderOf(c, m.SenderID, m.organisation())
	if !ok || !s.acts(c, sender) {
		return
	}
	for _, d := range m.Documents {
		_, there := files[d.UUID]
		switch {
		case !there || len(files) != len(m.Documents):
			s.fail(c, http.StatusBadRequest, "DOCUMENTS_AND_FILES_MISMATCH", "documents and files don't match", "CLIENT_TECHNICAL")
			return
		case s.archivedBy(sender, d.UUID) != nil && !s.cfg.replaces:
			s.fail(c, http.StatusBadRequest, "DUPLICATE_DOCUMENT_ID", "the UUID was used before", "CLIENT_DATA")
			return
		case len(d.Attributes) > maxAttributes || len(m.Documents) > maxArchived:
			s.fail(c, http.StatusBadRequest, "VALIDATION_FAILED", "too many attributes or documents", "CLIENT_DATA")
			return
		}
	}
	out := wireArchive{archiveBody: archiveBody{SenderID: sender, Name: m.Name}}
	for _, d := range m.Documents {
		s.state.archived[sender] = slices.DeleteFunc(s.state.archived[sender], func(x *ArchivedDocument) bool { return x.UUID == d.UUID })
		deletion, _ := time.Parse(time.RFC3339, d.Deletion)
		kept := s.archiveOne(sender, ArchivedDocument{
			Archive: m.Name, UUID: d.UUID, FileName: d.FileName, FileType: d.FileType, MediaType: d.ContentType, Reference: d.Reference,
			Attributes: d.attributes(), Deletion: deletion, Content: files[d.UUID],
		})
		out.Documents = append(out.Documents, s.archiveWire(sender, kept))
	}
	s.answer(c, http.StatusOK, out)
}

func (s *Server) archivedBy(sender int64, uuid string) *ArchivedDocument {
	for _, d := range s.state.archived[sender] {
		if d.UUID == uuid || slices.Contains(d.More, uuid) {
			return d
		}
	}
	return nil
}

// archived finds the document that a path names.
func (s *Server) archived(c *call) *ArchivedDocument {
	if !s.acts(c, c.sender()) {
		return nil
	}
	d := s.archivedBy(c.sender(), c.values["uuid"])
	if d == nil {
		s.fail(c, http.StatusNotFound, "DOCUMENT_NOT_FOUND", "no such document", "CLIENT_TECHNICAL")
	}
	return d
}

func (s *Server) archiveGet(c *call) {
	if d := s.archived(c); d != nil {
		s.answer(c, http.StatusOK, wireArchive{archiveBody: archiveBody{SenderID: c.sender(), Name: d.Archive, Documents: []wireArchiveDocument{s.archiveWire(c.sender(), d)}}})
	}
}

func (s *Server) archiveByReference(c *call) {
	reference, err := base64.StdEncoding.DecodeString(c.values["reference"])
	if err != nil {
		s.fail(c, http.StatusBadRequest, "INVALID_QUERY_PARAMETER", "the reference is not in Base64", "CLIENT_TECHNICAL")
		return
	}
	if !s.acts(c, c.sender()) {
		return
	}
	found := map[string][]wireArchiveDocument{}
	for _, d := range s.state.archived[c.sender()] {
		if d.Reference == string(reference) {
			found[d.Archive] = append(found[d.Archive], s.archiveWire(c.sender(), d))
		}
	}
	var out wireArchives
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out.Archive = append(out.Archive, archiveBody{SenderID: c.sender(), Name: name, Documents: found[name]})
	}
	s.answer(c, http.StatusOK, out)
}

type wireArchivedRoot struct {
	XMLName xml.Name `xml:"http://api.digipost.no/schema/v8 archive-document"`
	wireArchiveDocument
}

// archiveUpdate writes reference and attributes; attributes that are left out stay.
func (s *Server) archiveUpdate(c *call) {
	var m wireArchivedRoot
	if !s.decode(c, c.body, &m) {
		return
	}
	d := s.archived(c)
	if d == nil {
		return
	}
	d.Reference = m.Reference
	maps.Copy(d.Attributes, m.attributes())
	s.answer(c, http.StatusOK, wireArchivedRoot{wireArchiveDocument: s.archiveWire(c.sender(), d)})
}

func (s *Server) archiveAddUUID(c *call) {
	var m wireArchivedRoot
	if !s.decode(c, c.body, &m) {
		return
	}
	d := s.archived(c)
	switch {
	case d == nil:
		return
	case s.archivedBy(c.sender(), m.UUID) != nil:
		s.fail(c, http.StatusBadRequest, "DUPLICATE_DOCUMENT_ID", "the UUID was used before", "CLIENT_DATA")
		return
	}
	d.More = append(d.More, m.UUID)
	s.answer(c, http.StatusOK, wireArchive{archiveBody: archiveBody{SenderID: c.sender(), Name: d.Archive, Documents: []wireArchiveDocument{s.archiveWire(c.sender(), d)}}})
}

func (s *Server) archiveDelete(c *call) {
	d := s.archived(c)
	if d == nil {
		return
	}
	s.state.archived[c.sender()] = slices.DeleteFunc(s.state.archived[c.sender()], func(x *ArchivedDocument) bool { return x == d })
	s.answer(c, http.StatusOK, nil)
}

func (s *Server) archiveContent(c *call) {
	if d := s.archived(c); d != nil {
		c.w.Header().Set("Content-Type", d.MediaType)
		_, _ = c.w.Write(d.Content) // the only error is a client that went away
	}
}

func (s *Server) archiveLink(c *call) {
	if d := s.archived(c); d != nil {
		s.answer(c, http.StatusOK, wireArchiveContent{ContentType: d.MediaType, URI: s.oneTimeAddress(d.MediaType, d.Content)})
	}
}
