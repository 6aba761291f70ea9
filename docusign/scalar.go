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
// length, or nothing. A time without a zone is UTC. The zero value is "not yet".
type Time struct{ time.Time }

// UnmarshalJSON reads a time; "" and null are the zero time.
func (t *Time) UnmarshalJSON(data []byte) error {
	s, err := scalar(data)
	if err != nil {
		return err
	}
	*t = Time{}
	if s == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		if at, err = time.Parse("2006-01-02T15:04:05.999999999", s); err != nil {
			return err
		}
	}
	*t = Time{at}
	return nil
}

// MarshalJSON writes the time in UTC, or "" for the zero time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte(`""`), nil
	}
	return []byte(`"` + t.UTC().Format(time.RFC3339Nano) + `"`), nil
}
