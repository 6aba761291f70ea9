package countersign

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret holds a credential. Its text is reachable through Reveal alone: fmt
// (with any verb), slog, JSON and text encoding show "[redacted]". The zero
// value is empty. A Secret may be copied and used concurrently.
type Secret struct {
	// A func, because fmt prints unexported string fields in clear.
	reveal func() string
}

// NewSecret wraps s.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return s }}
}

// Reveal gives the credential itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.reveal == nil }

// Equal compares in time that does not depend on where the two differ. Two
// empty secrets are not equal: an unset credential never matches.
func (s Secret) Equal(other string) bool {
	if s.IsZero() {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other)) == 1
}

// String gives "[redacted]", or "" for an empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString keeps %#v from printing the secret.
func (s Secret) GoString() string { return fmt.Sprintf("countersign.Secret(%q)", s.String()) }

// Format keeps every verb of fmt from printing the secret.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = f.Write([]byte(s.GoString()))
		return
	}
	_, _ = f.Write([]byte(s.String()))
}

// LogValue keeps slog from printing the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes "[redacted]": a secret is never stored through JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText writes "[redacted]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a secret, so that it can stand in a configuration. What a
// Secret itself wrote is no secret any more: "[redacted]" reads as empty.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == redacted {
		text = nil
	}
	*s = NewSecret(string(text))
	return nil
}
