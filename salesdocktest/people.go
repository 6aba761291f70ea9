package salesdocktest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) peopleRoutes() {
	s.add(accountOnly, "GET /users", func(s *Server, c *call) { page(s, c, c.account.users, func(u *User) object { return u.wire(c) }) })
	s.add(accountOnly, "POST /invitation", (*Server).invite)
	s.add(accountOnly, "GET /organisations", func(s *Server, c *call) {
		page(s, c, c.account.organisations, func(o *Organisation) object { return o.row() })
	})
	s.add(accountOnly, "POST /organisations", (*Server).createOrganisation)
	s.organisation("GET /organisations/{id}", func(s *Server, c *call, o *Organisation) { c.ok(s.organisationDetail(o)) })
	s.organisation("PUT /organisations/{id}", func(s *Server, c *call, o *Organisation) {
		if fields := c.organisationFaults(o); len(fields) > 0 {
			c.invalid("Validatie mislukt.", "Validation failed.", fields)
			return
		}
		o.Name, o.Identifier, o.fields = c.body.text("name"), c.body.text("identifier"), c.body
		c.ok(object{"organisation_id": o.ID})
	})
	s.organisation("DELETE /organisations/{id}", func(s *Server, c *call, o *Organisation) {
		if slices.ContainsFunc(c.account.users, func(u *User) bool { return u.Organisation == o }) {
			c.invalid("De organisatie heeft nog gebruikers.", "The organisation has users.", nil)
			return
		}
		c.account.organisations = slices.DeleteFunc(c.account.organisations, func(v *Organisation) bool { return v == o })
		c.ok(nil)
	})
	s.organisation("GET /organisations/{id}/products", func(s *Server, c *call, o *Organisation) {
		c.ok(object{"products": o.productIDs()})
	})
	s.organisation("POST /connect-organisation-to-products/{id}", (*Server).connectProducts)
	s.add(accountOnly, "POST /connect-product-to-organisations/{id}", (*Server).connectOrganisations)
}

func (s *Server) organisation(pattern string, f func(*Server, *call, *Organisation)) {
	s.add(accountOnly, pattern, func(s *Server, c *call) {
		o := c.account.organisation(c.id("id"))
		if o == nil {
			c.notFound()
			return
		}
		f(s, c, o)
	})
}

func (u *User) wire(c *call) object {
	out := object{
		"id": u.ID, "firstname": u.Firstname, "lastname": u.Lastname, "email": u.Email, "role": u.Role, "active": digit(!u.Inactive),
		"organisation": nil, "organisation_id": nil, "organisation_identifier": nil, "extrafields": []any{}, "business": false,
	}
	if o := u.Organisation; o != nil && c.query("extended") == "true" {
		out["organisation"] = object{"id": o.ID, "identifier": o.Identifier, "name": o.Name}
		delete(out, "organisation_id")
		delete(out, "organisation_identifier")
	} else if o != nil {
		out["organisation"], out["organisation_id"], out["organisation_identifier"] = o.Name, o.ID, o.Identifier
	}
	return out
}

// invite has its own shape of errors, without success and code.
func (s *Server) invite(c *call) {
	fields := c.missing("email", "role", "organisation_id")
	if r := c.body.text("role"); r != "" && !slices.Contains([]string{"agent", "teamleader", "organisationadmin", "admin"}, r) {
		fields["role"] = []string{"The selected role is invalid."}
	}
	if len(fields) == 0 && c.account.organisation(c.body.number("organisation_id")) == nil {
		fields["organisation_id"] = []string{"The selected organisation id is invalid."}
	}
	if len(fields) > 0 {
		answer(c.w, http.StatusUnprocessableEntity, object{"message": "The given data was invalid.", "errors": fields})
		return
	}
	c.account.invited = append(c.account.invited, Invitation{c.body.text("email"), c.body.text("role"), c.body.number("organisation_id")})
	c.ok(nil)
}

