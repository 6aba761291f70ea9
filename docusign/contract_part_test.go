package docusign_test

import (
	"github.com/countersign/countersign/docusign"
)

func partEndpoints() []endpoint {
	cc := docusign.Recipients{CarbonCopies: []docusign.Recipient{{ID: "2", Email: "b@example.com"}}}
	fields := docusign.CustomFields{Text: []docusign.CustomField{{ID: "7", Value: "v"}}}
	const ccBody, fieldsBody = `{"carbonCopies":[{"recipientId":"2","email":"b@example.com"}]}`, `{"textCustomFields":[{"fieldId":"7","value":"v"}]}`
	const custom = envelopePath + "/custom_fields"
	return []endpoint{
		{
			name: "list recipients", method: "GET", path: envelopePath + "/recipients?include_tabs=true",
			answer: `{"signers":[],"carbonCopies":[{"recipientId":"2","status":"frozen"}]}`,
			call:   func(x ctx, c cl) (any, error) { return c.Recipients.List(x, "e/1", true) },
			want:   &docusign.Recipients{Signers: []docusign.Recipient{}, CarbonCopies: []docusign.Recipient{{ID: "2", Status: "frozen"}}},
		},
		{
			name: "add recipients", method: "POST", path: envelopePath + "/recipients", body: ccBody, answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return c.Recipients.Add(x, "e/1", cc) },
		},
		{
			name: "correct recipients", method: "PUT", path: envelopePath + "/recipients", body: ccBody,
			answer: `{"recipientUpdateResults":[{"recipientId":"2","errorDetails":{"errorCode":"SUCCESS","message":""}}]}`,
			call: func(x ctx, c cl) (any, error) {
				return none(c.Recipients.Correct(x, "e/1", cc, docusign.CorrectOptions{}))
			},
		},
		{
			name: "remove recipient", method: "DELETE", path: envelopePath + "/recipients/2", answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return c.Recipients.Remove(x, "e/1", "2") },
		},
		{
			name: "list custom fields", method: "GET", path: custom, answer: fieldsBody,
			call: func(x ctx, c cl) (any, error) { return c.CustomFields.List(x, "e/1") }, want: &fields,
		},
		{
			name: "add custom fields", method: "POST", path: custom, body: fieldsBody, answer: fieldsBody,
			call: func(x ctx, c cl) (any, error) { return c.CustomFields.Add(x, "e/1", fields) }, want: &fields,
		},
		{
			name: "update custom fields", method: "PUT", path: custom, body: fieldsBody, answer: fieldsBody,
			call: func(x ctx, c cl) (any, error) { return c.CustomFields.Update(x, "e/1", fields) }, want: &fields,
		},
		{
			name: "remove custom fields", method: "DELETE", path: custom, body: fieldsBody, answer: fieldsBody,
			call: func(x ctx, c cl) (any, error) { return c.CustomFields.Remove(x, "e/1", fields) }, want: &fields,
		},
		{
			name: "list documents", method: "GET", path: envelopePath + "/documents", answer: `{"envelopeDocuments":[{"documentId":"certificate","order":999}]}`,
			call: func(x ctx, c cl) (any, error) { return c.Documents.List(x, "e/1") },
			want: []docusign.DocumentInfo{{ID: docusign.Certificate, Order: "999"}},
		},
	}
}

