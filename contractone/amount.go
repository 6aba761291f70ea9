package contractone

import (
	"fmt"
	"strconv"

	"github.com/countersign/countersign"
)

// Amount is the amount of a contract (金額) in whole yen over the full range of
// int64, negative ones included. The zero value means "no amount", which is not
// the same as Yen(0). Amounts can be compared with ==. The vendor does not
// document a currency; yen is assumed.
type Amount struct {
	yen int64
	set bool
}

// Yen is an amount of n yen.
func Yen(n int64) Amount { return Amount{n, true} }

// ParseAmount reads an optional minus sign and digits, without grouping, spaces
// or decimals. "" is no amount. The error names the text.
func ParseAmount(s string) (Amount, error) {
	if s == "" {
		return Amount{}, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || s[0] == '+' {
		return Amount{}, fmt.Errorf("contractone: %.40q is not a whole amount between %d and %d: %w", s, int64(-1<<63), int64(1<<63-1), countersign.ErrInvalid)
	}
	return Yen(n), nil
}

// Get gives the amount in yen, and whether there is one.
func (a Amount) Get() (yen int64, ok bool) { return a.yen, a.set }

// IsZero reports whether there is no amount; encoding/json's omitzero asks it.
func (a Amount) IsZero() bool { return !a.set }

// String gives the digits, or "" for no amount.
func (a Amount) String() string {
	if !a.set {
		return ""
	}
	return strconv.FormatInt(a.yen, 10)
}

// MarshalJSON writes a whole number, or null for no amount. Readers that keep
// numbers as float64 lose digits above 2^53; Go's decoders into Amount do not.
func (a Amount) MarshalJSON() ([]byte, error) {
	if !a.set {
		return []byte("null"), nil
	}
	return []byte(a.String()), nil
}

// UnmarshalJSON reads a whole number or null.
func (a *Amount) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*a = Amount{}
		return nil
	}
	v, err := ParseAmount(string(data))
	if err != nil {
		return err
	}
	*a = v
	return nil
}

// AutoRenewal says whether a contract renews itself (契約自動更新). The zero
// value means that nothing was said.
type AutoRenewal string

// The values of AutoRenewal. The vendor does not document the words of its own
// screen.
const (
	RenewalUnspecified AutoRenewal = ""
	RenewalYes         AutoRenewal = "yes"
	RenewalNo          AutoRenewal = "no"
)

// IsKnown reports whether a is one of the three values.
func (a AutoRenewal) IsKnown() bool {
	return a == RenewalUnspecified || a == RenewalYes || a == RenewalNo
}
