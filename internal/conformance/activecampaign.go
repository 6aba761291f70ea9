package conformance

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// ActiveCampaignOutside are calls that the client makes and the file lacks: the
// first is named in each contact's links, the second is where the file has the
// deletion, and the third belongs to another host.
func ActiveCampaignOutside() []string {
	return []string{
		"GET /contacts/{id}/contactTags",
		"GET /customObjects/records/{schemaId}/external/{externalId}",
		"POST /event",
	}
}

// LoadActiveCampaign reads the OpenAPI 3.1 file of the ActiveCampaign API v3. The
// alternatives of its answers are examples of one form that overlap, so that an
// answer may fit several.
func LoadActiveCampaign(path string) (*Spec, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("conformance: activecampaign: %w", err)
	}
	doc, err := mendActiveCampaign(raw)
	if err != nil {
		return nil, fmt.Errorf("conformance: activecampaign: %w", err)
	}
	s, err := load("activecampaign", doc, nil)
	if err != nil {
		return nil, err
	}
	s.base = "/api/3"
	return s, nil
}

func mendActiveCampaign(raw []byte) (*openapi3.T, error) {
	mended, err := Edited(raw, ActiveCampaign())
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(mended)
	if err != nil {
		return nil, err
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, res := range op.Responses.Map() {
				for _, media := range res.Value.Content {
					if media.Schema != nil {
						s := media.Schema.Value
						s.AnyOf, s.OneOf = slices.Concat(s.AnyOf, s.OneOf), nil
					}
				}
			}
		}
	}
	return doc, nil
}

// call is the pointer to an operation: "get /contacts/{id}".
func call(operation string) string {
	method, path, _ := strings.Cut(operation, " ")
	return "/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + method
}

const (
	asJSON    = "/content/application~1json"
	sent      = "/requestBody" + asJSON
	inSchema  = "/schema/properties/schema/properties/fields/items/properties"
	inRecord  = "/schema/properties/record/properties"
	inRecords = "/schema/properties/records/items/properties"
	value     = "/fields/items/properties/value"
)

