package activecampaign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Record is a record of a custom object.
type Record struct {
	// ID is ActiveCampaign's own. An answer to Upsert may lack it: use ExternalID.
	ID            RecordID      `json:"id"`
	ExternalID    string        `json:"externalId"`
	SchemaID      SchemaID      `json:"schemaId"`
	Fields        []RecordField `json:"fields"`
	Relationships Related       `json:"relationships"`
	Created       Time          `json:"createdTimestamp"`
	Updated       Time          `json:"updatedTimestamp"`
}

// Contacts are the contacts that the record belongs to: one, in most schemas.
func (r Record) Contacts() []ContactID {
	var out []ContactID
	for _, id := range r.Relationships[PrimaryContact] {
		out = append(out, ContactID(id))
	}
	return out
}

// Related are the ids of what a record belongs to, by the relationship's id.
type Related map[string][]Text

// UnmarshalJSON reads an object of lists, as every example has it, an object of
// ids, and a list of such objects, as the specification has it.
func (r *Related) UnmarshalJSON(data []byte) error {
	*r = nil
	var all []map[string]json.RawMessage
	if json.Unmarshal(data, &all) != nil {
		all = make([]map[string]json.RawMessage, 1)
		if err := json.Unmarshal(data, &all[0]); err != nil {
			return err
		}
	}
	for _, one := range all {
		for name, raw := range one {
			var ids []Text
			if json.Unmarshal(raw, &ids) != nil {
				ids = make([]Text, 1)
				if err := json.Unmarshal(raw, &ids[0]); err != nil {
					return err
				}
			}
			if *r == nil {
				*r = Related{}
			}
			(*r)[name] = append((*r)[name], ids...)
		}
	}
	return nil
}

// Value gives the text of a field; "" where it has none or is no scalar.
func (r Record) Value(id string) string {
	for _, f := range r.Fields {
		if sameFieldID(f.ID, id) {
			return f.Text()
		}
	}
	return ""
}

// RecordField is the value of a field of a record.
type RecordField struct {
	ID string `json:"id"`
	// Value is a string (text, textarea, date, datetime, dropdown), a json.Number or
	// any Go number (number), a []string (multiselect), or nil for none. Times are
	// RFC 3339 in UTC. Anything else that arrives is a json.RawMessage.
	Value any `json:"value"`
}

