package salesdocktest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sale is a sale of an account.
type Sale struct {
	ID                int
	Status            string
	StatusRemark      string
	Offer             bool
	OfferAnswer       string // "1" accepted, "0" declined, "2" expired; empty: open
	Flow              *Flow
	Product           *Product
	User              *User
	ExternalReference string
	Created, Updated  time.Time
	// Processed is when it was marked as handed over, and Outgoing where it went.
	Processed            time.Time
	OutgoingID, Outgoing string
	Cancelled            time.Time
	CancelRemark         string
	Masked               bool
	// Completed says that it came with a contract, so that nobody was mailed.
	Completed bool
	Fields    map[string]string // extra fields
	// Body is what was sent to make it.
	Body map[string]any

	contract  File
	lines     []line
	documents []File
	history   []object
	optin     bool
	requested bool // made by a request, not by AddSale
	incoming  string
	answered  time.Time // when the customer answered the offer
}

type line struct {
	product  *Product
	quantity int
}

// SaleSeed is a sale that is there without a request.
type SaleSeed struct {
	Flow    *Flow
	Product *Product
	User    *User  // empty: the account's first
	Status  string // empty: "new", or "offer_pending" of offers
	Offer   bool
	// Body holds members of a create request: "firstname", "questionData", ….
	Body     map[string]any
	Contract []byte // empty: a small one
}

// AddSale adds a sale.
func (a *Account) AddSale(seed SaleSeed) int {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	if seed.User == nil && len(a.users) > 0 {
		seed.User = a.users[0]
	}
	body := object{
		"firstname": "Robin", "lastname": "Jansen", "email": "robin@example.com", "phone": "0612345678", "birthdate": "01-02-1980",
		"connection_postcode": "1234AB", "connection_housenumber": 1, "connection_streetname": "Dorpsstraat", "connection_city": "Ons Dorp",
		"postcode": "1234AB", "housenumber": "1", "streetname": "Dorpsstraat", "city": "Ons Dorp", "business": 0,
		"transaction_type": map[bool]string{true: "offer", false: "order"}[seed.Offer],
	}
	maps.Copy(body, seed.Body)
	v := a.makeSale(seed.Flow, seed.Product, seed.User, body)
	v.Status = orElse(seed.Status, v.Status)
	if len(seed.Contract) > 0 {
		v.contract.Content = slices.Clone(seed.Contract)
	}
	return v.ID
}

func (a *Account) makeSale(f *Flow, p *Product, u *User, body object) *Sale {
	now := a.srv.now()
	v := &Sale{
		ID: a.srv.next(), Flow: f, Product: p, User: u, Status: "new", Offer: body.text("transaction_type") == "offer", Created: now, Updated: now,
		ExternalReference: body.text("external_reference"), Completed: body.text("contract_date") != "", Fields: map[string]string{}, Body: body,
		contract: File{Name: "contract.pdf", Content: []byte("%PDF-1.4\n%%EOF\n")},
	}
	if v.Offer {
		v.Status = "offer_pending"
	}
	if a.srv.cfg.referenceIncoming {
		v.incoming = v.ExternalReference
	}
	v.lines = []line{{p, 1}}
	for _, item := range body.list("related_products") {
		m, _ := item.(map[string]any)
		if r := a.product(object(m).number("product_id")); r != nil {
			v.lines = append(v.lines, line{r, max(1, object(m).number("quantity"))})
		}
	}
	v.note(a.srv, "created", "", v.Status, u)
	a.sales = append(a.sales, v)
	return v
}

func (v *Sale) note(s *Server, kind, before, after string, u *User) {
	entry := object{
		"type": kind, "modified_at": s.stamp(s.now()), "previous_status": orNull(before), "new_status": orNull(after), "remark": orNull(v.StatusRemark),
		"user": nil, "type_data": object{"updated_ip": "127.0.0.1", "activities": []any{}},
	}
	if u != nil {
		entry["user"] = object{"id": u.ID, "name": strings.TrimSpace(u.Firstname + " " + u.Lastname)}
	}
	v.history = append(v.history, entry)
}

// Sale gives a copy of one sale; the zero value if there is none.
func (a *Account) Sale(id int) Sale {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	if v := a.sale(id); v != nil {
		return v.copied()
	}
	return Sale{}
}

func (v *Sale) copied() Sale {
	out := *v
	out.Fields, out.Body = maps.Clone(v.Fields), maps.Clone(v.Body)
	return out
}

// Received is the fake's own log of the sales of an account, in the order in
// which they came, for judging duplicates.
func (a *Account) Received() []Sale {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	out := make([]Sale, 0, len(a.sales))
	for _, v := range a.sales {
		out = append(out, v.copied())
	}
	return out
}

// ByReference counts the sales of an account by their external reference.
func (a *Account) ByReference() map[string]int {
	out := map[string]int{}
	for _, v := range a.Received() {
		out[v.ExternalReference]++
	}
	return out
}

// SetStatus changes a sale's status, as a person or a principal's link does.
func (a *Account) SetStatus(id int, status, remark string) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	if v := a.sale(id); v != nil {
		a.setStatus(v, status, remark, nil)
	}
}

