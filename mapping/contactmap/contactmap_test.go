package contactmap_test

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/contactmap"
)

var sentAt = time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC)

func record() contactmap.Record {
	return contactmap.Record{
		Account: "a", Envelope: "e1", Recipient: "r1", Link: "https://app.example/e1",
		Times: map[contactmap.Action]time.Time{contactmap.Sent: sentAt, contactmap.Delivered: sentAt.Add(time.Hour), contactmap.Completed: sentAt.Add(2 * time.Hour)},
		Facts: contactmap.Facts{
			Name: "Robin Van Recipient", Email: " Robin@Example.com ", Role: "customer", Subject: "Offer", SenderName: "Sam Sender", SenderEmail: "sam@example.com",
			Status: docusign.RecipientCompleted, EnvelopeStatus: docusign.EnvelopeSent,
			Tabs:         []contactmap.Tab{{Label: "size", Value: "LARGE"}, {Label: "price", Value: " 12.50 "}, {Label: "when", Value: "2026-05-06"}, {Label: "colours", Value: "red; Blue"}, {Label: "at", Value: "2026-05-06T07:08:09+02:00"}},
			CustomFields: []docusign.EventCustomField{{Name: "deal", Value: "D-42"}},
		},
	}
}

func fields() []contactmap.ContactField {
	return append(contactmap.StandardFields(),
		contactmap.ContactField{ID: "1", Key: "CITY", Title: "City", Type: "text"},
		contactmap.ContactField{ID: "2", Key: "SIZE", Title: "Size", Type: "dropdown", Options: []string{"Small", "Large"}},
		contactmap.ContactField{ID: "3", Key: "COLOURS", Title: "Colours", Type: "checkbox", Options: []string{"Red", "Blue"}},
		contactmap.ContactField{ID: "4", Key: "DAY", Title: "Day", Type: "date"},
		contactmap.ContactField{ID: "5", Key: "MOMENT", Title: "Moment", Type: "datetime"},
		contactmap.ContactField{ID: "6", Key: "PRICE", Title: "Price", Type: "number"},
		contactmap.ContactField{ID: "7", Key: "NOTE", Title: "Note", Type: "textarea"},
	)
}

func rule(from, to string) contactmap.Rule { return contactmap.Rule{From: []string{from}, To: to} }

// The tags of the French help page, byte for byte: their é and è are one character
// each (NFC).
func TestFrenchTagsByteForByte(t *testing.T) {
	t.Parallel()
	const prefix = "646f63757369676e2d696e746567726174696f6e"          // docusign-integration
	const action = prefix + "2d446f63755369676e5f456e76656c6f7070655f" // -DocuSign_Enveloppe_
	french := contactmap.FrenchTags()
	for tag, want := range map[string]string{
		french.Base: prefix, french.Sent: action + "53656e74", french.Delivered: action + "64c3a96c697672c3a965",
		french.Completed: action + "636f6d706cc3a87465", french.Declined: action + "44c3a9636c696ec3a9",
		contactmap.FrenchTableTags().Base: "646f63757369676e2d696e74c3a967726174696f6e",
	} {
		require.Equal(t, want, hex.EncodeToString([]byte(tag)), tag)
	}
	require.NoError(t, french.Check(contactmap.Actions()...))
	require.NoError(t, contactmap.EnglishTags().Check(contactmap.Actions()...))
	require.NoError(t, contactmap.FrenchTableTags().Check(contactmap.DefaultActions()...))
}

func TestTagSetsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*contactmap.TagSet){
		"Base":      func(s *contactmap.TagSet) { s.Base = "" },
		"Sent":      func(s *contactmap.TagSet) { s.Sent = " x" },
		"Delivered": func(s *contactmap.TagSet) { s.Delivered = "DOCUSIGN-INTEGRATION" },
		"Voided":    func(s *contactmap.TagSet) { s.Voided = s.Declined },
	} {
		set := contactmap.EnglishTags()
		change(&set)
		e, ok := errors.AsType[*countersign.ConfigError](set.Check(contactmap.Actions()...))
		require.True(t, ok, name)
		require.Equal(t, "TagSet."+name, e.Field)
	}
}

