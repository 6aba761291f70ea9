package salemap

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/countersign/countersign/salesdock"
)

// Truth is the value of a condition.
type Truth string

// The values. The zero Truth counts as Undecidable.
const (
	True        Truth = "true"
	False       Truth = "false"
	Undecidable Truth = "undecidable"
)

// Operator compares a subject with values.
type Operator string

// The operators. Salesdock's rules were seen with Equal alone; the others are for
// conditions that this program's people write.
const (
	Equal    Operator = "="
	NotEqual Operator = "!="
)

// Condition is a tree. A node has exactly one of Any, All and Subject; anything
// else is Undecidable.
type Condition struct {
	Any []Condition `json:"any,omitempty"` // one of these holds
	All []Condition `json:"all,omitempty"` // all of these hold

	// Subject is what is compared, such as "product.type"; Fact says what is known.
	Subject  string   `json:"subject,omitempty"`
	Operator Operator `json:"operator,omitempty"`
	// Values are what the subject is compared with: Equal holds for one of them,
	// NotEqual for none of them.
	Values []string `json:"values,omitempty"`

	// Unreadable says why a node of Salesdock can't be decided; it makes the node
	// Undecidable.
	Unreadable string `json:"unreadable,omitempty"`
}

// Fact gives the values that a subject has, and whether they are known. A subject
// with several values, such as a question of the type mc-multi, equals each.
type Fact func(subject string) (values []string, known bool)

// Decision is the value of a condition, and why it could not be decided.
type Decision struct {
	Truth   Truth
	Reasons []string // of Undecidable: what is not known, each once
}

// Decide evaluates the tree in three values (Kleene's logic): ANY is true as
// soon as one part is, ALL false as soon as one part is, and what remains open is
// Undecidable. An empty group is Undecidable too.
func (c Condition) Decide(fact Fact) Decision {
	var d decider
	d.fact = fact
	out := Decision{Truth: d.node(c, 0)}
	if out.Truth == Undecidable {
		out.Reasons = d.reasons
	}
	return out
}

// maxDepth bounds trees that come from outside.
const maxDepth = 100

type decider struct {
	fact    Fact
	reasons []string
}

func (d *decider) open(reason string) Truth {
	if !slices.Contains(d.reasons, reason) {
		d.reasons = append(d.reasons, reason)
	}
	return Undecidable
}

func (d *decider) node(c Condition, depth int) Truth {
	kinds := 0
	for _, is := range []bool{len(c.Any) > 0, len(c.All) > 0, c.Subject != ""} {
		if is {
			kinds++
		}
	}
	switch {
	case c.Unreadable != "":
		return d.open(c.Unreadable)
	case depth > maxDepth:
		return d.open("the rule is nested too deeply")
	case kinds != 1:
		return d.open("a group without conditions")
	case len(c.Any) > 0:
		return d.group(c.Any, True, depth)
	case len(c.All) > 0:
		return d.group(c.All, False, depth)
	}
	return d.leaf(c)
}

// group is an ANY where ends is True and an ALL where it is False: one part with
// that value decides.
func (d *decider) group(parts []Condition, ends Truth, depth int) Truth {
	out := map[Truth]Truth{True: False, False: True}[ends]
	for _, part := range parts {
		switch d.node(part, depth+1) {
		case ends:
			return ends
		case Undecidable:
			out = Undecidable
		}
	}
	return out
}

func (d *decider) leaf(c Condition) Truth {
	if c.Operator != Equal && c.Operator != NotEqual {
		return d.open("the operator " + quote(string(c.Operator)) + " is not known")
	}
	if len(c.Values) == 0 {
		return d.open(quote(c.Subject) + " is compared with nothing")
	}
	values, known := d.fact(c.Subject)
	if !known {
		return d.open(quote(c.Subject) + " is not known")
	}
	equal := slices.ContainsFunc(values, func(v string) bool { return slices.Contains(c.Values, v) })
	if equal == (c.Operator == Equal) {
		return True
	}
	return False
}

// quote bounds what is quoted of a rule.
func quote(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return `"` + s + `"`
}

// Empty reports whether there is nothing to decide.
func (c Condition) Empty() bool {
	return len(c.Any) == 0 && len(c.All) == 0 && c.Subject == "" && c.Unreadable == ""
}

// QuestionSubject is the subject of a condition on the answer to a question: its
// name in rules of Salesdock, which have nothing else, or its identifier in
// conditions of this program's people.
func QuestionSubject(name string) string { return salesdock.RuleQuestion + ":" + name }

// FromRule reads a rule of Salesdock; the zero Condition where there is none.
// What it can't read becomes Unreadable: unknown kinds of nodes, criteria and
// operators, values that are no text, and groups whose visibility is turned
// round, which is undocumented.
func FromRule(r *salesdock.Rule) Condition {
	if r.IsEmpty() {
		return Condition{}
	}
	return fromRule(r, 0)
}

func fromRule(r *salesdock.Rule, depth int) Condition {
	switch {
	case depth > maxDepth:
		return Condition{Unreadable: "the rule is nested too deeply"}
	case r.Type == salesdock.RuleGroup && turnedRound(r):
		return Condition{Unreadable: "a group with visibility off"}
	case r.Type == salesdock.RuleGroup:
		return fromGroup(r, depth)
	case r.Type != salesdock.RuleCondition:
		return Condition{Unreadable: "a node of the kind " + quote(r.Type)}
	case r.Operator != string(Equal):
		return Condition{Unreadable: "the operator " + quote(r.Operator) + " of " + quote(r.Identifier) + " is not known"}
	case r.Value == "" && !hasTextValue(r):
		return Condition{Unreadable: quote(r.Identifier) + " is compared with a value that is no text"}
	}
	subject := r.Identifier
	if subject == salesdock.RuleQuestion {
		subject = QuestionSubject(r.Name)
	}
	if subject == "" {
		return Condition{Unreadable: "a condition without a subject"}
	}
	return Condition{Subject: subject, Operator: Equal, Values: []string{string(r.Value)}}
}

func fromGroup(r *salesdock.Rule, depth int) Condition {
	var parts []Condition
	for i := range r.Rules {
		parts = append(parts, fromRule(&r.Rules[i], depth+1))
	}
	switch {
	case len(parts) == 0:
		return Condition{Unreadable: "a group without conditions"}
	case r.Criterion == "ANY":
		return Condition{Any: parts}
	case r.Criterion == "ALL":
		return Condition{All: parts}
	}
	return Condition{Unreadable: "the criterion " + quote(r.Criterion) + " is not known"}
}

// member gives a member of the rule as it came, nil where it had none.
func member(r *salesdock.Rule, name string) json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(r.Raw, &all) != nil {
		return nil
	}
	return bytes.TrimSpace(all[name])
}

// turnedRound reports a visibility that is there and off. A rule without the
// member is an ordinary one.
func turnedRound(r *salesdock.Rule) bool {
	raw := member(r, "visibility")
	return len(raw) > 0 && string(raw) != "null" && !bool(r.Visibility)
}

// hasTextValue reports whether an empty value came as one.
func hasTextValue(r *salesdock.Rule) bool {
	raw := member(r, "value")
	return len(r.Raw) == 0 || string(raw) == `""`
}
