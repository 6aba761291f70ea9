package envelopesync_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

const sentTag = "docusign-integration-DocuSign_Envelope_Sent"

// watching is a flow whose automations write down what starts them.
func watching(f *firings, automations ...envelopesync.Automation) func(*setting) {
	return func(s *setting) {
		for _, a := range automations {
			if a.Enrol == "" {
				a.Run = f.run
			}
			s.cfg.Automations = append(s.cfg.Automations, a)
		}
	}
}

func automation(name string, triggers ...envelopesync.Trigger) envelopesync.Automation {
	return envelopesync.Automation{Name: name, Triggers: triggers}
}

func allKinds() []envelopesync.Automation {
	return []envelopesync.Automation{
		automation("welcome", envelopesync.RecordCreated(contactmap.Sent)),
		automation("opened", envelopesync.RecordUpdated(contactmap.Delivered, "status", "Sent", "Delivered")),
		automation("done", envelopesync.RecordUpdated(contactmap.Completed, "status", "", "Completed")),
		automation("tagged", envelopesync.TagAdded("docusign-integration"), envelopesync.TagAdded(sentTag)),
		automation("never", envelopesync.RecordUpdated(contactmap.Completed, "status", "Sent", "Completed")),
	}
}

var inOrder = []string{
	"welcome record created Sent", "tagged tag added Sent", "tagged tag added Sent",
	"opened record updated Delivered", "done record updated Completed",
}

// The last message alone bears the times of the earlier actions, which fire first;
// what comes later fires nothing.
func TestAutomationsFireOnceInOrderOfRank(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, allKinds()...))
	w.live()
	id := w.send(robin)
	w.view(id, "1")
	w.sign(id, "1")
	messages := w.ds.Messages()
	require.Len(t, messages, 3)
	slices.Reverse(messages)
	for i, m := range messages {
		req := httptest.NewRequestWithContext(t.Context(), "POST", baseURL+"/connect", strings.NewReader(string(m.Body)))
		req.Header = m.Header
		for range 2 {
			answer := httptest.NewRecorder()
			req.Body = httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(string(m.Body))).Body
			w.flow.Handler().ServeHTTP(answer, req)
			require.Equal(t, 200, answer.Code)
			w.work()
		}
		require.Equal(t, inOrder, f.all(), "after message %d", i+1)
	}
}

func TestAutomationsInOrder(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, allKinds()...))
	w.live()
	id := w.send(robin)
	w.run()
	w.view(id, "1")
	w.run()
	w.sign(id, "1")
	w.run(docusigntest.Delivery{Duplicate: 1})
	require.Equal(t, inOrder, f.all())
}