func TestAdoptTags(t *testing.T) {
	t.Parallel()
	english := contactmap.EnglishTags()
	set, unclear := contactmap.AdoptTags([]string{"other", "docusign", "docusign-integration", "docusign-integration-DocuSign_Envelope_SENT"}, english)
	require.Empty(t, unclear)
	require.Equal(t, "docusign-integration-DocuSign_Envelope_SENT", set.Sent)
	require.Equal(t, english.Completed, set.Completed)

	set, unclear = contactmap.AdoptTags([]string{"docusign-intégration", "docusign-integration-DocuSign_Enveloppe_complète", "docusign-integration-DocuSign_Envelope_Completed", "docusign-integration-thing"}, english)
	require.Equal(t, "docusign-intégration", set.Base)
	require.Len(t, unclear, 2, "two for one action, and one for none: for a person")
}

func TestMapFillsEveryTypeOfField(t *testing.T) {
	t.Parallel()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	require.NoError(t, err)
	m, err := contactmap.New(contactmap.Config{Fields: fields(), Location: tokyo, Rules: append(contactmap.DefaultRules(),
		rule(contactmap.CustomField("deal"), "City"), rule(contactmap.TabField("size"), "%size%"), rule(contactmap.TabField("colours"), "3"),
		rule(contactmap.SentAt, "DAY"), rule(contactmap.CompletedAt, "MOMENT"), rule(contactmap.TabField("price"), "PRICE"), rule(contactmap.SentAt, "NOTE"),
	)})
	require.NoError(t, err)
	r := record()
	var c contactmap.Contact
	res := m.Run(&r, &c)
	require.Empty(t, res.Findings)
	require.Equal(t, contactmap.Contact{
		Email: "Robin@Example.com", FirstName: "Robin Van", LastName: "Recipient",
		Fields: map[string]string{
			"1": "D-42", "2": "Large", "3": "||Red||Blue||", "4": "2026-03-03", "5": "2026-03-03T01:30:00Z", "6": "12.50", "7": "2026-03-02T23:30:00Z",
		},
	}, c)
}

func TestTextsThatBecomeDaysAndMoments(t *testing.T) {
	t.Parallel()
	m, err := contactmap.New(contactmap.Config{Fields: fields(), Rules: append(contactmap.DefaultRules(),
		rule(contactmap.TabField("when"), "DAY"), rule(contactmap.TabField("at"), "MOMENT"))})
	require.NoError(t, err)
	r := record()
	var c contactmap.Contact
	require.Empty(t, m.Run(&r, &c).Findings)
	require.Equal(t, map[string]string{"4": "2026-05-06", "5": "2026-05-06T05:08:09Z"}, c.Fields)
}

func TestValuesThatDoNotFitAreLeftOut(t *testing.T) {
	t.Parallel()
	m, err := contactmap.New(contactmap.Config{Fields: fields(), Rules: append(contactmap.DefaultRules(),
		rule(contactmap.CustomField("deal"), "SIZE"), rule(contactmap.EnvelopeSubject, "PRICE"), rule(contactmap.SenderName, "COLOURS"),
		rule(contactmap.SenderEmail, "MOMENT"), rule(contactmap.RecipientRole, "DAY"))})
	require.NoError(t, err)
	r := record()
	var c contactmap.Contact
	res := m.Run(&r, &c)
	require.Len(t, res.Findings, 5)
	require.Empty(t, c.Fields)
	require.Equal(t, "Robin@Example.com", c.Email, "the rest goes on")
}

