package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Change is one line of an overlay: what is read differently, and the text of
// the same file that it follows.
type Change struct {
	// Schema and Member name what changes, or Operations does.
	Schema, Member string
	// Null lets the member be null.
	Null bool
	// Required refuses an object without the member.
	Required bool
	// Enum is one more value of the member.
	Enum any
	// Format is the member's format in place of the one in the file.
	Format string
	// Operations get one more error status, with the same answer as the
	// operation that is cited; "*": all that need a token.
	Operations []string
	Status     int

	// At is a JSON pointer to the text that is followed, and Cites a part of
	// that text, verbatim.
	At, Cites string
}

func apply(doc *openapi3.T, overlay []Change) error {
	raw, err := doc.MarshalJSON()
	if err != nil {
		return err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return err
	}
	for _, c := range overlay {
		text, ok := at(tree, c.At).(string)
		if !ok || c.Cites == "" || !strings.Contains(text, c.Cites) {
			return fmt.Errorf("%s does not say %q", c.At, c.Cites)
		}
		if err := c.apply(doc); err != nil {
			return err
		}
	}
	return nil
}

func (c Change) apply(doc *openapi3.T) error {
	if c.Status != 0 {
		return c.addStatus(doc)
	}
	schema := doc.Components.Schemas[c.Schema]
	if schema == nil || schema.Value.Properties[c.Member] == nil {
		return fmt.Errorf("no member %s.%s", c.Schema, c.Member)
	}
	member := schema.Value.Properties[c.Member].Value
	if c.Null {
		member.Nullable = true
	}
	if c.Required {
		schema.Value.Required = append(schema.Value.Required, c.Member)
	}
	if c.Enum != nil {
		member.Enum = append(slices.Clone(member.Enum), c.Enum)
	}
	if c.Format != "" {
		member.Format = c.Format
	}
	return nil
}

// addStatus copies the cited answer, which the pointer's first five steps
// name: /paths/{path}/{method}/responses/{status}.
func (c Change) addStatus(doc *openapi3.T) error {
	steps := strings.Split(strings.TrimPrefix(c.At, "/"), "/")
	if len(steps) < 5 || steps[0] != "paths" || steps[4] != strconv.Itoa(c.Status) {
		return fmt.Errorf("%s is no answer with status %d", c.At, c.Status)
	}
	path := strings.ReplaceAll(steps[1], "~1", "/")
	cited := doc.Paths.Value(path).GetOperation(strings.ToUpper(steps[2])).Responses.Status(c.Status)
	found := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			named := slices.Contains(c.Operations, method+" "+path)
			all := slices.Contains(c.Operations, "*") && op.Security != nil
			if (named || all) && op.Responses.Status(c.Status) == nil {
				op.Responses.Set(steps[4], cited)
				found++
			}
		}
	}
	if found == 0 {
		return fmt.Errorf("status %d: no operation of %q is without it", c.Status, c.Operations)
	}
	return nil
}
