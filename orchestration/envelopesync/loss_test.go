package envelopesync_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

// between is a store that does something before one of its transactions.
type between struct {
	orchestration.Store
	left atomic.Int64 // transactions until then
	do   func()
}

func (s *between) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	if s.left.Add(-1) == 0 {
		s.do()
	}
	return s.Store.Tx(ctx, fn)
}

// A connection that is resumed while work on it is being put aside loses none.
func TestResumeWhileWorkIsPutAside(t *testing.T) {
	t.Parallel()
	for n := int64(1); ; n++ {
		var f firings
		w := newWorld(t)
		s := &between{Store: w.store}
		w.store = s
		w.open(envelopesync.Config{BaseURL: baseURL, Clock: w.clock.Now, Automations: []envelopesync.Automation{
			{Name: "welcome", Triggers: []envelopesync.Trigger{envelopesync.RecordCreated(contactmap.Sent)}, Run: f.run},
		}})
		w.live()
		w.send(robin)
		require.NoError(t, w.flow.Pause(t.Context(), w.account()))
		require.Zero(t, w.ds.Deliver().Failed)
		resumed := false
		s.do = func() {
			resumed = true
			require.NoError(t, w.flow.Resume(context.Background(), w.account()))
		}
		s.left.Store(n)
		w.work()
		if !resumed {
			require.Greater(t, n, int64(2))
			return
		}
		require.Len(t, f.all(), 1, "resumed before transaction %d", n)
	}
}

// What waited for a paused connection that then was removed goes on when the
// account is connected again.
func TestRemoveAndConnectAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.send(robin)
	require.NoError(t, w.flow.Pause(t.Context(), w.account()))
	w.run()
	require.NoError(t, w.flow.Remove(t.Context(), w.account()))
	w.live()
	w.work()
	require.Len(t, w.ac.Contacts(), 1)
}

// A Connect configuration whose creation was never answered is deleted too.
func TestRemoveAfterHalfAnApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ds.Faults().Add(countersigntest.Rule{Operation: "POST /v2.1/accounts/{accountId}/connect", Fault: countersigntest.LoseAnswer(), Next: 1})
	_, err := w.flow.Apply(t.Context(), w.connection())
	require.Error(t, err)
	configs, err := w.client.Connect.List(t.Context())
	require.NoError(t, err)
	require.Len(t, configs, 1)
	require.NoError(t, w.flow.Remove(t.Context(), w.account()))
	configs, err = w.client.Connect.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, configs)
}

// A field that is mapped no more belongs to the people again.
func TestFieldThatIsMappedNoMoreIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	field := w.ac.AddField(acField("Subject", "text"))
	w.live(func(c *envelopesync.Connection) {
		c.Rules = append(contactmap.DefaultRules(), contactmap.Rule{From: []string{contactmap.EnvelopeSubject}, To: "SUBJECT"})
	})
	id := w.send(robin)
	w.run()
	w.live()
	c, _ := w.ac.Contact(robin.email)
	_, err := w.acTo.Fields.SetValue(t.Context(), contactID(c.ID), activecampaign.FieldID(field.ID), "ours")
	require.NoError(t, err)
	w.sign(id, "1")
	w.run()
	c, _ = w.ac.Contact(robin.email)
	require.Equal(t, "ours", c.Fields[field.ID])
}

// Values of fields that somebody added to the custom object survive each upsert,
// however soon after another it comes.
func TestFieldsOfOthersSurvive(t *testing.T) {
	t.Parallel()
	for _, appliedAgain := range []bool{false, true} {
		w := newWorld(t)
		w.live()
		id := w.send(robin)
		w.run()
		schema, err := w.acTo.Schemas.FindBySlug(t.Context(), contactmap.RecordSlug)
		require.NoError(t, err)
		schema.Fields = append(schema.Fields, activecampaign.SchemaField{ID: "own", Labels: activecampaign.Labels{Singular: "Own", Plural: "Own"}, Type: "text"})
		schema, err = w.acTo.Schemas.Update(t.Context(), schema.ID, *schema)
		require.NoError(t, err)
		if appliedAgain {
			w.live()
		}
		rec, err := w.acTo.Records.GetByExternalID(t.Context(), schema.ID, w.ac.Records(contactmap.RecordSlug)[0].ExternalID)
		require.NoError(t, err)
		in := activecampaign.RecordInput{ExternalID: rec.ExternalID}
		c, _ := w.ac.Contact(robin.email)
		in.Contact = contactID(c.ID)
		for _, f := range schema.Fields {
			v := activecampaign.RecordField{ID: f.ID}
			if text := rec.Value(f.ID); text != "" {
				v.Value = text
			}
			if f.ID == "own" {
				v.Value = "kept"
			}
			in.Fields = append(in.Fields, v)
		}
		_, err = w.acTo.Records.Upsert(t.Context(), *schema, in)
		require.NoError(t, err)

		w.clock.Advance(time.Hour)
		w.ds.View(string(id), "1")
		w.run()
		require.Equal(t, "kept", w.record(id, robin.email)["own"], appliedAgain)
		w.clock.Advance(5 * time.Second)
		w.ds.Sign(string(id), "1")
		w.run()
		require.Equal(t, "kept", w.record(id, robin.email)["own"], appliedAgain)
	}
}

