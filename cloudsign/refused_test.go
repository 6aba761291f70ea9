package cloudsign_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/stretchr/testify/require"
)

// refusals are calls that must not be sent, by the text of their error.
type refusals map[string]func() error

func long(n int) string { return strings.Repeat("契", n+1) }

func refusedDocuments(ctx context.Context, c *cloudsign.Client) refusals {
	return refusals{
		"NewDocument.Title": func() error { _, err := c.Documents.Create(ctx, cloudsign.NewDocument{Title: long(500)}); return err },
		"NewDocument.Message": func() error {
			_, err := c.Documents.Create(ctx, cloudsign.NewDocument{Message: long(16000)})
			return err
		},
		"template": func() error { _, err := c.Documents.CreateFromTemplate(ctx, "", cloudsign.NewDocument{}); return err },
		"DocumentUpdate.Title is not UTF-8": func() error {
			_, err := c.Documents.Update(ctx, "d1", cloudsign.DocumentUpdate{Title: new("\xff")})
			return err
		},
		"Decline.comment": func() error { _, err := c.Documents.Decline(ctx, "d1", long(1000)); return err },
	}
}

func refusedParticipants(ctx context.Context, c *cloudsign.Client) refusals {
	person := func(change func(*cloudsign.NewParticipant)) func() error {
		in := cloudsign.NewParticipant{Name: "N", Email: "n@example.jp"}
		change(&in)
		return func() error { _, err := c.Participants.Add(ctx, "d1", in); return err }
	}
	return refusals{
		"NewParticipant.Name is empty":  person(func(p *cloudsign.NewParticipant) { p.Name = "" }),
		"NewParticipant.Name is longer": person(func(p *cloudsign.NewParticipant) { p.Name = long(64) }),
		"NewParticipant.Email":          person(func(p *cloudsign.NewParticipant) { p.Email = "" }),
		"NewParticipant.AccessCode":     person(func(p *cloudsign.NewParticipant) { p.AccessCode = countersign.NewSecret(long(64)) }),
		"NewParticipant.LanguageCode":   person(func(p *cloudsign.NewParticipant) { p.LanguageCode, p.AdvancedAuthnRequest = cloudsign.English, true }),
		"NewParticipant.Callback": person(func(p *cloudsign.NewParticipant) {
			p.Callback, p.Tel, p.AdvancedAuthnRequest = true, "09012345678", true
		}),
		"NewParticipant.Tel and Callback": person(func(p *cloudsign.NewParticipant) { p.Tel = "09012345678" }),
		"NewParticipant.Tel is not":       person(func(p *cloudsign.NewParticipant) { p.Callback, p.Tel = true, "0312345678" }),
		"NewParticipant.RecipientID":      person(func(p *cloudsign.NewParticipant) { p.RecipientID = "契" }),
		"ParticipantUpdate.Tel": func() error {
			_, err := c.Participants.Update(ctx, "d1", "p1", cloudsign.ParticipantUpdate{Tel: new("1")})
			return err
		},
		"SigningURL.recipientID": func() error { _, err := c.Participants.SigningURL(ctx, "d1", "p1", "契"); return err },
	}
}

func refusedParts(ctx context.Context, c *cloudsign.Client) refusals {
	widget := func(in cloudsign.NewWidget) func() error {
		return func() error { _, err := c.Widgets.Add(ctx, "d1", "f1", in); return err }
	}
	return refusals{
		"NewWidget.ParticipantID": widget(cloudsign.NewWidget{}),
		"NewWidget.Page":          widget(cloudsign.NewWidget{ParticipantID: "p", Page: -1}),
		"NewWidget.FontSize":      widget(cloudsign.NewWidget{ParticipantID: "p", FontSize: "15"}),
		"WidgetUpdate.X": func() error {
			_, err := c.Widgets.Update(ctx, "d1", "f1", "w1", cloudsign.WidgetUpdate{X: new(-1)})
			return err
		},
		"ReporteeInput.Email":         func() error { _, err := c.Reportees.Add(ctx, "d1", cloudsign.ReporteeInput{Name: "N"}); return err },
		"NewAttachment.ParticipantID": func() error { _, err := c.Attachments.Add(ctx, "d1", cloudsign.NewAttachment{}); return err },
		"AttachmentUpdate.ParticipantID": func() error {
			_, err := c.Attachments.Update(ctx, "d1", "a1", cloudsign.AttachmentUpdate{})
			return err
		},
	}
}

func refusedRecords(ctx context.Context, c *cloudsign.Client) refusals {
	attribute := func(in cloudsign.AttributeUpdate) func() error {
		return func() error { _, err := c.Attributes.Update(ctx, "d1", in); return err }
	}
	return refusals{
		"AlertUpdate.Memo": func() error {
			_, err := c.Alerts.Update(ctx, "d1", cloudsign.AlertUpdate{Memo: new(long(1000))})
			return err
		},
		"AlertUpdate.AlertAt": func() error {
			_, err := c.Alerts.Update(ctx, "d1", cloudsign.AlertUpdate{AlertAt: &countersign.Date{}})
			return err
		},
		"AttributeUpdate.LocalID":           attribute(cloudsign.AttributeUpdate{LocalID: new(long(500))}),
		"AttributeUpdate.ContractAt":        attribute(cloudsign.AttributeUpdate{ContractAt: countersign.Value(countersign.Date{})}),
		"AttributeUpdate.Options.Order is ": attribute(cloudsign.AttributeUpdate{Options: []cloudsign.Option{{Order: 11}}}),
		"AttributeUpdate.Options.Order st":  attribute(cloudsign.AttributeUpdate{Options: []cloudsign.Option{{Order: 1}, {Order: 1}}}),
		"AttributeUpdate.Options.Content":   attribute(cloudsign.AttributeUpdate{Options: []cloudsign.Option{{Order: 1, Content: long(500)}}}),
	}
}

// TestInputsThatAreRefusedBeforeSending names the field that is wrong.
func TestInputsThatAreRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	all := refusals{}
	for _, r := range []func(context.Context, *cloudsign.Client) refusals{refusedDocuments, refusedParticipants, refusedParts, refusedRecords} {
		maps.Copy(all, r(t.Context(), c))
	}
	for name, call := range all {
		err := call()
		_, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, "%s: %v", name, err)
		require.ErrorContains(t, err, name)
	}
	require.Zero(t, mt.GetTotalCallCount())
}
