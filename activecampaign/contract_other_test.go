package activecampaign_test

import (
	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
)

func automationEndpoints() []endpoint {
	const run = `{"id":"5","contact":"10","seriesid":"2","automation":2,"status":1,"adddate":"2026-04-14T10:03:23-05:00","remdate":null,"completed":1}`
	want := activecampaign.Enrolment{ID: "5", Contact: "10", Automation: "2", Status: "1", Added: written, Completed: true}
	return []endpoint{
		{
			name: "list automations", method: "GET", path: "/automations?limit=2&offset=4", answer: `{"automations":[{"id":"2","name":"N","status":"1","entered":"3","exited":null,"hidden":"0"}],"meta":{"total":"9"}}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Automations.List(x, activecampaign.PageQuery{Cursor: "4", Limit: 2})
			},
			want: &countersign.Page[activecampaign.Automation]{Items: []activecampaign.Automation{{ID: "2", Name: "N", Status: "1", Entered: 3}}, Total: 9},
		},
		{
			name: "enrol contact", method: "POST", path: "/contactAutomations", body: `{"contactAutomation":{"contact":10,"automation":2}}`, status: 201, once: true, answer: `{"contactAutomation":` + run + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Automations.Enrol(x, "10", "2") }, want: &want,
		},
		{
			name: "list enrolments", method: "GET", path: "/contactAutomations?limit=100&offset=0", answer: `{"contactAutomations":[` + run + `],"meta":{"total":"1"}}`,
			call: func(x ctx, c cl) (any, error) { return c.Automations.Enrolments(x, activecampaign.PageQuery{}) },
			want: &countersign.Page[activecampaign.Enrolment]{Items: []activecampaign.Enrolment{want}, Total: 1},
		},
		{
			name: "get enrolment", method: "GET", path: "/contactAutomations/5", answer: `{"contactAutomation":` + run + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Automations.Enrolment(x, "5") }, want: &want,
		},
		{
			name: "remove enrolment", method: "DELETE", path: "/contactAutomations/5", answer: `{}`, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Automations.Remove(x, "5")) },
		},
	}
}

func noteEndpoints() []endpoint {
	const note = `{"id":"7","note":"n","reltype":"Subscriber","relid":10,"cdate":"2026-04-14T10:03:23-05:00"}`
	want := &activecampaign.Note{ID: "7", Text: "n", OnType: "Subscriber", OnID: "10", Created: written}
	return []endpoint{
		{
			name: "create note", method: "POST", path: "/notes", body: `{"note":{"note":"n","relid":10,"reltype":"Subscriber"}}`, status: 201, once: true, answer: `{"note":` + note + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Notes.Create(x, "10", "n") }, want: want,
		},
		{
			name: "get note", method: "GET", path: "/notes/7", answer: `{"note":` + note + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Notes.Get(x, "7") }, want: want,
		},
		{
			name: "update note", method: "PUT", path: "/notes/7", body: `{"note":{"note":"n","relid":"10","reltype":"Subscriber"}}`, answer: `{"note":` + note + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Notes.Update(x, "7", "10", "n") }, want: want,
		},
		{
			name: "delete note", method: "DELETE", path: "/notes/7", answer: `{}`, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Notes.Delete(x, "7")) },
		},
	}
}

func eventEndpoints() []endpoint {
	return []endpoint{
		{
			name: "track event", method: "POST", path: "/event", once: true, answer: `{"success":1,"message":"Event spawned"}`,
			form: "actid=42&event=signed&eventdata=x&key=" + eventKey + "&visit=%7B%22email%22%3A%22a%40example.com%22%7D",
			call: func(x ctx, c cl) (any, error) {
				return none(c.Events.Track(x, activecampaign.TrackedEvent{Name: "signed", Email: "a@example.com", Data: "x"}))
			},
		},
		{
			name: "event tracking", method: "GET", path: "/eventTracking", answer: `{"eventTracking":{"enabled":"1"}}`, want: true,
			call: func(x ctx, c cl) (any, error) { return c.Events.Enabled(x) },
		},
		{
			name: "set event tracking", method: "PUT", path: "/eventTracking", body: `{"eventTracking":{"enabled":false}}`, answer: `{}`, silent: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Events.SetEnabled(x, false)) },
		},
		{
			name: "event names", method: "GET", path: "/eventTrackingEvents", answer: `{"eventTrackingEvents":[{"name":"signed"}],"meta":{"total":1}}`, want: []string{"signed"},
			call: func(x ctx, c cl) (any, error) { return c.Events.Names(x) },
		},
		{
			name: "register event", method: "POST", path: "/eventTrackingEvents", body: `{"eventTrackingEvent":{"name":"signed"}}`, status: 201, answer: `{}`, silent: true, once: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Events.Register(x, "signed")) },
		},
		{
			name: "unregister event", method: "DELETE", path: "/eventTrackingEvents/was%20signed", answer: `{}`, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Events.Unregister(x, "was signed")) },
		},
	}
}

func importEndpoints() []endpoint {
	return []endpoint{
		{
			name: "import contacts", method: "POST", path: "/import/bulk_import", once: true,
			body: `{"contacts":[{"email":"a@example.com","first_name":"A","last_name":"B","phone":"1","customer_acct_name":"C","tags":["t"],"fields":[{"id":1,"value":"v"}]},{"email":"b@example.com"}],` +
				`"callback":{"url":"https://a.example/","requestType":"GET"},"exclude_automations":true}`,
			answer: `{"Success":1,"queued_contacts":"2","batchId":"b1","message":"Contact import queued"}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Import.Start(x, activecampaign.BulkImport{
					Contacts: []activecampaign.ImportContact{{
						Email: "a@example.com", FirstName: "A", LastName: "B", Phone: "1", Account: "C", Tags: []string{"t"}, Fields: []activecampaign.ImportField{{Field: "1", Value: "v"}},
					}, {Email: "b@example.com"}},
					Callback: &activecampaign.ImportCallback{URL: "https://a.example/"},
				})
			},
			want: &activecampaign.ImportQueued{BatchID: "b1", Queued: 2, Message: "Contact import queued"},
		},
		{
			name: "get import", method: "GET", path: "/import/info?batchId=b1", answer: `{"status":"completed","success":["123",4],"failure":["x@example"]}`,
			call: func(x ctx, c cl) (any, error) { return c.Import.Status(x, "b1") },
			want: &activecampaign.ImportStatus{State: activecampaign.ImportCompleted, Imported: []activecampaign.ContactID{"123", "4"}, Failed: []string{"x@example"}},
		},
		{
			name: "list imports", method: "GET", path: "/import/bulk_import", answer: `{"outstanding":[{"forDate":"2026-06-01","batches":"333","contacts":"83250"}],"recentlyCompleted":[]}`,
			call: func(x ctx, c cl) (any, error) { return c.Import.Overview(x) },
			want: &activecampaign.ImportOverview{
				Outstanding: []activecampaign.ImportDay{{Date: countersign.Date{Year: 2026, Month: 6, Day: 1}, Batches: 333, Contacts: 83250}}, Completed: []activecampaign.ImportDay{},
			},
		},
	}
}

func webhookEndpoints() []endpoint {
	const hook = `{"id":"1","name":"N","url":"https://a.example/t","events":["subscribe"],"sources":["admin"],"listid":"0","cdate":"2026-04-14T10:03:23-05:00"}`
	want := activecampaign.Webhook{
		ID: "1", Name: "N", URL: "https://a.example/t", Events: []activecampaign.WebhookEvent{activecampaign.EventSubscribe},
		Sources: []activecampaign.Source{activecampaign.SourceAdmin}, List: "0", Created: written,
	}
	const body = `{"webhook":{"name":"N","url":"https://a.example/t","events":["subscribe"],"sources":["admin"],"listid":0}}`
	return []endpoint{
		{
			name: "create webhook", method: "POST", path: "/webhooks", body: body, status: 201, once: true, answer: `{"webhook":` + hook + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Webhooks.Create(x, want) }, want: &want,
		},
		{
			name: "update webhook", method: "PUT", path: "/webhooks/1", body: body, answer: `{"webhook":` + hook + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Webhooks.Update(x, "1", want) }, want: &want,
		},
		{
			name: "get webhook", method: "GET", path: "/webhooks/1", answer: `{"webhook":` + hook + `}`,
			call: func(x ctx, c cl) (any, error) { return c.Webhooks.Get(x, "1") }, want: &want,
		},
		{
			name: "delete webhook", method: "DELETE", path: "/webhooks/1", answer: `{}`, silent: true, gone: true,
			call: func(x ctx, c cl) (any, error) { return none(c.Webhooks.Delete(x, "1")) },
		},
		{
			name: "list webhooks", method: "GET", path: "/webhooks?filters%5Bname%5D=N&filters%5Burl%5D=https%3A%2F%2Fa.example%2Ft&limit=100&offset=0", answer: `{"webhooks":[` + hook + `]}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Webhooks.List(x, activecampaign.WebhookQuery{Name: "N", URL: "https://a.example/t"})
			},
			want: &countersign.Page[activecampaign.Webhook]{Items: []activecampaign.Webhook{want}, Total: -1},
		},
		{
			name: "webhook events", method: "GET", path: "/webhook/events", answer: `{"webhookEvents":["subscribe"],"meta":{"total":1}}`,
			call: func(x ctx, c cl) (any, error) { return c.Webhooks.Events(x) }, want: []activecampaign.WebhookEvent{activecampaign.EventSubscribe},
		},
	}
}
