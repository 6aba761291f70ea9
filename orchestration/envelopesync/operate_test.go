package envelopesync_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/envelopesync"
)

// What a person sees before going live: tags, fields with types, tabs; and nothing
// is written.
func TestPlanShowsWhatGoingLiveDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ac.AddField(acField("Status", "text"))
	w.ac.AddField(activecampaigntest.Field{Title: "Unseen", Type: "text", Lists: []string{"7"}})
	w.ac.AddTag("docusign-integration", "contact")
	c := w.connection()
	c.Rules = append(contactmap.DefaultRules(),
		contactmap.Rule{From: []string{contactmap.Status}, To: "STATUS"},
		contactmap.Rule{From: []string{contactmap.CustomField("deal")}, To: "UNSEEN"})
	p, err := w.flow.Plan(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "docusign-integration", p.BaseTag)
	require.Equal(t, envelopesync.PlannedAction{
		Action: contactmap.Sent, Event: docusign.EventRecipientSent, Tag: "docusign-integration-DocuSign_Envelope_Sent",
	}, p.Actions[0])
	require.Len(t, p.Actions, 4)
	require.Len(t, p.MissingTags, 4, "the base tag is there")
	require.Equal(t, contactmap.RecordFields(), p.Record)
	require.True(t, p.Schema.Make)
	require.Equal(t, envelopesync.PlannedField{From: []string{"status"}, To: "STATUS", Title: "Status", Type: "text"}, p.Contact[3])
	require.Equal(t, envelopesync.PlannedConnect{URL: baseURL + "/connect", Events: []docusign.EventKind{
		docusign.EventRecipientSent, docusign.EventRecipientDelivered, docusign.EventRecipientCompleted, docusign.EventRecipientDeclined,
	}}, p.Connect)
	all := strings.Join(p.Warnings, "\n")
	require.Contains(t, all, "Unseen", "a field that nobody would see")
	require.Contains(t, all, "deal", "a custom field that DocuSign does not define")

	for op := range w.ac.Log().Operations() {
		require.True(t, strings.HasPrefix(op, "GET "), op)
	}
	configs, err := w.client.Connect.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, configs)
}

func TestPlanRefusesWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, rule := range map[string]contactmap.Rule{
		"no such field": {From: []string{contactmap.Status}, To: "NOPE"},
		"an account's":  {From: []string{contactmap.Status}, To: "account.name"},
		"a deal's":      {From: []string{contactmap.Status}, To: "deal.value"},
	} {
		c := w.connection()
		c.Rules = append(contactmap.DefaultRules(), rule)
		_, err := w.flow.Apply(t.Context(), c)
		require.ErrorIs(t, err, countersign.ErrInvalid, name)
	}
	require.EqualValues(t, 0, w.ac.Log().Tally("POST /fields").Requests)
	for _, c := range []envelopesync.Connection{
		{Actions: []contactmap.Action{}}, {Actions: []contactmap.Action{"Signed"}}, {Scope: "nobody"}, {Types: []docusign.RecipientType{}},
		{Records: "maybe"}, {Actions: []contactmap.Action{contactmap.Sent, contactmap.Sent}},
		{Tags: contactmap.TagSet{Base: "x"}},
	} {
		c.Account = w.account()
		_, err := w.flow.Plan(t.Context(), c)
		require.ErrorIs(t, err, countersign.ErrInvalid, "%+v", c)
	}
	_, err := w.flow.Plan(t.Context(), envelopesync.Connection{})
	require.ErrorContains(t, err, "Connection.Account is empty")
	_, err = w.flow.Plan(t.Context(), envelopesync.Connection{Account: "somebody-else"})
	require.ErrorIs(t, err, envelopesync.ErrUnknownAccount)
}

func TestAdoptTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	french := contactmap.FrenchTags()
	for _, tag := range []string{french.Base, french.Sent, french.Delivered, french.Completed, french.Declined, "docusign-other", "docusign-integration-mystery"} {
		w.ac.AddTag(tag, "contact")
	}
	set, unclear, err := w.flow.AdoptTags(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"docusign-integration-mystery"}, unclear)
	french.Voided = contactmap.EnglishTags().Voided
	require.Equal(t, french, set)
	w.live(func(c *envelopesync.Connection) { c.Tags = set })
	w.send(robin)
	w.run()
	require.Equal(t, []string{french.Base, french.Sent}, w.ac.Tags(robin.email))
}

