package envelopesync_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

func TestEnvelopeBecomesContactTagsAndRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	w.run()

	c, ok := w.ac.Contact(robin.email)
	require.True(t, ok)
	require.Equal(t, []string{"Robin Van", "Recipient"}, []string{c.FirstName, c.LastName})
	require.Equal(t, []string{"docusign-integration", "docusign-integration-DocuSign_Envelope_Sent"}, c.Tags)
	rec := w.record(id, robin.email)
	require.Equal(t, "Sent", rec["status"])
	require.Equal(t, w.ds.User().Name, rec["sender-name"])
	require.Equal(t, "https://appdemo.docusign.com/documents/details/"+string(id), rec["document-link"])
	require.Equal(t, began.Format(time.RFC3339), rec["sent-at"])
	require.Equal(t, "Offer 7", rec["subject"])
	require.NotContains(t, rec, "completed-at")

	w.view(id, "1")
	w.sign(id, "1")
	w.run()
	rec = w.record(id, robin.email)
	require.Equal(t, "Completed", rec["status"])
	require.Equal(t, began.Add(2*time.Minute).Format(time.RFC3339), rec["completed-at"])
	require.Equal(t, began.Format(time.RFC3339), rec["sent-at"], "an upsert clears what it is not given, so the record is written whole")
	require.Equal(t, []string{
		"docusign-integration", "docusign-integration-DocuSign_Envelope_Sent",
		"docusign-integration-DocuSign_Envelope_Delivered", "docusign-integration-DocuSign_Envelope_Completed",
	}, w.ac.Tags(robin.email))
	require.Len(t, w.ac.Records(contactmap.RecordSlug), 1)
}

func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		w := newWorld(t)
		w.live()
		id := w.send(robin, kim)
		w.view(id, "1")
		w.sign(id, "1")
		w.ds.Decline(string(id), "2", "too dear")
		w.clock.Advance(time.Minute)
		w.run(docusigntest.Delivery{Shuffle: true, Duplicate: 0.5, Seed: seed})

		require.Equal(t, "Completed", w.record(id, robin.email)["status"])
		require.Equal(t, "Declined", w.record(id, kim.email)["status"])
		require.Equal(t, "too dear", w.record(id, kim.email)["decline-reason"])
		require.ElementsMatch(t, []string{
			"docusign-integration", "docusign-integration-DocuSign_Envelope_Sent",
			"docusign-integration-DocuSign_Envelope_Delivered", "docusign-integration-DocuSign_Envelope_Completed",
		}, w.ac.Tags(robin.email))
		require.NotContains(t, w.ac.Tags(kim.email), "docusign-integration-DocuSign_Envelope_Completed")
		require.Len(t, w.ac.Records(contactmap.RecordSlug), 2)
	}
}

