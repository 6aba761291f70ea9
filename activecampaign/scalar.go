package activecampaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ActiveCampaign writes one scalar as text here and as a number there. The types
// of this file read every form that its documents show.

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

// Text is text that may arrive as a number or a boolean.
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

// Bool is a boolean that arrives as true, 1, "1" or "true".
type Bool bool

// UnmarshalJSON reads every form; what is none of them, as "", is false.
func (b *Bool) UnmarshalJSON(data []byte) error {
	s, err := scalar(data)
	if err != nil {
		return err
	}
	*b = Bool(s == "1" || strings.EqualFold(s, "true"))
	return nil
}

// Int is a whole number that arrives as a number or as text.
type Int int64

// UnmarshalJSON reads both; "" and null are 0.
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

// Time is a point in time. The zero value is "none", which ActiveCampaign also
// writes as "0000-00-00", "0000-00-00 00:00:00", "" or null, and also a time that
// can't be read: one odd member does not cost the answer. A time that names no
// zone is taken for UTC, although ActiveCampaign means the account's zone;
// compare such times with each other alone.
type Time struct{ time.Time }

// UnmarshalJSON reads a time; whatever is none is the zero time.
func (t *Time) UnmarshalJSON(data []byte) error {
	*t = Time{}
	if s, err := scalar(data); err == nil {
		t.Time = parseTime(s)
	}
	return nil
}

// MarshalJSON writes RFC 3339 in UTC, or null for the zero time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.UTC().Format(time.RFC3339Nano) + `"`), nil
}

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateTime, time.DateOnly}

func parseTime(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range timeLayouts {
		at, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		// A zone can move the year out of the four digits that JSON can carry.
		if at = at.UTC(); at.Year() < 1 || at.Year() > 9999 {
			return time.Time{}
		}
		return at
	}
	return time.Time{}
}

// texts is a list of ids that may be missing, null or hold numbers.
type texts []Text

// UnmarshalJSON reads a list; anything else is an empty one.
func (t *texts) UnmarshalJSON(data []byte) error {
	*t = nil
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '[' {
		return nil
	}
	var list []Text
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*t = list
	return nil
}
