package salesdock_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	good := salesdock.Config{Environment: salesdock.Production, Domain: "beta", Token: countersign.NewSecret(apiToken), Scope: salesdock.ScopeUser}
	_, err := salesdock.New(good)
	require.NoError(t, err)
	for field, change := range map[string]func(*salesdock.Config){
		"Environment": func(c *salesdock.Config) { c.Environment = "" },
		"Domain":      func(c *salesdock.Config) { c.Domain = "a/b" },
		"Token":       func(c *salesdock.Config) { c.Token = countersign.Secret{} },
		"Scope":       func(c *salesdock.Config) { c.Scope = "admin" },
	} {
		cfg := good
		change(&cfg)
		_, err := salesdock.New(cfg)
		config, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, "%s: %v", field, err)
		require.Equal(t, field, config.Field)
	}
	for _, change := range []func(*salesdock.Config){
		func(c *salesdock.Config) { c.Environment = "test" },
		func(c *salesdock.Config) { c.Token = countersign.NewSecret("Bearer " + apiToken) },
		func(c *salesdock.Config) { c.Token = countersign.NewSecret(apiToken + "\n") },
		func(c *salesdock.Config) {
			c.TokenFrom = func(context.Context) (countersign.Secret, error) { return countersign.Secret{}, nil }
		},
	} {
		cfg := good
		change(&cfg)
		_, err := salesdock.New(cfg)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.NotContains(t, err.Error(), apiToken)
	}
}

// TestTokenIsReadAgain: a token that was changed in a store takes effect, also in
// the middle of a call that the old one was refused for.
func TestTokenIsReadAgain(t *testing.T) {
	t.Parallel()
	mt := httpmock.NewMockTransport()
	mt.RegisterResponder("GET", base+"/user/flows", func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "Bearer new-0123456789" {
			return answer(401, `{"success":false,"message":"Unauthenticated."}`)(r)
		}
		return answer(200, `{"success":true,"data":[]}`)(r)
	})
	stored := []string{"old-0123456789", "new-0123456789"}
	asked := 0
	c, err := salesdock.New(salesdock.Config{
		Environment: salesdock.Staging, Domain: "beta", Scope: salesdock.ScopeUser,
		TokenFrom: func(context.Context) (countersign.Secret, error) {
			s := stored[min(asked, 1)]
			asked++
			return countersign.NewSecret(s), nil
		},
	}, countersign.WithHTTPClient(&http.Client{Transport: mt}), countersign.WithLimiter(free{}))
	require.NoError(t, err)
	_, err = c.Flows.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, mt.GetTotalCallCount())
}

// TestTokenThatNoHeaderHolds: it is refused before a sale is sent, whose outcome
// would be unknown otherwise.
func TestTokenThatNoHeaderHolds(t *testing.T) {
	t.Parallel()
	for _, token := range []string{apiToken + "\r\n", "Bearer " + apiToken, "tok 0123456789", "tök-0123456789"} {
		c, err := salesdock.New(salesdock.Config{
			Environment: salesdock.Staging, Domain: "beta", Scope: salesdock.ScopeUser,
			TokenFrom: func(context.Context) (countersign.Secret, error) { return countersign.NewSecret(token), nil },
		}, countersign.WithLimiter(free{}))
		require.NoError(t, err)
		_, err = c.Sales.Create(t.Context(), order())
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.NotContains(t, err.Error(), "0123456789")
	}
}

func TestErrorSaysWhatTheServiceSaid(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeAccount)
	for _, body := range []string{
		`{"success":false,"message":"Ongeldig","code":"400","errors":{"email":["verplicht","ongeldig"],"business":"x"}}`,
		`{"message":"Ongeldig","code":400,"errors":{"business":["x"],"email":{"0":"verplicht","1":"ongeldig"}}}`,
	} {
		mt.RegisterResponder("POST", base+"/sales/flow/default/stroom", answer(400, body, "CF-RAY", "ray-1"))
		_, err := c.Sales.Create(t.Context(), order())
		e := apiError(t, err)
		require.Equal(t, "400", e.Code)
		require.Equal(t, "Ongeldig", e.Message)
		require.Equal(t, []countersign.FieldError{{Name: "business", Message: "x"}, {Name: "email", Message: "verplicht ongeldig"}}, e.Fields)
		require.Equal(t, "ray-1", e.RequestID)
		require.ErrorIs(t, err, salesdock.ErrValidation)
	}
	mt.RegisterResponder("POST", base+"/sales/flow/default/stroom", answer(400, `{"message":["a"],"code":{},"errors":{"email":["x"]}}`))
	_, err := c.Sales.Create(t.Context(), order())
	require.ErrorIs(t, err, salesdock.ErrValidation, "a member of another type takes nothing away from the others")
	require.Equal(t, []countersign.FieldError{{Name: "email", Message: "x"}}, apiError(t, err).Fields)
	for _, body := range []string{`{"success":false,"message":"Invalid product","errors":[]}`, `{"message":["a"]}`, `[]`, `no json`, ``} {
		mt.RegisterResponder("POST", base+"/sales/flow/default/stroom", answer(400, body))
		_, err := c.Sales.Create(t.Context(), order())
		require.ErrorIs(t, err, countersign.ErrInvalid, body)
		require.NotErrorIs(t, err, salesdock.ErrValidation, body)
		require.Empty(t, apiError(t, err).Fields)
	}
}

