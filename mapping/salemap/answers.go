package salemap

import (
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/salesdock"
)

// answers translates what the customer answered, and finds what B requires and
// nobody answered.
func (c *carrier) answers() {
	c.out.New.Answers = map[string]salesdock.Answer{}
	known := Known{Products: c.lines, Answers: c.answersByName()}
	for i := range c.b.Questions {
		q := &c.b.Questions[i]
		ask := AskOf(q, known)
		if ask.Applies == False {
			continue
		}
		p, mapped := c.m.questionFor(q.ID)
		at := c.answerTo(p.A)
		switch {
		case mapped && at != nil && !at.Value.IsZero():
			c.answer(p, at, q)
		case ask.Applies == True && ask.Required == True && !mapped:
			c.fail(PartQuestion, CodeUnmapped, "", string(q.ID), q.Name, "B requires an answer, and no question of A gives one")
		case ask.Applies == True && ask.Required == True:
			c.fail(PartQuestion, CodeMissing, string(p.A), string(q.ID), c.nameAtA(p.A), "B requires an answer, and the sale has none")
		case ask.Required != False:
			c.warn(PartQuestion, CodeUndecidable, string(p.A), string(q.ID), q.Name, "B may require an answer: "+strings.Join(ask.Reasons, "; "))
		}
	}
}

// answerTo gives the sale's answer to a question of A, nil if there is none.
func (c *carrier) answerTo(a salesdock.QuestionID) *salesdock.AnsweredQuestion {
	return find(c.sale.FlowData.Questions, a, func(q *salesdock.AnsweredQuestion) salesdock.QuestionID { return q.ID })
}

func (c *carrier) nameAtA(id salesdock.QuestionID) string {
	if q := c.a.Question(id); q != nil {
		return q.Name
	}
	return ""
}

// answersByName gives what B's rules may ask for: the answers by the names of B's
// questions, as B would have them. A name that two questions share is not known,
// and neither is a question that nothing answers.
func (c *carrier) answersByName() map[string][]string {
	count := map[string]int{}
	for _, q := range c.b.Questions {
		count[q.Name]++
	}
	out := map[string][]string{}
	for _, q := range c.b.Questions {
		p, mapped := c.m.questionFor(q.ID)
		if !mapped || count[q.Name] > 1 {
			continue
		}
		at := c.answerTo(p.A)
		if at == nil {
			out[q.Name] = nil
			continue
		}
		texts := at.Value.Texts
		if at.Value.Text != "" {
			texts = []string{at.Value.Text}
		}
		if choices(q.InputType) {
			texts = slices.Clone(texts)
			for i := range texts {
				texts[i], _ = optionFor(p, q.Options, texts[i])
			}
		}
		out[q.Name] = texts
	}
	return out
}

// answer writes one answer as B's question takes it.
func (c *carrier) answer(p QuestionPair, at *salesdock.AnsweredQuestion, q *salesdock.Question) {
	refuse := func(code, message string) {
		c.fail(PartQuestion, code, string(p.A), string(q.ID), c.nameAtA(p.A), message)
	}
	from := at.Type
	if asked := c.a.Question(p.A); asked != nil {
		from = asked.InputType
	}
	if slices.ContainsFunc(append(slices.Clone(at.Value.Texts), at.Value.Text), salesdock.IsMasked) {
		refuse(CodeMasked, "the answer was anonymised")
		return
	}
	if FitOf(from, q.InputType) == Never {
		refuse(CodeType, "an answer of the type "+quote(string(from))+" can't be one of the type "+quote(string(q.InputType)))
		return
	}
	switch q.InputType {
	case salesdock.InputFile:
		if len(at.Value.Files) == 0 {
			refuse(CodeValue, "the answer is no file")
			return
		}
		c.out.Files[q.Identifier] = at.Value.Files
	case salesdock.InputMultiple, salesdock.InputSingle:
		c.choice(p, at, q, refuse)
	case salesdock.InputDate, salesdock.InputSwitchDate:
		c.date(p, at, q, refuse)
	default:
		if at.Value.Text == "" {
			refuse(CodeValue, "the answer is no text")
			return
		}
		c.out.New.Answers[q.Identifier] = salesdock.TextAnswer(at.Value.Text)
	}
}

