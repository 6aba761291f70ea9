package salesdock

import "strings"

// IsMasked reports whether a text is what Salesdock leaves of an anonymised one:
// "*****", "***** *****", "****@******.***". Some members become empty instead,
// which no text can tell.
func IsMasked(s string) bool {
	stars := 0
	for _, r := range s {
		switch r {
		case '*':
			stars++
		case ' ', '@', '.', '-':
		default:
			return false
		}
	}
	return stars >= 3
}

// anyMasked reports whether one of the texts is masked.
func anyMasked(texts ...string) bool {
	for _, s := range texts {
		if IsMasked(strings.TrimSpace(s)) {
			return true
		}
	}
	return false
}
