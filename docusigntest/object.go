package docusigntest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// object is a JSON object as it is on the wire. The fake keeps what it is sent
// and adds what the service adds.
type object map[string]any

// text is a scalar member as text.
func (o object) text(name string) string {
	switch v := o[name].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

func (o object) yes(name string) bool { return strings.EqualFold(o.text(name), "true") }

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
	switch v := o[name].(type) {
	case []object:
		return v
	case []any:
		out := make([]object, 0, len(v))
		for _, item := range v {
			if m, ok := item.(map[string]any); ok {
				out = append(out, m)
			}
		}
		return out
	}
	return nil
}

func (o object) texts(name string) []string {
	items, _ := o[name].([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

// copyOf is a deep copy.
func copyOf(o object) object {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err) // it came from JSON
	}
	var out object
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	return out
}

// pick copies the members that are there.
func pick(from object, names ...string) object {
	out := object{}
	for _, name := range names {
		if v, ok := from[name]; ok {
			out[name] = v
		}
	}
	return out
}

func (o object) with(members object) object {
	out := maps.Clone(o)
	maps.Copy(out, members)
	return out
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// ids makes GUIDs from a seed and counters alone.
type ids struct {
	seed uint64
	next map[string]uint64
}

func (g *ids) guid(kind string) string {
	n := g.next[kind]
	g.next[kind]++
	text := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte("docusigntest\x00"+kind+"\x00"), g.seed), n)
	sum := sha256.Sum256(text)
	h := []byte(hex.EncodeToString(sum[:16]))
	h[12] = '4' // the version of a random UUID
	return strings.Join([]string{string(h[:8]), string(h[8:12]), string(h[12:16]), string(h[16:20]), string(h[20:])}, "-")
}

func (g *ids) number(kind string, from int) int {
	n := g.next[kind]
	g.next[kind]++
	return from + int(n) //nolint:gosec // it counts calls
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