// No list, no field: the requests of everything that the flow does are looked at.
func TestNeverAListNeverAField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	city := w.ac.AddField(acField("City", "text"))
	w.live(func(c *envelopesync.Connection) {
		c.Rules = append(contactmap.DefaultRules(), contactmap.Rule{From: []string{contactmap.EnvelopeSubject}, To: "CITY"})
	})
	id := w.send(robin)
	w.sign(id, "1")
	w.run()
	_, err := w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{From: began.Add(-time.Hour)})
	require.NoError(t, err)
	w.later(time.Minute)

	c, _ := w.ac.Contact(robin.email)
	require.Equal(t, "Offer 7", c.Fields[city.ID])
	allowed := []string{
		"GET /fields", "GET /tags", "POST /tags", "GET /customObjects/schemas", "POST /customObjects/schemas",
		"POST /contact/sync", "POST /contactTags", "POST /customObjects/records/{schemaId}", "GET /contacts",
		"GET /customObjects/records/{schemaId}/external/{externalId}", "POST /import/bulk_import", "GET /import/info",
	}
	for op := range w.ac.Log().Operations() {
		require.Contains(t, allowed, op, "a call to lists or one that makes fields must not happen")
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	recipients := func() docusign.Recipients {
		return docusign.Recipients{
			Signers: []docusign.Recipient{
				{ID: "1", Name: robin.name, Email: robin.email, RoutingOrder: "1"},
				{ID: "2", Name: kim.name, Email: kim.email, RoutingOrder: "1"},
				{ID: "3", Name: "Robin again", Email: " ROBIN@example.com", RoutingOrder: "1"},
			},
			CarbonCopies:    []docusign.Recipient{{ID: "4", Name: "Copy", Email: "copy@example.com", RoutingOrder: "1"}},
			InPersonSigners: []docusign.Recipient{{ID: "5", Name: "Guest", HostName: "Host", HostEmail: "host@example.com", SignerName: "Guest", RoutingOrder: "1"}},
		}
	}
	for _, scope := range []contactmap.Scope{contactmap.RecipientScope, contactmap.EnvelopeScope} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.live(func(c *envelopesync.Connection) { c.Scope = scope })
			id := w.sendTo(recipients())
			w.sign(id, "1")
			w.run()
			if scope == contactmap.RecipientScope {
				require.Equal(t, "Completed", w.record(id, robin.email)["status"], "only who acted")
			} else {
				require.Equal(t, "Sent", w.record(id, robin.email)["status"], "the envelope is not completed")
			}
			require.Equal(t, "Sent", w.record(id, kim.email)["status"])
			w.ds.Decline(string(id), "2", "no")
			w.clock.Advance(time.Minute)
			w.run()
			require.Equal(t, "Declined", w.record(id, kim.email)["status"])
			require.NotContains(t, w.ac.Tags(robin.email), "docusign-integration-DocuSign_Envelope_Declined", "a refusal is that of who refused")

			require.Len(t, w.ac.Contacts(), 2, "no copy, no host, and one contact for two recipients with one address")
			require.Len(t, w.ac.Records(contactmap.RecordSlug), 3)
		})
	}
}

func TestVoidedIsOptIn(t *testing.T) {
	t.Parallel()
	void := func(w *world) docusign.EnvelopeID {
		id := w.send(robin)
		require.NoError(t, w.client.Envelopes.Void(t.Context(), id, "wrong price"))
		w.clock.Advance(time.Minute)
		w.run()
		return id
	}
	w := newWorld(t)
	w.live()
	require.Equal(t, "Sent", w.record(void(w), robin.email)["status"])

	w = newWorld(t)
	w.live(func(c *envelopesync.Connection) { c.Actions = contactmap.Actions() })
	rec := w.record(void(w), robin.email)
	require.Equal(t, []any{"Voided", "wrong price"}, []any{rec["status"], rec["void-reason"]})
	require.Contains(t, w.ac.Tags(robin.email), "docusign-integration-DocuSign_Envelope_Voided")
}

// A message that names no people is completed through the API.
func TestMessageWithIDsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	body := `{"event":"recipient-sent","generatedDateTime":"2026-03-02T09:00:01Z","data":{"accountId":"` + string(w.account()) + `","envelopeId":"` + string(id) + `","recipientId":"1"}}`
	require.Equal(t, 200, w.deliver(body))
	w.work()
	require.Equal(t, "Sent", w.record(id, robin.email)["status"])
}

func TestEditedRecordIsRestoredAndReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	w.run()
	external := w.ac.Records(contactmap.RecordSlug)[0].ExternalID
	require.True(t, w.ac.EditRecord(contactmap.RecordSlug, external, "subject", "edited by somebody"))
	w.clock.Advance(2 * time.Minute)
	w.sign(id, "1")
	w.run()
	require.Equal(t, "Offer 7", w.record(id, robin.email)["subject"])
	notices := w.noticed(envelopesync.NoticeEdited)
	require.Len(t, notices, 1)
	require.Equal(t, []string{"subject"}, notices[0].Fields)
}