// Two accounts, two connections: each has its own actions, and messages find
// theirs.
func TestTwoAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := docusigntest.NewServer(docusigntest.WithClock(w.clock), docusigntest.WithSeed(9))
	t.Cleanup(other.Close)
	other.SetConnectKeys("another-key")
	client, err := docusign.New(docusign.Config{
		Environment: docusign.Demo, Auth: docusign.StaticToken{Token: countersign.NewSecret(other.AccessToken(other.User().ID))},
	}, countersign.WithBaseURL(other.URL()))
	require.NoError(t, err)
	second := docusign.AccountID(other.Account().ID)
	require.NotEqual(t, w.account(), second)
	w.flow, err = envelopesync.New(envelopesync.Config{BaseURL: baseURL, Clock: w.clock.Now}, envelopesync.Deps{
		Store: w.store, ActiveCampaign: w.acTo, Accounts: []envelopesync.Account{
			{ID: w.account(), Client: w.client, Environment: docusign.Demo, Keys: []countersign.Secret{countersign.NewSecret(hmacKey)}},
			{ID: second, Client: client, Environment: docusign.Demo, Keys: []countersign.Secret{countersign.NewSecret("another-key")}},
		},
	})
	require.NoError(t, err)
	w.engine = orchestration.NewLocal(w.store, orchestration.WithClock(w.clock.Now))
	w.flow.Register(w.engine)
	w.ds.Receive(baseURL+"/connect", w.flow.Handler())
	other.Receive(baseURL+"/connect", w.flow.Handler())

	w.live()
	tags := contactmap.FrenchTags()
	_, err = w.flow.Apply(t.Context(), envelopesync.Connection{Account: second, Tags: tags, Actions: []contactmap.Action{contactmap.Completed}})
	require.NoError(t, err)
	first := w.send(robin)
	made, err := client.Envelopes.Create(t.Context(), docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeSent, EmailSubject: "Other", Documents: []docusign.Document{{ID: "1", Name: "a.pdf", Content: []byte("%PDF-1.4")}},
		Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{ID: "1", Name: kim.name, Email: kim.email}}},
	})
	require.NoError(t, err)
	other.Sign(string(made.ID), "1")
	w.sign(first, "1")
	require.Zero(t, other.Deliver().Failed)
	w.run()
	require.Equal(t, []string{tags.Base, tags.Completed}, w.ac.Tags(kim.email))
	require.Contains(t, w.ac.Tags(robin.email), contactmap.EnglishTags().Completed)

	// The key of one account does not open the door to another.
	body := `{"event":"recipient-sent","data":{"accountId":"` + string(w.account()) + `","envelopeId":"e","recipientId":"1"}}`
	header := docusigntest.SignConnect([]byte(body), string(w.account()), "another-key")
	require.Equal(t, 401, w.post(body, header))
	header = docusigntest.SignConnect([]byte(body), "unknown", hmacKey)
	require.Equal(t, 401, w.post(body, header))

	n := 0
	for _, err := range w.flow.Connections(t.Context()) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 2, n)
}

func TestReplay(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, allKinds()...))
	city := w.ac.AddField(acField("Subject", "text"))
	w.live()
	id := w.send(robin)
	w.sign(id, "1")
	w.run()
	fired := f.all()
	// The mapping changes: what was stored is carried over anew.
	w.live(func(c *envelopesync.Connection) {
		c.Rules = append(contactmap.DefaultRules(), contactmap.Rule{From: []string{contactmap.EnvelopeSubject}, To: "SUBJECT"})
	})
	require.NoError(t, w.flow.Replay(t.Context(), w.account(), id))
	w.work()
	c, _ := w.ac.Contact(robin.email)
	require.Equal(t, "Offer 7", c.Fields[city.ID])
	require.Equal(t, fired, f.all(), "nothing starts again")
}

// A connection that comes later than its messages gets them by a replay.
func TestMessagesWithoutConnectionAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	require.NoError(t, w.flow.Remove(t.Context(), w.account()))
	body := `{"event":"recipient-sent","generatedDateTime":"2026-03-02T09:00:01Z","data":{"accountId":"` + string(w.account()) + `","envelopeId":"` + string(id) + `","recipientId":"1"}}`
	require.Equal(t, 200, w.deliver(body))
	w.work()
	require.Empty(t, w.ac.Contacts())
	w.live()
	require.NoError(t, w.flow.Replay(t.Context(), w.account(), ""))
	w.work()
	require.Len(t, w.ac.Contacts(), 1)
}

func TestPurgeAndForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	id := w.send(robin)
	w.run()
	w.later(envelopesync.KeepRaw + 48*time.Hour)
	require.NotContains(t, w.stored(), "robin@", "the bytes of messages are gone by themselves") // what is left is in the records
	w.sign(id, "1")
	w.run()
	require.Equal(t, "Completed", w.record(id, robin.email)["status"])

	require.NoError(t, w.flow.Forget(t.Context(), " ROBIN@example.com"))
	for _, table := range envelopesync.Tables("") {
		require.NotContains(t, strings.ToLower(w.table(table)), "robin", table)
	}
	require.Error(t, w.flow.Forget(t.Context(), " "))
	// DocuSign says it again: nobody comes back.
	body := `{"event":"recipient-completed","generatedDateTime":"2026-06-02T10:00:01Z","data":{"accountId":"` + string(w.account()) + `","envelopeId":"` + string(id) + `","recipientId":"1"}}`
	require.Equal(t, 200, w.deliver(body))
	require.NoError(t, w.flow.Replay(t.Context(), w.account(), ""))
	calls := w.ac.Log().Operations()
	w.work()
	require.Equal(t, calls, w.ac.Log().Operations())
	for _, table := range envelopesync.Tables("") {
		require.NotContains(t, strings.ToLower(w.table(table)), "robin", table)
	}
	w.later(time.Hour)
	n, err := w.flow.Purge(t.Context(), w.clock.Now())
	require.NoError(t, err)
	require.Positive(t, n)
	require.Empty(t, w.table(envelopesync.Tables("")[8]), "the journal")
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	var f firings
	w := newWorld(t, watching(&f, allKinds()...))
	w.live()
	w.ac.Log().Reset()
	id := w.send(robin)
	w.view(id, "1")
	messages := w.ds.Messages()
	e, err := docusign.ParseEvent(messages[1].Body)
	require.NoError(t, err)
	effects, err := w.flow.DryRun(t.Context(), e)
	require.NoError(t, err)
	var got []string
	for _, x := range effects {
		got = append(got, x.What+" "+x.Detail)
	}
	require.Equal(t, []string{
		"contact email, firstName, lastName", "tag docusign-integration", "tag docusign-integration-DocuSign_Envelope_Sent",
		"tag docusign-integration-DocuSign_Envelope_Delivered",
		"record status, sender-name, document-link, sent-at, envelope-id, subject, recipient-status, delivered-at, sender-email, last-event-at",
		"automation welcome", "automation tagged", "automation opened",
	}, got)
	require.Empty(t, w.ac.Log().Operations())
	w.run()
	effects, err = w.flow.DryRun(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, "nothing", effects[0].What)
	_, err = w.flow.DryRun(t.Context(), docusign.Event{AccountID: "other"})
	require.ErrorIs(t, err, envelopesync.ErrUnknownAccount)
}

func TestHealthAndStats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live()
	w.send(robin)
	require.Zero(t, w.ds.Deliver().Failed)
	require.NoError(t, w.flow.Health(t.Context(), time.Minute))
	w.clock.Advance(time.Hour)
	require.ErrorIs(t, w.flow.Health(t.Context(), time.Minute), countersign.ErrUnavailable)
	w.work()
	require.NoError(t, w.flow.Health(t.Context(), time.Minute))
	s, err := w.flow.Stats(t.Context(), envelopesync.WorkMessages)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"merged": 1}, s.States)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := envelopesync.Config{BaseURL: baseURL}
	deps := envelopesync.Deps{Store: w.store, ActiveCampaign: w.acTo, Accounts: []envelopesync.Account{{ID: "a", Client: w.client, Environment: docusign.Demo, Keys: []countersign.Secret{countersign.NewSecret("k")}}}}
	_, err := envelopesync.New(good, deps)
	require.NoError(t, err)
	for field, change := range map[string]func(*envelopesync.Config, *envelopesync.Deps){
		"Name":                    func(c *envelopesync.Config, _ *envelopesync.Deps) { c.Name = "No Name" },
		"BaseURL":                 func(c *envelopesync.Config, _ *envelopesync.Deps) { c.BaseURL = "http://plain.example" },
		"Accounts[0].ID":          func(_ *envelopesync.Config, d *envelopesync.Deps) { d.Accounts[0].ID = "" },
		"Accounts[0].Client":      func(_ *envelopesync.Config, d *envelopesync.Deps) { d.Accounts[0].Client = nil },
		"Accounts[0].Environment": func(_ *envelopesync.Config, d *envelopesync.Deps) { d.Accounts[0].Environment = "" },
		"Accounts[0].Keys":        func(_ *envelopesync.Config, d *envelopesync.Deps) { d.Accounts[0].Keys = []countersign.Secret{{}} },
		"Prefills[a]": func(c *envelopesync.Config, _ *envelopesync.Deps) {
			c.WebhookTokens = []countersign.Secret{countersign.NewSecret("MADEUPTOKEN234567234567234567")}
			c.Prefills = []envelopesync.PrefillRule{{Name: "a", Account: "b", Template: "t"}}
		},
		"Attempts":       func(c *envelopesync.Config, _ *envelopesync.Deps) { c.Attempts = -1 },
		"Store":          func(_ *envelopesync.Config, d *envelopesync.Deps) { d.Store = nil },
		"ActiveCampaign": func(_ *envelopesync.Config, d *envelopesync.Deps) { d.ActiveCampaign = nil },
		"Accounts":       func(_ *envelopesync.Config, d *envelopesync.Deps) { d.Accounts = nil },
		"WebhookTokens": func(c *envelopesync.Config, _ *envelopesync.Deps) {
			c.Prefills = []envelopesync.PrefillRule{{Name: "a", Account: "a", Template: "t"}}
		},
		"Prefills[0]": func(c *envelopesync.Config, _ *envelopesync.Deps) {
			c.Prefills = []envelopesync.PrefillRule{{Name: "A B", Account: "a", Template: "t"}}
		},
	} {
		cfg, d := good, deps
		d.Accounts = slices.Clone(deps.Accounts)
		change(&cfg, &d)
		_, err := envelopesync.New(cfg, d)
		e, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, "%s: %v", field, err)
		require.Equal(t, field, e.Field)
	}
}
