package cloudsigntest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// uploaded is what an upload's body holds.
type uploaded struct {
	name      string // form field "name"
	fileName  string // of the part
	cabinetID string
	kind      string // content type of the part
	file      []byte
	found     bool
}

// readUpload reads a multipart body of up to limit bytes; more is refused with
// code.
func (c *call) readUpload(limit int64, code string) (uploaded, *refusal) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return uploaded{}, &refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "the body is not multipart/form-data"}
	}
	var u uploaded
	reader := multipart.NewReader(http.MaxBytesReader(c.w, c.r.Body, limit), params["boundary"])
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return u, nil
		}
		var content []byte
		if err == nil {
			content, err = io.ReadAll(part)
		}
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return u, &refusal{http.StatusRequestEntityTooLarge, code, "the request is too large"}
		}
		if err != nil {
			return u, bad("the body can't be read")
		}
		switch part.FormName() {
		case "name":
			u.name = string(content)
		case "cabinet_id":
			u.cabinetID = string(content)
		case "uploadfile":
			u.file, u.found = content, true
			u.fileName, u.kind = rawFileName(part), part.Header.Get("Content-Type")
		}
	}
}

// rawFileName is the name as it was sent: multipart.Part.FileName would take
// folders off.
func rawFileName(p *multipart.Part) string {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return params["filename"]
}

// checkPDF follows what the service checks of an uploaded file.
func (u uploaded) checkPDF() *refusal {
	switch {
	case !u.found || len(u.file) == 0:
		return bad("the file is empty")
	case !bytes.HasPrefix(u.file, []byte("%PDF-")):
		return bad("the file does not begin with %%PDF-")
	case !bytes.HasSuffix(bytes.TrimRight(u.file, "\r\n"), []byte("%%EOF")):
		return bad("the file does not end with %%%%EOF")
	}
	return nil
}

// checkNames follows what users report of the part's file name, and the names
// that 0.36.0 refuses.
func (s *Server) checkNames(u uploaded) *refusal {
	if !s.cfg.anyFileName && strings.ContainsFunc(u.fileName, func(r rune) bool { return r > '~' }) {
		return bad("invalid upload")
	}
	name := cmp.Or(u.name, u.fileName)
	if !s.cfg.limits.AnyName && (strings.Contains(name, `"`) || strings.HasSuffix(strings.TrimSuffix(name, ".pdf"), `\`)) {
		return bad("the file name is invalid")
	}
	return nil
}

func (s *Server) uploadFile(c *call) {
	u, r := c.readUpload(s.cfg.limits.UploadBytes, "too_large_request")
	if r == nil && u.found && u.kind != "application/pdf" && u.kind != "application/octet-stream" {
		r = &refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "the file is no PDF"}
	}
	if r != nil {
		c.refuse(r)
		return
	}
	s.editRead(c, draftOnly(func(d *Document) *refusal {
		if r := first(u.checkPDF(), s.checkNames(u)); r != nil {
			return r
		}
		total := int64(len(u.file))
		for _, f := range d.Files {
			total += max(f.Content.Size, 0)
		}
		switch {
		case len(d.Files) >= s.cfg.limits.Files:
			return bad("the document has too many files")
		case total > s.cfg.limits.DocumentBytes:
			return bad("the files of the document are too large together")
		}
		d.Files = append(d.Files, File{Name: cmp.Or(u.name, u.fileName), TotalPages: pages(u.file), Content: Bytes(u.file)})
		return nil
	}))
}

// pages counts the pages of simple PDF files.
func pages(pdf []byte) int {
	return bytes.Count(pdf, []byte("/Type /Page")) - bytes.Count(pdf, []byte("/Type /Pages"))
}

func (s *Server) deleteFile(c *call) {
	s.editDraft(c, func(d *Document) *refusal {
		i := d.file(c)
		if i < 0 {
			return missing("file")
		}
		d.Files = slices.Delete(d.Files, i, i+1)
		return nil
	})
}

// file is the place of the path's file; negative: there is none.
func (d *Document) file(c *call) int {
	return slices.IndexFunc(d.Files, func(f File) bool { return f.ID == c.vars["fileID"] })
}

// overhead is what a multipart body has beside the file: the bound of an import
// is the file's.
const overhead = 64 << 10

func (s *Server) importDocument(c *call) {
	u, r := c.readUpload(s.cfg.limits.ImportBytes+overhead, "payload_too_large")
	if r == nil && int64(len(u.file)) > s.cfg.limits.ImportBytes {
		r = &refusal{http.StatusRequestEntityTooLarge, "payload_too_large", "the file is too large"}
	}
	if r == nil {
		r = first(c.mayImport(), u.checkPDF(), u.checkImportName(), s.checkNames(u), c.checkCabinet(u.cabinetID))
	}
	if r != nil {
		c.refuse(r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := cmp.Or(u.name, u.fileName)
	d := Document{
		UserID: c.user.ID, Status: Imported, Title: name, CreatedAt: s.cfg.clock.Now().Truncate(time.Second),
		Files: []File{{Name: name, TotalPages: pages(u.file), Content: Bytes(u.file)}},
	}
	s.fill(&d, s.state.ids)
	s.state.insert(d, s.cfg.order)
	c.answer(s.whole(c, &d))
}

func (c *call) mayImport() *refusal {
	switch {
	case c.team.NoImport:
		return forbidden("the plan is without imported documents")
	case c.team.Enterprise && c.user.NoImport, !c.team.Enterprise && !c.user.Authorities.TeamDocumentAdministrator:
		return forbidden("no right to import documents")
	}
	return nil
}

func (u uploaded) checkImportName() *refusal {
	name := cmp.Or(u.name, u.fileName)
	stem, ok := strings.CutSuffix(name, ".pdf")
	if !ok || strings.TrimSpace(stem) == "" || utf8.RuneCountInString(name) > 68 {
		return bad("the file name is invalid")
	}
	return nil
}

func (c *call) checkCabinet(id string) *refusal {
	known := slices.ContainsFunc(c.team.Cabinets, func(cab Cabinet) bool { return cab.ID == id })
	switch {
	case c.team.Enterprise && !known:
		return bad("cabinet_id is missing or not allowed")
	case !c.team.Enterprise && id != "":
		return bad("cabinet_id is for several departments")
	}
	return nil
}
