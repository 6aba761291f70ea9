package activecampaign_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	key := countersign.NewSecret(apiKey)
	for field, cfg := range map[string]activecampaign.Config{
		"BaseURL empty":    {APIKey: key},
		"BaseURL name":     {APIKey: key, BaseURL: "acme"},
		"BaseURL http":     {APIKey: key, BaseURL: "http://acme.api-us1.com"},
		"BaseURL user":     {APIKey: key, BaseURL: "https://a:b@acme.api-us1.com"},
		"BaseURL query":    {APIKey: key, BaseURL: "https://acme.api-us1.com?x=1"},
		"APIKey empty":     {BaseURL: "https://acme.api-us1.com"},
		"APIKey with line": {BaseURL: "https://acme.api-us1.com", APIKey: countersign.NewSecret(apiKey + "\n")},
	} {
		_, err := activecampaign.New(cfg)
		bad := configError(t, err)
		require.Equal(t, strings.Fields(field)[0], bad.Field, field)
		require.NotContains(t, err.Error(), apiKey)
	}
	_, err := activecampaign.New(config(), countersign.WithTimeout(-1))
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

// TestAddresses: the address is taken as ActiveCampaign shows it and as people
// copy it.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://acme.api-us1.com", "https://acme.api-us1.com/", " https://acme.api-us1.com/api/3 ", "https://acme.api-us1.com/api/3/"} {
		mt := httpmock.NewMockTransport()
		mt.RegisterResponder("GET", base+"/users/me", answer(200, `{"user":{"id":"1"}}`))
		c, err := activecampaign.New(
			activecampaign.Config{BaseURL: address, APIKey: countersign.NewSecret(apiKey)},
			countersign.WithHTTPClient(&http.Client{Transport: mt}), countersign.WithLimiter(free{}),
		)
		require.NoError(t, err, address)
		_, err = c.Me(t.Context())
		require.NoError(t, err, address)
	}
	for _, step := range activecampaign.ConnectSteps() {
		require.NotContains(t, step, "http", "no page of the vendor has a published address")
	}
}

func TestCreation(t *testing.T) {
	t.Parallel()
	const same, later = `"cdate":"2026-04-14T10:03:23-05:00","udate":"2026-04-14T10:03:23-05:00"`, `"cdate":"2026-04-14T10:03:23-05:00","udate":"2026-04-14T10:03:24-05:00"`
	for _, c := range []struct {
		status int
		times  string
		want   activecampaign.Creation
	}{
		{201, same, activecampaign.ContactCreated},
		{201, later, activecampaign.ContactExisted},
		{200, same, activecampaign.ContactExisted},
		{201, `"cdate":"0000-00-00"`, activecampaign.CreationUnknown},
		{202, same, activecampaign.CreationUnknown},
	} {
		client, mt := mocked(t)
		mt.RegisterResponder("POST", base+"/contact/sync", answer(c.status, `{"contact":{"id":"1",`+c.times+`}}`))
		var meta countersign.Meta
		got, err := client.Contacts.Sync(t.Context(), activecampaign.ContactInput{Email: "a@example.com"}, countersign.WithMeta(&meta))
		require.NoError(t, err)
		require.Equal(t, c.want, got.Creation, "%d %s", c.status, c.times)
		require.Equal(t, c.status, meta.StatusCode, "the caller's own Meta is filled in too")
	}
	require.Equal(t, []string{"unknown", "created", "existed", "unknown"}, []string{
		activecampaign.CreationUnknown.String(), activecampaign.ContactCreated.String(), activecampaign.ContactExisted.String(), activecampaign.Creation(9).String(),
	})
}

// TestMistakesAreFoundBeforeSending: each is a *countersign.ConfigError that names
// the field, and nothing goes out.
func TestMistakesAreFoundBeforeSending(t *testing.T) {
	t.Parallel()
	for i, m := range slices.Concat(readMistakes(), writeMistakes(), bodyMistakes()) {
		c, mt := mocked(t)
		_, err := m.call(t.Context(), c)
		require.Equal(t, m.field, configError(t, err).Field, i)
		require.Zero(t, mt.GetTotalCallCount(), m.field)
	}
}

// mistake is a call that names the field in which it is wrong.
type mistake struct {
	field string
	call  func(ctx, cl) (any, error)
}

