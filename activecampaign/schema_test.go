package activecampaign_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/countersign/countersign/activecampaign"
	"github.com/stretchr/testify/require"
)

// TestFieldsAreWrittenBackWhole: an update of a schema replaces it, so that what was
// read has to be sent again, down to a zero.
func TestFieldsAreWrittenBackWhole(t *testing.T) {
	t.Parallel()
	const field = `{"id":"n","labels":{"singular":"N","plural":"Ns"},"type":"number","required":false,"scale":0,"inherited":false}`
	var f activecampaign.SchemaField
	require.NoError(t, json.Unmarshal([]byte(field), &f))
	out, err := json.Marshal(f)
	require.NoError(t, err)
	require.JSONEq(t, field, string(out))
}

// TestOptionsGrow: a record with an option that the schema lacks would be refused.
func TestOptionsGrow(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	dropdown, multi := activecampaign.SchemaDropdown, activecampaign.SchemaMultiselect
	made, err := c.Schemas.Ensure(t.Context(), envelope(fieldOf("status", dropdown, "Sent", "Theirs"), fieldOf("kinds", multi, "a")))
	require.NoError(t, err)
	want := envelope(fieldOf("status", dropdown, "Sent", "Voided"), fieldOf("kinds", multi, "a"))
	plan, err := c.Schemas.Plan(t.Context(), want)
	require.NoError(t, err)
	require.Empty(t, plan.Add)
	require.Equal(t, []string{"status"}, plan.Extend)
	require.False(t, plan.Nothing())
	grown, err := c.Schemas.Ensure(t.Context(), want)
	require.NoError(t, err)
	var values []string
	for _, o := range grown.Field("status").Options {
		values = append(values, o.Value)
	}
	require.Equal(t, []string{"Sent", "Theirs", "Voided"}, values, "what was there stays")
	require.Len(t, made.Field("status").Options, 2)
	_, err = c.Records.Upsert(t.Context(), *grown, activecampaign.RecordInput{
		ExternalID: "e:1", Contact: activecampaign.ContactID(srv.AddContact("a@example.com")),
		Fields: []activecampaign.RecordField{{ID: "status", Value: "Voided"}, {ID: "kinds"}},
	})
	require.NoError(t, err)
	plan, err = c.Schemas.Plan(t.Context(), want)
	require.NoError(t, err)
	require.True(t, plan.Nothing())
}

// TestRelationships: the specification's schema calls them a list, its examples show
// an object. A record that was written must not look lost for it.
func TestRelationships(t *testing.T) {
	t.Parallel()
	for relationships, want := range map[string][]activecampaign.ContactID{
		`{"primary-contact":[14,"15"]}`: {"14", "15"}, `{"primary-contact":"14"}`: {"14"}, `{"primary-contact":[]}`: nil, `{}`: nil, `[]`: nil, `null`: nil,
		`[{"primary-contact":[14]}]`: {"14"},
	} {
		c, mt := mocked(t)
		mt.RegisterNoResponder(answer(http.StatusCreated, `{"record":{"externalId":"e:1","relationships":`+relationships+`}}`))
		got, err := c.Records.Upsert(t.Context(), theSchema(), activecampaign.RecordInput{ExternalID: "e:1", Contact: "14", Fields: []activecampaign.RecordField{{ID: "status"}}})
		require.NoError(t, err, relationships)
		require.Equal(t, want, got.Contacts(), relationships)
	}
}

// TestRecordTexts: what a program puts in reads as what comes back.
func TestRecordTexts(t *testing.T) {
	t.Parallel()
	for want, values := range map[string][]any{
		"3": {3, int64(3), uint8(3), 3.0, json.Number("3")}, "-1.5": {-1.5, float32(-1.5)}, "a": {"a"}, "": {nil, []string{"a"}, json.RawMessage(`{}`)},
	} {
		for _, v := range values {
			require.Equal(t, want, activecampaign.RecordField{Value: v}.Text(), "%T", v)
		}
	}
}
