package salemap_test

import (
	"encoding/json"
	"fmt"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

func ExampleDescribe() {
	var q salesdock.Question
	err := json.Unmarshal([]byte(`{"id":12,"name":"Type meter","identifier":"type-meter","input_type":"mc-single","required":"1","rule_visible":"1",
		"options":"Slimme meter\r\nOude meter","extra":"{\"product_types\":[\"energy_e_g\",\"energy_e\"]}",
		"rule":{"type":"condition_group","criterion":"ANY","visibility":true,"rules":[
			{"type":"condition","identifier":"profile.type","operator":"=","value":"e"},
			{"type":"condition","identifier":"question.id","name":"Heeft u een meter?","operator":"=","value":"Ja"}]}}`), &q)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(salemap.Describe(&q))
	// Output:
	// Type meter (type-meter)
	//   type        mc-single
	//   required    yes
	//   shown       by the condition
	//   products    energy_e_g, energy_e
	//   condition   profile.type = e or question "Heeft u een meter?" = Ja
	//   options     Slimme meter
	//               Oude meter
}

func ExampleCheck() {
	a := salemap.Catalogue{
		Products:  []salemap.Product{{ID: "5", Name: "Vast 3 jaar", Type: "simple"}},
		Flows:     []salesdock.Flow{{FlowRow: salesdock.FlowRow{ID: "1", Type: "default"}}},
		Questions: []salesdock.Question{{QuestionRow: salesdock.QuestionRow{ID: "11", Name: "Meter", InputType: "mc-single"}, Required: true, Visible: true, Options: salesdock.Options{"Slim", "Oud"}}},
	}
	b := salemap.Catalogue{
		Products:  []salemap.Product{{ID: "50", Name: "Vast 3 jaar", Type: "simple"}},
		Flows:     []salesdock.Flow{{FlowRow: salesdock.FlowRow{ID: "2", Type: "default"}, Sections: []salesdock.FlowSection{{Products: []salesdock.FlowProduct{{ID: "50"}}}}}},
		Questions: []salesdock.Question{{QuestionRow: salesdock.QuestionRow{ID: "21", Name: "Type meter", InputType: "mc-single"}, Required: true, Visible: true, Options: salesdock.Options{"slim", "Oud"}}},
	}
	m := salemap.Mapping{
		Products:  []salemap.ProductPair{{A: "5", B: "50"}},
		Flows:     []salemap.FlowPair{{A: "1", B: "2"}},
		Questions: []salemap.QuestionPair{{A: "11", B: "21"}},
	}
	for _, f := range salemap.Check(a, b, m, salemap.Options{}) {
		fmt.Println(f)
	}
	m.Questions[0].Options = map[string]string{"Slim": "slim"}
	fmt.Println(len(salemap.Check(a, b, m, salemap.Options{})), "findings left")
	// Output:
	// error question option "Type meter": A's option "Slim" is none of B's: "slim", "Oud" [options A:11 B:21 "Slim"="slim"]
	// 0 findings left
}