// ActiveCampaign is the overlay for the OpenAPI file of the API v3.
func ActiveCampaign() []Edit {
	var (
		makeSchema = call("post /customObjects/schemas")
		putSchema  = call("put /customObjects/schemas/{schemaId}")
		upsert     = call("post /customObjects/records/{schemaId}")
		records    = call("get /customObjects/records/{schemaId}")
		oneRecord  = call("get /customObjects/records/{schemaId}/{recordId}")
		tags       = call("get /tags")
		bulk       = call("post /import/bulk_import")
		asMade     = makeSchema + sent + "/examples/A single field with a relationship to the contact/value/schema/fields/0"
		asPut      = putSchema + sent + "/examples/Request Example/value/schema/fields/0"
		asRecord   = upsert + sent + "/examples/Create with Contact/value/record"
		word       = `{"type":"string"}`
		yes        = `{"type":"boolean"}`
		scalar     = `{"anyOf":[{"type":"string"},{"type":"number"},{"type":"array"}]}`
	)
	overlay := []Edit{
		// What exists already is answered with 200.
		{
			Set: call("post /contact/sync") + "/responses/200", Copy: call("post /contact/sync") + "/responses/201",
			Page: "ActiveCampaign solutions engineering, AC Docs, contact sync: 201 for a new contact, 200 for an update",
		},
		{
			Set: call("post /tags") + "/responses/200", Copy: call("post /tags") + "/responses/201",
			Page: "ActiveCampaign solutions engineering, AC Docs, tags: an existing name is answered with 200 and the existing tag",
		},
		// The example of a new schema has required where its schema has isRequired.
		{Set: makeSchema + sent + inSchema + "/required", Value: yes, At: asMade, Cites: `"required":false`},
		{Set: makeSchema + sent + inSchema + "/description", Value: word, At: asPut, Cites: `"description":"Name of the product`},
		// The schema of an update has the fields of a record; its example, and its
		// answer, have those of a schema.
		{Set: putSchema + sent + inSchema, Copy: makeSchema + sent + inSchema, At: asPut, Cites: `"labels":{"plural":"Product Name"`},
		{
			Set: putSchema + sent + "/schema/properties/schema/properties/relationships", Copy: makeSchema + sent + "/schema/properties/schema/properties/relationships",
			At: putSchema + sent + "/examples/Request Example/value/schema/relationships/0", Cites: `"namespace":"contacts"`,
		},
		{Set: putSchema + "/responses/200" + asJSON + inSchema + "/required", Value: yes, At: asMade, Cites: `"required":false`},
		{Set: putSchema + "/responses/200" + asJSON + inSchema + "/scale", Value: `{"type":"integer"}`, At: asMade, Cites: `"scale":0`},
		// Values have the type of their field: the answers show a number, the request
		// a text in its schema and a number in its example. Relationships are an object.
		{Set: upsert + "/responses/201" + asJSON + inRecord + value, Value: scalar, At: upsert + sent + inRecord + value, Cites: `"type":"string"`},
		{Set: oneRecord + "/responses/200" + asJSON + inRecord + value, Value: scalar, At: upsert + sent + inRecord + value, Cites: `"type":"string"`},
		{Set: records + "/responses/200" + asJSON + inRecords + value, Value: scalar, At: upsert + sent + inRecord + value, Cites: `"type":"string"`},
		{Set: upsert + sent + inRecord + value, Value: scalar, At: asRecord, Cites: `"value":100`},
		{Set: upsert + sent + inRecord + "/relationships", Copy: upsert + sent + inRecord + "/relationships/items", At: asRecord, Cites: `"relationships":{"primary-contact":[14]}`},
		{
			Set:  upsert + "/responses/201" + asJSON + inRecord + "/relationships/properties/primary-contact",
			Copy: upsert + "/responses/201" + asJSON + inRecord + "/relationships/properties/account", At: asRecord, Cites: `"primary-contact":[14]`,
		},
		// A filter stands in the query by its name and operator.
		{
			Set: records + "/parameters/-", Value: `{"in":"query","name":"filters[relationships.primary-contact][eq]","schema":{"type":"string"}}`,
			At: records + "/parameters/3/description", Cites: "filters[relationships.{your-contact-relationship}][eq]={contactId}",
		},
		{
			Set: records + "/parameters/-", Value: `{"in":"query","name":"filters[externalId][eq]","schema":{"type":"string"}}`,
			Page: "Paging, ordering, sorting and filtering: filters[<root property>][<operator>]",
		},
		{
			Set: records + "/parameters/-", Value: `{"in":"query","name":"orders[createdTimestamp]","schema":{"type":"string","enum":["ASC","DESC"]}}`,
			Page: "Paging, ordering, sorting and filtering: orders[<property>]=ASC",
		},
		// It stands inside a contact in the example; the description of the call has
		// it beside the contacts.
		{Set: bulk + sent + "/schema/properties/exclude_automations", Value: yes, Page: "Bulk import contacts: exclude_automations is a member of the request"},
	}
	for _, op := range []string{"eq", "starts_with", "contains"} {
		overlay = append(overlay, Edit{
			Set: tags + "/parameters/-", Value: `{"in":"query","name":"filters[search][` + op + `]","schema":{"type":"string"}}`,
			At: tags + "/parameters/1/description", Cites: "`" + op + "`",
		})
	}
	for _, place := range []string{
		call("get /customObjects/schemas") + "/responses/200" + asJSON + "/schema/properties/schemas/items/properties/fields/items/properties",
		call("get /customObjects/schemas/{id}") + "/responses/200" + asJSON + inSchema,
		makeSchema + "/responses/201" + asJSON + inSchema,
		call("delete /customObjects/schemas/{schemaId}/fields/{fieldId}") + "/responses/202" + asJSON + strings.Replace(inSchema, "/schema/", "/schema/oneOf/0/", 1),
		call("delete /customObjects/schemas/{schemaId}/fields/{fieldId}") + "/responses/202" + asJSON + strings.Replace(inSchema, "/schema/", "/schema/oneOf/1/", 1),
	} {
		overlay = append(overlay, Edit{Set: place + "/description", Value: word, At: asPut, Cites: `"description":"Name of the product`})
	}
	return append(overlay, pagesOfActiveCampaign()...)
}

// pagesOfActiveCampaign: limit and offset are described for all lists at once.
func pagesOfActiveCampaign() []Edit {
	var out []Edit
	for operation, names := range map[string][]string{
		"get /contacts": {"limit"}, "get /fields": {"offset"}, "get /fieldValues": {"limit", "offset"}, "get /tags": {"limit", "offset"},
		"get /automations": {"limit", "offset"}, "get /contactAutomations": {"limit", "offset"}, "get /webhooks": {"limit", "offset"},
	} {
		for _, name := range names {
			out = append(out, Edit{
				Set: call(operation) + "/parameters/-", Value: `{"in":"query","name":"` + name + `","schema":{"type":"integer"}}`,
				Page: "Pagination: limit and offset of every list",
			})
		}
	}
	return out
}