func TestTagAddedOnlyWhenNew(t *testing.T) {
	t.Parallel()
	for _, retag := range []bool{false, true} {
		var f firings
		w := newWorld(t, watching(&f, automation("tagged", envelopesync.TagAdded(sentTag))))
		w.live(func(c *envelopesync.Connection) { c.Retag = retag })
		for range 3 {
			w.send(robin)
			w.run()
		}
		require.Len(t, f.all(), map[bool]int{false: 1, true: 3}[retag])

		w.ac.AddContact(kim.email)
		require.True(t, w.ac.TagContact(kim.email, sentTag))
		w.send(kim)
		w.run()
		require.Len(t, f.all(), map[bool]int{false: 1, true: 4}[retag], "somebody else had put it there")
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	var f firings
	only := envelopesync.RecordCreated(contactmap.Sent)
	only.Filter = envelopesync.Filter{Field: contactmap.CustomField("deal"), Is: "D-42"}
	others := envelopesync.RecordCreated(contactmap.Sent)
	others.Filter = envelopesync.Filter{Field: contactmap.CustomField("deal"), Is: "D-42", Not: true}
	w := newWorld(t, watching(&f, automation("only", only), automation("others", others)))
	w.live()
	w.send(robin)
	w.run()
	require.Equal(t, []string{"only record created Sent"}, f.all())
}

func TestAutomationsThatAreRefused(t *testing.T) {
	t.Parallel()
	run := func(context.Context, envelopesync.Firing) error { return nil }
	created, updated := envelopesync.RecordCreated(contactmap.Sent), envelopesync.RecordUpdated(contactmap.Sent, "status", "", "")
	badFilter := created
	badFilter.Filter.Field = "no.such"
	for name, a := range map[string]envelopesync.Automation{
		"no name":                    {Triggers: []envelopesync.Trigger{created}, Run: run},
		"no trigger":                 {Name: "a", Run: run},
		"neither run nor enrol":      {Name: "a", Triggers: []envelopesync.Trigger{created}},
		"run and enrol":              {Name: "a", Triggers: []envelopesync.Trigger{created}, Run: run, Enrol: "1"},
		"created beside a tag":       {Name: "a", Triggers: []envelopesync.Trigger{created, envelopesync.TagAdded("x")}, Run: run},
		"updated beside created":     {Name: "a", Triggers: []envelopesync.Trigger{updated, created}, Run: run},
		"a tag twice":                {Name: "a", Triggers: []envelopesync.Trigger{envelopesync.TagAdded("x"), envelopesync.TagAdded("x")}, Run: run},
		"no tag":                     {Name: "a", Triggers: []envelopesync.Trigger{envelopesync.TagAdded("")}, Run: run},
		"unknown action":             {Name: "a", Triggers: []envelopesync.Trigger{envelopesync.RecordCreated("Signed")}, Run: run},
		"unknown field":              {Name: "a", Triggers: []envelopesync.Trigger{envelopesync.RecordUpdated(contactmap.Sent, "nope", "", "")}, Run: run},
		"unknown status":             {Name: "a", Triggers: []envelopesync.Trigger{envelopesync.RecordUpdated(contactmap.Sent, "status", "", "completed")}, Run: run},
		"unknown kind":               {Name: "a", Triggers: []envelopesync.Trigger{{}}, Run: run},
		"filter by an unknown field": {Name: "a", Triggers: []envelopesync.Trigger{badFilter}, Run: run},
	} {
		cfg := envelopesync.Config{BaseURL: baseURL, Automations: []envelopesync.Automation{a}}
		_, err := envelopesync.New(cfg, envelopesync.Deps{})
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, name)
		require.Contains(t, e.Field, "Automations", name)
	}
}

func TestPlanWarnsOfEnrolments(t *testing.T) {
	t.Parallel()
	for want, automation := range map[string]activecampaigntest.Automation{
		"does not have": {},
		"is not active": {Name: "Welcome", Inactive: true},
		"":              {Name: "Welcome"},
	} {
		w := newWorld(t)
		id := "77"
		if automation.Name != "" {
			id = w.ac.AddAutomation(automation).ID
		}
		w.open(envelopesync.Config{BaseURL: baseURL, Automations: []envelopesync.Automation{{
			Name: "thank", Triggers: []envelopesync.Trigger{envelopesync.RecordCreated(contactmap.Sent)}, Enrol: activecampaign.AutomationID(id),
		}}})
		plan, err := w.flow.Plan(t.Context(), w.connection())
		require.NoError(t, err)
		warnings := strings.Join(plan.Warnings, "\n")
		if want == "" {
			require.NotContains(t, warnings, "Automations[thank]")
		} else {
			require.Contains(t, warnings, "Automations[thank]")
			require.Contains(t, warnings, want)
		}
	}
}

func TestUnchosenActionIsRefused(t *testing.T) {
	t.Parallel()
	for _, trigger := range []envelopesync.Trigger{
		envelopesync.RecordCreated(contactmap.Voided), envelopesync.RecordUpdated(contactmap.Voided, "status", "", ""),
		envelopesync.TagAdded(contactmap.EnglishTags().Voided),
	} {
		var f firings
		w := newWorld(t, watching(&f, automation("a", trigger)))
		_, err := w.flow.Plan(t.Context(), w.connection())
		require.ErrorContains(t, err, "Automations[a]")
		c := w.connection()
		c.Actions = contactmap.Actions()
		_, err = w.flow.Apply(t.Context(), c)
		require.NoError(t, err)
		require.NoError(t, w.flow.Health(t.Context(), time.Minute))
	}
}

func TestFiringThatFailsHoldsLaterOnesBack(t *testing.T) {
	t.Parallel()
	f := firings{fail: errors.New("not now")}
	w := newWorld(t, watching(&f, allKinds()...))
	w.live()
	id := w.send(robin)
	w.view(id, "1")
	w.sign(id, "1")
	w.run()
	w.later(time.Minute)
	require.Empty(t, f.all())
	f.mu.Lock()
	f.fail = nil
	f.mu.Unlock()
	w.later(time.Hour)
	require.Equal(t, inOrder, f.all())
}

