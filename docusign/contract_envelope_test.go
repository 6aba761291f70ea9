package docusign_test

import (
	"encoding/json"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
)

const envelopePath = "/envelopes/e%2F1"

func envelopeEndpoints() []endpoint {
	at := docusign.Time{Time: time.Date(2022, 9, 22, 15, 19, 24, 500_000_000, time.UTC)}
	return []endpoint{
		{
			name: "create envelope", method: "POST", path: "/envelopes",
			body:   `{"status":"sent","emailSubject":"S","transactionId":"t1","documents":[{"documentId":"1","name":"a.pdf","documentBase64":"JVBERg=="}],"recipients":{"signers":[{"recipientId":"1","name":"N","email":"n@example.com","routingOrder":"1"}]},"allowMarkup":"false","xFuture":7}`,
			answer: `{"envelopeId":"e1","status":"sent","statusDateTime":"2022-09-22T15:19:24.5Z","uri":"/envelopes/e1"}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Envelopes.Create(x, docusign.EnvelopeDefinition{
					Status: docusign.EnvelopeSent, EmailSubject: "S", TransactionID: "t1", AllowMarkup: new(docusign.Bool(false)),
					Documents:  []docusign.Document{{ID: "1", Name: "a.pdf", Content: []byte("%PDF")}},
					Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{ID: "1", Name: "N", Email: "n@example.com", RoutingOrder: "1"}}},
					Extra:      docusign.Extra{"xFuture": json.RawMessage(`7`)},
				})
			},
			want: &docusign.Created{ID: "e1", Status: docusign.EnvelopeSent, StatusChanged: at, URI: "/envelopes/e1", TransactionID: "t1"},
		},
		{
			name: "draft from template", method: "POST", path: "/envelopes?merge_roles_on_draft=true",
			body:   `{"templateId":"tp","status":"created","templateRoles":[{"roleName":"signer","name":"N","email":"n@example.com","tabs":{"textTabs":[{"tabLabel":"text","value":"v"}],"checkboxTabs":[{"tabLabel":"ck","selected":"true"}],"radioGroupTabs":[{"groupName":"r","radios":[{"value":"white","selected":"true"}]}],"listTabs":[{"tabLabel":"list","value":"green"}]}}],"customFields":{"textCustomFields":[{"name":"n","value":"v","required":"false","show":"true"}]}}`,
			answer: `{"envelopeId":"e1","status":"created"}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Envelopes.Create(x, docusign.EnvelopeDefinition{
					TemplateID: "tp", Status: docusign.EnvelopeCreated,
					TemplateRoles: []docusign.TemplateRole{{RoleName: "signer", Name: "N", Email: "n@example.com", Tabs: &docusign.Tabs{
						Text:        []docusign.Tab{{Label: "text", Value: new(docusign.Text("v"))}},
						Checkbox:    []docusign.Tab{{Label: "ck", Selected: new(docusign.Bool(true))}},
						RadioGroups: []docusign.RadioGroup{{GroupName: "r", Radios: []docusign.Radio{{Value: "white", Selected: new(docusign.Bool(true))}}}},
						List:        []docusign.Tab{{Label: "list", Value: new(docusign.Text("green"))}},
					}}},
					CustomFields: &docusign.CustomFields{Text: []docusign.CustomField{{Name: "n", Value: "v", Required: new(docusign.Bool(false)), Show: new(docusign.Bool(true))}}},
				})
			},
		},
		{
			name: "get envelope", method: "GET", path: envelopePath + "?include=recipients%2Ctabs",
			answer: `{"envelopeId":"e/1","status":"brewing","createdDateTime":"2022-09-22T15:19:24.5000000Z","sentDateTime":"","anySigner":null,"recipients":{"signers":[{"recipientId":1,"tabs":{"textTabs":[{"tabLabel":"a","value":12,"maxLength":18,"height":1}]}}],"recipientCount":"1"}}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Envelopes.Get(x, "e/1", []docusign.Include{docusign.IncludeRecipients, docusign.IncludeTabs})
			},
			want: &docusign.Envelope{
				ID: "e/1", Status: "brewing", Created: at, Extra: docusign.Extra{"anySigner": []byte("null")},
				Recipients: &docusign.Recipients{Count: 1, Signers: []docusign.Recipient{{ID: "1", Tabs: &docusign.Tabs{Text: []docusign.Tab{{Label: "a", Value: new(docusign.Text("12")), MaxLength: "18", Height: "1"}}}}}},
			},
		},
	}
}

func envelopeChangeEndpoints() []endpoint {
	day := time.Date(2026, 4, 2, 3, 4, 5, 600, time.FixedZone("JST", 9*3600))
	return []endpoint{
		{
			name: "list envelopes", method: "GET",
			path:   "/envelopes?count=2&custom_field=a%3Db%3Dc&folder_ids=f1&from_date=2026-04-01T18%3A04%3A05.0000006Z&from_to_status=changed&include=recipients&order=asc&order_by=created&search_text=q&start_position=2&status=sent%2Ccompleted&to_date=2026-04-02T18%3A04%3A05.0000006Z",
			answer: `{"resultSetSize":"1","startPosition":"2","endPosition":"2","totalSetSize":"9","envelopes":[{"envelopeId":"e1","sentDateTime":"last Monday","voidedDateTime":{}}]}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Envelopes.List(x, docusign.EnvelopeQuery{
					From: day, To: day.AddDate(0, 0, 1), FromToStatus: "changed", Status: []docusign.EnvelopeStatus{docusign.EnvelopeSent, docusign.EnvelopeCompleted},
					CustomFieldName: "a", CustomFieldValue: "b=c", Include: []docusign.Include{docusign.IncludeRecipients}, FolderIDs: []docusign.FolderID{"f1"},
					SearchText: "q", OrderBy: "created", Order: "asc", Count: 2, Cursor: "start_position=2",
				})
			},
			want: &countersign.Page[docusign.Envelope]{Items: []docusign.Envelope{{ID: "e1"}}, Total: 9, Next: "start_position=3"},
		},
		{
			name: "statuses", method: "PUT", path: "/envelopes/status?envelope_ids=request_body", reads: true, body: `{"envelopeIds":["e1","e2"]}`,
			answer: `{"envelopes":[{"envelopeId":"e1","status":"sent"}]}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Envelopes.Statuses(x, []docusign.EnvelopeID{"e1", "e2"})
			},
			want: []docusign.Envelope{{ID: "e1", Status: docusign.EnvelopeSent}},
		},
		{
			name: "transactions", method: "GET", path: "/envelopes?transaction_ids=t1%2Ct2",
			answer: `{"envelopeTransactionStatuses":[{"transactionId":"t1","envelopeId":"e1","status":"sent"},{"transactionId":"t2","errorDetails":{"errorCode":"X","message":"m"}}]}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Envelopes.Transactions(x, []docusign.TransactionID{"t1", "t2"})
			},
			want: []docusign.TransactionStatus{
				{TransactionID: "t1", EnvelopeID: "e1", Status: docusign.EnvelopeSent},
				{TransactionID: "t2", Error: &docusign.ErrorDetails{Code: "X", Message: "m"}},
			},
		},
		{
			name: "update envelope", method: "PUT", path: envelopePath, body: `{"emailSubject":"S","emailBlurb":"B"}`, answer: `{"envelopeId":"e/1"}`,
			call: func(x ctx, c cl) (any, error) {
				return none(c.Envelopes.Update(x, "e/1", docusign.EnvelopeUpdate{EmailSubject: "S", EmailBlurb: "B"}))
			},
		},
		{
			name: "send draft", method: "PUT", path: envelopePath, body: `{"status":"sent"}`, answer: `{"errorDetails":{"errorCode":"SUCCESS"}}`,
			call: func(x ctx, c cl) (any, error) { return none(c.Envelopes.SendDraft(x, "e/1")) },
		},
		{
			name: "void", method: "PUT", path: envelopePath, body: `{"status":"voided","voidedReason":"r"}`, answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return none(c.Envelopes.Void(x, "e/1", "r")) },
		},
	}
}

