package conformance_test

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/gateway"
	"github.com/countersign/countersign/contractone/gatewaytest"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/countersigntest"
	"github.com/countersign/countersign/internal/conformance"
)

// newGateway reads the contract that the client publishes.
func newGateway(t *testing.T) *conformance.Spec {
	t.Helper()
	path := filepath.Join(t.TempDir(), "openapi.yaml")
	require.NoError(t, os.WriteFile(path, gateway.OpenAPI(), 0o600))
	spec, err := conformance.Load("gateway", path, nil)
	require.NoError(t, err)
	return spec
}

func gatewayDraft(file string) contractone.Draft {
	day := countersign.Date{Year: 2026, Month: 4, Day: 1}
	return contractone.Draft{
		Source: contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: "doc", FileID: file, FileIndex: 1, FileCount: 1},
		Link:   "2222-2222",
		Items: contractone.Items{
			Title: "契約書", Counterparty: "株式会社例", SignedOn: day, StartsOn: day, EndsOn: day, Amount: contractone.Yen(math.MinInt64),
			AutoRenewal: contractone.RenewalNo, NoticeDeadline: day, FileName: "x.pdf", ApprovalNumber: "R-1",
		},
		Extensions:  map[string]string{"部署": "法務"},
		Share:       contractone.Groups("法務"),
		Responsible: []contractone.Principal{contractone.User("taro@example.com"), contractone.Group("法務")},
		PDF:         contractonetest.Upload("契約.pdf", contractonetest.PDF(file, 600)),
	}
}

// TestGateway runs client and fake through the contract: every operation, and
// every refusal that the fake knows.
func TestGateway(t *testing.T) {
	t.Parallel()
	spec := newGateway(t)
	srv := gatewaytest.NewServer(gatewaytest.WithContracted(2))
	t.Cleanup(srv.Close)
	transport := &http.Client{Transport: spec.Transport(&http.Transport{DisableKeepAlives: true})}
	l, err := gateway.New(gateway.Config{Quota: true}, countersign.WithBaseURL(srv.URL()), countersign.WithHTTPClient(transport),
		countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)

	for _, file := range []string{"a", "b", "a"} {
		_, err := l.Register(t.Context(), gatewayDraft(file))
		require.NoError(t, err)
	}
	bare := gatewayDraft("c")
	bare.Items, bare.Extensions, bare.Link, bare.Share = contractone.Items{}, nil, "", contractone.Private()
	_, err = l.Register(t.Context(), bare)
	require.ErrorIs(t, err, contractone.ErrQuota)
	_, err = l.Usage(t.Context())
	require.NoError(t, err)
	for status, code := range map[int]string{http.StatusForbidden: gateway.CodePlan, http.StatusServiceUnavailable: gateway.CodeStorage} {
		srv.Refuse(status, code)
		_, err := l.Register(t.Context(), bare)
		require.Error(t, err)
	}
	srv.Faults().Add(countersigntest.Rule{Fault: countersigntest.TooManyRequests(0), Next: 1})
	_, err = l.Usage(t.Context())
	require.ErrorIs(t, err, countersign.ErrRateLimited)

	fenced := gatewaytest.NewServer(gatewaytest.WithHeader("X-Key", "x"))
	t.Cleanup(fenced.Close)
	for _, path := range []string{"/entries?key=a:b:c", "/quota"} {
		require.Equal(t, http.StatusUnauthorized, gatewayStatus(t, transport, fenced.URL()+path))
	}
	require.Empty(t, spec.Violations())
	require.Equal(t, []string{gatewaytest.OpLookup, gatewaytest.OpQuota, gatewaytest.OpRegister}, spec.Covered())
	fmt.Println(spec.Line())
	require.Equal(t, "conformance: gateway 3/3 operations schema=3", spec.Line())
}

func gatewayStatus(t *testing.T, c *http.Client, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := c.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

// TestGatewayRefusals sends what the contract does not allow; the fake refuses
// it in the contract's words, and the check of the request sees it too.
func TestGatewayRefusals(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer()
	t.Cleanup(srv.Close)
	const (
		kind = "multipart/form-data; boundary=B"
		good = `{"request_id":"r","source":{"origin":"cloudsign","document_id":"d","file_id":"f","file_index":1,"file_count":1},"items":{},` +
			`"share":{"visibility":"company"},"responsible":[{"kind":"user","name":"x"}],"pdf":{"sha256":"` + sha + `","size":9}}`
		pdf = "\r\n--B\r\nContent-Disposition: form-data; name=\"pdf\"; filename=\"x.pdf\"\r\n\r\n%PDF-1.7\n\r\n--B--\r\n"
	)
	part := func(draft string) string {
		return "--B\r\nContent-Disposition: form-data; name=\"draft\"\r\n\r\n" + draft
	}
	replaced := func(old, with string) string {
		return part(string(bytes.Replace([]byte(good), []byte(old), []byte(with), 1))) + pdf
	}
	for name, c := range map[string]struct {
		key, kind, body string
		status          int
		seen            bool // the check of the request finds it, beside the fake
	}{
		"good":              {"cloudsign:d:f", kind, part(good) + pdf, 201, false},
		"another type":      {"cloudsign:d:f", "application/json", good, 415, true},
		"another key":       {"cloudsign:d:g", kind, part(good) + pdf, 422, false},
		"no key":            {"", kind, part(good) + pdf, 422, true},
		"no draft":          {"cloudsign:d:f", kind, "--B--\r\n", 400, true},
		"no PDF":            {"cloudsign:d:f", kind, part(good) + "\r\n--B--\r\n", 400, true},
		"unknown member":    {"cloudsign:d:f", kind, replaced(`"items"`, `"color":1,"items"`), 400, true},
		"unknown item":      {"cloudsign:d:f", kind, replaced(`"items":{}`, `"items":{"color":"x"}`), 422, true},
		"null item":         {"cloudsign:d:f", kind, replaced(`"items":{}`, `"items":{"title":null}`), 422, true},
		"nobody":            {"cloudsign:d:f", kind, replaced(`[{"kind":"user","name":"x"}]`, `[]`), 422, true},
		"unknown scope":     {"cloudsign:d:f", kind, replaced(`"company"`, `"world"`), 422, true},
		"another PDF":       {"cloudsign:d:f", kind, replaced(`"size":9`, `"size":10`), 422, false},
		"no PDF header":     {"cloudsign:d:f", kind, string(bytes.Replace([]byte(part(good)+pdf), []byte("%PDF"), []byte("%XXX"), 1)), 422, false},
		"a broken-off body": {"cloudsign:d:f", kind, part(good[:20]), 400, true},
	} {
		spec := newGateway(t)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL()+"/entries", bytes.NewReader([]byte(c.body)))
		require.NoError(t, err)
		req.Header.Set("Content-Type", c.kind)
		if c.key != "" {
			req.Header.Set("Idempotency-Key", c.key)
		}
		res, err := spec.Transport(nil).RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, c.status, res.StatusCode, name)
		require.Equal(t, c.seen, len(spec.Violations()) > 0, "%s: %q", name, spec.Violations())
		for _, v := range spec.Violations() {
			require.NotContains(t, v, "answer", name)
		}
	}
	require.Len(t, srv.Entries(), 1)
}

// sha is the SHA-256 of "%PDF-1.7\n".
const sha = "0716f9264c9fe19f5d7455276107f3ddcc1d3497f63d60689a73558ae8a1bf5e"
