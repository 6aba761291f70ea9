package activecampaigntest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	maxImport       = 250
	maxImportBytes  = 399_999
	importsAMinute  = 100
	singlesAMinute  = 20
	claimAfter      = time.Second // until then an import's status is false
	importRateWords = "Up to %d imports may be requested per minute. Please batch contacts into larger requests, or retry this request in a minute."
)

// batch is a bulk import.
type batch struct {
	id         string
	queued     time.Time
	contacts   []object
	automate   bool
	done       bool
	imported   []string
	failed     []string
	contactNum int
}

type importCall struct {
	at     time.Time
	single bool
}

func (s *Server) importRoutes() {
	s.on("POST /import/bulk_import", (*Server).startImport)
	s.on("GET /import/bulk_import", func(s *Server, c *call) {
		days := func(done bool) []object {
			batches, contacts := 0, 0
			for _, b := range s.state.batches {
				if b.done == done {
					batches, contacts = batches+1, contacts+b.contactNum
				}
			}
			if batches == 0 {
				return []object{}
			}
			return []object{{"forDate": s.now().UTC().Format(time.DateOnly), "batches": strconv.Itoa(batches), "contacts": strconv.Itoa(contacts)}}
		}
		c.answer(http.StatusOK, object{"outstanding": days(false), "recentlyCompleted": days(true)})
	})
	s.on("GET /import/info", (*Server).importInfo)
}

func (s *Server) importInfo(c *call) {
	id := c.query("batchId")
	b := find(s.state.batches, func(b *batch) bool { return b.id == id })
	switch {
	case id == "":
		c.answer(http.StatusBadRequest, object{"success": 0, "message": "'batchId' is a required field."})
	case b == nil:
		c.answer(http.StatusBadRequest, object{"success": 0, "message": "No batch has the id."})
	case b.done:
		c.answer(http.StatusOK, object{"status": "completed", "success": append([]string{}, b.imported...), "failure": append([]string{}, b.failed...)})
	case s.now().Sub(b.queued) < claimAfter:
		c.answer(http.StatusOK, object{"status": false, "success": []string{}, "failure": []string{}})
	default:
		c.answer(http.StatusOK, object{"status": "active", "success": []string{}, "failure": []string{}})
	}
}

func (c *call) refuseImport(message string, reasons ...any) {
	c.answer(http.StatusBadRequest, object{"success": 0, "message": message, "failureReasons": reasons})
}

func (s *Server) startImport(c *call) {
	contacts := c.body.list("contacts")
	if !s.importAllowed(c, len(contacts) == 1) {
		return
	}
	const failed = "JSON payload did not pass validation. Please fix failure Reasons and retry. The import was not queued for processing."
	switch {
	case len(contacts) == 0:
		c.refuseImport(failed, "No contacts were given.")
		return
	case len(contacts) > maxImport:
		c.refuseImport(failed, "Up to 250 contacts may be imported at once.")
		return
	case c.size > maxImportBytes:
		c.refuseImport(failed, "The payload has to be smaller than 400,000 bytes.")
		return
	}
	for i, o := range contacts {
		if !plausible(o.text("email")) {
			c.refuseImport(failed, object{"contact": i + 1, "failureReason": "Field 'email' incorrect format"})
			return
		}
	}
	b := &batch{
		id: s.state.uuid("batch"), queued: s.now(), contacts: contacts, contactNum: len(contacts),
		automate: c.body.text("exclude_automations") != "true",
	}
	s.state.batches = append(s.state.batches, b)
	c.answer(http.StatusOK, object{"Success": 1, "queued_contacts": len(contacts), "batchId": b.id, "message": "Contact import queued"})
}

// importAllowed keeps the import's own limits, which slide as the other one does.
func (s *Server) importAllowed(c *call, single bool) bool {
	now := s.now()
	all, singles := 0, 0
	kept := s.state.imports[:0]
	for _, i := range s.state.imports {
		if now.Sub(i.at) >= time.Minute {
			continue
		}
		kept = append(kept, i)
		all++
		if i.single {
			singles++
		}
	}
	s.state.imports = kept
	switch {
	case all >= importsAMinute:
		c.refuseImport("Rate limit exceeded.", fmt.Sprintf(importRateWords, importsAMinute))
		return false
	case single && singles >= singlesAMinute:
		c.refuseImport("Rate limit exceeded.", fmt.Sprintf(importRateWords, singlesAMinute))
		return false
	}
	s.state.imports = append(s.state.imports, importCall{now, single})
	return true
}

// settle does the imports whose time has come.
func (s *Server) settle() {
	for _, b := range s.state.batches {
		if b.done || s.now().Sub(b.queued) < s.cfg.importDelay {
			continue
		}
		b.done = true
		for _, o := range b.contacts {
			s.importContact(b, o)
		}
		b.contacts = nil
	}
}

func (s *Server) importContact(b *batch, o object) {
	email := o.text("email")
	if s.state.excluded[emailKey(email)] {
		b.failed = append(b.failed, email)
		return
	}
	now := s.now()
	p := s.state.byEmail[emailKey(email)]
	if p == nil {
		p = s.state.add(email, now)
	}
	for name, at := range map[string]*string{"first_name": &p.first, "last_name": &p.last, "phone": &p.phone, "customer_acct_name": &p.accountName} {
		if o.has(name) {
			*at = o.text(name)
		}
	}
	p.updated = now
	for _, f := range o.list("fields") {
		s.state.set(p, f.text("id"), f.text("value"), now)
	}
	for _, name := range o.texts("tags") {
		t, _ := s.state.ensureTag(name, "contact", "", now)
		if _, fresh := s.state.apply(p, t, now); fresh && b.automate {
			s.startAt(p, t)
		}
	}
	b.imported = append(b.imported, p.id)
}