// TestCreateIsSentOnce, also after a refusal that other calls come back from.
func TestCreateIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]httpmock.Responder{
		"429":                   answer(429, `{}`, "Retry-After", "0"),
		"503 with Retry-After":  answer(503, ``, "Retry-After", "0"),
		"no answer":             httpmock.NewErrorResponder(io.ErrUnexpectedEOF),
		"201 without an id":     answer(201, `{"success":true,"data":[]}`),
		"201 with another type": answer(201, `{"success":true,"data":{"sale_id":null}}`),
		"201 and a page":        httpmock.NewStringResponder(201, "<html>"),
	} {
		c, mt := mocked(t, salesdock.ScopeUser)
		mt.RegisterResponder("POST", base+"/sales/flow/default/stroom", r)
		_, err := c.Sales.Create(t.Context(), order())
		require.Equal(t, name != "429", errors.Is(err, countersign.ErrOutcomeUnknown), "%s: %v", name, err)
		require.Equal(t, 1, mt.GetTotalCallCount(), name)
	}
}

func TestRefusedLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, mt := mocked(t, salesdock.ScopeAccount, countersign.WithRetry(countersign.RetryPolicy{MaxDelay: 2 * time.Minute}))
		calls := 0
		mt.RegisterResponder("DELETE", base+"/account/products/7", func(r *http.Request) (*http.Response, error) {
			if calls++; calls == 1 {
				return answer(429, `{"success":false,"message":"Too Many Attempts.","code":429}`, "Retry-After", "65")(r)
			}
			return answer(200, `{"success":true,"data":[]}`)(r)
		})
		began := time.Now()
		require.NoError(t, c.Products.Delete(t.Context(), "7"), "a refusal of the limit has had no effect")
		require.GreaterOrEqual(t, time.Since(began), 65*time.Second)
		require.Equal(t, 2, calls)
	})
}

func TestLeadOfAgent(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	mt.RegisterResponder("POST", base+"/user/leads", func(r *http.Request) (*http.Response, error) {
		sent, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.JSONEq(t, `{"business":1,"assign_to_user":false,"lead_value":9.95}`, string(sent))
		return answer(201, `{"success":true,"data":{"lead_id":4}}`)(r)
	})
	value, err := countersign.ParseDecimal("9.95")
	require.NoError(t, err)
	id, err := c.Leads.Create(t.Context(), salesdock.LeadInput{Business: true, Assign: "user", UserID: "3", Value: value})
	require.NoError(t, err)
	require.Equal(t, salesdock.LeadID("4"), id)
	_, err = c.In(salesdock.ScopeAccount).Leads.Create(t.Context(), salesdock.LeadInput{})
	require.ErrorIs(t, err, countersign.ErrInvalid, "an admin has to assign")
}

// TestNoRightsByAccident: a list that was forgotten is not sent at all.
func TestNoRightsByAccident(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeAccount)
	_, err := c.Rights.SetOrganisationProducts(t.Context(), "5", nil)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = c.Rights.SetProductOrganisations(t.Context(), "7", nil)
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = c.Rights.SetOrganisationProducts(t.Context(), "5", []salesdock.ProductID{"7", ""})
	require.ErrorIs(t, err, countersign.ErrInvalid)
	_, err = c.Rights.SetProductOrganisations(t.Context(), "7", []salesdock.OrganisationID{""})
	require.ErrorIs(t, err, countersign.ErrInvalid)
	require.Zero(t, mt.GetTotalCallCount())
}

// TestDownloadsStayAtHome: whatever host and account an address names, the token
// goes to the configured host and account alone.
func TestDownloadsStayAtHome(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	for _, location := range []string{
		"https://evil.example/x", "https://app.salesdock.nl/api/other/v1/user/products/1", "", "://", "/api/beta/v1", "https://app.salesdock.nl/api/beta/v1/../../x/y",
		"/api/beta/v1/%2e%2e/x", "/api/beta/v1/%zz",
	} {
		_, err := c.Products.Download(t.Context(), salesdock.Document{Location: location})
		require.ErrorIs(t, err, countersign.ErrInvalid, location)
	}
	require.Zero(t, mt.GetTotalCallCount())
	mt.RegisterResponder("GET", base+"/user/products/7/documents/download/a%2Fb", httpmock.NewStringResponder(200, "x"))
	got, err := read(c.Products.Download(t.Context(), salesdock.Document{Location: "https://evil.example/api/beta/v1/user/products/7/documents/download/a%2Fb"}))
	require.NoError(t, err)
	require.Equal(t, "x", got)
}

func TestDo(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	mt.RegisterResponder("GET", base+"/account/teams?page=2", answer(200, `{"success":true,"data":[{"id":1}]}`))
	var got []struct{ ID int }
	require.NoError(t, c.Do(t.Context(), countersign.Request{Path: []string{"account", "teams"}, Query: map[string][]string{"page": {"2"}}}, &got))
	require.Equal(t, 1, got[0].ID)
	mt.RegisterResponder("POST", base+"/teams", answer(200, `{"success":false}`))
	err := c.Do(t.Context(), countersign.Request{Method: "POST", Path: []string{"teams"}, JSON: 1}, nil)
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown, "what is not read may still say that it failed")
	err = c.Do(t.Context(), countersign.Request{Method: "POST", Path: []string{"teams"}, JSON: 1}, &got)
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
}

func TestUnknownScope(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t, salesdock.ScopeUser)
	_, err := c.In("admin").Flows.List(t.Context())
	wrong, ok := errors.AsType[*salesdock.ScopeError](err)
	require.True(t, ok)
	require.Empty(t, wrong.Needs)
	require.NotEmpty(t, wrong.Error())
	require.Zero(t, mt.GetTotalCallCount())
	require.Equal(t, salesdock.ScopeUser, c.Scope(), "the client itself stays as it is")
}
