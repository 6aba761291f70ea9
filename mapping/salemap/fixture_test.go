package salemap_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/salesdock"
)

// question makes a question out of the JSON that Salesdock sends.
func question(t testing.TB, text string) salesdock.Question {
	t.Helper()
	var q salesdock.Question
	require.NoError(t, json.Unmarshal([]byte(text), &q))
	return q
}

func agreement(t testing.TB, text string) salesdock.Agreement {
	t.Helper()
	var a salesdock.Agreement
	require.NoError(t, json.Unmarshal([]byte(text), &a))
	return a
}

// seller is the catalogue of A.
func seller(t testing.TB) salemap.Catalogue {
	return salemap.Catalogue{
		Products:  []salemap.Product{{ID: "501", Name: "Fixed 3 years", Type: "energy_e_g", SupplierID: "7"}},
		Suppliers: []salesdock.Supplier{{ID: "7", Name: "Energy Ltd"}},
		Flows:     []salesdock.Flow{{FlowRow: salesdock.FlowRow{ID: "1", Title: "Energy at A", Type: "default", Identifier: "energy-a"}}},
		Questions: []salesdock.Question{
			question(t, `{"id":11,"name":"Meter type","identifier":"meter-a","input_type":"mc-single","required":"1","visible":"1","options":"Smart\r\nOld"}`),
			question(t, `{"id":12,"name":"Start","identifier":"start-a","input_type":"switchdate","required":"1","visible":"1"}`),
			question(t, `{"id":13,"name":"Remarks","identifier":"remarks","input_type":"text","visible":"1"}`),
			question(t, `{"id":14,"name":"Extras","identifier":"extras-a","input_type":"mc-multi","visible":"1","options":"Boiler\r\nBattery"}`),
			question(t, `{"id":15,"name":"Bill","identifier":"bill-a","input_type":"file","visible":"1"}`),
		},
		Agreements: []salesdock.Agreement{
			agreement(t, `{"id":21,"name":"Terms","identifier":"terms-a","required":"1","visible":"1"}`),
		},
		Statuses: []salesdock.Status{{ID: "new", Name: "New"}, {ID: "sent", Name: "Sent"}, {ID: "processed-a", Name: "Verwerkt"}, {ID: "cancelled", Name: "Cancelled", Type: "cancelled"}},
	}
}

// owner is the catalogue of B.
func owner(t testing.TB) salemap.Catalogue {
	return salemap.Catalogue{
		Products:  []salemap.Product{{ID: "3465", Name: "Fixed 3 years", Type: "energy_e_g", SupplierID: "70"}, {ID: "3466", Name: "Boiler", Type: "simple", SupplierID: "70"}},
		Suppliers: []salesdock.Supplier{{ID: "70", Name: "energy ltd"}},
		Flows: []salesdock.Flow{{
			FlowRow:  salesdock.FlowRow{ID: "100", Title: "Energy at B", Type: "default", Identifier: "energy-b"},
			Sections: []salesdock.FlowSection{{Identifier: "main", Products: []salesdock.FlowProduct{{ID: "3465"}, {ID: "3466", MaximumQuantity: 2}}}},
		}},
		Questions: []salesdock.Question{
			question(t, `{"id":111,"name":"Meter","identifier":"meter-b","input_type":"mc-single","required":"1","visible":"1","options":"smart\r\nOld"}`),
			question(t, `{"id":112,"name":"Switch date","identifier":"switch-b","input_type":"switchdate","required":"1","visible":"1","extra":"{\"product_types\":[\"energy_e_g\"]}"}`),
			question(t, `{"id":113,"name":"Remarks","identifier":"remarks","input_type":"text","visible":"1"}`),
		},
		Agreements: []salesdock.Agreement{
			agreement(t, `{"id":121,"name":"Conditions","identifier":"conditions-b","required":"1","visible":"1"}`),
		},
		Statuses: []salesdock.Status{{ID: "new", Name: "New"}, {ID: "verwerkt", Name: "Verwerkt"}, {ID: "later", Name: "Later"}},
	}
}

// chosen is a mapping without a fault.
func chosen() salemap.Mapping {
	return salemap.Mapping{
		Products: []salemap.ProductPair{{A: "501", B: "3465"}},
		Flows:    []salemap.FlowPair{{A: "1", B: "100"}},
		Questions: []salemap.QuestionPair{
			{A: "11", B: "111", Options: map[string]string{"Smart": "smart"}}, {A: "12", B: "112"}, {A: "13", B: "113"},
		},
		Agreements: []salemap.AgreementPair{{A: "21", B: "121"}},
		Suppliers:  []salemap.SupplierPair{{B: "70", A: "7"}},
		Statuses:   []salemap.StatusPair{{B: "verwerkt", A: "processed-a"}, {B: "later", A: "sent"}},
	}
}

// sold is a sale of A.
func sold(t testing.TB) *salesdock.Sale {
	t.Helper()
	var s salesdock.Sale
	require.NoError(t, json.Unmarshal([]byte(`{"id":9001,"type":"order","created_at":"2026-03-01 10:00:00","channel":"online",
		"status":{"status_identifier":"new","status":"New"},
		"customer":{"gender":"male","firstname":"Jan","infix":"van der","lastname":"Berg","birthdate":"24-12-1980","email":"jan@example.nl","phone":"0612345678","business":"0",
			"address":{"postcode":"1234AB","housenumber":12,"suffix":"a","streetname":"Dorpsstraat","city":"Utrecht"},"correspondence_address":null},
		"created_by":{"user":{"id":1,"firstname":"Sanne","lastname":"Smit"},"organisation":{"id":3,"identifier":"north","label":"North"}},
		"product":{"id":501,"identifier":"fixed","label":"Fixed 3 years"},"products":[{"id":501,"name":"Fixed 3 years","quantity":1}],
		"flow":{"id":1,"identifier":"energy-a","type":"default","label":"Energy at A"},
		"flow_data":{"product_questions":[
			{"id":11,"identifier":"meter-a","type":"mc-single","value":"Smart"},
			{"id":12,"identifier":"start-a","type":"switchdate","value":"2026-05-01"},
			{"id":13,"identifier":"remarks","type":"text","value":"call first"}],
		 "agreements":[{"id":21,"identifier":"terms-a","value":true}]}}`), &s))
	return &s
}
