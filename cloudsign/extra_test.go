package cloudsign_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/stretchr/testify/require"
)

// everything is a document as a later version of the service may give it: each
// object has a member and each enumeration a value that nobody knows yet.
const everything = `{
	"id":"d1","user_id":"u1","title":"契約","note":"n","message":"m","status":77,"can_transfer":true,"private":true,
	"sent_at":"2025-04-01T01:02:03.000004Z","last_processed_at":"2025-04-02T03:04:05.000006+09:00",
	"created_at":"2025-04-01T01:00:00Z","updated_at":"2025-04-02T03:04:05Z","decline_comment":"c","later":{"a":[1,null]},
	"participants":[{"id":"p1","email":"a@example.jp","name":"A","organization":"O","order":1,"status":99,"language_code":"fr",
		"advanced_authn_request":true,"tel":"09012345678","recipient_id":"x","callback":true,
		"processed_at":"2025-04-02T03:04:05.000006Z","access_expires_at":"2025-05-02T03:04:05Z","later":1}],
	"files":[{"id":"f1","name":"契約.pdf","order":3,"total_pages":7,"later":"<&>","widgets":[{"id":"w1","widget_type":9,"participant_id":"p1",
		"file_id":"f1","page":1,"x":2,"y":3,"w":4,"h":5,"font_size":"99","text":"t","status":7,"label":"l","required":false,"later":true}]}],
	"reportees":[{"id":"r1","email":"r@example.jp","name":"R","organization":"","later":null}],
	"attachment":{"id":"a1","participant_id":"p1","description":"d","required":true,"later":1.5,
		"attached_files":[{"id":"af1","name":"a.pdf","status":5,"later":[]}]}
}`

// TestNothingIsLostOnARoundTrip reads, writes, and reads again.
func TestNothingIsLostOnARoundTrip(t *testing.T) {
	t.Parallel()
	for text, v := range map[string]any{
		everything: new(cloudsign.Document),
		`{"document_id":"d1","title":"T","counterparty":"C","contract_at":"2025-04-01","validity_start_at":"2025-04-01","validity_end_at":"2026-03-31",
			"validity_end_notice_at":"2026-01-01","auto_update":8,"local_id":"K","amount":9223372036854775807,"created_at":"2025-04-02T04:00:00Z",
			"updated_at":"2025-04-02T04:00:00Z","options":[{"order":11,"content":"x","later":1}],"currency":"JPY"}`: new(cloudsign.Attribute),
		`{"id":1,"document_id":"d1","memo":"m","alert_at":"2025-04-01","enabled":true,"created_at":"2025-04-02T04:00:00Z","updated_at":"2025-04-02T04:00:00Z","later":1}`: new(cloudsign.Alert),
		`{"id":"u1","email":"e","name":"n","organization":"o","team":{"id":"t1","name":"T","later":1},"later":2,
			"authorities":{"team_administrator":true,"team_document_administrator":false,"document_approver":true,"private_document_administrator":false,"later":true}}`: new(cloudsign.User),
		`{"id":"c1","name":"n","note":"","type":5,"created_at":"2025-04-02T04:00:00Z","updated_at":"2025-04-02T04:00:00Z","later":1}`: new(cloudsign.Cabinet),
	} {
		require.NoError(t, json.Unmarshal([]byte(text), v))
		written, err := json.Marshal(v)
		require.NoError(t, err)
		require.JSONEq(t, text, string(written))
	}
	var d cloudsign.Document
	require.NoError(t, json.Unmarshal([]byte(everything), &d))
	require.Equal(t, "status 77, status 99, type 9", fmt.Sprintf("%s, %s, %s", d.Status, d.Participants[0].Status, d.Files[0].Widgets[0].Type))
	require.False(t, d.Status.IsKnown() || d.Participants[0].Status.IsKnown() || d.Files[0].Widgets[0].Type.IsKnown() ||
		d.Files[0].Widgets[0].Status.IsKnown() || d.Attachment[0].Files[0].Status.IsKnown() || d.Participants[0].LanguageCode.IsKnown())
	require.Equal(t, cloudsign.Extra{"later": json.RawMessage(`{"a":[1,null]}`)}, d.Extra)
}

func TestExtraNeverOverwrites(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(cloudsign.Option{Order: 1, Extra: cloudsign.Extra{"order": []byte("2"), "later": []byte("3")}})
	require.NoError(t, err)
	require.Equal(t, `{"order":1,"content":"","later":3}`, string(b)) //nolint:testifylint // JSONEq takes a member that stands there twice
	b, err = json.Marshal(cloudsign.AttributeUpdate{Extra: cloudsign.Extra{"later": []byte("3")}})
	require.NoError(t, err)
	require.Equal(t, `{"later":3}`, string(b))
	b, err = json.Marshal(cloudsign.AttributeUpdate{Extra: cloudsign.Extra{"title": []byte(`"x"`)}})
	require.NoError(t, err)
	require.Equal(t, `{}`, string(b))
	_, err = json.Marshal(cloudsign.Option{Extra: cloudsign.Extra{"later": []byte("{")}})
	require.Error(t, err)
}

func TestAttachmentIsOneOrAList(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`null`: 0, `[]`: 0, `{"id":"a1"}`: 1, ` [{"id":"a1"}]`: 1, `[{"id":"a1"},{"id":"a2"}]`: 2,
	} {
		var d cloudsign.Document
		require.NoError(t, json.Unmarshal([]byte(`{"id":"d","attachment":`+text+`}`), &d))
		require.Len(t, d.Attachment, want, text)
		b, err := json.Marshal(d)
		require.NoError(t, err)
		var again cloudsign.Document
		require.NoError(t, json.Unmarshal(b, &again))
		require.Len(t, again.Attachment, want)
	}
	require.Error(t, json.Unmarshal([]byte(`{"attachment":3}`), new(cloudsign.Document)))
}

// TestAttributeCopies: a record with a member of a later version is written to
// another document whole.
func TestAttributeCopies(t *testing.T) {
	t.Parallel()
	var a cloudsign.Attribute
	require.NoError(t, json.Unmarshal([]byte(`{"document_id":"d1","title":"T","contract_at":"2025-04-01","amount":null,"auto_update":1,"currency":"JPY","created_at":"2025-04-02T04:00:00Z"}`), &a))
	b, err := json.Marshal(a.Update())
	require.NoError(t, err)
	require.JSONEq(t, `{"title":"T","counterparty":"","local_id":"","contract_at":"2025-04-01","validity_start_at":null,"validity_end_at":null,
		"validity_end_notice_at":null,"amount":null,"auto_update":1,"options":[],"currency":"JPY"}`, string(b))
	a.Amount, a.ValidityEndAt = new(int64(0)), countersign.Date{Year: 2026, Month: 3, Day: 31}
	u := a.Update()
	amount, set := u.Amount.Get()
	require.True(t, set)
	require.Zero(t, amount)
	require.Equal(t, countersign.Value(a.ValidityEndAt), u.ValidityEndAt)
}

// TestAccessCodesStayHidden in a document that is printed or written.
func TestAccessCodesStayHidden(t *testing.T) {
	t.Parallel()
	var d cloudsign.Document
	require.NoError(t, json.Unmarshal([]byte(`{"id":"d","participants":[{"id":"p","access_code":"hunter-2000"}]}`), &d))
	require.Equal(t, "hunter-2000", d.Participants[0].AccessCode.Reveal())
	written, err := json.Marshal(d)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v %#v %s", d, d, written), "hunter-2000")
}
