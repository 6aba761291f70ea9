package cloudsigntest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const pageSize = 100

// listQuery is what decides which documents a list holds.
type listQuery struct {
	userID          string
	team            bool
	status          int
	sharedTemplates bool
	from, to        bound
}

// bound is one end of a time window, in microseconds; the zero value is open.
type bound struct {
	set bool
	at  int64
}

// with says which parts of a document a list shows.
type with struct{ participants, files, reportees, attachment, codes bool }

func (s *Server) listDocuments(c *call) {
	q := c.r.URL.Query()
	status, ok := parseStatus(q.Get("status"))
	if !ok {
		c.fail(http.StatusBadRequest, "bad_request", "status is invalid")
		return
	}
	s.list(c, listQuery{
		userID:          c.user.ID,
		status:          status,
		sharedTemplates: status == int(Template) && q.Get("with_shared_templates") == "y",
	}, with{
		files:        wanted(q, "with_files", true),
		participants: wanted(q, "with_participants", true),
		reportees:    wanted(q, "with_reportees", false),
		attachment:   wanted(q, "with_attachment", false),
	})
}

func (s *Server) listTeamDocuments(c *call) {
	switch {
	case c.team.Enterprise:
		c.fail(http.StatusForbidden, "forbidden", "not available with the feature for several departments")
		return
	case !s.cfg.mayListTeam(c.user.Authorities):
		c.fail(http.StatusForbidden, "forbidden", "this needs the rights of an administrator")
		return
	}
	q := c.r.URL.Query()
	s.list(c, listQuery{userID: c.user.ID, team: true, status: -1}, with{
		files:        wanted(q, "with_files", false),
		participants: wanted(q, "with_participants", false),
		reportees:    wanted(q, "with_reportees", false),
		attachment:   wanted(q, "with_attachment", false),
	})
}

func (s *Server) list(c *call, query listQuery, show with) {
	q := c.r.URL.Query()
	var okFrom, okTo bool
	query.from, okFrom = s.parseBound(q.Get("from"))
	query.to, okTo = s.parseBound(q.Get("to"))
	if !okFrom || !okTo {
		c.fail(http.StatusBadRequest, "bad_request", "from and to are times of RFC 3339")
		return
	}
	page, err := strconv.Atoi(q.Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	c.answer(s.page(c, query, page, show))
}

// page makes the answer under the lock and leaves encoding it to the caller.
func (s *Server) page(c *call, query listQuery, page int, show with) wireDocumentList {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.selected(c, query)
	out := wireDocumentList{Total: len(all), Page: page, Documents: []wireDocument{}}
	for _, r := range pageOf(all, page) {
		show.codes = r.UserID == c.user.ID
		out.Documents = append(out.Documents, s.wireDocument(&r.Document, show))
	}
	return out
}

// pageOf is one page of a list, empty past its end.
func pageOf[T any](all []T, page int) []T {
	if page > (len(all)+pageSize-1)/pageSize {
		return nil
	}
	return all[(page-1)*pageSize : min(page*pageSize, len(all))]
}

// maxLists bounds what is remembered for programs that ask with ever new
// windows.
const maxLists = 16

// selected gives the documents of a query in the order of the list. It is
// worked out once for each query after each change, so that reading a list
// page by page costs a page at a time.
func (s *Server) selected(c *call, query listQuery) []*record {
	st := &s.state
	if found, ok := st.lists[query]; ok {
		return found
	}
	st.sort(s.cfg.order)
	found := []*record{}
	for _, r := range st.ordered {
		if s.includes(query, c, &r.Document) {
			found = append(found, r)
		}
	}
	if s.cfg.order != OldestFirst {
		slices.Reverse(found)
	}
	if len(st.lists) >= maxLists {
		st.forget()
	}
	st.lists[query] = found
	return found
}

func (s *Server) includes(q listQuery, c *call, d *Document) bool {
	if !s.inWindow(q, d) {
		return false
	}
	if q.team {
		return d.Status != Draft && d.Status != Template && s.state.exchanged(c.team.ID, d) && s.mayRead(c.user, c.team, d)
	}
	switch {
	case q.status >= 0 && int(d.Status) != q.status:
		return false
	case q.status < 0 && d.Status == Imported && s.cfg.hideImportedInAll:
		return false
	case d.Status == Template && d.UserID != c.user.ID:
		return q.sharedTemplates && s.mayRead(c.user, c.team, d)
	case s.cfg.personalListing && !involved(c.user, d):
		return false
	}
	return s.mayRead(c.user, c.team, d)
}

func (s *Server) inWindow(q listQuery, d *Document) bool {
	if !q.from.set && !q.to.set {
		return true
	}
	last := d.lastProcessedAt()
	if last.IsZero() {
		return false
	}
	at := last.UnixMicro()
	switch {
	case q.from.set && (at < q.from.at || at == q.from.at && s.cfg.fromExclusive):
		return false
	case q.to.set && (at > q.to.at || at == q.to.at && s.cfg.toExclusive):
		return false
	}
	return true
}

func (s *Server) parseBound(text string) (bound, bool) {
	if text == "" {
		return bound{}, true
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return bound{}, s.cfg.lenientTimes
	}
	return bound{set: true, at: at.UnixMicro()}, true
}

// parseStatus takes what the description of the parameter lists; 13 is not
// among it.
func parseStatus(text string) (int, bool) {
	if text == "" {
		return -1, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= -1 && n <= int(Template)
}

func wanted(q url.Values, name string, byDefault bool) bool {
	if !q.Has(name) {
		return byDefault
	}
	return q.Get(name) == "y"
}
