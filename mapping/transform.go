package mapping

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/countersign/countersign"
)

// Func makes one value from a present one. An absent result means "no
// information", and the rule's next source is asked. A finding is added to the
// result, for the rule's target unless it names another field; the value is
// written unless the finding is an error.
type Func func(Value) (Value, Finding)

// Transform is a named way to make a value. The zero Transform copies.
type Transform struct {
	name     string
	constant bool // needs no source
	bind     func(from, to *Field) (Func, error)
}

// copying is what the zero Transform stands for.
var copying = Transform{name: "copy", bind: func(from, to *Field) (Func, error) {
	if from.Kind != to.Kind {
		return nil, fmt.Errorf("a %s does not fit a %s without a transform", from.Kind, to.Kind)
	}
	for _, c := range from.Choices {
		if !to.hasChoice(c.Key) {
			return nil, fmt.Errorf("the answer %q is unknown to the target; use the transform Choices", c.Key)
		}
	}
	return nil, nil
}}

// Custom is a transform of the caller's own. The name appears in Explain; in
// and out are checked when the map is compiled, and again for every value.
func Custom(name string, in, out Kind, f Func) Transform {
	return Transform{name: name, bind: func(from, to *Field) (Func, error) {
		if f == nil {
			return nil, errors.New("the custom transform has no function")
		}
		return f, fits(from, to, in, out)
	}}
}

// Constant gives the same value for every record. Its rule has no source.
func Constant(v Value) Transform {
	return Transform{name: fmt.Sprintf("constant %q", v), constant: true, bind: func(_, to *Field) (Func, error) {
		if v.kind != to.Kind {
			return nil, fmt.Errorf("a constant %s does not fit a %s", v.kind, to.Kind)
		}
		if found := to.refuse(&v); found.Severity != "" {
			return nil, errors.New("the constant: " + found.Message)
		}
		return func(Value) (Value, Finding) { return v, Finding{} }, nil
	}}
}

// Choices translates answers: each known answer of the source must have an
// entry, and each entry's value must be an answer of the target, or "" for an
// answer that carries no information. An answer without an entry, which only an
// unforeseen record can hold, is rejected with CodeUnknownChoice.
func Choices(answers map[string]string) Transform {
	answers = maps.Clone(answers)
	var name strings.Builder
	name.WriteString("choices")
	for _, key := range slices.Sorted(maps.Keys(answers)) {
		to := answers[key]
		if to == "" {
			to = "(none)"
		}
		fmt.Fprintf(&name, " %s→%s", key, to)
	}
	return Transform{name: name.String(), bind: func(from, to *Field) (Func, error) {
		if err := fits(from, to, KindChoice, KindChoice); err != nil {
			return nil, err
		}
		return bindChoices(answers, from, to)
	}}
}

func bindChoices(answers map[string]string, from, to *Field) (Func, error) {
	for _, c := range from.Choices {
		if _, ok := answers[c.Key]; !ok {
			return nil, fmt.Errorf("the source's answer %q has no entry", c.Key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(answers)) {
		if !from.hasChoice(key) {
			return nil, fmt.Errorf("the source has no answer %q", key)
		}
		if answer := answers[key]; answer != "" && !to.hasChoice(answer) {
			return nil, fmt.Errorf("the target has no answer %q", answer)
		}
	}
	return func(v Value) (Value, Finding) {
		answer, ok := answers[v.text]
		if !ok {
			return Value{}, refusal(CodeUnknownChoice, "the answer is not one of the known ones")
		}
		return ChoiceOf(answer), Finding{}
	}, nil
}

// Truncate cuts a text to the target's limit, at a character, and adds a
// warning when it did.
func Truncate() Transform {
	return Transform{name: "truncate", bind: func(from, to *Field) (Func, error) {
		if err := fits(from, to, KindText, KindText); err != nil {
			return nil, err
		}
		limit := to.MaxLen
		if limit == 0 {
			return nil, errors.New("the target has no limit to truncate to")
		}
		return func(v Value) (Value, Finding) {
			n := utf8.RuneCountInString(v.text)
			if n <= limit {
				return v, Finding{}
			}
			return TextOf(firstRunes(v.text, limit)), Finding{Severity: SeverityWarning, Code: CodeTruncated,
				Message: fmt.Sprintf("the text has %d characters and was cut to %d", n, limit)}
		}, nil
	}}
}

// firstRunes is the start of s with n characters; s has more than n.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// ParseDate reads a text of the form "YYYY-MM-DD", with white space around it
// allowed.
func ParseDate() Transform {
	return Custom("parse date", KindText, KindDate, func(v Value) (Value, Finding) {
		d, err := countersign.ParseDate(strings.TrimSpace(v.text))
		if err != nil {
			return Value{}, refusal(CodeUnreadable, "the text is not a date of the form YYYY-MM-DD")
		}
		return DateOf(d), Finding{}
	})
}

// ParseInteger reads a text of an optional sign and decimal digits in the range
// of int64, with white space around it allowed. Grouped digits and currency
// signs are rejected rather than guessed at.
func ParseInteger() Transform {
	return Custom("parse integer", KindText, KindInteger, func(v Value) (Value, Finding) {
		n, err := strconv.ParseInt(strings.TrimSpace(v.text), 10, 64)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return Value{}, refusal(CodeUnreadable, "the number is outside the range of 64 bits")
		case err != nil:
			return Value{}, refusal(CodeUnreadable, "the text is not a whole number")
		}
		return IntegerOf(n), Finding{}
	})
}

// Format writes a value of any kind as text, in the form of [Value.String].
func Format() Transform {
	return Transform{name: "format", bind: func(_, to *Field) (Func, error) {
		if to.Kind != KindText {
			return nil, fmt.Errorf("gives a text, which does not fit a %s", to.Kind)
		}
		return func(v Value) (Value, Finding) { return TextOf(v.String()), Finding{} }, nil
	}}
}

// DateIn is the civil date of an instant in loc. A nil loc is a mistake that
// compiling finds.
func DateIn(loc *time.Location) Transform {
	return Transform{name: "date in " + loc.String(), bind: func(from, to *Field) (Func, error) {
		if loc == nil {
			return nil, errors.New("the location is nil")
		}
		return func(v Value) (Value, Finding) {
			return DateOf(countersign.DateOf(v.Time().In(loc))), Finding{}
		}, fits(from, to, KindTime, KindDate)
	}}
}

// fits says what is wrong when fields are not of the kinds of a transform.
func fits(from, to *Field, in, out Kind) error {
	if from.Kind != in {
		return fmt.Errorf("takes a %s, but the source is a %s", in, from.Kind)
	}
	if to.Kind != out {
		return fmt.Errorf("gives a %s, which does not fit a %s", out, to.Kind)
	}
	return nil
}
