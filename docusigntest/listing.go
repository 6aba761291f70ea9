package docusigntest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// listEnvelopes is listStatusChanges.
func (s *Server) listEnvelopes(c *call) {
	if c.query("from_date") == "" && c.query("envelope_ids") == "" && c.query("transaction_ids") == "" {
		c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The request contained at least one invalid parameter: from_date, envelope_ids or transaction_ids is required.")
		return
	}
	s.selectEnvelopes(c, commaList(c.query("envelope_ids")))
}

func (s *Server) statuses(c *call) {
	asked := commaList(c.query("envelope_ids"))
	switch {
	case c.body == nil:
		c.fail(http.StatusBadRequest, "INVALID_REQUEST_BODY", "A body is required, at least {}.")
		return
	case c.query("envelope_ids") == "request_body":
		asked = c.body.texts("envelopeIds")
	case c.query("from_date") == "" && c.query("envelope_ids") == "" && c.query("transaction_ids") == "":
		c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "from_date, envelope_ids or transaction_ids is required.")
		return
	}
	s.selectEnvelopes(c, asked)
}

func (s *Server) selectEnvelopes(c *call, asked []string) {
	from, to, ok := s.bounds(c)
	if !ok {
		return
	}
	if ids := commaList(c.query("transaction_ids")); len(ids) > 0 {
		c.answer(s.transactions(ids))
		return
	}
	found := []object{}
	order := slices.Clone(s.state.order)
	if c.query("order_by") == "status_changed" {
		slices.SortStableFunc(order, func(a, b string) int { return s.state.envelopes[a].changed.Compare(s.state.envelopes[b].changed) })
	}
	for _, id := range order {
		e := s.state.envelopes[id]
		if s.selected(c, e, asked, from, to) {
			found = append(found, e.shown(c.query("include")))
		}
	}
	if c.query("order") == "desc" {
		slices.Reverse(found)
	}
	items, about := page(s, c, found)
	c.answer(about.with(object{"envelopes": items, "lastQueriedDateTime": stamp(s.now())}))
}

func (s *Server) bounds(c *call) (from, to time.Time, ok bool) {
	to = s.now()
	for name, at := range map[string]*time.Time{"from_date": &from, "to_date": &to} {
		if v := c.query(name); v != "" {
			parsed, err := time.Parse(time.RFC3339Nano, v)
			if err != nil {
				c.fail(http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The request contained at least one invalid parameter: "+name+".")
				return from, to, false
			}
			*at = parsed
		}
	}
	return from, to, true
}

func (s *Server) selected(c *call, e *envelope, asked []string, from, to time.Time) bool {
	if len(asked) > 0 && !slices.Contains(asked, e.id) {
		return false
	}
	at := e.changed
	if kind := strings.ToLower(c.query("from_to_status")); kind == "created" {
		at = e.made
	}
	if at.Before(from) || at.After(to) {
		return false
	}
	if want := commaList(c.query("status")); len(want) > 0 && !slices.Contains(want, e.status()) && !slices.Contains(want, "any") {
		return false
	}
	if name, value, ok := strings.Cut(c.query("custom_field"), "="); ok && !e.hasField(name, value) {
		return false
	}
	text := c.query("search_text")
	return text == "" || strings.Contains(strings.ToLower(e.obj.text("emailSubject")), strings.ToLower(text))
}

func (e *envelope) hasField(name, value string) bool {
	for _, kind := range []string{"textCustomFields", "listCustomFields"} {
		for _, f := range e.fields.list(kind) {
			if f.text("name") == name && f.text("value") == value {
				return true
			}
		}
	}
	return false
}

// transactions says what became of creations, as far as they can be found yet.
func (s *Server) transactions(asked []string) object {
	list := []object{}
	for _, id := range s.state.order {
		e := s.state.envelopes[id]
		tx := e.obj.text("transactionId")
		age := s.now().Sub(e.made)
		if slices.Contains(asked, tx) && age >= s.cfg.transactionLag && age < 7*24*time.Hour {
			list = append(list, object{"transactionId": tx, "envelopeId": e.id, "status": e.status()})
		}
	}
	return object{"envelopeTransactionStatuses": list, "resultSetSize": "0", "totalSetSize": "0", "startPosition": "0", "endPosition": "0"}
}

func commaList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
