package conformance_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/internal/conformance"
)

const activeCampaignFile = "activecampaign-openapi.json"

// loadActiveCampaign loads the file once for all tests: it has 2 MB.
var loadActiveCampaign = sync.OnceValues(func() (*conformance.Spec, error) {
	return conformance.LoadActiveCampaign(filepath.Join(os.Getenv("COUNTERSIGN_SPECS"), activeCampaignFile))
})

func newActiveCampaign(t *testing.T) *conformance.Spec {
	t.Helper()
	specFile(t, activeCampaignFile) // skips or fails without the folder
	spec, err := loadActiveCampaign()
	require.NoError(t, err)
	return spec.Fresh()
}

// activeCampaignOperations are the committed list: what the client covers.
func activeCampaignOperations(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/activecampaign.operations.txt")
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// unlimited is a limiter that holds nothing back.
type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

// campaign is a client of a fake whose calls are checked both ways.
type campaign struct {
	t   *testing.T
	ctx context.Context
	srv *activecampaigntest.Server
	c   *activecampaign.Client
}

// had fails on an error and gives the value.
func had[T any](v T, err error) func(campaign) T {
	return func(g campaign) T {
		g.t.Helper()
		require.NoError(g.t, err)
		return v
	}
}

func (g campaign) must(errs ...error) {
	g.t.Helper()
	for _, err := range errs {
		require.NoError(g.t, err)
	}
}

// insideFile sends through the specification what the file has at all.
func insideFile(spec *conformance.Spec, base http.RoundTripper, outside map[string]int, mu *sync.Mutex) http.RoundTripper {
	through := spec.Transport(base)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		path := strings.TrimPrefix(r.URL.Path, "/api/3")
		for _, name := range conformance.ActiveCampaignOutside() {
			method, pattern, _ := strings.Cut(name, " ")
			if r.Method == method && sameShape(pattern, path) {
				mu.Lock()
				outside[name]++
				mu.Unlock()
				return base.RoundTrip(r)
			}
		}
		return through.RoundTrip(r)
	})
}

func sameShape(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") && g != "" })
}

func TestActiveCampaign(t *testing.T) {
	t.Parallel()
	spec := newActiveCampaign(t)
	require.NoError(t, spec.Narrow(activeCampaignOperations(t)))
	srv := activecampaigntest.NewServer(activecampaigntest.WithRateLimit(0), activecampaigntest.WithListLag(0), activecampaigntest.WithImportDelay(0))
	t.Cleanup(srv.Close)
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	outside, mu := map[string]int{}, new(sync.Mutex)
	actid, key := srv.Tracking()
	client, err := activecampaign.New(activecampaign.Config{
		APIKey: countersign.NewSecret(srv.APIKey()), Tracking: activecampaign.Tracking{AccountID: actid, EventKey: countersign.NewSecret(key)},
	}, countersign.WithBaseURL(srv.URL()), countersign.WithLimiter(unlimited{}), countersign.WithHTTPClient(&http.Client{Transport: insideFile(spec, base, outside, mu)}))
	require.NoError(t, err)
	g := campaign{t, t.Context(), srv, client}
	id := tourContacts(g)
	tourFields(g, id)
	tourTags(g, id)
	tourObjects(g, id)
	tourAutomations(g, id)
	tourEvents(g)
	tourImport(g)
	tourHooks(g)
	g.must(g.c.Contacts.Delete(g.ctx, id))
	require.Empty(t, spec.Violations())
	require.Equal(t, activeCampaignOperations(t), spec.Covered())
	fmt.Println(spec.Line())
	for _, name := range conformance.ActiveCampaignOutside() {
		require.Positive(t, outside[name], name)
		t.Log("outside the file:", name)
	}
}

