package activecampaign

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// FieldType is the kind of a custom field. Values that this package does not
// know are kept.
type FieldType string

// The types ("Create a contact custom field").
const (
	FieldText     FieldType = "text"
	FieldTextarea FieldType = "textarea"
	FieldDate     FieldType = "date"
	FieldDatetime FieldType = "datetime"
	FieldDropdown FieldType = "dropdown"
	FieldRadio    FieldType = "radio"
	FieldCheckbox FieldType = "checkbox"
	FieldListbox  FieldType = "listbox"
	FieldHidden   FieldType = "hidden"
	FieldNumber   FieldType = "number"
)

// Field is a custom field of contacts.
type Field struct {
	ID             FieldID       `json:"id"`
	Title          string        `json:"title"`
	Description    Text          `json:"descript"`
	Type           FieldType     `json:"type"`
	Required       Bool          `json:"isrequired"`
	PersonalizeTag string        `json:"perstag"` // "CITY", as in %CITY%
	Default        Text          `json:"defval"`
	Visible        Bool          `json:"visible"`
	Order          Int           `json:"ordernum"`
	Created        Time          `json:"cdate"`
	Updated        Time          `json:"udate"`
	Options        []FieldOption `json:"-"` // of dropdown, radio, checkbox and listbox
	// Lists are the lists whose contacts show the field; AllLists among them means
	// every contact. A field without AllLists is not shown on a contact that is on
	// no list.
	Lists []ListID `json:"-"`
	Extra Extra    `json:"-"`
}

// UnmarshalJSON keeps the members that have no field in Extra.
func (f *Field) UnmarshalJSON(data []byte) (err error) {
	type plain Field
	f.Extra, err = unmarshalExtra(data, (*plain)(f))
	return err
}

// FieldOption is a choice of a field. Values are written by Value, not by ID.
type FieldOption struct {
	ID      FieldOptionID `json:"id"`
	Field   FieldID       `json:"field"`
	Value   string        `json:"value"`
	Label   Text          `json:"label"`
	Order   Int           `json:"orderid"`
	Default Bool          `json:"isdefault"`
}

// FieldValue is the value of a field on one contact.
type FieldValue struct {
	ID      FieldValueID `json:"id"`
	Contact ContactID    `json:"contact"`
	Field   FieldID      `json:"field"`
	Value   Text         `json:"value"`
	Created Time         `json:"cdate"`
	Updated Time         `json:"udate"`
}

// FieldRelation says that the contacts of a list show a field.
type FieldRelation struct {
	ID    FieldRelationID `json:"id"`
	Field FieldID         `json:"field"`
	List  ListID          `json:"relid"`
}

// AllLists stands for every list, and for contacts on none.
const AllLists ListID = "0"

// FieldsService reads the custom fields of contacts and writes their values. It
// makes no fields: those are the account's own to design.
type FieldsService struct{ service }

type fieldList struct {
	Fields    []Field         `json:"fields"`
	Options   []FieldOption   `json:"fieldOptions"`
	Relations []FieldRelation `json:"fieldRels"`
	Meta      meta            `json:"meta"`
}

// joined puts options and relations into their fields.
func (l *fieldList) joined() []Field {
	for i := range l.Fields {
		f := &l.Fields[i]
		for _, o := range l.Options {
			if o.Field == f.ID {
				f.Options = append(f.Options, o)
			}
		}
		for _, r := range l.Relations {
			if r.Field == f.ID {
				f.Lists = append(f.Lists, r.List)
			}
		}
	}
	return l.Fields
}

func (s FieldsService) page(ctx context.Context, v url.Values, q PageQuery, opts []countersign.CallOption) (*countersign.Page[Field], error) {
	v, err := q.values(v)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[fieldList](ctx, s.api, withQuery(get("list fields", "/fields"), v), opts...)
	if err != nil {
		return nil, err
	}
	return page(q, m.joined(), m.Meta), nil
}

// All goes through the fields of all pages, with options and lists
// (GET /fields). An error ends it.
func (s FieldsService) All(ctx context.Context, opts ...countersign.CallOption) iter.Seq2[*Field, error] {
	return pages("", func(cursor string) (*countersign.Page[Field], error) {
		return s.page(ctx, nil, PageQuery{Cursor: cursor}, opts)
	})
}

// List reads all fields, with options and lists (GET /fields).
func (s FieldsService) List(ctx context.Context, opts ...countersign.CallOption) ([]Field, error) {
	return collect(s.All(ctx, opts...))
}

// FindByTag reads the field with the personalisation tag, in capitals and
// without percent signs; ErrNotFound where there is none (GET /fields).
func (s FieldsService) FindByTag(ctx context.Context, tag string, opts ...countersign.CallOption) (*Field, error) {
	if tag == "" {
		return nil, badConfig("tag", "is empty", "")
	}
	p, err := s.page(ctx, url.Values{"filters[perstag]": {tag}}, PageQuery{}, opts)
	if err != nil {
		return nil, err
	}
	for i := range p.Items {
		if p.Items[i].PersonalizeTag == tag {
			return &p.Items[i], nil
		}
	}
	return nil, notFound("find field", "/fields", "no field has the personalisation tag")
}

