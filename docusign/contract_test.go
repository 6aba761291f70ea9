package docusign_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// Short names for the rows of the table.
type (
	ctx = context.Context
	cl  = *docusign.Client
)

// endpoint is one row of the contract: what goes out, and that a good answer is
// understood.
type endpoint struct {
	name   string
	method string
	path   string // below the account, with the exact query
	body   string // JSON; empty: none
	answer string // JSON, unless accept says otherwise
	accept string
	call   func(context.Context, *docusign.Client) (any, error)
	want   any    // nil: it is enough that the answer is understood
	raw    string // the body, where it is no JSON
	silent bool   // the answer is not read
	reads  bool   // it changes nothing, whatever its method is
	prior  *prior // a call that comes before
}

// prior is a GET that a call makes before its own.
type prior struct{ path, answer string }

func endpoints() []endpoint {
	var all []endpoint
	for _, part := range [][]endpoint{
		envelopeEndpoints(), envelopeChangeEndpoints(), envelopePartEndpoints(), partEndpoints(), documentEndpoints(), tabEndpoints(), tabValueEndpoints(), viewEndpoints(), templateEndpoints(), templateFieldEndpoints(), accountEndpoints(), bulkEndpoints(), batchEndpoints(), connectEndpoints(), connectLogEndpoints(),
	} {
		all = append(all, part...)
	}
	return all
}

// none is the result of a call that gives an error alone.
func none(err error) (any, error) { return nil, err }

func (e endpoint) register(mt *httpmock.MockTransport, r httpmock.Responder) {
	if e.prior != nil {
		mt.RegisterResponder("GET", rest+e.prior.path, answer(200, e.prior.answer))
	}
	mt.RegisterResponder(e.method, rest+e.path, r)
}

func (e endpoint) good() httpmock.Responder {
	if e.accept != "" {
		return httpmock.NewStringResponder(200, e.answer).HeaderSet(http.Header{"Content-Type": {e.accept}})
	}
	return answer(200, e.answer)
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c, mt := mocked(t)
			e.register(mt, func(r *http.Request) (*http.Response, error) {
				require.Equal(t, "Bearer "+accessToken, r.Header.Get("Authorization"))
				accept := e.accept
				if accept == "" {
					accept = "application/json"
				}
				require.Equal(t, accept, r.Header.Get("Accept"))
				var sent []byte
				if r.Body != nil {
					var err error
					sent, err = io.ReadAll(r.Body)
					require.NoError(t, err)
				}
				switch {
				case e.body != "":
					require.Equal(t, "application/json", r.Header.Get("Content-Type"))
					require.JSONEq(t, e.body, string(sent))
				default:
					require.Equal(t, e.raw, string(sent))
				}
				return e.good()(r)
			})
			got, err := e.call(t.Context(), c)
			require.NoError(t, err)
			if e.want != nil {
				require.Equal(t, e.want, got)
			}
			calls := 1
			if e.prior != nil {
				calls = 2
			}
			require.Equal(t, calls, restCalls(mt))
		})
	}
}

// failure is an answer and the kind that it stands for.
type failure struct {
	name   string
	answer httpmock.Responder
	kind   error
}

