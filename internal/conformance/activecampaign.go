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
	asJSON   = "/content/application~1json"
	sent     = "/requestBody" + asJSON
	inSchema = "/schema/properties/schema/properties"
	inRecord = "/schema/properties/record/properties"
	inFields = "/fields/items/properties"
	inValue  = inFields + "/value"

	word    = `{"type":"string"}`
	yes     = `{"type":"boolean"}`
	integer = `{"type":"integer"}`
	scalar  = `{"anyOf":[{"type":"string"},{"type":"number"},{"type":"array"}]}`
)

// good is the pointer to the body of an answer.
func good(operation, status string) string { return call(operation) + "/responses/" + status + asJSON }

func query(name string) string {
	return `{"in":"query","name":"` + name + `","schema":{"type":"string"}}`
}

// ActiveCampaign is the overlay for the OpenAPI file of the API v3.
func ActiveCampaign() []Edit {
	return slices.Concat(existingEdits(), schemaEdits(), recordEdits(), queryEdits())
}

// existingEdits: what exists already is answered with 200; and a member of an
// import that stands in the wrong place.
func existingEdits() []Edit {
	sync, tags := call("post /contact/sync"), call("post /tags")
	return []Edit{
		{
			Set: sync + "/responses/200", Copy: sync + "/responses/201",
			Page: "ActiveCampaign solutions engineering, AC Docs, contact sync: 201 for a new contact, 200 for an update",
		},
		{
			Set: tags + "/responses/200", Copy: tags + "/responses/201",
			Page: "ActiveCampaign solutions engineering, AC Docs, tags: an existing name is answered with 200 and the existing tag",
		},
		// It stands inside a contact in the example; the description of the call has
		// it beside the contacts.
		{
			Set: call("post /import/bulk_import") + sent + "/schema/properties/exclude_automations", Value: yes,
			Page: "Bulk import contacts: exclude_automations is a member of the request",
		},
	}
}

// schemaEdits: the schema of an update names the fields of a record; its example,
// and its answer, have those of a schema. Examples also have members that the
// schemas lack.
func schemaEdits() []Edit {
	const (
		deletion    = "delete /customObjects/schemas/{schemaId}/fields/{fieldId}"
		description = `"description":"Name of the product`
	)
	made, put := call("post /customObjects/schemas")+sent, call("put /customObjects/schemas/{schemaId}")+sent
	answer := good("put /customObjects/schemas/{schemaId}", "200")
	asMade := made + "/examples/A single field with a relationship to the contact/value/schema/fields/0"
	asPut := put + "/examples/Request Example/value/schema"
	out := []Edit{
		{Set: made + inSchema + inFields + "/required", Value: yes, At: asMade, Cites: `"required":false`},
		{Set: made + inSchema + inFields + "/description", Value: word, At: asPut + "/fields/0", Cites: description},
		{Set: put + inSchema + inFields, Copy: made + inSchema + inFields, At: asPut + "/fields/0", Cites: `"labels":{"plural":"Product Name"`},
		{Set: put + inSchema + "/relationships", Copy: made + inSchema + "/relationships", At: asPut + "/relationships/0", Cites: `"namespace":"contacts"`},
		{Set: answer + inSchema + inFields + "/required", Value: yes, At: asMade, Cites: `"required":false`},
		{Set: answer + inSchema + inFields + "/scale", Value: integer, At: asMade, Cites: `"scale":0`},
	}
	for _, fields := range []string{
		good("get /customObjects/schemas", "200") + "/schema/properties/schemas/items/properties" + inFields,
		good("get /customObjects/schemas/{id}", "200") + inSchema + inFields,
		good("post /customObjects/schemas", "201") + inSchema + inFields,
		good(deletion, "202") + strings.Replace(inSchema, "/schema/", "/schema/oneOf/0/", 1) + inFields,
		good(deletion, "202") + strings.Replace(inSchema, "/schema/", "/schema/oneOf/1/", 1) + inFields,
	} {
		out = append(out, Edit{Set: fields + "/description", Value: word, At: asPut + "/fields/0", Cites: description})
	}
	return out
}

// recordEdits: values have the type of their field. The answers show a number, the
// request a text in its schema and a number in its example. Relationships are an
// object in every example.
func recordEdits() []Edit {
	const upsert = "post /customObjects/records/{schemaId}"
	in, out := call(upsert)+sent, good(upsert, "201")
	example := in + "/examples/Create with Contact/value/record"
	text := in + inRecord + inValue
	return []Edit{
		{Set: out + inRecord + inValue, Value: scalar, At: text, Cites: `"type":"string"`},
		{Set: good("get /customObjects/records/{schemaId}/{recordId}", "200") + inRecord + inValue, Value: scalar, At: text, Cites: `"type":"string"`},
		{
			Set: good("get /customObjects/records/{schemaId}", "200") + "/schema/properties/records/items/properties" + inValue, Value: scalar,
			At: text, Cites: `"type":"string"`,
		},
		{Set: text, Value: scalar, At: example, Cites: `"value":100`},
		{Set: in + inRecord + "/relationships", Copy: in + inRecord + "/relationships/items", At: example, Cites: `"relationships":{"primary-contact":[14]}`},
		{
			Set: out + inRecord + "/relationships/properties/primary-contact", Copy: out + inRecord + "/relationships/properties/account",
			At: example, Cites: `"primary-contact":[14]`,
		},
	}
}

// queryEdits: filters stand in the query by name and operator, and what all lists
// have is described for all of them at once.
func queryEdits() []Edit {
	records, tags := call("get /customObjects/records/{schemaId}")+"/parameters", call("get /tags")+"/parameters"
	out := []Edit{
		{
			Set: records + "/-", Value: query("filters[relationships.primary-contact][eq]"),
			At: records + "/3/description", Cites: "filters[relationships.{your-contact-relationship}][eq]={contactId}",
		},
		{Set: records + "/-", Value: query("filters[externalId][eq]"), Page: "Paging, ordering, sorting and filtering: filters[<root property>][<operator>]"},
		{Set: records + "/-", Value: query("orders[createdTimestamp]"), Page: "Paging, ordering, sorting and filtering: orders[<property>]=ASC"},
	}
	for _, op := range []string{"eq", "starts_with", "contains"} {
		out = append(out, Edit{Set: tags + "/-", Value: query("filters[search][" + op + "]"), At: tags + "/1/description", Cites: "`" + op + "`"})
	}
	both := []string{"limit", "offset"}
	for operation, names := range map[string][]string{
		"get /contacts": {"limit"}, "get /fields": {"offset"}, "get /fieldValues": both, "get /tags": both,
		"get /automations": both, "get /contactAutomations": both, "get /webhooks": both,
	} {
		for _, name := range names {
			out = append(out, Edit{
				Set: call(operation) + "/parameters/-", Value: `{"in":"query","name":"` + name + `","schema":` + integer + `}`,
				Page: "Pagination: limit and offset of every list",
			})
		}
	}
	return out
}
