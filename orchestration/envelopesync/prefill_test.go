package envelopesync_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

const offer = `{"name":"Offer","emailSubject":"Your offer",
"documents":[{"documentId":"1","name":"offer.pdf","fileExtension":"pdf","documentBase64":"JVBERi0xLjQ=",
 "tabs":{"prefillTabs":{"textTabs":[{"tabLabel":"reference"}]}}}],
"recipients":{"signers":[{"recipientId":"1","roleName":"customer","routingOrder":"1","tabs":{
 "textTabs":[{"tabLabel":"city"}],"checkboxTabs":[{"tabLabel":"newsletter"}],
 "listTabs":[{"tabLabel":"size","listItems":[{"text":"Small","value":"small"},{"text":"Large","value":"large"}]}]}}]}}`

// drafting is a flow with a rule for a template, in an account whose contacts have
// the fields for it.
func drafting(t *testing.T, change ...func(*envelopesync.PrefillRule)) (*world, string) {
	t.Helper()
	// The template's id is known only when the fake runs, and the fake's ids
	// depend on its seed alone.
	probe := docusigntest.NewServer()
	defer probe.Close()
	template := probe.AddTemplate(offer)
	account := probe.Account().ID
	rule := envelopesync.PrefillRule{
		Name: "offer", Account: docusign.AccountID(account), Template: docusign.TemplateID(template), Role: "customer",
		Tabs: []contactmap.TabRule{
			{From: "CITY", Role: "customer", Label: "city", Required: true},
			{From: "NEWSLETTER", Role: "customer", Label: "newsletter"},
			{From: "%SIZE%", Role: "customer", Label: "size"},
			{From: "CITY", Label: "reference"},
		},
		Report: envelopesync.Report{Tag: "draft-made", Note: true, Event: "draft"},
	}
	for _, f := range change {
		f(&rule)
	}
	w := newWorld(t, func(s *setting) { s.cfg.Prefills = []envelopesync.PrefillRule{rule} })
	require.Equal(t, template, w.ds.AddTemplate(offer))
	for _, f := range []activecampaigntest.Field{acField("City", "text"), acField("Newsletter", "dropdown", "yes", "no"), acField("Size", "text")} {
		w.ac.AddField(f)
	}
	url, err := w.flow.PrefillURL("offer")
	require.NoError(t, err)
	w.ac.Receive(url.Reveal(), w.flow.Handler())
	require.NoError(t, w.acTo.Events.SetEnabled(t.Context(), true))
	require.NoError(t, w.acTo.Events.Register(t.Context(), "draft"))
	return w, url.Reveal()
}

// fill gives the contact values for fields, in their order.
func (w *world) fill(email string, values ...string) {
	w.t.Helper()
	id := w.ac.AddContact(email)
	fields, err := w.acTo.Fields.List(w.t.Context())
	require.NoError(w.t, err)
	for i, v := range values {
		if v == "" {
			continue
		}
		_, err := w.acTo.Fields.SetValue(w.t.Context(), contactID(id), fields[i].ID, v)
		require.NoError(w.t, err)
	}
}

func (w *world) hook(url, email string) {
	w.t.Helper()
	require.True(w.t, w.ac.RunWebhookAction(url, email))
	for _, d := range w.ac.Deliver(w.t.Context()) {
		require.Equal(w.t, 200, d.Status)
	}
	w.work()
}

