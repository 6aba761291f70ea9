package activecampaign_test

import (
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
		configError(t, f.Check(bad))
	}
	boxes := activecampaign.Field{Title: "T", Type: activecampaign.FieldCheckbox, Options: []activecampaign.FieldOption{{Value: "S"}}}
	for _, bad := range []string{"||", "|||", "||||"} {
		configError(t, boxes.Check(bad))
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
