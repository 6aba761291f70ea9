package salesdock

import (
	"encoding/json"
	"strings"
)

// Rule is a tree of conditions that decides when a question or agreement is shown
// or required. A group has Criterion and Rules, a condition the last three.
// Nothing beyond what is named here is published; whatever else comes is kept as
// it is, for a person to judge.
type Rule struct {
	Type       string     `json:"type"`      // RuleGroup or RuleCondition; others are kept
	Criterion  string     `json:"criterion"` // of a group: "ANY" or "ALL"
	Visibility Bool       `json:"visibility"`
	Rules      List[Rule] `json:"rules"`

	// Name is the name of a condition's subject. It is all that tells which other
	// question is meant where Identifier is RuleQuestion.
	Name       string `json:"name"`
	Identifier string `json:"identifier"` // "product.type", "supplier.id", "question.id", "profile.type"
	Operator   string `json:"operator"`   // "=" is all that was seen
	Value      Text   `json:"value"`
	// Raw is the whole node as it came.
	Raw json.RawMessage `json:"-"`
}

// The types of nodes and the subjects of conditions that were seen.
const (
	RuleGroup     = "condition_group"
	RuleCondition = "condition"

	RuleProductType = "product.type"
	RuleSupplier    = "supplier.id" // the value is an id of its own environment
	RuleQuestion    = "question.id"
	RuleProfile     = "profile.type" // "e", "g" or "e_g"
)

// UnmarshalJSON reads a node, also one inside a text, and keeps it whole. A value
// that is no scalar, and a node that is no object, are left to Raw.
func (r *Rule) UnmarshalJSON(data []byte) error {
	inner := []byte(strings.TrimSpace(string(data)))
	var text string
	if json.Unmarshal(inner, &text) == nil && text != "" {
		inner = []byte(text)
	}
	var m struct {
		Type       Text            `json:"type"`
		Criterion  Text            `json:"criterion"`
		Visibility json.RawMessage `json:"visibility"`
		Rules      List[Rule]      `json:"rules"`
		Name       Text            `json:"name"`
		Identifier Text            `json:"identifier"`
		Operator   Text            `json:"operator"`
		Value      json.RawMessage `json:"value"`
	}
	*r = Rule{Raw: append(json.RawMessage(nil), inner...)}
	if json.Unmarshal(inner, &m) != nil {
		return nil //nolint:nilerr // Raw keeps it
	}
	*r = Rule{
		Type: string(m.Type), Criterion: string(m.Criterion), Rules: m.Rules, Name: string(m.Name),
		Identifier: string(m.Identifier), Operator: string(m.Operator), Raw: r.Raw,
	}
	_ = r.Visibility.UnmarshalJSON(m.Visibility) // unknown texts stay in Raw
	_ = r.Value.UnmarshalJSON(m.Value)           // lists and objects stay in Raw
	return nil
}

// IsEmpty reports whether there is nothing that could decide: no rule at all, or
// a group without rules, as an empty object or list is written.
func (r *Rule) IsEmpty() bool {
	return r == nil || r.Type == "" && r.Identifier == "" && len(r.Rules) == 0 && emptyJSON(r.Raw)
}

func emptyJSON(raw json.RawMessage) bool {
	switch strings.TrimSpace(string(raw)) {
	case "", "[]", "{}", "null", `""`:
		return true
	}
	return false
}