func tourContacts(g campaign) activecampaign.ContactID {
	city := g.srv.AddField(activecampaigntest.Field{Title: "City"})
	s := g.c.Contacts
	in := activecampaign.ContactInput{
		Email: "robin@example.com", FirstName: new("Robin"), LastName: new("Roe"), Phone: new("+81 3"),
		Fields: []activecampaign.FieldInput{{Field: activecampaign.FieldID(city.ID), Value: "Kyoto"}},
	}
	first := had(s.Sync(g.ctx, in))(g)
	require.Equal(g.t, activecampaign.ContactCreated, first.Creation)
	require.Equal(g.t, activecampaign.ContactExisted, had(s.Sync(g.ctx, in))(g).Creation)
	in.Email = "sam@example.com"
	other := had(s.Create(g.ctx, in))(g)
	_, err := s.Create(g.ctx, in)
	require.ErrorIs(g.t, err, activecampaign.ErrDuplicate)
	had(s.Update(g.ctx, other.ID, activecampaign.ContactInput{FirstName: new("")}))(g)
	require.Equal(g.t, "Kyoto", string(had(s.Get(g.ctx, first.Contact.ID))(g).FieldValues[0].Value))
	had(s.FindByEmail(g.ctx, "ROBIN@example.com"))(g)
	day := countersign.DateOf(time.Now())
	list := had(s.List(g.ctx, activecampaign.ContactQuery{
		EmailLike: "example", Search: "example", CreatedAfter: day.AddDays(-3), CreatedBefore: day.AddDays(3), UpdatedAfter: day.AddDays(-3), UpdatedBefore: day.AddDays(3),
		Cursor: "1", Limit: 1,
	}))(g)
	require.Equal(g.t, other.ID, list.Items[0].ID)
	had(s.List(g.ctx, activecampaign.ContactQuery{TagID: "1", AutomationID: "1"}))(g)
	require.Len(g.t, had(s.FieldValues(g.ctx, first.Contact.ID))(g), 1)
	return first.Contact.ID
}

func tourFields(g campaign, contact activecampaign.ContactID) {
	s := g.c.Fields
	size := g.srv.AddField(activecampaigntest.Field{Title: "Size", Type: "dropdown", Options: []string{"S", "L"}, Lists: []string{"3"}})
	id := activecampaign.FieldID(size.ID)
	require.Len(g.t, had(s.List(g.ctx))(g), 2)
	require.Len(g.t, had(s.FindByTag(g.ctx, "SIZE"))(g).Options, 2)
	had(s.Relate(g.ctx, id, activecampaign.AllLists))(g)
	require.Contains(g.t, had(s.Get(g.ctx, id))(g).Lists, activecampaign.AllLists)
	v := had(s.SetValue(g.ctx, contact, id, "S"))(g)
	had(s.UpdateValue(g.ctx, v.ID, contact, id, "L"))(g)
	had(s.GetValue(g.ctx, v.ID))(g)
	require.Len(g.t, had(s.FindValues(g.ctx, activecampaign.ValueQuery{Field: id, Value: "L"}))(g).Items, 1)
	g.must(s.DeleteValue(g.ctx, v.ID))
}

func tourTags(g campaign, contact activecampaign.ContactID) {
	s := g.c.Tags
	t := had(s.Ensure(g.ctx, "docusign-integration", "by a program"))(g)
	had(s.Create(g.ctx, "docusign-integration", ""))(g)
	had(s.Update(g.ctx, t.ID, "docusign-integration", "by another"))(g)
	had(s.Get(g.ctx, t.ID))(g)
	had(s.List(g.ctx, activecampaign.TagQuery{StartsWith: "docusign"}))(g)
	had(s.List(g.ctx, activecampaign.TagQuery{Contains: "sign"}))(g)
	on := had(s.Apply(g.ctx, contact, t.ID))(g)
	require.Equal(g.t, on.ID, had(s.Apply(g.ctx, contact, t.ID))(g).ID)
	require.Len(g.t, had(g.c.Contacts.Tags(g.ctx, contact))(g), 1)
	g.must(s.Remove(g.ctx, on.ID), s.Remove(g.ctx, on.ID), s.Delete(g.ctx, t.ID))
}

func envelopeSchema(fields ...string) activecampaign.Schema {
	s := activecampaign.Schema{
		Slug: "docusign-envelope", Labels: activecampaign.Labels{Singular: "Envelope", Plural: "Envelopes"}, Description: "What was signed",
		Relationships: []activecampaign.Relationship{activecampaign.ToContact()},
	}
	for _, id := range fields {
		s.Fields = append(s.Fields, activecampaign.SchemaField{ID: id, Labels: activecampaign.Labels{Singular: id, Plural: id + "s"}, Type: activecampaign.SchemaText})
	}
	s.Fields[0].Description = "where it stands"
	return s
}

