package activecampaigntest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// object is a JSON object as it is on the wire.
type object map[string]any

// text is a scalar member as text.
func (o object) text(name string) string {
	if o[name] == nil {
		return ""
	}
	return textOf(o[name])
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

func (o object) has(name string) bool { _, ok := o[name]; return ok }

// object gives a member that is an object; an empty one if there is none.
func (o object) object(name string) object {
	switch v := o[name].(type) {
	case map[string]any:
		return v
	case object:
		return v
	}
	return object{}
}

// list gives the objects of a member that is a list.
func (o object) list(name string) []object {
	items, _ := o[name].([]any)
	out := make([]object, 0, len(items))
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func (o object) texts(name string) []string {
	items, _ := o[name].([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		out = append(out, textOf(item))
	}
	return out
}

// pick copies the members that are named.
func (o object) pick(names ...string) object {
	out := object{}
	for _, name := range names {
		if v, ok := o[name]; ok {
			out[name] = v
		}
	}
	return out
}

func idOf(n int) string { return strconv.Itoa(n) }

// stamp is a time as the classic calls write it: with the account's offset.
func stamp(t time.Time) string {
	return t.In(time.FixedZone("", -5*60*60)).Format("2006-01-02T15:04:05-07:00")
}

// nanoStamp is a time as custom objects write it.
func nanoStamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