func TestContactBecomesDraft(t *testing.T) {
	t.Parallel()
	w, url := drafting(t)
	p := w.live()
	require.Equal(t, []envelopesync.PlannedPrefill{{Name: "offer", Template: "Offer", Role: "customer", Tabs: []envelopesync.PlannedTab{
		{From: "CITY", Title: "City", Role: "customer", Label: "city", Kind: docusign.TextTabs},
		{From: "NEWSLETTER", Title: "Newsletter", Role: "customer", Label: "newsletter", Kind: docusign.CheckboxTabs},
		{From: "SIZE", Title: "Size", Role: "customer", Label: "size", Kind: docusign.ListTabs},
		{From: "CITY", Title: "City", Label: "reference", Kind: docusign.TextTabs},
	}}}, p.Prefills)
	w.fill(robin.email, "Kyoto", "yes", "large")
	w.hook(url, robin.email)

	drafts := w.ds.Envelopes()
	require.Len(t, drafts, 1)
	require.Equal(t, "created", drafts[0].Status, "a draft, never sent")
	require.Equal(t, robin.email, drafts[0].Recipients[0].Email)
	require.Equal(t, map[string]string{"city": "Kyoto", "size": "large"}, drafts[0].Recipients[0].Tabs)
	ticked, err := w.client.Tabs.OfRecipient(t.Context(), docusign.EnvelopeID(drafts[0].ID), "1")
	require.NoError(t, err)
	require.True(t, bool(*ticked.Checkbox[0].Selected))
	tabs, err := w.client.Tabs.OfDocument(t.Context(), docusign.EnvelopeID(drafts[0].ID), "1")
	require.NoError(t, err)
	require.Equal(t, docusign.Text("Kyoto"), *tabs.Prefill.Text[0].Value)

	require.Contains(t, w.ac.Tags(robin.email), "draft-made")
	require.Len(t, w.ac.Notes(), 1)
	require.Contains(t, w.ac.Notes()[0].Text, drafts[0].ID)
	require.Contains(t, w.ac.Notes()[0].Text, "https://appdemo.docusign.com/documents/details/"+drafts[0].ID)
	require.Len(t, w.ac.Events(), 1)
	require.Equal(t, docusign.EnvelopeID(drafts[0].ID), w.noticed(envelopesync.NoticeDraft)[0].Draft)
}

func TestOneDraftForEachDelivery(t *testing.T) {
	t.Parallel()
	w, url := drafting(t)
	w.live()
	w.fill(robin.email, "Kyoto", "", "")
	w.fill(kim.email, "Oslo", "", "")
	require.True(t, w.ac.RunWebhookAction(url, robin.email))
	require.True(t, w.ac.RunWebhookAction(url, robin.email)) // at the same time: the same delivery
	w.hook(url, kim.email)
	require.Len(t, w.ds.Envelopes(), 2)
	w.clock.Advance(time.Minute)
	w.hook(url, robin.email)
	require.Len(t, w.ds.Envelopes(), 3, "another time, another draft")
}

// Deliveries without a time are one within the window.
func TestDeliveriesWithoutTime(t *testing.T) {
	t.Parallel()
	w, _ := drafting(t)
	w.live()
	w.fill(robin.email, "Kyoto", "", "")
	event, err := parseHook("contact[email]=robin%40example.com")
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, w.flow.ReceivePrefill(t.Context(), "offer", event))
		w.later(3 * time.Minute)
	}
	require.Len(t, w.ds.Envelopes(), 1)
	w.clock.Advance(2 * time.Minute)
	require.NoError(t, w.flow.ReceivePrefill(t.Context(), "offer", event))
	w.work()
	require.Len(t, w.ds.Envelopes(), 2)
	require.ErrorIs(t, w.flow.ReceivePrefill(t.Context(), "other", event), envelopesync.ErrUnknownPrefill)
}

// A creation whose answer is lost is looked up by its transaction.
func TestLostAnswerMakesNoSecondDraft(t *testing.T) {
	t.Parallel()
	w, url := drafting(t)
	w.live()
	w.fill(robin.email, "Kyoto", "", "")
	w.ds.Faults().Add(countersigntest.Rule{Operation: "POST /v2.1/accounts/{accountId}/envelopes", Fault: countersigntest.LoseAnswer(), Next: 1})
	w.ac.Faults().Add(countersigntest.Rule{Operation: "POST /notes", Fault: countersigntest.LoseAnswer(), Next: 1})
	w.hook(url, robin.email)
	require.Empty(t, w.noticed(envelopesync.NoticeDraft))
	w.later(2 * time.Minute)
	w.later(2 * time.Minute)
	require.Len(t, w.ds.Envelopes(), 1)
	require.Len(t, w.ac.Notes(), 1, "a note whose answer was lost is looked up too")
	require.Len(t, w.noticed(envelopesync.NoticeDraft), 1)
}