func readMistakes() []mistake {
	return []mistake{
		{"Email", func(x ctx, c cl) (any, error) { return c.Contacts.Sync(x, activecampaign.ContactInput{}) }},
		{"Email", func(x ctx, c cl) (any, error) {
			return c.Contacts.Create(x, activecampaign.ContactInput{Email: "a b@c"})
		}},
		{"Email", func(x ctx, c cl) (any, error) {
			return c.Contacts.Update(x, "1", activecampaign.ContactInput{Email: "@"})
		}},
		{"email", func(x ctx, c cl) (any, error) { return c.Contacts.FindByEmail(x, "") }},
		{"Fields.Field", func(x ctx, c cl) (any, error) {
			return c.Contacts.Sync(x, activecampaign.ContactInput{Email: "a@b.c", Fields: []activecampaign.FieldInput{{Field: "%CITY%"}}})
		}},
		{"Limit", func(x ctx, c cl) (any, error) { return c.Contacts.List(x, activecampaign.ContactQuery{Limit: 101}) }},
		{"Cursor", func(x ctx, c cl) (any, error) { return c.Contacts.List(x, activecampaign.ContactQuery{Cursor: "x"}) }},
		{"Cursor", func(x ctx, c cl) (any, error) { return c.Automations.List(x, activecampaign.PageQuery{Cursor: "-1"}) }},
		{"Limit", func(x ctx, c cl) (any, error) {
			return c.Tags.List(x, activecampaign.TagQuery{PageQuery: activecampaign.PageQuery{Limit: -1}})
		}},
		{"tag", func(x ctx, c cl) (any, error) { return c.Fields.FindByTag(x, "") }},
		{"field", func(x ctx, c cl) (any, error) { return c.Fields.Relate(x, "x", "0") }},
		{"list", func(x ctx, c cl) (any, error) { return c.Fields.Relate(x, "1", "") }},
		{"name", func(x ctx, c cl) (any, error) { return c.Tags.Ensure(x, "", "") }},
		{"name", func(x ctx, c cl) (any, error) { return c.Tags.Create(x, "", "") }},
	}
}

func writeMistakes() []mistake {
	return []mistake{
		{"name", func(x ctx, c cl) (any, error) { return c.Tags.Update(x, "1", "", "") }},
		{"contact", func(x ctx, c cl) (any, error) { return c.Tags.Apply(x, "x", "1") }},
		{"tag", func(x ctx, c cl) (any, error) { return c.Tags.Apply(x, "1", "signed") }},
		{"contact", func(x ctx, c cl) (any, error) { return c.Automations.Enrol(x, "", "1") }},
		{"automation", func(x ctx, c cl) (any, error) { return c.Automations.Enrol(x, "1", "") }},
		{"text", func(x ctx, c cl) (any, error) { return c.Notes.Create(x, "1", "") }},
		{"contact", func(x ctx, c cl) (any, error) { return c.Notes.Update(x, "1", "x", "n") }},
		{"Name", func(x ctx, c cl) (any, error) {
			return none(c.Events.Track(x, activecampaign.TrackedEvent{Email: "a@b.c"}))
		}},
		{"Name", func(x ctx, c cl) (any, error) {
			return none(c.Events.Track(x, activecampaign.TrackedEvent{Name: strings.Repeat("é", 33), Email: "a@b.c"}))
		}},
		{"Email", func(x ctx, c cl) (any, error) { return none(c.Events.Track(x, activecampaign.TrackedEvent{Name: "n"})) }},
		{"name", func(x ctx, c cl) (any, error) { return none(c.Events.Register(x, strings.Repeat("x", 33))) }},
		{"name", func(x ctx, c cl) (any, error) { return none(c.Events.Register(x, "")) }},
	}
}

