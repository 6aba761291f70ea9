package salesdocktest

import (
	"maps"
	"strings"
)

func (s *Server) flowRoutes() {
	s.add(either, "GET /flows", func(s *Server, c *call) {
		out := []any{}
		for _, f := range c.account.flows {
			if c.user.seesFlow(f) {
				out = append(out, s.flowRow(f))
			}
		}
		c.ok(out)
	})
	s.add(either, "GET /flows/{id}", func(s *Server, c *call) {
		f := byID(c.account.flows, c.id("id"), func(f *Flow) int { return f.ID })
		if f == nil || !c.user.seesFlow(f) {
			c.notFound()
			return
		}
		c.ok(s.flowDetail(c, f))
	})
	s.add(either, "GET /productquestions", func(s *Server, c *call) {
		out := []any{}
		for _, q := range c.account.questions {
			out = append(out, q.row())
		}
		c.ok(out)
	})
	s.add(either, "GET /productquestions/{id}", func(s *Server, c *call) {
		q := byID(c.account.questions, c.id("id"), func(q *Question) int { return q.ID })
		if q == nil {
			c.notFound()
			return
		}
		c.ok(s.question(q))
	})
	s.agreementRoutes()
}

func (s *Server) agreementRoutes() {
	s.add(either, "GET /agreements", func(s *Server, c *call) {
		out := []any{}
		for _, g := range c.account.agreements {
			out = append(out, object{"id": g.ID, "identifier": g.Identifier, "name": g.Name, "text": g.Text})
		}
		c.ok(out)
	})
	s.add(either, "GET /agreements/{id}", func(s *Server, c *call) {
		g := byID(c.account.agreements, c.id("id"), func(g *Agreement) int { return g.ID })
		if g == nil {
			c.notFound()
			return
		}
		c.ok(object{
			"id": g.ID, "account_id": 1, "identifier": g.Identifier, "name": g.Name, "text": g.Text, "description": nil, "type": "agreement",
			"archive": "0", "required": digit(g.Required), "visible": digit(!g.Hidden), "default_value": nil, "contract_pdf_visibility": "1",
			"rule": nil, "rule_required": "0", "rule_visible": "0", "sort": 0, "reference_id": nil, "source": nil,
			"salesdock_integration_id": nil, "created_at": isoStamp(g.created), "updated_at": isoStamp(g.created), "deleted_at": nil,
		})
	})
	s.add(either, "GET /statuses", func(s *Server, c *call) {
		out := []any{}
		if source := c.query("status_source"); source == "" || source == "sale" {
			for _, v := range c.account.statuses {
				out = append(out, object{"source": "sale", "id": v.ID, "name": v.Name, "text": v.Name, "type": v.Type, "source_data": []any{}})
			}
		}
		c.ok(out)
	})
}

func (s *Server) flowRow(f *Flow) object {
	return object{"id": f.ID, "title": f.Title, "type": f.Type, "identifier": f.Identifier, "created_at": s.stamp(f.created), "updated_at": s.stamp(f.updated)}
}

func (s *Server) flowDetail(c *call, f *Flow) object {
	out := s.flowRow(f)
	method := "none"
	if f.Signature {
		method = "signature"
	}
	maps.Copy(out, object{
		"created_at": isoStamp(f.created), "updated_at": isoStamp(f.updated), "transaction_type": "all", "verification_method": method,
		"minimum_age_customer": "18", "maximum_age_customer": "100", "consumer_offer_iban_required": false, "business_offer_iban_required": false,
		"consumer_order_iban_required": false, "business_order_iban_required": false,
	})
	if f.Type != "default" {
		return out
	}
	sections := []any{}
	for _, section := range f.Sections {
		products := []any{}
		for _, p := range section.Products {
			if c.user.sees(p) {
				products = append(products, object{"id": p.ID, "name": p.Name, "identifier": p.Identifier, "maximum_quantity": 10})
			}
		}
		sections = append(sections, object{
			"id": section.id, "title": section.Title, "identifier": section.Identifier, "mandatory": section.Mandatory,
			"mandatory_for_supplier_ids": []any{}, "mandatory_for_product_ids": []any{}, "products": products,
		})
	}
	out["sections"] = sections
	return out
}

func (q *Question) row() object {
	return object{"id": q.ID, "name": q.Name, "identifier": q.Identifier, "input_type": q.InputType, "description": nil}
}

func (s *Server) question(q *Question) object {
	out := q.row()
	extra := ""
	if len(q.ProductTypes) > 0 {
		extra = rawJSON(object{"product_types": q.ProductTypes})
	}
	maps.Copy(out, object{
		"required": digit(q.Required), "visible": digit(!q.Hidden), "visible_customer": "1", "rule": q.Rule.wire(),
		"rule_required": digit(q.RuleRequired), "rule_visible": digit(q.RuleVisible), "validator": orNull(q.Validator),
		"options": orNull(strings.Join(q.Options, "\r\n")), "default_value": nil, "extra": orNull(extra),
		"created_at": s.stamp(q.created), "updated_at": s.stamp(q.updated),
	})
	return out
}
