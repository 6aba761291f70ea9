package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Edit is one line of the overlay of a file whose schemas stand in place, without
// names: it works on the JSON text.
type Edit struct {
	// Set is a JSON pointer to what is written; "-" as its last step appends to a
	// list, which is made where it is missing.
	Set string
	// Value is the JSON that is written, or Copy a JSON pointer to it.
	Value, Copy string

	// At is a JSON pointer to the place of the file that is followed, and Cites a
	// part of its JSON text. Where the file says nothing, Page is the vendor's page
	// that does, and what it says.
	At, Cites, Page string
}

// Edited reads a JSON text through an overlay. Schemas in it that say nothing take
// every value, as OpenAPI 3.1 has it.
func Edited(raw []byte, overlay []Edit) ([]byte, error) {
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	for _, e := range overlay {
		if err := e.apply(tree); err != nil {
			return nil, fmt.Errorf("overlay: %w", err)
		}
	}
	openEmpty(tree["paths"])
	return json.Marshal(tree)
}

func (e Edit) apply(tree any) error {
	if e.Page == "" {
		text, err := json.Marshal(at(tree, e.At))
		if err != nil || e.Cites == "" || !strings.Contains(string(text), e.Cites) {
			return fmt.Errorf("%s does not say %q", e.At, e.Cites)
		}
	}
	value := at(tree, e.Copy)
	if e.Value != "" {
		if err := json.Unmarshal([]byte(e.Value), &value); err != nil {
			return fmt.Errorf("%s: %w", e.Set, err)
		}
	}
	if value == nil {
		return fmt.Errorf("%s: nothing to set", e.Set)
	}
	return set(tree, e.Set, value)
}

func set(tree any, pointer string, value any) error {
	cut := strings.LastIndexByte(pointer, '/')
	last := unescape(pointer[cut+1:])
	parent, ok := at(tree, pointer[:cut]).(map[string]any)
	if ok {
		parent[last] = value
		return nil
	}
	if last != "-" {
		return fmt.Errorf("%s leads nowhere", pointer)
	}
	list, _ := at(tree, pointer[:cut]).([]any)
	return set(tree, pointer[:cut], append(slices.Clone(list), value))
}

// at follows a JSON pointer; nil where it leads nowhere.
func at(node any, pointer string) any {
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch from := node.(type) {
		case map[string]any:
			node = from[unescape(step)]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(from) {
				return nil
			}
			node = from[i]
		default:
			return nil
		}
	}
	return node
}

func unescape(step string) string { return strings.NewReplacer("~1", "/", "~0", "~").Replace(step) }

// openEmpty has the schemas that say nothing take every value: null too, which
// the validator would refuse.
func openEmpty(node any) {
	switch from := node.(type) {
	case []any:
		for _, item := range from {
			openEmpty(item)
		}
	case map[string]any:
		members, _ := from["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if member, ok := members[name].(map[string]any); ok && len(member) == 0 {
				member["nullable"] = true
			}
		}
		for _, child := range from {
			openEmpty(child)
		}
	}
}