func envelopePartEndpoints() []endpoint {
	at := docusign.Time{Time: time.Date(2022, 9, 22, 15, 19, 24, 500_000_000, time.UTC)}
	return []endpoint{
		{
			name: "resend", method: "PUT", path: envelopePath + "?resend_envelope=true", body: `{}`, answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return none(c.Envelopes.Resend(x, "e/1")) },
		},
		{
			name: "purge", method: "PUT", path: envelopePath, body: `{"purgeState":"documents_queued"}`, answer: `{}`,
			call: func(x ctx, c cl) (any, error) {
				return none(c.Envelopes.Purge(x, "e/1", docusign.PurgeDocuments))
			},
		},
		{
			name: "audit events", method: "GET", path: envelopePath + "/audit_events", answer: `{"auditEvents":[{"eventFields":[{"name":"Action","value":"Signed"}]}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Envelopes.AuditEvents(x, "e/1") },
			want: []docusign.AuditEvent{{Fields: []docusign.NameValue{{Name: "Action", Value: "Signed"}}}},
		},
		{
			name: "form data", method: "GET", path: envelopePath + "/form_data",
			answer: `{"envelopeId":"e1","formData":[{"name":"a","value":"b"}],"recipientFormData":[{"recipientId":"1","SignedTime":"2022-09-22T15:19:24.5Z","formData":[]}]}`,
			call:   func(x ctx, c cl) (any, error) { return c.Envelopes.FormData(x, "e/1") },
			want: &docusign.FormData{EnvelopeID: "e1", Items: []docusign.FormItem{{Name: "a", Value: "b"}},
				Recipients: []docusign.RecipientForm{{RecipientID: "1", Signed: at, Items: []docusign.FormItem{}}}},
		},
		{
			name: "get notification", method: "GET", path: envelopePath + "/notification", answer: `{"reminders":{"reminderEnabled":"True","reminderDelay":"3"}}`,
			call: func(x ctx, c cl) (any, error) { return c.Envelopes.Notification(x, "e/1") },
			want: &docusign.Notification{Reminders: &docusign.Reminders{Enabled: new(docusign.Bool(true)), Delay: 3}},
		},
		{
			name: "set notification", method: "PUT", path: envelopePath + "/notification", answer: `{}`,
			body: `{"expirations":{"expireEnabled":"true","expireAfter":"30","expireWarn":"3"}}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Envelopes.SetNotification(x, "e/1", docusign.Notification{Expirations: &docusign.Expiration{Enabled: new(docusign.Bool(true)), After: 30, Warn: 3}})
			},
		},
	}
}