func bodyMistakes() []mistake {
	many := make([]activecampaign.ImportContact, 251)
	for i := range many {
		many[i].Email = fmt.Sprintf("a%d@example.com", i)
	}
	large := []activecampaign.ImportContact{{Email: "a@example.com", FirstName: strings.Repeat("x", activecampaign.MaxImportBytes)}}
	odd := []activecampaign.ImportContact{{Email: "a@b.c", Fields: []activecampaign.ImportField{{Field: "x"}}}}
	hook := activecampaign.Webhook{Name: "n", URL: "https://a.example/", Events: []activecampaign.WebhookEvent{"update"}, Sources: []activecampaign.Source{"api"}}
	changed := func(change func(*activecampaign.Webhook)) activecampaign.Webhook {
		h := hook
		change(&h)
		return h
	}
	return []mistake{
		{"Contacts", func(x ctx, c cl) (any, error) { return c.Import.Start(x, activecampaign.BulkImport{}) }},
		{"Contacts", func(x ctx, c cl) (any, error) { return c.Import.Start(x, activecampaign.BulkImport{Contacts: many}) }},
		{"Contacts", func(x ctx, c cl) (any, error) { return c.Import.Start(x, activecampaign.BulkImport{Contacts: large}) }},
		{"Contacts.Email", func(x ctx, c cl) (any, error) {
			return c.Import.Start(x, activecampaign.BulkImport{Contacts: []activecampaign.ImportContact{{}}})
		}},
		{"Contacts.Fields.Field", func(x ctx, c cl) (any, error) { return c.Import.Start(x, activecampaign.BulkImport{Contacts: odd}) }},
		{"batch", func(x ctx, c cl) (any, error) { return c.Import.Status(x, "") }},
		{"URL", func(x ctx, c cl) (any, error) {
			return c.Webhooks.Create(x, changed(func(h *activecampaign.Webhook) { h.URL = "http://a.example/" }))
		}},
		{"URL", func(x ctx, c cl) (any, error) {
			return c.Webhooks.Update(x, "1", changed(func(h *activecampaign.Webhook) { h.URL = "https://a.example:8443/" }))
		}},
		{"Name", func(x ctx, c cl) (any, error) {
			return c.Webhooks.Create(x, changed(func(h *activecampaign.Webhook) { h.Name = "" }))
		}},
		{"Events", func(x ctx, c cl) (any, error) {
			return c.Webhooks.Create(x, changed(func(h *activecampaign.Webhook) { h.Events = nil }))
		}},
		{"Sources", func(x ctx, c cl) (any, error) {
			return c.Webhooks.Create(x, changed(func(h *activecampaign.Webhook) { h.Sources = nil }))
		}},
		{"List", func(x ctx, c cl) (any, error) {
			return c.Webhooks.Create(x, changed(func(h *activecampaign.Webhook) { h.List = "x" }))
		}},
		{"ExternalID", func(x ctx, c cl) (any, error) {
			return c.Records.Upsert(x, theSchema(), activecampaign.RecordInput{Contact: "1"})
		}},
		{"Contact", func(x ctx, c cl) (any, error) {
			return c.Records.Upsert(x, theSchema(), activecampaign.RecordInput{ExternalID: "e"})
		}},
		{"id", func(x ctx, c cl) (any, error) { return c.Contacts.Get(x, "..") }},
		{"id", func(x ctx, c cl) (any, error) { return none(c.Contacts.Delete(x, "")) }},
	}
}

// TestAllContacts: the cursor is the last id, a page that is short is the last one,
// and ids that do not rise end the listing.
func TestAllContacts(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	for i := range 7 {
		srv.AddContact(fmt.Sprintf("a%d@example.com", i))
	}
	var ids []activecampaign.ContactID
	for p, err := range c.Contacts.All(t.Context(), activecampaign.ContactQuery{Limit: 3}) {
		require.NoError(t, err)
		ids = append(ids, p.ID)
	}
	require.Equal(t, []activecampaign.ContactID{"1", "2", "3", "4", "5", "6", "7"}, ids)
	require.EqualValues(t, 3, srv.Log().Tally("GET /contacts").Requests)
	for _, err := range c.Contacts.All(t.Context(), activecampaign.ContactQuery{Limit: 3}) {
		require.NoError(t, err)
		break
	}
	require.EqualValues(t, 4, srv.Log().Tally("GET /contacts").Requests, "who stops early asks no more")

	for _, id := range []string{"9", "10", "x", ""} {
		stuck, mt := mocked(t)
		mt.RegisterNoResponder(answer(200, `{"contacts":[{"id":"`+id+`"}]}`))
		n := 0
		for _, err := range stuck.Contacts.All(t.Context(), activecampaign.ContactQuery{Cursor: "10", Limit: 1}) {
			require.Error(t, err)
			n++
		}
		require.Equal(t, 1, n, id)
	}
}

