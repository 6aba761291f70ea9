package activecampaign

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a form that is read: far above a real webhook, and low enough that
// nobody makes the receiver work hard.
const (
	maxFormKeys  = 5_000
	maxFormDepth = 10
)

var errForm = errors.New("activecampaign: the body is no form")

// Form is a body in which keys are paths, as PHP writes them:
// "contact[fields][city]=Kyoto". It is read with Get and Under. The zero value is
// empty.
type Form struct {
	values map[string]string // by path, elements joined by NUL
	paths  [][]string        // in the order in which they came, each once
}

// ParseForm reads such a body. "a[]" stands for the next free number: "a[]=x&a[]=y"
// is "a[0]" and "a[1]". Of a key that comes again the last value counts. A key
// whose brackets do not match is taken as it stands. A body that is not
// form-encoded, has NUL in a key, more than 5,000 keys or more than 10 levels is
// an error, which does not quote it.
func ParseForm(body []byte) (Form, error) {
	f := Form{values: map[string]string{}}
	next := map[string]int{}
	n := 0
	for part := range strings.SplitSeq(string(body), "&") {
		if part == "" {
			continue
		}
		if n++; n > maxFormKeys {
			return Form{}, errForm
		}
		rawKey, rawValue, _ := strings.Cut(part, "=")
		key, keyErr := url.QueryUnescape(rawKey)
		value, valueErr := url.QueryUnescape(rawValue)
		if keyErr != nil || valueErr != nil || key == "" || strings.Contains(key, "\x00") {
			return Form{}, errForm
		}
		path := splitKey(key)
		if len(path) > maxFormDepth {
			return Form{}, errForm
		}
		f.put(numbered(path, next), value)
	}
	return f, nil
}

// splitKey gives "a[b][c]" as a, b, c, and anything of another form whole.
func splitKey(key string) []string {
	name, rest, ok := strings.Cut(key, "[")
	if !ok || name == "" || !strings.HasSuffix(rest, "]") {
		return []string{key}
	}
	path := append([]string{name}, strings.Split(strings.TrimSuffix(rest, "]"), "][")...)
	for _, element := range path[1:] {
		if strings.ContainsAny(element, "[]") {
			return []string{key}
		}
	}
	return path
}

// numbered replaces empty elements by the next free number at their place.
func numbered(path []string, next map[string]int) []string {
	for i := 1; i < len(path); i++ {
		parent := join(path[:i])
		if path[i] == "" {
			path[i] = strconv.Itoa(next[parent])
		}
		if n, err := strconv.Atoi(path[i]); err == nil && n >= next[parent] && n < maxFormKeys {
			next[parent] = n + 1
		}
	}
	return path
}

func join(path []string) string { return strings.Join(path, "\x00") }

func (f *Form) put(path []string, value string) {
	key := join(path)
	if _, known := f.values[key]; !known {
		f.paths = append(f.paths, path)
	}
	f.values[key] = value
}

// Get gives the value at a path: Get("contact", "email"). "" where there is none.
func (f Form) Get(path ...string) string { return f.values[join(path)] }

// Has reports whether there is a value at a path.
func (f Form) Has(path ...string) bool {
	_, ok := f.values[join(path)]
	return ok
}

// Under gives the values that lie directly under a path, by their last element:
// Under("contact", "fields"). It is never nil.
func (f Form) Under(path ...string) map[string]string {
	out := map[string]string{}
	for _, p := range f.paths {
		if len(p) == len(path)+1 && slices.Equal(p[:len(path)], path) {
			out[p[len(path)]] = f.values[join(p)]
		}
	}
	return out
}

// List gives the values under a path in the order in which they came.
func (f Form) List(path ...string) []string {
	var out []string
	for _, p := range f.paths {
		if len(p) == len(path)+1 && slices.Equal(p[:len(path)], path) {
			out = append(out, f.values[join(p)])
		}
	}
	return out
}

// Paths gives all paths in the order in which they came. The caller owns it.
func (f Form) Paths() [][]string {
	out := make([][]string, len(f.paths))
	for i, p := range f.paths {
		out[i] = slices.Clone(p)
	}
	return out
}
