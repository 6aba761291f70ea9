package activecampaign_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// Short names for the rows of the table.
type (
	ctx = context.Context
	cl  = *activecampaign.Client
)

// endpoint is one row of the contract: what goes out, and that a good answer is
// understood.
type endpoint struct {
	name   string
	method string
	path   string // with the exact query
	body   string // JSON; empty: none
	form   string // in place of body, to the host of event tracking
	header string // "Name: value", beside the ordinary ones
	status int    // 0: 200
	answer string
	call   func(ctx, cl) (any, error)
	want   any  // nil: it is enough that the answer is understood
	silent bool // the answer is not read
	gone   bool // 404 is a success
	once   bool // it is never sent twice
	reads  bool // it changes nothing, whatever its method is
}

func endpoints() []endpoint {
	return slices.Concat(
		contactEndpoints(), contactPartEndpoints(), fieldEndpoints(), tagEndpoints(), schemaEndpoints(), recordEndpoints(), automationEndpoints(), noteEndpoints(), eventEndpoints(), importEndpoints(), webhookEndpoints(),
	)
}

// none is the result of a call that gives an error alone.
func none(err error) (any, error) { return nil, err }

func (e endpoint) register(mt *httpmock.MockTransport, r httpmock.Responder) {
	root := base
	if e.form != "" {
		root = tracking
	}
	mt.RegisterResponder(e.method, root+e.path, r)
}

func (e endpoint) good() httpmock.Responder {
	if e.status == 0 {
		return answer(200, e.answer)
	}
	return answer(e.status, e.answer)
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c, mt := mocked(t)
			e.register(mt, func(r *http.Request) (*http.Response, error) {
				var sent []byte
				if r.Body != nil {
					var err error
					sent, err = io.ReadAll(r.Body)
					require.NoError(t, err)
				}
				if name, value, ok := strings.Cut(e.header, ": "); ok {
					require.Equal(t, value, r.Header.Get(name))
				}
				switch {
				case e.form != "":
					require.Empty(t, r.Header.Get("Api-Token"), "the other host never gets the key")
					require.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
					require.Equal(t, e.form, string(sent))
					return e.good()(r)
				case e.body != "":
					require.Equal(t, "application/json", r.Header.Get("Content-Type"))
					require.JSONEq(t, e.body, string(sent))
				default:
					require.Empty(t, sent)
				}
				require.Equal(t, apiKey, r.Header.Get("Api-Token"))
				return e.good()(r)
			})
			got, err := e.call(t.Context(), c)
			require.NoError(t, err)
			if e.want != nil {
				require.Equal(t, e.want, got)
			}
			require.Equal(t, 1, mt.GetTotalCallCount())
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
	return []failure{
		{"400 empty", answer(400, `{}`), countersign.ErrInvalid},
		{"400 errors", answer(400, `{"errors":[{"status":400,"title":"Bad Request","detail":"m"}]}`), countersign.ErrInvalid},
		{"401", answer(401, `{"message":"m"}`), countersign.ErrUnauthorized},
		{"403", answer(403, `{"message":"Forbidden"}`), countersign.ErrForbidden},
		{"404", answer(404, `{"message":"No Result found for Subscriber with id 1"}`), countersign.ErrNotFound},
		{"422 code", answer(422, `{"errors":[{"title":"t","detail":"","code":"duplicate","source":{"pointer":"/data/attributes/email"}}]}`), activecampaign.ErrDuplicate},
		{"422 text", answer(422, `{"errors":"Bulk operation failed."}`), countersign.ErrInvalid},
		{"422 as text", httpmock.NewStringResponder(422, `{"errors":[{"title":"t"}]}`), countersign.ErrInvalid},
		{"429", answer(429, `{"message":"Too Many Requests"}`, "Retry-After", "0"), countersign.ErrRateLimited},
	}
}

// TestStandardFailures runs every endpoint through the failures that each of them
// can meet.
func TestStandardFailures(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range failures() {
				c, mt := mocked(t)
				e.register(mt, f.answer)
				_, err := e.call(t.Context(), c)
				if e.gone && f.name == "404" {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, f.kind, f.name)
				require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown, f.name)
				require.NotEmpty(t, apiError(t, err).Op)
				require.NotContains(t, err.Error(), apiKey)
				require.NotContains(t, err.Error(), eventKey)
			}
			lost := countersign.ErrOutcomeUnknown
			if e.method == http.MethodGet || e.reads {
				lost = countersign.ErrUnavailable
			}
			html := httpmock.NewStringResponder(500, "<html>oops</html>").HeaderSet(http.Header{"Content-Type": {"text/html"}})
			for _, r := range []httpmock.Responder{html, httpmock.NewStringResponder(504, ""), httpmock.NewErrorResponder(io.ErrUnexpectedEOF)} {
				c, mt := mocked(t)
				e.register(mt, r)
				_, err := e.call(t.Context(), c)
				require.ErrorIs(t, err, lost)
			}
			c, mt := mocked(t)
			if !e.silent {
				e.register(mt, answer(200, `{"x":`))
				_, err := e.call(t.Context(), c)
				_, ok := errors.AsType[*countersign.DecodeError](err)
				require.True(t, ok, "%v", err)
			}
			calls := mt.GetTotalCallCount()
			stopped, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := e.call(stopped, c)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, calls, mt.GetTotalCallCount())
		})
	}
}

// TestSentTwice: a write that is not safe to repeat is sent once, whatever becomes
// of it; one that is safe is sent again.
func TestSentTwice(t *testing.T) {
	t.Parallel()
	twice, writes := 0, 0
	for _, e := range endpoints() {
		if e.method == http.MethodGet || e.reads {
			continue
		}
		writes++
		for _, r := range []httpmock.Responder{httpmock.NewStringResponder(504, ""), httpmock.NewErrorResponder(io.ErrUnexpectedEOF)} {
			c, mt := mocked(t, countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 3, BaseDelay: 1}))
			e.register(mt, r)
			_, err := e.call(t.Context(), c)
			require.ErrorIs(t, err, countersign.ErrOutcomeUnknown, e.name)
			if !e.once {
				require.Equal(t, 3, mt.GetTotalCallCount(), e.name)
			} else if mt.GetTotalCallCount() > 1 {
				twice++
			}
		}
	}
	require.Zero(t, twice)
	t.Logf("proof: activecampaign endpoints=%d writes=%d failures=%d sent_twice=%d", len(endpoints()), writes, len(failures()), twice)
}

// TestRepeatedAfter429: a 429 was refused before anything was done, so that every
// call is sent again.
func TestRepeatedAfter429(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints() {
		c, mt := mocked(t, countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 2, BaseDelay: 1}))
		n := 0
		e.register(mt, func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return answer(429, `{}`)(r)
			}
			return e.good()(r)
		})
		_, err := e.call(t.Context(), c)
		require.NoError(t, err, e.name)
		require.Equal(t, 2, n, e.name)
	}
}

func TestContractNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range endpoints() {
		require.False(t, seen[e.name], e.name)
		seen[e.name] = true
		require.True(t, strings.HasPrefix(e.path, "/"), e.path)
	}
	require.GreaterOrEqual(t, len(seen), 60)
}
