package salesdocktest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object as it is on the wire.
type object map[string]any

// text is a scalar member as text.
func (o object) text(name string) string {
	switch v := o[name].(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		if v {
			return "1"
		}
		return "0"
	case []any, map[string]any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

func (o object) has(name string) bool { _, ok := o[name]; return ok }

// yes reads a boolean in any of the service's forms.
func (o object) yes(name string) bool {
	switch strings.ToLower(o.text(name)) {
	case "1", "true", "yes", "ja":
		return true
	}
	return false
}

func (o object) number(name string) int {
	n, err := strconv.Atoi(o.text(name))
	if err != nil {
		return 0
	}
	return n
}

// object gives a member that is an object; an empty one if there is none.
func (o object) object(name string) object {
	v, _ := o[name].(map[string]any)
	return v
}

// list gives the members of a list, or of an object in the place of one.
func (o object) list(name string) []any {
	switch v := o[name].(type) {
	case []any:
		return v
	case map[string]any:
		var out []any
		for i := range len(v) {
			if item, ok := v[strconv.Itoa(i)]; ok {
				out = append(out, item)
			}
		}
		return out
	}
	return nil
}

func (o object) ints(name string) []int {
	var out []int
	for _, v := range o.list(name) {
		out = append(out, object{"v": v}.number("v"))
	}
	return out
}

// digit is a boolean as lists have it.
func digit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// orNull is a text, or null for the empty one.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// phpMap is a map as PHP writes it: [] when it is empty.
func phpMap(m map[string]string) any {
	if len(m) == 0 {
		return []any{}
	}
	return m
}

// stamp is a time as most answers have it: Amsterdam's, without a zone.
func (s *Server) stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(s.zone).Format("2006-01-02 15:04:05")
}

// dutchStamp is a time as organisations have it.
func (s *Server) dutchStamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(s.zone).Format("02-01-2006 15:04:05")
}

// isoStamp is a time as agreements, suppliers, flows and webhooks have it.
func isoStamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// rawJSON encodes v, which came from JSON or is made of plain values.
func rawJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic("salesdocktest: " + err.Error())
	}
	return string(data)
}
