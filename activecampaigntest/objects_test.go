package activecampaigntest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/activecampaigntest"
)

const schema = `{"schema":{"slug":"envelope","labels":{"singular":"Envelope","plural":"Envelopes"},"fields":[` +
	`{"id":"status","labels":{"singular":"Status","plural":"Statuses"},"type":"dropdown","required":true,"options":[{"value":"Sent"},{"value":"Completed"}]},` +
	`{"id":"pages","labels":{"singular":"Pages","plural":"Pages"},"type":"number","required":false},` +
	`{"id":"at","labels":{"singular":"At","plural":"At"},"type":"datetime","required":false},` +
	`{"id":"day","labels":{"singular":"Day","plural":"Days"},"type":"date","required":false},` +
	`{"id":"kinds","labels":{"singular":"Kind","plural":"Kinds"},"type":"multiselect","options":[{"value":"a"}]},` +
	`{"id":"price","labels":{"singular":"Price","plural":"Prices"},"type":"currency"},` +
	`{"id":"link","labels":{"singular":"Link","plural":"Links"},"type":"text"}],"relationships":[]}}`

func TestSchemas(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	made := c.do("POST", "/customObjects/schemas", schema)
	require.Equal(t, 201, made.status)
	path := "/customObjects/schemas/" + made.get("schema", "id").(string)
	conflict := c.do("POST", "/customObjects/schemas", schema)
	require.Equal(t, 422, conflict.status)
	require.Equal(t, "/data/attributes/schema/slug", conflict.get("errors", 0, "source", "value"), "another form than elsewhere")
	replaced := func(old, with string) string { return strings.Replace(schema, old, with, 1) }
	for name, body := range map[string]string{
		"slug": replaced(`"envelope"`, `"E"`), "labels": replaced(`"Envelopes"`, `""`), "type": replaced(`"currency"`, `"boolean"`),
		"same id": replaced(`"id":"day"`, `"id":"at"`), "same label": replaced(`"singular":"Day"`, `"singular":"AT"`),
	} {
		require.Equal(t, 422, c.do("POST", "/customObjects/schemas", body).status, name)
		require.Equal(t, 422, c.do("PUT", path, body).status, name)
	}
	for status, opt := range map[int]activecampaigntest.Option{403: activecampaigntest.WithoutCustomObjects(0), 402: activecampaigntest.WithoutCustomObjects(402)} {
		poor := newCaller(t, opt)
		require.Equal(t, status, poor.do("POST", "/customObjects/schemas", schema).status)
		require.Equal(t, 200, poor.do("GET", "/customObjects/schemas", "").status, "reading needs no plan")
	}
	wider := replaced(`"relationships"`, `"description":"d","relationships"`)
	require.Equal(t, 200, c.do("PUT", path, wider, "validateOnly", "true").status)
	require.Empty(t, c.do("GET", path, "").get("schema", "description"), "a validation writes nothing")
	require.Equal(t, 200, c.do("PUT", path, wider).status)
	require.Equal(t, "d", c.do("GET", path, "").get("schema", "description"))
	require.Equal(t, 422, c.do("PUT", path, replaced(`"type":"text"`, `"type":"textarea"`)).status)
	require.Equal(t, 200, c.do("PUT", path, `{"schema":{"slug":"envelope","labels":{"singular":"E","plural":"Es"},"fields":[]}}`).status)
	require.Len(t, c.do("GET", path, "").get("schema", "fields"), 7, "an update deletes no field")

	require.Equal(t, 202, c.do("DELETE", path+"/fields/link", "").status)
	require.Len(t, c.do("GET", path, "").get("schema", "fields"), 6)
	require.Len(t, c.do("GET", path+"?showFields=all", "").get("schema", "fields"), 7)
	require.Equal(t, 422, c.do("PUT", path, schema).status, "the id is not free yet")
	require.Equal(t, 404, c.do("DELETE", path+"/fields/none", "").status)
	c.srv.AddAppSchema("app")
	list := c.do("GET", "/customObjects/schemas?limit=1&offset=1", "")
	require.Equal(t, "public", list.get("schemas", 0, "visibility"))
	require.EqualValues(t, 2, list.get("meta", "total"), "a total that is a number")
	require.Equal(t, 200, c.do("DELETE", path, "").status)
	require.Equal(t, 404, c.do("GET", path, "").status)
}

func (c caller) schema() string {
	c.t.Helper()
	id, _ := c.do("POST", "/customObjects/schemas", schema).get("schema", "id").(string)
	require.NotEmpty(c.t, id)
	c.srv.AddContact("robin@example.com")
	return id
}

func upsert(fields string) string {
	return `{"record":{"externalId":"e:1","fields":[` + fields + `],"relationships":{"primary-contact":[1]}}}`
}

