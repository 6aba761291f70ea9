package contractone

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
)

// Patch is what a user changes. What it does not name stays as it is. The PDF
// and the source can't be changed.
type Patch struct {
	Set         Items             // items with a value are set
	Clear       []ItemKey         // these items lose their value
	Extensions  map[string]string // set by name; "" removes
	Share       *Share            // nil: leave
	Responsible []Principal       // nil: leave; else at least one
}

// Edit says who changes an entry and why.
type Edit struct {
	By     string // the user's account; required
	Reason string // kept as the memo of the history; may be empty
}

// NewEntry is the entry that a draft makes, without an ID, and the first line of
// its history. Items with a value are linked; the others have no provenance.
func NewEntry(d Draft, pdf PDF, at time.Time) (Entry, Change) {
	e := Entry{
		Key: d.Key(), Source: d.Source, Link: d.Link, Items: d.Items, PDF: pdf, RegisteredAt: at,
		Extensions: d.Extensions, Share: d.Share, Responsible: d.Responsible,
	}.Clone()
	e.Provenance = make(map[ItemKey]Provenance, len(catalogue))
	by := string(d.Link)
	if by == "" {
		by = string(d.Source.Origin)
	}
	for _, it := range catalogue {
		if it.Has(e.Items) {
			e.Provenance[it.Key] = Provenance{Authority: Linked, Ref: string(e.Key), At: at}
		}
	}
	return e, Change{At: at, By: by, Action: ActionRegistered}
}

// Clone is a copy that shares nothing with e.
func (e Entry) Clone() Entry {
	e.Extensions = maps.Clone(e.Extensions)
	e.Provenance = maps.Clone(e.Provenance)
	e.Responsible = slices.Clone(e.Responsible)
	e.Share.Groups = slices.Clone(e.Share.Groups)
	return e
}

// Digitised is e with the items filled that have no value and no provenance,
// and the line for the history; changed is false when there was nothing to
// fill. e stays as it is.
func (e Entry) Digitised(items Items, at time.Time) (out Entry, c Change, changed bool) {
	out = e.withProvenance()
	c = Change{At: at, By: "digitisation", Action: ActionDigitised}
	for _, it := range catalogue {
		if _, taken := e.Provenance[it.Key]; taken || it.Has(e.Items) || !it.Has(items) {
			continue
		}
		it.Copy(&out.Items, items)
		out.Provenance[it.Key] = Provenance{Authority: Digitised, At: at}
		c.Values = append(c.Values, ItemChange{Name: string(it.Key), To: it.Text(items)})
	}
	return out, c, len(c.Values) > 0
}

// Edited is e after a user's edit, and the line for the history; changed is
// false when the edit changes nothing. e stays as it is. The error is a
// countersign.ErrInvalid that names what is wrong.
func (e Entry) Edited(p Patch, by Edit, at time.Time) (out Entry, c Change, changed bool, err error) {
	if err := p.validate(by); err != nil {
		return e, Change{}, false, err
	}
	out = e.withProvenance()
	c = Change{At: at, By: by.By, Action: ActionEdited, Memo: by.Reason}
	for _, it := range catalogue {
		set, cleared := it.Has(p.Set), slices.Contains(p.Clear, it.Key)
		if !set && !cleared {
			continue
		}
		it.Copy(&out.Items, p.Set) // a cleared item has no value there
		// An item that was confirmed as it is, or cleared while it was empty,
		// becomes the user's too, so that digitisation leaves it alone.
		changed = changed || e.Provenance[it.Key].Authority != UserGiven
		out.Provenance[it.Key] = Provenance{Authority: UserGiven, Ref: by.By, At: at}
		c.note(string(it.Key), it.Text(e.Items), it.Text(out.Items))
	}
	out.editExtensions(p.Extensions, &c)
	if p.Share != nil {
		out.Share = Share{p.Share.Visibility, slices.Clone(p.Share.Groups)}
		c.note("share", e.Share.String(), out.Share.String())
	}
	if p.Responsible != nil {
		out.Responsible = slices.Clone(p.Responsible)
		c.note("responsible", joinPrincipals(e.Responsible), joinPrincipals(out.Responsible))
	}
	return out, c, changed || len(c.Values) > 0, nil
}

// withProvenance is a copy of e whose provenance can be written to.
func (e Entry) withProvenance() Entry {
	out := e.Clone()
	if out.Provenance == nil {
		out.Provenance = map[ItemKey]Provenance{}
	}
	return out
}

func (e *Entry) editExtensions(set map[string]string, c *Change) {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		c.note("extension:"+name, e.Extensions[name], set[name])
		switch {
		case set[name] == "":
			delete(e.Extensions, name)
		case e.Extensions == nil:
			e.Extensions = map[string]string{name: set[name]}
		default:
			e.Extensions[name] = set[name]
		}
	}
}

func (c *Change) note(name, from, to string) {
	if from != to {
		c.Values = append(c.Values, ItemChange{Name: name, From: from, To: to})
	}
}

func (p Patch) validate(by Edit) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("contractone: edit: "+format+": %w", append(args, countersign.ErrInvalid)...)
	}
	for _, t := range []struct{ what, s string }{{"the user", by.By}, {"the reason", by.Reason}} {
		if r := badText(t.s); r != "" {
			return bad("%s %s", t.what, r)
		}
	}
	if by.By == "" {
		return bad("nobody is named as the user who makes it")
	}
	for _, key := range p.Clear {
		it, ok := FindItem(key)
		if !ok {
			return bad("there is no item %q to clear", string(key))
		}
		if it.Has(p.Set) {
			return bad("item %s is both set and cleared", key)
		}
	}
	if p.Responsible != nil {
		if r := principalsProblem(p.Responsible); r != "" {
			return bad("the list of responsible persons %s", r)
		}
	}
	if p.Share != nil {
		if err := p.Share.Validate(); err != nil {
			return err
		}
	}
	if err := validateExtensions(p.Extensions); err != nil {
		return err
	}
	return p.Set.Validate()
}

// String gives "company", "private" or "groups Legal, Sales".
func (s Share) String() string {
	if len(s.Groups) == 0 {
		return string(s.Visibility)
	}
	return string(s.Visibility) + " " + strings.Join(s.Groups, ", ")
}

func joinPrincipals(list []Principal) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}
