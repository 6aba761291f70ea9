package bulkcsv

import (
	"fmt"
	"maps"
	"slices"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

// headings are the labels of an item on the vendor's screens beside
// Item.LabelJA. The screens rename them now and then; Options.Aliases adds more.
var headings = map[contractone.ItemKey][]string{
	contractone.ItemAutoRenewal: {"契約自動更新有無"},
	contractone.ItemAmount:      {"金額有無"},
}

// others are labels that are not items, and that the bulk update does not change.
var others = []string{"社内担当者", "社内共有範囲", "公開範囲", "共有範囲"}

// New checks the options. Its error is a *countersign.ConfigError.
func New(o Options) (*Editor, error) {
	bad := func(field, reason, fix string) (*Editor, error) {
		return nil, &countersign.ConfigError{Component: "bulkcsv", Field: field, Reason: reason, Fix: fix}
	}
	e := &Editor{opts: o, known: map[string]contractone.ItemKey{}}
	for _, it := range contractone.Catalogue() {
		for _, h := range slices.Concat([]string{it.LabelJA}, headings[it.Key], o.Aliases[it.Key]) {
			if other, taken := e.known[h]; taken && other != it.Key {
				return bad("Aliases", fmt.Sprintf("give %q to both %s and %s", h, other, it.Key), "")
			}
			e.known[h] = it.Key
		}
	}
	for _, key := range slices.Sorted(maps.Keys(o.Aliases)) {
		if _, ok := contractone.FindItem(key); !ok {
			return bad("Aliases", fmt.Sprintf("name the item %q, which does not exist", string(key)), "")
		}
	}
	for i, h := range o.Extensions {
		_, item := e.known[h]
		switch {
		case item, slices.Contains(others, h):
			return bad("Extensions", fmt.Sprintf("hold %q, which is no extension item", h), "")
		case h == "", slices.Contains(o.Extensions[:i], h):
			return bad("Extensions", "hold an empty heading or one twice", "")
		}
	}
	switch {
	case !slices.Contains([]Encoding{"", UTF8, UTF8BOM, CP932}, o.Encoding):
		return bad("Encoding", "is not known", "use UTF8, UTF8BOM or CP932, or leave it empty")
	case o.MaxRow < 0:
		return bad("MaxRow", "is negative", "")
	case o.MaxRow == 0:
		e.opts.MaxRow = 1 << 20
	}
	return e, nil
}

// columns are the columns of one file.
type columns struct {
	headings   []string
	items      map[contractone.ItemKey]int
	extensions map[string]int
}

// find says which column is which. What nobody knows is left alone.
func (e *Editor) find(headings []string) (columns, error) {
	c := columns{headings: headings, items: map[contractone.ItemKey]int{}, extensions: map[string]int{}}
	for i, h := range headings {
		key, known := e.known[h]
		_, again := c.items[key]
		if known && !again {
			c.items[key] = i
			continue
		}
		if slices.Contains(e.opts.Extensions, h) {
			if _, again = c.extensions[h]; !again {
				c.extensions[h] = i
				continue
			}
		} else if !known {
			continue
		}
		return c, &FormatError{Line: 1, Err: ErrHeadings, Detail: fmt.Sprintf("%q stands for the same as a column before it", h)}
	}
	return c, nil
}

// edits turns a patch into new texts by column, or names everything that the
// file can't carry.
func (c columns) edits(p contractone.Patch) (map[int]string, []Refusal) {
	out, refused := map[int]string{}, []Refusal(nil)
	refuse := func(name, reason string) { refused = append(refused, Refusal{name, reason}) }
	for _, it := range contractone.Catalogue() {
		set, cleared := it.Has(p.Set), slices.Contains(p.Clear, it.Key)
		i, there := c.items[it.Key]
		switch {
		case !set && !cleared:
		case set && cleared:
			refuse(string(it.Key), "is both set and cleared")
		case !it.CSVUpdatable:
			refuse(string(it.Key), "is not changed by the bulk update")
		case !there:
			refuse(string(it.Key), "has no column in this file")
		default:
			out[i] = it.Text(p.Set)
		}
	}
	for _, key := range p.Clear {
		if _, ok := contractone.FindItem(key); !ok {
			refuse(string(key), "does not exist")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Extensions)) {
		if i, there := c.extensions[name]; there {
			out[i] = p.Extensions[name]
			continue
		}
		refuse("extension:"+name, "is not named in Options.Extensions or has no column in this file")
	}
	if p.Share != nil {
		refuse("share", "is not changed by the bulk update")
	}
	if p.Responsible != nil {
		refuse("responsible", "is not changed by the bulk update")
	}
	return out, refused
}
