package activecampaign_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/stretchr/testify/require"
)

// TestNumbersOfFields: what Go reads as a number and nobody else does.
func TestNumbersOfFields(t *testing.T) {
	t.Parallel()
	f := activecampaign.Field{Title: "T", Type: activecampaign.FieldNumber}
	for _, fine := range []string{"0", "-1", "1.50", "+3"} {
		require.NoError(t, f.Check(fine), fine)
	}
	for _, bad := range []string{"NaN", "Inf", "-infinity", "0x1p4", "1e400", " 1"} {
		_ = configError(t, f.Check(bad))
	}
	boxes := activecampaign.Field{Title: "T", Type: activecampaign.FieldCheckbox, Options: []activecampaign.FieldOption{{Value: "S"}}}
	for _, bad := range []string{"||", "|||", "||||"} {
		_ = configError(t, boxes.Check(bad))
	}
}

// TestDeletedTwice: what ActiveCampaign answers the second time.
func TestDeletedTwice(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	field := activecampaign.FieldID(srv.AddField(activecampaigntest.Field{Title: "City"}).ID)
	contact := activecampaign.ContactID(srv.AddContact("robin@example.com"))
	note, err := c.Notes.Create(t.Context(), contact, "signed")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, c.Notes.Delete(t.Context(), note.ID))
	}
	value, err := c.Fields.SetValue(t.Context(), contact, field, "Kyoto")
	require.NoError(t, err)
	require.NoError(t, c.Fields.DeleteValue(t.Context(), value.ID))
	require.ErrorIs(t, c.Fields.DeleteValue(t.Context(), value.ID), countersign.ErrForbidden)
	_, err = c.Fields.GetValue(t.Context(), value.ID)
	require.ErrorIs(t, err, countersign.ErrNotFound)
	automation := srv.AddAutomation(activecampaigntest.Automation{Name: "Welcome"})
	run, err := c.Automations.Enrol(t.Context(), contact, activecampaign.AutomationID(automation.ID))
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, c.Automations.Remove(t.Context(), run.ID))
	}
	require.NoError(t, c.Events.Register(t.Context(), "signed"))
	require.NoError(t, c.Events.Unregister(t.Context(), "signed"))
	require.ErrorIs(t, c.Events.Unregister(t.Context(), "signed"), countersign.ErrInvalid)
}

// TestRecordsMissingWithoutAReason: a record that does not exist may be refused with a
// bare 400, which does not say what is wrong.
func TestRecordsMissingWithoutAReason(t *testing.T) {
	t.Parallel()
	srv, c := account(t, activecampaigntest.WithBareRefusals(), activecampaigntest.WithListLag(0))
	schema, err := c.Schemas.Ensure(t.Context(), envelope(fieldOf("status", activecampaign.SchemaText)))
	require.NoError(t, err)
	_, err = c.Records.GetByExternalID(t.Context(), schema.ID, "e:1")
	require.ErrorIs(t, err, countersign.ErrNotFound, "the listing knows")
	require.EqualValues(t, 1, srv.Log().Tally("GET /customObjects/records/{schemaId}").Requests)
	require.ErrorIs(t, c.Records.DeleteByExternalID(t.Context(), schema.ID, "e:1"), countersign.ErrInvalid)
	require.ErrorIs(t, c.Records.Delete(t.Context(), schema.ID, "1"), countersign.ErrInvalid)
}

// TestRefusalsDoNotRepeatAddresses: a webhook's address ends with the receiver's token,
// and a callback's headers may hold a key; ActiveCampaign may repeat what it refuses.
func TestRefusalsDoNotRepeatAddresses(t *testing.T) {
	t.Parallel()
	const secret = "made-with-rand.Text-of-crypto"
	hook := activecampaign.Webhook{Name: "n", Events: []activecampaign.WebhookEvent{"update"}, Sources: []activecampaign.Source{"api"}}
	callback := &activecampaign.ImportCallback{URL: "https://hooks.example.com/" + secret, Headers: map[string]string{"Authorization": "Bearer " + secret + "1"}, Params: map[string]string{"t": secret + "2"}}
	for _, address := range []string{"https://hooks.example.com/ac/" + secret, "https://hooks.example.com/ac?token=" + secret + "&x=1"} {
		hook.URL = address
		for name, call := range map[string]func(cl) (any, error){
			"create": func(c cl) (any, error) { return c.Webhooks.Create(t.Context(), hook) },
			"update": func(c cl) (any, error) { return c.Webhooks.Update(t.Context(), "1", hook) },
			"list": func(c cl) (any, error) {
				return c.Webhooks.List(t.Context(), activecampaign.WebhookQuery{URL: address})
			},
			"import": func(c cl) (any, error) {
				return c.Import.Start(t.Context(), activecampaign.BulkImport{Contacts: []activecampaign.ImportContact{{Email: "a@example.com"}}, Callback: callback})
			},
		} {
			for _, said := range []string{address, strings.ReplaceAll(address, "/", `\/`), secret, secret + "1", "Bearer " + secret + "1", secret + "2"} {
				c, mt := mocked(t)
				mt.RegisterNoResponder(answer(http.StatusBadRequest, `{"message":"can not use `+said+`"}`))
				_, err := call(c)
				require.ErrorIs(t, err, countersign.ErrInvalid, name)
				require.NotContains(t, err.Error(), secret, name)
				require.NotContains(t, string(apiError(t, err).Body), secret, name)
			}
		}
	}
}
