package salesdock

import (
	"bytes"
	"encoding/json"
	"math/big"
	"regexp"
	"strings"

	"github.com/countersign/countersign"
)

// Decimal is an amount: a JSON number or a text with a point. It is exact, never
// a float. A text that is no number, such as a masked one, is kept in Raw
// with a zero Decimal.
type Decimal struct {
	countersign.Decimal
	Raw string // as it came, without the quotes of a text; empty: there was none
}

// UnmarshalJSON reads a number, a text or null and never fails for its contents.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	var s string
	if err := scalar(data, &s); err != nil {
		return err
	}
	*d = Decimal{Decimal: exact(strings.TrimSpace(s)), Raw: s}
	return nil
}

// MarshalJSON writes a number, or what came when it was none.
func (d Decimal) MarshalJSON() ([]byte, error) { return writeDecimal(d.Decimal, d.Raw) }

func writeDecimal(d countersign.Decimal, raw string) ([]byte, error) {
	if d.IsZero() && raw != "" {
		return json.Marshal(raw)
	}
	return d.MarshalJSON()
}

// exponent is how PHP writes small numbers: 9.0e-5.
var exponent = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}$`)

// exact reads a number without rounding it.
func exact(s string) countersign.Decimal {
	if d, err := countersign.ParseDecimal(s); err == nil {
		return d
	}
	if !exponent.MatchString(s) {
		return countersign.Decimal{}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return countersign.Decimal{}
	}
	digits, _ := r.FloatPrec()
	d, err := countersign.ParseDecimal(r.FloatString(digits))
	if err != nil {
		return countersign.Decimal{}
	}
	return d
}

// DutchDecimal is an amount as the energy calculators write it: "1.353,04",
// "0,09161". JSON numbers are read too. A text that is no number is kept in Raw.
type DutchDecimal struct {
	countersign.Decimal
	Raw string // as it came, without the quotes of a text; empty: there was none
}

var dutchNumber = regexp.MustCompile(`^-?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?$`)

// ParseDutchDecimal reads points between thousands and a comma before the
// fraction. Its error is a countersign.ErrInvalid.
func ParseDutchDecimal(s string) (countersign.Decimal, error) {
	if !dutchNumber.MatchString(s) {
		return countersign.ParseDecimal("not Dutch")
	}
	return countersign.ParseDecimal(strings.Replace(strings.ReplaceAll(s, ".", ""), ",", ".", 1))
}

// UnmarshalJSON reads a text, a number or null and never fails for its contents.
// A JSON number has no thousands, so its point is a decimal one.
func (d *DutchDecimal) UnmarshalJSON(data []byte) error {
	var s string
	if err := scalar(data, &s); err != nil {
		return err
	}
	text := strings.TrimSpace(s)
	*d = DutchDecimal{Raw: s}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		d.Decimal = exact(text)
		return nil
	}
	d.Decimal, _ = ParseDutchDecimal(strings.TrimSpace(strings.TrimPrefix(text, "€"))) // what is no number stays in Raw
	return nil
}

// MarshalJSON writes a number, or what came when it was none.
func (d DutchDecimal) MarshalJSON() ([]byte, error) { return writeDecimal(d.Decimal, d.Raw) }
