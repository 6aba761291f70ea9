package docusign

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// DocuSign writes almost every scalar as a JSON string, and now and then as a
// number or a boolean. The types of this file read all of them and write
// strings.

var errScalar = errors.New("neither text nor a number nor a boolean")

// scalar is the text of a JSON string, number or boolean; null is "".
func scalar(data []byte) (string, error) {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0 || bytes.Equal(data, []byte("null")):
		return "", nil
	case data[0] == '"':
		var s string
		err := json.Unmarshal(data, &s)
		return s, err
	case data[0] == '{' || data[0] == '[':
		return "", errScalar
	}
	return string(data), nil
}

// Bool is a boolean that is sent as "true" or "false". Where leaving it out
// means something else than false, fields are *Bool: new(docusign.Bool(true)).
type Bool bool

// MarshalJSON writes "true" or "false".
func (b Bool) MarshalJSON() ([]byte, error) {
	return []byte(strconv.Quote(strconv.FormatBool(bool(b)))), nil
}

// UnmarshalJSON reads a boolean or its text; "" and null are false.
func (b *Bool) UnmarshalJSON(data []byte) error {
	s, err := scalar(data)
	if err != nil {
		return err
	}
	*b = Bool(strings.EqualFold(s, "true") || s == "1")
	return nil
}

// Int is a whole number that is sent as text.
type Int int64

// MarshalJSON writes the number as a string.
func (i Int) MarshalJSON() ([]byte, error) {
	return []byte(strconv.Quote(strconv.FormatInt(int64(i), 10))), nil
}

// UnmarshalJSON reads a number or its text; "" and null are 0.
func (i *Int) UnmarshalJSON(data []byte) error {
	s, err := scalar(data)
	if err != nil {
		return err
	}
	*i = 0
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return err
	}
	*i = Int(n)
	return nil
}

// Text is text that may arrive as a number or a boolean: positions, sizes, ids
// that a sender chose.
type Text string

// UnmarshalJSON reads any scalar; null is "".
func (t *Text) UnmarshalJSON(data []byte) error {
	s, err := scalar(data)
	if err != nil {
		return err
	}
	*t = Text(s)
	return nil
}

// Time is a point in time as DocuSign writes it: ISO 8601 with a fraction of any
// length, or nothing. It is in UTC, also where the zone is missing. The zero value is "not yet",
// and also a time that can't be read: one odd member does not cost the answer.
type Time struct{ time.Time }

// UnmarshalJSON reads a time; whatever is none is the zero time.
func (t *Time) UnmarshalJSON(data []byte) error {
	*t = Time{}
	if s, err := scalar(data); err == nil {
		t.Time, _ = parseTime(s, time.UTC)
	}
	return nil
}

// MarshalJSON writes the time in UTC, or "" for the zero time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte(`""`), nil
	}
	return []byte(`"` + t.UTC().Format(time.RFC3339Nano) + `"`), nil
}

// parseTime reads a time of an answer or a message; what can't be read is zero.
// A time without a zone is in the given one; zoned reports that it named its own.
func parseTime(s string, zone *time.Location) (at time.Time, zoned bool) {
	s = strings.TrimSpace(s)
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return storableTime(at), true
	}
	if at, err := time.ParseInLocation("2006-01-02T15:04:05", s, zone); err == nil {
		return storableTime(at), false
	}
	return time.Time{}, false
}

// storableTime drops a time that JSON can't carry: a zone can move the year out
// of the four digits.
func storableTime(at time.Time) time.Time {
	at = at.UTC()
	if y := at.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return at
}
