package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Labels are a field's names on screens, by language tag: "ja", "en". They are
// data for people; rules refer to fields by key.
type Labels map[string]string

// Choice is one of the answers of a KindChoice field.
type Choice struct {
	Key    string
	Labels Labels
}

// Field describes a field of a catalogue.
type Field struct {
	Key     string   // unique within the catalogue: "attribute.contract_at"
	Labels  Labels   // may be nil
	Kind    Kind     // required
	MaxLen  int      // KindText: longest text in characters; 0: no limit is known
	Choices []Choice // KindChoice: the known answers; empty: any key
}

// hasChoice reports whether key is one of the field's answers.
func (f *Field) hasChoice(key string) bool {
	for i := range f.Choices {
		if f.Choices[i].Key == key {
			return true
		}
	}
	return len(f.Choices) == 0
}

// SourceField is a field that a record of type S can be asked for. Get returns
// a value of the field's kind or the absent value, and does not change the
// record.
type SourceField[S any] struct {
	Field
	Get func(*S) Value
}

// TargetField is a field that can be set on a record of type T. Set is called
// at most once a run and only with a present value of the field's kind, within
// its limit and of its choices.
type TargetField[T any] struct {
	Field
	Set func(*T, Value)
}

// Source is the catalogue of what can be read.
type Source[S any] struct {
	Name   string // for people: "CloudSign file"
	Fields []SourceField[S]
}

// Target is the catalogue of what can be written.
type Target[T any] struct {
	Name   string // for people: "Contract One entry"
	Fields []TargetField[T]
}

// refuse says why the field can't take v, as an error finding, or gives the
// zero Finding.
func (f *Field) refuse(v *Value) Finding {
	if v.kind != f.Kind {
		return refusal(CodeWrongKind, "a "+v.kind.String()+" came where a "+f.Kind.String()+" was declared")
	}
	switch v.kind {
	case KindText:
		if !isClean(v.text) {
			return unclean
		}
		return f.tooLong(v.text)
	case KindChoice:
		if !f.hasChoice(v.text) {
			return refusal(CodeUnknownChoice, "the answer is not one of the known ones")
		}
		if !isClean(v.text) {
			return unclean
		}
	case KindList:
		if slices.ContainsFunc(v.list, func(s string) bool { return !isClean(s) }) {
			return unclean
		}
	case KindDate:
		if !v.Date().IsValid() {
			return refusal(CodeInvalidDate, "the date is not a day of the calendar")
		}
	}
	return Finding{}
}

// tooLong compares a text with the field's limit. A text never has more
// characters than bytes, so most need no counting.
func (f *Field) tooLong(s string) Finding {
	if f.MaxLen > 0 && len(s) > f.MaxLen {
		if n := utf8.RuneCountInString(s); n > f.MaxLen {
			return refusal(CodeTooLong, fmt.Sprintf("the text has %d characters, and the limit is %d", n, f.MaxLen))
		}
	}
	return Finding{}
}

// isClean reports whether s is a text that services and databases take: UTF-8
// without NUL.
func isClean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

var unclean = refusal(CodeInvalidText, "the text is not valid UTF-8 or holds a NUL character")

// refusal is the finding for a value that is not written.
func refusal(code, message string) Finding {
	return Finding{Severity: SeverityError, Code: code, Message: message}
}
