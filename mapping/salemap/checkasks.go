package salemap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/salesdock"
)

// questions checks the pairs of questions, and that all that comes up at B for
// the imported products is answered.
func (c *checker) questions() {
	seen := map[salesdock.QuestionID]bool{}
	for _, p := range c.m.Questions {
		drop := &Suggestion{Action: ActionUnmap, A: string(p.A), B: string(p.B)}
		from, to := c.a.Question(p.A), c.b.Question(p.B)
		switch {
		case seen[p.B]:
			c.add(mapping.SeverityError, PartQuestion, CodeDuplicate, string(p.A), string(p.B), "", "the question of B is answered twice", drop)
		case from == nil:
			name := ""
			if to != nil {
				name = to.Name
			}
			c.add(mapping.SeverityError, PartQuestion, CodeDangling, string(p.A), string(p.B), name, "the question of A that answers it is gone", drop)
		case to == nil:
			c.add(mapping.SeverityError, PartQuestion, CodeDangling, string(p.A), string(p.B), from.Name, "the question of B is gone", drop)
		}
		seen[p.B] = true
	}
	relevant := RelevantQuestions(c.b, c.offer)
	for i := range c.b.Questions {
		q := &c.b.Questions[i]
		r, ok := relevant[q.ID]
		if !ok {
			continue
		}
		if r.Applies == Undecidable || r.Required == Undecidable {
			c.add(mapping.SeverityWarning, PartQuestion, CodeUndecidable, "", string(q.ID), q.Name,
				"whether B asks it can't be decided: "+strings.Join(r.Reasons, "; "), nil)
		}
		p, mapped := c.m.questionFor(q.ID)
		if !mapped {
			c.unmappedQuestion(q, r)
			continue
		}
		if from := c.a.Question(p.A); from != nil {
			c.questionPair(p, from, q, r)
		}
	}
}

func (c *checker) unmappedQuestion(q *salesdock.Question, r Relevant) {
	severity, message := mapping.SeverityWarning, "B's question has no answer"
	if r.Applies == True && r.Required == True {
		severity, message = mapping.SeverityError, "B requires an answer"
	}
	c.add(severity, PartQuestion, CodeUnmapped, "", string(q.ID), q.Name, message, c.questionLike(q))
}

// questionLike suggests A's question with the same identifier or name whose type
// fits.
func (c *checker) questionLike(q *salesdock.Question) *Suggestion {
	for _, same := range []func(*salesdock.Question) bool{
		func(a *salesdock.Question) bool { return a.Identifier == q.Identifier },
		func(a *salesdock.Question) bool { return strings.EqualFold(a.Name, q.Name) },
	} {
		for i := range c.a.Questions {
			if at := &c.a.Questions[i]; same(at) && FitOf(at.InputType, q.InputType) != Never {
				return &Suggestion{Action: ActionMap, A: string(at.ID), B: string(q.ID)}
			}
		}
	}
	return &Suggestion{Action: ActionMap, B: string(q.ID)}
}

// questionPair compares A's question with B's.
func (c *checker) questionPair(p QuestionPair, from, to *salesdock.Question, r Relevant) {
	a, b := string(p.A), string(p.B)
	change := &Suggestion{Action: ActionChangeA, A: a, B: b}
	switch FitOf(from.InputType, to.InputType) {
	case Never:
		c.add(mapping.SeverityError, PartQuestion, CodeType, a, b, to.Name,
			fmt.Sprintf("an answer of the type %s can't be one of the type %s", quote(string(from.InputType)), quote(string(to.InputType))), change)
		return
	case Depends:
		c.add(mapping.SeverityWarning, PartQuestion, CodeType, a, b, to.Name,
			fmt.Sprintf("not every answer of the type %s is one of the type %s", quote(string(from.InputType)), quote(string(to.InputType))), change)
	}
	c.options(p, from, to)
	if to.Validator != "" && to.Validator != from.Validator {
		c.add(mapping.SeverityWarning, PartQuestion, CodeValidation, a, b, to.Name,
			"B validates answers by "+quote(string(to.Validator))+", and A does not", change)
	}
	c.comesUp(a, b, to.Name, PartQuestion, r, relevant(c.sold, func(k Known) Ask { return AskOf(from, k) }))
}

// comesUp compares what B requires with what A asks.
func (c *checker) comesUp(a, b, name string, part Part, to, from Relevant) {
	if to.Required == False {
		return
	}
	severity := mapping.SeverityWarning
	if to.Required == True && to.Applies == True {
		severity = mapping.SeverityError
	}
	if hidden := c.hiddenFor(to, from); hidden != "" {
		c.add(severity, part, CodeHidden, a, b, name, "A does not ask it for "+hidden+", and B may require it",
			&Suggestion{Action: ActionChangeA, A: a, B: b})
		return
	}
	if from.Required != True {
		c.add(mapping.SeverityWarning, part, CodeRequired, a, b, name, "B requires an answer, and A does not always",
			&Suggestion{Action: ActionRequireA, A: a, B: b})
	}
}