func TestRecords(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	path := "/customObjects/records/" + c.schema()
	first := c.do("POST", path, upsert(`{"id":"status","value":"Sent"},{"id":"pages","value":3},{"id":"at","value":"2026-04-01T00:00:00Z"},{"id":"day","value":"2026-04-01"},{"id":"kinds","value":["a"]},{"id":"price","value":{"amount":1}},{"id":"link","value":"https://a"}`))
	require.Equal(t, 201, first.status)
	require.Nil(t, first.get("record", "id"), "the id may be missing")
	require.Equal(t, 201, c.do("POST", path, upsert(`{"id":"status","value":"Completed"}`)).status, "201 again")
	require.Equal(t, map[string]any{"status": "Completed"}, c.srv.Records("envelope")[0].Values, "what is left out is gone")
	for name, fields := range map[string]string{
		"unknown field": `{"id":"status","value":"Sent"},{"id":"x","value":1}`, "required": `{"id":"pages","value":1}`, "option": `{"id":"status","value":"Signed"}`,
		"number": `{"id":"status","value":"Sent"},{"id":"pages","value":"3"}`, "datetime": `{"id":"status","value":"Sent"},{"id":"at","value":"2026-04-01"}`,
		"date": `{"id":"status","value":"Sent"},{"id":"day","value":"1.4."}`, "options": `{"id":"status","value":"Sent"},{"id":"kinds","value":["b"]}`, "text": `{"id":"status","value":"Sent"},{"id":"link","value":1}`,
	} {
		require.Equal(t, 422, c.do("POST", path, upsert(fields)).status, name)
	}
	require.Equal(t, 422, c.do("POST", path, strings.Replace(upsert(`{"id":"status","value":"Sent"}`), "[1]", "[9]", 1)).status, "no such contact")
	require.Equal(t, 400, c.do("POST", path, `{"record":{}}`).status)

	require.EqualValues(t, 0, c.do("GET", path, "").get("meta", "total"), "a new record is missing from listings")
	require.Equal(t, 200, c.do("GET", path+"/external/e:1", "").status)
	c.clock.Advance(10 * time.Second)
	list := c.do("GET", path+"?filters[relationships.primary-contact][eq]=1&filters[externalId]=e:1&orders[createdTimestamp]=DESC", "")
	require.EqualValues(t, 1, list.get("meta", "total"))
	id := list.get("records", 0, "id").(string)
	for _, method := range []string{"PUT", "PATCH"} {
		require.Equal(t, 405, c.do(method, path+"/"+id, `{}`).status)
	}
	require.True(t, c.srv.EditRecord("envelope", "e:1", "pages", "7"))
	require.False(t, c.srv.EditRecord("envelope", "e:2", "pages", "7"))
	require.Equal(t, "7", c.do("GET", path+"/"+id, "").get("record", "fields", 1, "value"))
	require.Equal(t, 202, c.do("DELETE", path+"/external/e:1", "").status)
	require.Equal(t, 404, c.do("DELETE", path+"/"+id, "").status)
	require.Equal(t, 404, c.do("GET", path+"/"+id, "").status)
	require.Empty(t, c.srv.Records("none"))
}

func TestRecordKnobs(t *testing.T) {
	t.Parallel()
	c := newCaller(t, activecampaigntest.WithRecordIDs(), activecampaigntest.WithListLag(0), activecampaigntest.WithoutExternalGet())
	id := c.schema()
	path := "/customObjects/records/" + id
	require.NotNil(t, c.do("POST", path, upsert(`{"id":"status","value":"Sent"}`)).get("record", "id"))
	require.EqualValues(t, 1, c.do("GET", path, "").get("meta", "total"))
	require.Equal(t, 404, c.do("GET", path+"/external/e:1", "").status)
	require.Equal(t, 200, c.do("GET", "/records/"+id+"/external/e:1", "").status, "the specification's own path")
	own := c.do("POST", path, `{"record":{"id":"mine","externalId":"e:2","fields":[{"id":"status","value":"Sent"}]}}`)
	require.Equal(t, "mine", own.get("record", "id"))
}

func TestImports(t *testing.T) {
	t.Parallel()
	c := newCaller(t, activecampaigntest.WithImportDelay(5*time.Second))
	c.srv.Exclude("out@example.com")
	contacts := func(n int) string {
		one := `{"email":"a@example.com","first_name":"A","firstName":"B","tags":["t"]},`
		return `{"contacts":[` + strings.TrimSuffix(strings.Repeat(one, n), ",") + `]}`
	}
	made := c.do("POST", "/import/bulk_import", `{"contacts":[{"email":"a@example.com","first_name":"A","firstName":"B"},{"email":"out@example.com"}]}`)
	require.EqualValues(t, 1, made.get("Success"))
	info := "/import/info?batchId=" + made.get("batchId").(string)
	require.Equal(t, false, c.do("GET", info, "").get("status"))
	c.clock.Advance(2 * time.Second)
	require.Equal(t, "active", c.do("GET", info, "").get("status"))
	require.Len(t, c.do("GET", "/import/bulk_import", "").get("outstanding"), 1)
	c.clock.Advance(5 * time.Second)
	require.Equal(t, []any{"completed", "1", "out@example.com"}, []any{c.do("GET", info, "").get("status"), c.do("GET", info, "").get("success", 0), c.do("GET", info, "").get("failure", 0)})
	got, _ := c.srv.Contact("a@example.com")
	require.Equal(t, "A", got.FirstName, "the other spelling is dropped without a word")
	require.Equal(t, "2", c.do("GET", "/import/bulk_import", "").get("recentlyCompleted", 0, "contacts"), "numbers of text")

	for name, body := range map[string]string{
		"none": `{"contacts":[]}`, "too many": contacts(251), "too large": `{"contacts":[{"email":"a@example.com","first_name":"` + strings.Repeat("x", 400_000) + `"}]}`,
		"one bad": `{"contacts":[{"email":"a@example.com"},{"email":"bad"}]}`,
	} {
		r := c.do("POST", "/import/bulk_import", body)
		require.Equal(t, 400, r.status, name)
		require.EqualValues(t, 0, r.get("success"))
		require.NotNil(t, r.get("failureReasons", 0), name)
	}
	require.Equal(t, 400, c.do("GET", "/import/info", "").status)
	require.Equal(t, 400, c.do("GET", "/import/info?batchId=x", "").status)

	c.clock.Advance(time.Minute)
	singles, all := 0, 0
	for range 21 {
		if c.do("POST", "/import/bulk_import", contacts(1)).status == 200 {
			singles++
		}
	}
	for range 100 {
		if c.do("POST", "/import/bulk_import", contacts(2)).status == 200 {
			all++
		}
	}
	require.Equal(t, []int{20, 80}, []int{singles, all})
}
