package conformance

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Spec is a vendor's specification, and what has been checked against it so
// far. It is safe for concurrent use.
type Spec struct {
	name       string
	base       string // path that requests have before the specification's
	doc        *openapi3.T
	operations []*operation

	mu         sync.Mutex
	violations []string
}

// operation is one operation that is not deprecated.
type operation struct {
	name     string // "GET /documents/{documentID}"
	method   string
	segments []string
	item     *openapi3.PathItem
	*openapi3.Operation
	credential string // the header that authorises; empty: none does
	covered    bool   // an answer of the 2xx kind was checked
}

// Load reads an OpenAPI 3.0 file through an overlay and closes its schemas.
func Load(name, path string, overlay []Change) (*Spec, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("conformance: %s: %w", name, err)
	}
	return load(name, doc, overlay)
}

func load(name string, doc *openapi3.T, overlay []Change) (*Spec, error) {
	if err := apply(doc, overlay); err != nil {
		return nil, fmt.Errorf("conformance: %s: overlay: %w", name, err)
	}
	if err := closeSchemas(doc); err != nil {
		return nil, fmt.Errorf("conformance: %s: %w", name, err)
	}
	if err := validate(doc); err != nil {
		return nil, fmt.Errorf("conformance: %s: %w", name, err)
	}
	s := &Spec{name: name, doc: doc}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if !op.Deprecated {
				s.operations = append(s.operations, &operation{
					name: method + " " + path, method: method, segments: strings.Split(path, "/"), item: item, Operation: op,
					credential: credential(doc, op),
				})
			}
		}
	}
	slices.SortFunc(s.operations, func(a, b *operation) int { return strings.Compare(a.name, b.name) })
	return s, nil
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// validate checks the file itself. Two paths that differ in a parameter's name
// alone are one path under two names, which OpenAPI forbids and vendors write for
// different methods; such twins are checked one after the other.
func validate(doc *openapi3.T) error {
	rest := doc.Paths.Map()
	for len(rest) > 0 {
		layer, taken := openapi3.NewPaths(), map[string]bool{}
		for _, path := range slices.Sorted(maps.Keys(rest)) {
			if shape := parameter.ReplaceAllString(path, "{}"); !taken[shape] {
				taken[shape] = true
				layer.Set(path, rest[path])
				delete(rest, path)
			}
		}
		part := *doc
		part.Paths = layer
		if err := part.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
			return err
		}
	}
	return nil
}

// credential is the header that authorises an operation: the one that an API key
// of the file has, or else Authorization.
func credential(doc *openapi3.T, op *openapi3.Operation) string {
	if op.Security == nil && len(doc.Security) == 0 {
		return ""
	}
	for _, scheme := range doc.Components.SecuritySchemes {
		if scheme.Value.Type == "apiKey" && scheme.Value.In == "header" {
			return http.CanonicalHeaderKey(scheme.Value.Name)
		}
	}
	return "Authorization"
}

// Fresh gives the same specification with nothing checked yet. It shares what was
// read from the file, which is never changed.
func (s *Spec) Fresh() *Spec {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &Spec{name: s.name, base: s.base, doc: s.doc}
	for _, op := range s.operations {
		again := *op
		again.covered = false
		out.operations = append(out.operations, &again)
	}
	return out
}

// Narrow leaves the named operations alone; a name that the file lacks is an
// error. Coverage is then of those, for a file of which a client covers a part.
func (s *Spec) Narrow(names []string) error {
	var kept []*operation
	for _, name := range names {
		i := slices.IndexFunc(s.operations, func(op *operation) bool { return op.name == name })
		if i < 0 {
			return fmt.Errorf("conformance: %s: the file has no operation %q", s.name, name)
		}
		kept = append(kept, s.operations[i])
	}
	s.operations = kept
	return nil
}

// find gives the operation of a request. A path that fits two templates is
// that of the one with fewer parameters.
func (s *Spec) find(method string, u *url.URL) *operation {
	path, ok := strings.CutPrefix(u.EscapedPath(), s.base)
	if !ok {
		return nil
	}
	got := strings.Split(path, "/")
	var best *operation
	for _, op := range s.operations {
		if op.method == method && op.fits(got) && (best == nil || op.parameters() < best.parameters()) {
			best = op
		}
	}
	return best
}

func (op *operation) fits(got []string) bool {
	if len(got) != len(op.segments) {
		return false
	}
	for i, want := range op.segments {
		if strings.HasPrefix(want, "{") && got[i] != "" {
			continue
		}
		if want != got[i] {
			return false
		}
	}
	return true
}

func (op *operation) parameters() int { return strings.Count(op.name, "{") }

// usable reports whether a good answer of the operation is JSON of a closed
// schema; a PDF or an empty answer cannot be checked further.
func (op *operation) usable() bool {
	for code, res := range op.Responses.Map() {
		if !strings.HasPrefix(code, "2") {
			continue
		}
		if media := res.Value.Content["application/json"]; media != nil && media.Schema != nil && !isBinary(media.Schema.Value) {
			return true
		}
	}
	return false
}

func isBinary(s *openapi3.Schema) bool { return s.Type.Is("string") && s.Format == "binary" }

// Violations gives what was wrong so far, in the order in which it was seen.
func (s *Spec) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// Covered gives the operations of which a good answer was checked, sorted.
func (s *Spec) Covered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, op := range s.operations {
		if op.covered {
			out = append(out, op.name)
		}
	}
	return out
}

// Line is the coverage in one line: the operations covered, of those that are
// not deprecated, and how many of the covered ones answer with JSON whose
// schema was checked. The others answer with a file or with nothing.
func (s *Spec) Line() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	covered, usable := 0, 0
	for _, op := range s.operations {
		if op.covered {
			covered++
			if op.usable() {
				usable++
			}
		}
	}
	return fmt.Sprintf("conformance: %s %d/%d operations schema=%d", s.name, covered, len(s.operations), usable)
}

func (s *Spec) violate(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

func (s *Spec) cover(op *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	op.covered = true
}
