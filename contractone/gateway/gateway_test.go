package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/gateway"
	"github.com/countersign/countersign/contractone/gatewaytest"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
)

func server(t *testing.T, opts ...gatewaytest.Option) *gatewaytest.Server {
	t.Helper()
	srv := gatewaytest.NewServer(opts...)
	t.Cleanup(srv.Close)
	return srv
}

// attempts is the patience of tests.
func attempts(n int) countersign.Option {
	return countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: n, BaseDelay: time.Millisecond, MaxDelay: 5 * time.Second})
}

func client(t *testing.T, srv *gatewaytest.Server, cfg gateway.Config, opts ...countersign.Option) *gateway.Ledger {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	opts = append([]countersign.Option{
		countersign.WithBaseURL(srv.URL()), attempts(3), countersign.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)
	l, err := gateway.New(cfg, opts...)
	require.NoError(t, err)
	return l
}

func draft(document, file string) contractone.Draft {
	return contractone.Draft{
		Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: document, FileID: file, FileIndex: 1, FileCount: 1},
		Link:        "2222-2222",
		Items:       contractone.Items{Title: "業務委託契約書", Amount: contractone.Yen(0)},
		Share:       contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.User("taro@example.com")},
		PDF:         contractonetest.Upload("x.pdf", contractonetest.PDF(document+file, 5000)),
	}
}

func register(t *testing.T, l *gateway.Ledger, d contractone.Draft) contractone.Receipt {
	t.Helper()
	r, err := l.Register(t.Context(), d)
	require.NoError(t, err)
	return r
}

// onceEach checks that no file was entered twice.
func onceEach(t *testing.T, srv *gatewaytest.Server) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range srv.Entries() {
		require.False(t, seen[e.Key], "%s was entered twice", e.Key)
		seen[e.Key] = true
	}
}

func runSuite(t *testing.T, patience int, faults ...countersigntest.Rule) {
	t.Helper()
	servers := sync.Map{}
	contractonetest.Run(t, func(t *testing.T) contractone.Ledger {
		srv := server(t, gatewaytest.WithContracted(50))
		srv.Faults().Add(faults...)
		t.Cleanup(func() { onceEach(t, srv) })
		l := client(t, srv, gateway.Config{Quota: true, TempDir: t.TempDir()}, attempts(patience))
		servers.Store(l, srv)
		return l
	}, func(t *testing.T, l contractone.Ledger) contractone.Ledger {
		srv, ok := servers.Load(l)
		require.True(t, ok)
		return client(t, srv.(*gatewaytest.Server), gateway.Config{Quota: true})
	})
}

func TestGatewayKeepsTheContract(t *testing.T) {
	t.Parallel()
	runSuite(t, 3)
}

// Every answer to a registration gets lost after the work was done: with more
// attempts, and with one that is looked up.
func TestGatewayKeepsTheContractWhenAnswersGetLost(t *testing.T) {
	t.Parallel()
	lost := countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: countersigntest.LoseAnswer()}
	cut := countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: countersigntest.CutBody(10)}
	for name, rule := range map[string]countersigntest.Rule{"lost": lost, "cut": cut} {
		for _, patience := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d attempts", name, patience), func(t *testing.T) {
				t.Parallel()
				runSuite(t, patience, rule)
			})
		}
	}
}

