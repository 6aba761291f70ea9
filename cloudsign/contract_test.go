package cloudsign_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// free is a limiter that holds nothing back.
type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

// endpoint is one row of the contract: what goes out, and that a good answer is
// understood.
type endpoint struct {
	name   string
	method string // empty: GET
	url    string // with the exact query
	accept string
	// body is what has to be sent: url.Values for a form, multi for a multipart
	// body, a string for JSON, nil for nothing.
	body   any
	before httpmock.Responder // of the GET that comes first; nil: there is none
	answer httpmock.Responder
	call   func(context.Context, *cloudsign.Client) (any, error)
	want   any
	none   bool // 404 is an answer, not an error
}

// write reports whether the call changes something.
func (e endpoint) write() bool { return e.method != "" }

// register answers the call, and what comes before it.
func (e endpoint) register(mt *httpmock.MockTransport, r httpmock.Responder) {
	if e.before != nil {
		mt.RegisterResponder("GET", e.url, e.before)
	}
	mt.RegisterResponder(cmp.Or(e.method, "GET"), e.url, r)
}

// multi is a multipart body: its fields, and the file under its name.
type multi map[string]string

func (e endpoint) checkBody(t *testing.T, r *http.Request) {
	t.Helper()
	if e.body == nil {
		require.Zero(t, r.ContentLength)
		require.Empty(t, r.Header.Get("Content-Type"))
		return
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	raw, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.EqualValues(t, len(raw), r.ContentLength)
	switch want := e.body.(type) {
	case url.Values:
		require.Equal(t, "application/x-www-form-urlencoded", kind)
		got, err := url.ParseQuery(string(raw))
		require.NoError(t, err)
		require.Equal(t, want, got)
	case string:
		require.Equal(t, "application/json", kind)
		require.JSONEq(t, want, string(raw))
	case multi:
		require.Equal(t, "multipart/form-data", kind)
		form, err := multipart.NewReader(bytes.NewReader(raw), params["boundary"]).ReadForm(1 << 20)
		require.NoError(t, err)
		got := multi{}
		for name, values := range form.Value {
			got[name] = strings.Join(values, "|")
		}
		for name, files := range form.File {
			got[name] = fmt.Sprintf("%s %s %d", files[0].Filename, files[0].Header.Get("Content-Type"), files[0].Size)
		}
		require.Equal(t, want, got)
	}
}

const host = "https://api-sandbox.cloudsign.jp"

func pdf() httpmock.Responder {
	return httpmock.NewStringResponder(200, "%PDF-1.4 x %%EOF").HeaderSet(http.Header{"Content-Type": {"application/pdf"}})
}

func read(d *countersign.Download, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer d.Close()
	b, err := io.ReadAll(d)
	return string(b), err
}

func endpoints() []endpoint {
	return slices.Concat(listings(), objects(), files(), documentWrites(), partWrites(), attachmentWrites(), recordWrites(), uploads())
}

// objects are the calls that read one thing.
func objects() []endpoint {
	return []endpoint{
		{
			name: "me", url: host + "/me",
			answer: answer(200, `{"id":"u1","email":"a@example.jp","name":"A","organization":"O","team":{"id":"t1","name":"T"},"authorities":{"team_administrator":true,"team_document_administrator":true,"document_approver":false,"private_document_administrator":false}}`),
			call:   func(ctx context.Context, c *cloudsign.Client) (any, error) { return c.Users.Me(ctx) },
			want: &cloudsign.User{ID: "u1", Email: "a@example.jp", Name: "A", Organization: "O", Team: cloudsign.Team{ID: "t1", Name: "T"},
				Authorities: cloudsign.Authorities{TeamAdministrator: true, TeamDocumentAdministrator: true}},
		},
		{
			name: "get", url: host + "/documents/d%2F1",
			answer: answer(200, `{"id":"d/1","title":"業務委託契約","status":99,"files":[{"id":"f1","name":"契約書.pdf","order":0,"total_pages":3,"widgets":[]}],"participants":[{"id":"p0","order":0,"processed_at":null}]}`),
			call:   func(ctx context.Context, c *cloudsign.Client) (any, error) { return c.Documents.Get(ctx, "d/1") },
			want: &cloudsign.Document{ID: "d/1", Title: "業務委託契約", Status: 99, Files: []cloudsign.File{{ID: "f1", Name: "契約書.pdf", TotalPages: 3, Widgets: []cloudsign.Widget{}}},
				Participants: []cloudsign.Participant{{ID: "p0"}}},
		},
		{
			name: "attribute", url: host + "/documents/d1/attribute", none: true,
			answer: answer(200, `{"document_id":"d1","title":"T","counterparty":"","contract_at":"2025-04-01","validity_start_at":null,"validity_end_at":null,"validity_end_notice_at":null,"auto_update":1,"local_id":"K-1","amount":-9223372036854775808,"options":[{"order":1,"content":"x"}]}`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				a, found, err := c.Attributes.Get(ctx, "d1")
				if err == nil && !found {
					return nil, countersign.ErrNotFound
				}
				return a, err
			},
			want: &cloudsign.Attribute{DocumentID: "d1", Title: "T", ContractAt: countersign.Date{Year: 2025, Month: 4, Day: 1}, AutoUpdate: cloudsign.AutoUpdateYes,
				LocalID: "K-1", Amount: new(int64(-9223372036854775808)), Options: []cloudsign.Option{{Order: 1, Content: "x"}}},
		},
		{
			name: "alert", url: host + "/documents/d1/alert", none: true,
			answer: answer(200, `{"id":9223372036854775807,"document_id":"d1","memo":"m","alert_at":"2025-04-01","enabled":true}`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				a, found, err := c.Alerts.Get(ctx, "d1")
				if err == nil && !found {
					return nil, countersign.ErrNotFound
				}
				return a, err
			},
			want: &cloudsign.Alert{ID: 9223372036854775807, DocumentID: "d1", Memo: "m", AlertAt: countersign.Date{Year: 2025, Month: 4, Day: 1}, Enabled: true},
		},
	}
}

// files are the calls that read bytes.
func files() []endpoint {
	return []endpoint{
		{
			name: "attached file", url: host + "/documents/d1/attachments/a1/attached_files/f1", accept: "*/*", answer: pdf(),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return read(c.Attachments.Download(ctx, "d1", "a1", "f1"))
			},
			want: "%PDF-1.4 x %%EOF",
		},
		{
			name: "file", url: host + "/documents/d1/files/f1", accept: "application/pdf", answer: pdf(),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return read(c.Files.Download(ctx, "d1", "f1"))
			},
			want: "%PDF-1.4 x %%EOF",
		},
		{
			name: "certificate", url: host + "/documents/d1/certificate", accept: "application/pdf", answer: pdf(),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return read(c.Files.DownloadCertificate(ctx, "d1"))
			},
			want: "%PDF-1.4 x %%EOF",
		},
	}
}

