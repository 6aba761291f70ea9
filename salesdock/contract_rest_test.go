package salesdock_test

import (
	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
)

const emptyCursor = `{"path":"/x","per_page":20,"next_cursor":null,"next_page_url":null,"prev_cursor":null,"prev_page_url":null,"data":[]}`

func conceptEndpoints() []endpoint {
	concept := salesdock.Concept{Source: "dialer", SourceID: "7", Fields: map[string]string{"firstname": "Robin", "cf_x": "1"}, OptIn: &salesdock.OptIn{Source: "s", Channels: []salesdock.OptInChannel{{Type: "phone", Value: "0612345678"}}}}
	lead := salesdock.Concept{Source: "dialer", SourceID: "7", Version: 2}
	key := salesdock.ConceptKey{SourceID: "7", UUID: "u"}
	return []endpoint{
		{
			name: "create concept transaction", in: inAccount, method: "POST", path: "/concepttransaction", status: 201,
			body: `{"source":"dialer","source_id":"7","firstname":"Robin","cf_x":"1","optin":1,"optin_source":"s","optin_channels":[{"type":"phone","value":"0612345678"}]}`,
			data: `{"uuid":"u","order_url":"o","offer_url":"f"}`, want: &salesdock.ConceptTransaction{UUID: "u", OrderURL: "o", OfferURL: "f"},
			call: func(x ctx, c cl) (any, error) { return c.Concepts.CreateTransaction(x, concept) },
		},
		{
			name: "create concept lead", in: inAccount, method: "POST", path: "/conceptlead", status: 201, body: `{"source":"dialer","source_id":"7","source_version":2}`,
			data: `{"uuid":"u","agenda_url":"a","lead_url":"l"}`, want: &salesdock.ConceptLead{UUID: "u", AgendaURL: "a", LeadURL: "l"},
			call: func(x ctx, c cl) (any, error) { return c.Concepts.CreateLead(x, lead) },
		},
		{name: "get transaction fields", in: inAccount, method: "GET", path: "/concepttransaction/fields", data: `{"fields":[{"name":"a","validations":["max:20"]}],"validators":[]}`, call: func(x ctx, c cl) (any, error) { return c.Concepts.TransactionFields(x) }},
		{name: "get opt-in fields", in: inAccount, method: "GET", path: "/concepttransaction/fields/optin", data: `{"fields":[]}`, call: func(x ctx, c cl) (any, error) { return c.Concepts.OptInFields(x) }},
		{name: "get lead fields", in: inAccount, method: "GET", path: "/conceptlead/fields", data: `{"fields":[]}`, call: func(x ctx, c cl) (any, error) { return c.Concepts.LeadFields(x) }},
		{name: "get concept's sale", in: inAccount, method: "GET", path: "/concepttransaction/sale_id/dialer?source_id=7&uuid=u", data: `{"sale_id":9}`, want: salesdock.SaleID("9"), call: func(x ctx, c cl) (any, error) { return c.Concepts.LastSale(x, "dialer", key) }},
		{name: "get concept's sales", in: inAccount, method: "GET", path: "/concepttransaction/sales/dialer?source_id=7&uuid=u", data: `{"sale_ids":[9,"10"]}`, want: []salesdock.SaleID{"9", "10"}, call: func(x ctx, c cl) (any, error) { return c.Concepts.Sales(x, "dialer", key) }},
	}
}

