package contractone

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/countersign/countersign"
)

// ManagementID tells links apart (管理ID). The ledger's side assigns one to each
// link, and every error about the link shows it. Its form is "XXXX-XXXX": seven
// random characters and a check character, without 0, 1, I, L and O, so that it
// survives a phone call. It is not the 管理番号 of a CloudSign document.
type ManagementID string

// managementAlphabet has 31 characters. That is a prime, so that the weighted
// sum below finds every wrong character and every two that changed places.
const managementAlphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

const managementLen = 8

// NewManagementID makes a random ID. There are 27 thousand million, so two
// links of one company hardly ever meet; who stores links keeps them unique.
func NewManagementID() ManagementID {
	var chars [managementLen]byte
	sum := 0
	for i := 0; i < managementLen-1; {
		var b [1]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
		v := int(b[0] & 31)
		if v == len(managementAlphabet) {
			continue
		}
		chars[i] = managementAlphabet[v]
		i++
		sum += i * v
	}
	// The last weight is 8; 4 is its inverse modulo 31.
	check := (len(managementAlphabet) - sum%len(managementAlphabet)) * 4 % len(managementAlphabet)
	chars[managementLen-1] = managementAlphabet[check]
	return ManagementID(chars[:4]) + "-" + ManagementID(chars[4:])
}

// ParseManagementID reads an ID as people write it: lower case, without the
// hyphen, with spaces. A mistyped character or two that changed places are
// found. The error is a countersign.ErrInvalid.
func ParseManagementID(s string) (ManagementID, error) {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(s))
	sum := 0
	for i := range len(plain) {
		v := strings.IndexByte(managementAlphabet, plain[i])
		if v < 0 {
			return "", badManagementID(s)
		}
		sum += (i + 1) * v
	}
	if len(plain) != managementLen || sum%len(managementAlphabet) != 0 {
		return "", badManagementID(s)
	}
	return ManagementID(plain[:4] + "-" + plain[4:]), nil
}

// IsValid reports whether id has the form that NewManagementID gives.
func (id ManagementID) IsValid() bool {
	v, err := ParseManagementID(string(id))
	return err == nil && v == id
}

func badManagementID(s string) error {
	return fmt.Errorf("contractone: %.20q is not a management ID like 7KQM-3XPA; compare it with the list of links: %w", s, countersign.ErrInvalid)
}