// A backfill that meets a record whose automations are still to start leaves it to
// them.
func TestBackfillLeavesNewRecordsToTheirAutomations(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, allKinds()...))
	w.live()
	id := w.send(robin)
	w.ac.Faults().Add(countersigntest.Rule{Operation: "POST /contact/sync", Fault: countersigntest.Status(503)})
	w.run() // merged, but not carried over
	w.view(id, "1")
	w.ac.Faults().Clear()
	w.ac.Faults().Add(countersigntest.Rule{Operation: "POST /contact/sync", Fault: countersigntest.Status(503)})
	_, err := w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{From: began.Add(-time.Hour)})
	require.NoError(t, err)
	w.work()
	w.ac.Faults().Clear()
	for range 5 {
		w.later(10 * time.Minute)
	}
	w.run()
	require.Equal(t, inOrder[:4], f.all())
}

// What was deleted in ActiveCampaign is there again after a replay.
func TestReplayRestoresWhatWasDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	w.run()
	schema, err := w.acTo.Schemas.FindBySlug(t.Context(), contactmap.RecordSlug)
	require.NoError(t, err)
	require.NoError(t, w.acTo.Records.DeleteByExternalID(t.Context(), schema.ID, w.ac.Records(contactmap.RecordSlug)[0].ExternalID))
	require.Nil(t, w.record(id, robin.email))
	w.clock.Advance(time.Hour)
	require.NoError(t, w.flow.Replay(t.Context(), w.account(), ""))
	w.work()
	require.Equal(t, "Sent", w.record(id, robin.email)["status"])
}

// An action that is chosen later starts nothing for envelopes from before when
// they are replayed.
func TestReplayStartsNothing(t *testing.T) {
	t.Parallel()
	var f firings
	chosen := func(actions ...contactmap.Action) func(*envelopesync.Connection) {
		return func(c *envelopesync.Connection) { c.Actions = actions }
	}
	w := newWorld(t)
	w.live(chosen(contactmap.Sent))
	id := w.send(robin)
	w.run()
	w.sign(id, "1")
	w.run()
	body := `{"event":"recipient-sent","generatedDateTime":"2026-03-02T10:00:01Z","data":{"accountId":"` + string(w.account()) + `","envelopeId":"` + string(id) + `","recipientId":"1"}}`
	require.Equal(t, 200, w.deliver(body)) // DocuSign tells it again, and now it is signed
	w.work()
	w.open(envelopesync.Config{BaseURL: baseURL, Clock: w.clock.Now, Automations: []envelopesync.Automation{
		{Name: "done", Triggers: []envelopesync.Trigger{envelopesync.RecordUpdated(contactmap.Completed, "status", "", "")}, Run: f.run},
	}})
	w.live(chosen(contactmap.Sent, contactmap.Completed))
	require.NoError(t, w.flow.Replay(t.Context(), w.account(), ""))
	w.work()
	require.Contains(t, w.ac.Tags(robin.email), contactmap.EnglishTags().Completed)
	require.Empty(t, f.all())
}

// The reasons come with the actions that have them.
func TestTriggersWaitForReasonsAndStatus(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f,
		automation("reason", envelopesync.RecordUpdated(contactmap.Declined, "decline-reason", "", "too dear")),
		automation("status", envelopesync.RecordUpdated(contactmap.Declined, "recipient-status", "", "declined")),
	))
	w.live()
	id := w.send(robin)
	w.run()
	w.ds.Decline(string(id), "1", "too dear")
	w.run()
	require.Equal(t, []string{"reason record updated Declined", "status record updated Declined"}, f.all())
}

// Somebody of whom only a draft is known can be forgotten too.
func TestForgetDrafts(t *testing.T) {
	t.Parallel()
	w, _ := drafting(t)
	w.live()
	event, err := parseHook("contact[email]=robin%40example.com") // no such contact
	require.NoError(t, err)
	require.NoError(t, w.flow.ReceivePrefill(t.Context(), "offer", event))
	w.work()
	require.Contains(t, w.table(envelopesync.Tables("")[5]), "robin@")
	require.NoError(t, w.flow.Forget(t.Context(), robin.email))
	require.NotContains(t, w.table(envelopesync.Tables("")[5]), "robin@")
}

// A draft whose report failed for good is reported when it is taken up, and not
// made again.
func TestRetryReportsTheDraftThatExists(t *testing.T) {
	t.Parallel()
	w, url := drafting(t)
	w.live()
	w.fill(robin.email, "Kyoto", "", "")
	w.ac.Faults().Add(countersigntest.Rule{Operation: "POST /notes", Fault: countersigntest.Status(422), Next: 1})
	w.hook(url, robin.email)
	require.Len(t, w.ds.Envelopes(), 1)
	require.Empty(t, w.ac.Notes())
	n, err := w.flow.DeadLetters(envelopesync.WorkPrefills).RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	w.work()
	require.Len(t, w.ds.Envelopes(), 1)
	require.Len(t, w.ac.Notes(), 1)
}

// A later run with the same name is a creation of its own: the draft before is not
// taken for it.
func TestSecondRunHasATransactionOfItsOwn(t *testing.T) {
	t.Parallel()
	w, _ := drafting(t)
	w.live()
	w.fill(robin.email, "Kyoto", "", "")
	event, err := parseHook("contact[email]=robin%40example.com")
	require.NoError(t, err)
	require.NoError(t, w.flow.ReceivePrefill(t.Context(), "offer", event))
	w.work()
	require.Len(t, w.ds.Envelopes(), 1)
	w.clock.Advance(time.Hour)
	w.ds.Faults().Add(countersigntest.Rule{Operation: "POST /v2.1/accounts/{accountId}/envelopes", Fault: countersigntest.Status(500), Next: 1})
	require.NoError(t, w.flow.ReceivePrefill(t.Context(), "offer", event))
	w.work()
	for range 3 {
		w.later(5 * time.Minute)
	}
	require.Len(t, w.ds.Envelopes(), 2)
	require.Len(t, w.noticed(envelopesync.NoticeDraft), 2)
}
