package salesdock_test

import (
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
)

const emptyPage = `{"current_page":1,"data":[],"last_page":1,"next_page_url":null,"total":0}`

func saleEndpoints() []endpoint {
	since := time.Date(2025, time.July, 1, 10, 0, 0, 0, time.UTC)
	query := salesdock.SaleQuery{
		Period: salesdock.Period{Of: "updated_date", From: since, Until: since.Add(time.Hour)}, Type: "offer", FlowID: "1", SupplierID: "2",
		Statuses: []string{"new", "sent"}, OfferAnswers: []salesdock.OfferAnswer{salesdock.OfferOpen, salesdock.OfferAccepted, salesdock.OfferDeclined, salesdock.OfferExpired},
		ProductTypes: []string{"simple"}, IDs: []salesdock.SaleID{"9"}, Organisations: []salesdock.OrganisationID{"5"},
	}
	const wire = "flow_id=1&offer_statuses%5B0%5D=open&offer_statuses%5B1%5D=1&offer_statuses%5B2%5D=0&offer_statuses%5B3%5D=2&organisations%5B0%5D=5" +
		"&period=custom&period_end=2025-07-01+13%3A00%3A00&period_filter_on=updated_date&period_start=2025-07-01+12%3A00%3A00" +
		"&product_types%5B0%5D=simple&sale_ids%5B0%5D=9&statuses%5B0%5D=new&statuses%5B1%5D=sent&supplier_id=2&type=offer"
	empty := &countersign.Page[salesdock.SaleRow]{Items: []salesdock.SaleRow{}}
	return []endpoint{
		{name: "list sales", in: inEither, method: "GET", path: "/sales?" + wire, data: emptyPage, want: empty, call: func(x ctx, c cl) (any, error) { return c.Sales.List(x, query) }},
		{name: "list a page of sales", in: inEither, method: "GET", path: "/sales?page=3", data: emptyPage, call: func(x ctx, c cl) (any, error) { return c.Sales.List(x, salesdock.SaleQuery{Cursor: "page=3"}) }},
		{name: "list concepts", in: inAccount, method: "GET", path: "/sales?include_concept_sales=1", data: emptyPage, call: func(x ctx, c cl) (any, error) {
			return c.Sales.List(x, salesdock.SaleQuery{WithConcepts: true})
		}},
		{name: "list full sales", in: inEither, method: "GET", path: "/sales?extended=true&period=today&period_filter_on=created_date", data: emptyPage, call: func(x ctx, c cl) (any, error) {
			return c.Sales.ListFull(x, salesdock.SaleQuery{Period: salesdock.Period{Of: "created_date", Name: "today"}})
		}},
		{name: "get sale", in: inEither, method: "GET", path: "/sales/9", data: `{"id":9}`, call: func(x ctx, c cl) (any, error) { return c.Sales.Get(x, "9") }},
		{name: "get answers", in: inEither, method: "GET", path: "/sales/answers/9", data: `[]`, want: map[string]salesdock.AnswerValue{}, call: func(x ctx, c cl) (any, error) { return c.Sales.Answers(x, "9") }},
		{name: "get sale's products", in: inEither, method: "GET", path: "/sales/9/products", data: `{"sale_id":9,"products":[]}`, call: func(x ctx, c cl) (any, error) { return c.Sales.Products(x, "9") }},
		{
			name: "get contract", in: inAccount, method: "GET", path: "/sales/contract/9", data: `{"id":9,"contract":{"content":"JVBERg==","name":"c.pdf","mime-type":"application/pdf"}}`,
			want: &salesdock.SaleContract{Name: "c.pdf", MimeType: "application/pdf", Content: []byte("%PDF")}, call: func(x ctx, c cl) (any, error) { return c.Sales.Contract(x, "9") },
		},
		{name: "list documents", in: inAccount, method: "GET", path: "/sales/9/documents", data: `[{"name":"c.pdf","location":"/x"}]`, call: func(x ctx, c cl) (any, error) { return c.Sales.Documents(x, "9") }},
		{name: "download document", in: inNone, method: "GET", path: "/account/sales/9/documents/download/abc?x=1", data: "%PDF", file: true, want: "%PDF", call: func(x ctx, c cl) (any, error) {
			return read(c.Sales.Download(x, salesdock.Document{Location: "https://app.salesdock.nl/api/beta/v1/account/sales/9/documents/download/abc?x=1"}))
		}},
		{name: "get history", in: inAccount, method: "GET", path: "/sales/9/history", data: `[{"type":"sync.updated","user":null,"type_data":[]}]`, call: func(x ctx, c cl) (any, error) { return c.Sales.History(x, "9") }},
		{name: "get lead's sale", in: inEither, method: "GET", path: "/leads/4/sale", data: `[]`, want: (*salesdock.Sale)(nil), silent: true, call: func(x ctx, c cl) (any, error) { return c.Sales.OfLead(x, "4") }},
		{name: "get form's sales", in: inEither, method: "GET", path: "/sales/form_instance/6", data: `[9]`, want: []salesdock.SaleID{"9"}, call: func(x ctx, c cl) (any, error) { return c.Sales.OfForm(x, "6") }},
		{name: "get addresses", in: inAccount, method: "GET", path: "/sales/url/9", data: `{"admin":"a","reseller":"b"}`, want: &salesdock.SaleURLs{Admin: "a", Reseller: "b"}, call: func(x ctx, c cl) (any, error) { return c.Sales.URLs(x, "9") }},
		{name: "list energy sales", in: inEither, method: "GET", path: "/sales/energy?type=sale", data: emptyPage, call: func(x ctx, c cl) (any, error) { return c.Sales.Energy(x, salesdock.SaleQuery{Type: "sale"}) }},
		{name: "export sales", in: inAccount, method: "GET", path: "/sales/export/energie", data: emptyPage, call: func(x ctx, c cl) (any, error) { return c.Sales.Export(x, "energie", salesdock.SaleQuery{}) }},
	}
}

