package salesdocktest

import (
	"encoding/base64"
	"slices"
	"strconv"
	"time"
)

// full is a sale as a single read and extended lists have it.
func (s *Server) full(c *call, v *Sale) object {
	b := object(v.Body)
	kind := "order"
	if v.Offer {
		kind = "offer"
	}
	out := object{
		"id": v.ID, "type": kind, "status": object{"status_identifier": v.Status, "status": v.Status, "status_remark": orNull(v.StatusRemark)},
		"offer_accepted": v.OfferAnswer == "1", "offer_answered_at": s.stamp(v.answered), "offer_reject_message": nil, "offer_valid_till": nil,
		"offer_views": 0, "offer_downloads": 0, "created_at": s.stamp(v.Created), "last_published_at": nil, "finalized_at": s.stamp(v.Created),
		"updated_at": s.stamp(v.Updated), "processed": nil, "cancelled": nil, "purchase_number": nil, "channel": orNull(b.text("sale_channel")),
		"source": nil, "customer": s.customer(b), "created_by": s.creator(v), "sales_representative": nil, "assigned_to": nil, "lead": nil,
		"relation": object{"id": 900_000 + v.ID, "label": b.text("lastname")},
		"product":  object{"id": v.Product.ID, "identifier": v.Product.Identifier, "label": v.Product.Name},
		"products": v.products(), "additional_costs": []any{}, "discounts": []any{}, "totals": []any{}, "supplier": nil,
		"flow":        object{"id": v.Flow.ID, "identifier": v.Flow.Identifier, "type": v.Flow.Type, "label": v.Flow.Title},
		"flow_data":   s.flowData(c, v),
		"extrafields": object{"sale": phpMap(v.Fields), "products": nil}, "bundle": nil,
	}
	if !v.Processed.IsZero() {
		out["processed"] = object{"processed_at": s.stamp(v.Processed), "outgoing_id": orNull(v.OutgoingID), "outgoing_app": orNull(v.Outgoing)}
	}
	if !v.Cancelled.IsZero() {
		out["cancelled"] = object{"cancelled_at": s.stamp(v.Cancelled), "reason": orNull(v.CancelRemark), "cancelled_by": nil}
	}
	if p := v.Product.Supplier; p != nil {
		out["supplier"] = object{"id": p.ID, "identifier": p.Identifier, "label": p.Name}
	}
	if b.has("building_function") {
		out["flow_data_energy"] = energy(b)
	}
	return out
}

func (s *Server) customer(b object) object {
	out := object{
		"gender": orNull(b.text("gender")), "initials": nil, "firstname": b.text("firstname"), "infix": nil, "lastname": b.text("lastname"),
		"birthdate": orNull(b.text("birthdate")), "email": b.text("email"), "phone": b.text("phone"), "business": b.yes("business"),
		"company_name": orNull(b.text("company_name")), "contact_person": orNull(b.text("contact_person")), "coc": orNull(b.text("company_coc")),
		"vat": orNull(b.text("company_vat")), "iban": orNull(b.text("iban")), "iban_holder": orNull(b.text("iban_holder")),
	}
	connection, post := object{}, object{}
	for _, name := range []string{"postcode", "housenumber", "suffix", "streetname", "city"} {
		connection[name], post[name] = orNull(b.text("connection_"+name)), orNull(b.text(name))
	}
	out["address"], out["correspondence_address"] = connection, nil
	if rawJSON(connection) != rawJSON(post) {
		out["correspondence_address"] = post
	}
	return out
}

func (s *Server) creator(v *Sale) object {
	out := object{"user": []any{}, "organisation": nil, "team": nil}
	if u := v.User; u != nil {
		out["user"] = object{"id": u.ID, "username": u.Email, "firstname": u.Firstname, "lastname": u.Lastname}
		if o := u.Organisation; o != nil {
			out["organisation"] = object{"id": o.ID, "identifier": o.Identifier, "label": o.Name}
		}
	} else {
		out["user"] = nil
	}
	return out
}

