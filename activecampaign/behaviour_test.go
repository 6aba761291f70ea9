package activecampaign_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/stretchr/testify/require"
)

// TestContactsKeepWhatIsNotSaid: absent members stay, empty ones are cleared.
func TestContactsKeepWhatIsNotSaid(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	field := srv.AddField(activecampaigntest.Field{Title: "City"})
	in := activecampaign.ContactInput{
		Email: "robin@example.com", FirstName: new("Robin"), Phone: new("+81 3"),
		Fields: []activecampaign.FieldInput{{Field: activecampaign.FieldID(field.ID), Value: "Kyoto"}, {Field: "99", Value: "lost"}},
	}
	first, err := c.Contacts.Sync(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, activecampaign.ContactCreated, first.Creation)
	require.Len(t, first.FieldValues, 1, "the unknown field was ignored without a word")

	second, err := c.Contacts.Sync(t.Context(), activecampaign.ContactInput{Email: "ROBIN@example.com", Phone: new("")})
	require.NoError(t, err)
	require.Equal(t, activecampaign.ContactExisted, second.Creation)
	got, _ := srv.Contact("robin@example.com")
	require.Equal(t, []string{"Robin", "", "Kyoto"}, []string{got.FirstName, got.Phone, got.Fields[field.ID]})
	_, err = c.Contacts.FindByEmail(t.Context(), "sam@example.com")
	require.ErrorIs(t, err, countersign.ErrNotFound)
	_, err = c.Fields.SetValue(t.Context(), first.Contact.ID, "99", "x")
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

// TestTagsAreFoundByTheirWholeName: the base tag's name begins every other tag's.
func TestTagsAreFoundByTheirWholeName(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	srv.AddTag("docusign-integration-DocuSign_Envelope_Sent", "contact")
	srv.AddTag("docusign-integration template", "template")
	_, err := c.Tags.Find(t.Context(), "docusign-integration")
	require.ErrorIs(t, err, countersign.ErrNotFound)
	made, err := c.Tags.Ensure(t.Context(), "docusign-integration", "")
	require.NoError(t, err)
	again, err := c.Tags.Ensure(t.Context(), "docusign-integration", "other")
	require.NoError(t, err)
	require.Equal(t, made, again)
	folded, err := c.Tags.Find(t.Context(), "DocuSign-Integration")
	require.NoError(t, err)
	require.Equal(t, made.ID, folded.ID, "one that differs in case alone is taken where no other is there")
}

// TestEnsureAfterALostAnswer: the tag was made, and its answer got lost.
func TestEnsureAfterALostAnswer(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	srv.Faults().Add(countersigntest.Rule{Operation: "POST /tags", Fault: countersigntest.LoseAnswer(), Next: 1})
	made, err := c.Tags.Ensure(t.Context(), "signed", "")
	require.NoError(t, err)
	require.Equal(t, "signed", made.Name)
	require.EqualValues(t, 1, srv.Log().Tally("POST /tags").Requests)

	srv.Faults().Add(countersigntest.Rule{Operation: "POST /tags", Fault: countersigntest.Status(500), Next: 1})
	_, err = c.Tags.Ensure(t.Context(), "lost", "")
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown, "nothing was made")
}

func TestTagResolver(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	id := activecampaign.ContactID(srv.AddContact("robin@example.com"))
	r := c.Tags.Resolver()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := r.ID(t.Context(), "signed")
			require.NoError(t, err)
		})
	}
	all.Wait()
	require.EqualValues(t, 1, srv.Log().Tally("GET /tags").Requests, "one looked for all")
	first, err := r.Apply(t.Context(), id, "signed")
	require.NoError(t, err)
	again, err := r.Apply(t.Context(), id, "signed")
	require.NoError(t, err)
	require.Equal(t, first, again, "applying it again changes nothing")
	require.EqualValues(t, 1, srv.Log().Tally("GET /tags").Requests)

	require.NoError(t, c.Tags.Delete(t.Context(), first.Tag))
	_, err = r.Apply(t.Context(), id, "signed")
	require.NoError(t, err, "a tag that was deleted meanwhile is made anew")
	require.Equal(t, []string{"signed"}, srv.Tags("robin@example.com"))
	_, err = r.Apply(t.Context(), "999", "signed")
	require.ErrorIs(t, err, countersign.ErrNotFound, "the contact is missing, not the tag")
	_, err = r.Apply(t.Context(), "x", "signed")
	_ = configError(t, err)

	there, err := c.Tags.RemoveFrom(t.Context(), id, "2")
	require.NoError(t, err)
	require.True(t, there)
	there, err = c.Tags.RemoveFrom(t.Context(), id, "2")
	require.NoError(t, err)
	require.False(t, there)
	require.Empty(t, srv.Tags("robin@example.com"))
}