// Get reads one field, with options and lists (GET /fields/{id}).
func (s FieldsService) Get(ctx context.Context, id FieldID, opts ...countersign.CallOption) (*Field, error) {
	m, err := api.JSON[struct {
		Field     Field           `json:"field"`
		Options   []FieldOption   `json:"fieldOptions"`
		Relations []FieldRelation `json:"fieldRels"`
	}](ctx, s.api, get("get field", "/fields/{id}", string(id)), opts...)
	if err != nil {
		return nil, err
	}
	l := fieldList{Fields: []Field{m.Field}, Options: m.Options, Relations: m.Relations}
	return &l.joined()[0], nil
}

// Relate has the contacts of a list show the field, or every contact with
// AllLists (POST /fieldRels). It is sent once.
func (s FieldsService) Relate(ctx context.Context, field FieldID, list ListID, opts ...countersign.CallOption) (*FieldRelation, error) {
	f, err := number("field", string(field))
	if err != nil {
		return nil, err
	}
	l, err := number("list", string(list))
	if err != nil {
		return nil, err
	}
	body := map[string]any{"fieldRel": map[string]json.Number{"field": f, "relid": l}}
	m, err := api.JSON[struct {
		Relation FieldRelation `json:"fieldRel"`
	}](ctx, s.api, send(api.Write, "relate field", http.MethodPost, "/fieldRels", body), opts...)
	if err != nil {
		return nil, err
	}
	return &m.Relation, nil
}

// SetValue writes the value of a field on a contact (POST /fieldValues); unlike
// ContactsService.Sync it refuses a field that does not exist. It is repeated
// when no answer comes.
func (s FieldsService) SetValue(ctx context.Context, contact ContactID, field FieldID, value string, opts ...countersign.CallOption) (*FieldValue, error) {
	return s.writeValue(ctx, send(api.IdempotentWrite, "set field value", http.MethodPost, "/fieldValues", valueBody(contact, field, value)), opts)
}

// UpdateValue changes a value that exists (PUT /fieldValues/{id}). It is repeated
// when no answer comes.
func (s FieldsService) UpdateValue(ctx context.Context, id FieldValueID, contact ContactID, field FieldID, value string, opts ...countersign.CallOption) (*FieldValue, error) {
	return s.writeValue(ctx, send(api.IdempotentWrite, "update field value", http.MethodPut, "/fieldValues/{id}", valueBody(contact, field, value), string(id)), opts)
}

func valueBody(contact ContactID, field FieldID, value string) any {
	return map[string]any{"fieldValue": map[string]string{"contact": string(contact), "field": string(field), "value": value}}
}

type oneValue struct {
	Value FieldValue `json:"fieldValue"`
}

func (s FieldsService) writeValue(ctx context.Context, c api.Call, opts []countersign.CallOption) (*FieldValue, error) {
	m, err := api.JSON[oneValue](ctx, s.api, c, opts...)
	if err != nil {
		return nil, err
	}
	return &m.Value, nil
}

// GetValue reads one value (GET /fieldValues/{id}).
func (s FieldsService) GetValue(ctx context.Context, id FieldValueID, opts ...countersign.CallOption) (*FieldValue, error) {
	return s.writeValue(ctx, get("get field value", "/fieldValues/{id}", string(id)), opts)
}

// DeleteValue takes a value away (DELETE /fieldValues/{id}). ActiveCampaign answers
// one that is gone as it answers a key without the right: ErrForbidden. It is
// repeated when no answer comes.
func (s FieldsService) DeleteValue(ctx context.Context, id FieldValueID, opts ...countersign.CallOption) error {
	return gone(s.api.Run(ctx, send(api.IdempotentWrite, "delete field value", http.MethodDelete, "/fieldValues/{id}", nil, string(id)), nil, opts...))
}

// ValueQuery narrows FindValues.
type ValueQuery struct {
	Field FieldID
	Value string // exact; "": any
	PageQuery
}

// FindValues reads a page of the values of a field on all contacts
// (GET /fieldValues).
func (s FieldsService) FindValues(ctx context.Context, q ValueQuery, opts ...countersign.CallOption) (*countersign.Page[FieldValue], error) {
	v := url.Values{}
	if q.Field != "" {
		v.Set("filters[fieldid]", string(q.Field))
	}
	if q.Value != "" {
		v.Set("filters[val]", q.Value)
	}
	v, err := q.values(v)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[struct {
		Values []FieldValue `json:"fieldValues"`
		Meta   meta         `json:"meta"`
	}](ctx, s.api, withQuery(get("find field values", "/fieldValues"), v), opts...)
	if err != nil {
		return nil, err
	}
	return page(q.PageQuery, m.Values, m.Meta), nil
}
