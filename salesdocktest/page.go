package salesdocktest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// production is the host that next_page_url names, whatever host was called.
const production = "https://app.salesdock.nl"

// page answers one page of a list.
func page[T any](s *Server, c *call, items []T, show func(T) object) {
	at, err := strconv.Atoi(c.query("page"))
	if err != nil || at < 1 {
		at = 1
	}
	size := s.cfg.pageSize
	last := max(1, (len(items)+size-1)/size)
	start := min((at-1)*size, len(items))
	end := min(start+size, len(items))
	data := []any{}
	for _, item := range items[start:end] {
		data = append(data, show(item))
	}
	link := func(n int) any {
		if n < 1 || n > last {
			return nil
		}
		q := c.r.URL.Query()
		q.Set("page", strconv.Itoa(n))
		return production + c.r.URL.Path + "?" + q.Encode()
	}
	next := link(at + 1)
	if at == last && s.cfg.selfNext {
		next = link(at)
	}
	links := []any{object{"url": link(at - 1), "label": "&laquo; Previous", "active": false}}
	for n := 1; n <= last; n++ {
		links = append(links, object{"url": link(n), "label": n, "page": n, "active": n == at})
	}
	links = append(links, object{"url": link(at + 1), "label": "Next &raquo;", "active": false})
	answer(c.w, http.StatusOK, object{"success": true, "message": "", "data": object{
		"current_page": at, "data": data, "first_page_url": link(1), "from": start + 1, "last_page": last, "last_page_url": link(last),
		"links": links, "next_page_url": next, "path": production + c.r.URL.Path, "per_page": size, "prev_page_url": link(at - 1), "to": end,
		"total": len(items),
	}})
}

// within reports whether a time lies in the period that a request asks for.
func (s *Server) within(c *call, named map[string]time.Time) bool {
	at, known := named[c.query("period_filter_on")]
	if c.query("period") == "" || c.query("period_filter_on") == "" {
		return true
	}
	if !known || at.IsZero() {
		return false
	}
	if c.query("period") != "custom" {
		from, until := s.period(c.query("period"))
		return !at.Before(from) && at.Before(until)
	}
	from, until := s.bound(c.query("period_start"), false), s.bound(c.query("period_end"), true)
	at = at.Truncate(time.Second)
	return (from.IsZero() || !at.Before(from)) && (until.IsZero() || !at.After(until))
}

// period gives the bounds of a period that has a name; the second is not in it. A
// name that is not documented has nothing in it.
func (s *Server) period(name string) (from, until time.Time) {
	now := s.now().In(s.zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, s.zone)
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	first := today.AddDate(0, 0, 1-today.Day())
	switch name {
	case "today":
		return today, today.AddDate(0, 0, 1)
	case "yesterday":
		return today.AddDate(0, 0, -1), today
	case "this_week":
		return monday, monday.AddDate(0, 0, 7)
	case "last_week":
		return monday.AddDate(0, 0, -7), monday
	case "last_30_days":
		return today.AddDate(0, 0, -30), today.AddDate(0, 0, 1)
	case "this_month":
		return first, first.AddDate(0, 1, 0)
	case "last_month":
		return first.AddDate(0, -1, 0), first
	}
	return time.Time{}, time.Time{}
}

// bound reads a day or a time; the end of a period of days is the end of the day.
func (s *Server) bound(text string, end bool) time.Time {
	if t, err := time.ParseInLocation("2006-01-02 15:04:05", text, s.zone); err == nil {
		return t
	}
	t, err := time.ParseInLocation(time.DateOnly, text, s.zone)
	if err != nil {
		return time.Time{}
	}
	if end {
		return t.AddDate(0, 0, 1).Add(-time.Second)
	}
	return t
}

// ticket is a download address.
type ticket struct {
	account *Account
	file    File
}

// location makes an address of a file. It differs each time, as the service's
// does, and the old ones stay good.
func (s *Server) location(c *call, kind string, id int, f File) string {
	key := "eyJpdiI6" + strconv.Itoa(s.next()) + url.PathEscape(slug(f.Name))
	s.tickets[key] = ticket{c.account, f}
	return production + "/api/" + c.account.domain + "/v1/" + orElse(c.scope, "account") + "/" + kind + "/" + strconv.Itoa(id) + "/documents/download/" + key
}

func (s *Server) download(c *call) {
	t, ok := s.tickets[c.values["ticket"]]
	if !ok || t.account != c.account {
		c.notFound()
		return
	}
	c.w.Header().Set("Content-Type", "application/octet-stream")
	c.w.Header().Set("Content-Disposition", `attachment; filename="`+slug(t.file.Name)+`"`)
	_, _ = c.w.Write(t.file.Content) // the only error is a client that went away
}

func anyOf(filter []string, value string) bool {
	return len(filter) == 0 || slices.Contains(filter, value)
}
