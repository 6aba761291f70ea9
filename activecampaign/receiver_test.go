package activecampaign_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/activecampaigntest"
	"github.com/stretchr/testify/require"
)

const (
	token     = "0123456789abcdefghijklmnop"
	formKind  = "application/x-www-form-urlencoded"
	delivered = "type=contact_tag_added&date_time=2026-04-14T10%3A03%3A23-05%3A00&initiated_from=admin&initiated_by=admin&list=0" +
		"&contact%5Bid%5D=10&contact%5Bemail%5D=robin%40example.com&contact%5Bfirst_name%5D=Robin&contact%5Blast_name%5D=Roe&contact%5Bphone%5D=%2B81" +
		"&contact%5Btags%5D=old%2C+new&contact%5Bfields%5D%5Bcity%5D=Kyoto&tag=new"
)

func post(h http.Handler, path, kind, body string) int {
	req := httptest.NewRequest(http.MethodPost, "https://hooks.example.com"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", kind)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec.Code
}

func TestEvents(t *testing.T) {
	t.Parallel()
	e, err := activecampaign.ParseEvent([]byte(delivered))
	require.NoError(t, err)
	require.Equal(t, activecampaign.EventContactTagAdded, e.Type)
	require.True(t, e.Time.Equal(time.Date(2026, 4, 14, 15, 3, 23, 0, time.UTC)))
	require.Equal(t, "2026-04-14T10:03:23-05:00", e.DateTime)
	require.Equal(t, activecampaign.EventContact{
		ID: "10", Email: "robin@example.com", FirstName: "Robin", LastName: "Roe", Phone: "+81", Tags: []string{"old", "new"}, Fields: map[string]string{"city": "Kyoto"},
	}, e.Contact)
	require.Equal(t, []string{"admin", "admin", "0", "new"}, []string{e.InitiatedFrom, e.InitiatedBy, string(e.List), e.Form.Get("tag")})
	again, err := activecampaign.ParseEvent(e.Raw)
	require.NoError(t, err)
	require.Equal(t, e, again)
	other, err := activecampaign.ParseEvent([]byte(strings.Replace(delivered, "23-05", "24-05", 1)))
	require.NoError(t, err)
	require.NotEqual(t, e.Key, other.Key)
	empty, err := activecampaign.ParseEvent(nil)
	require.NoError(t, err)
	require.Empty(t, empty.Contact.Tags)
	_, err = activecampaign.ParseEvent([]byte("%zz"))
	require.Error(t, err)
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	var got []activecampaign.Event
	fail := errors.New("no room")
	r, err := activecampaign.NewReceiver(activecampaign.ReceiverConfig{
		Tokens: []countersign.Secret{countersign.NewSecret(token), countersign.NewSecret(token + "-next")},
		Accept: func(_ context.Context, e activecampaign.Event) error {
			if e.Type == "fail" {
				return fail
			}
			got = append(got, e)
			return nil
		},
		AllowedSources: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, MaxBody: 1000,
	})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		path, kind, body string
		status, accepted int
	}{
		"good":            {"/ac/" + token, formKind, delivered, 200, 1},
		"with a charset":  {"/ac/" + token, formKind + "; charset=utf-8", delivered, 200, 1},
		"the next token":  {"/ac?token=" + token + "-next", formKind, delivered, 200, 1},
		"not stored":      {"/ac/" + token, formKind, "type=fail", 503, 0},
		"another token":   {"/ac/" + strings.ToUpper(token), formKind, delivered, 401, 0},
		"no token":        {"/ac/", formKind, delivered, 401, 0},
		"part of a token": {"/ac/" + token[:len(token)-1], formKind, delivered, 401, 0},
		"no form":         {"/ac/" + token, formKind, "%zz", 200, 0},
		"JSON":            {"/ac/" + token, "application/json", `{}`, 415, 0},
		"too long":        {"/ac/" + token, formKind, "a=" + strings.Repeat("x", 1000), 413, 0},
	} {
		got = nil
		require.Equal(t, c.status, post(r, c.path, c.kind, c.body), name)
		require.Len(t, got, c.accepted, name)
	}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "https://hooks.example.com/ac/"+token, nil))
	require.Equal(t, http.StatusMethodNotAllowed, rec.Code)
	req := httptest.NewRequest(http.MethodPost, "https://hooks.example.com/ac/"+token, strings.NewReader(delivered))
	req.Header.Set("Content-Type", formKind)
	req.RemoteAddr = "198.51.100.1:1"
	rec = httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	require.Equal(t, http.StatusUnauthorized, rec.Code)
}

