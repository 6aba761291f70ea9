package envelopesync

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/countersign/countersign/mapping/contactmap"
)

// merge joins two things that are known of the same recipient of the same
// envelope. It is the least upper bound of the two: the same whichever comes
// first, however often each comes and however they are grouped. So messages that
// come late, twice or in disorder lead to the same record as messages in order.
//
// Of each action the first time is kept, and of what the messages say, that which
// knows of the latest change.
func merge(a, b contactmap.Record) contactmap.Record {
	out := a
	out.Times = maps.Clone(a.Times)
	for action, at := range b.Times {
		if was, ok := out.Times[action]; !ok || at.Before(was) {
			if out.Times == nil {
				out.Times = map[contactmap.Action]time.Time{}
			}
			out.Times[action] = at
		}
	}
	if newer(b.Facts, a.Facts) {
		out.Facts = b.Facts
	}
	return out
}

// newer reports whether x is to be preferred to y. It is a total order of all
// facts that differ: by the last change, by how far the recipient and the envelope
// have come, by when the message was made, then by content, which has no meaning
// but is the same each time.
func newer(x, y contactmap.Facts) bool {
	if !x.At.Equal(y.At) {
		return x.At.After(y.At)
	}
	if a, b := rank(string(x.Status)), rank(string(y.Status)); a != b {
		return a > b
	}
	if a, b := rank(string(x.EnvelopeStatus)), rank(string(y.EnvelopeStatus)); a != b {
		return a > b
	}
	if !x.Generated.Equal(y.Generated) {
		return x.Generated.After(y.Generated)
	}
	return bytes.Compare(encoded(x), encoded(y)) > 0
}

// rank is how far a recipient or an envelope of a status has come.
func rank(status string) int {
	return slices.Index([]string{"created", "sent", "delivered", "signed", "completed", "declined", "voided"}, status)
}

// encoded is a value in the form in which it is stored and compared.
func encoded(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // these types have no value that JSON can't hold
	}
	return data
}

// same reports whether two records say the same.
func same(a, b contactmap.Record) bool { return bytes.Equal(encoded(a), encoded(b)) }

// steps are the actions whose turn has come, in the order of their ranks: chosen
// ones that happened and that are not behind one that had its turn. A late event
// fires nothing.
func steps(r *contactmap.Record, chosen, fired []contactmap.Action) []contactmap.Action {
	var out []contactmap.Action
	for _, a := range r.Reached(chosen) {
		due := true
		for _, f := range fired {
			due = due && f.Before(a)
		}
		if due {
			out = append(out, a)
		}
	}
	return out
}