// UnmarshalJSON reads a value as the type that RecordField.Value names.
func (f *RecordField) UnmarshalJSON(data []byte) error {
	var raw struct {
		ID    string          `json:"id"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	f.ID, f.Value = raw.ID, nil
	value := bytes.TrimSpace(raw.Value)
	var text string
	var list []string
	var num json.Number
	switch {
	case len(value) == 0 || bytes.Equal(value, []byte("null")):
	case json.Unmarshal(value, &text) == nil:
		f.Value = text
	case json.Unmarshal(value, &list) == nil:
		f.Value = list
	case json.Unmarshal(value, &num) == nil:
		f.Value = num
	default:
		f.Value = json.RawMessage(value)
	}
	return nil
}

// Text is the value as text; "" for none and for what is no scalar.
func (f RecordField) Text() string {
	switch v := f.Value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	// A number as it would be sent; nothing else begins like one.
	text, err := json.Marshal(f.Value)
	if err != nil || strings.Trim(string(text[:1]), "-0123456789") != "" {
		return ""
	}
	return string(text)
}

// RecordInput is a record to write.
type RecordInput struct {
	ExternalID string // the program's own, unique name of the record. It is required
	Contact    ContactID
	// Fields has to name every field of the schema: ActiveCampaign clears what is
	// left out. A value of nil clears on purpose.
	Fields []RecordField
}

// RecordsService reads and writes records of custom objects.
type RecordsService struct{ service }

const (
	recordsPath  = "/customObjects/records/{schemaId}"
	externalPath = recordsPath + "/external/{externalId}"
)

type oneRecord struct {
	Record Record `json:"record"`
}

// Upsert makes the record with the external id, or replaces it whole
// (POST /customObjects/records/{schemaId}). It refuses, before anything is sent, a
// field that the schema lacks, and a record that leaves out one that it has. A field
// that somebody added since the schema was read is left out unseen, and so cleared:
// read the schema anew now and then, as SchemasService.Ensure does. The
// answer says neither which of the two happened nor, always, the record's own id;
// listings may lack a new record for seconds. It is repeated when no answer comes.
func (s RecordsService) Upsert(ctx context.Context, schema Schema, in RecordInput, opts ...countersign.CallOption) (*Record, error) {
	body, err := in.body(schema)
	if err != nil {
		return nil, err
	}
	c := send(api.IdempotentWrite, "upsert record", http.MethodPost, recordsPath, body, string(schema.ID))
	m, err := api.JSON[oneRecord](ctx, s.api, c, opts...)
	if err != nil {
		return nil, err
	}
	return &m.Record, nil
}

func (in RecordInput) body(schema Schema) (any, error) {
	if in.ExternalID == "" {
		return nil, badConfig("ExternalID", "is empty", "")
	}
	contact, err := number("Contact", string(in.Contact))
	if err != nil {
		return nil, err
	}
	given := map[*SchemaField]bool{}
	fields := []RecordField{}
	for _, f := range in.Fields {
		of := schema.Field(f.ID)
		switch {
		case of == nil:
			return nil, badConfig("Fields", "has "+f.ID+", which the schema lacks", "")
		case given[of]:
			return nil, badConfig("Fields", "has "+f.ID+" twice", "")
		}
		given[of] = true
		if f.Value != nil {
			fields = append(fields, RecordField{of.ID, f.Value})
		}
	}
	for i := range schema.Fields {
		if f := &schema.Fields[i]; !given[f] && f.Status != MarkedForDeletion {
			return nil, badConfig("Fields", "lacks "+f.ID, "name it with the value nil to clear it")
		}
	}
	type record struct {
		ExternalID    string                   `json:"externalId"`
		Fields        []RecordField            `json:"fields"`
		Relationships map[string][]json.Number `json:"relationships"`
	}
	return map[string]record{"record": {in.ExternalID, fields, map[string][]json.Number{PrimaryContact: {contact}}}}, nil
}

// Get reads a record (GET /customObjects/records/{schemaId}/{recordId}).
func (s RecordsService) Get(ctx context.Context, schema SchemaID, id RecordID, opts ...countersign.CallOption) (*Record, error) {
	m, err := api.JSON[oneRecord](ctx, s.api, get("get record", recordsPath+"/{recordId}", string(schema), string(id)), opts...)
	if err != nil {
		return nil, err
	}
	return &m.Record, nil
}

// GetByExternalID reads the record with the external id. ActiveCampaign's
// specification places this call beside the other records' calls under another
// path; the path that its deletion has is tried first, and where it is refused the
// listing is asked, which may lack a new record for seconds.
func (s RecordsService) GetByExternalID(ctx context.Context, schema SchemaID, externalID string, opts ...countersign.CallOption) (*Record, error) {
	const op = "get record by external id"
	m, err := api.JSON[oneRecord](ctx, s.api, get(op, externalPath, string(schema), externalID), opts...)
	if err == nil {
		return &m.Record, nil
	}
	e, ok := errors.AsType[*countersign.Error](err)
	if !ok || !slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed}, e.StatusCode) {
		return nil, err
	}
	p, err := s.List(ctx, schema, RecordQuery{ExternalID: externalID}, opts...)
	if err != nil {
		return nil, err
	}
	for i := range p.Items {
		if p.Items[i].ExternalID == externalID {
			return &p.Items[i], nil
		}
	}
	return nil, notFound(op, externalPath, "no record has the external id")
}

// RecordQuery narrows a listing of records.
type RecordQuery struct {
	Contact    ContactID // records of this contact
	ExternalID string
	PageQuery
}

// List reads a page of a schema's records, oldest first
// (GET /customObjects/records/{schemaId}).
func (s RecordsService) List(ctx context.Context, schema SchemaID, q RecordQuery, opts ...countersign.CallOption) (*countersign.Page[Record], error) {
	v := url.Values{"orders[createdTimestamp]": {"ASC"}}
	if q.Contact != "" {
		v.Set("filters[relationships."+PrimaryContact+"][eq]", string(q.Contact))
	}
	if q.ExternalID != "" {
		v.Set("filters[externalId][eq]", q.ExternalID)
	}
	v, err := q.values(v)
	if err != nil {
		return nil, err
	}
	m, err := api.JSON[struct {
		Records []Record `json:"records"`
		Meta    meta     `json:"meta"`
	}](ctx, s.api, withQuery(get("list records", recordsPath, string(schema)), v), opts...)
	if err != nil {
		return nil, err
	}
	return page(q.PageQuery, m.Records, m.Meta), nil
}

// All goes through the records of all pages. An error ends it.
func (s RecordsService) All(ctx context.Context, schema SchemaID, q RecordQuery, opts ...countersign.CallOption) iter.Seq2[*Record, error] {
	return pages(q.Cursor, func(cursor string) (*countersign.Page[Record], error) {
		q.Cursor = cursor
		return s.List(ctx, schema, q, opts...)
	})
}

// Delete deletes a record (DELETE /customObjects/records/{schemaId}/{recordId}).
// One that is gone is no error where ActiveCampaign says so with a 404; its
// specification names a 400 alone, which gives no reason and is ErrInvalid. It is
// repeated when no answer comes.
func (s RecordsService) Delete(ctx context.Context, schema SchemaID, id RecordID, opts ...countersign.CallOption) error {
	c := send(api.IdempotentWrite, "delete record", http.MethodDelete, recordsPath+"/{recordId}", nil, string(schema), string(id))
	return gone(s.api.Run(ctx, c, nil, opts...))
}

// DeleteByExternalID deletes the record with the external id
// (DELETE /customObjects/records/{schemaId}/external/{externalId}). What Delete says
// of one that is gone holds here too. It is repeated when no answer comes.
func (s RecordsService) DeleteByExternalID(ctx context.Context, schema SchemaID, externalID string, opts ...countersign.CallOption) error {
	c := send(api.IdempotentWrite, "delete record by external id", http.MethodDelete, externalPath, nil, string(schema), externalID)
	return gone(s.api.Run(ctx, c, nil, opts...))
}
