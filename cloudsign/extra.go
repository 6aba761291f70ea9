package cloudsign

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// Extra holds the members of an answer that this package does not know, by
// name. The service adds members at any time; they are written back with the
// value that holds them, so a document that is stored as JSON and read again
// has lost nothing. It is nil when there are none.
type Extra map[string]json.RawMessage

// known holds the names, in lower case, of the members that a type has fields for.
var known sync.Map // reflect.Type → map[string]bool

func membersOf(t reflect.Type) map[string]bool {
	if names, ok := known.Load(t); ok {
		return names.(map[string]bool)
	}
	names := map[string]bool{}
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			names[strings.ToLower(name)] = true // encoding/json does not mind the case
		}
	}
	known.Store(t, names)
	return names
}

// decodeOpen decodes into v and gives the members that it has no field for. T
// must be without methods of its own, or decoding would not end.
func decodeOpen[T any](data []byte, v *T) (Extra, error) {
	if err := json.Unmarshal(data, v); err != nil {
		return nil, err
	}
	var extra Extra
	var err error
	names := membersOf(reflect.TypeFor[T]())
	members(data, func(name, value []byte) {
		// Inside of the quotation marks, a name without escapes is the text itself.
		if names[string(name[1:len(name)-1])] {
			return
		}
		var key string
		if bad := json.Unmarshal(name, &key); bad != nil {
			err = bad
		}
		if names[strings.ToLower(key)] {
			return
		}
		if extra == nil {
			extra = Extra{}
		}
		extra[key] = bytes.Clone(value)
	})
	return extra, err
}

// members calls visit with each member of an object, its name in quotation
// marks. The text is known to be valid JSON, so a value ends at the first comma
// or closing bracket of its own level. Decoding into a map instead would cost
// each document a second time, and nearly all have nothing to be found.
func members(data []byte, visit func(name, value []byte)) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' {
		return
	}
	for rest := bytes.TrimSpace(data[1:]); len(rest) > 0 && rest[0] == '"'; {
		end := stringEnd(rest, 0)
		name := rest[:end]
		rest = bytes.TrimSpace(rest[end:])[1:] // the colon
		end = valueEnd(rest)
		visit(name, bytes.TrimSpace(rest[:end]))
		rest = bytes.TrimSpace(rest[end+1:])
	}
}

// valueEnd is where the comma or bracket behind a value stands.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				return i
			}
			if b[i] != ',' {
				depth--
			}
		}
	}
	return len(b) - 1
}

// stringEnd is where the string that begins at i is over.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// encodeOpen writes v and then what it has no field for. A name that has a
// field is left out: no member may stand twice.
func encodeOpen[T any](v T, extra Extra) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil || len(extra) == 0 {
		return body, err
	}
	rest := Extra{}
	for name, value := range extra {
		if !membersOf(reflect.TypeFor[T]())[strings.ToLower(name)] {
			rest[name] = value
		}
	}
	more, err := json.Marshal(rest)
	if err != nil || len(rest) == 0 {
		return body, err
	}
	body = bytes.TrimSuffix(body, []byte("}"))
	if len(body) > 1 {
		body = append(body, ',')
	}
	return append(body, more[1:]...), nil
}

// The methods below differ in nothing but the type: encoding/json finds them on
// the type itself only.

// UnmarshalJSON keeps members that have no field in Extra.
func (d *Document) UnmarshalJSON(data []byte) (err error) {
	type plain Document
	d.Status = StatusMissing // an answer that leaves it out must not make a draft
	d.Extra, err = decodeOpen(data, (*plain)(d))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (d Document) MarshalJSON() ([]byte, error) {
	type plain Document
	return encodeOpen(plain(d), d.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (p *Participant) UnmarshalJSON(data []byte) (err error) {
	type plain Participant
	p.Extra, err = decodeOpen(data, (*plain)(p))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (p Participant) MarshalJSON() ([]byte, error) {
	type plain Participant
	return encodeOpen(plain(p), p.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (f *File) UnmarshalJSON(data []byte) (err error) {
	type plain File
	f.Extra, err = decodeOpen(data, (*plain)(f))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (f File) MarshalJSON() ([]byte, error) {
	type plain File
	return encodeOpen(plain(f), f.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (w *Widget) UnmarshalJSON(data []byte) (err error) {
	type plain Widget
	w.Extra, err = decodeOpen(data, (*plain)(w))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (w Widget) MarshalJSON() ([]byte, error) {
	type plain Widget
	return encodeOpen(plain(w), w.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (r *Reportee) UnmarshalJSON(data []byte) (err error) {
	type plain Reportee
	r.Extra, err = decodeOpen(data, (*plain)(r))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (r Reportee) MarshalJSON() ([]byte, error) {
	type plain Reportee
	return encodeOpen(plain(r), r.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (a *Attachment) UnmarshalJSON(data []byte) (err error) {
	type plain Attachment
	a.Extra, err = decodeOpen(data, (*plain)(a))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (a Attachment) MarshalJSON() ([]byte, error) {
	type plain Attachment
	return encodeOpen(plain(a), a.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (a *AttachedFile) UnmarshalJSON(data []byte) (err error) {
	type plain AttachedFile
	a.Extra, err = decodeOpen(data, (*plain)(a))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (a AttachedFile) MarshalJSON() ([]byte, error) {
	type plain AttachedFile
	return encodeOpen(plain(a), a.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (a *Attribute) UnmarshalJSON(data []byte) (err error) {
	type plain Attribute
	a.Extra, err = decodeOpen(data, (*plain)(a))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (a Attribute) MarshalJSON() ([]byte, error) {
	type plain Attribute
	return encodeOpen(plain(a), a.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (o *Option) UnmarshalJSON(data []byte) (err error) {
	type plain Option
	o.Extra, err = decodeOpen(data, (*plain)(o))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (o Option) MarshalJSON() ([]byte, error) {
	type plain Option
	return encodeOpen(plain(o), o.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (a *Alert) UnmarshalJSON(data []byte) (err error) {
	type plain Alert
	a.Extra, err = decodeOpen(data, (*plain)(a))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (a Alert) MarshalJSON() ([]byte, error) {
	type plain Alert
	return encodeOpen(plain(a), a.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (u *User) UnmarshalJSON(data []byte) (err error) {
	type plain User
	u.Extra, err = decodeOpen(data, (*plain)(u))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (u User) MarshalJSON() ([]byte, error) {
	type plain User
	return encodeOpen(plain(u), u.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (c *Cabinet) UnmarshalJSON(data []byte) (err error) {
	type plain Cabinet
	c.Extra, err = decodeOpen(data, (*plain)(c))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (c Cabinet) MarshalJSON() ([]byte, error) {
	type plain Cabinet
	return encodeOpen(plain(c), c.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (t *Team) UnmarshalJSON(data []byte) (err error) {
	type plain Team
	t.Extra, err = decodeOpen(data, (*plain)(t))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (t Team) MarshalJSON() ([]byte, error) {
	type plain Team
	return encodeOpen(plain(t), t.Extra)
}

// UnmarshalJSON keeps members that have no field in Extra.
func (a *Authorities) UnmarshalJSON(data []byte) (err error) {
	type plain Authorities
	a.Extra, err = decodeOpen(data, (*plain)(a))
	return err
}

// MarshalJSON writes the members of Extra behind the others.
func (a Authorities) MarshalJSON() ([]byte, error) {
	type plain Authorities
	return encodeOpen(plain(a), a.Extra)
}