func leadEndpoints() []endpoint {
	in := salesdock.LeadInput{Fields: map[string]string{"firstname": "Robin"}, CustomFields: map[string]string{"x": "1"}, Answers: map[string]string{"q": "2"}, PlannedDate: may2, StartAt: "10:00"}
	assigned := in
	assigned.Assign, assigned.UserID, assigned.RelationID = "user", "3", countersign.Null[salesdock.RelationID]()
	const own = `"business":0,"planned_for_date":1,"planned_date":"02-05-2025","start_at":"10:00","firstname":"Robin","cf_x":"1","question_q":"2"`
	no := false
	return []endpoint{
		{name: "list leads", in: inEither, method: "GET", path: "/leads?activity=a&cursor=true&sort_by=id_desc&statuses%5B0%5D=new&with_team_id=yes", data: emptyCursor, want: &countersign.Page[salesdock.Lead]{Items: []salesdock.Lead{}, Total: -1}, call: func(x ctx, c cl) (any, error) {
			return c.Leads.List(x, salesdock.LeadQuery{Statuses: []string{"new"}, Activity: "a", WithTeam: "yes", SortBy: "id_desc"})
		}},
		{name: "get lead", in: inEither, method: "GET", path: "/leads/4", data: `{"id":4,"status":{"id":"new"}}`, call: func(x ctx, c cl) (any, error) { return c.Leads.Get(x, "4") }},
		{name: "get lead's history", in: inEither, method: "GET", path: "/leads/4/history", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Leads.History(x, "4") }},
		{name: "get lead's result", in: inEither, method: "GET", path: "/leads/4/results", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Leads.Result(x, "4") }},
		{name: "get lead's form", in: inEither, method: "GET", path: "/leads/4/form/pdf", data: `{"content":"JVBERg==","name":"f.pdf"}`, want: &salesdock.FormPDF{Name: "f.pdf", Content: []byte("%PDF")}, call: func(x ctx, c cl) (any, error) { return c.Leads.FormPDF(x, "4") }},
		{name: "list lead results", in: inEither, method: "GET", path: "/leads/results", data: emptyCursor, call: func(x ctx, c cl) (any, error) { return c.Leads.Results(x, salesdock.LeadQuery{}) }},
		{name: "list lead activities", in: inEither, method: "GET", path: "/leads/activities", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Leads.Activities(x) }},
		{name: "list lead sources", in: inEither, method: "GET", path: "/leads/sources", data: `[{"id":1,"name":"n"}]`, call: func(x ctx, c cl) (any, error) { return c.Leads.Sources(x) }},
		{name: "list lead forms", in: inEither, method: "GET", path: "/leads/forms", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Leads.Forms(x) }},
		{name: "list lead form's elements", in: inEither, method: "GET", path: "/leads/forms/2/elements", data: `[{"id":1,"options":null}]`, call: func(x ctx, c cl) (any, error) { return c.Leads.FormElements(x, "2") }},
		{name: "list townships", in: inAccount, method: "GET", path: "/leads/townships?active=0", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Leads.Townships(x, &no) }},
		{name: "create lead as admin", in: inAccount, method: "POST", path: "/leads", status: 201, body: `{"assign":"user","user":"3","relation_id":null,` + own + `}`, data: `{"lead_id":4}`, want: salesdock.LeadID("4"), call: leadCreate(assigned)},
		{name: "update lead as admin", in: inAccount, method: "PUT", path: "/leads/4", body: `{"assign":"user","user":"3","relation_id":null,` + own + `}`, data: `{"lead_id":4}`, silent: true, call: leadUpdate(assigned)},
		{name: "set lead's status", in: inAccount, method: "POST", path: "/leads/status/4", body: `{"status":"new","remark":"r"}`, data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Leads.SetStatus(x, "4", "new", "r")) }},
		{name: "fill in lead form", in: inNone, method: "POST", path: "/leads/forms/2/instances", status: 201, body: `{"questionData":{"q":"a"},"client_name":"Robin"}`, data: `{"form_instance_id":6,"lead_id":4}`, want: &salesdock.FilledLeadForm{InstanceID: "6", LeadID: "4"}, call: func(x ctx, c cl) (any, error) {
			return c.Forms.FillLead(x, "2", salesdock.FormAnswers{Answers: map[string]any{"q": "a"}, ClientName: "Robin"})
		}},
	}
}

// leadCreate makes a lead in the scope account alone, since the scope user sends
// another body; see TestLeadOfAgent.
func leadCreate(in salesdock.LeadInput) func(ctx, cl) (any, error) {
	return func(x ctx, c cl) (any, error) {
		if c.Scope() == salesdock.ScopeUser {
			return nil, &salesdock.ScopeError{Scope: c.Scope()}
		}
		return c.Leads.Create(x, in)
	}
}

func leadUpdate(in salesdock.LeadInput) func(ctx, cl) (any, error) {
	return func(x ctx, c cl) (any, error) {
		if c.Scope() == salesdock.ScopeUser {
			return nil, &salesdock.ScopeError{Scope: c.Scope()}
		}
		return none(c.Leads.Update(x, "4", in))
	}
}