func fieldOf(id string, kind activecampaign.SchemaFieldType, options ...string) activecampaign.SchemaField {
	f := activecampaign.SchemaField{ID: id, Type: kind, Labels: activecampaign.Labels{Singular: id, Plural: id + "s"}}
	for _, o := range options {
		f.Options = append(f.Options, activecampaign.SchemaOption{Value: o})
	}
	return f
}

func envelope(fields ...activecampaign.SchemaField) activecampaign.Schema {
	return activecampaign.Schema{
		Slug: "envelope", Labels: activecampaign.Labels{Singular: "Envelope", Plural: "Envelopes"}, Fields: fields,
		Relationships: []activecampaign.Relationship{activecampaign.ToContact()},
	}
}

func TestSchemasGrow(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	s := c.Schemas
	small := envelope(fieldOf("status", activecampaign.SchemaText))
	plan, err := s.Plan(t.Context(), small)
	require.NoError(t, err)
	require.Nil(t, plan.Found)
	require.Equal(t, []string{"status"}, plan.Add)
	require.False(t, plan.Nothing())
	require.Zero(t, srv.Log().Tally("POST /customObjects/schemas").Requests, "a plan writes nothing")

	made, err := s.Ensure(t.Context(), small)
	require.NoError(t, err)
	again, err := s.Ensure(t.Context(), small)
	require.NoError(t, err)
	require.Equal(t, made.ID, again.ID)
	require.Zero(t, srv.Log().Tally("PUT /customObjects/schemas/{schemaId}").Requests)

	wide := envelope(fieldOf("sent-at", activecampaign.SchemaDatetime))
	plan, err = s.Plan(t.Context(), wide)
	require.NoError(t, err)
	require.Equal(t, []string{"sent-at"}, plan.Add)
	kept, err := s.Get(t.Context(), made.ID)
	require.NoError(t, err)
	require.Len(t, kept.Fields, 1, "the validation wrote nothing")
	grown, err := s.Ensure(t.Context(), wide)
	require.NoError(t, err)
	require.Len(t, grown.Fields, 2, "what was there stays")

	_, err = s.Ensure(t.Context(), envelope(fieldOf("sent_at", activecampaign.SchemaText)))
	require.ErrorIs(t, err, countersign.ErrConflict, "it is the same field with another type")
	require.NoError(t, s.DeleteField(t.Context(), made.ID, "sent-at"))
	_, err = s.Plan(t.Context(), wide)
	require.ErrorIs(t, err, countersign.ErrConflict, "its id is not free yet")
	_, err = s.Ensure(t.Context(), envelope(fieldOf("status", activecampaign.SchemaText), fieldOf("subject", activecampaign.SchemaText)))
	require.NoError(t, err, "a field that is marked for deletion does not hold others up")
}

