package salesdock_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/countersign/countersign/salesdocktest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	apiToken = "tok-0123456789abcdef"
	base     = "https://app-staging.salesdock.nl/api/beta/v1"
)

// free is a limiter that holds nothing back.
type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

func answer(status int, body string, header ...string) httpmock.Responder {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return httpmock.NewStringResponder(status, body).HeaderSet(h)
}

// mocked is a client whose answers come from a mock transport of its own.
func mocked(t testing.TB, scope salesdock.Scope, opts ...countersign.Option) (*salesdock.Client, *httpmock.MockTransport) {
	t.Helper()
	mt := httpmock.NewMockTransport()
	opts = append([]countersign.Option{
		countersign.WithHTTPClient(&http.Client{Transport: mt}), countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Nanosecond}),
		countersign.WithLimiter(free{}),
	}, opts...)
	c, err := salesdock.New(salesdock.Config{
		Environment: salesdock.Staging, Domain: "beta", Token: countersign.NewSecret(apiToken), Scope: scope,
	}, opts...)
	require.NoError(t, err)
	return c, mt
}

// start starts a fake.
func start(t testing.TB, opts ...salesdocktest.Option) *salesdocktest.Server {
	t.Helper()
	srv := salesdocktest.NewServer(opts...)
	t.Cleanup(srv.Close)
	return srv
}

// connect is a client of a fake; its connections end with the test.
func connect(t testing.TB, srv *salesdocktest.Server, a *salesdocktest.Account, token string, scope salesdock.Scope, opts ...countersign.Option) *salesdock.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	opts = append([]countersign.Option{
		countersign.WithBaseURL(srv.URL()), countersign.WithHTTPClient(&http.Client{Transport: tr}),
		countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Nanosecond}),
	}, opts...)
	c, err := salesdock.New(salesdock.Config{Domain: a.Domain(), Token: countersign.NewSecret(token), Scope: scope}, opts...)
	require.NoError(t, err)
	return c
}

// apiError is the *countersign.Error in err.
func apiError(t testing.TB, err error) *countersign.Error {
	t.Helper()
	e, ok := errors.AsType[*countersign.Error](err)
	require.True(t, ok, "%T: %v", err, err)
	return e
}

// order is a sale that can be made.
func order() salesdock.NewSale {
	place := salesdock.Place{Postcode: "1234AB", Housenumber: "1", Streetname: "Dorpsstraat", City: "Ons Dorp"}
	return salesdock.NewSale{
		FlowType: "default", FlowIdentifier: "stroom", Mail: salesdock.SendCustomerMail(), Type: salesdock.Order, ProductID: "1",
		Connection: place, Address: place, Firstname: "Robin", Lastname: "Jansen", Email: "robin@example.com", Phone: "0612345678",
		Birthdate: countersign.Date{Year: 1980, Month: time.February, Day: 1},
	}
}
