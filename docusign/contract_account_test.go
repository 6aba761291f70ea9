package docusign_test

import (
	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
)

func templateEndpoints() []endpoint {
	const path = "/templates/t1"
	return []endpoint{
		{
			name: "list templates", method: "GET", path: "/templates?count=3&folder_ids=f&include=documents&order=desc&order_by=used&search_text=q&start_position=3&template_ids=t1%2Ct2&user_filter=all",
			answer: `{"envelopeTemplates":[{"templateId":"t1","name":"N","pageCount":2}],"totalSetSize":"9","nextUri":"/templates?start_position=6&continuation_token=ct&search_text=q"}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Templates.List(x, docusign.TemplateQuery{SearchText: "q", FolderIDs: []docusign.FolderID{"f"}, IDs: []docusign.TemplateID{"t1", "t2"}, UserFilter: "all",
					OrderBy: "used", Order: "desc", Include: []docusign.Include{docusign.IncludeDocuments}, Count: 3, Cursor: "start_position=3"})
			},
			want: &countersign.Page[docusign.Template]{Items: []docusign.Template{{ID: "t1", Name: "N", PageCount: 2}}, Total: 9, Next: "continuation_token=ct&start_position=6"},
		},
		{
			name: "get template", method: "GET", path: path + "?include=tabs", answer: `{"templateId":"t1","recipients":{"signers":[{"roleName":"r"}]}}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Templates.Get(x, "t1", []docusign.Include{docusign.IncludeTabs})
			},
			want: &docusign.Template{ID: "t1", Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{RoleName: "r"}}}},
		},
		{
			name: "create template", method: "POST", path: "/templates", body: `{"name":"N","shared":"true"}`, answer: `{"templateId":"t1"}`, want: docusign.TemplateID("t1"),
			call: func(x ctx, c cl) (any, error) {
				return c.Templates.Create(x, docusign.Template{Name: "N", Shared: new(docusign.Bool(true))})
			},
		},
		{
			name: "update template", method: "PUT", path: path, body: `{"name":"M"}`, answer: `{"recipientUpdateResults":[],"tabUpdateResults":{}}`,
			call: func(x ctx, c cl) (any, error) {
				return none(c.Templates.Update(x, "t1", docusign.Template{Name: "M"}))
			},
		},
		{
			name: "template documents", method: "GET", path: path + "/documents", answer: `{"templateDocuments":[{"documentId":1}]}`, want: []docusign.DocumentInfo{{ID: "1"}},
			call: func(x ctx, c cl) (any, error) { return c.Templates.Documents(x, "t1") },
		},
		{
			name: "download template document", method: "GET", path: path + "/documents/1", accept: "application/pdf", answer: "%PDF", want: "%PDF",
			call: func(x ctx, c cl) (any, error) { return read(c.Templates.Download(x, "t1", "1")) },
		},
		{
			name: "template recipients", method: "GET", path: path + "/recipients?include_tabs=true", answer: `{}`, want: &docusign.Recipients{},
			call: func(x ctx, c cl) (any, error) { return c.Templates.Recipients(x, "t1", true) },
		},
		{
			name: "template document tabs", method: "GET", path: path + "/documents/1/tabs", answer: `{}`, want: &docusign.Tabs{},
			call: func(x ctx, c cl) (any, error) { return c.Templates.DocumentTabs(x, "t1", "1") },
		},
	}
}