// hiddenFor names the imported products for which B asks and A doesn't.
func (c *checker) hiddenFor(to, from Relevant) string {
	var names []string
	asked, answered := setOf(to.Products), setOf(from.Products)
	for i, p := range c.offer {
		if asked[p.ID] && !answered[c.sold[i].ID] {
			names = append(names, quote(p.Name))
		}
	}
	if len(names) > 3 {
		names = append(names[:3], fmt.Sprintf("%d more", len(names)-3))
	}
	return strings.Join(names, ", ")
}

func setOf(ids []salesdock.ProductID) map[salesdock.ProductID]bool {
	out := make(map[salesdock.ProductID]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out
}

// options finds answers of A that are no option of B.
func (c *checker) options(p QuestionPair, from, to *salesdock.Question) {
	if !choices(to.InputType) {
		return
	}
	a, b := string(p.A), string(p.B)
	for _, answer := range sortedKeys(p.Options) {
		switch {
		case !slices.Contains(to.Options, p.Options[answer]):
			c.add(mapping.SeverityError, PartQuestion, CodeOption, a, b, to.Name, "B has no option "+quote(p.Options[answer])+" for "+quote(answer)+", but "+quoted(to.Options), c.optionSuggestion(p, to, answer))
		case choices(from.InputType) && !slices.Contains(from.Options, answer):
			c.add(mapping.SeverityWarning, PartQuestion, CodeDangling, a, b, to.Name, "A has no option "+quote(answer)+" any more", &Suggestion{Action: ActionUnmap, A: a, B: b})
		}
	}
	if !choices(from.InputType) {
		return
	}
	for _, answer := range from.Options {
		if _, said := p.Options[answer]; said || slices.Contains(to.Options, answer) {
			continue
		}
		c.add(mapping.SeverityError, PartQuestion, CodeOption, a, b, to.Name, "A's option "+quote(answer)+" is none of B's: "+quoted(to.Options), c.optionSuggestion(p, to, answer))
	}
}

// quoted names options, not more than a line holds.
func quoted(options []string) string {
	const most = 8
	out := make([]string, 0, most+1)
	for i, o := range options {
		if i == most {
			out = append(out, fmt.Sprintf("%d more", len(options)-most))
			break
		}
		out = append(out, quote(o))
	}
	if len(out) == 0 {
		return "none at all"
	}
	return strings.Join(out, ", ")
}

func (c *checker) optionSuggestion(p QuestionPair, to *salesdock.Question, answer string) *Suggestion {
	if like, ok := similar(to.Options, answer); ok {
		return &Suggestion{Action: ActionOptions, A: string(p.A), B: string(p.B), Options: map[string]string{answer: like}}
	}
	return &Suggestion{Action: ActionChangeA, A: string(p.A), B: string(p.B)}
}

// agreements checks the pairs of agreements, and that what B requires is accepted
// at A.
func (c *checker) agreements() {
	seen := map[salesdock.AgreementID]bool{}
	for _, p := range c.m.Agreements {
		drop := &Suggestion{Action: ActionUnmap, A: string(p.A), B: string(p.B)}
		switch {
		case seen[p.B]:
			c.add(mapping.SeverityError, PartAgreement, CodeDuplicate, string(p.A), string(p.B), "", "the agreement of B is mapped twice", drop)
		case c.a.Agreement(p.A) == nil:
			c.add(mapping.SeverityError, PartAgreement, CodeDangling, string(p.A), string(p.B), "", "the agreement of A is gone", drop)
		case c.b.Agreement(p.B) == nil:
			c.add(mapping.SeverityError, PartAgreement, CodeDangling, string(p.A), string(p.B), "", "the agreement of B is gone", drop)
		}
		seen[p.B] = true
	}
	relevantOnes := RelevantAgreements(c.b, c.offer)
	for i := range c.b.Agreements {
		to := &c.b.Agreements[i]
		r, ok := relevantOnes[to.ID]
		if !ok {
			continue
		}
		if r.Applies == Undecidable || r.Required == Undecidable {
			c.add(mapping.SeverityWarning, PartAgreement, CodeUndecidable, "", string(to.ID), to.Name,
				"whether B asks for it can't be decided: "+strings.Join(r.Reasons, "; "), nil)
		}
		c.agreement(to, r)
	}
}

func (c *checker) agreement(to *salesdock.Agreement, r Relevant) {
	p, mapped := c.m.agreementFor(to.ID)
	if !mapped {
		severity, message := mapping.SeverityWarning, "B's agreement is not passed on"
		if r.Applies == True && r.Required == True {
			severity, message = mapping.SeverityError, "B requires the agreement"
		}
		c.add(severity, PartAgreement, CodeUnmapped, "", string(to.ID), to.Name, message, c.agreementLike(to))
		return
	}
	from := c.a.Agreement(p.A)
	if from == nil {
		return
	}
	c.comesUp(string(p.A), string(p.B), to.Name, PartAgreement, r, relevant(c.sold, func(k Known) Ask { return AskOfAgreement(from, k) }))
}

func (c *checker) agreementLike(to *salesdock.Agreement) *Suggestion {
	for i := range c.a.Agreements {
		if at := &c.a.Agreements[i]; at.Identifier == to.Identifier || strings.EqualFold(at.Name, to.Name) {
			return &Suggestion{Action: ActionMap, A: string(at.ID), B: string(to.ID)}
		}
	}
	return &Suggestion{Action: ActionMap, B: string(to.ID)}
}
