package envelopesync_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

// Messages of the aggregate form name nobody and say how everybody stands.
func TestAggregateMessage(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, allKinds()...))
	w.live()
	require.Equal(t, 200, w.deliver(`{"envelopeId":"e1","status":"sent","emailSubject":"Offer","statusChangedDateTime":"2026-03-02T09:10:00Z","sentDateTime":"2026-03-02T09:00:00Z",
"sender":{"accountId":"`+string(w.account())+`","userName":"Sam"},
"recipients":{"signers":[
 {"recipientId":"1","recipientIdGuid":"g1","name":"Robin R","email":"robin@example.com","status":"completed","sentDateTime":"2026-03-02T09:00:00Z","deliveredDateTime":"2026-03-02T09:05:00Z","signedDateTime":"2026-03-02T09:10:00Z"},
 {"recipientId":"2","recipientIdGuid":"g2","name":"Kim S","email":"kim@example.com","status":"created"}],
"carbonCopies":[{"recipientId":"3","recipientIdGuid":"g3","name":"Copy","email":"copy@example.com","status":"completed"}]}}`))
	w.work()
	require.Equal(t, "Completed", w.record("e1", robin.email)["status"])
	require.Len(t, w.ac.Contacts(), 1, "one whose turn has not come is nobody yet, and a copy is nobody")
	require.Equal(t, inOrder, f.all())
}

// A message that is authentic and of no use is acknowledged, so that it does not
// hold up those behind it.
func TestUselessMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	for _, body := range []string{
		`{"event":"template-created","data":{"accountId":"` + string(w.account()) + `","templateId":"t"}}`,
		`{"event":"recipient-sent","generatedDateTime":"2026-03-02T09:00:00Z","data":{"accountId":"` + string(w.account()) + `","envelopeId":"gone","recipientId":"1"}}`,
		`{"event":"envelope-purge","data":{"accountId":"` + string(w.account()) + `","envelopeId":"e1"}}`,
		`not a message`,
	} {
		require.Equal(t, 200, w.deliver(body), body)
	}
	w.work()
	stats, err := w.flow.Stats(t.Context(), envelopesync.WorkMessages)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"ignored": 2, "dead": 1}, stats.States)
	dead := deadKeys(t, w.flow.DeadLetters(envelopesync.WorkMessages).All(t.Context()))
	require.Len(t, dead, 1)
	given := w.noticed(envelopesync.NoticeGivenUp)
	require.Len(t, given, 1, "a person hears of it")
	require.Equal(t, envelopesync.WorkMessages, given[0].Work)
	require.Equal(t, dead[0], given[0].Ref)
}

// A corrected address moves the record to another contact, who gets the tags; what
// has started does not start again.
func TestCorrectedAddress(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, automation("welcome", envelopesync.RecordCreated(contactmap.Sent))))
	w.live()
	message := func(email, status, changed string) string {
		return `{"event":"recipient-` + status + `","generatedDateTime":"` + changed + `","data":{"accountId":"` + string(w.account()) + `","envelopeId":"e1","recipientId":"1",
"envelopeSummary":{"status":"sent","emailSubject":"Offer","sentDateTime":"2026-03-02T09:00:00Z","statusChangedDateTime":"` + changed + `",
"recipients":{"signers":[{"recipientId":"1","recipientIdGuid":"g1","name":"Robin R","email":"` + email + `","status":"` + status + `","sentDateTime":"2026-03-02T09:00:00Z"}]}}}}`
	}
	require.Equal(t, 200, w.deliver(message("wrong@example.com", "sent", "2026-03-02T09:00:00Z")))
	w.work()
	require.Equal(t, 200, w.deliver(message(robin.email, "delivered", "2026-03-02T09:05:00Z")))
	w.work()
	require.Equal(t, 200, w.deliver(message("wrong@example.com", "sent", "2026-03-02T09:00:01Z")), "late")
	w.work()
	require.Equal(t, "Delivered", w.record("e1", robin.email)["status"])
	require.Len(t, w.ac.Records(contactmap.RecordSlug), 1)
	require.Contains(t, w.ac.Tags(robin.email), contactmap.EnglishTags().Sent)
	require.Len(t, f.all(), 1)
}

// Without an address of their own nobody becomes a contact, until a message brings
// one.
func TestAddressThatComesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	message := func(email, at string) string {
		return `{"event":"recipient-sent","generatedDateTime":"` + at + `","data":{"accountId":"` + string(w.account()) + `","envelopeId":"e1","recipientId":"1",
"envelopeSummary":{"status":"sent","statusChangedDateTime":"` + at + `","recipients":{"signers":[{"recipientId":"1","recipientIdGuid":"g1","name":"Group","email":"` + email + `","signingGroupId":"7","status":"sent","sentDateTime":"2026-03-02T09:00:00Z"}]}}}}`
	}
	require.Equal(t, 200, w.deliver(message("", "2026-03-02T09:00:00Z")))
	w.work()
	require.Empty(t, w.ac.Contacts())
	stats, err := w.flow.Stats(t.Context(), envelopesync.WorkRecords)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"skipped": 1}, stats.States)
	require.Equal(t, 200, w.deliver(message(robin.email, "2026-03-02T09:10:00Z")))
	w.work()
	require.Equal(t, "Sent", w.record("e1", robin.email)["status"])
}

// A message that can't be completed is given up, and a person is told.
func TestMessageOfAnUnknownEnvelope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	body := `{"event":"recipient-sent","generatedDateTime":"2026-03-02T09:00:01Z","data":{"accountId":"` + string(w.account()) +
		`","envelopeId":"00000000-0000-0000-0000-000000000000","recipientId":"1"}}`
	require.Equal(t, 200, w.deliver(body))
	w.work()
	require.Len(t, deadKeys(t, w.flow.DeadLetters(envelopesync.WorkMessages).All(t.Context())), 1)
	require.Len(t, w.noticed(envelopesync.NoticeGivenUp), 1)
}

// A dry run of a message that carries ids alone says what the message will do.
func TestDryRunOfIDsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	e, err := docusign.ParseEvent([]byte(`{"event":"recipient-sent","generatedDateTime":"2026-03-02T09:00:01Z","data":{"accountId":"` + string(w.account()) +
		`","envelopeId":"` + string(id) + `","recipientId":"1"}}`))
	require.NoError(t, err)
	effects, err := w.flow.DryRun(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, "contact", effects[0].What)
}
