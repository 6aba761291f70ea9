package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
)

// DocuSignOutside are calls that the client makes and DocuSign's file lacks. The
// account server's are described on DocuSign's pages about authentication alone.
func DocuSignOutside() []string {
	return []string{
		"GET /oauth/auth", "GET /oauth/userinfo", "POST /oauth/token",
		"GET /v2.1/accounts/{accountId}/envelopes/{envelopeId}/documents/archive as application/zip",
	}
}

// putDocument is the call whose body the file describes in prose alone.
const putDocument = "/v2.1/accounts/{accountId}/envelopes/{envelopeId}/documents/{documentId}"

// LoadDocuSign reads the Swagger 2.0 file of the eSignature REST API v2.1.
//
// It mends what the file says elsewhere or leaves dangling: a definition that is
// referred to and does not exist takes any members, since the file reserves it for
// DocuSign; members that the descriptions call required without a condition are,
// although no schema lists them; every call needs a token, as
// the curl examples show; and the body of PUT …/documents/{documentId} is the
// document, named by Content-Disposition.
func LoadDocuSign(path string) (*Spec, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("conformance: docusign: %w", err)
	}
	doc, err := fromSwagger2(raw)
	if err != nil {
		return nil, fmt.Errorf("conformance: docusign: %w", err)
	}
	if err := mendDocuSign(doc); err != nil {
		return nil, fmt.Errorf("conformance: docusign: %w", err)
	}
	s, err := load("docusign", doc, docuSignOverlay())
	if err != nil {
		return nil, err
	}
	s.base = "/restapi"
	return s, nil
}

// fromSwagger2 converts, after giving the one dangling definition a place.
func fromSwagger2(raw []byte) (*openapi3.T, error) {
	const dangling = "offlineAttributes"
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	definitions, _ := tree["definitions"].(map[string]any)
	if definitions == nil || definitions[dangling] != nil || !strings.Contains(string(raw), `"#/definitions/`+dangling+`"`) {
		return nil, fmt.Errorf("%s does not dangle any more", dangling)
	}
	if text, _ := at(tree, "/definitions/witness/properties/"+dangling+"/description").(string); text != "Reserved for DocuSign." {
		return nil, fmt.Errorf("%s is not reserved for DocuSign any more", dangling)
	}
	definitions[dangling] = map[string]any{"type": "object"}
	mended, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	var old openapi2.T
	if err := json.Unmarshal(mended, &old); err != nil {
		return nil, err
	}
	return openapi2conv.ToV3(&old)
}

// docuSignOverlay is what the file's schemas leave out and its descriptions say.
// What is required on a condition alone is left to the descriptions: a schema
// can't tell a draft from an envelope that is sent.
func docuSignOverlay() []Change {
	const property, inBrackets = "This property is required.", "(Required)"
	var out []Change
	for _, c := range []struct{ schema, member, cites string }{
		{"connectCustomConfiguration", "configurationType", property},
		{"connectCustomConfiguration", "name", property},
		{"consoleViewRequest", "returnUrl", inBrackets},
		{"correctViewRequest", "returnUrl", inBrackets},
		{"recipientViewRequest", "authenticationMethod", "Required. "},
		{"recipientViewRequest", "returnUrl", inBrackets},
		{"returnUrlRequest", "returnUrl", inBrackets},
	} {
		out = append(out, Change{
			Schema: c.schema, Member: c.member, Required: true,
			At: "/components/schemas/" + c.schema + "/properties/" + c.member + "/description", Cites: c.cites,
		})
	}
	return out
}

func mendDocuSign(doc *openapi3.T) error {
	item := doc.Paths.Value(putDocument)
	for method, words := range map[string]string{
		http.MethodPut: "--header 'Content-Disposition: filename=\"newDocument\"'",
		http.MethodGet: "--header 'Authorization: Bearer ",
	} {
		if !strings.Contains(item.GetOperation(method).Description, words) {
			return fmt.Errorf("%s %s does not say %q", method, putDocument, words)
		}
	}
	put := item.GetOperation(http.MethodPut)
	file := openapi3.NewStringSchema().WithFormat("binary")
	put.RequestBody = &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithRequired(true).WithContent(openapi3.Content{
		"application/pdf": openapi3.NewMediaType().WithSchema(file),
	})}
	put.Parameters = append(put.Parameters, &openapi3.ParameterRef{Value: openapi3.NewHeaderParameter("Content-Disposition").WithSchema(openapi3.NewStringSchema())})
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			op.Security = openapi3.NewSecurityRequirements()
		}
	}
	return nil
}
