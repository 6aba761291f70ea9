package activecampaign_test

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
)

const schemaJSON = `{"id":"s1","slug":"envelope","visibility":"private","labels":{"singular":"Envelope","plural":"Envelopes"},"createdTimestamp":"2026-03-19T18:23:17.153996399Z",` +
	`"fields":[{"id":"status","labels":{"singular":"Status","plural":"Statuses"},"type":"text","required":false,"inherited":true}],` +
	`"icons":{"default":"u"},"relationships":[{"id":"primary-contact","labels":{"singular":"Primary Contact","plural":"Primary Contacts"},"description":"Primary contact to this object","namespace":"contacts","hasMany":false}]}`

func theSchema() activecampaign.Schema {
	return activecampaign.Schema{
		ID: "s1", Slug: "envelope", Visibility: "private", Labels: activecampaign.Labels{Singular: "Envelope", Plural: "Envelopes"},
		Created: activecampaign.Time{Time: time.Date(2026, 3, 19, 18, 23, 17, 153996399, time.UTC)},
		Fields: []activecampaign.SchemaField{{
			ID: "status", Labels: activecampaign.Labels{Singular: "Status", Plural: "Statuses"}, Type: activecampaign.SchemaText,
			Extra: activecampaign.Extra{"inherited": []byte("true")},
		}},
		Relationships: []activecampaign.Relationship{activecampaign.ToContact()},
		Extra:         activecampaign.Extra{"icons": []byte(`{"default":"u"}`)},
	}
}

func schemaEndpoints() []endpoint {
	want := theSchema()
	const path = "/customObjects/schemas"
	const body = `{"schema":{"slug":"envelope","labels":{"singular":"Envelope","plural":"Envelopes"},"fields":[{"id":"status","labels":{"singular":"Status","plural":"Statuses"},"type":"text","required":false,"inherited":true}],` +
		`"relationships":[{"id":"primary-contact","labels":{"singular":"Primary Contact","plural":"Primary Contacts"},"description":"Primary contact to this object","namespace":"contacts","hasMany":false}]}}`
	list := `{"schemas":[` + schemaJSON + `],"meta":{"total":1,"count":1,"limit":100,"offset":0}}`
	return []endpoint{
		{
			name: "list schemas", method: "GET", path: path + "?limit=1&offset=0", answer: list,
			call: func(x ctx, c cl) (any, error) {
				return c.Schemas.List(x, activecampaign.SchemaQuery{PageQuery: activecampaign.PageQuery{Limit: 1}})
			},
			want: &countersign.Page[activecampaign.Schema]{Items: []activecampaign.Schema{want}, Total: 1},
		},
		{
			name: "find schema", method: "GET", path: path + "?limit=100&offset=0&showFields=all", answer: list,
			call: func(x ctx, c cl) (any, error) { return c.Schemas.FindBySlug(x, "envelope") }, want: &want,
		},
		{
			name: "get schema", method: "GET", path: path + "/s1", answer: `{"schema":` + schemaJSON + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Schemas.Get(x, "s1") }, want: &want,
		},
		{
			name: "create schema", method: "POST", path: path, body: body, status: 201, once: true, answer: `{"schema":` + schemaJSON + `}`,
			call: func(x ctx, c cl) (any, error) { return created(c.Schemas.Create(x, theSchema())) }, want: &want,
		},
		{
			name: "update schema", method: "PUT", path: path + "/s1", body: body, answer: `{"schema":` + schemaJSON + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Schemas.Update(x, "s1", theSchema()) }, want: &want,
		},
		{
			name: "validate schema", method: "PUT", path: path + "/s1", body: body, header: "validateOnly: true", reads: true, answer: `{"schema":` + schemaJSON + `}`,
			call: func(x ctx, c cl) (any, error) { return none(c.Schemas.Validate(x, "s1", theSchema())) },
		},
		{
			name: "delete schema", method: "DELETE", path: path + "/s1", silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Schemas.Delete(x, "s1")) },
		},
		{
			name: "delete schema field", method: "DELETE", path: path + "/s1/fields/status", status: 202, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Schemas.DeleteField(x, "s1", "status")) },
		},
	}
}

// created gives a refusal of the call that makes a schema the kind that it has
// everywhere else: 403 and 404 mean there that the plan has no custom objects.
func created(s *activecampaign.Schema, err error) (any, error) {
	if e, ok := errors.AsType[*countersign.Error](err); ok && e.StatusCode == 404 {
		e.Kind = countersign.ErrNotFound
	}
	return s, err
}

func recordEndpoints() []endpoint {
	const path = "/customObjects/records/s1"
	const record = `{"id":"r1","externalId":"e/1","schemaId":"s1","fields":[{"id":"status","value":"sent"},{"id":"pages","value":100},{"id":"tags","value":["a"]},{"id":"price","value":{"amount":1}},{"id":"none","value":null}],` +
		`"relationships":{"primary-contact":["14"]},"createdTimestamp":"2026-03-19T18:23:17.153Z"}`
	want := activecampaign.Record{
		ID: "r1", ExternalID: "e/1", SchemaID: "s1", Created: activecampaign.Time{Time: time.Date(2026, 3, 19, 18, 23, 17, 153e6, time.UTC)},
		Fields: []activecampaign.RecordField{
			{ID: "status", Value: "sent"}, {ID: "pages", Value: json.Number("100")}, {ID: "tags", Value: []string{"a"}},
			{ID: "price", Value: json.RawMessage(`{"amount":1}`)}, {ID: "none"},
		},
		Relationships: map[string][]activecampaign.Text{"primary-contact": {"14"}},
	}
	list := `{"records":[` + record + `],"meta":{"total":5,"count":1,"limit":1,"offset":0}}`
	return []endpoint{
		{
			name: "upsert record", method: "POST", path: path, status: 201, answer: `{"record":` + record + `}`,
			body: `{"record":{"externalId":"e/1","fields":[{"id":"status","value":"sent"}],"relationships":{"primary-contact":[14]}}}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Records.Upsert(x, theSchema(), activecampaign.RecordInput{ExternalID: "e/1", Contact: "14", Fields: []activecampaign.RecordField{{ID: "status", Value: "sent"}}})
			}, want: &want,
		},
		{
			name: "get record", method: "GET", path: path + "/r1", answer: `{"record":` + record + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Records.Get(x, "s1", "r1") }, want: &want,
		},
		{
			name: "list records", method: "GET", path: path + "?filters%5BexternalId%5D%5Beq%5D=e%2F1&filters%5Brelationships.primary-contact%5D%5Beq%5D=14&limit=1&offset=2&orders%5BcreatedTimestamp%5D=ASC", answer: list,
			call: func(x ctx, c cl) (any, error) {
				return c.Records.List(x, "s1", activecampaign.RecordQuery{Contact: "14", ExternalID: "e/1", PageQuery: activecampaign.PageQuery{Cursor: "2", Limit: 1}})
			},
			want: &countersign.Page[activecampaign.Record]{Items: []activecampaign.Record{want}, Total: 5, Next: "3"},
		},
		{
			name: "delete record", method: "DELETE", path: path + "/r1", status: 202, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Records.Delete(x, "s1", "r1")) },
		},
		{
			name: "delete record by external id", method: "DELETE", path: path + "/external/e%2F1", status: 202, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Records.DeleteByExternalID(x, "s1", "e/1")) },
		},
	}
}
