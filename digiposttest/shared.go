package digiposttest

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SharedDocument is a document that a recipient shares.
type SharedDocument struct {
	Subject, FileType string
	// Organisation and its Name say whom the document came from; without
	// Organisation, Name is a private person's.
	Organisation, Name string
	Content            []byte
}

// share is what was shared in answer to a request.
type share struct {
	docs            []SharedDocument
	at, expiry, end time.Time
}

// Share plays a recipient who shares documents in answer to a request that was
// sent: the document of this UUID carried it. The broker gets the event.
func (s *Server) Share(uuid string, docs ...SharedDocument) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, seconds := s.request(uuid)
	if m == nil {
		return errors.New("digiposttest: no document of this UUID asked for anything")
	}
	now := s.cfg.clock.Now()
	s.state.shares[uuid] = &share{docs: docs, at: now, expiry: now.Add(time.Duration(seconds) * time.Second)}
	s.state.events = append(s.state.events, Event{
		Broker: m.Broker, SenderID: m.SenderID, UUID: uuid, Type: "SHARE_DOCUMENTS_REQUEST_DOCUMENTS_SHARED", Created: now,
	})
	return nil
}

// request finds the message whose document asked for documents, and for how many
// seconds.
func (s *Server) request(uuid string) (*Message, int64) {
	for i := range s.state.messages {
		for _, d := range s.state.messages[i].Documents {
			if d.UUID != uuid || len(d.Data) == 0 {
				continue
			}
			var r struct {
				XMLName xml.Name `xml:"http://api.digipost.no/schema/datatypes share-documents-request"`
				Seconds int64    `xml:"max-share-duration-seconds"`
			}
			if xml.Unmarshal([]byte(d.Data[0]), &r) == nil {
				return &s.state.messages[i], r.Seconds
			}
		}
	}
	return nil, 0
}

func (s *Server) shared(c *call) {
	m, _ := s.request(c.values["uuid"])
	if !s.acts(c, c.sender()) {
		return
	}
	if m == nil || m.SenderID != c.sender() {
		s.fail(c, http.StatusNotFound, "DOCUMENT_NOT_FOUND", "no such request", "CLIENT_TECHNICAL")
		return
	}
	var out wireShared
	if sh := s.state.shares[c.values["uuid"]]; sh != nil {
		out.At, out.Expiry = sh.at.Format(stamp), sh.expiry.Format(stamp)
		if !sh.end.IsZero() {
			out.Withdrawn = sh.end.Format(stamp)
		}
		base := "/shared-example/" + text(c.sender()) + "/" + c.values["uuid"]
		if sh.open(s.cfg.clock.Now()) {
			out.Links = []wireLink{link(s.web.URL, "stop_sharing", base+"/stop")}
			for i, d := range sh.docs {
				out.Documents.Document = append(out.Documents.Document, s.sharedWire(sh, d, base+"/"+strconv.Itoa(i)))
			}
		}
	}
	s.answer(c, http.StatusOK, out)
}

func (h *share) open(now time.Time) bool { return h.end.IsZero() && now.Before(h.expiry) }

func (s *Server) sharedWire(h *share, d SharedDocument, path string) wireSharedDocument {
	w := wireSharedDocument{Delivered: h.at.Format(stamp), Subject: d.Subject, FileType: d.FileType, Bytes: len(d.Content), Links: []wireLink{
		link(s.web.URL, "get_shared_document_content_stream", path+"/stream"), link(s.web.URL, "get_shared_document_content", path+"/content"),
	}}
	if d.Organisation != "" {
		w.Origin.Organisation = &wireOrigin{d.Organisation, d.Name}
	} else {
		w.Origin.Person = &wireOrigin{"", d.Name}
	}
	return w
}

// sharedDocument finds the document that a path names, while it is shared.
func (s *Server) sharedDocument(c *call) *SharedDocument {
	if !s.acts(c, c.sender()) {
		return nil
	}
	n, err := strconv.Atoi(c.values["n"])
	sh := s.state.shares[c.values["uuid"]]
	if m, _ := s.request(c.values["uuid"]); err != nil || sh == nil || m == nil || m.SenderID != c.sender() || n < 0 || n >= len(sh.docs) || !sh.open(s.cfg.clock.Now()) {
		s.fail(c, http.StatusNotFound, "DOCUMENT_NOT_FOUND", "no such document", "CLIENT_TECHNICAL")
		return nil
	}
	return &sh.docs[n]
}

func (s *Server) sharedContent(c *call) {
	if d := s.sharedDocument(c); d != nil {
		c.w.Header().Set("Content-Type", "application/"+d.FileType)
		_, _ = c.w.Write(d.Content) // the only error is a client that went away
	}
}

func (s *Server) sharedLink(c *call) {
	if d := s.sharedDocument(c); d != nil {
		media := "application/" + d.FileType
		s.answer(c, http.StatusOK, wireSharedContent{ContentType: media, URI: s.oneTimeAddress(media, d.Content)})
	}
}

func (s *Server) stopSharing(c *call) {
	var m wireAdded
	if !s.decode(c, c.body, &m) || !s.acts(c, c.sender()) {
		return
	}
	sh := s.state.shares[c.values["uuid"]]
	if sh == nil || !strings.HasPrefix(m.Data.XML, "<share-documents-request-sharing-stopped ") {
		s.fail(c, http.StatusBadRequest, "VALIDATION_FAILED", "nothing to be stopped", "CLIENT_DATA")
		return
	}
	sh.end = s.cfg.clock.Now()
	s.answer(c, http.StatusOK, nil)
}

type wireShared struct {
	XMLName   xml.Name            `xml:"http://api.digipost.no/schema/v8 share-documents-request-state"`
	Documents wireSharedDocuments `xml:"shared-documents"`
	At        string              `xml:"shared-at-time,omitempty"`
	Expiry    string              `xml:"expiry-time,omitempty"`
	Withdrawn string              `xml:"withdrawn-time,omitempty"`
	Links     []wireLink          `xml:"link"`
}

type wireSharedDocuments struct {
	Document []wireSharedDocument `xml:"shared-document"`
}

type wireSharedDocument struct {
	Delivered string `xml:"delivery-time"`
	Subject   string `xml:"subject"`
	FileType  string `xml:"file-type"`
	Bytes     int    `xml:"file-size-bytes"`
	Origin    struct {
		Organisation *wireOrigin `xml:"organisation"`
		Person       *wireOrigin `xml:"private-person"`
	} `xml:"origin"`
	Links []wireLink `xml:"link"`
}

type wireOrigin struct {
	Number string `xml:"organisation-number,attr,omitempty"`
	Name   string `xml:"name,attr"`
}

type wireSharedContent struct {
	XMLName     xml.Name `xml:"http://api.digipost.no/schema/v8 shared-document-content"`
	ContentType string   `xml:"content-type"`
	URI         string   `xml:"uri"`
}
