package cloudsign_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const clientID = "01234567-89ab-cdef-0123-456789abcdef"

// mocked is a client whose answers come from a mock transport of its own; the
// token is already there.
func mocked(t testing.TB) (*cloudsign.Client, *httpmock.MockTransport) {
	return mockedWith(t, countersign.RetryPolicy{MaxAttempts: 1})
}

func mockedWith(t testing.TB, retry countersign.RetryPolicy) (*cloudsign.Client, *httpmock.MockTransport) {
	t.Helper()
	mt := httpmock.NewMockTransport()
	mt.RegisterMatcherResponder("POST", "https://api-sandbox.cloudsign.jp/token",
		httpmock.BodyContainsString("client_id="+clientID),
		answer(200, `{"access_token":"tok-0123456789","expires_in":3600,"token_type":"Bearer"}`))
	c, err := cloudsign.New(cloudsign.Config{Environment: cloudsign.Sandbox, ClientID: countersign.NewSecret(clientID)},
		countersign.WithHTTPClient(&http.Client{Transport: mt}), countersign.WithRetry(retry),
		countersign.WithLimiter(free{}))
	require.NoError(t, err)
	return c, mt
}

// account starts a fake with one user who may see everything but confidential
// documents, and a client for it.
func account(t testing.TB, opts ...cloudsigntest.Option) (*cloudsigntest.Server, cloudsigntest.User, *cloudsign.Client) {
	t.Helper()
	srv := cloudsigntest.NewServer(opts...)
	user := srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	return srv, user, connect(t, srv, user.ClientID)
}

func connect(t testing.TB, srv *cloudsigntest.Server, id string) *cloudsign.Client {
	t.Helper()
	t.Cleanup(srv.Close)
	c, err := cloudsign.New(cloudsign.Config{ClientID: countersign.NewSecret(id)},
		countersign.WithBaseURL(srv.URL()), countersign.WithHTTPClient(client(t)),
		countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Millisecond}), countersign.WithLimiter(free{}))
	require.NoError(t, err)
	return c
}

// client keeps no connection beyond the test.
func client(t testing.TB) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func answer(status int, body string) httpmock.Responder {
	return httpmock.NewStringResponder(status, body).HeaderSet(http.Header{"Content-Type": {"application/json; charset=utf-8"}})
}

// apiError is the *countersign.Error in err.
func apiError(t testing.TB, err error) *countersign.Error {
	t.Helper()
	e, ok := errors.AsType[*countersign.Error](err)
	require.True(t, ok, "%T: %v", err, err)
	return e
}