func formEndpoints() []endpoint {
	return []endpoint{
		{name: "list forms", in: inEither, method: "GET", path: "/forms", data: emptyPage, call: func(x ctx, c cl) (any, error) { return c.Forms.List(x, "") }},
		{name: "list form's elements", in: inEither, method: "GET", path: "/forms/2/elements", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Forms.Elements(x, "2") }},
		{name: "list form instances", in: inEither, method: "GET", path: "/forms/instances?form_id=2&sale_id=9", data: emptyPage, call: func(x ctx, c cl) (any, error) {
			return c.Forms.Instances(x, salesdock.InstanceQuery{FormID: "2", SaleID: "9"})
		}},
		{name: "get form instance", in: inEither, method: "GET", path: "/forms/instances/6", data: `{"id":6}`, call: func(x ctx, c cl) (any, error) { return c.Forms.Instance(x, "6") }},
		{name: "list sale's forms", in: inEither, method: "GET", path: "/forms/instances/sale/9", data: `[]`, call: func(x ctx, c cl) (any, error) { return c.Forms.OfSale(x, "9") }},
		{name: "get form's file", in: inEither, method: "GET", path: "/forms/instances/pdf/6", data: `{"id":6,"pdf":{"content":"JVBERg==","mime-type":"application/pdf","name":"f.pdf"}}`, want: &salesdock.FormPDF{Name: "f.pdf", MimeType: "application/pdf", Content: []byte("%PDF")}, call: func(x ctx, c cl) (any, error) { return c.Forms.PDF(x, "6") }},
		{name: "fill in form", in: inNone, method: "POST", path: "/forms/2/instances", status: 201, body: `{"questionData":{"q":"a"}}`, data: `{"form_instance_id":6}`, want: salesdock.InstanceID("6"), call: func(x ctx, c cl) (any, error) {
			return c.Forms.Fill(x, "2", salesdock.FormAnswers{Answers: map[string]any{"q": "a"}})
		}},
	}
}

func relationEndpoints() []endpoint {
	yes := true
	in := salesdock.RelationInput{Visibility: salesdock.VisibleToAccount, Lastname: "Jansen", AddressInput: salesdock.AddressInput{City: "Ons Dorp"}, CustomFields: map[string]string{"x": "1"}}
	const body = `{"visibility":"account","business":0,"lastname":"Jansen","city":"Ons Dorp","cf_x":"1"}`
	task := salesdock.TaskInput{Title: "t", Type: "callback", PlannedDate: salesdock.DutchDate(may2)}
	const taskBody = `{"title":"t","type":"callback","planned_date":"02-05-2025","completed":"no"}`
	return []endpoint{
		{name: "list relations", in: inEither, method: "GET", path: "/relations?business=1&q=x", data: emptyPage, call: func(x ctx, c cl) (any, error) {
			return c.Relations.List(x, salesdock.RelationQuery{Search: "x", Business: &yes})
		}},
		{name: "get relation", in: inAccount, method: "GET", path: "/relations/8", data: `{"id":8,"customer":{"firstname":"Robin","address":[]}}`, call: func(x ctx, c cl) (any, error) { return c.Relations.Get(x, "8") }},
		{name: "create relation", in: inEither, method: "POST", path: "/relations", status: 201, body: body, data: `{"relation_id":8}`, want: salesdock.RelationID("8"), call: func(x ctx, c cl) (any, error) { return c.Relations.Create(x, in) }},
		{name: "update relation", in: inAccount, method: "PUT", path: "/relations/8", body: body, data: `{"relation_id":8}`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Relations.Update(x, "8", in)) }},
		{name: "list tasks", in: inEither, method: "GET", path: "/tasks?assigned_user_id=2&completed=no&mode=open&owner_user_id=1", data: emptyCursor, call: func(x ctx, c cl) (any, error) {
			return c.Tasks.List(x, salesdock.TaskQuery{Mode: "open", Completed: "no", OwnerID: "1", Assigned: "2"})
		}},
		{name: "list a page of tasks", in: inEither, method: "GET", path: "/tasks?cursor=abc", data: emptyCursor, call: func(x ctx, c cl) (any, error) { return c.Tasks.List(x, salesdock.TaskQuery{Cursor: "cursor=abc"}) }},
		{name: "get task", in: inEither, method: "GET", path: "/tasks/3", data: `{"id":3,"planned_date":"02-05-2025"}`, call: func(x ctx, c cl) (any, error) { return c.Tasks.Get(x, "3") }},
		{name: "create task", in: inEither, method: "POST", path: "/tasks", status: 201, body: taskBody, data: `{"task_id":3}`, want: salesdock.TaskID("3"), call: func(x ctx, c cl) (any, error) { return c.Tasks.Create(x, task) }},
		{name: "update task", in: inEither, method: "PUT", path: "/tasks/3", body: taskBody, data: `{"task_id":3}`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Tasks.Update(x, "3", task)) }},
		{name: "delete task", in: inAccount, method: "DELETE", path: "/tasks/3", data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Tasks.Delete(x, "3")) }},
	}
}

