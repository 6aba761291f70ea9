package mapping

import (
	"errors"
	"fmt"
	"slices"

	"github.com/countersign/countersign"
)

// Map is a compiled Definition. It is immutable and safe for concurrent use.
type Map[S, T any] struct {
	def   Definition[S, T] // with Replace already applied
	steps []step[S, T]
}

// step is a rule with everything looked up.
type step[S, T any] struct {
	to       *TargetField[T]
	sources  []source[S]
	constant Func // instead of sources
	required bool
}

// source is one alternative of a step. A nil apply copies.
type source[S any] struct {
	field *SourceField[S]
	apply Func
}

// Compile checks the whole definition and gives the map. The error joins one
// *countersign.ConfigError for every mistake, each naming the map, the rule and
// the field.
func (d Definition[S, T]) Compile() (*Map[S, T], error) {
	d.Source.Fields = slices.Clone(d.Source.Fields)
	d.Target.Fields = slices.Clone(d.Target.Fields)
	d.Checks = slices.Clone(d.Checks)
	c := compiler[S, T]{name: "mapping " + d.Name, sources: map[string]*SourceField[S]{}, targets: map[string]*TargetField[T]{}}
	for i := range d.Source.Fields {
		f := &d.Source.Fields[i]
		f.Choices = slices.Clone(f.Choices)
		c.field("source field", &f.Field, f.Get == nil, c.sources[f.Key] != nil)
		c.sources[f.Key] = f
	}
	for i := range d.Target.Fields {
		f := &d.Target.Fields[i]
		f.Choices = slices.Clone(f.Choices)
		c.field("target field", &f.Field, f.Set == nil, c.targets[f.Key] != nil)
		c.targets[f.Key] = f
	}
	d.Rules = c.replace(d.Rules)
	steps := make([]step[S, T], len(d.Rules))
	for i, r := range d.Rules {
		steps[i] = c.rule(i, r)
	}
	if slices.ContainsFunc(d.Checks, func(check Check[S, T]) bool { return check == nil }) {
		c.mistake("Checks", "hold a nil function")
	}
	if len(c.mistakes) > 0 {
		return nil, errors.Join(c.mistakes...)
	}
	return &Map[S, T]{def: d, steps: steps}, nil
}

// With is a new map with these rules after the map's own. A rule for a target
// that already has one must say Replace, and then takes its place.
func (m *Map[S, T]) With(rules ...Rule) (*Map[S, T], error) {
	d := m.def
	d.Rules = slices.Concat(d.Rules, rules)
	return d.Compile()
}

// WithChecks is a new map with these checks after the map's own.
func (m *Map[S, T]) WithChecks(checks ...Check[S, T]) (*Map[S, T], error) {
	d := m.def
	d.Checks = slices.Concat(d.Checks, checks)
	return d.Compile()
}

// compiler collects the mistakes of one definition.
type compiler[S, T any] struct {
	name     string
	sources  map[string]*SourceField[S]
	targets  map[string]*TargetField[T]
	mistakes []error
}

func (c *compiler[S, T]) mistake(field, format string, args ...any) {
	c.mistakes = append(c.mistakes, &countersign.ConfigError{Component: c.name, Field: field, Reason: fmt.Sprintf(format, args...)})
}

// field checks a field of a catalogue.
func (c *compiler[S, T]) field(what string, f *Field, noFunc, twice bool) {
	name := fmt.Sprintf("%s %q", what, f.Key)
	switch {
	case f.Key == "":
		c.mistake(what, "has no key")
	case twice:
		c.mistake(name, "is in the catalogue twice")
	case !f.Kind.isValid():
		c.mistake(name, "has no kind")
	case noFunc:
		c.mistake(name, "has no function to read or write it")
	case f.MaxLen < 0 || f.MaxLen > 0 && f.Kind != KindText:
		c.mistake(name, "has a length limit, which only a text can have and which must be positive")
	case len(f.Choices) > 0 && f.Kind != KindChoice:
		c.mistake(name, "has answers, but it is a %s", f.Kind)
	}
	seen := map[string]bool{"": true}
	for _, choice := range f.Choices {
		if seen[choice.Key] {
			c.mistake(name, "has the answer %q twice or an answer without a key", choice.Key)
		}
		seen[choice.Key] = true
	}
}

// replace applies Replace and finds targets that are written twice.
func (c *compiler[S, T]) replace(rules []Rule) []Rule {
	out := make([]Rule, 0, len(rules))
	for i, r := range rules {
		at := slices.IndexFunc(out, func(o Rule) bool { return o.To == r.To })
		replace := r.Replace
		r.From, r.Replace = slices.Clone(r.From), false
		switch {
		case at >= 0 && replace:
			out[at] = r
			continue
		case at >= 0:
			c.mistake(ruleName(i, r), "writes a target that another rule writes already; set Replace to take its place")
		case replace:
			c.mistake(ruleName(i, r), "has Replace, but no earlier rule writes this target")
		}
		out = append(out, r)
	}
	return out
}

// rule looks everything up that a rule names.
func (c *compiler[S, T]) rule(i int, r Rule) step[S, T] {
	name := ruleName(i, r)
	out := step[S, T]{to: c.targets[r.To], required: r.Required}
	t := r.Transform
	if t.bind == nil {
		t = copying
	}
	if out.to == nil {
		c.mistake(name, "names an unknown target field %q", r.To)
	}
	if t.constant != (len(r.From) == 0) {
		c.mistake(name, "needs either source fields or a constant")
		return out
	}
	if t.constant && out.to != nil {
		out.constant = c.bind(name, t, &Field{}, &out.to.Field)
	}
	for k, key := range r.From {
		from := c.sources[key]
		switch {
		case from == nil:
			c.mistake(name, "names an unknown source field %q", key)
		case slices.Contains(r.From[:k], key):
			c.mistake(name, "names the source field %q twice", key)
		case out.to != nil:
			apply := c.bind(name+", source field "+key, t, &from.Field, &out.to.Field)
			out.sources = append(out.sources, source[S]{from, apply})
		}
	}
	return out
}

func (c *compiler[S, T]) bind(name string, t Transform, from, to *Field) Func {
	apply, err := t.bind(from, to)
	if err != nil {
		c.mistake(name, "with transform %q: %v", t.name, err)
	}
	return apply
}

// ruleName names a rule in an error: its place, from 1, and its target.
func ruleName(i int, r Rule) string { return fmt.Sprintf("rule %d for %q", i+1, r.To) }
