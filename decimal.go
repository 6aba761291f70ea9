package countersign

import (
	"fmt"
	"regexp"
)

// Decimal is a decimal number kept as the text that came, without arithmetic
// and without rounding: "12", "-0.50". The zero value means "no number". It is
// for services that send amounts with decimals; whole minor units are int64.
type Decimal struct{ text string }

var decimalText = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,30})?$`)

// ParseDecimal takes an optional minus sign, digits and an optional point with
// digits, at most 30 on each side; no leading zeros, no exponent, no grouping.
func ParseDecimal(s string) (Decimal, error) {
	if !decimalText.MatchString(s) {
		return Decimal{}, fmt.Errorf("countersign: %q is not a decimal number: %w", clip(s, 40), ErrInvalid)
	}
	return Decimal{s}, nil
}

// IsZero reports whether there is no number; "0" is a number.
func (d Decimal) IsZero() bool { return d.text == "" }

// String gives the text that came, or "".
func (d Decimal) String() string { return d.text }

// MarshalJSON writes a JSON number, or null for the zero value.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return []byte(d.text), nil
}

// UnmarshalJSON reads a number, a string that holds one, "" or null.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	s := string(data)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if s == "null" || s == "" {
		*d = Decimal{}
		return nil
	}
	v, err := ParseDecimal(s)
	if err != nil {
		return err
	}
	*d = v
	return nil
}