func TestMapsThatAreRefused(t *testing.T) {
	t.Parallel()
	email := rule(contactmap.RecipientEmail, contactmap.ContactEmail)
	for name, tc := range map[string]struct {
		rules []contactmap.Rule
		want  string
	}{
		"no e-mail":             {[]contactmap.Rule{rule(contactmap.RecipientName, "City")}, "e-mail"},
		"e-mail of the sender":  {[]contactmap.Rule{rule(contactmap.SenderEmail, contactmap.ContactEmail)}, "recipient's"},
		"no such field":         {[]contactmap.Rule{email, rule(contactmap.RecipientName, "Street")}, "create it in ActiveCampaign first"},
		"a field of an account": {[]contactmap.Rule{email, rule(contactmap.RecipientName, "account.name")}, "an account"},
		"an organisation":       {[]contactmap.Rule{email, rule(contactmap.RecipientName, "orgname")}, "an account"},
		"a field of a deal":     {[]contactmap.Rule{email, rule(contactmap.RecipientName, "deal.title")}, "a deal"},
		"no such source":        {[]contactmap.Rule{email, rule("recipient.shoe_size", "City")}, `"recipient.shoe_size", which DocuSign does not have`},
		"no source":             {[]contactmap.Rule{email, {To: "City"}}, "name one in From"},
		"sources of two kinds":  {[]contactmap.Rule{email, {From: []string{contactmap.SentAt, contactmap.Status}, To: "City"}}, "together"},
		"a tag of an account":   {[]contactmap.Rule{email, rule(contactmap.RecipientName, "%CUSTOMER_ACCOUNT%")}, "an account"},
		"a time into options":   {[]contactmap.Rule{email, rule(contactmap.SentAt, "SIZE")}, "dropdown"},
		"twice":                 {[]contactmap.Rule{email, rule(contactmap.RecipientName, "CITY"), rule(contactmap.SenderName, "1")}, "another rule"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := contactmap.New(contactmap.Config{Fields: fields(), Rules: tc.rules})
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

// The five fields that the CRM's own integration shows come first, and the record
// is complete.
func TestRecordValues(t *testing.T) {
	t.Parallel()
	var main []string
	for _, f := range contactmap.RecordFields()[:contactmap.MainFields] {
		main = append(main, f.Label)
	}
	require.Equal(t, []string{"Status", "Sender user name", "Link to the document", "Sent", "Completed"}, main)
	r := record()
	require.Equal(t, []contactmap.FieldValue{
		{"status", "Completed"}, {"sender-name", "Sam Sender"}, {"document-link", "https://app.example/e1"},
		{"sent-at", "2026-03-02T23:30:00Z"}, {"completed-at", "2026-03-03T01:30:00Z"}, {"envelope-id", "e1"}, {"subject", "Offer"},
		{"recipient-status", "completed"}, {"delivered-at", "2026-03-03T00:30:00Z"}, {"sender-email", "sam@example.com"}, {"last-event-at", "2026-03-03T01:30:00Z"},
	}, r.Values())
	require.Equal(t, "Sam Sender", r.Value("sender-name"))
	require.Empty(t, r.Value("nope"))

	before := r.AsOf(contactmap.Sent)
	require.Equal(t, "Sent", before.Value("status"))
	require.Empty(t, before.Value("completed-at"))
	require.Equal(t, contactmap.Completed, r.Status(), "the record itself stays as it is")
	require.Equal(t, []contactmap.Action{contactmap.Sent, contactmap.Completed}, r.Reached([]contactmap.Action{contactmap.Completed, contactmap.Declined, contactmap.Sent}))
	require.Equal(t, "e1:r1", r.ID())
}

func TestNamesAndAddresses(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"": {}, "Madonna": {"", "Madonna"}, "  Ada   King Lovelace ": {"Ada King", "Lovelace"}, "山田 太郎": {"山田", "太郎"},
	} {
		first, last := contactmap.FirstLast(name)
		require.Equal(t, want, [2]string{first, last})
	}
	require.Equal(t, "a@b.example", contactmap.EmailKey(" A@B.example\t"))
	require.Equal(t, "https://app.docusign.com/documents/details/e", contactmap.WebLink(docusign.Production, "e"))
}

func TestEventsOfActions(t *testing.T) {
	t.Parallel()
	for _, scope := range []contactmap.Scope{"", contactmap.RecipientScope, contactmap.EnvelopeScope} {
		require.True(t, scope.IsKnown())
		for _, a := range contactmap.Actions() {
			require.True(t, scope.Event(a).IsKnown())
			require.Equal(t, a, scope.Action(scope.Event(a)))
			require.True(t, a.IsKnown())
		}
	}
	require.Empty(t, contactmap.RecipientScope.Action(docusign.EventEnvelopeCompleted))
	require.False(t, contactmap.Action("Signed").IsKnown())
	require.True(t, contactmap.Sent.Before(contactmap.Completed))
	require.NotContains(t, contactmap.DefaultActions(), contactmap.Voided)
}

func template() []docusign.TemplateField {
	return []docusign.TemplateField{
		{Role: "customer", Kind: docusign.TextTabs, Label: "city"},
		{Role: "customer", Kind: docusign.CheckboxTabs, Label: "newsletter"},
		{Role: "customer", Kind: docusign.ListTabs, Label: "size", Choices: []string{"small", "large"}},
		{Role: "customer", Kind: docusign.TextTabs, Label: "name", Required: true},
		{DocumentID: "1", Kind: docusign.TextTabs, Label: "reference"},
		{DocumentID: "2", Kind: docusign.TextTabs, Label: "reference"},
	}
}

func TestPrefill(t *testing.T) {
	t.Parallel()
	m, err := contactmap.NewPrefill(template(), fields(), []contactmap.TabRule{
		{From: "City", Role: "customer", Label: "city"}, {From: "NOTE", Role: "customer", Label: "newsletter"},
		{From: "SIZE", Role: "customer", Label: "size"}, {From: "lastName", Role: "customer", Label: "name"}, {From: "COLOURS", Label: "reference"},
	})
	require.NoError(t, err)
	run := func(c contactmap.Contact) (contactmap.Filling, mapping.Result) {
		var out contactmap.Filling
		res := m.Run(&c, &out)
		return out, res
	}
	got, res := run(contactmap.Contact{LastName: "Recipient", Fields: map[string]string{"1": "Kyoto", "2": "LARGE", "3": "||Red||Blue||", "7": "Yes"}})
	require.Empty(t, res.Findings)
	require.Equal(t, contactmap.Filling{
		Roles:   map[string]map[string]string{"customer": {"city": "Kyoto", "newsletter": "true", "size": "large", "name": "Recipient"}},
		Prefill: map[docusign.DocumentID]map[string]string{"1": {"reference": "Red, Blue"}, "2": {"reference": "Red, Blue"}},
	}, got)
	_, res = run(contactmap.Contact{Fields: map[string]string{"2": "huge", "7": "perhaps"}})
	require.Len(t, res.Findings, 3, "a choice, a yes or no, and the name that the template requires")
	require.True(t, res.HasErrors())
}

func TestPrefillsThatAreRefused(t *testing.T) {
	t.Parallel()
	good := contactmap.TabRule{From: "City", Role: "customer", Label: "city"}
	for want, rules := range map[string][]contactmap.TabRule{
		`"Street", which contacts of this`: {{From: "Street", Role: "customer", Label: "city"}},
		`for the role "seller"`:            {{From: "City", Role: "seller", Label: "city"}},
		"for the sender":                   {{From: "City", Role: "", Label: "city"}},
		"fills a tab that another":         {good, good},
	} {
		_, err := contactmap.NewPrefill(template(), fields(), rules)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
}

// Whatever a person typed into a document, the map neither panics nor writes what
// the field does not take.
func TestMapTakesAnyText(t *testing.T) {
	t.Parallel()
	m, err := contactmap.New(contactmap.Config{Fields: fields(), Rules: append(contactmap.DefaultRules(),
		rule(contactmap.TabField("x"), "SIZE"), rule(contactmap.TabField("y"), "COLOURS"), rule(contactmap.TabField("z"), "DAY"))})
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		r := record()
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"small", "Red,Blue", "||Red||", "2026-02-30", ";,;"}))
		for _, label := range []string{"x", "y", "z"} {
			r.Facts.Tabs = append(r.Facts.Tabs, contactmap.Tab{Label: label, Value: text.Draw(t, label)})
		}
		var c contactmap.Contact
		m.Run(&r, &c)
		require.Contains(t, []string{"", "Small", "Large"}, c.Fields["2"])
		require.Contains(t, []string{"", "||Red||", "||Blue||", "||Red||Blue||", "||Blue||Red||", "||Red||Red||", "||Blue||Blue||"}, c.Fields["3"])
	})
}