func TestSchemasThatCannotBe(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	srv.AddAppSchema("app-envelope")
	app := envelope(fieldOf("status", activecampaign.SchemaText))
	app.Slug = "app-envelope"
	_, err := c.Schemas.Ensure(t.Context(), app)
	require.ErrorIs(t, err, countersign.ErrConflict, "an app's schema is not written")

	for _, status := range []int{0, 402, 404} {
		_, poor := account(t, activecampaigntest.WithoutCustomObjects(status))
		_, err := poor.Schemas.Ensure(t.Context(), envelope(fieldOf("status", activecampaign.SchemaText)))
		require.ErrorIs(t, err, activecampaign.ErrCustomObjectsUnavailable, status)
		require.ErrorIs(t, err, countersign.ErrForbidden, status)
	}
	text := activecampaign.SchemaText
	twice := fieldOf("b", text)
	twice.Labels.Singular = "A"
	for name, bad := range map[string]activecampaign.Schema{
		"no fields": envelope(), "same id": envelope(fieldOf("a-b", text), fieldOf("a_b", text)), "same label": envelope(fieldOf("a", text), twice),
		"odd id": envelope(fieldOf("a b", text)), "no type": envelope(fieldOf("a", "")), "no label": envelope(activecampaign.SchemaField{ID: "a", Type: text}),
		"odd slug": {Slug: "A", Labels: activecampaign.Labels{Singular: "a", Plural: "b"}, Fields: []activecampaign.SchemaField{fieldOf("a", text)}},
		"no name":  {Slug: "a", Fields: []activecampaign.SchemaField{fieldOf("a", text)}},
	} {
		_, err := c.Schemas.Create(t.Context(), bad)
		_ = configError(t, err)
		_, err = c.Schemas.Plan(t.Context(), bad)
		_ = configError(t, err)
		_, err = c.Schemas.Update(t.Context(), "1", bad)
		require.Error(t, err, name)
	}
	require.Zero(t, srv.Log().Tally("POST /customObjects/schemas").Requests)
}

// TestSchemaMadeMeanwhile: another process made it, or this one did and the answer
// got lost.
func TestSchemaMadeMeanwhile(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	srv.Faults().Add(countersigntest.Rule{Operation: "POST /customObjects/schemas", Fault: countersigntest.LoseAnswer(), Next: 1})
	made, err := c.Schemas.Ensure(t.Context(), envelope(fieldOf("status", activecampaign.SchemaText)))
	require.NoError(t, err)
	require.NotEmpty(t, made.ID)
	require.EqualValues(t, 1, srv.Log().Tally("POST /customObjects/schemas").Requests)
}

func TestRecordsAreWrittenWhole(t *testing.T) {
	t.Parallel()
	clock := countersigntest.NewClock(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	srv, c := account(t, activecampaigntest.WithClock(clock))
	schema, err := c.Schemas.Ensure(t.Context(), envelope(
		fieldOf("status", activecampaign.SchemaDropdown, "Sent", "Completed"), fieldOf("pages", activecampaign.SchemaNumber), fieldOf("tags", activecampaign.SchemaMultiselect, "a", "b"),
	))
	require.NoError(t, err)
	contact := activecampaign.ContactID(srv.AddContact("robin@example.com"))
	field := func(id string, v any) activecampaign.RecordField { return activecampaign.RecordField{ID: id, Value: v} }
	put := func(fields ...activecampaign.RecordField) (*activecampaign.Record, error) {
		return c.Records.Upsert(t.Context(), *schema, activecampaign.RecordInput{ExternalID: "e:1", Contact: contact, Fields: fields})
	}
	made, err := put(field("status", "Sent"), field("pages", 3), field("tags", []string{"a", "b"}))
	require.NoError(t, err)
	require.Empty(t, made.ID, "the answer may lack the id")
	require.Equal(t, "e:1", made.ExternalID)
	require.Equal(t, []activecampaign.ContactID{contact}, made.Contacts())
	require.Equal(t, "3", made.Value("pages"))
	require.Empty(t, made.Value("tags"))

	for name, fields := range map[string][]activecampaign.RecordField{
		"partial": {field("status", "Sent")}, "unknown": {field("status", "Sent"), field("pages", 1), field("tags", nil), field("x", 1)},
		"twice": {field("status", "Sent"), field("pages", 1), field("tags", nil), field("pages", 2)},
	} {
		_, err := put(fields...)
		require.Equal(t, "Fields", configError(t, err).Field, name)
	}
	_, err = put(field("status", "Signed"), field("pages", 3), field("tags", nil))
	require.ErrorIs(t, err, countersign.ErrInvalid, "no such option")
	_, err = put(field("status", "Completed"), field("pages", nil), field("tags", nil))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"status": "Completed"}, srv.Records("envelope")[0].Values, "nil cleared the others")
	require.Len(t, srv.Records("envelope"), 1)

	list, err := c.Records.List(t.Context(), schema.ID, activecampaign.RecordQuery{Contact: contact})
	require.NoError(t, err)
	require.Empty(t, list.Items, "a listing lags")
	clock.Advance(time.Minute)
	list, err = c.Records.List(t.Context(), schema.ID, activecampaign.RecordQuery{Contact: contact})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	for r, err := range c.Records.All(t.Context(), schema.ID, activecampaign.RecordQuery{}) {
		require.NoError(t, err)
		require.NoError(t, c.Records.Delete(t.Context(), schema.ID, r.ID))
		require.NoError(t, c.Records.Delete(t.Context(), schema.ID, r.ID), "one that is gone is no error")
	}
}

