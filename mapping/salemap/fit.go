package salemap

import (
	"slices"
	"strings"

	"github.com/countersign/countersign/salesdock"
)

// Fit says whether answers to a question of one type answer one of another.
type Fit string

// The fits.
const (
	Fits    Fit = "fits"    // every answer
	Depends Fit = "depends" // on the answer: each sale is checked
	Never   Fit = "never"
)

// fits is the matrix of types: B's type, then A's. What is not here never fits.
var fits = map[salesdock.InputType]map[salesdock.InputType]Fit{
	salesdock.InputText: {
		salesdock.InputText: Fits, salesdock.InputDate: Fits, salesdock.InputSingle: Fits, salesdock.InputSwitchDate: Depends,
	},
	salesdock.InputDate: {
		salesdock.InputDate: Fits, salesdock.InputSwitchDate: Depends, salesdock.InputText: Depends,
	},
	salesdock.InputSwitchDate: {
		salesdock.InputSwitchDate: Fits, salesdock.InputDate: Fits,
	},
	salesdock.InputSingle: {
		salesdock.InputSingle: Fits, salesdock.InputText: Depends,
	},
	salesdock.InputMultiple: {
		salesdock.InputMultiple: Fits, salesdock.InputSingle: Fits,
	},
	salesdock.InputFile: {salesdock.InputFile: Fits},
}

// FitOf tells whether answers to a question of type a can answer one of type b.
// Types that this package does not know fit never, alike or not: how their answers
// are written is not published.
func FitOf(a, b salesdock.InputType) Fit {
	if f, ok := fits[b][a]; ok {
		return f
	}
	return Never
}

// choices reports a question with options.
func choices(t salesdock.InputType) bool {
	return t == salesdock.InputSingle || t == salesdock.InputMultiple
}

// optionFor gives B's option for an answer at A: the one that the pair names, else
// the one that is spelt alike.
func optionFor(p QuestionPair, options []string, answer string) (string, bool) {
	if to, ok := p.Options[answer]; ok {
		answer = to
	}
	return answer, slices.Contains(options, answer)
}

// similar gives the option that differs in case and white space alone, where
// there is exactly one. It is a suggestion, never used by itself.
func similar(options []string, answer string) (string, bool) {
	fold := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	found, n := "", 0
	for _, o := range options {
		if fold(o) == fold(answer) {
			found, n = o, n+1
		}
	}
	return found, n == 1
}
