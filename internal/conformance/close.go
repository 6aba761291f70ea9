package conformance

import (
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// noneOrEmail is a format of the overlays: an address that may be missing.
const noneOrEmail = "none or email"

// formats are the string formats that the specifications use. One that is not
// here stops the load, so that no format goes unchecked by accident.
var formats = map[string]openapi3.StringFormatValidator{
	"":                            nil,
	"binary":                      nil,
	"Bearer":                      openapi3.NewRegexpFormatValidator(`^Bearer$`),
	"email":                       openapi3.NewRegexpFormatValidator(`^[^@\s]+@[^@\s]+$`),
	noneOrEmail:                   openapi3.NewRegexpFormatValidator(`^([^@\s]+@[^@\s]+)?$`),
	"date":                        openapi3.NewRegexpFormatValidator(`^\d{4}-\d{2}-\d{2}$`),
	"json":                        openapi3.NewRegexpFormatValidator(`^\s*[\[{"0-9tfn-]`),
	"date-time":                   openapi3.NewRegexpFormatValidator(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$`),
	"YYYY-MM-DD":                  openapi3.NewRegexpFormatValidator(`^\d{4}-\d{2}-\d{2}$`),
	"YYYY-MM-DDThh:mm:ssZ":        openapi3.NewRegexpFormatValidator(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$`),
	"YYYY-MM-DDThh:mm:ss.SSSSSSZ": openapi3.NewRegexpFormatValidator(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$`),
	`^0[7-9]0\d{8}$`:              openapi3.NewRegexpFormatValidator(`^(0[7-9]0\d{8})?$`), // "デフォルトは空"
}

func validators() map[string]openapi3.StringFormatValidator {
	out := maps.Clone(formats)
	maps.DeleteFunc(out, func(_ string, v openapi3.StringFormatValidator) bool { return v == nil })
	return out
}

// closeSchemas makes every object refuse members that its schema does not
// name. A schema with members and without a type becomes an object: without
// it, a list or a number would pass.
func closeSchemas(doc *openapi3.T) error {
	seen := map[*openapi3.Schema]bool{}
	var walk func(where string, ref *openapi3.SchemaRef) error
	walk = func(where string, ref *openapi3.SchemaRef) error {
		if ref == nil || ref.Value == nil || seen[ref.Value] {
			return nil
		}
		s := ref.Value
		seen[s] = true
		if len(s.Properties) > 0 {
			s.Type = &openapi3.Types{"object"}
			s.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)}
		}
		if _, known := formats[s.Format]; s.Type.Is("string") && !known {
			return fmt.Errorf("%s: format %q has no check", where, s.Format)
		}
		for name, p := range s.Properties {
			if err := walk(where+"."+name, p); err != nil {
				return err
			}
		}
		for _, sub := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf, openapi3.SchemaRefs{s.Items}) {
			if err := walk(where, sub); err != nil {
				return err
			}
		}
		return nil
	}
	for name, ref := range doc.Components.Schemas {
		if err := walk(name, ref); err != nil {
			return err
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				if err := walk(method+" "+path+" "+p.Value.Name, p.Value.Schema); err != nil {
					return err
				}
			}
			if err := walkContents(method+" "+path, op, walk); err != nil {
				return err
			}
		}
	}
	return nil
}

func walkContents(where string, op *openapi3.Operation, walk func(string, *openapi3.SchemaRef) error) error {
	var contents []openapi3.Content
	if op.RequestBody != nil {
		contents = append(contents, op.RequestBody.Value.Content)
	}
	for _, res := range op.Responses.Map() {
		contents = append(contents, res.Value.Content)
	}
	for _, content := range contents {
		for _, media := range content {
			if err := walk(where, media.Schema); err != nil {
				return err
			}
		}
	}
	return nil
}