// Several writers, every kind of fault, and a gateway that keeps its promise or
// does not recognise keys: nothing lost, nothing twice.
func TestNothingLostNothingTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opts     []gatewaytest.Option
		patience int
	}{
		"a good gateway":                       {nil, 3},
		"a gateway that does not know its key": {[]gatewaytest.Option{gatewaytest.WithoutIdempotency()}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := server(t, c.opts...)
			for n, fault := range map[int]countersigntest.Fault{
				3: countersigntest.LoseAnswer(), 5: countersigntest.CutBody(7), 7: countersigntest.Status(502), 11: countersigntest.TooManyRequests(0),
			} {
				srv.Faults().Add(countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: fault, Every: n},
					countersigntest.Rule{Operation: gatewaytest.OpLookup, Fault: fault, Every: 3 * n})
			}
			l := client(t, srv, gateway.Config{}, attempts(c.patience))
			const files = 120
			created := make([]int, files)
			var wg sync.WaitGroup
			for w := range 4 {
				wg.Go(func() {
					for i := w; i < files; i += 4 {
						for range 50 { // as a flow does: later again, until there is a receipt
							r, err := l.Register(t.Context(), draft("doc", fmt.Sprint("file", i)))
							if err == nil {
								if r.Created {
									created[i]++
								}
								break
							}
						}
					}
				})
			}
			wg.Wait()
			onceEach(t, srv)
			lost := files - len(srv.Entries())
			t.Logf("proof: gateway files=%d lost=%d duplicates=%d faults=%v", files, lost, max(-lost, 0), srv.Faults().Injected())
			require.Zero(t, lost)
			for i, n := range created {
				require.LessOrEqual(t, n, 1, "file %d", i)
			}
		})
	}
}

// When neither the answer nor a look says what happened, the error says so, and
// a later look finds the file.
func TestUnknownOutcomeThenLookup(t *testing.T) {
	t.Parallel()
	srv := server(t)
	srv.Faults().Add(
		countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: countersigntest.LoseAnswer()},
		countersigntest.Rule{Operation: gatewaytest.OpLookup, Fault: countersigntest.Status(http.StatusServiceUnavailable), Every: 2},
	)
	l := client(t, srv, gateway.Config{}, attempts(1))
	d := draft("doc", "file")
	_, err := l.Register(t.Context(), d)
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	fe, ok := errors.AsType[*contractone.FileError](err)
	require.True(t, ok)
	require.Equal(t, "file", fe.FileID)
	srv.Faults().Clear()
	e, found, err := l.Lookup(t.Context(), d.Key())
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, d.Items, e.Items)
	require.False(t, register(t, l, d).Created)
	require.Len(t, srv.Entries(), 1)
}

// A refusal after a lost answer says nothing about what got lost: the look that
// follows decides, and where there is none the outcome stays open.
func TestRefusalAfterALostAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 409, 422, 429} {
		for _, looks := range []bool{true, false} {
			t.Run(fmt.Sprint(status, looks), func(t *testing.T) {
				t.Parallel()
				srv := server(t)
				srv.Faults().Add(
					countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: countersigntest.LoseAnswer(), Next: 1},
					countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: countersigntest.Status(status)},
				)
				if !looks {
					srv.Faults().Add(countersigntest.Rule{Operation: gatewaytest.OpLookup, Fault: countersigntest.Status(status), Every: 2})
				}
				l := client(t, srv, gateway.Config{}, attempts(2))
				receipt, err := l.Register(t.Context(), draft("doc", "file"))
				require.Len(t, srv.Entries(), 1)
				if !looks && status != 429 { // a refused look may be repeated
					require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
					return
				}
				require.NoError(t, err)
				require.True(t, receipt.Created)
			})
		}
	}
}

func TestRetriesHonourTheGateway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault countersigntest.Fault
		sent  int64
		kind  error
	}{
		"429":                 {countersigntest.TooManyRequests(0), 3, countersign.ErrRateLimited},
		"a wait of a minute":  {countersigntest.TooManyRequests(time.Minute), 1, countersign.ErrRateLimited},
		"503":                 {countersigntest.Status(503), 3, countersign.ErrOutcomeUnknown},
		"500":                 {countersigntest.Status(500), 1, countersign.ErrOutcomeUnknown},
		"501 is never worth":  {countersigntest.Status(501), 1, countersign.ErrUnavailable},
		"a proxy's 400":       {countersigntest.Status(400), 1, countersign.ErrInvalid},
		"a proxy's 404":       {countersigntest.Status(404), 1, countersign.ErrNotFound},
		"an answer cut short": {countersigntest.CutBody(3), 3, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := server(t)
			srv.Faults().Add(countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: c.fault})
			l := client(t, srv, gateway.Config{})
			_, err := l.Register(t.Context(), draft("doc", "file"))
			require.Equal(t, c.sent, srv.Log().Tally(gatewaytest.OpRegister).Requests)
			if c.kind == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.kind)
			require.Empty(t, srv.Entries())
		})
	}
}