// listings are the calls that read pages.
func listings() []endpoint {
	hour := cloudsign.Time{Time: time.Date(2025, 4, 1, 1, 0, 0, 0, time.UTC)}
	day := time.Date(2025, 4, 2, 3, 4, 5, 6000, time.FixedZone("JST", 9*3600))
	return []endpoint{
		{
			name: "cabinets", url: host + "/cabinets?page=1",
			answer: answer(200, `{"total":101,"page":1,"cabinets":[{"id":"c1","name":"すべての書類","note":"","type":1,"created_at":"2025-04-01T01:00:00Z","updated_at":"2025-04-01T01:00:00Z"}]}`),
			call:   func(ctx context.Context, c *cloudsign.Client) (any, error) { return c.Cabinets.List(ctx, 0) },
			want: &countersign.Page[cloudsign.Cabinet]{Total: 101, Next: "2", Items: []cloudsign.Cabinet{{ID: "c1", Name: "すべての書類", Type: cloudsign.CabinetAllDocuments,
				CreatedAt: hour, UpdatedAt: hour}}},
		},
		{
			name: "list", url: host + "/documents?from=2025-04-02T03%3A04%3A05.000006%2B09%3A00&page=2&status=2&to=2025-04-03T03%3A04%3A05.000006%2B09%3A00&with_files=y&with_participants=n",
			answer: answer(200, `{"total":101,"page":2,"documents":[{"id":"d1","status":2,"future_member":[1]}]}`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Documents.List(ctx, cloudsign.DocumentQuery{Page: 2, Status: new(cloudsign.StatusConcluded), From: day, To: day.AddDate(0, 0, 1), WithoutParticipants: true})
			},
			want: &countersign.Page[cloudsign.Document]{Total: 101, Items: []cloudsign.Document{{ID: "d1", Status: cloudsign.StatusConcluded,
				Extra: cloudsign.Extra{"future_member": json.RawMessage("[1]")}}}},
		},
		{
			name: "list templates", url: host + "/documents?status=4&with_files=n&with_participants=y&with_shared_templates=y",
			answer: answer(200, `{"total":0,"page":1,"documents":[]}`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Documents.List(ctx, cloudsign.DocumentQuery{Status: new(cloudsign.StatusTemplate), WithSharedTemplates: true, WithoutFiles: true})
			},
			want: &countersign.Page[cloudsign.Document]{Items: []cloudsign.Document{}},
		},
		{
			name: "list team", url: host + "/team_documents?with_files=y&with_participants=y",
			answer: answer(200, `{"total":250,"page":1,"documents":[{"id":"d1","status":13,"private":true,"sent_at":null,"last_processed_at":"2025-04-02T03:04:05.000006Z"}]}`),
			call: func(ctx context.Context, c *cloudsign.Client) (any, error) {
				return c.Documents.ListTeam(ctx, cloudsign.DocumentQuery{})
			},
			want: &countersign.Page[cloudsign.Document]{Total: 250, Next: "2", Items: []cloudsign.Document{{ID: "d1", Status: cloudsign.StatusImported, Private: true,
				LastProcessedAt: cloudsign.Time{Time: time.Date(2025, 4, 2, 3, 4, 5, 6000, time.UTC)}}}},
		},
	}
}