func (v *Sale) products() []any {
	out := []any{}
	for _, l := range v.lines {
		out = append(out, object{
			"id": l.product.ID, "name": l.product.Name, "type": l.product.Type, "quantity": l.quantity, "vat_type": "exclusive", "vat_percentage": 21,
			"price_data": object{"onetime": object{"price": 0, "subtotal_exclusive_vat": 0}, "monthly": object{"price": 9.95, "subtotal_exclusive_vat": 9.95}},
		})
	}
	return out
}

func energy(b object) object {
	return object{"multisite": false, "sites": []any{object{
		"usage_origin": "manual", "living_working_function": b.yes("building_function"), "bag_function": nil, "address": nil,
		"electricity": object{
			"ean_code": orNull(b.text("electricity_ean")), "double_meter": b.yes("tarifftype"), "usage_single": b["usage_e_single"],
			"usage_normal": b["usage_e_high"], "usage_low": b["usage_e_low"], "return_single": b["return"], "return_normal": b["return_e_high"],
			"return_low": b["return_e_low"], "connection": orNull(b.text("e_connection_type")),
		},
		"gas": object{"ean_code": orNull(b.text("gas_ean")), "usage": b["usage_g"], "connection": orNull(b.text("g_connection_type")), "gasregion": orNull(b.text("g_region"))},
	}}}
}

func (s *Server) flowData(c *call, v *Sale) object {
	questions, agreements := []any{}, []any{}
	data := object(v.Body).object("questionData")
	for _, q := range c.account.questions {
		if value, ok := s.answerOf(c, v, q, data, time.DateOnly); ok {
			questions = append(questions, object{"id": q.ID, "identifier": q.Identifier, "type": q.InputType, "label": q.Name, "value": value})
		}
	}
	accepted := object(v.Body).object("agreements")
	for _, g := range c.account.agreements {
		agreements = append(agreements, object{
			"id": g.ID, "identifier": g.Identifier, "type": "agreement", "label": g.Name, "text": g.Text, "value": accepted.yes(g.Identifier),
		})
	}
	return object{
		"additional_pricing": []any{}, "product_questions": questions, "agreements": agreements, "introduction": nil, "additional_notes": nil,
		"product_subsidies": []any{},
	}
}

// answerOf is an answer as it is read, dates in the given layout. A switch date
// without a day is its option.
func (s *Server) answerOf(c *call, v *Sale, q *Question, data object, layout string) (any, bool) {
	switch q.InputType {
	case "mc-multi":
		if items := data.list(q.Identifier); len(items) > 0 {
			return items, true
		}
		return nil, false
	case "file":
		var files []any
		for _, item := range data.list(q.Identifier) {
			m, _ := item.(map[string]any)
			content, _ := base64.StdEncoding.DecodeString(object(m).text("content"))
			f := File{Name: object(m).text("name"), Content: content}
			files = append(files, object{"name": f.Name, "extension": object(m).text("extension"), "location": s.location(c, "sales", v.ID, f)})
		}
		return files, len(files) > 0
	case "switchdate", "date":
		text := orElse(data.text(q.Identifier), data.text(q.Identifier+"_switchdate_option"))
		return day(text, layout), text != ""
	}
	text := data.text(q.Identifier)
	return text, text != ""
}

