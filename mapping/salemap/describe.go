package salemap

import (
	"fmt"
	"strings"

	"github.com/countersign/countersign/salesdock"
)

// Describe prints what a question asks of an answer, as the "i" behind a question
// in the screen "Productvragen" does: type, validations, conditions and
// options.
func Describe(q *salesdock.Question) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", q.Name, q.Identifier)
	line := func(name, value string) { fmt.Fprintf(&b, "  %-12s%s\n", name, value) }
	line("type", string(q.InputType))
	line("required", ruled(bool(q.Required), bool(q.RuleRequired)))
	line("shown", ruled(bool(q.Visible), bool(q.RuleVisible)))
	if q.Validator != "" {
		line("validation", string(q.Validator))
	}
	switch {
	case q.Extra.Unreadable:
		line("products", "can't be read")
	case len(q.Extra.ProductTypes) > 0:
		line("products", strings.Join(q.Extra.ProductTypes, ", "))
	}
	if c := FromRule(q.Rule); !c.Empty() {
		line("condition", c.String())
	}
	if q.DefaultValue != "" {
		line("default", string(q.DefaultValue))
	}
	for i, o := range q.Options {
		name := ""
		if i == 0 {
			name = "options"
		}
		line(name, o)
	}
	return b.String()
}

func ruled(fixed, byRule bool) string {
	switch {
	case byRule:
		return "by the condition"
	case fixed:
		return "yes"
	}
	return "no"
}

// String writes the condition as people read it.
func (c Condition) String() string {
	join := func(parts []Condition, word string) string {
		texts := make([]string, len(parts))
		for i, p := range parts {
			texts[i] = p.String()
			if (len(p.Any) > 1 || len(p.All) > 1) && len(parts) > 1 {
				texts[i] = "(" + texts[i] + ")"
			}
		}
		return strings.Join(texts, " "+word+" ")
	}
	switch {
	case c.Unreadable != "":
		return "undecidable: " + c.Unreadable
	case len(c.Any) > 0:
		return join(c.Any, "or")
	case len(c.All) > 0:
		return join(c.All, "and")
	case c.Subject == "":
		return "nothing"
	}
	subject := c.Subject
	if name, is := strings.CutPrefix(subject, salesdock.RuleQuestion+":"); is {
		subject = "question " + quote(name)
	}
	return subject + " " + string(c.Operator) + " " + strings.Join(c.Values, " or ")
}
