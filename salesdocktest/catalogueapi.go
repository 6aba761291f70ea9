package salesdocktest

import (
	"encoding/base64"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// mount mounts everything that the server simulates.
func (s *Server) mount() {
	s.add(either, "GET /products", (*Server).listProducts)
	s.add(accountOnly, "POST /products", (*Server).createProduct)
	s.add(either, "GET /products/{id}", (*Server).getProduct)
	s.add(accountOnly, "PUT /products/{id}", (*Server).updateProduct)
	s.add(accountOnly, "DELETE /products/{id}", func(s *Server, c *call) {
		if c.account.product(c.id("id")) == nil {
			c.notFound()
			return
		}
		c.account.removeProduct(c.id("id"))
		c.ok(nil)
	})
	s.add(accountOnly, "PUT /products/{id}/energy", (*Server).updateEnergy)
	for _, kind := range []string{"products", "sales"} {
		s.add(either, "GET /"+kind+"/{id}/documents/download/{ticket}", (*Server).download)
	}
	s.add(either, "GET /suppliers", func(s *Server, c *call) {
		out := []any{}
		for _, v := range c.account.suppliers {
			out = append(out, v.wire())
		}
		c.ok(out)
	})
	s.add(either, "GET /suppliers/{id}", func(s *Server, c *call) {
		v := byID(c.account.suppliers, c.id("id"), func(v *Supplier) int { return v.ID })
		if v == nil {
			c.notFound()
			return
		}
		out := v.wire()
		out["contractor"], out["extrafields"], out["logo"] = "no", []any{}, nil
		out["created_at"], out["updated_at"] = isoStamp(v.created), isoStamp(v.created)
		c.ok(out)
	})
	s.flowRoutes()
	s.peopleRoutes()
	s.saleRoutes()
	s.hookRoutes()
}

func (v *Supplier) wire() object {
	return object{"id": v.ID, "name": v.Name, "text": v.Name, "identifier": v.Identifier, "description": nil, "active": "1"}
}

// row is a product in a list.
func (s *Server) row(p *Product) object {
	out := object{
		"id": p.ID, "name": p.Name, "identifier": p.Identifier, "supplier_id": nil, "supplier_name": nil, "supplier_identifier": nil,
		"type": p.Type, "usp": nil, "description": nil, "cart_info": nil, "business": p.Audience, "active": digit(!p.Inactive),
		"valid_from": nil, "valid_till": nil, "created_at": s.stamp(p.created), "updated_at": s.stamp(p.updated),
	}
	if p.Supplier != nil {
		out["supplier_id"], out["supplier_name"], out["supplier_identifier"] = p.Supplier.ID, p.Supplier.Name, p.Supplier.Identifier
	}
	for _, name := range []string{"usp", "description", "cart_info", "valid_from", "valid_till"} {
		if v, ok := p.Further[name]; ok {
			out[name] = v
		}
	}
	return out
}

func (s *Server) detail(c *call, p *Product) object {
	out := s.row(p)
	delete(out, "cart_info")
	documents := []any{}
	for _, f := range p.Documents {
		documents = append(documents, object{"name": f.Name, "location": s.location(c, "products", p.ID, f)})
	}
	maps.Copy(out, object{
		"main": 1, "image": nil, "duration": nil, "retention": "2", "confirmation_pdf_layout": nil, "price": nil, "price_action": nil,
		"price_action_type": nil, "price_action_value": nil, "price_monthly": nil, "price_monthly_action": nil, "price_monthly_action_type": nil,
		"price_monthly_action_value": nil, "customfields": phpMap(p.Custom), "documents": documents,
	})
	for name, v := range p.Further {
		if name != "cart_info" {
			out[name] = v
		}
	}
	return out
}

func (s *Server) listProducts(c *call) {
	out := []any{}
	q := c.r.URL.Query()
	types := c.queries("types")
	for _, p := range c.account.products {
		wanted := p.Inactive == (q.Get("active") == "0" && c.scope == "account")
		switch {
		case !wanted, !c.user.sees(p), !anyOf(types, p.Type):
		case q.Has("type") && q.Get("type") != p.Type:
		case q.Has("business") && q.Get("business") != p.Audience:
		case q.Has("supplier_id") && (p.Supplier == nil || strconv.Itoa(p.Supplier.ID) != q.Get("supplier_id")):
		case q.Has("q") && !strings.Contains(strings.ToLower(p.Name), strings.ToLower(q.Get("q"))):
		case !s.within(c, map[string]time.Time{"created_date": p.created, "updated_date": p.updated}):
		default:
			out = append(out, s.row(p))
		}
	}
	c.ok(out)
}

// getProduct answers an inactive product in the scope user as if it were not
// there; that is undocumented.
func (s *Server) getProduct(c *call) {
	p := c.account.product(c.id("id"))
	switch {
	case p == nil, p.Inactive && c.scope == "user":
		c.notFound()
	case !c.user.sees(p) && s.cfg.withoutRight == http.StatusNotFound:
		c.notFound()
	case !c.user.sees(p):
		c.fail(s.cfg.withoutRight, "Geen toegang tot dit product.", "No access to this product.")
	default:
		c.ok(s.detail(c, p))
	}
}

// plainMembers are the members of a product that requests set and answers show.
var plainMembers = []string{
	"usp", "description", "duration", "retention", "price", "price_action", "price_monthly", "price_monthly_action",
	"price_monthly_action_value", "valid_from", "valid_till", "image",
}

// missing gives the errors of required members.
func (c *call) missing(names ...string) map[string][]string {
	fields := map[string][]string{}
	for _, name := range names {
		if c.body.text(name) == "" {
			fields[name] = []string{c.say("Dit veld is verplicht.", "The "+name+" field is required.")}
		}
	}
	return fields
}

func (s *Server) createProduct(c *call) {
	fields := c.missing("name", "identifier", "type", "active")
	for _, p := range c.account.products {
		if p.Identifier == c.body.text("identifier") {
			fields["identifier"] = []string{c.say("Deze waarde is al in gebruik.", "The identifier has already been taken.")}
		}
	}
	if len(fields) > 0 {
		c.invalid("Validatie mislukt.", "Validation failed.", fields)
		return
	}
	p := c.account.addProduct(Product{Name: c.body.text("name"), Identifier: c.body.text("identifier"), Type: c.body.text("type")})
	c.account.setProduct(p, c.body)
	c.created(object{"product_id": p.ID})
}

func (a *Account) setProduct(p *Product, body object) {
	p.Name, p.Identifier = orElse(body.text("name"), p.Name), orElse(body.text("identifier"), p.Identifier)
	p.Inactive = !body.yes("active")
	p.Audience = orElse(body.text("business"), p.Audience)
	if id := body.number("supplier_id"); id != 0 {
		p.Supplier = byID(a.suppliers, id, func(v *Supplier) int { return v.ID })
	}
	further := maps.Clone(p.Further)
	if further == nil {
		further = map[string]any{}
	}
	for _, name := range plainMembers {
		if body.has(name) {
			further[name] = body[name]
		}
	}
	p.Further = further
	p.setCustom(body, "cf_")
	if body.has("attachments") {
		p.Documents = nil
		for _, item := range body.list("attachments") {
			m, _ := item.(map[string]any)
			content, _ := base64.StdEncoding.DecodeString(object(m).text("content"))
			p.Documents = append(p.Documents, File{Name: orElse(object(m).text("name"), "attachment."+object(m).text("extension")), Content: content})
		}
	}
}

func (p *Product) setCustom(body object, prefix string) {
	custom := maps.Clone(p.Custom)
	if custom == nil {
		custom = map[string]string{}
	}
	for name := range body {
		if slug, ok := strings.CutPrefix(name, prefix); ok {
			custom[slug] = body.text(name)
		}
	}
	p.Custom = custom
}

func (s *Server) updateProduct(c *call) {
	p := c.account.product(c.id("id"))
	if p == nil {
		c.notFound()
		return
	}
	if fields := c.missing("name", "identifier", "active"); len(fields) > 0 {
		c.invalid("Validatie mislukt.", "Validation failed.", fields)
		return
	}
	before := plainOf(p)
	c.account.setProduct(p, c.body)
	if s.cfg.touchAlways || plainOf(p) != before {
		p.updated = s.now()
	}
	s.emit(c.account, "product.updated", object{"id": p.ID})
	c.ok(object{"product_id": p.ID})
}

func (s *Server) updateEnergy(c *call) {
	p := c.account.product(c.id("id"))
	if p == nil {
		c.notFound()
		return
	}
	if fields := c.missing("type", "active", "product_type"); len(fields) > 0 {
		c.invalid("Validatie mislukt.", "Validation failed.", fields)
		return
	}
	p.setCustom(c.body, "cf_")
	if !c.body.yes("do_not_update_tariffs") {
		tariffs := object{}
		for name, v := range c.body {
			if !strings.HasPrefix(name, "cf_") && name != "active" && name != "type" {
				tariffs[name] = v
			}
		}
		p.setCustom(tariffs, "")
	}
	c.account.touch(p)
	s.emit(c.account, "product.updated", object{"id": p.ID})
	c.ok(nil)
}
