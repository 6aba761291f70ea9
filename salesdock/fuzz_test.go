package salesdock_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/stretchr/testify/require"
)

// settles: what was read and written again is read as the same.
func settles[T any](t *testing.T, data []byte) {
	t.Helper()
	var first, second T
	if json.Unmarshal(data, &first) != nil {
		return
	}
	out, err := json.Marshal(first)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &second), string(out))
	again, err := json.Marshal(second)
	require.NoError(t, err)
	require.Equal(t, string(out), string(again))
}

func FuzzValues(f *testing.F) {
	for _, seed := range []string{
		`true`, `"Ja"`, `"2021-06-10 09:10:55"`, `"1.353,04"`, `9.0e-5`, `[]`, `{"0":1}`, `"*****"`, `null`, `"a\r\nb"`, `"{\"product_types\":[]}"`, `1e99999`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		settles[salesdock.Bool](t, data)
		settles[salesdock.YesNo](t, data)
		settles[salesdock.Int](t, data)
		settles[salesdock.Text](t, data)
		settles[salesdock.SaleID](t, data)
		settles[salesdock.Time](t, data)
		settles[salesdock.Date](t, data)
		settles[salesdock.Decimal](t, data)
		settles[salesdock.List[salesdock.Text]](t, data)
		settles[salesdock.Map[salesdock.Text]](t, data)
		settles[salesdock.Options](t, data)
		var amount salesdock.DutchDecimal
		_ = json.Unmarshal(data, &amount)
		var extra salesdock.Extra
		_ = json.Unmarshal(data, &extra)
	})
}

func FuzzDecoders(f *testing.F) {
	f.Add([]byte(fullSale))
	for _, seed := range []string{
		`{"id":1,"rule":{"type":"condition_group","criterion":"ANY","rules":[{"type":"condition","identifier":"question.id","operator":"=","value":1}]}}`,
		`{"customfields":[],"documents":{"1":{"name":"a"}},"image":[]}`, `{"sections":[{"products":[{"id":"1"}]}]}`, `[]`, `{"status":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range []any{
			new(salesdock.Sale), new(salesdock.SaleRow), new(salesdock.Product), new(salesdock.Flow), new(salesdock.Question), new(salesdock.Agreement),
			new(salesdock.Lead), new(salesdock.User), new(salesdock.SaleContract), new(salesdock.Rule),
		} {
			_ = json.Unmarshal(data, v) // no input makes it panic
		}
		var q salesdock.Question
		if json.Unmarshal(data, &q) == nil {
			require.JSONEq(t, string(data), string(q.Raw), "nothing of what came is lost")
		}
	})
}

func FuzzWebhook(f *testing.F) {
	f.Add("/product.updated/", []byte(`{"data":{"id":7}}`))
	f.Add("/", []byte(`{"event":"sale.cancelled","sale_id":1}`))
	f.Add("/a/b/c/", []byte(`[`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		var got *salesdock.WebhookEvent
		r, err := salesdock.NewWebhookReceiver(salesdock.WebhookReceiverConfig{
			Tokens: []countersign.Secret{countersign.NewSecret(hookToken)},
			Accept: func(_ context.Context, e salesdock.WebhookEvent) error { got = &e; return nil },
		})
		require.NoError(t, err)
		req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		req.URL.Path = path + hookToken
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if got == nil {
			require.NotEqual(t, http.StatusOK, w.Code)
			return
		}
		for _, r := range got.ID {
			require.True(t, r >= '0' && r <= '9')
		}
		require.LessOrEqual(t, len(got.Name), 60)
		require.True(t, bytes.Equal(body, got.Body))
	})
}

func FuzzErrorAnswers(f *testing.F) {
	f.Add(400, []byte(`{"success":false,"message":"m","code":"400","errors":{"a":["b"]}}`))
	f.Add(422, []byte(`{"errors":{"a":{"b":[1]}}}`))
	f.Add(500, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 400 || status > 599 {
			return
		}
		c, mt := mocked(t, salesdock.ScopeUser, countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
		mt.RegisterResponder("GET", base+"/user/flows", answer(status, string(body)))
		_, err := c.Flows.List(t.Context())
		require.Equal(t, status, apiError(t, err).StatusCode)
		require.NotContains(t, err.Error(), apiToken)
	})
}