func (o *Organisation) row() object {
	return object{
		"id": o.ID, "name": o.Name, "identifier": o.Identifier, "company_name": orNull(o.fields.text("company_name")),
		"contact_person": orNull(o.fields.text("contact_person")), "email": orNull(o.fields.text("email")),
		"phone": orNull(o.fields.text("phone")), "extrafields": []any{},
	}
}

func (s *Server) organisationDetail(o *Organisation) object {
	out := o.row()
	for _, name := range []string{"description", "sales_channel", "postcode", "housenumber", "suffix", "streetname", "city", "coc", "vat", "website"} {
		out[name] = orNull(o.fields.text(name))
	}
	out["text"], out["partner"], out["contractor"], out["logo"] = o.Name, "no", yesNo(o.fields.yes("contractor")), nil
	out["created_at"], out["updated_at"] = s.dutchStamp(o.created), s.dutchStamp(o.created)
	return out
}

func (c *call) organisationFaults(own *Organisation) map[string][]string {
	names := []string{"name", "identifier"}
	if c.body.yes("contractor") {
		names = append(names, "company_name", "email", "contact_person", "postcode", "housenumber", "streetname", "city")
	}
	fields := c.missing(names...)
	for _, o := range c.account.organisations {
		if o != own && strings.EqualFold(o.Identifier, c.body.text("identifier")) {
			fields["identifier"] = []string{c.say("Deze waarde is al in gebruik.", "The identifier has already been taken.")}
		}
	}
	return fields
}

func (s *Server) createOrganisation(c *call) {
	if fields := c.organisationFaults(nil); len(fields) > 0 {
		c.invalid("Validatie mislukt.", "Validation failed.", fields)
		return
	}
	o := c.account.addOrganisation(c.body.text("name"), c.body.text("identifier"), c.body)
	c.created(object{"organisation_id": o.ID})
}

// connectProducts connects all products when the list is absent, and none when it
// is empty.
func (s *Server) connectProducts(c *call, o *Organisation) {
	ids := c.body.ints("products")
	if !c.body.has("products") {
		ids = nil
		for _, p := range c.account.products {
			ids = append(ids, p.ID)
		}
	} else if _, isList := c.body["products"].([]any); !isList {
		c.invalid("Validatie mislukt.", "Validation failed.", map[string][]string{"products": {"The products must be an array."}})
		return
	}
	for _, id := range ids {
		if c.account.product(id) == nil {
			c.invalid("Ongeldig product", "Invalid product", nil)
			return
		}
	}
	if !s.cfg.connectAdds {
		clear(o.products)
	}
	for _, id := range ids {
		o.products[id] = true
	}
	for _, p := range c.account.products {
		c.account.touch(p)
	}
	c.ok(object{"organisation_id": o.ID, "products": o.productIDs()})
}

func (s *Server) connectOrganisations(c *call) {
	p := c.account.product(c.id("id"))
	if p == nil {
		c.notFound()
		return
	}
	ids := c.body.ints("organisations")
	if _, isList := c.body["organisations"].([]any); c.body.has("organisations") && !isList {
		c.invalid("Validatie mislukt.", "Validation failed.", map[string][]string{"organisations": {"The organisations must be an array."}})
		return
	}
	if slices.ContainsFunc(ids, func(id int) bool { return c.account.organisation(id) == nil }) {
		c.invalid("Ongeldige organisatie", "Invalid organisation", nil)
		return
	}
	connected := []int{}
	for _, o := range c.account.organisations {
		switch {
		case !c.body.has("organisations") || slices.Contains(ids, o.ID):
			o.products[p.ID] = true
		case !s.cfg.connectAdds:
			delete(o.products, p.ID)
		}
		if o.products[p.ID] {
			connected = append(connected, o.ID)
		}
	}
	c.account.touch(p)
	c.ok(object{"product_id": p.ID, "organisations": connected})
}

// productIDs gives the products that an organisation may sell; [] for none.
func (o *Organisation) productIDs() []int {
	out := slices.AppendSeq([]int{}, maps.Keys(o.products))
	slices.Sort(out)
	return out
}
