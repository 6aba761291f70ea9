package salesdock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/stretchr/testify/require"
)

const hookToken = "tok_0123456789abcdefghij"

func receiver(t *testing.T, accept func(context.Context, salesdock.WebhookEvent) error, change ...func(*salesdock.WebhookReceiverConfig)) http.Handler {
	t.Helper()
	cfg := salesdock.WebhookReceiverConfig{Tokens: []countersign.Secret{countersign.NewSecret(hookToken)}, Accept: accept}
	for _, f := range change {
		f(&cfg)
	}
	r, err := salesdock.NewWebhookReceiver(cfg)
	require.NoError(t, err)
	return r
}

func post(h http.Handler, method, path, body string) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w.Code
}

func TestWebhookIsAHint(t *testing.T) {
	t.Parallel()
	var got []salesdock.WebhookEvent
	h := receiver(t, func(_ context.Context, e salesdock.WebhookEvent) error {
		got = append(got, e)
		return nil
	})
	for _, c := range []struct{ path, body, name, id string }{
		{"/hook/product.updated/" + hookToken, `{"data":{"id":7}}`, "product.updated", "7"},
		{"/hook/product.updated/" + hookToken, `{"event":"sale.cancelled","product_id":"8"}`, "product.updated", "8"},
		{"/" + hookToken, `{"event":"sale.cancelled","payload":{"sale_id":9,"id":1}}`, "sale.cancelled", "9"},
		{"/" + hookToken, `{"event":"offer.accepted","offer":{"id":10}}`, "offer.accepted", "10"},
		{"/hook/task.created/" + hookToken, `not json`, "task.created", ""},
		{"/hook/task.created/" + hookToken, ``, "task.created", ""},
		{"/" + hookToken, `[1]`, "", ""},
		{"/" + hookToken, `{"event":"../x","id":"1; drop"}`, "", ""},
		{"/x?token=" + hookToken, `{"event":"sale.deleted","id":{"a":1}}`, "sale.deleted", ""},
	} {
		got = nil
		require.Equal(t, http.StatusOK, post(h, http.MethodPost, c.path, c.body), c.path)
		require.Len(t, got, 1)
		require.Equal(t, c.name, got[0].Name, c.body)
		require.Equal(t, c.id, got[0].ID, c.body)
		require.Equal(t, c.body, string(got[0].Body))
		require.Len(t, got[0].Key, 64)
	}
}

func TestWebhookKeys(t *testing.T) {
	t.Parallel()
	keys := map[string]int{}
	h := receiver(t, func(_ context.Context, e salesdock.WebhookEvent) error {
		keys[e.Key]++
		return nil
	})
	for range 2 {
		for _, path := range []string{"/product.updated/", "/sale.deleted/"} {
			post(h, http.MethodPost, path+hookToken, `{"id":1}`)
			post(h, http.MethodPost, path+hookToken, `{"id":2}`)
		}
	}
	require.Len(t, keys, 4)
}

func TestWebhookRefuses(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	h := receiver(t, func(context.Context, salesdock.WebhookEvent) error { return errors.New("store is down") }, func(c *salesdock.WebhookReceiverConfig) {
		c.Logger = slog.New(slog.NewTextHandler(&logged, nil))
		c.MaxBody = 100
	})
	require.Equal(t, http.StatusUnauthorized, post(h, http.MethodPost, "/product.updated/other", `{}`))
	require.Equal(t, http.StatusUnauthorized, post(h, http.MethodPost, "/", `{}`))
	require.Equal(t, http.StatusMethodNotAllowed, post(h, http.MethodGet, "/"+hookToken, ``))
	require.Equal(t, http.StatusRequestEntityTooLarge, post(h, http.MethodPost, "/"+hookToken, strings.Repeat("x", 101)))
	require.Equal(t, http.StatusServiceUnavailable, post(h, http.MethodPost, "/"+hookToken, `{"name":"Robin"}`), "what was not stored is not acknowledged")
	require.NotContains(t, logged.String(), hookToken)
	require.NotContains(t, logged.String(), "Robin")

	elsewhere := receiver(t, func(context.Context, salesdock.WebhookEvent) error { return nil }, func(c *salesdock.WebhookReceiverConfig) {
		c.AllowedSources = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	})
	require.Equal(t, http.StatusUnauthorized, post(elsewhere, http.MethodPost, "/"+hookToken, `{}`))

	for _, cfg := range []salesdock.WebhookReceiverConfig{
		{}, {Tokens: []countersign.Secret{countersign.NewSecret("short")}, Accept: func(context.Context, salesdock.WebhookEvent) error { return nil }},
		{Tokens: []countersign.Secret{countersign.NewSecret(hookToken)}},
	} {
		_, err := salesdock.NewWebhookReceiver(cfg)
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
}

func TestWebhookURL(t *testing.T) {
	t.Parallel()
	token := countersign.NewSecret(hookToken)
	target, err := salesdock.WebhookURL("https://example.com/hook/", salesdock.EventProductUpdated, token)
	require.NoError(t, err)
	require.Equal(t, "https://example.com/hook/product.updated/"+hookToken, target.Reveal())
	for _, c := range []struct{ base, event string }{{"http://example.com", "product.updated"}, {"https://example.com", "product/updated"}, {"https://example.com", ""}, {"", "product.updated"}} {
		_, err := salesdock.WebhookURL(c.base, c.event, token)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.NotContains(t, err.Error(), hookToken)
	}
	_, err = salesdock.WebhookURL("https://example.com", "product.updated", countersign.NewSecret("short"))
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

// TestSubscriptionIsSecret: the target of a webhook carries the token.
func TestSubscriptionIsSecret(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeAccount)
	for _, quoted := range []string{"https://example.com/hook/", `https:\/\/example.com\/hook\/`, "/hook/", "the token "} {
		mt.RegisterResponder("POST", base+"/account/webhooks", answer(422, `{"message":"bad `+quoted+hookToken+`","errors":{"target_url":["`+quoted+hookToken+`"]}}`))
		for _, target := range []string{"https://example.com/hook/" + hookToken, "https://example.com/hook?token=" + hookToken} {
			_, err := c.Webhooks.Subscribe(t.Context(), "product.updated", countersign.NewSecret(target))
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.NotContains(t, err.Error(), hookToken)
			require.NotContains(t, fmt.Sprint(apiError(t, err).Fields), hookToken)
			require.NotContains(t, string(apiError(t, err).Body), hookToken)
		}
	}
	_, err := c.Webhooks.Subscribe(t.Context(), "", countersign.Secret{})
	require.ErrorIs(t, err, countersign.ErrInvalid)
}