func accountEndpoints() []endpoint {
	in := salesdock.OrganisationInput{Name: "Alpha", Identifier: "alpha", CustomFields: map[string]string{"x": "1"}}
	const body = `{"name":"Alpha","identifier":"alpha","contractor":"no","cf_x":"1"}`
	const commissions = `{"items":[{"sale_id":9,"amount":"12.50"}],"totals":{"amounts":[],"counts":{"total":1,"pending":0,"final":1}}}`
	target := countersign.NewSecret("https://example.com/hook")
	return []endpoint{
		{name: "list users", in: inAccount, method: "GET", path: "/users?extended=true", data: emptyPage, call: func(x ctx, c cl) (any, error) { return c.Users.List(x, salesdock.UserQuery{Extended: true}) }},
		{name: "invite user", in: inAccount, method: "POST", path: "/invitation", body: `{"email":"a@example.com","role":"agent","organisation_id":"5"}`, data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) {
			return none(c.Users.Invite(x, salesdock.Invitation{Email: "a@example.com", Role: salesdock.RoleAgent, OrganisationID: "5"}))
		}},
		{name: "list organisations", in: inAccount, method: "GET", path: "/organisations", data: emptyPage, call: func(x ctx, c cl) (any, error) { return c.Organisations.List(x, "") }},
		{name: "get organisation", in: inAccount, method: "GET", path: "/organisations/5", data: `{"id":5,"created_at":"02-05-2023 14:01:40","contractor":"no"}`, call: func(x ctx, c cl) (any, error) { return c.Organisations.Get(x, "5") }},
		{name: "create organisation", in: inAccount, method: "POST", path: "/organisations", status: 201, body: body, data: `{"organisation_id":5}`, want: salesdock.OrganisationID("5"), call: func(x ctx, c cl) (any, error) { return c.Organisations.Create(x, in) }},
		{name: "update organisation", in: inAccount, method: "PUT", path: "/organisations/5", body: body, data: `{"organisation_id":5}`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Organisations.Update(x, "5", in)) }},
		{name: "delete organisation", in: inAccount, method: "DELETE", path: "/organisations/5", data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Organisations.Delete(x, "5")) }},
		{name: "outgoing commissions", in: inAccount, method: "GET", path: "/commissions/outgoing", data: commissions, call: func(x ctx, c cl) (any, error) { return c.Commissions.Outgoing(x, "") }},
		{name: "sale's outgoing commissions", in: inAccount, method: "GET", path: "/commissions/outgoing/9", data: commissions, call: func(x ctx, c cl) (any, error) { return c.Commissions.Outgoing(x, "9") }},
		{name: "incoming commissions", in: inAccount, method: "GET", path: "/commissions/incoming", data: commissions, call: func(x ctx, c cl) (any, error) { return c.Commissions.Incoming(x, "") }},
		{name: "sale's incoming commissions", in: inAccount, method: "GET", path: "/commissions/incoming/9", data: commissions, call: func(x ctx, c cl) (any, error) { return c.Commissions.Incoming(x, "9") }},
		{name: "list webhook events", in: inAccount, method: "GET", path: "/webhooks/events", data: `["product.updated"]`, want: []string{"product.updated"}, call: func(x ctx, c cl) (any, error) { return c.Webhooks.Events(x) }},
		{name: "list webhooks", in: inAccount, method: "GET", path: "/webhooks", data: `[{"uuid":"u","event":"e","target_url":"https://example.com","subscribed_at":"2023-05-02T12:01:40.000000Z"}]`, call: func(x ctx, c cl) (any, error) { return c.Webhooks.List(x) }},
		{name: "subscribe webhook", in: inAccount, method: "POST", path: "/webhooks", status: 201, body: `{"event":"product.updated","target_url":"https://example.com/hook"}`, data: `{"uuid":"u","event":"product.updated"}`, call: func(x ctx, c cl) (any, error) { return c.Webhooks.Subscribe(x, "product.updated", target) }},
		{name: "unsubscribe webhook", in: inAccount, method: "DELETE", path: "/webhooks/u-1", data: `[]`, silent: true, call: func(x ctx, c cl) (any, error) { return none(c.Webhooks.Unsubscribe(x, "u-1")) }},
	}
}