func saleChangeEndpoints() []endpoint {
	change := salesdock.StatusChange{Status: "sent", Remark: "naar B", Processed: true}
	fields := map[string]string{"sale_at_b": "12"}
	edit := salesdock.SaleEdit{
		Customer:  &salesdock.CustomerEdit{Firstname: "Robin", Birthdate: salesdock.DutchDate(may2)},
		Questions: &salesdock.Edit[salesdock.QuestionID, map[salesdock.QuestionID]any]{Delete: []salesdock.QuestionID{"3"}, Upsert: map[salesdock.QuestionID]any{"4": "ja"}},
	}
	const edited = `{"customer":{"firstname":"Robin","birthdate":"02-05-2025"},"product_questions":{"delete":["3"],"upsert":{"4":"ja"}}}`
	const sent = "mark_processed=1&remark=naar+B&status=sent"
	return []endpoint{
		{
			name: "create sale", in: inNone, method: "POST", path: "/sales/flow/default/stroom", status: 201, data: `{"sale_id":9}`, want: salesdock.SaleID("9"),
			body: `{"transaction_type":"order","connection_postcode":"1234AB","connection_housenumber":1,"connection_streetname":"Dorpsstraat","connection_city":"Ons Dorp",
				"postcode":"1234AB","housenumber":"1","suffix":"","streetname":"Dorpsstraat","city":"Ons Dorp","firstname":"Robin","lastname":"Jansen","birthdate":"01-02-1980",
				"email":"robin@example.com","phone":"0612345678","product_id":"1","business":0,"questionData":{},"agreements":{}}`,
			call: func(x ctx, c cl) (any, error) { return c.Sales.Create(x, order()) },
		},
		{name: "set status", in: inAccount, method: "POST", path: "/sales/updatestatus/9?" + sent, data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Sales.SetStatus(x, "9", change)) }},
		{name: "set status of incoming", in: inAccount, method: "POST", path: "/sales/updatestatus/incoming/x1?" + sent, data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Sales.SetStatusOfIncoming(x, "x1", change)) }},
		{name: "set fields", in: inAccount, method: "POST", path: "/sales/updatefields/9", body: `{"sale_at_b":"12"}`, data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Sales.SetFields(x, "9", fields)) }},
		{name: "set fields of incoming", in: inAccount, method: "POST", path: "/sales/updatefields/incoming/x1", body: `{"sale_at_b":"12"}`, data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Sales.SetFieldsOfIncoming(x, "x1", fields)) }},
		{name: "cancel sale", in: inUser, method: "POST", path: "/sales/cancel/9?remark=r&status=cancelled", data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Sales.Cancel(x, "9", "cancelled", "r")) }},
		{name: "edit offer", in: inEither, method: "PATCH", path: "/proposal/9", body: edited, data: `{"sale_id":9}`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Sales.EditOffer(x, "9", edit)) }},
		{name: "edit sale", in: inAccount, method: "PATCH", path: "/sales/9", body: edited, data: `{"sale_id":9}`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Sales.EditSale(x, "9", edit)) }},
		{
			name: "add opt-in", in: inAccount, method: "POST", path: "/sales/9/optin", status: 201, data: `[]`, silent: true,
			body: `{"source":"s","obtained_at":"2025-05-02 00:00:00","channels":[{"type":"email","value":"a@example.com","verified_method":"sms"}]}`,
			call: func(x ctx, c cl) (any, error) {
				return none(c.Sales.AddOptIn(x, "9", salesdock.OptIn{
					Source: "s", ObtainedAt: may2.In(salesdock.Location()), Channels: []salesdock.OptInChannel{{Type: "email", Value: "a@example.com", VerifiedMethod: "sms"}},
				}))
			},
		},
	}
}
