package mapping_test

import (
	"fmt"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping"
)

// deal and entry are the records of the examples.
type deal struct {
	Name, Alias string
	Ends        string // as a person typed it
}

type entry struct {
	Title string
	Ends  countersign.Date
}

func dealMap() (*mapping.Map[deal, entry], error) {
	return mapping.Definition[deal, entry]{
		Name: "deals",
		Source: mapping.Source[deal]{Name: "deal", Fields: []mapping.SourceField[deal]{
			{Field: mapping.Field{Key: "name", Labels: mapping.Labels{"ja": "案件名"}, Kind: mapping.KindText}, Get: func(d *deal) mapping.Value { return mapping.TextOf(d.Name) }},
			{Field: mapping.Field{Key: "alias", Labels: mapping.Labels{"ja": "別名"}, Kind: mapping.KindText}, Get: func(d *deal) mapping.Value { return mapping.TextOf(d.Alias) }},
			{Field: mapping.Field{Key: "ends", Labels: mapping.Labels{"ja": "終了日"}, Kind: mapping.KindText}, Get: func(d *deal) mapping.Value { return mapping.TextOf(d.Ends) }},
		}},
		Target: mapping.Target[entry]{Name: "entry", Fields: []mapping.TargetField[entry]{
			{Field: mapping.Field{Key: "title", Labels: mapping.Labels{"ja": "タイトル"}, Kind: mapping.KindText}, Set: func(e *entry, v mapping.Value) { e.Title = v.Text() }},
			{Field: mapping.Field{Key: "ends_on", Labels: mapping.Labels{"ja": "契約終了日"}, Kind: mapping.KindDate}, Set: func(e *entry, v mapping.Value) { e.Ends = v.Date() }},
		}},
		Rules: []mapping.Rule{
			{From: []string{"name", "alias"}, To: "title", Required: true},
			{From: []string{"ends"}, To: "ends_on", Transform: mapping.ParseDate()},
		},
	}.Compile()
}

func Example() {
	m, err := dealMap()
	if err != nil {
		fmt.Println(err)
		return
	}
	var out entry
	res := m.Run(&deal{Alias: "Lease", Ends: "end of June"}, &out)
	fmt.Printf("%+v\n", out)
	for _, o := range res.Origins {
		fmt.Println(o.To, o.State, o.From)
	}
	for _, f := range res.Findings {
		fmt.Println(f.Severity, f.Code, f.Field, f.Message)
	}
	// Output:
	// {Title:Lease Ends:}
	// title copied alias
	// ends_on rejected ends
	// error unreadable ends_on the text is not a date of the form YYYY-MM-DD
}

func ExampleMap_Explain() {
	m, err := dealMap()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(m.Explain())
	// Output:
	// deals: deal → entry
	// TARGET   LABEL       KIND  SOURCE      LABEL   TRANSFORM
	// title    タイトル    text  name        案件名  copy, required
	//                            else alias  別名
	// ends_on  契約終了日  date  ends        終了日  parse date
}

func ExampleMap_With() {
	m, err := dealMap()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = m.With(mapping.Rule{From: []string{"alias"}, To: "title"})
	fmt.Println(err)

	m, err = m.With(mapping.Rule{From: []string{"alias"}, To: "title", Replace: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	var out entry
	m.Run(&deal{Name: "Lease of 2026", Alias: "Lease"}, &out)
	fmt.Println(out.Title)
	// Output:
	// mapping deals: rule 3 for "title" writes a target that another rule writes already; set Replace to take its place
	// Lease
}
