package salemap

import (
	"slices"

	"github.com/countersign/countersign/salesdock"
)

// StatusOptions say which statuses come with Salesdock.
type StatusOptions struct {
	// System are the ids of the statuses that Salesdock brings along, which are mapped
	// to themselves. Nil: salesdock.SystemSaleStatuses. No member tells system and
	// custom statuses apart; the list is undocumented.
	System []string
}

func (o StatusOptions) system(id string) bool {
	if o.System == nil {
		return slices.Contains(salesdock.SystemSaleStatuses(), id)
	}
	return slices.Contains(o.System, id)
}

// StatusKind is how a status of B comes to its counterpart.
type StatusKind string

// The kinds.
const (
	StatusSystem   StatusKind = "system"   // mapped to itself
	StatusMapped   StatusKind = "mapped"   // a person chose
	StatusUnmapped StatusKind = "unmapped" // custom or unknown, and nobody chose: it is not synced
)

// Translate gives A's status for one of B's; empty where it is StatusUnmapped. A
// pair overrides a system status, and an id that is not on the system list
// counts as custom.
func Translate(m Mapping, id string, o StatusOptions) (string, StatusKind) {
	i := slices.IndexFunc(m.Statuses, func(p StatusPair) bool { return p.B == id })
	switch {
	case i >= 0:
		return m.Statuses[i].A, StatusMapped
	case o.system(id):
		return id, StatusSystem
	}
	return "", StatusUnmapped
}

// StatusLine is a line of the screen "Statussen".
type StatusLine struct {
	B    string     `json:"b"`
	Name string     `json:"name"` // at B
	A    string     `json:"a,omitempty"`
	Kind StatusKind `json:"kind"`
}

// StatusLines gives B's statuses with their counterparts. Those that come with
// Salesdock and that nobody changed are left out unless showSystem, as with the
// slider "Toon systeemstatussen".
func StatusLines(b *Catalogue, m Mapping, o StatusOptions, showSystem bool) []StatusLine {
	var out []StatusLine
	for _, s := range b.Statuses {
		to, kind := Translate(m, s.ID, o)
		if kind != StatusSystem || showSystem {
			out = append(out, StatusLine{B: s.ID, Name: s.Name, A: to, Kind: kind})
		}
	}
	return out
}
