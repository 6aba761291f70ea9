package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"github.com/countersign/countersign"
)

// MinToken is the least number of characters of a token: 22 characters of
// base64 or base32 hold more than 100 bits.
const MinToken = 22

// Tokens are the secrets one of which a webhook's address must carry. Several
// may be valid at once, so that the address can be changed without a gap.
type Tokens struct{ digests [][sha256.Size]byte }

// NewTokens checks that the tokens can't be guessed and stand in an address as
// they are. Its error is a *countersign.ConfigError.
func NewTokens(component string, tokens []countersign.Secret) (Tokens, error) {
	const fix = "make one with rand.Text of crypto/rand"
	if len(tokens) == 0 {
		return Tokens{}, &countersign.ConfigError{Component: component, Field: "Tokens", Reason: "is empty", Fix: fix}
	}
	var out Tokens
	for _, token := range tokens {
		s := token.Reveal()
		if len(s) < MinToken {
			return Tokens{}, &countersign.ConfigError{Component: component, Field: "Tokens", Reason: fmt.Sprintf("has one of less than %d characters", MinToken), Fix: fix}
		}
		if strings.ContainsFunc(s, reserved) {
			return Tokens{}, &countersign.ConfigError{Component: component, Field: "Tokens", Reason: "has one that does not stand in an address as it is", Fix: fix}
		}
		out.digests = append(out.digests, sha256.Sum256([]byte(s)))
	}
	return out, nil
}

// reserved reports a character that is not unreserved in RFC 3986.
func reserved(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("-._~", r)
}

// Match reports whether the request's address carries one of the tokens: as the
// query parameter "token" or, without one, as the last element of the path. The
// time it takes does not depend on how much of a token is right.
func (t Tokens) Match(r *http.Request) bool {
	got := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if query := r.URL.Query(); query.Has("token") {
		got = query.Get("token")
	}
	// Digests have one length, so that the comparison does not tell a token's.
	digest := sha256.Sum256([]byte(got))
	match := 0
	for i := range t.digests {
		match |= subtle.ConstantTimeCompare(digest[:], t.digests[i][:])
	}
	return match == 1
}

// MAC is the HMAC-SHA256 of body under key.
func MAC(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)
}

// Signed reports whether one of the signatures is the HMAC-SHA256 of body under
// one of the keys. All of them are compared, in time that does not depend on
// which of them fits.
func Signed(body []byte, keys []countersign.Secret, signatures [][]byte) bool {
	match := 0
	for _, key := range keys {
		if key.IsZero() {
			continue // everybody can sign with an empty key
		}
		want := MAC([]byte(key.Reveal()), body)
		for _, got := range signatures {
			match |= subtle.ConstantTimeCompare(got, want)
		}
	}
	return match == 1
}
