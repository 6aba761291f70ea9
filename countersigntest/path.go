package countersigntest

import (
	"net/url"
	"strings"
)

// MatchPath compares the segments of an escaped path with those of a pattern, in
// which "{name}" stands for any value that is not empty, and gives the values
// unescaped. Fakes route by it.
func MatchPath(pattern, escaped []string) (values map[string]string, ok bool) {
	if len(pattern) != len(escaped) {
		return nil, false
	}
	values = map[string]string{}
	for i, want := range pattern {
		value, err := url.PathUnescape(escaped[i])
		switch {
		case err != nil:
			return nil, false
		case strings.HasPrefix(want, "{") && value != "":
			values[strings.Trim(want, "{}")] = value
		case want != value:
			return nil, false
		}
	}
	return values, true
}
