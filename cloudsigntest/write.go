package cloudsigntest

import (
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// refusal is an error answer.
type refusal struct {
	status        int
	code, message string
}

func bad(format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, "bad_request", fmt.Sprintf(format, args...)}
}

func forbidden(message string) *refusal {
	return &refusal{http.StatusForbidden, "forbidden", message}
}

func notAcceptable(message string) *refusal {
	return &refusal{http.StatusForbidden, "not_acceptable", message}
}

func missing(what string) *refusal {
	return &refusal{http.StatusNotFound, "not_found", "the " + what + " does not exist"}
}

func (c *call) refuse(r *refusal) { c.fail(r.status, r.code, r.message) }

// maxForm is the largest form: the service's bound for a whole request.
const maxForm = 50 << 20

// readForm reads a form. A body of another kind is answered with 400, as are
// the parameters that it fails to give; the status is undocumented.
func (c *call) readForm() *refusal {
	if c.r.ContentLength != 0 {
		kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return bad("the body is not a form")
		}
	}
	c.r.Body = http.MaxBytesReader(nil, c.r.Body, maxForm)
	// ParseForm leaves the body of a DELETE alone, which has none.
	if err := c.r.ParseForm(); err != nil {
		return bad("the form can't be read")
	}
	c.form = c.r.PostForm
	return nil
}

// edit changes a document of the user's own and answers with all of it.
func (s *Server) edit(c *call, change func(*Document) *refusal) {
	r := c.readForm()
	if r != nil {
		c.refuse(r)
		return
	}
	s.editRead(c, change)
}

// editRead is edit for a call whose body was read already.
func (s *Server) editRead(c *call, change func(*Document) *refusal) {
	answer, r := s.changed(c, change)
	if r != nil {
		c.refuse(r)
		return
	}
	c.answer(answer)
}

func (s *Server) changed(c *call, change func(*Document) *refusal) (wireDocument, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, r := s.writable(c)
	if r != nil {
		return wireDocument{}, r
	}
	d := rec.clone()
	if r := change(&d); r != nil {
		return wireDocument{}, r
	}
	s.store(rec, d)
	return s.whole(c, &rec.Document), nil
}

// writable finds a document that the user made.
func (s *Server) writable(c *call) (*record, *refusal) {
	rec := s.state.documents[c.vars["documentID"]]
	switch {
	case rec == nil:
		return nil, missing("document")
	case rec.UserID != c.user.ID:
		return nil, forbidden("no right to change this document")
	}
	return rec, nil
}

// editDraft is edit for a document that has to be a draft.
func (s *Server) editDraft(c *call, change func(*Document) *refusal) {
	s.edit(c, draftOnly(change))
}

func draftOnly(change func(*Document) *refusal) func(*Document) *refusal {
	return func(d *Document) *refusal {
		if d.Status != Draft {
			return notAcceptable("the document is not a draft")
		}
		return change(d)
	}
}

// set copies a text of the form, if it is there, up to limit characters; 0 is
// no limit.
func (c *call) set(name string, limit int, into *string) *refusal {
	if !c.form.Has(name) {
		return nil
	}
	v := c.form.Get(name)
	if !utf8.ValidString(v) || limit > 0 && utf8.RuneCountInString(v) > limit {
		return bad("%s is invalid", name)
	}
	*into = v
	return nil
}

// setBool takes what the description of the service's parameters lists, which
// is what strconv takes.
func (c *call) setBool(name string, into *bool) *refusal {
	if !c.form.Has(name) {
		return nil
	}
	v, err := strconv.ParseBool(c.form.Get(name))
	if err != nil {
		return bad("%s is invalid", name)
	}
	*into = v
	return nil
}

func (c *call) setInt(name string, into *int) *refusal {
	if !c.form.Has(name) {
		return nil
	}
	v, err := strconv.Atoi(c.form.Get(name))
	if err != nil {
		return bad("%s is invalid", name)
	}
	*into = v
	return nil
}

// first gives the first refusal.
func first(all ...*refusal) *refusal {
	for _, r := range all {
		if r != nil {
			return r
		}
	}
	return nil
}

var address = regexp.MustCompile(`^[^@\s]+@([^@\s]+)$`)

// checkEmail follows the service: the form of the address, then its domain.
func (s *Server) checkEmail(email string) *refusal {
	m := address.FindStringSubmatch(email)
	if m == nil || len(email) > 254 || !s.cfg.mailDomain(m[1]) {
		return bad("email is invalid")
	}
	return nil
}

// inUse reports whether somebody else on the document has the address.
func (d *Document) inUse(email, besides string, reportees bool) bool {
	if slices.ContainsFunc(d.Participants, func(p Participant) bool {
		return p.Email != "" && p.ID != besides && strings.EqualFold(p.Email, email)
	}) {
		return true
	}
	return reportees && slices.ContainsFunc(d.Reportees, func(r Reportee) bool {
		return r.ID != besides && strings.EqualFold(r.Email, email)
	})
}

func validDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}