// A gateway's own problems become the ledger's errors, each naming the file.
func TestProblems(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		status int
		want   error
	}{
		gateway.CodeQuota:   {409, contractone.ErrQuota},
		gateway.CodePlan:    {403, contractone.ErrPlanNotSupported},
		gateway.CodeAccess:  {403, contractone.ErrAccessRestricted},
		gateway.CodeStorage: {503, contractone.ErrStorage},
		gateway.CodeInvalid: {422, countersign.ErrInvalid},
		"of the gateway's":  {409, countersign.ErrConflict},
	} {
		srv := server(t)
		srv.Refuse(c.status, code)
		l := client(t, srv, gateway.Config{}, attempts(1))
		_, err := l.Register(t.Context(), draft("doc", "file"))
		require.ErrorIs(t, err, c.want, code)
		require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown, code)
		ce, ok := errors.AsType[*countersign.Error](err)
		require.True(t, ok)
		require.Equal(t, code, ce.Code)
		require.ErrorContains(t, err, "2222-2222")
		srv.Refuse(0, "")
		require.True(t, register(t, l, draft("doc", "file")).Created)
	}
}

func TestTheCredentialGoesWhereTheCallerSays(t *testing.T) {
	t.Parallel()
	const key = "a-key-of-the-gateway"
	srv := server(t, gatewaytest.WithHeader("X-Gateway-Key", key))
	l := client(t, srv, gateway.Config{Header: "X-Gateway-Key", Credential: countersign.NewSecret(key)})
	require.True(t, register(t, l, draft("doc", "file")).Created)
	wrong := client(t, srv, gateway.Config{Header: "Authorization", Credential: countersign.NewSecret("Bearer " + key)})
	_, err := wrong.Register(t.Context(), draft("doc", "file2"))
	require.ErrorIs(t, err, countersign.ErrUnauthorized)
	require.NotContains(t, fmt.Sprintf("%v %+v", err, err), key)
	var answer struct{ Used int }
	require.NoError(t, l.Do(t.Context(), countersign.Request{Path: []string{"quota"}}, &answer))
	require.Equal(t, 1, answer.Used)
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	base := countersign.WithBaseURL("https://gateway.example.com")
	_, err := gateway.New(gateway.Config{})
	require.ErrorContains(t, err, "WithBaseURL")
	for _, cfg := range []gateway.Config{
		{Header: "X-Key"}, {Credential: countersign.NewSecret("x")},
		{Header: "Idempotency-Key", Credential: countersign.NewSecret("x")}, {Header: "content-type", Credential: countersign.NewSecret("x")},
		{Header: "X Key", Credential: countersign.NewSecret("x")}, {Header: "X-Key", Credential: countersign.NewSecret("a\nb")},
	} {
		_, err := gateway.New(cfg, base)
		var ce *countersign.ConfigError
		require.ErrorAs(t, err, &ce)
	}
	_, err = gateway.New(gateway.Config{}, base, countersign.WithBaseURL("http://example.com"))
	require.Error(t, err)
}