func tourObjects(g campaign, contact activecampaign.ContactID) {
	s := g.c.Schemas
	made := had(s.Ensure(g.ctx, envelopeSchema("status", "sender")))(g)
	_, err := s.Create(g.ctx, envelopeSchema("status"))
	require.ErrorIs(g.t, err, activecampaign.ErrDuplicate)
	wider := envelopeSchema("status", "sender", "pages")
	wider.Fields[2].Type, wider.Fields[2].Scale = activecampaign.SchemaNumber, new(activecampaign.Int(2))
	require.Equal(g.t, []string{"pages"}, had(s.Plan(g.ctx, wider))(g).Add)
	had(s.Ensure(g.ctx, wider))(g)
	schema := *had(s.Get(g.ctx, made.ID))(g)
	require.Len(g.t, schema.Fields, 3)

	r := g.c.Records
	in := activecampaign.RecordInput{ExternalID: "e:1", Contact: contact, Fields: []activecampaign.RecordField{
		{ID: "status", Value: "sent"}, {ID: "sender"}, {ID: "pages", Value: 2},
	}}
	had(r.Upsert(g.ctx, schema, in))(g)
	list := had(r.List(g.ctx, schema.ID, activecampaign.RecordQuery{Contact: contact}))(g)
	require.Len(g.t, list.Items, 1)
	had(r.Get(g.ctx, schema.ID, list.Items[0].ID))(g)
	had(r.GetByExternalID(g.ctx, schema.ID, "e:1"))(g)
	g.must(r.Delete(g.ctx, schema.ID, list.Items[0].ID))
	had(r.Upsert(g.ctx, schema, in))(g)
	g.must(r.DeleteByExternalID(g.ctx, schema.ID, "e:1"), s.DeleteField(g.ctx, schema.ID, "sender"), s.Delete(g.ctx, schema.ID))
}

func tourAutomations(g campaign, contact activecampaign.ContactID) {
	a := g.srv.AddAutomation(activecampaigntest.Automation{Name: "Welcome"})
	s := g.c.Automations
	require.True(g.t, had(s.List(g.ctx, activecampaign.PageQuery{}))(g).Items[0].Active())
	run := had(s.Enrol(g.ctx, contact, activecampaign.AutomationID(a.ID)))(g)
	had(s.Enrolments(g.ctx, activecampaign.PageQuery{}))(g)
	had(s.Enrolment(g.ctx, run.ID))(g)
	require.Len(g.t, had(g.c.Contacts.Enrolments(g.ctx, contact))(g), 1)
	had(g.c.Contacts.Get(g.ctx, contact))(g)
	g.must(s.Remove(g.ctx, run.ID))

	n := had(g.c.Notes.Create(g.ctx, contact, "signed"))(g)
	had(g.c.Notes.Get(g.ctx, n.ID))(g)
	had(g.c.Notes.Update(g.ctx, n.ID, contact, "signed twice"))(g)
	require.Len(g.t, had(g.c.Contacts.Notes(g.ctx, contact))(g), 1)
	g.must(g.c.Notes.Delete(g.ctx, n.ID))
}

func tourEvents(g campaign) {
	s := g.c.Events
	g.must(s.SetEnabled(g.ctx, true), s.Register(g.ctx, "signed"))
	require.True(g.t, had(s.Enabled(g.ctx))(g))
	require.Equal(g.t, []string{"signed"}, had(s.Names(g.ctx))(g))
	g.must(s.Track(g.ctx, activecampaign.TrackedEvent{Name: "signed", Email: "robin@example.com", Data: "e"}), s.Unregister(g.ctx, "signed"))
	had(g.c.Me(g.ctx))(g)
}