func TestContractCloudSign(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c, mt := mocked(t)
			e.register(mt, func(r *http.Request) (*http.Response, error) {
				require.Equal(t, "Bearer tok-0123456789", r.Header.Get("Authorization"))
				accept := e.accept
				if accept == "" {
					accept = "application/json"
				}
				require.Equal(t, accept, r.Header.Get("Accept"))
				require.Empty(t, r.Header.Get("Origin"), "the service refuses foreign origins")
				e.checkBody(t, r)
				return e.answer(r)
			})
			got, err := e.call(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, e.want, got)
			calls := 2 // the token is the first
			if e.before != nil {
				calls++
			}
			require.Equal(t, calls, mt.GetTotalCallCount())
		})
	}
}

// failure is an answer that every endpoint can meet.
type failure struct {
	name   string
	answer httpmock.Responder
	kind   error
	open   bool // leaves open whether a write has happened
}

func standardFailures() []failure {
	html := httpmock.NewStringResponder(500, "<html>oops</html>").HeaderSet(http.Header{"Content-Type": {"text/html"}})
	return []failure{
		{"400", answer(400, `{"error":"bad_request","message":"m"}`), countersign.ErrInvalid, false},
		{"401", answer(401, `{"error":"unauthorized","message":"m"}`), countersign.ErrUnauthorized, false},
		{"403", answer(403, `{"error":"forbidden","message":"m"}`), countersign.ErrForbidden, false},
		{"403 option", answer(403, `{"error":"webapi_option_required","message":"m"}`), cloudsign.ErrAPIOptionRequired, false},
		{"403 option, misspelt", answer(403, `{"error":"webapi_option_require","message":"m"}`), cloudsign.ErrAPIOptionRequired, false},
		{"403 state", answer(403, `{"error":"not_acceptable","message":"m"}`), cloudsign.ErrNotAcceptable, false},
		{"404", answer(404, `{"error":"not_found","message":"m"}`), countersign.ErrNotFound, false},
		{"405", answer(405, `{"error":"method_not_allowed","message":"m"}`), countersign.ErrInvalid, false},
		{"409", answer(409, `{"error":"conflict","message":"m"}`), countersign.ErrConflict, false},
		{"413", answer(413, `{"error":"too_large_request","message":"m"}`), cloudsign.ErrTooLarge, false},
		{"413 import", answer(413, `{"error":"payload_too_large","message":"m"}`), cloudsign.ErrTooLarge, false},
		{"413 of a gateway", httpmock.NewStringResponder(413, "<html>"), cloudsign.ErrTooLarge, false},
		{"415", answer(415, `{"error":"unsupported_media_type","message":"m"}`), cloudsign.ErrUnsupportedMedia, false},
		{"429", answer(429, `{"error":"too_many_requests","message":"m"}`), countersign.ErrRateLimited, false},
		{"500 HTML", html, countersign.ErrUnavailable, true},
		{"504", httpmock.NewStringResponder(504, ""), countersign.ErrUnavailable, true},
		{"lost", httpmock.NewErrorResponder(errors.New("connection reset by peer")), countersign.ErrUnavailable, true},
	}
}

