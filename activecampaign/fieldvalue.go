package activecampaign

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign"
)

const separator = "||"

// JoinOptions is the value of a checkbox or listbox field with the options
// chosen: "||a||b||". An option that holds "||" can't be written.
func JoinOptions(options []string) (string, error) {
	if len(options) == 0 {
		return "", nil
	}
	for _, o := range options {
		if o == "" || strings.Contains(o, separator) || strings.HasPrefix(o, "|") || strings.HasSuffix(o, "|") {
			return "", badConfig("options", "has one that can't be told from its neighbours", "")
		}
	}
	return separator + strings.Join(options, separator) + separator, nil
}

// SplitOptions gives the options of a value that JoinOptions wrote. A value
// without separators is one option.
func SplitOptions(value string) []string {
	return slices.DeleteFunc(strings.Split(value, separator), func(s string) bool { return s == "" })
}

// Check reports what is wrong with a value for the field, as a
// *countersign.ConfigError that does not repeat the value; ActiveCampaign itself
// takes much that it can't show. "" clears a field and is fine. Values are
// written as
//
//	text, textarea, hidden  the text
//	number                  the number as text
//	date                    "2026-04-30"
//	datetime                RFC 3339, "2026-04-30T12:00:00Z"
//	dropdown, radio         the option's Value
//	checkbox, listbox       "||a||b||", see JoinOptions
func (f Field) Check(value string) error {
	if value == "" {
		return nil
	}
	bad := func(reason string) error { return badConfig("field "+f.Title, reason, "") }
	switch f.Type {
	case FieldNumber:
		// Go also reads words, hexadecimal digits and powers of ten.
		if _, err := strconv.ParseFloat(value, 64); err != nil || strings.Trim(value, "+-.0123456789") != "" {
			return bad("wants a number")
		}
	case FieldDate:
		if _, err := countersign.ParseDate(value); err != nil {
			return bad("wants a date like 2026-04-30")
		}
	case FieldDatetime:
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return bad("wants a time like 2026-04-30T12:00:00Z")
		}
	case FieldDropdown, FieldRadio:
		if !f.offers(value) {
			return bad("has no such option")
		}
	case FieldCheckbox, FieldListbox:
		if len(value) <= 2*len(separator) || !strings.HasPrefix(value, separator) || !strings.HasSuffix(value, separator) {
			return bad("wants options as JoinOptions writes them")
		}
		for _, part := range SplitOptions(value) {
			if !f.offers(part) {
				return bad("has no such option")
			}
		}
	}
	return nil
}

func (f Field) offers(value string) bool {
	return slices.ContainsFunc(f.Options, func(o FieldOption) bool { return o.Value == value })
}