func tourImport(g campaign) {
	s := g.c.Import
	queued := had(s.Start(g.ctx, activecampaign.BulkImport{
		Contacts: []activecampaign.ImportContact{{
			Email: "i@example.com", FirstName: "I", LastName: "J", Phone: "1", Account: "Acme", Tags: []string{"old"},
			Fields: []activecampaign.ImportField{{Field: "1", Value: "Nara"}},
		}},
		Callback: &activecampaign.ImportCallback{URL: "https://hooks.example.com/", Post: true, Detail: true, Params: map[string]string{"a": "b"}, Headers: map[string]string{"c": "d"}},
	}))(g)
	require.Equal(g.t, activecampaign.ImportCompleted, had(s.Status(g.ctx, queued.BatchID))(g).State)
	had(s.Overview(g.ctx))(g)
}

func tourHooks(g campaign) {
	s := g.c.Webhooks
	in := activecampaign.Webhook{
		Name: "prefill", URL: "https://hooks.example.com/x", Events: []activecampaign.WebhookEvent{activecampaign.EventContactTagAdded},
		Sources: []activecampaign.Source{activecampaign.SourceAdmin}, List: "2",
	}
	made := had(s.Create(g.ctx, in))(g)
	had(s.Update(g.ctx, made.ID, in))(g)
	had(s.Get(g.ctx, made.ID))(g)
	require.Len(g.t, had(s.List(g.ctx, activecampaign.WebhookQuery{Name: in.Name, URL: in.URL}))(g).Items, 1)
	had(s.Events(g.ctx))(g)
	g.must(s.Delete(g.ctx, made.ID))
}

// TestActiveCampaignFindsMistakes: what the file does not name is found, in what is
// sent and in what is answered.
func TestActiveCampaignFindsMistakes(t *testing.T) {
	t.Parallel()
	const sync, good = "/api/3/contact/sync", `{"contact":{"email":"a@example.com"}}`
	for name, e := range map[string]struct {
		path, key, body, answer string
		status                  int
		found                   bool
	}{
		"good":                   {sync, "Api-Token", good, good, 201, false},
		"existing":               {sync, "Api-Token", good, good, 200, false},
		"misspelt member":        {sync, "Api-Token", `{"contact":{"email":"a@example.com","first_name":"A"}}`, good, 201, true},
		"missing member":         {sync, "Api-Token", `{"contact":{}}`, good, 201, true},
		"misspelt answer":        {sync, "Api-Token", good, `{"contact":{"mail":"a@example.com"}}`, 201, true},
		"wrong type":             {sync, "Api-Token", good, `{"contact":{"id":1}}`, 201, true},
		"unknown status":         {sync, "Api-Token", good, good, 202, true},
		"another header":         {sync, "Authorization", good, good, 201, true},
		"unknown query":          {sync + "?x=1", "Api-Token", good, good, 201, true},
		"contacts in the plural": {"/api/3/contacts/sync", "Api-Token", good, good, 201, true},
	} {
		spec := newActiveCampaign(t)
		base := roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: e.status, Header: http.Header{"Content-Type": {jsonKind}}, Body: io.NopCloser(strings.NewReader(e.answer)), Request: r,
			}, nil
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.com"+e.path, strings.NewReader(e.body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", jsonKind)
		req.Header.Set(e.key, "k")
		res, err := spec.Transport(base).RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, e.found, len(spec.Violations()) > 0, "%s: %q", name, spec.Violations())
	}
}

// TestEditsCite: a line whose citation the file does not contain is an error.
func TestEditsCite(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]conformance.Edit{
		"another text": {Set: "/info/x", Value: `1`, At: "/info/title", Cites: "V9"},
		"no text":      {Set: "/info/x", Value: `1`, At: "/info/title"},
		"no place":     {Set: "/nowhere/x", Value: `1`, At: "/info/title", Cites: "V3"},
		"no value":     {Set: "/info/x", Copy: "/info/none", At: "/info/title", Cites: "V3"},
	} {
		_, err := conformance.Edited([]byte(`{"info":{"title":"V3"}}`), []conformance.Edit{e})
		require.Error(t, err, name)
	}
	out, err := conformance.Edited([]byte(`{"info":{"title":"V3"}}`), []conformance.Edit{
		{Set: "/info/list/-", Value: `1`, At: "/info/title", Cites: "V3"}, {Set: "/info/list/-", Copy: "/info/title", Page: "a page"},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"info":{"title":"V3","list":[1,"V3"]}}`, string(out))
}