// TestGetByExternalID: where the path is refused, the listing is asked.
func TestGetByExternalID(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]activecampaigntest.Option{
		"the path is there": nil, "it is not": {activecampaigntest.WithoutExternalGet(), activecampaigntest.WithListLag(0)},
	} {
		srv, c := account(t, opts...)
		schema, err := c.Schemas.Ensure(t.Context(), envelope(fieldOf("status", activecampaign.SchemaText)))
		require.NoError(t, err)
		in := activecampaign.RecordInput{
			ExternalID: "e/1:2", Contact: activecampaign.ContactID(srv.AddContact("a@example.com")), Fields: []activecampaign.RecordField{{ID: "status", Value: "Sent"}},
		}
		_, err = c.Records.Upsert(t.Context(), *schema, in)
		require.NoError(t, err)
		got, err := c.Records.GetByExternalID(t.Context(), schema.ID, "e/1:2")
		require.NoError(t, err, name)
		require.Equal(t, "Sent", got.Value("status"))
		_, err = c.Records.GetByExternalID(t.Context(), schema.ID, "e/1:3")
		require.ErrorIs(t, err, countersign.ErrNotFound, name)
		srv.Faults().Add(countersigntest.Rule{Fault: countersigntest.Status(500)})
		_, err = c.Records.GetByExternalID(t.Context(), schema.ID, "e/1:2")
		require.ErrorIs(t, err, countersign.ErrUnavailable, name)
	}
}