func (a *Account) setStatus(v *Sale, status, remark string, by *User) {
	before := v.Status
	v.Status, v.StatusRemark, v.Updated = status, remark, a.srv.now()
	if a.statusType(status) == "cancelled" && v.Cancelled.IsZero() {
		v.Cancelled, v.CancelRemark = a.srv.now(), remark
		a.srv.emit(a, "sale.cancelled", object{"id": v.ID})
	}
	v.note(a.srv, "updated", before, status, by)
}

func (a *Account) statusType(id string) string {
	for _, v := range a.statuses {
		if v.ID == id {
			return v.Type
		}
	}
	return ""
}

// AnswerOffer has the customer accept or decline an offer.
func (a *Account) AnswerOffer(id int, accept bool) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	v := a.sale(id)
	if v == nil || !v.Offer {
		return
	}
	v.OfferAnswer, v.answered = digit(accept), a.srv.now()
	status := "offer_rejected"
	if accept {
		status = "offer_accepted"
		a.srv.emit(a, "offer.accepted", object{"id": id})
	}
	a.setStatus(v, status, "", nil)
}

// MarkHandedOver marks a sale as handed over by an integration of the service's
// own: the id at the other side, and the app "salesdock".
func (a *Account) MarkHandedOver(id int, outgoing string) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	if v := a.sale(id); v != nil {
		v.Processed, v.OutgoingID, v.Outgoing, v.Updated = a.srv.now(), outgoing, "salesdock", a.srv.now()
	}
}

// Anonymise masks a sale for good, as the account's settings do at night. Its
// updated_at moves.
func (a *Account) Anonymise(id int) {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	v := a.sale(id)
	if v == nil {
		return
	}
	body := maps.Clone(object(v.Body))
	for _, name := range []string{
		"firstname", "lastname", "company_name", "contact_person", "postcode", "housenumber", "streetname", "city", "phone", "iban",
		"connection_postcode", "connection_streetname", "connection_city", "connection_suffix", "suffix", "iban_holder", "company_coc", "company_vat",
	} {
		if body.text(name) != "" {
			body[name] = "*****"
		}
	}
	body["email"], body["birthdate"], body["connection_housenumber"] = "****@******.***", nil, ""
	v.Body, v.Masked, v.Updated = body, true, a.srv.now()
	v.note(a.srv, "anonimized", v.Status, v.Status, nil)
}

// visible gives the sales that a user sees: an admin all, others their own.
func (c *call) visible() []*Sale {
	var out []*Sale
	for _, v := range c.account.sales {
		if c.user.admin() || v.User != nil && v.User.ID == c.user.ID {
			out = append(out, v)
		}
	}
	return out
}

func (c *call) sale() *Sale {
	for _, v := range c.visible() {
		if v.ID == c.id("id") || c.values["incoming_id"] != "" && v.incoming == c.values["incoming_id"] {
			return v
		}
	}
	return nil
}

// saleRow is a sale in a list.
func (s *Server) saleRow(v *Sale) object {
	b := object(v.Body)
	out := object{
		"id": v.ID, "user_id": nil, "type": "sale", "sub_type": nil, "offer": digit(v.Offer), "offer_accepted": orNull(v.OfferAnswer),
		"status": v.Status, "verification": "none", "verified": nil, "flow_id": v.Flow.ID, "product_id": v.Product.ID,
		"incoming_id": orNull(v.incoming), "created_at": s.stamp(v.Created), "last_published_at": nil, "finalized_at": s.stamp(v.Created),
		"updated_at": s.stamp(v.Updated), "outgoing_at": s.stamp(v.Processed), "offer_answered_at": s.stamp(v.answered), "verified_at": nil, "valid_till": nil,
		"cancelled_at": s.stamp(v.Cancelled), "status_remark": orNull(v.StatusRemark), "cancelled_remark": orNull(v.CancelRemark),
		"business": digit(b.yes("business")), "company_name": orNull(b.text("company_name")), "source": nil, "source_id": nil,
		"product_name": v.Product.Name, "product_identifier": v.Product.Identifier, "supplier_name": nil, "lead_id": nil, "relation_id": 900_000 + v.ID,
	}
	if v.Offer {
		out["sub_type"] = "offer"
	}
	for _, name := range []string{
		"gender", "firstname", "lastname", "postcode", "housenumber", "streetname", "city", "birthdate", "phone", "email", "iban",
		"connection_postcode", "connection_housenumber", "connection_streetname", "connection_city",
	} {
		out[name] = orNull(b.text(name))
	}
	if u := v.User; u != nil {
		out["user_id"], out["user_firstname"], out["user_lastname"], out["user_email"] = u.ID, u.Firstname, u.Lastname, u.Email
		if o := u.Organisation; o != nil {
			out["organisation_name"], out["organisation_identifier"] = o.Name, o.Identifier
		}
	}
	return out
}

func (s *Server) saleURL(a *Account, id int, admin string) string {
	return production + "/" + a.domain + admin + "/sales/" + strconv.Itoa(id)
}

// day writes a day that was sent as DD-MM-YYYY or YYYY-MM-DD in a layout; other
// texts stay as they are.
func day(text, layout string) string {
	for _, from := range []string{time.DateOnly, "02-01-2006"} {
		if t, err := time.Parse(from, text); err == nil {
			return t.Format(layout)
		}
	}
	return text
}
