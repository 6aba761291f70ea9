package docusign_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	accessToken = "tok-0123456789"
	accountID   = "11111111-2222-4333-8444-555555555555"
	authHost    = "https://account-d.docusign.com"
	rest        = "https://na9.docusign.net/restapi/v2.1/accounts/" + accountID
	userInfo    = `{"sub":"u1","name":"A","accounts":[{"account_id":"` + accountID + `","is_default":true,"account_name":"Acme","base_uri":"https://na9.docusign.net"}]}`
)

// free is a limiter that holds nothing back.
type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

// mocked is a client whose answers come from a mock transport of its own; its
// account is discovered there.
func mocked(t testing.TB, opts ...countersign.Option) (*docusign.Client, *httpmock.MockTransport) {
	t.Helper()
	mt := httpmock.NewMockTransport()
	mt.RegisterResponder("GET", authHost+"/oauth/userinfo", answer(200, userInfo))
	opts = append([]countersign.Option{
		countersign.WithHTTPClient(&http.Client{Transport: mt}), countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}),
	}, opts...)
	c, err := docusign.New(docusign.Config{Environment: docusign.Demo, Auth: docusign.StaticToken{Token: countersign.NewSecret(accessToken)}}, opts...)
	require.NoError(t, err)
	return c, mt
}

// restCalls is how many calls went to the REST API.
func restCalls(mt *httpmock.MockTransport) int {
	n := 0
	for key, count := range mt.GetCallCountInfo() {
		if strings.Contains(key, "docusign.net/") {
			n += count
		}
	}
	return n
}

func answer(status int, body string, header ...string) httpmock.Responder {
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return httpmock.NewStringResponder(status, body).HeaderSet(h)
}

// httpOptions are those of a program that talks to a fake; its connections end
// with the test.
func httpOptions(t testing.TB, srv *docusigntest.Server) []countersign.Option {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		srv.Close()
	})
	return []countersign.Option{
		countersign.WithBaseURL(srv.URL()), countersign.WithHTTPClient(&http.Client{Transport: tr}),
		countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Millisecond}),
	}
}

// account starts a fake and a client for its user.
func account(t testing.TB, opts ...docusigntest.Option) (*docusigntest.Server, *docusign.Client) {
	t.Helper()
	srv := docusigntest.NewServer(opts...)
	return srv, connect(t, srv, docusign.StaticToken{Token: countersign.NewSecret(srv.AccessToken(srv.User().ID))})
}

func connect(t testing.TB, srv *docusigntest.Server, auth docusign.Auth, more ...countersign.Option) *docusign.Client {
	t.Helper()
	c, err := docusign.New(docusign.Config{Environment: docusign.Demo, Auth: auth}, append(httpOptions(t, srv), more...)...)
	require.NoError(t, err)
	return c
}

// offer is a definition that can be sent.
func offer(subject string) docusign.EnvelopeDefinition {
	return docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeSent, EmailSubject: subject,
		Documents:  []docusign.Document{{ID: "1", Name: "offer.pdf", FileExtension: "pdf", Content: []byte("%PDF-1.4 %%EOF")}},
		Recipients: &docusign.Recipients{Signers: []docusign.Recipient{{ID: "1", Name: "Robin", Email: "robin@example.com", RoutingOrder: "1"}}},
	}
}

func upload(name, content string) countersign.Upload {
	return countersign.Upload{Name: name, ContentType: "application/pdf", Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

// apiError is the *countersign.Error in err.
func apiError(t testing.TB, err error) *countersign.Error {
	t.Helper()
	e, ok := errors.AsType[*countersign.Error](err)
	require.True(t, ok, "%T: %v", err, err)
	return e
}

func read(d *countersign.Download, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer d.Close()
	b, err := io.ReadAll(d)
	return string(b), err
}

// TestDownloadInBase64: an answer that says it is encoded is decoded.
func TestDownloadInBase64(t *testing.T) {
	t.Parallel()
	for encoding, want := range map[string]string{"base64": "%PDF-1.4 %%EOF", "Base64": "%PDF-1.4 %%EOF", "binary": "JVBERi0x\r\nLjQgJSVFT0Y=", "": "JVBERi0x\r\nLjQgJSVFT0Y="} {
		c, mt := mocked(t)
		h := http.Header{"Content-Type": {"application/pdf"}}
		if encoding != "" {
			h.Set("Content-Transfer-Encoding", encoding)
		}
		mt.RegisterResponder("GET", rest+"/envelopes/e/documents/1", httpmock.NewStringResponder(200, "JVBERi0x\r\nLjQgJSVFT0Y=").HeaderSet(h))
		var meta countersign.Meta
		got, err := read(c.Documents.Download(t.Context(), "e", "1", docusign.DownloadOptions{}, countersign.WithMeta(&meta)))
		require.NoError(t, err)
		require.Equal(t, want, got, encoding)
		require.Equal(t, 200, meta.StatusCode, "the caller's own Meta is filled in too")
	}
}