// TestStandardFailures runs every endpoint through the failures that each of
// them can meet.
func TestStandardFailuresCloudSign(t *testing.T) {
	t.Parallel()
	failures := standardFailures()
	writes := 0
	var repeated atomic.Int64
	for _, e := range endpoints() {
		if e.write() {
			writes++
		}
	}
	t.Cleanup(func() {
		if !t.Failed() {
			// Besides the answers above, a cancelled call and an answer that is cut.
			t.Logf("proof: cloudsign contract rows=%d writes=%d failures_each=%d sent_twice=%d", len(endpoints()), writes, len(failures)+2, repeated.Load())
		}
	})
	for _, e := range endpoints() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range failures {
				c, mt := mockedWith(t, countersign.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond})
				e.register(mt, f.answer)
				_, err := e.call(t.Context(), c)
				kind := f.kind
				if e.write() && f.open {
					kind = countersign.ErrOutcomeUnknown
				}
				require.ErrorIs(t, err, kind, f.name)
				if f.name != "404" || !e.none {
					require.NotEmpty(t, apiError(t, err).Op)
				}
				sent, want := mt.GetCallCountInfo()[cmp.Or(e.method, "GET")+" "+e.url], 1
				switch {
				case e.write():
					repeated.Add(int64(sent - 1))
				case f.name == "504" || f.name == "lost":
					want = 3 // a read is repeated
				}
				require.Equal(t, want, sent, "%s: no write is sent twice", f.name)
			}
			c, mt := mocked(t)
			e.register(mt, e.answer)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := e.call(ctx, c)
			require.ErrorIs(t, err, context.Canceled)
			require.Zero(t, mt.GetTotalCallCount())
			cancelledInFlight(t, e)
			if e.want != nil && e.accept == "" {
				e.register(mt, answer(200, `{"id":`))
				_, err = e.call(t.Context(), c)
				_, ok := errors.AsType[*countersign.DecodeError](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, e.write(), errors.Is(err, countersign.ErrOutcomeUnknown))
			}
		})
	}
}

// cancelledInFlight cancels the call while the service is at work on it.
func cancelledInFlight(t *testing.T, e endpoint) {
	t.Helper()
	c, mt := mocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e.register(mt, func(r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	_, err := e.call(ctx, c)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, e.write(), errors.Is(err, countersign.ErrOutcomeUnknown), "only a write leaves a doubt")
}

func TestRequestsThatAreRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	c, mt := mocked(t)
	now := time.Now()
	for name, call := range map[string]func() error{
		"empty id":    func() error { _, err := c.Documents.Get(t.Context(), ""); return err },
		"climbing id": func() error { _, err := c.Documents.Get(t.Context(), ".."); return err },
		"empty file":  func() error { _, err := c.Files.Download(t.Context(), "d", ""); return err },
		"imported status": func() error {
			_, err := c.Documents.List(t.Context(), cloudsign.DocumentQuery{Status: new(cloudsign.StatusImported)})
			return err
		},
		"team status": func() error {
			_, err := c.Documents.ListTeam(t.Context(), cloudsign.DocumentQuery{Status: new(cloudsign.StatusConcluded)})
			return err
		},
		"team templates": func() error {
			_, err := c.Documents.ListTeam(t.Context(), cloudsign.DocumentQuery{WithSharedTemplates: true})
			return err
		},
		"shared": func() error {
			_, err := c.Documents.List(t.Context(), cloudsign.DocumentQuery{WithSharedTemplates: true})
			return err
		},
		"page": func() error { _, err := c.Documents.List(t.Context(), cloudsign.DocumentQuery{Page: -1}); return err },
		"window": func() error {
			_, err := c.Documents.List(t.Context(), cloudsign.DocumentQuery{From: now, To: now.Add(-1)})
			return err
		},
	} {
		err := call()
		_, ok := errors.AsType[*countersign.ConfigError](err)
		require.True(t, ok, "%s: %v", name, err)
	}
	require.Zero(t, mt.GetTotalCallCount())
}