func TestAllByOffset(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	for i := range 250 {
		srv.AddTag(fmt.Sprintf("tag %d", i), "contact")
	}
	n := 0
	for _, err := range c.Tags.All(t.Context(), activecampaign.TagQuery{}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 250, n)
	require.EqualValues(t, 3, srv.Log().Tally("GET /tags").Requests)
	for i := range 101 {
		srv.AddAutomation(activecampaigntest.Automation{Name: fmt.Sprint(i), Inactive: i > 0})
	}
	active := 0
	for a, err := range c.Automations.All(t.Context()) {
		require.NoError(t, err)
		if a.Active() {
			active++
		}
	}
	require.Equal(t, 1, active)
	for _, err := range c.Webhooks.All(t.Context(), activecampaign.WebhookQuery{}) {
		require.NoError(t, err)
		require.Fail(t, "there is none")
	}
	srv.Faults().Add(countersigntest.Rule{Operation: "GET /tags", Fault: countersigntest.Status(500)})
	for _, err := range c.Tags.All(t.Context(), activecampaign.TagQuery{}) {
		require.ErrorIs(t, err, countersign.ErrUnavailable)
	}
}

// TestPagesThatRepeat: a listing that ignores its offset and has no total would never
// end.
func TestPagesThatRepeat(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	mt.RegisterNoResponder(answer(200, `{"fields":[`+strings.Repeat(`{"id":"1","title":"City"},`, 99)+`{"id":"2"}]}`))
	n := 0
	for _, err := range c.Fields.All(t.Context()) {
		if n++; err != nil || n > 500 {
			_, ok := errors.AsType[*countersign.DecodeError](err)
			require.True(t, ok, "%d: %v", n, err)
		}
	}
	require.Equal(t, 101, n)
	require.Equal(t, 2, mt.GetTotalCallCount())
}

func TestTrack(t *testing.T) {
	t.Parallel()
	event := activecampaign.TrackedEvent{Name: "signed", Email: "a@example.com"}
	for body, want := range map[string]error{
		`{"success":1}`: nil, `1`: nil, ` 1 `: nil, `{"success":"1"}`: nil,
		`{"success":0,"message":"no"}`: countersign.ErrInvalid, `0`: countersign.ErrInvalid, `{}`: countersign.ErrInvalid,
		`<html>`: countersign.ErrOutcomeUnknown, ``: countersign.ErrOutcomeUnknown,
	} {
		c, mt := mocked(t)
		mt.RegisterResponder("POST", tracking+"/event", httpmock.NewStringResponder(200, body))
		err := c.Events.Track(t.Context(), event)
		if want == nil {
			require.NoError(t, err, body)
			continue
		}
		require.ErrorIs(t, err, want, body)
		require.NotContains(t, err.Error(), eventKey)
	}
	cfg := config()
	cfg.Tracking = activecampaign.Tracking{}
	c, err := activecampaign.New(cfg)
	require.NoError(t, err)
	require.Equal(t, "Tracking", configError(t, c.Events.Track(t.Context(), event)).Field)
}

// TestSecretsStaySecret: neither key shows in what is logged or printed.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c, mt := mocked(t, countersign.WithLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	mt.RegisterNoResponder(answer(400, `{"message":"`+apiKey+` and `+eventKey+`"}`))
	_, err := c.Me(t.Context())
	require.NotContains(t, fmt.Sprintf("%v %+v", err, apiError(t, err)), apiKey)
	err = c.Events.Track(t.Context(), activecampaign.TrackedEvent{Name: "n", Email: "a@example.com"})
	require.NotContains(t, err.Error(), eventKey)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", config(), config(), config()), apiKey)
	require.NotContains(t, out.String(), apiKey)
	require.NotContains(t, out.String(), eventKey)
	require.Contains(t, out.String(), "/users/me")
}

// TestTrackingKeepsItsKey: a refusal with status 200 is the service's text too.
func TestTrackingKeepsItsKey(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	mt.RegisterNoResponder(answer(http.StatusOK, `{"success":0,"message":"no account has the key `+eventKey+`\nand more"}`))
	err := c.Events.Track(t.Context(), activecampaign.TrackedEvent{Name: "n", Email: "a@example.com"})
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.NotContains(t, err.Error(), eventKey)
	require.NotContains(t, apiError(t, err).Message, "\n")
	require.Contains(t, err.Error(), "no account has the key")
}
