package cloudsigntest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

func (s *Server) me(c *call) {
	if c.team.Enterprise {
		c.fail(http.StatusForbidden, "forbidden", "not available with the feature for several departments")
		return
	}
	c.answer(wireUser{
		ID: c.user.ID, Email: c.user.Email, Name: c.user.Name, Organization: c.user.Organization,
		Team:        wireTeam{c.team.ID, c.team.Name},
		Authorities: wireAuthorities(c.user.Authorities),
	})
}

func (s *Server) listCabinets(c *call) {
	if !c.team.Enterprise {
		c.fail(http.StatusForbidden, "forbidden", "only with the feature for several departments")
		return
	}
	page := 1
	if text := c.r.URL.Query().Get("page"); text != "" {
		var err error
		if page, err = strconv.Atoi(text); err != nil || page < 1 {
			c.fail(http.StatusBadRequest, "bad_request", "page is invalid")
			return
		}
	}
	// The cabinet of all documents was added first and stays first.
	all := slices.Clone(c.team.Cabinets)
	slices.SortStableFunc(all[1:], func(a, b Cabinet) int { return cmp.Compare(a.Name, b.Name) })
	out := wireCabinetList{Total: len(all), Page: page, Cabinets: []wireCabinet{}}
	first := (page - 1) * pageSize
	for i, cab := range pageOf(all, page) {
		kind := 0
		if first+i == 0 {
			kind = 1
		}
		out.Cabinets = append(out.Cabinets, wireCabinet{
			cab.ID, cab.Name, cab.Note, kind, s.seconds(cab.CreatedAt), s.seconds(cab.UpdatedAt),
		})
	}
	c.answer(out)
}

// document finds the document of the path that the user may read, or answers
// 404 or 403. The copy is shallow: the server's records are replaced, never
// changed, so it can be read without the lock.
func (s *Server) document(c *call) (Document, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.state.documents[c.vars["documentID"]]
	switch {
	case r == nil:
		c.fail(http.StatusNotFound, "not_found", "the document does not exist")
	case !s.mayRead(c.user, c.team, &r.Document):
		c.fail(http.StatusForbidden, "forbidden", "no right to access this document")
	default:
		return r.Document, true
	}
	return Document{}, false
}

func (s *Server) getDocument(c *call) {
	if d, ok := s.document(c); ok {
		c.answer(s.whole(c, &d))
	}
}

// whole is a document as it is answered on its own.
func (s *Server) whole(c *call, d *Document) wireDocument {
	return s.wireDocument(d, with{participants: true, files: true, reportees: true, attachment: true, codes: d.UserID == c.user.ID})
}

func (s *Server) getAttribute(c *call) {
	d, ok := s.document(c)
	switch {
	case !ok:
	case d.Attribute == nil:
		c.fail(http.StatusNotFound, "not_found", "the document information does not exist")
	default:
		c.answer(s.wireAttribute(d.ID, d.Attribute))
	}
}

func (s *Server) getCertificate(c *call) {
	d, ok := s.document(c)
	switch {
	case !ok:
	case d.Status != Concluded:
		c.fail(http.StatusNotFound, "not_found", "the document is not concluded")
	default:
		c.send(PDF("合意締結証明書 "+d.Title, d.ID, s.cfg.pdfSize), "application/pdf")
	}
}

func (s *Server) downloadFile(c *call) {
	d, ok := s.document(c)
	if !ok {
		return
	}
	i := slices.IndexFunc(d.Files, func(f File) bool { return f.ID == c.vars["fileID"] })
	if i < 0 {
		c.fail(http.StatusNotFound, "not_found", "the file does not exist")
		return
	}
	f := d.Files[i]
	if f.Withheld {
		c.fail(http.StatusBadRequest, "bad_request", "this file cannot be downloaded here")
		return
	}
	if f.Content.Open == nil {
		f.Content = PDF(d.Title, f.ID, s.cfg.pdfSize)
	}
	c.send(f.Content, "application/pdf")
}

func (s *Server) downloadAttachedFile(c *call) {
	d, ok := s.document(c)
	switch {
	case !ok:
		return
	case c.team.NoAttachments:
		c.fail(http.StatusForbidden, "forbidden", "the plan is without files that recipients upload")
		return
	case d.Attachment == nil || d.Attachment.ID != c.vars["attachmentID"]:
		c.fail(http.StatusNotFound, "not_found", "the attachment does not exist")
		return
	}
	files := d.Attachment.Files
	i := slices.IndexFunc(files, func(f AttachedFile) bool { return f.ID == c.vars["attachedFileID"] })
	switch {
	case i < 0:
		c.fail(http.StatusNotFound, "not_found", "the file does not exist")
		return
	case d.Status != Concluded || files[i].Deleted:
		c.fail(http.StatusForbidden, "not_acceptable", "the document is not concluded, or the file is not valid")
		return
	}
	f := files[i]
	if f.Content.Open == nil {
		f.Content = PDF(f.Name, f.ID, s.cfg.pdfSize)
	}
	c.send(f.Content, cmp.Or(f.ContentType, "application/pdf"))
}

func (s *Server) getAlert(c *call) {
	d, ok := s.document(c)
	switch {
	case !ok:
	case d.Alert == nil:
		c.fail(http.StatusNotFound, "not_found", "the alert does not exist")
	default:
		c.answer(s.wireAlert(&d))
	}
}

func (s *Server) wireAlert(d *Document) wireAlert {
	a := d.Alert
	return wireAlert{a.ID, d.ID, a.Memo, a.AlertAt, a.Enabled, s.seconds(a.CreatedAt), s.seconds(a.UpdatedAt)}
}

func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