// An enrolment whose answer is lost is looked up and not repeated.
func TestEnrolmentHappensOnce(t *testing.T) {
	t.Parallel()
	var f firings
	welcome := automation("welcome", envelopesync.RecordCreated(contactmap.Sent))
	welcome.Enrol = "1"
	w := newWorld(t, watching(&f, welcome))
	require.Equal(t, "1", w.ac.AddAutomation(activecampaigntest.Automation{Name: "Welcome"}).ID)
	w.live()
	w.ac.Faults().Add(countersigntest.Rule{Operation: "POST /contactAutomations", Fault: countersigntest.LoseAnswer(), Next: 1})
	w.send(robin)
	w.run()
	w.later(time.Minute)
	w.send(robin)
	w.run()
	w.later(time.Minute)
	require.Len(t, w.ac.Enrolments(), 2, "one for each envelope")
	stats, err := w.flow.Stats(t.Context(), envelopesync.WorkFirings)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"fired": 2}, stats.States)
}

// The mirror of the record that starts an automation is on the contact before the
// contact enters it.
func TestMirrorIsWrittenBeforeTheContactEnters(t *testing.T) {
	t.Parallel()
	var f firings
	welcome := automation("welcome", envelopesync.RecordCreated(contactmap.Sent))
	welcome.Enrol = "1"
	w := newWorld(t, watching(&f, welcome), withoutRecords(403))
	w.ac.AddAutomation(activecampaigntest.Automation{Name: "Welcome"})
	fields := map[string]string{}
	mirror := map[string]string{}
	for _, id := range []string{"status", "sender-name", "document-link", "sent-at", "completed-at"} {
		fields[id] = w.ac.AddField(acField("Mirror "+id, "text")).ID
		mirror[id] = "Mirror " + id
	}
	w.live(func(c *envelopesync.Connection) { c.Mirror = mirror })
	id := w.send(robin)
	w.run()
	c, _ := w.ac.Contact(robin.email)
	require.Equal(t, "Sent", c.Fields[fields["status"]])
	require.Contains(t, c.Fields[fields["document-link"]], string(id))
	require.Len(t, w.ac.Enrolments(), 1)
	var order []string
	for e := range w.ac.Log().Entries() {
		if e.Operation == "POST /contact/sync" || e.Operation == "POST /contactAutomations" || e.Operation == "POST /contactTags" {
			order = append(order, e.Operation)
		}
	}
	require.Equal(t, "POST /contact/sync", order[0], "before the tags")
	require.Equal(t, []string{"POST /contact/sync", "POST /contactAutomations"}, order[len(order)-2:], "and again just before the contact enters")
	w.sign(id, "1")
	w.run()
	c, _ = w.ac.Contact(robin.email)
	require.Equal(t, "Completed", c.Fields[fields["status"]])
	require.NotEmpty(t, c.Fields[fields["completed-at"]])

	_, err := w.flow.Plan(t.Context(), envelopesync.Connection{Account: w.account(), Mirror: map[string]string{"subject": "Mirror status"}})
	require.ErrorContains(t, err, "Mirror", "the five main fields alone")
}

// An enrolment that is tried again has the mirror of its own record again.
func TestMirrorIsWrittenBeforeEachAttempt(t *testing.T) {
	t.Parallel()
	var f firings
	welcome := automation("welcome", envelopesync.RecordCreated(contactmap.Sent))
	welcome.Enrol = "1"
	w := newWorld(t, watching(&f, welcome))
	w.ac.AddAutomation(activecampaigntest.Automation{Name: "Welcome"})
	w.ac.AddField(acField("Status", "text"))
	w.live(func(c *envelopesync.Connection) { c.Mirror = map[string]string{"status": "STATUS"} })
	w.ac.Faults().Add(fault("POST /contactAutomations", 1))
	w.send(robin)
	w.run()
	w.later(time.Hour)
	require.Len(t, w.ac.Enrolments(), 1)
	last := ""
	for e := range w.ac.Log().Entries() {
		if e.Operation == "POST /contactAutomations" {
			require.Equal(t, "POST /contact/sync", last)
		}
		if e.Operation == "POST /contact/sync" || e.Operation == "POST /contactAutomations" {
			last = e.Operation
		}
	}
}
