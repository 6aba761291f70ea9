package salesdock_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// Short names for the rows of the table.
type (
	ctx = context.Context
	cl  = *salesdock.Client
)

// The scopes in which an endpoint exists.
const (
	inNone    = "none"
	inUser    = "user"
	inAccount = "account"
	inEither  = "either"
)

// endpoint is one row of the contract: what goes out, in which scopes, and that a
// good answer is understood.
type endpoint struct {
	name   string
	in     string
	method string
	path   string // behind the scope, with the exact query
	body   string // JSON; empty: none
	data   string // of a good answer
	status int    // of a good answer; 0: 200
	call   func(ctx, cl) (any, error)
	want   any  // nil: it is enough that the answer is understood
	reads  bool // it changes nothing, whatever its method is
	silent bool // the data is not read
	file   bool // the answer is a file
}

func endpoints() []endpoint {
	var all []endpoint
	for _, part := range [][]endpoint{
		productEndpoints(), rightEndpoints(), catalogueEndpoints(), saleEndpoints(), saleChangeEndpoints(), calculatorEndpoints(),
		conceptEndpoints(), leadEndpoints(), formEndpoints(), relationEndpoints(), accountEndpoints(),
	} {
		all = append(all, part...)
	}
	return all
}

// scopes are those in which the endpoint is called, and whether it works there.
func (e endpoint) scopes() map[salesdock.Scope]bool {
	return map[salesdock.Scope]bool{
		salesdock.ScopeUser:    e.in != inAccount,
		salesdock.ScopeAccount: e.in != inUser,
	}
}

// scope is one in which the endpoint works.
func (e endpoint) scope() salesdock.Scope {
	if e.in == inUser {
		return salesdock.ScopeUser
	}
	return salesdock.ScopeAccount
}

func (e endpoint) url(s salesdock.Scope) string {
	if e.in == inNone {
		return base + e.path
	}
	return base + "/" + string(s) + e.path
}

func (e endpoint) good() httpmock.Responder {
	if e.file {
		return httpmock.NewStringResponder(200, e.data).HeaderSet(http.Header{"Content-Type": {"application/pdf"}})
	}
	status := e.status
	if status == 0 {
		status = 200
	}
	return answer(status, `{"success":true,"data":`+e.data+`,"message":"Gelukt"}`)
}

// none is the result of a call that gives an error alone.
func none(err error) (any, error) { return nil, err }

func TestContract(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			for scope, works := range e.scopes() {
				c, mt := mocked(t, scope)
				mt.RegisterResponder(e.method, e.url(scope), func(r *http.Request) (*http.Response, error) {
					require.Equal(t, "Bearer "+apiToken, r.Header.Get("Authorization"))
					var sent []byte
					if r.Body != nil {
						var err error
						sent, err = io.ReadAll(r.Body)
						require.NoError(t, err)
					}
					if e.body == "" {
						require.Empty(t, string(sent))
					} else {
						require.Equal(t, "application/json", r.Header.Get("Content-Type"))
						require.JSONEq(t, e.body, string(sent))
					}
					return e.good()(r)
				})
				got, err := e.call(t.Context(), c)
				if !works {
					wrong, ok := errors.AsType[*salesdock.ScopeError](err)
					require.True(t, ok, "%v", err)
					require.Equal(t, scope, wrong.Scope)
					require.ErrorIs(t, err, countersign.ErrInvalid)
					require.Zero(t, mt.GetTotalCallCount(), "a wrong scope is refused before the wire")
					continue
				}
				require.NoError(t, err)
				if e.want != nil {
					require.Equal(t, e.want, got)
				}
				require.Equal(t, 1, mt.GetTotalCallCount())
			}
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
	page := func(status int, body string) httpmock.Responder {
		return httpmock.NewStringResponder(status, body).HeaderSet(http.Header{"Content-Type": {"text/html"}})
	}
	return []failure{
		{"400 fields", answer(400, `{"success":false,"message":"m","code":400,"errors":{"email":["verplicht"]}}`), salesdock.ErrValidation},
		{"400 business", answer(400, `{"success":false,"message":"Invalid product","code":"400"}`), countersign.ErrInvalid},
		{"401", answer(401, `{"success":false,"message":"m"}`), countersign.ErrUnauthorized},
		{"403", answer(403, `{"success":false,"message":"m"}`), countersign.ErrForbidden},
		{"404", answer(404, `{"success":false,"message":"m","code":404}`), countersign.ErrNotFound},
		{"405", answer(405, `{"success":false,"message":"m"}`), salesdock.ErrNotAllowed},
		{"422", answer(422, `{"message":"m","errors":{"email":["required"]}}`), salesdock.ErrValidation},
		{"429", answer(429, `{"success":false,"message":"Too Many Attempts.","code":429}`, "Retry-After", "650"), countersign.ErrRateLimited},
		{"429 edge", page(429, "<html>error code: 1015</html>"), countersign.ErrRateLimited},
	}
}

