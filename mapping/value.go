package mapping

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign"
)

// Kind is the type of a field and of the values that it holds.
type Kind uint8

// The kinds. The zero Kind belongs to the absent value only.
const (
	KindText    Kind = iota + 1 // free text
	KindInteger                 // a whole number, such as an amount in minor units
	KindDate                    // a civil date without a zone
	KindTime                    // an instant
	KindBool                    // yes or no
	KindChoice                  // the key of one of the field's choices
	KindList                    // an ordered list of texts, such as tags
)

var kindNames = [...]string{"none", "text", "integer", "date", "time", "boolean", "choice", "list"}

// String gives the kind's name in English.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// isValid reports whether k is one of the constants.
func (k Kind) isValid() bool { return k >= KindText && k <= KindList }

// Value is one value of one kind. The zero Value is "absent": there is no
// information. Every accessor gives its zero result for a value of another kind.
type Value struct {
	kind Kind
	a, b int32 // month and day of a date; nanoseconds of a time in a
	n    int64 // integer, boolean, year of a date, Unix seconds of a time
	text string
	list []string
}

// TextOf is a text. Text that is empty or only white space is no information,
// so it gives the absent value; any other text is kept as it is.
func TextOf(s string) Value {
	if strings.TrimSpace(s) == "" {
		return Value{}
	}
	return Value{kind: KindText, text: s}
}

// IntegerOf is a whole number. Zero is a value, not absence.
func IntegerOf(n int64) Value { return Value{kind: KindInteger, n: n} }

// DateOf is a civil date; the zero date gives the absent value.
func DateOf(d countersign.Date) Value {
	if d.IsZero() {
		return Value{}
	}
	return Value{kind: KindDate, n: int64(d.Year), a: int32(d.Month), b: int32(d.Day)} //nolint:gosec // those of a calendar fit
}

// TimeOf is an instant; the zero time gives the absent value. The location is
// not kept.
func TimeOf(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	return Value{kind: KindTime, n: t.Unix(), a: int32(t.Nanosecond())} //nolint:gosec // a second has fewer
}

// BoolOf is a yes or a no. False is a value, not absence.
func BoolOf(b bool) Value {
	v := Value{kind: KindBool}
	if b {
		v.n = 1
	}
	return v
}

// ChoiceOf is the key of a choice; an empty key gives the absent value.
func ChoiceOf(key string) Value {
	if key == "" {
		return Value{}
	}
	return Value{kind: KindChoice, text: key}
}

// ListOf is a list of texts; an empty list gives the absent value. The slice is
// not copied, so it must not change afterwards.
func ListOf(texts []string) Value {
	if len(texts) == 0 {
		return Value{}
	}
	return Value{kind: KindList, list: texts}
}

// Kind is the value's kind; 0 for the absent value.
func (v Value) Kind() Kind { return v.kind }

// IsAbsent reports whether there is no information.
func (v Value) IsAbsent() bool { return v.kind == 0 }

// Text gives the text of a KindText value.
func (v Value) Text() string {
	if v.kind != KindText {
		return ""
	}
	return v.text
}

// Integer gives the number of a KindInteger value.
func (v Value) Integer() int64 {
	if v.kind != KindInteger {
		return 0
	}
	return v.n
}

// Date gives the date of a KindDate value.
func (v Value) Date() countersign.Date {
	if v.kind != KindDate {
		return countersign.Date{}
	}
	return countersign.Date{Year: int(v.n), Month: time.Month(v.a), Day: int(v.b)}
}

// Time gives the instant of a KindTime value, in UTC.
func (v Value) Time() time.Time {
	if v.kind != KindTime {
		return time.Time{}
	}
	return time.Unix(v.n, int64(v.a)).UTC()
}

// Bool gives the answer of a KindBool value.
func (v Value) Bool() bool { return v.kind == KindBool && v.n == 1 }

// Choice gives the key of a KindChoice value.
func (v Value) Choice() string {
	if v.kind != KindChoice {
		return ""
	}
	return v.text
}

// List gives the texts of a KindList value. The caller must not change them.
func (v Value) List() []string {
	if v.kind != KindList {
		return nil
	}
	return v.list
}

// Equal reports whether both values have the same kind and content.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.n == w.n && v.a == w.a && v.b == w.b && v.text == w.text && slices.Equal(v.list, w.list)
}

// String gives the value as text: dates as "YYYY-MM-DD", times as RFC 3339 in
// UTC, booleans as "true" and "false", lists joined with ", ", and "" for the
// absent value.
func (v Value) String() string {
	switch v.kind {
	case KindText, KindChoice:
		return v.text
	case KindInteger:
		return strconv.FormatInt(v.n, 10)
	case KindDate:
		return v.Date().String()
	case KindTime:
		return v.Time().Format(time.RFC3339Nano)
	case KindBool:
		return strconv.FormatBool(v.Bool())
	case KindList:
		return strings.Join(v.list, ", ")
	}
	return ""
}
