package salesdocktest

import (
	"maps"
	"slices"
)

func (s *Server) saleChangeRoutes() {
	for _, by := range []string{"{id}", "incoming/{incoming_id}"} {
		s.oneSale(accountOnly, "POST /sales/updatestatus/"+by, (*Server).updateStatus)
		s.oneSale(accountOnly, "POST /sales/updatefields/"+by, func(s *Server, c *call, v *Sale) {
			for name := range c.body {
				v.Fields[name] = c.body.text(name)
			}
			v.Updated = s.now()
			c.ok(nil)
		})
	}
	s.oneSale(userOnly, "POST /sales/cancel/{id}", func(s *Server, c *call, v *Sale) {
		if c.account.statusType(c.query("status")) != "cancelled" {
			c.invalid("Ongeldige status", "Invalid status", map[string][]string{"status": {"The selected status is invalid."}})
			return
		}
		c.account.setStatus(v, c.query("status"), c.query("remark"), c.user)
		c.ok(nil)
	})
	s.oneSale(accountOnly, "POST /sales/{id}/optin", func(s *Server, c *call, v *Sale) {
		if len(c.body.list("channels")) == 0 {
			c.invalid("Validatie mislukt.", "Validation failed.", map[string][]string{"channels": {"The channels field is required."}})
			return
		}
		if !v.optin {
			v.optin, v.Updated = true, s.now()
		}
		c.created(nil)
	})
	s.oneSale(either, "PATCH /proposal/{id}", func(s *Server, c *call, v *Sale) {
		if !v.Offer || v.OfferAnswer != "" {
			c.invalid("De offerte is niet meer open.", "The offer is not open.", nil)
			return
		}
		s.edit(c, v)
	})
	s.oneSale(accountOnly, "PATCH /sales/{id}", func(s *Server, c *call, v *Sale) {
		if v.Offer && v.OfferAnswer != "1" {
			c.invalid("De offerte is niet geaccepteerd.", "The offer is not accepted.", nil)
			return
		}
		s.edit(c, v)
	})
}

// updateStatus reads its parameters from the query. A sale can be marked as
// handed over unless it is cancelled or was handed over before.
func (s *Server) updateStatus(c *call, v *Sale) {
	status := c.query("status")
	if c.account.statusType(status) == "" {
		c.invalid("Ongeldige status", "Invalid status", map[string][]string{"status": {"The selected status is invalid."}})
		return
	}
	if c.query("mark_processed") == "1" {
		if !v.Cancelled.IsZero() || !v.Processed.IsZero() {
			c.invalid("De sale kan niet verwerkt worden.", "The sale can not be processed.", nil)
			return
		}
		v.Processed = s.now()
	}
	c.account.setStatus(v, status, c.query("remark"), c.user)
	c.ok(nil)
}

// edit changes a customer and the answers, unless the sale's state forbids it.
func (s *Server) edit(c *call, v *Sale) {
	switch {
	case !v.Cancelled.IsZero(), !v.Processed.IsZero(), v.Masked, v.Outgoing == "salesdock":
		c.invalid("Deze sale kan niet worden gewijzigd.", "This sale can not be edited.", nil)
		return
	case !slices.Contains([]string{"default", "telecom", "heat-pump"}, v.Flow.Type):
		c.invalid("Deze flow wordt niet ondersteund.", "This flow is not supported.", nil)
		return
	}
	body := maps.Clone(object(v.Body))
	customer := c.body.object("customer")
	for name := range customer {
		if text := customer.text(name); text != "" {
			body[orElse(map[string]string{"coc": "company_coc", "vat": "company_vat"}[name], name)] = text
		}
	}
	for prefix, part := range map[string]string{"connection_": "address", "": "correspondence_address"} {
		place := customer.object(part)
		for name := range place {
			body[prefix+name] = place.text(name)
		}
	}
	answers := maps.Clone(body.object("questionData"))
	if answers == nil {
		answers = object{}
	}
	edits := c.body.object("product_questions")
	for _, q := range c.account.questions {
		id := object{"id": q.ID}.text("id")
		if slices.Contains(edits.ints("delete"), q.ID) {
			delete(answers, q.Identifier)
		}
		if upsert := edits.object("upsert"); upsert.has(id) {
			answers[q.Identifier] = upsert[id]
		}
	}
	body["questionData"] = map[string]any(answers)
	v.Body, v.Updated = body, s.now()
	v.note(s, "changeddata", v.Status, v.Status, c.user)
	c.ok(object{"sale_id": v.ID})
}