func (c *carrier) choice(p QuestionPair, at *salesdock.AnsweredQuestion, q *salesdock.Question, refuse func(code, message string)) {
	answers := at.Value.Texts
	if at.Value.Text != "" {
		answers = []string{at.Value.Text}
	}
	var chosen []string
	for _, answer := range answers {
		option, ok := optionFor(p, q.Options, answer)
		if !ok {
			refuse(CodeOption, "the answer is none of B's options")
			return
		}
		chosen = append(chosen, option)
	}
	if q.InputType == salesdock.InputMultiple {
		c.out.New.Answers[q.Identifier] = salesdock.ChoicesAnswer(chosen...)
		return
	}
	if len(chosen) != 1 {
		refuse(CodeValue, "there is more than one answer")
		return
	}
	c.out.New.Answers[q.Identifier] = salesdock.TextAnswer(chosen[0])
}

// dutchDay is the layout of days that switchdate questions were seen with.
const dutchDay = "02-01-2006"

// date writes a day. An answer to a switchdate question reads as an option or as
// a day, in one of two layouts.
func (c *carrier) date(p QuestionPair, at *salesdock.AnsweredQuestion, q *salesdock.Question, refuse func(code, message string)) {
	d, isDay := day(at.Value.Text)
	layout := p.Layout
	switch {
	case q.InputType == salesdock.InputDate && !isDay:
		refuse(CodeValue, "the answer is no day")
	case q.InputType == salesdock.InputDate:
		if layout == "" {
			layout = time.DateOnly
		}
		c.out.New.Answers[q.Identifier] = salesdock.DateAnswer(d, layout)
	case isDay:
		if layout == "" {
			layout = dutchDay
		}
		c.out.New.Answers[q.Identifier] = salesdock.SwitchDateAnswer(salesdock.SwitchOther, d, layout)
	case at.Value.Text == salesdock.SwitchAsSoonAsPossible:
		c.out.New.Answers[q.Identifier] = salesdock.SwitchDateAnswer(at.Value.Text, d, layout)
	default:
		refuse(CodeValue, "the answer is neither a day nor the option \"as soon as possible\"")
	}
}

// agreements passes on what the customer accepted, and nothing else.
func (c *carrier) agreements() {
	known := Known{Products: c.lines, Answers: c.answersByName()}
	for i := range c.b.Agreements {
		to := &c.b.Agreements[i]
		ask := AskOfAgreement(to, known)
		if ask.Applies == False {
			continue
		}
		p, mapped := c.m.agreementFor(to.ID)
		switch {
		case mapped && c.accepted(p.A):
			c.out.New.Agreements = append(c.out.New.Agreements, to.Identifier)
		case ask.Applies == True && ask.Required == True && !mapped:
			c.fail(PartAgreement, CodeUnmapped, "", string(to.ID), to.Name, "B requires the agreement, and none of A gives it")
		case ask.Applies == True && ask.Required == True:
			c.fail(PartAgreement, CodeMissing, string(p.A), string(to.ID), to.Name, "B requires the agreement, and the customer did not accept it")
		case ask.Required != False:
			c.warn(PartAgreement, CodeUndecidable, string(p.A), string(to.ID), to.Name, "B may require the agreement: "+strings.Join(ask.Reasons, "; "))
		}
	}
}

func (c *carrier) accepted(id salesdock.AgreementID) bool {
	return slices.ContainsFunc(c.sale.FlowData.Agreements, func(a salesdock.AnsweredAgreement) bool { return a.ID == id && bool(a.Value) })
}
