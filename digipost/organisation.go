package digipost

import (
	"strings"

	"github.com/countersign/countersign"
)

// OrganisationNumber is a Norwegian organisation number: nine digits, the last
// of which checks the others. Make one with ParseOrganisationNumber.
type OrganisationNumber string

// ParseOrganisationNumber reads a number as people write it: "984 661 185",
// "NO 984661185 MVA". It refuses one whose check digit is wrong. Its error is a
// *countersign.ConfigError and does not quote the text.
func ParseOrganisationNumber(s string) (OrganisationNumber, error) {
	n, err := ParseOrganisationNumberLenient(s)
	if err == nil && !n.Valid() {
		return "", organisationError("has a wrong check digit", "compare it with the Brønnøysund register")
	}
	return n, err
}

// ParseOrganisationNumberLenient is ParseOrganisationNumber without the check
// digit, for made-up numbers such as 987654321 of Digipost's own example.
func ParseOrganisationNumberLenient(s string) (OrganisationNumber, error) {
	s = strings.ToUpper(strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == '\t' || r == '\u00a0' || r == '\u202f'
	}), ""))
	s = strings.TrimSuffix(strings.TrimPrefix(s, "NO"), "MVA")
	n := OrganisationNumber(s)
	if !n.wellFormed() {
		return "", organisationError("is not nine digits", "")
	}
	return n, nil
}

func organisationError(reason, fix string) error {
	return &countersign.ConfigError{Component: "digipost", Field: "organisation number", Reason: reason, Fix: fix}
}

func (n OrganisationNumber) wellFormed() bool {
	return len(n) == 9 && strings.Trim(string(n), "0123456789") == ""
}

// Valid reports nine digits of which the last is the right check digit (modulo
// 11). That there is an organisation with this number it does not say.
func (n OrganisationNumber) Valid() bool {
	if !n.wellFormed() {
		return false
	}
	sum := 0
	for i, weight := range [...]int{3, 2, 7, 6, 5, 4, 3, 2} {
		sum += weight * int(n[i]-'0')
	}
	return (11-sum%11)%11 == int(n[8]-'0') // 10 is no digit: such numbers are not given out
}
