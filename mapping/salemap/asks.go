package salemap

import (
	"slices"
	"strings"

	"github.com/countersign/countersign/salesdock"
)

// Ask is a question or agreement of an environment, and whether it comes up.
type Ask struct {
	Applies  Truth    // it is shown
	Required Truth    // it must be answered where it is shown
	Reasons  []string // why one of the two is Undecidable
}

// Known is what is known of a sale when rules are decided. What is not known
// makes a rule that needs it Undecidable.
type Known struct {
	// Products are the main product and those beside it.
	Products []Product
	// Answers are the answers by the names of the questions of the same environment.
	// A name that is missing is not known.
	Answers map[string][]string
}

// fact gives what rules may ask for.
func (k Known) fact(subject string) (values []string, known bool) {
	if name, is := strings.CutPrefix(subject, salesdock.RuleQuestion+":"); is {
		values, known = k.Answers[name]
		return values, known
	}
	for _, p := range k.Products {
		switch subject {
		case salesdock.RuleProductType:
			values = append(values, p.Type)
		case salesdock.RuleSupplier:
			values = append(values, string(p.SupplierID))
		case salesdock.RuleProfile:
			profile, ok := profileOf(p.Type)
			if !ok {
				return nil, false
			}
			values = append(values, profile)
		default:
			return nil, false
		}
	}
	return values, len(values) > 0
}

// profileOf gives the energy profile of a product type: energy_e_g_be is e_g. The
// profile of other types is not known.
func profileOf(productType string) (string, bool) {
	profile, ok := strings.CutPrefix(strings.TrimSuffix(productType, "_be"), "energy_")
	return profile, ok && (profile == "e" || profile == "g" || profile == "e_g")
}

// AskOf decides whether a question comes up. Its product types and its rule decide
// that; nothing tells which flow a question belongs to.
func AskOf(q *salesdock.Question, k Known) Ask {
	out := decideAsk(rules{q.Rule, bool(q.RuleVisible), bool(q.RuleRequired), bool(q.Visible), bool(q.Required)}, k)
	switch byType := ofTypes(q.Extra, k.Products); byType {
	case False:
		return Ask{Applies: False, Required: False}
	case Undecidable:
		if out.Applies == True {
			out.Applies = Undecidable
		}
		out.Reasons = append(out.Reasons, "the product types of the question can't be read")
	}
	return out
}

// AskOfAgreement decides whether an agreement comes up. One that is archived or
// deleted does not.
func AskOfAgreement(a *salesdock.Agreement, k Known) Ask {
	if bool(a.Archive) || !a.DeletedAt.IsZero() {
		return Ask{Applies: False, Required: False}
	}
	return decideAsk(rules{a.Rule, bool(a.RuleVisible), bool(a.RuleRequired), bool(a.Visible), bool(a.Required)}, k)
}

// rules are what a question and an agreement have in common.
type rules struct {
	rule              *salesdock.Rule
	byVisible, byNeed bool // what the rule drives
	visible, required bool // what holds where it drives nothing
}

// decideAsk: a rule that drives visibility or need replaces the fixed setting, as
// the names rule_visible and rule_required suggest.
func decideAsk(r rules, k Known) Ask {
	d := Decision{Truth: Undecidable, Reasons: []string{"there is no rule"}}
	if c := FromRule(r.rule); !c.Empty() {
		d = c.Decide(k.fact)
	}
	out := Ask{Applies: truthOf(r.visible), Required: truthOf(r.required)}
	if r.byVisible {
		out.Applies = d.Truth
	}
	if r.byNeed {
		out.Required = d.Truth
	}
	if out.Applies == False {
		out.Required = False
	}
	if out.Applies == Undecidable || out.Required == Undecidable {
		out.Reasons = d.Reasons
	}
	return out
}

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// ofTypes reports whether a question is for one of the products. One without
// types is for all.
func ofTypes(e salesdock.Extra, products []Product) Truth {
	switch {
	case e.Unreadable:
		return Undecidable
	case len(e.ProductTypes) == 0:
		return True
	}
	return truthOf(slices.ContainsFunc(products, func(p Product) bool { return slices.Contains(e.ProductTypes, p.Type) }))
}

// Relevant is a question or agreement that comes up, or may come up, for imported
// products.
type Relevant struct {
	Ask
	Products []salesdock.ProductID // those for which it is not ruled out
}

// RelevantQuestions gives B's questions that come up for these products, as the
// screen "Productvragen" lists only those. One that can't be decided is among
// them and says so.
func RelevantQuestions(c *Catalogue, products []Product) map[salesdock.QuestionID]Relevant {
	out := map[salesdock.QuestionID]Relevant{}
	for i := range c.Questions {
		q := &c.Questions[i]
		r := relevant(products, func(k Known) Ask { return AskOf(q, k) })
		if len(r.Products) > 0 {
			out[q.ID] = r
		}
	}
	return out
}

// RelevantAgreements does the same for agreements.
func RelevantAgreements(c *Catalogue, products []Product) map[salesdock.AgreementID]Relevant {
	out := map[salesdock.AgreementID]Relevant{}
	for i := range c.Agreements {
		a := &c.Agreements[i]
		r := relevant(products, func(k Known) Ask { return AskOfAgreement(a, k) })
		if len(r.Products) > 0 {
			out[a.ID] = r
		}
	}
	return out
}

// relevant joins what holds for each product: the strongest of each value.
func relevant(products []Product, ask func(Known) Ask) Relevant {
	out := Relevant{Ask: Ask{Applies: False, Required: False}}
	for _, p := range products {
		a := ask(Known{Products: []Product{p}})
		if a.Applies == False {
			continue
		}
		out.Products = append(out.Products, p.ID)
		out.Applies, out.Required = stronger(out.Applies, a.Applies), stronger(out.Required, a.Required)
		for _, reason := range a.Reasons {
			if !slices.Contains(out.Reasons, reason) {
				out.Reasons = append(out.Reasons, reason)
			}
		}
	}
	return out
}

func stronger(a, b Truth) Truth {
	switch {
	case a == True || b == True:
		return True
	case a == Undecidable || b == Undecidable:
		return Undecidable
	}
	return False
}