func templateFieldEndpoints() []endpoint {
	const path = "/templates/t1"
	return []endpoint{
		{
			name: "template recipient tabs", method: "GET", path: path + "/recipients/1/tabs", answer: `{}`, want: &docusign.Tabs{},
			call: func(x ctx, c cl) (any, error) { return c.Templates.RecipientTabs(x, "t1", "1") },
		},
		{
			name: "template custom fields", method: "GET", path: path + "/custom_fields", answer: `{}`, want: &docusign.CustomFields{},
			call: func(x ctx, c cl) (any, error) { return c.Templates.CustomFields(x, "t1") },
		},
		{
			name: "template fields", method: "GET", path: path + "/documents/1/tabs", answer: `{"prefillTabs":{"textTabs":[{"tabLabel":"p"}]}}`,
			prior: &prior{path + "?include=tabs%2Cdocuments", `{"documents":[{"documentId":"1"}],"recipients":{"signers":[{"roleName":"r","tabs":{"dateSignedTabs":[{"tabLabel":"d"}],"listTabs":[{"tabLabel":"l","required":"true","listItems":[{"value":"x"}]}],"radioGroupTabs":[{"groupName":"g","radios":[{"value":"y"}]}]}}]}}`},
			call:  func(x ctx, c cl) (any, error) { return c.Templates.Fields(x, "t1") },
			want: []docusign.TemplateField{
				{Role: "r", Kind: docusign.ListTabs, Label: "l", Required: true, Choices: []string{"x"}},
				{Role: "r", Kind: docusign.RadioGroupTabs, Label: "g", Choices: []string{"y"}},
				{DocumentID: "1", Kind: docusign.TextTabs, Label: "p"},
			},
		},
	}
}

func accountEndpoints() []endpoint {
	return []endpoint{
		{
			name: "list folders", method: "GET", path: "/folders", answer: `{"folders":[{"folderId":"f","itemCount":"3"}]}`, want: []docusign.Folder{{ID: "f", Items: 3}},
			call: func(x ctx, c cl) (any, error) { return c.Folders.List(x) },
		},
		{
			name: "folder envelopes", method: "GET", path: "/folders/f?start_position=5", answer: `{"envelopes":[{"envelopeId":"e"}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Folders.Envelopes(x, "f", "start_position=5") },
			want: &countersign.Page[docusign.Envelope]{Items: []docusign.Envelope{{ID: "e"}}, Total: -1},
		},
		{
			name: "move envelopes", method: "PUT", path: "/folders/recyclebin", body: `{"envelopeIds":["e"]}`, answer: `{}`,
			call: func(x ctx, c cl) (any, error) {
				return none(c.Folders.Move(x, docusign.Recyclebin, []docusign.EnvelopeID{"e"}))
			},
		},
		{
			name: "list users", method: "GET", path: "/users?count=1&email=a%40example.com&status=Active", answer: `{"users":[{"userId":"u","isAdmin":"True"}]}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Users.List(x, docusign.UserQuery{Email: "a@example.com", Status: "Active", Count: 1})
			},
			want: &countersign.Page[docusign.User]{Items: []docusign.User{{ID: "u", IsAdmin: true}}, Total: -1},
		},
		{
			name: "get user", method: "GET", path: "/users/u", answer: `{"userId":"u"}`, want: &docusign.User{ID: "u"},
			call: func(x ctx, c cl) (any, error) { return c.Users.Get(x, "u") },
		},
		{
			name: "get account", method: "GET", path: "", answer: `{"accountIdGuid":"a","planName":"P","billingPeriodEnvelopesAllowed":"unlimited"}`,
			call: func(x ctx, c cl) (any, error) { return c.Accounts.Get(x) },
			want: &docusign.AccountInfo{ID: "a", PlanName: "P", EnvelopesAllowed: "unlimited"},
		},
		{
			name: "settings", method: "GET", path: "/settings", answer: `{"allowBulkSend":"true"}`, want: docusign.Extra{"allowBulkSend": []byte(`"true"`)},
			call: func(x ctx, c cl) (any, error) { return c.Accounts.Settings(x) },
		},
		{
			name: "account custom fields", method: "GET", path: "/custom_fields", answer: `{}`, want: &docusign.CustomFields{},
			call: func(x ctx, c cl) (any, error) { return c.Accounts.CustomFields(x) },
		},
	}
}

