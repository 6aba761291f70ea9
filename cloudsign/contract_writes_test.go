package cloudsign_test

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/jarcoal/httpmock"
)

const ofD1 = host + "/documents/d1"

// d1 is an answer with a document.
func d1(members string) httpmock.Responder { return answer(200, `{"id":"d1",`+members+`}`) }

// draft is what d1(`"status":0`) is decoded to.
func draft() *cloudsign.Document { return &cloudsign.Document{ID: "d1"} }

// documentWrites are the calls that change a document as such.
func documentWrites() []endpoint {
	pending := &cloudsign.Document{ID: "d1", Status: cloudsign.StatusPending}
	return []endpoint{
		{
			name: "create", method: "POST", url: host + "/documents", answer: d1(`"status":0`),
			body: url.Values{"title": {"契約"}, "note": {"n"}, "message": {"m"}, "can_transfer": {"true"}, "private": {"true"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Documents.Create(ctx, cloudsign.NewDocument{Title: "契約", Note: "n", Message: "m", CanTransfer: true, Private: true})
			},
			want: draft(),
		},
		{
			name: "create nothing", method: "POST", url: host + "/documents", answer: d1(`"status":0`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Documents.Create(ctx, cloudsign.NewDocument{})
			},
			want: draft(),
		},
		{
			name: "create from template", method: "POST", url: host + "/documents", answer: d1(`"status":0`),
			body: url.Values{"template_id": {"t1"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Documents.CreateFromTemplate(ctx, "t1", cloudsign.NewDocument{})
			},
			want: draft(),
		},
		{
			name: "update", method: "PUT", url: ofD1, answer: d1(`"status":0`), body: url.Values{"title": {""}, "private": {"false"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Documents.Update(ctx, "d1", cloudsign.DocumentUpdate{Title: new(""), Private: new(false)})
			},
			want: draft(),
		},
		{
			name: "send", method: "POST", url: ofD1, before: d1(`"status":0`), answer: d1(`"status":1`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) { return c.Documents.Send(ctx, "d1") },
			want: pending,
		},
		{
			name: "remind", method: "POST", url: ofD1, before: d1(`"status":1`), answer: d1(`"status":1`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) { return c.Documents.Remind(ctx, "d1") },
			want: pending,
		},
		{
			name: "decline", method: "PUT", url: ofD1 + "/decline", answer: d1(`"status":3,"decline_comment":"c"`), body: url.Values{"comment": {"c"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Documents.Decline(ctx, "d1", "c")
			},
			want: &cloudsign.Document{ID: "d1", Status: cloudsign.StatusCancelled, DeclineComment: "c"},
		},
		{
			name: "delete", method: "DELETE", url: ofD1, answer: httpmock.NewStringResponder(204, ""),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) { return nil, c.Documents.Delete(ctx, "d1") },
		},
	}
}

// partWrites are the calls that change participants, input fields and reportees.
func partWrites() []endpoint {
	return slices.Concat(participantWrites(), participantChanges(), widgetWrites(), reporteeWrites())
}

func widgetWrites() []endpoint {
	return []endpoint{
		{
			name: "add widget", method: "POST", url: ofD1 + "/files/f1/widgets",
			answer: d1(`"files":[{"id":"f0"},{"id":"f1","widgets":[{"id":"w0","widget_type":1,"participant_id":"p1","page":0,"x":1,"y":3},{"id":"w1","widget_type":1,"participant_id":"p1","page":0,"x":1,"y":2,"font_size":"8"}]}]`),
			body:   url.Values{"participant_id": {"p1"}, "type": {"1"}, "page": {"0"}, "x": {"1"}, "y": {"2"}, "font_size": {"8"}, "label": {"l"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return added(c.Widgets.Add(ctx, "d1", "f1", cloudsign.NewWidget{ParticipantID: "p1", Type: cloudsign.WidgetText, X: 1, Y: 2, FontSize: "8", Label: "l"}))
			},
			want: cloudsign.Widget{ID: "w1", Type: cloudsign.WidgetText, ParticipantID: "p1", X: 1, Y: 2, FontSize: "8"},
		},
		{
			name: "update widget", method: "PUT", url: ofD1 + "/files/f1/widgets/w1", answer: d1(`"status":0`),
			body: url.Values{
				"participant_id": {"p2"}, "type": {"2"}, "page": {"1"}, "x": {"0"}, "y": {"5"},
				"font_size": {""}, "text": {"1"}, "label": {""}, "required": {"false"},
			},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Widgets.Update(ctx, "d1", "f1", "w1", cloudsign.WidgetUpdate{
					ParticipantID: new(cloudsign.ParticipantID("p2")), Type: new(cloudsign.WidgetCheckbox), Page: new(1), X: new(0), Y: new(5),
					FontSize: new(""), Text: new("1"), Label: new(""), Required: new(false),
				})
			},
			want: draft(),
		},
		{
			name: "delete widget", method: "DELETE", url: ofD1 + "/files/f1/widgets/w1", answer: d1(`"status":0`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Widgets.Delete(ctx, "d1", "f1", "w1")
			},
			want: draft(),
		},
	}
}

func reporteeWrites() []endpoint {
	return []endpoint{
		{
			name: "add reportee", method: "POST", url: ofD1 + "/reportees",
			answer: d1(`"reportees":[{"id":"r0","email":"a@example.jp"},{"id":"r1","email":"B@example.jp","name":"B"}]`),
			body:   url.Values{"email": {"b@example.jp"}, "name": {"B"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return added(c.Reportees.Add(ctx, "d1", cloudsign.ReporteeInput{Email: "b@example.jp", Name: "B"}))
			},
			want: cloudsign.Reportee{ID: "r1", Email: "B@example.jp", Name: "B"},
		},
		{
			name: "update reportee", method: "PUT", url: ofD1 + "/reportees/r1", answer: d1(`"status":0`),
			body: url.Values{"email": {"b@example.jp"}, "name": {"B"}, "organization": {""}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Reportees.Update(ctx, "d1", "r1", cloudsign.ReporteeInput{Email: "b@example.jp", Name: "B"})
			},
			want: draft(),
		},
		{
			name: "delete reportee", method: "DELETE", url: ofD1 + "/reportees/r1", answer: d1(`"status":0`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Reportees.Delete(ctx, "d1", "r1")
			},
			want: draft(),
		},
	}
}

// added is the new part of an answer.
func added[T any](a *cloudsign.Added[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return *a.New, nil
}

func participantWrites() []endpoint {
	people := d1(`"participants":[{"id":"p0","order":0,"email":"me@example.jp"},{"id":"p2","order":2,"email":"B@example.jp","access_code":"1234"},{"id":"p1","order":1,"email":"b@example.jp"}]`)
	return []endpoint{
		{
			name: "add participant", method: "POST", url: ofD1 + "/participants", answer: people,
			body: url.Values{
				"name": {"B"}, "email": {"b@example.jp"}, "organization": {"O"}, "access_code": {"1234"},
				"language_code": {"zh-CHT"}, "recipient_id": {"x-1"},
			},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				a, err := c.Participants.Add(ctx, "d1", cloudsign.NewParticipant{
					Name: "B", Email: "b@example.jp", Organization: "O", AccessCode: countersign.NewSecret("1234"),
					LanguageCode: cloudsign.TraditionalChinese, RecipientID: "x-1",
				})
				if err != nil {
					return nil, err
				}
				return []any{a.New.ID, a.New.Order, a.New.AccessCode.Reveal(), a.Document.Sender().ID}, nil
			},
			want: []any{cloudsign.ParticipantID("p2"), 2, "1234", cloudsign.ParticipantID("p0")},
		},
		{
			name: "add participant without address", method: "POST", url: ofD1 + "/participants", answer: people,
			body: url.Values{"name": {"B"}, "callback": {"true"}, "tel": {"09012345678"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				a, err := c.Participants.Add(ctx, "d1", cloudsign.NewParticipant{Name: "B", Callback: true, Tel: "09012345678"})
				if err != nil {
					return nil, err
				}
				return a.New.ID, nil
			},
			want: cloudsign.ParticipantID("p2"),
		},
	}
}

func participantChanges() []endpoint {
	return []endpoint{
		{
			name: "update participant", method: "PUT", url: ofD1 + "/participants/p1", answer: d1(`"status":0`),
			body: url.Values{
				"name": {"B"}, "email": {"b@example.jp"}, "organization": {""}, "access_code": {""}, "language_code": {"ja"},
				"advanced_authn_request": {"true"}, "callback": {"false"}, "tel": {""}, "recipient_id": {""},
			},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Participants.Update(ctx, "d1", "p1", cloudsign.ParticipantUpdate{
					Name: new("B"), Email: new("b@example.jp"), Organization: new(""), AccessCode: new(countersign.Secret{}), LanguageCode: new(cloudsign.Japanese),
					AdvancedAuthnRequest: new(true), Callback: new(false), Tel: new(""), RecipientID: new(""),
				})
			},
			want: draft(),
		},
		{
			name: "delete participant", method: "DELETE", url: ofD1 + "/participants/p1", answer: d1(`"status":0`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Participants.Delete(ctx, "d1", "p1")
			},
			want: draft(),
		},
		{
			name: "signing url", method: "POST", url: ofD1 + "/participants/p1/signing_url", body: url.Values{"recipient_id": {"x-1"}},
			answer: answer(200, `{"url":"https://www.cloudsign.jp/callback/secret","expires_at":"2025-04-01T01:00:00Z"}`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				u, err := c.Participants.SigningURL(ctx, "d1", "p1", "x-1")
				if err != nil {
					return nil, err
				}
				return []any{u.URL.Reveal(), u.ExpiresAt}, nil
			},
			want: []any{"https://www.cloudsign.jp/callback/secret", cloudsign.Time{Time: time.Date(2025, 4, 1, 1, 0, 0, 0, time.UTC)}},
		},
	}
}

func attachmentWrites() []endpoint {
	return []endpoint{
		{
			name: "add attachment", method: "POST", url: ofD1 + "/attachments",
			answer: d1(`"attachment":{"id":"a1","participant_id":"p1","description":"登記簿","required":false,"attached_files":[]}`),
			body:   url.Values{"participant_id": {"p1"}, "description": {"登記簿"}, "required": {"false"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return added(c.Attachments.Add(ctx, "d1", cloudsign.NewAttachment{ParticipantID: "p1", Description: "登記簿", Optional: true}))
			},
			want: cloudsign.Attachment{ID: "a1", ParticipantID: "p1", Description: "登記簿", Files: []cloudsign.AttachedFile{}},
		},
		{
			name: "update attachment", method: "PUT", url: ofD1 + "/attachments/a1", answer: d1(`"status":0`),
			body: url.Values{"participant_id": {"p2"}, "description": {""}, "required": {"true"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Attachments.Update(ctx, "d1", "a1", cloudsign.AttachmentUpdate{
					ParticipantID: new(cloudsign.ParticipantID("p2")), Description: new(""), Required: new(true),
				})
			},
			want: draft(),
		},
		{
			name: "delete attachment", method: "DELETE", url: ofD1 + "/attachments/a1", answer: d1(`"status":0`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Attachments.Delete(ctx, "d1", "a1")
			},
			want: draft(),
		},
	}
}

// recordWrites are the calls that change the records beside a document.
func recordWrites() []endpoint {
	day := countersign.Date{Year: 2025, Month: 4, Day: 1}
	return []endpoint{
		{
			name: "update attribute", method: "PUT", url: ofD1 + "/attribute", answer: answer(200, `{"document_id":"d1","amount":0}`),
			body: `{"counterparty":"","contract_at":"2025-04-01","validity_end_at":null,"auto_update":0,"amount":0,"options":[{"order":1,"content":"x"}],"later":[1]}`,
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Attributes.Update(ctx, "d1", cloudsign.AttributeUpdate{
					Counterparty: new(""), ContractAt: countersign.Value(day), ValidityEndAt: countersign.Null[countersign.Date](),
					AutoUpdate: new(cloudsign.AutoUpdateUnspecified), Amount: countersign.Value(int64(0)),
					Options: []cloudsign.Option{{Order: 1, Content: "x"}}, Extra: cloudsign.Extra{"later": []byte("[1]")},
				})
			},
			want: &cloudsign.Attribute{DocumentID: "d1", Amount: new(int64(0))},
		},
		{
			name: "update attribute with nothing", method: "PUT", url: ofD1 + "/attribute", answer: answer(200, `{"document_id":"d1"}`), body: `{}`,
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Attributes.Update(ctx, "d1", cloudsign.AttributeUpdate{})
			},
			want: &cloudsign.Attribute{DocumentID: "d1"},
		},
		{
			name: "update alert", method: "PUT", url: ofD1 + "/alert", answer: answer(200, `{"id":1,"document_id":"d1","alert_at":"2025-04-01"}`),
			body: url.Values{"memo": {""}, "alert_at": {"2025-04-01"}, "enabled": {"false"}},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Alerts.Update(ctx, "d1", cloudsign.AlertUpdate{Memo: new(""), AlertAt: new(day), Enabled: new(false)})
			},
			want: &cloudsign.Alert{ID: 1, DocumentID: "d1", AlertAt: day},
		},
	}
}

func uploads() []endpoint {
	const content = "%PDF-1.4\n%%EOF\n"
	return []endpoint{
		{
			name: "upload", method: "POST", url: ofD1 + "/files",
			answer: d1(`"files":[{"id":"f2","order":1,"name":"契約書.pdf"},{"id":"f1","order":0,"name":"契約書.pdf"}]`),
			body:   multi{"name": "契約書.pdf", "uploadfile": "document.pdf application/pdf 15"},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return added(c.Files.Upload(ctx, "d1", text("契約書.pdf", content)))
			},
			want: cloudsign.File{ID: "f2", Order: 1, Name: "契約書.pdf"},
		},
		{
			name: "delete file", method: "DELETE", url: ofD1 + "/files/f1", answer: d1(`"files":[]`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) { return c.Files.Delete(ctx, "d1", "f1") },
			want: &cloudsign.Document{ID: "d1", Status: cloudsign.StatusMissing, Files: []cloudsign.File{}},
		},
		{
			name: "import", method: "POST", url: host + "/imported_documents", answer: d1(`"status":13`),
			body: multi{"name": "過去.pdf", "uploadfile": "document.pdf application/pdf 15", "cabinet_id": "c1"},
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.ImportedDocuments.Create(ctx, cloudsign.NewImportedDocument{File: text("過去.pdf", content), CabinetID: "c1"})
			},
			want: &cloudsign.Document{ID: "d1", Status: cloudsign.StatusImported},
		},
	}
}
