package api

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/countersign/countersign"
)

// clean makes a service's text fit for an error: one line, valid, short, and
// without the credentials of the call.
func clean(s string, limit int, secrets []countersign.Secret) string {
	for _, secret := range secrets {
		s = withoutSecret(s, secret)
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	s = strings.Join(strings.Fields(s), " ")
	for len(s) > limit {
		_, size := lastRune(s)
		s = s[:len(s)-size]
	}
	return s
}

// Clean makes a service's text fit for an error that a provider makes itself: one
// line, at most 1,000 bytes, without the credentials of the call.
func Clean(s string, secrets ...countersign.Secret) string { return clean(s, 1000, secrets) }

// withoutSecret takes a credential out of a text. Very short ones are left:
// taking them out would only garble the text.
func withoutSecret(s string, secret countersign.Secret) string {
	if v := secret.Reveal(); len(v) >= 8 {
		return strings.ReplaceAll(s, v, "[redacted]")
	}
	return s
}

func lastRune(s string) (rune, int) { return utf8.DecodeLastRuneInString(s) }
