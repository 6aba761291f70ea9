package envelopesync_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

func TestBackfill(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, allKinds()...))
	for i := range 12 {
		id := w.send(person{"Some Body", fmt.Sprintf("p%d@example.com", i)}, robin)
		if i%2 == 0 {
			w.sign(id, "1")
		}
	}
	w.live()
	period := envelopesync.Period{From: began.Add(-time.Hour)}
	p, err := w.flow.PlanBackfill(t.Context(), w.account(), period)
	require.NoError(t, err)
	require.Equal(t, []int{12, 24, 13}, []int{p.Envelopes, p.Records, p.Contacts})
	require.Positive(t, p.Calls)
	require.Empty(t, w.ac.Contacts(), "a plan writes nothing")

	w.ac.Exclude("p3@example.com")
	id, err := w.flow.Backfill(t.Context(), w.account(), period)
	require.NoError(t, err)
	again, err := w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{From: period.From, To: w.clock.Now()})
	require.NoError(t, err)
	require.Equal(t, id, again, "the same period is one backfill")
	for range 5 {
		w.later(10 * time.Second)
	}
	for b, err := range w.flow.Backfills(t.Context()) {
		require.NoError(t, err)
		require.True(t, b.Listed)
		require.Equal(t, []int{12, 24}, []int{b.Envelopes, b.Records})
	}
	require.Len(t, w.ac.Contacts(), 13)
	require.Len(t, w.ac.Records(contactmap.RecordSlug), 24)
	require.ElementsMatch(t, []string{
		"docusign-integration", sentTag, "docusign-integration-DocuSign_Envelope_Delivered", "docusign-integration-DocuSign_Envelope_Completed",
	}, w.ac.Tags("p0@example.com"))
	require.Empty(t, f.all(), "nothing starts")
	sync := w.ac.Log().Tally("POST /contact/sync").Requests
	require.EqualValues(t, 1, sync, "the one that the import left out")

	// What happens later starts what it has to.
	last := w.ds.Envelopes()[1]
	w.sign(envelopeID(last.ID), "1")
	w.run()
	require.Equal(t, []string{"opened record updated Delivered", "done record updated Completed"}, f.all())
}

// An import that is refused because of one contact is tried by halves.
func TestBackfillWithARefusedImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(robin)
	w.send(kim)
	w.send(person{"Third", "third@example.com"})
	w.live()
	w.ac.Faults().Add(countersigntest.Rule{Operation: "POST /import/bulk_import", Fault: countersigntest.Status(400), Next: 1})
	_, err := w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{From: began.Add(-time.Hour)})
	require.NoError(t, err)
	for range 5 {
		w.later(10 * time.Second)
	}
	require.Len(t, w.ac.Records(contactmap.RecordSlug), 3)
	require.EqualValues(t, 3, w.ac.Log().Tally("POST /import/bulk_import").Requests)
}

func TestBackfillNeedsAPeriodAndAConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{From: began})
	require.ErrorIs(t, err, envelopesync.ErrUnknownAccount)
	w.live()
	_, err = w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{})
	require.Error(t, err)
	_, err = w.flow.PlanBackfill(t.Context(), w.account(), envelopesync.Period{From: began, To: began})
	require.Error(t, err)
}

// A backfill that was cut off goes on at the page where it was.
func TestBackfillGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *setting) { s.ds = append(s.ds, docusigntest.WithPageSize(2)) })
	for i := range 5 {
		w.send(person{"Some Body", fmt.Sprintf("p%d@example.com", i)})
	}
	w.live()
	const list = "GET /v2.1/accounts/{accountId}/envelopes"
	w.ds.Log().Reset()
	_, err := w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{From: began.Add(-time.Hour)})
	require.NoError(t, err)
	// The second page does not come before the program ends.
	w.ds.Faults().Add(countersigntest.Rule{Operation: list, Fault: countersigntest.Status(400), Every: 2})
	w.work()
	w.ds.Faults().Clear()
	w.open(envelopesync.Config{BaseURL: baseURL, Clock: w.clock.Now}) // as after a restart
	for range 5 {
		w.later(10 * time.Second)
	}
	require.Len(t, w.ac.Records(contactmap.RecordSlug), 5)
	require.EqualValues(t, 5, w.ds.Log().Tally(list).Requests, "four pages, each from the last envelope of the one before, one of them twice")
	for b, err := range w.flow.Backfills(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, []int{5, 5}, []int{b.Envelopes, b.Records})
	}
}

// An envelope that changes while the list is gone through leaves the period; the one
// that takes its place in the list is not skipped.
func TestBackfillSkipsNothingThatChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *setting) { s.ds = append(s.ds, docusigntest.WithPageSize(2)) })
	for i := range 6 {
		w.send(person{"Some Body", fmt.Sprintf("p%d@example.com", i)})
	}
	w.live()
	const list = "GET /v2.1/accounts/{accountId}/envelopes"
	_, err := w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{From: began.Add(-time.Hour)})
	require.NoError(t, err)
	w.ds.Log().Reset()
	w.ds.Faults().Add(countersigntest.Rule{Operation: list, Fault: countersigntest.Status(400), Every: 2})
	w.work() // the first page alone
	w.ds.Faults().Clear()
	w.clock.Advance(time.Second)
	w.sign(envelopeID(w.ds.Envelopes()[0].ID), "1")
	w.open(envelopesync.Config{BaseURL: baseURL, Clock: w.clock.Now})
	for range 8 {
		w.later(10 * time.Second)
	}
	require.Len(t, w.ac.Contacts(), 6)
}

// What a contact's fields were imported with may be older than what was written
// meanwhile: the newer values stand in the end.
func TestImportThatEndsLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *setting) { s.ac = append(s.ac, activecampaigntest.WithImportDelay(10*time.Minute)) })
	field := w.ac.AddField(acField("Subject", "text"))
	w.send(robin)
	w.live(func(c *envelopesync.Connection) {
		c.Rules = append(contactmap.DefaultRules(), contactmap.Rule{From: []string{contactmap.Status}, To: "SUBJECT"})
	})
	_, err := w.flow.Backfill(t.Context(), w.account(), envelopesync.Period{From: began.Add(-time.Hour)})
	require.NoError(t, err)
	w.work() // sent, and not run yet
	second := w.send(robin)
	w.sign(second, "1")
	w.run()
	c, _ := w.ac.Contact(robin.email)
	require.Equal(t, "Completed", c.Fields[field.ID])
	for range 5 {
		w.later(10 * time.Minute)
	}
	c, _ = w.ac.Contact(robin.email)
	require.Equal(t, "Completed", c.Fields[field.ID])
}