func documentEndpoints() []endpoint {
	const pdf = "application/pdf"
	return []endpoint{
		{
			name: "download combined", method: "GET", path: envelopePath + "/documents/combined?certificate=true&watermark=false", accept: pdf, answer: "%PDF-x",
			call: func(x ctx, c cl) (any, error) {
				return read(c.Documents.Download(x, "e/1", docusign.Combined, docusign.DownloadOptions{Certificate: new(true), Watermark: new(false)}))
			},
			want: "%PDF-x",
		},
		{
			name: "download certificate", method: "GET", path: envelopePath + "/documents/certificate?language=de", accept: pdf, answer: "%PDF-y",
			call: func(x ctx, c cl) (any, error) {
				return read(c.Documents.Download(x, "e/1", docusign.Certificate, docusign.DownloadOptions{Language: "de"}))
			},
			want: "%PDF-y",
		},
		{
			name: "download archive", method: "GET", path: envelopePath + "/documents/archive", accept: "application/zip", answer: "PK",
			call: func(x ctx, c cl) (any, error) {
				return read(c.Documents.Download(x, "e/1", docusign.Archive, docusign.DownloadOptions{}))
			},
			want: "PK",
		},
		{
			name: "put document", method: "PUT", path: envelopePath + "/documents/2", raw: "%PDF-z", answer: `{"documentId":"2"}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Documents.Put(x, "e/1", "2", upload("契約.pdf", "%PDF-z"))
			},
			want: &docusign.DocumentInfo{ID: "2"},
		},
		{
			name: "remove documents", method: "DELETE", path: envelopePath + "/documents", body: `{"documents":[{"documentId":"2"}]}`, answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return c.Documents.Remove(x, "e/1", []docusign.DocumentID{"2"}) },
		},
	}
}

func tabEndpoints() []endpoint {
	tabs := docusign.Tabs{Text: []docusign.Tab{{ID: "t", Label: "l", Value: new(docusign.Text("v"))}}}
	pre := docusign.Tabs{Prefill: &docusign.Tabs{Text: []docusign.Tab{{ID: "t", Value: new(docusign.Text("v"))}}}}
	const body, preBody = `{"textTabs":[{"tabId":"t","tabLabel":"l","value":"v"}]}`, `{"prefillTabs":{"textTabs":[{"tabId":"t","value":"v"}]}}`
	const ofRecipient, ofDocument = envelopePath + "/recipients/1/tabs", envelopePath + "/documents/1/tabs"
	return []endpoint{
		{
			name: "recipient tabs", method: "GET", path: ofRecipient, answer: body, want: &tabs,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.OfRecipient(x, "e/1", "1") },
		},
		{
			name: "add recipient tabs", method: "POST", path: ofRecipient, body: body, answer: body, want: &tabs,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.AddToRecipient(x, "e/1", "1", tabs) },
		},
		{
			name: "update recipient tabs", method: "PUT", path: ofRecipient, body: body, answer: body, want: &tabs,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.UpdateOfRecipient(x, "e/1", "1", tabs) },
		},
		{
			name: "remove recipient tabs", method: "DELETE", path: ofRecipient, body: body, answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.RemoveFromRecipient(x, "e/1", "1", tabs) },
		},
		{
			name: "document tabs", method: "GET", path: ofDocument, answer: preBody, want: &pre,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.OfDocument(x, "e/1", "1") },
		},
		{
			name: "add document tabs", method: "POST", path: ofDocument, body: preBody, answer: preBody, want: &pre,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.AddToDocument(x, "e/1", "1", pre) },
		},
		{
			name: "update document tabs", method: "PUT", path: ofDocument, body: preBody, answer: preBody, want: &pre,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.UpdateOfDocument(x, "e/1", "1", pre) },
		},
		{
			name: "remove document tabs", method: "DELETE", path: ofDocument, body: preBody, answer: `{}`,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.RemoveFromDocument(x, "e/1", "1", pre) },
		},
		{
			name: "prefill", method: "PUT", path: ofDocument, answer: preBody, body: preBody,
			prior: &prior{ofDocument, `{"prefillTabs":{"textTabs":[{"tabId":"t","tabLabel":"price"}]}}`},
			call: func(x ctx, c cl) (any, error) {
				return none(c.Tabs.Prefill(x, "e/1", "1", map[string]string{"price": "v"}))
			},
		},
		{
			name: "sender view", method: "POST", path: envelopePath + "/views/sender", body: `{"returnUrl":"https://a.example/"}`, answer: `{"url":"u"}`, want: "u",
			call: func(x ctx, c cl) (any, error) { return c.Views.Sender(x, "e/1", "https://a.example/") },
		},
	}
}

// tabValueEndpoints show the three states of a tab's value: set (in the rows
// above), cleared, and left as it is.
func tabValueEndpoints() []endpoint {
	empty := docusign.Tabs{Text: []docusign.Tab{{ID: "t", Value: new(docusign.Text(""))}}}
	same := docusign.Tabs{Text: []docusign.Tab{{ID: "t", Required: new(docusign.Bool(false))}}}
	const cleared, left = `{"textTabs":[{"tabId":"t","value":""}]}`, `{"textTabs":[{"tabId":"t","required":"false"}]}`
	const ofRecipient, ofDocument = envelopePath + "/recipients/1/tabs", envelopePath + "/documents/1/tabs"
	return []endpoint{
		{
			name: "clear recipient tabs", method: "PUT", path: ofRecipient, body: cleared, answer: cleared, want: &empty,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.UpdateOfRecipient(x, "e/1", "1", empty) },
		},
		{
			name: "leave recipient tabs", method: "PUT", path: ofRecipient, body: left, answer: left, want: &same,
			call: func(x ctx, c cl) (any, error) { return c.Tabs.UpdateOfRecipient(x, "e/1", "1", same) },
		},
		{
			name: "clear prefill", method: "PUT", path: ofDocument, answer: `{}`, body: `{"prefillTabs":` + cleared + `}`,
			prior: &prior{ofDocument, `{"prefillTabs":{"textTabs":[{"tabId":"t","tabLabel":"price","value":"v"}]}}`},
			call: func(x ctx, c cl) (any, error) {
				return none(c.Tabs.Prefill(x, "e/1", "1", map[string]string{"price": ""}))
			},
		},
	}
}

func viewEndpoints() []endpoint {
	return []endpoint{
		{
			name: "edit view", method: "POST", path: envelopePath + "/views/edit", body: `{"returnUrl":"https://a.example/"}`, answer: `{"url":"u"}`, want: "u",
			call: func(x ctx, c cl) (any, error) { return c.Views.Edit(x, "e/1", "https://a.example/") },
		},
		{
			name: "correct view", method: "POST", path: envelopePath + "/views/correct", body: `{"returnUrl":"https://a.example/"}`, answer: `{"url":"u"}`, want: "u",
			call: func(x ctx, c cl) (any, error) { return c.Views.Correct(x, "e/1", "https://a.example/") },
		},
		{
			name: "console view", method: "POST", path: "/views/console", body: `{"returnUrl":"https://a.example/"}`, answer: `{"url":"u"}`, want: "u",
			call: func(x ctx, c cl) (any, error) { return c.Views.Console(x, "", "https://a.example/") },
		},
		{
			name: "recipient view", method: "POST", path: envelopePath + "/views/recipient", answer: `{"url":"u"}`, want: "u",
			body: `{"returnUrl":"https://a.example/","authenticationMethod":"none","email":"n@example.com","userName":"N","clientUserId":"7","frameAncestors":["https://a.example"]}`,
			call: func(x ctx, c cl) (any, error) {
				return c.Views.Recipient(x, "e/1", docusign.RecipientView{ReturnURL: "https://a.example/", Email: "n@example.com", UserName: "N", ClientUserID: "7", FrameAncestors: []string{"https://a.example"}})
			},
		},
	}
}
