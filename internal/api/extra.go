package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// MarshalExtra writes v, a struct without its own MarshalJSON, with the members
// that it has no field for. A member that a field stands for is not taken from
// extra.
func MarshalExtra(v any, extra map[string]json.RawMessage) ([]byte, error) {
	own, err := json.Marshal(v)
	if err != nil || len(extra) == 0 {
		return own, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(own, &all); err != nil {
		return nil, err
	}
	known := members(reflect.TypeOf(v))
	for name, value := range extra {
		if !known[name] {
			all[name] = value
		}
	}
	return json.Marshal(all)
}

// UnmarshalExtra reads into v, a pointer to a struct without its own
// UnmarshalJSON, and gives the members that it has no field for.
func UnmarshalExtra(data []byte, v any) (map[string]json.RawMessage, error) {
	if err := json.Unmarshal(data, v); err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	known := members(reflect.TypeOf(v).Elem())
	for name := range all {
		if known[name] {
			delete(all, name)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

var memberSets sync.Map // reflect.Type → map[string]bool

// members are the JSON names of a struct's fields.
func members(t reflect.Type) map[string]bool {
	if known, ok := memberSets.Load(t); ok {
		return known.(map[string]bool)
	}
	known := map[string]bool{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			known[name] = true
		}
	}
	memberSets.Store(t, known)
	return known
}