func TestFieldValues(t *testing.T) {
	t.Parallel()
	options := []activecampaign.FieldOption{{Value: "S"}, {Value: "L"}}
	for _, c := range []struct {
		kind activecampaign.FieldType
		fine string
		bad  string
	}{
		{activecampaign.FieldNumber, "-1.5", "many"}, {activecampaign.FieldDate, "2026-04-30", "30.4.2026"},
		{activecampaign.FieldDatetime, "2026-04-30T12:00:00+09:00", "2026-04-30"}, {activecampaign.FieldDropdown, "S", "s"}, {activecampaign.FieldRadio, "L", "||L||"},
		{activecampaign.FieldCheckbox, "||S||L||", "S"}, {activecampaign.FieldListbox, "||L||", "||M||"},
	} {
		f := activecampaign.Field{Title: "T", Type: c.kind, Options: options}
		require.NoError(t, f.Check(c.fine), c.kind)
		require.NoError(t, f.Check(""), c.kind)
		require.NotContains(t, configError(t, f.Check(c.bad)).Error(), c.bad+"\"", c.kind)
	}
	for _, kind := range []activecampaign.FieldType{activecampaign.FieldText, activecampaign.FieldTextarea, activecampaign.FieldHidden, "new"} {
		require.NoError(t, activecampaign.Field{Type: kind}.Check("anything || at all"))
	}
	joined, err := activecampaign.JoinOptions([]string{"S", "L"})
	require.NoError(t, err)
	require.Equal(t, "||S||L||", joined)
	require.Equal(t, []string{"S", "L"}, activecampaign.SplitOptions(joined))
	require.Equal(t, []string{"S"}, activecampaign.SplitOptions("S"))
	none, err := activecampaign.JoinOptions(nil)
	require.NoError(t, err)
	require.Empty(t, none)
	require.Empty(t, activecampaign.SplitOptions(none))
	for _, bad := range []string{"", "a||b", "|a", "a|"} {
		_, err := activecampaign.JoinOptions([]string{bad})
		_ = configError(t, err)
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	clock := countersigntest.NewClock(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	srv, c := account(t, activecampaigntest.WithClock(clock))
	automation := srv.AddAutomation(activecampaigntest.Automation{Name: "Welcome", StartsAtTag: "old"})
	field := srv.AddField(activecampaigntest.Field{Title: "City"})
	srv.Exclude("b@example.com")
	in := activecampaign.BulkImport{Contacts: []activecampaign.ImportContact{
		{Email: "a@example.com", Tags: []string{"old"}, Fields: []activecampaign.ImportField{{Field: activecampaign.FieldID(field.ID), Value: "Nara"}}}, {Email: "b@example.com"},
	}}
	queued, err := c.Import.Start(t.Context(), in)
	require.NoError(t, err)
	state := func() *activecampaign.ImportStatus {
		s, err := c.Import.Status(t.Context(), queued.BatchID)
		require.NoError(t, err)
		return s
	}
	require.Equal(t, activecampaign.ImportWaiting, state().State, "false, in the first second")
	clock.Advance(time.Second)
	require.Equal(t, activecampaign.ImportActive, state().State)
	require.False(t, state().State.Ended())
	clock.Advance(time.Second)
	require.True(t, state().State.Ended())
	require.Equal(t, []string{"b@example.com"}, state().Failed)
	got, _ := srv.Contact("a@example.com")
	require.Equal(t, []string{"old"}, got.Tags)
	require.Equal(t, "Nara", got.Fields[field.ID])
	require.Empty(t, srv.Enrolments(), "automations do not run unless the program says so")

	in.Contacts[0].Email, in.RunAutomations = "c@example.com", true
	_, err = c.Import.Start(t.Context(), in)
	require.NoError(t, err)
	clock.Advance(time.Minute)
	require.Equal(t, automation.ID, srv.Enrolments()[0].Automation)

	_, err = c.Import.Start(t.Context(), activecampaign.BulkImport{Contacts: []activecampaign.ImportContact{{Email: "d@example.com"}, {Email: "a@b"}}})
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Equal(t, "contacts[1]", apiError(t, err).Fields[0].Name, "one bad contact has the batch refused")
	_, there := srv.Contact("d@example.com")
	require.False(t, there)
}

func TestSplitImport(t *testing.T) {
	t.Parallel()
	var contacts []activecampaign.ImportContact
	for i := range 600 {
		contacts = append(contacts, activecampaign.ImportContact{Email: fmt.Sprintf("a%d@example.com", i), FirstName: strings.Repeat("x", 10*i)})
	}
	batches, err := activecampaign.SplitImport(contacts)
	require.NoError(t, err)
	var all []activecampaign.ImportContact
	_, c := account(t)
	for _, b := range batches {
		require.LessOrEqual(t, len(b), activecampaign.MaxImportContacts)
		_, err := c.Import.Start(t.Context(), activecampaign.BulkImport{Contacts: b})
		require.NoError(t, err)
		all = append(all, b...)
	}
	require.Equal(t, contacts, all)
	none, err := activecampaign.SplitImport(nil)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = activecampaign.SplitImport([]activecampaign.ImportContact{{Email: "a@example.com", FirstName: strings.Repeat("x", activecampaign.MaxImportBytes)}})
	_ = configError(t, err)
}

// TestAnnouncedPauseIsKept: a 429 holds back every client of the account.
func TestAnnouncedPauseIsKept(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1, MaxDelay: time.Second}))
	mt.RegisterNoResponder(answer(429, `{}`, "Retry-After", "3600"))
	_, err := c.Me(t.Context())
	require.Equal(t, time.Hour, apiError(t, err).RetryAfter)
	_, err = c.Me(t.Context())
	require.ErrorIs(t, err, countersign.ErrRateLimited)
	require.Greater(t, apiError(t, err).RetryAfter, 59*time.Minute)
	require.Equal(t, 1, mt.GetTotalCallCount(), "the second was not sent")
}