// TestStandardFailures runs every endpoint through the failures that each of them
// can meet. What is in doubt is never sent again.
func TestStandardFailures(t *testing.T) {
	t.Parallel()
	twice := make(chan int, len(endpoints()))
	writes := 0
	t.Run("all", func(t *testing.T) {
		for _, e := range endpoints() {
			read := e.method == "GET" || e.reads
			if !read {
				writes++
			}
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				c, mt := mocked(t, e.scope())
				for _, f := range failures() {
					mt.RegisterResponder(e.method, e.url(e.scope()), f.answer)
					before := mt.GetTotalCallCount()
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					_, err := e.call(ctx, c)
					cancel()
					require.ErrorIs(t, err, f.kind, f.name)
					require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown, f.name)
					require.NotContains(t, err.Error(), apiToken)
					require.Equal(t, 1, mt.GetTotalCallCount()-before, f.name)
				}
				twice <- e.doubt(t, c, mt, read)
				e.contradictions(t, c, mt, read)
				calls := mt.GetTotalCallCount()
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err := e.call(ctx, c)
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, calls, mt.GetTotalCallCount())
			})
		}
	})
	close(twice)
	sum := 0
	for n := range twice {
		sum += n
	}
	require.Zero(t, sum, "writes that were sent twice")
	t.Logf("proof: salesdock endpoints=%d writes=%d failures=%d sent_twice=%d", len(endpoints()), writes, len(failures()), sum)
}

// doubt counts the writes that were sent again after an answer that did not come.
func (e endpoint) doubt(t *testing.T, c cl, mt *httpmock.MockTransport, read bool) (twice int) {
	html := httpmock.NewStringResponder(500, "<html>oops</html>").HeaderSet(http.Header{"Content-Type": {"text/html"}})
	gone := httpmock.NewStringResponder(503, "").HeaderSet(http.Header{"Content-Type": {"text/html"}})
	for _, r := range []httpmock.Responder{html, gone, httpmock.NewStringResponder(504, ""), httpmock.NewErrorResponder(io.ErrUnexpectedEOF)} {
		mt.RegisterResponder(e.method, e.url(e.scope()), r)
		before := mt.GetTotalCallCount()
		_, err := e.call(t.Context(), c)
		if read {
			require.ErrorIs(t, err, countersign.ErrUnavailable)
			continue
		}
		require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		twice += mt.GetTotalCallCount() - before - 1
	}
	return twice
}

// contradictions: an answer that says no with a good status, or that is cut off,
// is no success.
func (e endpoint) contradictions(t *testing.T, c cl, mt *httpmock.MockTransport, read bool) {
	if e.file {
		return
	}
	bodies := []string{`{"success":false,"message":"m","data":[]}`, `{"success":"0"}`, `{"x":`}
	if !e.silent {
		bodies = append(bodies, `{"success":true,"message":"m"}`, `{"success":true,"data":null}`)
	}
	for _, body := range bodies {
		mt.RegisterResponder(e.method, e.url(e.scope()), answer(200, body))
		_, err := e.call(t.Context(), c)
		_, ok := errors.AsType[*countersign.DecodeError](err)
		require.True(t, ok, "%s: %v", body, err)
		if !read {
			require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
		}
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
	require.GreaterOrEqual(t, len(seen), 100)
}