func failures() []failure {
	fault := func(status int, code string) httpmock.Responder {
		return answer(status, `{"errorCode":"`+code+`","message":"m"}`)
	}
	return []failure{
		{"400", fault(400, "INVALID_REQUEST_PARAMETER"), countersign.ErrInvalid},
		{"400 token", fault(400, "AUTHORIZATION_INVALID_TOKEN"), countersign.ErrUnauthorized},
		{"400 hour", fault(400, "HOURLY_APIINVOCATION_LIMIT_EXCEEDED"), countersign.ErrRateLimited},
		{"429 hour", fault(429, "HOURLY_APIINVOCATION_LIMIT_EXCEEDED"), countersign.ErrRateLimited},
		{"400 burst", fault(400, "BURST_APIINVOCATION_LIMIT_EXCEEDED"), countersign.ErrRateLimited},
		{"429 burst", fault(429, "BURST_APIINVOCATION_LIMIT_EXCEEDED"), countersign.ErrRateLimited},
		{"400 polling", fault(400, "Hourly_Envelope_Polling_Limit_Exceeded"), docusign.ErrPolledTooOften},
		{"429 polling", fault(429, "BURST_ENVELOPE_POLLING_LIMIT_EXCEEDED"), docusign.ErrPolledTooOften},
		{"400 changes", fault(400, "Burst_APIInvocation_Envelope_Limit_Exceeded"), docusign.ErrPolledTooOften},
		{"429 recipients", fault(429, "RECIPIENT_LIMIT_EXCEEDED"), countersign.ErrInvalid},
		{"400 recipients", fault(400, "RECIPIENT_LIMIT_EXCEEDED"), countersign.ErrInvalid},
		{"400 state", fault(400, "ENVELOPE_INVALID_STATUS"), docusign.ErrEnvelopeState},
		{"400 not there", fault(400, "ENVELOPE_DOES_NOT_EXIST"), countersign.ErrNotFound},
		{"401", fault(401, "USER_AUTHENTICATION_FAILED"), countersign.ErrUnauthorized},
		{"403", fault(403, "USER_NOT_ACCOUNT_ADMIN"), docusign.ErrNotAdministrator},
		{"404", fault(404, "RESOURCE_NOT_FOUND"), countersign.ErrNotFound},
		{"429", httpmock.NewStringResponder(429, ""), countersign.ErrRateLimited},
		{"444", fault(444, "REQUEST_NOT_PROCESSED"), docusign.ErrBlocked},
	}
}

// TestStandardFailures runs every endpoint through the failures that each of
// them can meet.
func TestStandardFailures(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c, mt := mocked(t, countersign.WithLimiter(free{}))
			for _, f := range failures() {
				e.register(mt, f.answer)
				_, err := e.call(t.Context(), c)
				require.ErrorIs(t, err, f.kind, f.name)
				require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown, f.name)
				require.NotEmpty(t, apiError(t, err).Op)
				require.NotContains(t, err.Error(), accessToken)
			}
			html := httpmock.NewStringResponder(500, "<html>oops</html>").HeaderSet(http.Header{"Content-Type": {"text/html"}})
			lost := countersign.ErrOutcomeUnknown
			if e.method == "GET" || e.reads {
				lost = countersign.ErrUnavailable
			}
			for _, r := range []httpmock.Responder{html, httpmock.NewStringResponder(504, ""), httpmock.NewErrorResponder(io.ErrUnexpectedEOF)} {
				e.register(mt, r)
				_, err := e.call(t.Context(), c)
				require.ErrorIs(t, err, lost)
			}
			if e.accept == "" && !e.silent {
				e.register(mt, answer(200, `{"x":`))
				_, err := e.call(t.Context(), c)
				_, ok := errors.AsType[*countersign.DecodeError](err)
				require.True(t, ok, "%v", err)
				if errors.Is(lost, countersign.ErrOutcomeUnknown) {
					require.ErrorIs(t, err, lost)
				}
			}
			calls := mt.GetTotalCallCount()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := e.call(ctx, c)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, calls, mt.GetTotalCallCount())
		})
	}
}

func TestContractNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range endpoints() {
		require.False(t, seen[e.name], e.name)
		seen[e.name] = true
		require.True(t, e.path == "" || strings.HasPrefix(e.path, "/"), e.path)
	}
	require.GreaterOrEqual(t, len(seen), 77)
	t.Logf("proof: docusign endpoints=%d failures=%d", len(seen), len(failures()))
}

// TestSentOnce: repeating these would do more than the caller asked for.
func TestSentOnce(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(cl) error{
		"republish one": func(c cl) error { _, err := c.Connect.Republish(t.Context(), []docusign.EnvelopeID{"e"}); return err },
		"republish": func(c cl) error {
			_, err := c.Connect.Republish(t.Context(), []docusign.EnvelopeID{"e", "f"})
			return err
		},
		"delete failures": func(c cl) error { return c.Connect.DeleteFailure(t.Context(), "all") },
		"clear logs":      func(c cl) error { return c.Connect.ClearLogs(t.Context()) },
	} {
		c, mt := mocked(t, countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 3, BaseDelay: 1}))
		mt.RegisterNoResponder(httpmock.NewStringResponder(504, ""))
		require.ErrorIs(t, call(c), countersign.ErrOutcomeUnknown, name)
		require.Equal(t, 2, mt.GetTotalCallCount(), "%s: discovery and one request", name)
	}
}