func TestReceiverConfig(t *testing.T) {
	t.Parallel()
	accept := func(context.Context, activecampaign.Event) error { return nil }
	good := []countersign.Secret{countersign.NewSecret(token)}
	for field, cfg := range map[string]activecampaign.ReceiverConfig{
		"Tokens":      {Accept: accept},
		"Tokens ":     {Accept: accept, Tokens: []countersign.Secret{countersign.NewSecret("short")}},
		"Accept":      {Tokens: good},
		"MaxBody":     {Tokens: good, Accept: accept, MaxBody: -1},
		"ReadTimeout": {Tokens: good, Accept: accept, ReadTimeout: -1},
		"Timeout":     {Tokens: good, Accept: accept, Timeout: -1},
	} {
		_, err := activecampaign.NewReceiver(cfg)
		require.Equal(t, strings.TrimSpace(field), configError(t, err).Field)
	}
}

// TestFromTheAccountToTheReceiver: what the fake sends is what the parser reads.
func TestFromTheAccountToTheReceiver(t *testing.T) {
	t.Parallel()
	srv, c := account(t)
	srv.AddField(activecampaigntest.Field{Title: "City"})
	var got []activecampaign.Event
	r, err := activecampaign.NewReceiver(activecampaign.ReceiverConfig{
		Tokens: []countersign.Secret{countersign.NewSecret(token)},
		Accept: func(_ context.Context, e activecampaign.Event) error { got = append(got, e); return nil },
	})
	require.NoError(t, err)
	const address = "https://hooks.example.com/ac/" + token
	srv.Receive(address, r)
	_, err = c.Webhooks.Create(t.Context(), activecampaign.Webhook{
		Name: "tags", URL: address, Events: []activecampaign.WebhookEvent{activecampaign.EventContactTagAdded}, Sources: []activecampaign.Source{activecampaign.SourceAPI},
	})
	require.NoError(t, err)
	made, err := c.Contacts.Sync(t.Context(), activecampaign.ContactInput{Email: "robin@example.com", Fields: []activecampaign.FieldInput{{Field: "1", Value: "Kyoto & Nara"}}})
	require.NoError(t, err)
	tag, err := c.Tags.Ensure(t.Context(), "signed", "")
	require.NoError(t, err)
	for range 2 {
		_, err = c.Tags.Apply(t.Context(), made.Contact.ID, tag.ID)
		require.NoError(t, err)
	}
	require.True(t, srv.RunWebhookAction(address, "robin@example.com"))
	require.False(t, srv.RunWebhookAction(address, "sam@example.com"))
	sent := srv.Deliver(t.Context())
	require.Len(t, sent, 2, "a tag that was there already is no event")
	require.Equal(t, http.StatusOK, sent[1].Status)
	require.Equal(t, activecampaign.EventContactTagAdded, got[0].Type)
	require.Equal(t, activecampaign.WebhookEvent(""), got[1].Type)
	for _, e := range got {
		require.Equal(t, made.Contact.ID, e.Contact.ID)
		require.Equal(t, map[string]string{"city": "Kyoto & Nara"}, e.Contact.Fields)
		require.Equal(t, []string{"signed"}, e.Contact.Tags)
		require.False(t, e.Time.IsZero())
	}
	require.Empty(t, srv.Deliver(t.Context()), "nothing is sent twice")
	_, err = url.ParseQuery(string(got[0].Raw))
	require.NoError(t, err)
}
