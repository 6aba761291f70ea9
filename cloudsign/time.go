package cloudsign

import (
	"encoding/json"
	"time"
)

// Time is a time in an answer. The specification writes RFC 3339, with or without
// fractions of a second, and null for none. Anything else becomes the zero time:
// one value that can't be read must not cost the hundred documents of its page.
type Time struct{ time.Time }

// UnmarshalJSON reads a time; see Time. It fails for no JSON value.
func (t *Time) UnmarshalJSON(data []byte) error {
	t.Time = time.Time{}
	var text string
	if json.Unmarshal(data, &text) != nil {
		return nil //nolint:nilerr // another kind of value is no time
	}
	if v, err := time.Parse(time.RFC3339Nano, text); err == nil {
		t.Time = v
	}
	return nil
}
