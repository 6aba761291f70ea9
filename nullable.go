package countersign

import (
	"bytes"
	"encoding/json"
)

// Nullable is a member with three states: absent (the zero value: leave it as
// it is), null (clear it) and a value (set it). Use it with the JSON option
// omitzero, so that an absent member is not written.
type Nullable[T any] struct {
	value T
	state nullState
}

type nullState uint8

const (
	absent nullState = iota
	null
	present
)

// Value is a Nullable that holds v.
func Value[T any](v T) Nullable[T] { return Nullable[T]{value: v, state: present} }

// Null is a Nullable that clears.
func Null[T any]() Nullable[T] { return Nullable[T]{state: null} }

// Get gives the value, and whether there is one.
func (n Nullable[T]) Get() (T, bool) { return n.value, n.state == present }

// IsNull reports whether the member is null.
func (n Nullable[T]) IsNull() bool { return n.state == null }

// IsZero reports whether the member is absent; encoding/json's omitzero asks it.
func (n Nullable[T]) IsZero() bool { return n.state == absent }

// MarshalJSON writes the value, or null.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if n.state != present {
		return []byte("null"), nil
	}
	return json.Marshal(n.value)
}

// UnmarshalJSON reads a value or null; a member that is not in the text is not
// read at all and so stays absent.
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		*n = Null[T]()
		return nil
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*n = Value(v)
	return nil
}