func TestWithoutEnterprise(t *testing.T) {
	t.Parallel()
	for _, status := range []int{402, 403, 404} {
		w := newWorld(t, withoutRecords(status))
		p := w.live()
		require.NotEmpty(t, p.Schema.Unavailable)
		require.Empty(t, p.Record)
		id := w.send(robin)
		w.view(id, "1")
		w.sign(id, "1")
		w.run()
		require.Len(t, w.noticed(envelopesync.NoticeNoRecords), 1, "said once")
		require.Contains(t, w.ac.Tags(robin.email), "docusign-integration-DocuSign_Envelope_Completed")
		require.Len(t, w.ac.Notes(), 3, "one for each action")
		require.Contains(t, w.ac.Notes()[2].Text, string(id))

		_, err := w.flow.Plan(t.Context(), envelopesync.Connection{Account: w.account(), Records: envelopesync.RecordsRequired})
		require.NoError(t, err, "whether an object can be made shows only when it is")
		_, err = w.flow.Apply(t.Context(), envelopesync.Connection{Account: w.account(), Records: envelopesync.RecordsRequired})
		require.ErrorContains(t, err, "Enterprise")
	}
}

func TestChosenActionsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	completed := func(c *envelopesync.Connection) { c.Actions = []contactmap.Action{contactmap.Completed} }
	p := w.live(completed)
	configs, err := w.client.Connect.List(t.Context())
	require.NoError(t, err)
	require.Len(t, configs, 1)
	require.Equal(t, []docusign.EventKind{docusign.EventRecipientCompleted}, configs[0].Events)
	require.True(t, configs[0].IsSIM() && bool(configs[0].Enabled) && bool(configs[0].HMAC) && bool(configs[0].Acknowledge))
	require.Equal(t, configs[0].ID, p.Connect.ID)

	w.live() // all four
	w.live(func(c *envelopesync.Connection) {
		c.Actions = []contactmap.Action{contactmap.Declined, contactmap.Sent}
	})
	configs, err = w.client.Connect.List(t.Context())
	require.NoError(t, err)
	require.Len(t, configs, 1, "updated, not made again")
	require.Equal(t, []docusign.EventKind{docusign.EventRecipientSent, docusign.EventRecipientDeclined}, configs[0].Events, "what is not chosen any more is gone")

	id := w.send(robin)
	w.sign(id, "1")
	w.run()
	require.Equal(t, []string{"docusign-integration", "docusign-integration-DocuSign_Envelope_Sent"}, w.ac.Tags(robin.email))

	require.NoError(t, w.flow.Remove(t.Context(), w.account()))
	configs, err = w.client.Connect.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, configs, "removing the connection deletes the configuration")
	require.ErrorIs(t, w.flow.Remove(t.Context(), w.account()), envelopesync.ErrUnknownAccount)
}

func TestPauseKeepsWhatComesIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	require.NoError(t, w.flow.Pause(t.Context(), w.account()))
	id := w.send(robin)
	w.run()
	require.Empty(t, w.ac.Contacts())
	for c, err := range w.flow.Connections(t.Context()) {
		require.NoError(t, err)
		require.True(t, c.Paused)
	}
	require.NoError(t, w.flow.Resume(t.Context(), w.account()))
	w.work()
	require.Equal(t, "Sent", w.record(id, robin.email)["status"])
}

// A pause also holds automations whose turn has come.
func TestPauseHoldsAutomations(t *testing.T) {
	t.Parallel()
	f := firings{fail: errors.New("not now")}
	w := newWorld(t, watching(&f, automation("welcome", envelopesync.RecordCreated(contactmap.Sent))))
	w.live()
	w.send(robin)
	w.run()
	require.NoError(t, w.flow.Pause(t.Context(), w.account()))
	f.mu.Lock()
	f.fail = nil
	f.mu.Unlock()
	w.later(time.Hour)
	require.Empty(t, f.all())
	require.NoError(t, w.flow.Resume(t.Context(), w.account()))
	w.work()
	require.Len(t, f.all(), 1)
}

func TestFailuresAndDeadLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *setting) { s.cfg.Attempts = 2 })
	w.live()
	w.ac.Faults().Add(fault("POST /contact/sync", 4))
	w.send(robin)
	id := w.send(kim)
	w.run()
	w.later(time.Minute)
	dead := w.flow.DeadLetters(envelopesync.WorkRecords)
	keys := deadKeys(t, dead.All(t.Context()))
	require.NotEmpty(t, keys)
	require.Len(t, w.noticed(envelopesync.NoticeGivenUp), len(keys))
	for _, n := range w.noticed(envelopesync.NoticeGivenUp) {
		require.Contains(t, keys, n.Ref)
		require.Equal(t, envelopesync.WorkRecords, n.Work)
	}
	_, err := dead.RetryAll(t.Context())
	require.NoError(t, err)
	w.work()
	require.Equal(t, "Sent", w.record(id, kim.email)["status"])
	require.Len(t, w.ac.Contacts(), 2)
}

func TestJournalHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin, kim)
	w.sign(id, "1")
	w.ds.Decline(string(id), "2", "too dear")
	w.run()
	var whats []string
	for e, err := range w.flow.Journal(t.Context(), "") {
		require.NoError(t, err)
		whats = append(whats, e.What)
		for _, text := range slices.Concat([]string{e.Why, e.Ref, e.Who, e.Scope}, values(e.IDs), values(e.Hashes)) {
			for _, secret := range []string{"robin", "Robin", "kim", "Kim", "too dear", "Offer"} {
				require.NotContains(t, text, secret)
			}
		}
	}
	for _, what := range []string{"went live", "contact written", "tags added", "record written"} {
		require.Contains(t, whats, what)
	}
}

// A failure in the middle is gone on from: what was done is not done again.
func TestRetryResumesInTheMiddle(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, allKinds()...))
	w.live()
	w.ac.Log().Reset()
	const upsert = "POST /customObjects/records/{schemaId}"
	w.ac.Faults().Add(fault(upsert, 2))
	w.send(robin)
	w.run()
	w.later(time.Minute)
	w.later(time.Minute)
	for op, want := range map[string]int64{"POST /contact/sync": 1, "GET /contacts/{id}/contactTags": 1, "POST /contactTags": 2, upsert: 3} {
		require.Equal(t, want, w.ac.Log().Tally(op).Requests, op)
	}
	require.Len(t, f.all(), 3)
}

// A contact that somebody deleted is made anew, whole.
func TestContactThatWasDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	w.run()
	old, _ := w.ac.Contact(robin.email)
	require.NoError(t, w.acTo.Contacts.Delete(t.Context(), contactID(old.ID)))
	w.sign(id, "1")
	w.run()
	c, ok := w.ac.Contact(robin.email)
	require.True(t, ok)
	require.NotEqual(t, old.ID, c.ID)
	require.Equal(t, []string{
		"docusign-integration", "docusign-integration-DocuSign_Envelope_Sent",
		"docusign-integration-DocuSign_Envelope_Delivered", "docusign-integration-DocuSign_Envelope_Completed",
	}, c.Tags)
	require.Equal(t, "Completed", w.record(id, robin.email)["status"])
}

// The plan is taken to lack records when it refuses them again and again, and not
// because of one refusal; going live again takes them up again.
func TestRecordsThatAreRefusedLater(t *testing.T) {
	t.Parallel()
	const upsert = "POST /customObjects/records/{schemaId}"
	w := newWorld(t)
	w.live()
	w.ac.Faults().Add(countersigntest.Rule{Operation: upsert, Fault: countersigntest.Status(403), Next: 1})
	first := w.send(robin)
	w.run()
	w.later(time.Hour)
	require.Equal(t, "Sent", w.record(first, robin.email)["status"])
	require.Empty(t, w.noticed(envelopesync.NoticeNoRecords))

	w.ac.Faults().Add(countersigntest.Rule{Operation: upsert, Fault: countersigntest.Status(403)})
	w.send(robin)
	w.send(kim)
	w.run()
	for range 4 {
		w.later(time.Hour)
	}
	require.Len(t, w.noticed(envelopesync.NoticeNoRecords), 1)
	require.Len(t, w.ac.Notes(), 2)
	require.Empty(t, w.noticed(envelopesync.NoticeGivenUp))

	w.ac.Faults().Clear()
	w.live()
	third := w.send(robin)
	w.run()
	require.Equal(t, "Sent", w.record(third, robin.email)["status"])
	require.Len(t, w.ac.Notes(), 2)
}