func (s *Server) saleRoutes() {
	s.createRoutes()
	s.add(either, "GET /sales", (*Server).listSales)
	s.oneSale(either, "GET /sales/{id}", func(s *Server, c *call, v *Sale) { c.ok(s.full(c, v)) })
	s.oneSale(either, "GET /sales/answers/{id}", func(s *Server, c *call, v *Sale) {
		out := object{}
		for _, q := range c.account.questions {
			if value, ok := s.answerOf(c, v, q, object(v.Body).object("questionData"), "02-01-2006"); ok {
				out[q.Identifier] = value
			}
		}
		if len(out) == 0 {
			c.ok(nil)
			return
		}
		c.ok(out)
	})
	s.oneSale(either, "GET /sales/{id}/products", func(s *Server, c *call, v *Sale) {
		c.ok(object{"sale_id": v.ID, "products": v.products(), "additional_costs": []any{}, "discounts": []any{}, "totals": []any{}})
	})
	s.oneSale(accountOnly, "GET /sales/contract/{id}", func(s *Server, c *call, v *Sale) {
		c.ok(object{"id": v.ID, "contract": object{"content": base64.StdEncoding.EncodeToString(v.contract.Content), "name": v.contract.Name, "mime-type": "application/pdf"}})
	})
	s.oneSale(accountOnly, "GET /sales/{id}/documents", func(s *Server, c *call, v *Sale) {
		out := []any{}
		for _, f := range append([]File{v.contract}, v.documents...) {
			out = append(out, object{"name": f.Name, "location": s.location(c, "sales", v.ID, f)})
		}
		c.ok(out)
	})
	s.oneSale(accountOnly, "GET /sales/{id}/history", func(s *Server, c *call, v *Sale) { c.ok(v.history) })
	s.oneSale(accountOnly, "GET /sales/url/{id}", func(s *Server, c *call, v *Sale) {
		c.ok(object{"admin": s.saleURL(c.account, v.ID, "/admin"), "reseller": s.saleURL(c.account, v.ID, "")})
	})
	s.saleChangeRoutes()
}

func (s *Server) oneSale(in scopes, pattern string, f func(*Server, *call, *Sale)) {
	s.add(in, pattern, func(s *Server, c *call) {
		v := c.sale()
		if v == nil {
			c.notFound()
			return
		}
		f(s, c, v)
	})
}

// offerStatus is a sale as the filter offer_statuses names it; empty for an order.
func (v *Sale) offerStatus() string {
	if !v.Offer {
		return ""
	}
	return orElse(v.OfferAnswer, "open")
}

// organisation is the id of the seller's organisation; empty: none.
func (v *Sale) organisation() string {
	if v.User == nil || v.User.Organisation == nil {
		return ""
	}
	return strconv.Itoa(v.User.Organisation.ID)
}

func (s *Server) listSales(c *call) {
	q := c.r.URL.Query()
	ids, statuses, types := c.queries("sale_ids"), c.queries("statuses"), c.queries("product_types")
	if q.Get("include_concept_sales") == "1" && c.scope != "account" {
		q.Del("include_concept_sales")
	}
	var found []*Sale
	for _, v := range slices.Backward(c.visible()) {
		row := s.saleRow(v)
		switch {
		case !anyOf(ids, row.text("id")), !anyOf(statuses, v.Status), !anyOf(types, v.Product.Type):
		case !anyOf(c.queries("offer_statuses"), v.offerStatus()), !anyOf(c.queries("organisations"), v.organisation()):
		case q.Has("supplier_id") && (v.Product.Supplier == nil || strconv.Itoa(v.Product.Supplier.ID) != q.Get("supplier_id")):
		case q.Has("flow_id") && q.Get("flow_id") != row.text("flow_id"):
		case q.Get("type") == "offer" && !v.Offer, q.Get("type") == "sale" && v.Offer:
		case v.Status == "concept" && q.Get("include_concept_sales") != "1":
		case !s.within(c, map[string]time.Time{
			"created_date": v.Created, "updated_date": v.Updated, "finalized_at": v.Created, "cancelled_date": v.Cancelled, "sent_date": v.Processed,
		}):
		default:
			found = append(found, v)
		}
	}
	show := s.saleRow
	if q.Get("extended") == "true" || q.Get("extended") == "1" {
		show = func(v *Sale) object { return s.full(c, v) }
	}
	page(s, c, found, show)
}
