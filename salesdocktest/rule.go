package salesdocktest

import "strconv"

// Rule decides when a question is shown or required. A group has Rules, a
// condition Identifier and Value.
type Rule struct {
	Any   bool // one of Rules is enough; otherwise all must hold
	Rules []Rule

	// Identifier is "product.type", "supplier.id", "profile.type" or "question.id".
	Identifier string
	// Name is the label of a condition; of a question.id it is the name of the other
	// question, which is all that the service tells of it.
	Name     string
	Operator string // empty: "=", the only one that is documented
	Value    string
}

// wire is the rule as the API shows it.
func (r *Rule) wire() any {
	if r == nil {
		return nil
	}
	if r.Identifier != "" {
		return object{"type": "condition", "name": orElse(r.Name, r.Identifier), "identifier": r.Identifier, "operator": orElse(r.Operator, "="), "value": r.Value}
	}
	rules := []any{}
	for i := range r.Rules {
		rules = append(rules, r.Rules[i].wire())
	}
	criterion := "ALL"
	if r.Any {
		criterion = "ANY"
	}
	return object{"type": "condition_group", "criterion": criterion, "visibility": true, "rules": rules}
}

// facts are what conditions are about.
type facts struct {
	product *Product
	profile string
	answers map[string][]string // by the question's name
}

// holds evaluates the rule. An operator other than "=" is undocumented and holds
// when the values differ.
func (r *Rule) holds(f facts) bool {
	if r == nil {
		return true
	}
	if r.Identifier == "" {
		for i := range r.Rules {
			if r.Rules[i].holds(f) == r.Any {
				return r.Any
			}
		}
		return !r.Any
	}
	equal := false
	for _, v := range f.of(r) {
		equal = equal || v == r.Value
	}
	return equal == (orElse(r.Operator, "=") == "=")
}

func (f facts) of(r *Rule) []string {
	switch r.Identifier {
	case "product.type":
		return []string{f.product.Type}
	case "supplier.id":
		if f.product.Supplier != nil {
			return []string{strconv.Itoa(f.product.Supplier.ID)}
		}
	case "profile.type":
		return []string{f.profile}
	case "question.id":
		return f.answers[r.Name]
	}
	return nil
}
