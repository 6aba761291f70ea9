package contractone

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/countersign/countersign"
)

// Query chooses entries. What is empty does not narrow the search.
type Query struct {
	Where      []Condition // all of them hold
	Link       ManagementID
	DocumentID string // the entries of one document's files
	SHA256     string // entries that hold the same bytes
	Viewer     *Viewer
	Cursor     string // Page.Next of the page before
	Limit      int    // entries a page; 0: 100; at most MaxPageSize
}

// MaxPageSize is the largest Query.Limit.
const MaxPageSize = 1000

// PageSize is the number of entries a page, with the default filled in.
func (q Query) PageSize() int {
	if q.Limit == 0 {
		return 100
	}
	return q.Limit
}

// Operator is how a Condition compares.
type Operator string

// The operators of conditions. An item without a value matches OpAbsent alone.
const (
	OpEqual    Operator = "equal"
	OpContains Operator = "contains" // text items only
	OpRange    Operator = "range"    // dates and amounts only
	OpPresent  Operator = "present"
	OpAbsent   Operator = "absent"
)

// Condition is one condition of a Query. Make it with Is, Contains, DateRange,
// AmountRange, Present or Absent.
type Condition struct {
	Item ItemKey
	Op   Operator
	// Value is what OpEqual and OpContains compare with, in the form of
	// Item.Text.
	Value string
	// From and To are the bounds of OpRange, both included, as in Value; ""
	// leaves that side open.
	From, To string
}

// Is holds when the item has exactly this value, in the form of Item.Text.
func Is(item ItemKey, value string) Condition {
	return Condition{Item: item, Op: OpEqual, Value: value}
}

// Contains holds when the text of the item contains text, compared code point by
// code point: upper and lower case differ, as do full and half width.
func Contains(item ItemKey, text string) Condition {
	return Condition{Item: item, Op: OpContains, Value: text}
}

// DateRange holds when the item's date lies within from and to, both included. A
// zero date leaves that side open.
func DateRange(item ItemKey, from, to countersign.Date) Condition {
	return Condition{Item: item, Op: OpRange, From: from.String(), To: to.String()}
}

// AmountRange holds when the item's amount lies within from and to, both
// included. No amount leaves that side open.
func AmountRange(item ItemKey, from, to Amount) Condition {
	return Condition{Item: item, Op: OpRange, From: from.String(), To: to.String()}
}

// Present holds when the item has a value; an amount of zero is one.
func Present(item ItemKey) Condition { return Condition{Item: item, Op: OpPresent} }

// Absent holds when the item has no value.
func Absent(item ItemKey) Condition { return Condition{Item: item, Op: OpAbsent} }

// Validate refuses unknown items and operators, operators that the item's kind
// does not have, values that can't be read and a Limit that is out of bounds.
// The error is a countersign.ErrInvalid.
func (q Query) Validate() error {
	if q.Limit < 0 || q.Limit > MaxPageSize {
		return fmt.Errorf("contractone: query: limit %d is not between 0 and %d: %w", q.Limit, MaxPageSize, countersign.ErrInvalid)
	}
	texts := []string{string(q.Link), q.DocumentID, q.SHA256}
	if q.Viewer != nil {
		texts = append(append(texts, q.Viewer.Account), q.Viewer.Groups...)
	}
	for _, s := range texts {
		if p := badText(s); p != "" {
			return fmt.Errorf("contractone: query: %.80q %s: %w", s, p, countersign.ErrInvalid)
		}
	}
	for _, c := range q.Where {
		if err := c.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (c Condition) validate() error {
	bad := func(reason string) error {
		return fmt.Errorf("contractone: query: item %q: %s: %w", string(c.Item), reason, countersign.ErrInvalid)
	}
	it, ok := FindItem(c.Item)
	if !ok {
		return bad("there is no such item")
	}
	values := []string{}
	switch c.Op {
	case OpPresent, OpAbsent:
	case OpEqual:
		if c.Value == "" {
			return bad("the value is empty; use Absent to find entries without one")
		}
		values = append(values, c.Value)
	case OpContains:
		if it.Kind != KindText || c.Value == "" {
			return bad("contains needs an item of text and a text to look for")
		}
		values = append(values, c.Value)
	case OpRange:
		if it.Kind != KindDate && it.Kind != KindAmount {
			return bad("a range needs an item that is a date or an amount")
		}
		values = append(values, c.From, c.To)
	default:
		return bad(fmt.Sprintf("there is no operator %q", string(c.Op)))
	}
	for _, v := range values {
		if err := it.SetText(new(Items), v); err != nil {
			return bad(strings.TrimPrefix(err.Error(), "contractone: "))
		}
	}
	return nil
}

// Matches reports whether e is among the entries that q chooses, whatever the
// page. The query must be valid.
func (q Query) Matches(e Entry) bool {
	switch {
	case q.Link != "" && q.Link != e.Link,
		q.DocumentID != "" && q.DocumentID != e.Source.DocumentID,
		q.SHA256 != "" && q.SHA256 != e.PDF.SHA256,
		q.Viewer != nil && !e.VisibleTo(*q.Viewer):
		return false
	}
	return !slices.ContainsFunc(q.Where, func(c Condition) bool { return !c.matches(e.Items) })
}

func (c Condition) matches(items Items) bool {
	it, _ := FindItem(c.Item)
	switch c.Op {
	case OpAbsent:
		return !it.Has(items)
	case OpPresent:
		return it.Has(items)
	case OpEqual:
		return it.Text(items) == it.canonical(c.Value)
	case OpContains:
		return strings.Contains(it.Text(items), c.Value)
	}
	if !it.Has(items) {
		return false
	}
	return (c.From == "" || it.compare(items, c.From) >= 0) && (c.To == "" || it.compare(items, c.To) <= 0)
}

// canonical is the text as Item.Text would give it: "007" is the amount 7.
func (it Item) canonical(text string) string {
	var items Items
	if it.SetText(&items, text) != nil {
		return text
	}
	return it.Text(items)
}

// compare is -1, 0 or +1 as the item's date or amount lies before, on or after
// the one that bound stands for.
func (it Item) compare(items Items, bound string) int {
	var other Items
	_ = it.SetText(&other, bound) // Validate has read it
	switch v := it.field(&items).(type) {
	case *countersign.Date:
		return v.Compare(*it.field(&other).(*countersign.Date))
	case *Amount:
		return v.Compare(*it.field(&other).(*Amount))
	}
	return 0
}

// Compare is -1, 0 or +1 as a is less than, equal to or more than b. No amount
// is less than every amount.
func (a Amount) Compare(b Amount) int {
	switch {
	case a == b:
		return 0
	case !a.set, b.set && a.yen < b.yen:
		return -1
	}
	return 1
}

// All gives every entry that q chooses, page by page, so that memory does not
// grow with their number. An error is given once, and ends the sequence. Each
// range over it starts anew.
func All(ctx context.Context, s Searcher, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for q := q; ; {
			page, err := s.Search(ctx, q)
			if err == nil && page.Next != "" && page.Next == q.Cursor {
				err = fmt.Errorf("contractone: search: the ledger gave the cursor %.40q twice", q.Cursor)
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page.Items {
				if !yield(e, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Cursor = page.Next
		}
	}
}