func bulkEndpoints() []endpoint {
	list := docusign.BulkList{Name: "L", Copies: []docusign.BulkCopy{{Recipients: []docusign.BulkRecipient{{RoleName: "r", Email: "a@example.com", Tabs: []docusign.BulkTab{{Label: "l", Value: "v"}}}}}}}
	const body = `{"name":"L","bulkCopies":[{"recipients":[{"roleName":"r","email":"a@example.com","tabs":[{"tabLabel":"l","initialValue":"v"}]}]}]}`
	return []endpoint{
		{
			name: "bulk lists", method: "GET", path: "/bulk_send_lists", answer: `{"bulkListSummaries":[{"bulkSendListId":"b"}]}`, want: []docusign.BulkListSummary{{ID: "b"}},
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.Lists(x) },
		},
		{
			name: "create bulk list", method: "POST", path: "/bulk_send_lists", body: body, answer: `{"listId":"b"}`, want: &docusign.BulkList{ID: "b"},
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.CreateList(x, list) },
		},
		{
			name: "bulk list", method: "GET", path: "/bulk_send_lists/b", answer: body, want: &list,
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.List(x, "b") },
		},
		{
			name: "update bulk list", method: "PUT", path: "/bulk_send_lists/b", body: body, answer: body, want: &list,
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.UpdateList(x, "b", list) },
		},
		{
			name: "delete bulk list", method: "DELETE", path: "/bulk_send_lists/b", silent: true,
			call: func(x ctx, c cl) (any, error) { return none(c.BulkSend.DeleteList(x, "b")) },
		},
		{
			name: "test bulk list", method: "POST", path: "/bulk_send_lists/b/test", body: `{"envelopeOrTemplateId":"t"}`, reads: true, answer: `{"canBeSent":true}`, want: &docusign.BulkTest{CanBeSent: true},
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.Test(x, "b", "t") },
		},
		{
			name: "send bulk list", method: "POST", path: "/bulk_send_lists/b/send", body: `{"envelopeOrTemplateId":"t","batchName":"n"}`, answer: `{"batchId":"q","batchSize":"3"}`,
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.Send(x, "b", "t", "n") },
			want: &docusign.BulkSent{BatchID: "q", Size: 3},
		},
		{
			name: "batches", method: "GET", path: "/bulk_send_batch?count=2&search_text=n&status=all", answer: `{"bulkBatchSummaries":[{"batchId":"q"}],"totalSetSize":"1"}`,
			call: func(x ctx, c cl) (any, error) {
				return c.BulkSend.Batches(x, docusign.BatchQuery{SearchText: "n", Status: "all", Count: 2})
			},
			want: &countersign.Page[docusign.Batch]{Items: []docusign.Batch{{ID: "q"}}, Total: 1},
		},
		{
			name: "batch", method: "GET", path: "/bulk_send_batch/q", answer: `{"batchId":"q","failed":"1","bulkErrors":[{"errorMessage":"m"}]}`,
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.Batch(x, "q") },
			want: &docusign.Batch{ID: "q", Failed: 1, Errors: []docusign.BulkError{{Message: "m"}}},
		},
		{
			name: "batch envelopes", method: "GET", path: "/bulk_send_batch/q/envelopes", answer: `{"envelopes":[],"totalSetSize":"0"}`,
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.BatchEnvelopes(x, "q", "") },
			want: &countersign.Page[docusign.Envelope]{Items: []docusign.Envelope{}},
		},
	}
}

func batchEndpoints() []endpoint {
	return []endpoint{
		{
			name: "batch action", method: "PUT", path: "/bulk_send_batch/q/void", body: `{"voidReason":"r"}`, answer: `{"batchId":"q"}`, want: &docusign.Batch{ID: "q"},
			call: func(x ctx, c cl) (any, error) { return c.BulkSend.Act(x, "q", docusign.BatchVoid, "r") },
		},
	}
}