// Answers that are about something else are not believed.
func TestAnswersAreChecked(t *testing.T) {
	t.Parallel()
	const entry = `{"id":"1","key":%q,"source":{},"items":{},"pdf":{"sha256":"x","size":1},"registered_at":"2026-04-01T00:00:00Z"}`
	key := draft("doc", "file").Key()
	one, other := fmt.Sprintf(entry, key), fmt.Sprintf(entry, "cloudsign:other:file")
	for name, c := range map[string]struct {
		lookup, receipt string
		want            error
	}{
		"another entry":   {`{"entries":[` + other + `]}`, "", nil},
		"not JSON":        {`<html>`, "", nil},
		"twice":           {`{"entries":[` + one + `,` + one + `]}`, "", countersign.ErrConflict},
		"another receipt": {`{"entries":[]}`, other, countersign.ErrOutcomeUnknown},
		"an empty one":    {`{"entries":[]}`, `{}`, countersign.ErrOutcomeUnknown},
		"another PDF":     {`{"entries":[]}`, one, countersign.ErrOutcomeUnknown},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusCreated)
				_, _ = io.WriteString(w, c.receipt)
				return
			}
			_, _ = io.WriteString(w, c.lookup)
		}))
		l, err := gateway.New(gateway.Config{}, countersign.WithBaseURL(web.URL), attempts(1))
		require.NoError(t, err)
		_, err = l.Register(t.Context(), draft("doc", "file"))
		web.Close()
		require.Error(t, err, name)
		if c.want != nil {
			require.ErrorIs(t, err, c.want, name)
		}
	}
}

// The PDF is read once, however often it is sent, and nothing stays behind.
func TestThePDFIsReadOnce(t *testing.T) {
	t.Parallel()
	srv := server(t)
	srv.Faults().Add(countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: countersigntest.Status(502), Next: 2})
	dir := t.TempDir()
	l := client(t, srv, gateway.Config{TempDir: dir})
	data, opened := contractonetest.PDF("x", 3<<20), 0
	d := draft("doc", "file")
	d.PDF = countersign.Upload{Size: -1, Open: func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
	require.Equal(t, int64(len(data)), register(t, l, d).PDF.Size)
	require.Equal(t, 1, opened)
	require.Equal(t, int64(3), srv.Log().Tally(gatewaytest.OpRegister).Requests)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)

	gone := client(t, srv, gateway.Config{TempDir: dir + "/gone"})
	_, err = gone.Register(t.Context(), draft("doc", "file2"))
	require.ErrorIs(t, err, contractone.ErrStorage)
}

// A caller who leaves while the file is on its way can't know what became of it.
func TestTheCallerLeaves(t *testing.T) {
	t.Parallel()
	srv := server(t)
	srv.Faults().Add(countersigntest.Rule{Operation: gatewaytest.OpRegister, Fault: countersigntest.Hang()})
	ctx, cancel := context.WithCancel(t.Context())
	left := countersign.WithObserver(func(a countersign.Attempt) {
		if a.Op == "look up entry" {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
	})
	_, err := client(t, srv, gateway.Config{}, left).Register(ctx, draft("doc", "file"))
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.ErrorIs(t, err, context.Canceled)
}

func TestTheContractSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	text := strings.Join(strings.Fields(string(gateway.OpenAPI())), " ")
	require.Contains(t, text, "This contract is Countersign's own. It is not an interface of Contract One")
}

func FuzzProblem(f *testing.F) {
	f.Add("application/problem+json", []byte(`{"type":"urn:countersign:ledger-gateway:quota","detail":"x","errors":[{"pointer":"/a","detail":"b"}]}`))
	f.Add("application/json; charset=utf-8", []byte(`{"type":"about:blank","title":"T","errors":null}`))
	f.Add("text/html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		d := gateway.ParseError(503, http.Header{"Content-Type": {contentType}}, body)
		require.LessOrEqual(t, len(d.Fields), 50)
		if d.Kind != nil { // no other type says one
			var problem struct{ Type string }
			require.NoError(t, json.Unmarshal(body, &problem))
			require.True(t, strings.HasPrefix(problem.Type, "urn:countersign:ledger-gateway:"), problem.Type)
		}
		if !strings.Contains(contentType, "json") {
			require.Empty(t, d.Message+d.Code)
		}
	})
}