func TestContactThatDoesNotFillTheTemplate(t *testing.T) {
	t.Parallel()
	w, url := drafting(t)
	w.live()
	w.fill(robin.email, "", "yes", "")        // city is required
	w.fill(kim.email, "Oslo", "", "enormous") // no such size
	w.hook(url, robin.email)
	w.hook(url, kim.email)
	require.Empty(t, w.ds.Envelopes())
	dead := deadKeys(t, w.flow.DeadLetters(envelopesync.WorkPrefills).All(t.Context()))
	require.Len(t, dead, 2)
	for _, n := range w.noticed(envelopesync.NoticeGivenUp) {
		require.Contains(t, n.Reason, "contact field", "what to fill in is told")
		require.NotContains(t, n.Reason, "enormous", "values are not quoted")
	}
	w.fill(robin.email, "Kyoto", "", "")
	_, err := w.flow.DeadLetters(envelopesync.WorkPrefills).RetryAll(t.Context())
	require.NoError(t, err)
	w.work()
	require.Len(t, w.ds.Envelopes(), 1)
}

func TestTemplateAndRolesAreCheckedBeforehand(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*envelopesync.PrefillRule){
		"no such role":     func(r *envelopesync.PrefillRule) { r.Role = "seller" },
		"role twice":       func(r *envelopesync.PrefillRule) { r.Roles = []docusign.TemplateRole{{RoleName: "customer"}} },
		"nobody's tab":     func(r *envelopesync.PrefillRule) { r.Role = "" },
		"no such tab":      func(r *envelopesync.PrefillRule) { r.Tabs[0].Label = "street" },
		"no such field":    func(r *envelopesync.PrefillRule) { r.Tabs[0].From = "STREET" },
		"no such template": func(r *envelopesync.PrefillRule) { r.Template = "00000000-0000-0000-0000-000000000000" },
	} {
		w, _ := drafting(t, change)
		_, err := w.flow.Plan(t.Context(), w.connection())
		require.Error(t, err, name)
	}
}

func TestPrefillAddressIsASecret(t *testing.T) {
	t.Parallel()
	w, url := drafting(t)
	w.live()
	w.fill(robin.email, "Kyoto", "", "")
	last := "X"
	if strings.HasSuffix(url, last) {
		last = "Y"
	}
	other := url[:len(url)-1] + last
	w.ac.Receive(other, w.flow.Handler())
	require.True(t, w.ac.RunWebhookAction(other, robin.email))
	require.Equal(t, 401, w.ac.Deliver(context.Background())[0].Status)
	stats, err := w.flow.Stats(t.Context(), envelopesync.WorkPrefills)
	require.NoError(t, err)
	require.Empty(t, stats.States)
	require.Equal(t, orchestration.Stats{States: map[string]int64{}}, stats)
}

// A draft whose creation was not answered and whose contact is gone waits for a
// person.
func TestDraftWhoseContactIsGone(t *testing.T) {
	t.Parallel()
	w, url := drafting(t)
	w.live()
	w.fill(robin.email, "Kyoto", "", "")
	w.ds.Faults().Add(countersigntest.Rule{Operation: "POST /v2.1/accounts/{accountId}/envelopes", Fault: countersigntest.LoseAnswer(), Next: 1})
	w.hook(url, robin.email)
	c, _ := w.ac.Contact(robin.email)
	require.NoError(t, w.acTo.Contacts.Delete(t.Context(), contactID(c.ID)))
	w.later(2 * time.Minute)
	stats, err := w.flow.Stats(t.Context(), envelopesync.WorkPrefills)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{orchestration.StateUncertain: 1}, stats.States)
	require.Len(t, w.noticed(envelopesync.NoticeGivenUp), 1)
}
