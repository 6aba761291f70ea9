package mapping_test

import (
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
)

// order and invoice are the records that the tests map.
type order struct {
	Title, Name string
	Cents       *int64
	Due         countersign.Date
	Placed      time.Time
	Paid        bool
	Priority    string // "low", "high" or ""
	Tags        []string
}

type invoice struct {
	Title    string
	Total    int64
	HasTotal bool
	Due      countersign.Date
	Placed   time.Time
	Paid     bool
	Urgency  string
	Tags     []string
	Currency string
	Writes   int
}

func orderFields() mapping.Source[order] {
	return mapping.Source[order]{Name: "shop order", Fields: []mapping.SourceField[order]{
		{Field: mapping.Field{Key: "title", Labels: mapping.Labels{"en": "Title", "ja": "件名"}, Kind: mapping.KindText}, Get: func(o *order) mapping.Value { return mapping.TextOf(o.Title) }},
		{Field: mapping.Field{Key: "name", Kind: mapping.KindText}, Get: func(o *order) mapping.Value { return mapping.TextOf(o.Name) }},
		{Field: mapping.Field{Key: "cents", Labels: mapping.Labels{"en": "Amount"}, Kind: mapping.KindInteger}, Get: func(o *order) mapping.Value {
			if o.Cents == nil {
				return mapping.Value{}
			}
			return mapping.IntegerOf(*o.Cents)
		}},
		{Field: mapping.Field{Key: "due", Kind: mapping.KindDate}, Get: func(o *order) mapping.Value { return mapping.DateOf(o.Due) }},
		{Field: mapping.Field{Key: "placed", Kind: mapping.KindTime}, Get: func(o *order) mapping.Value { return mapping.TimeOf(o.Placed) }},
		{Field: mapping.Field{Key: "paid", Kind: mapping.KindBool}, Get: func(o *order) mapping.Value { return mapping.BoolOf(o.Paid) }},
		{Field: mapping.Field{Key: "priority", Kind: mapping.KindChoice, Choices: []mapping.Choice{{Key: "low"}, {Key: "high"}}}, Get: func(o *order) mapping.Value { return mapping.ChoiceOf(o.Priority) }},
		{Field: mapping.Field{Key: "tags", Kind: mapping.KindList}, Get: func(o *order) mapping.Value { return mapping.ListOf(o.Tags) }},
	}}
}

func invoiceFields() mapping.Target[invoice] {
	set := func(f func(*invoice, mapping.Value)) func(*invoice, mapping.Value) {
		return func(i *invoice, v mapping.Value) { i.Writes++; f(i, v) }
	}
	return mapping.Target[invoice]{Name: "invoice", Fields: []mapping.TargetField[invoice]{
		{Field: mapping.Field{Key: "title", Labels: mapping.Labels{"ja": "請求書名"}, Kind: mapping.KindText, MaxLen: 10}, Set: set(func(i *invoice, v mapping.Value) { i.Title = v.Text() })},
		{Field: mapping.Field{Key: "total", Kind: mapping.KindInteger}, Set: set(func(i *invoice, v mapping.Value) { i.Total, i.HasTotal = v.Integer(), true })},
		{Field: mapping.Field{Key: "due", Kind: mapping.KindDate}, Set: set(func(i *invoice, v mapping.Value) { i.Due = v.Date() })},
		{Field: mapping.Field{Key: "placed", Kind: mapping.KindTime}, Set: set(func(i *invoice, v mapping.Value) { i.Placed = v.Time() })},
		{Field: mapping.Field{Key: "paid", Kind: mapping.KindBool}, Set: set(func(i *invoice, v mapping.Value) { i.Paid = v.Bool() })},
		{Field: mapping.Field{Key: "urgency", Kind: mapping.KindChoice, Choices: []mapping.Choice{{Key: "urgent"}}}, Set: set(func(i *invoice, v mapping.Value) { i.Urgency = v.Choice() })},
		{Field: mapping.Field{Key: "tags", Kind: mapping.KindList}, Set: set(func(i *invoice, v mapping.Value) { i.Tags = v.List() })},
		{Field: mapping.Field{Key: "currency", Kind: mapping.KindText}, Set: set(func(i *invoice, v mapping.Value) { i.Currency = v.Text() })},
	}}
}

func definition(rules ...mapping.Rule) mapping.Definition[order, invoice] {
	return mapping.Definition[order, invoice]{Name: "billing", Source: orderFields(), Target: invoiceFields(), Rules: rules}
}

// rule is the short form of a rule with one source.
func rule(from, to string) mapping.Rule {
	return mapping.Rule{From: []string{from}, To: to}
}

func fullRules() []mapping.Rule {
	return []mapping.Rule{
		{From: []string{"title", "name"}, To: "title", Transform: mapping.Truncate(), Required: true},
		rule("cents", "total"), rule("due", "due"), rule("placed", "placed"), rule("paid", "paid"),
		{From: []string{"priority"}, To: "urgency", Transform: mapping.Choices(map[string]string{"low": "", "high": "urgent"})},
		rule("tags", "tags"),
		{To: "currency", Transform: mapping.Constant(mapping.TextOf("JPY"))},
	}
}
