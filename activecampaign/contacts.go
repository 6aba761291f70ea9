package activecampaign

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Contact is a contact. Of calls that change one it holds only what
// ActiveCampaign repeats; ContactsService.Get gives the whole.
type Contact struct {
	ID         ContactID `json:"id"`
	Email      string    `json:"email"`
	FirstName  Text      `json:"firstName"`
	LastName   Text      `json:"lastName"`
	Phone      Text      `json:"phone"` // as somebody typed it; never a number
	Created    Time      `json:"cdate"`
	Updated    Time      `json:"udate"`
	Deleted    Bool      `json:"deleted"`
	Anonymized Bool      `json:"anonymized"`
	Extra      Extra     `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (c *Contact) UnmarshalJSON(data []byte) (err error) {
	type plain Contact
	c.Extra, err = unmarshalExtra(data, (*plain)(c))
	return err
}

// MarshalJSON writes the members of Extra too.
func (c Contact) MarshalJSON() ([]byte, error) {
	type plain Contact
	return marshalExtra(plain(c), c.Extra)
}

// ContactInput is what to write about a contact: nil leaves a member as it is,
// new("") clears it. Fields that are not named keep their values.
type ContactInput struct {
	Email     string // required, but for Update, where "" keeps it
	FirstName *string
	LastName  *string
	Phone     *string
	// Fields are values of custom fields. ActiveCampaign ignores a field that it
	// does not know without a word: take the ids from FieldsService.List.
	Fields []FieldInput
}

// FieldInput is the value of a custom field. "" clears it; see Field.Check for
// how values of each type are written.
type FieldInput struct {
	Field FieldID `json:"field"`
	Value string  `json:"value"`
}

type contactBody struct {
	Email     string       `json:"email,omitempty"`
	FirstName *string      `json:"firstName,omitempty"`
	LastName  *string      `json:"lastName,omitempty"`
	Phone     *string      `json:"phone,omitempty"`
	Fields    []FieldInput `json:"fieldValues,omitempty"`
}

func (in ContactInput) body(emailRequired bool) (any, error) {
	if emailRequired || in.Email != "" {
		if err := checkEmail("Email", in.Email); err != nil {
			return nil, err
		}
	}
	for _, f := range in.Fields {
		if _, err := number("Fields.Field", string(f.Field)); err != nil {
			return nil, err
		}
	}
	return map[string]contactBody{"contact": {in.Email, in.FirstName, in.LastName, in.Phone, in.Fields}}, nil
}

// checkEmail finds what can't be an address; ActiveCampaign judges the rest.
func checkEmail(field, s string) error {
	switch at := strings.LastIndexByte(s, '@'); {
	case s == "":
		return badConfig(field, "is empty", "")
	case at <= 0 || at == len(s)-1 || strings.ContainsAny(s, " \t\r\n"):
		return badConfig(field, "is not an address", "")
	}
	return nil
}

// SameEmail reports whether two addresses are one contact's: ActiveCampaign
// compares them without regard to case.
func SameEmail(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// Creation says whether a Sync made the contact, as far as the answer shows it.
type Creation int

// What Synced.Creation says.
const (
	CreationUnknown Creation = iota
	ContactCreated
	ContactExisted
)

// String gives "unknown", "created" or "existed".
func (c Creation) String() string {
	if c < CreationUnknown || c > ContactExisted {
		c = CreationUnknown
	}
	return [...]string{"unknown", "created", "existed"}[c]
}

// Synced is a contact that was written.
type Synced struct {
	Contact     Contact
	FieldValues []FieldValue // those that this call wrote; a field that is missing here was ignored
	// Creation is a best effort: status 200 means that the contact existed, and 201
	// that it was made, unless its two times differ. Accounts that answer 201
	// always are known.
	Creation Creation
}

// ContactsService reads and writes contacts.
type ContactsService struct{ service }

type oneContact struct {
	Contact     Contact      `json:"contact"`
	FieldValues []FieldValue `json:"fieldValues"`
}

// Sync makes the contact with the address, or updates it (POST /contact/sync). It
// is repeated when no answer comes.
func (s ContactsService) Sync(ctx context.Context, in ContactInput, opts ...countersign.CallOption) (*Synced, error) {
	body, err := in.body(true)
	if err != nil {
		return nil, err
	}
	opts, meta, done := withMeta(opts)
	defer done()
	m, err := api.JSON[oneContact](ctx, s.api, send(api.IdempotentWrite, "sync contact", http.MethodPost, "/contact/sync", body), opts...)
	if err != nil {
		return nil, err
	}
	return &Synced{m.Contact, m.FieldValues, creation(meta.StatusCode, m.Contact)}, nil
}

func creation(status int, c Contact) Creation {
	switch {
	case status == http.StatusOK:
		return ContactExisted
	case status != http.StatusCreated || c.Created.IsZero() || c.Updated.IsZero():
		return CreationUnknown
	case c.Created.Equal(c.Updated.Time):
		return ContactCreated
	}
	return ContactExisted
}

// Create makes a contact (POST /contacts); ErrDuplicate where the address has one.
// It is sent once. Sync is what most programs want.
func (s ContactsService) Create(ctx context.Context, in ContactInput, opts ...countersign.CallOption) (*Contact, error) {
	body, err := in.body(true)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[oneContact](ctx, s.api, send(api.Write, "create contact", http.MethodPost, "/contacts", body), opts...)
	if err != nil {
		return nil, err
	}
	return &m.Contact, nil
}

// Update changes a contact (PUT /contacts/{id}); ErrDuplicate where the new
// address has another one. It is repeated when no answer comes.
func (s ContactsService) Update(ctx context.Context, id ContactID, in ContactInput, opts ...countersign.CallOption) (*Contact, error) {
	body, err := in.body(false)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[oneContact](ctx, s.api, send(api.IdempotentWrite, "update contact", http.MethodPut, "/contacts/{id}", body, string(id)), opts...)
	if err != nil {
		return nil, err
	}
	return &m.Contact, nil
}

// ContactDetails is a contact with what ActiveCampaign keeps about it.
type ContactDetails struct {
	Contact     Contact
	FieldValues []FieldValue
	Enrolments  []Enrolment
}

// Get reads a contact with its field values (GET /contacts/{id}).
func (s ContactsService) Get(ctx context.Context, id ContactID, opts ...countersign.CallOption) (*ContactDetails, error) {
	m, err := api.JSON[struct {
		oneContact
		Enrolments []Enrolment `json:"contactAutomations"`
	}](ctx, s.api, get("get contact", "/contacts/{id}", string(id)), opts...)
	if err != nil {
		return nil, err
	}
	return &ContactDetails{m.Contact, m.FieldValues, m.Enrolments}, nil
}

// FindByEmail reads the contact with the address (GET /contacts); ErrNotFound
// where there is none.
func (s ContactsService) FindByEmail(ctx context.Context, email string, opts ...countersign.CallOption) (*Contact, error) {
	if err := checkEmail("email", email); err != nil {
		return nil, err
	}
	const op = "find contact"
	m, err := api.JSON[contactList](ctx, s.api, withQuery(get(op, "/contacts"), url.Values{"email": {email}}), opts...)
	if err != nil {
		return nil, err
	}
	for i := range m.Contacts {
		if SameEmail(m.Contacts[i].Email, email) {
			return &m.Contacts[i], nil
		}
	}
	return nil, notFound(op, "/contacts", "no contact has the address")
}

// Delete deletes a contact (DELETE /contacts/{id}). One that is gone is no error.
// It is repeated when no answer comes.
func (s ContactsService) Delete(ctx context.Context, id ContactID, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "delete contact", http.MethodDelete, "/contacts/{id}", nil, string(id)), nil, opts...))
}

// FieldValues reads the values of the contact's custom fields
// (GET /contacts/{id}/fieldValues).
func (s ContactsService) FieldValues(ctx context.Context, id ContactID, opts ...countersign.CallOption) ([]FieldValue, error) {
	m, err := api.JSON[struct {
		Values []FieldValue `json:"fieldValues"`
	}](ctx, s.api, get("list field values", "/contacts/{id}/fieldValues", string(id)), opts...)
	if err != nil {
		return nil, err
	}
	return m.Values, nil
}

// Tags reads the tags on the contact (GET /contacts/{id}/contactTags).
func (s ContactsService) Tags(ctx context.Context, id ContactID, opts ...countersign.CallOption) ([]ContactTag, error) {
	m, err := api.JSON[struct {
		Tags []ContactTag `json:"contactTags"`
	}](ctx, s.api, get("list contact tags", "/contacts/{id}/contactTags", string(id)), opts...)
	if err != nil {
		return nil, err
	}
	return m.Tags, nil
}

// Enrolments reads the contact's runs through automations, ended ones too
// (GET /contacts/{id}/contactAutomations).
func (s ContactsService) Enrolments(ctx context.Context, id ContactID, opts ...countersign.CallOption) ([]Enrolment, error) {
	m, err := api.JSON[enrolmentList](ctx, s.api, get("list enrolments", "/contacts/{id}/contactAutomations", string(id)), opts...)
	if err != nil {
		return nil, err
	}
	return m.Enrolments, nil
}

// Notes reads the notes on the contact (GET /contacts/{id}/notes).
func (s ContactsService) Notes(ctx context.Context, id ContactID, opts ...countersign.CallOption) ([]Note, error) {
	m, err := api.JSON[struct {
		Notes []Note `json:"notes"`
	}](ctx, s.api, get("list notes", "/contacts/{id}/notes", string(id)), opts...)
	if err != nil {
		return nil, err
	}
	return m.Notes, nil
}

// ContactQuery narrows a listing of contacts; zero values ask for everything.
type ContactQuery struct {
	EmailLike                   string // a part of the address
	Search                      string // in names, addresses, organisations
	TagID                       TagID
	AutomationID                AutomationID
	CreatedAfter, CreatedBefore countersign.Date // days: ActiveCampaign looks no closer
	UpdatedAfter, UpdatedBefore countersign.Date
	Cursor                      string // Page.Next of the page before
	Limit                       int    // 0: 100, which is the most
}

type contactList struct {
	Contacts []Contact `json:"contacts"`
	Meta     meta      `json:"meta"`
}

func (q ContactQuery) values() (url.Values, int, error) {
	v := url.Values{"orders[id]": {"ASC"}}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("email_like", q.EmailLike)
	set("search", q.Search)
	set("tagid", string(q.TagID))
	set("seriesid", string(q.AutomationID))
	set("filters[created_after]", q.CreatedAfter.String())
	set("filters[created_before]", q.CreatedBefore.String())
	set("filters[updated_after]", q.UpdatedAfter.String())
	set("filters[updated_before]", q.UpdatedBefore.String())
	if q.Cursor != "" {
		after, err := number("Cursor", q.Cursor)
		if err != nil {
			return nil, 0, err
		}
		v.Set("id_greater", after.String())
	}
	limit, err := pageSize(q.Limit)
	v.Set("limit", strconv.Itoa(limit))
	return v, limit, err
}

// List reads a page of contacts, by rising id (GET /contacts). Its cursor is the
// last id, since ActiveCampaign is slow at offsets in large accounts; Page.Total
// is of what is left from the cursor on.
func (s ContactsService) List(ctx context.Context, q ContactQuery, opts ...countersign.CallOption) (*countersign.Page[Contact], error) {
	const op = "list contacts"
	v, limit, err := q.values()
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[contactList](ctx, s.api, withQuery(get(op, "/contacts"), v), opts...)
	if err != nil {
		return nil, err
	}
	page := &countersign.Page[Contact]{Items: m.Contacts, Total: m.Meta.total()}
	if len(m.Contacts) < limit {
		return page, nil
	}
	page.Next = string(m.Contacts[len(m.Contacts)-1].ID)
	if !rises(q.Cursor, page.Next) {
		return nil, badPage(op, "the ids do not rise")
	}
	return page, nil
}

// rises reports whether the id next comes after the id before; "" comes first.
func rises(before, next string) bool {
	b, n := strings.TrimLeft(before, "0"), strings.TrimLeft(next, "0")
	return strings.Trim(n, "0123456789") == "" && (len(n) > len(b) || len(n) == len(b) && n > b)
}

// All goes through the contacts of all pages, by rising id. An error ends it.
func (s ContactsService) All(ctx context.Context, q ContactQuery, opts ...countersign.CallOption) iter.Seq2[*Contact, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Contact], error) {
		q.Cursor = cursor
		return s.List(ctx, q, opts...)
	})
}
