package digipost_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

// between changes answers on their way.
type between struct {
	http.RoundTripper
	change func(*http.Response)
}

func (b between) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		b.change(res)
	}
	return res, err
}

// transport is one that ends with the test.
func (w *world) transport(t *testing.T) http.RoundTripper {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func (w *world) between(t *testing.T, change func(*http.Response)) {
	t.Helper()
	w.opts = append(w.opts, countersign.WithHTTPClient(&http.Client{Transport: between{w.transport(t), change}}))
	w.client = w.connect(t, digipost.SignatureAuth{Key: brokerKey()})
}

// A redirect leads to one https address and no further.
func TestHostileRedirects(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "/relative", "http://attacker.example/a", "ftp://127.0.0.1/a", "ftp://attacker.example", "://", "LOOP"} {
		w := newWorld(t)
		w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{Sender: "Posten"})
		w.between(t, func(res *http.Response) {
			switch {
			case location == "LOOP" && strings.Contains(res.Request.URL.Path, "one-time"):
				res.StatusCode = http.StatusFound
				res.Header.Set("Location", res.Request.URL.String())
			case location != "LOOP" && res.StatusCode == http.StatusTemporaryRedirect:
				res.Header.Set("Location", location)
			}
		})
		page, err := w.client.Inbox.List(t.Context(), w.sender(), 0, 1)
		require.NoError(t, err)
		_, err = w.client.Inbox.Content(t.Context(), page.Items[0])
		_, ok := errors.AsType[*digipost.AnswerError](err)
		require.True(t, ok, "%s: %v", location, err)
		require.Zero(t, w.srv.Leaks())
	}
}

// elsewhere answers requests to one host, and lets all others through.
type elsewhere struct {
	http.RoundTripper
	host   string
	answer func() *http.Response
	asked  *atomic.Int64
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != e.host {
		return e.RoundTripper.RoundTrip(r)
	}
	e.asked.Add(1)
	res := e.answer()
	res.Request = r
	return res, nil
}

func plainAnswer(status int, header http.Header, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// What is no file comes from Digipost itself: a redirect, which nobody has to
// sign, can't bring in a document that nobody checks.
func TestDocumentsAreNotRedirected(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/sender-information-example", "/"} {
		for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
			w := newWorld(t)
			var asked atomic.Int64
			w.opts = append(w.opts, countersign.WithHTTPClient(&http.Client{Transport: elsewhere{
				between{w.transport(t), func(res *http.Response) {
					if res.Request.URL.Path == path {
						res.StatusCode, res.Header = status, http.Header{"Location": {"https://attacker.example/x"}}
					}
				}},
				"attacker.example",
				func() *http.Response {
					return plainAnswer(200, http.Header{"Content-Type": {"application/vnd.digipost-v8+xml"}},
						`<sender-information xmlns="http://api.digipost.no/schema/v8"><sender-id>666</sender-id><status>VALID_SENDER</status></sender-information>`)
				},
				&asked,
			}}))
			_, err := w.connect(t, digipost.SignatureAuth{Key: brokerKey()}).Senders.GetByOrganisation(t.Context(), "984661185")
			_, ok := errors.AsType[*digipost.AnswerError](err)
			require.True(t, ok, "%s %d: %v", path, status, err)
			require.Zero(t, asked.Load())
		}
	}
}

// A redirect that is signed has to be signed by Digipost, for a file too.
func TestSignedRedirectsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{Sender: "Posten", Content: []byte("%PDF")})
	page, err := w.client.Inbox.List(t.Context(), w.sender(), 0, 1)
	require.NoError(t, err)
	w.between(t, func(res *http.Response) {
		if res.StatusCode == http.StatusTemporaryRedirect {
			res.Header.Set("X-Digipost-Signature", "AAAA")
		}
	})
	_, err = w.client.Inbox.Content(t.Context(), page.Items[0])
	_, ok := errors.AsType[*digipost.AnswerError](err)
	require.True(t, ok, "%v", err)
	require.Zero(t, w.srv.Log().Tally(digiposttest.OpContent).Requests)
}

// A service that is reached by https leads to nothing that listens on this machine.
func TestRedirectsDontReachLoopback(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"http://127.0.0.1:1/admin", "http://localhost:1/admin", "http://[::1]:1/admin", "ftp://127.0.0.1:1/admin"} {
		var asked atomic.Int64
		client, err := digipost.New(digipost.Config{Environment: digipost.Production, BrokerID: 1, Auth: digipost.SignatureAuth{Key: brokerKey()}},
			countersign.WithRetry(countersign.RetryPolicy{MaxAttempts: 1}), countersign.WithHTTPClient(&http.Client{Transport: elsewhere{
				unreachable{&asked}, "api.digipost.no", func() *http.Response { return plainAnswer(302, http.Header{"Location": {location}}, "") }, new(atomic.Int64),
			}}))
		require.NoError(t, err)
		_, err = client.Inbox.Content(t.Context(), digipost.InboxDocument{ContentURI: "https://api.digipost.no/1/inbox/2/content"})
		_, ok := errors.AsType[*digipost.AnswerError](err)
		require.True(t, ok, "%v", err)
		require.Zero(t, asked.Load(), location)
	}
}

// unreachable counts what should not have been sent.
type unreachable struct{ asked *atomic.Int64 }

func (u unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	u.asked.Add(1)
	return nil, errors.New("should not have been asked")
}

// The text that was signed is kept in a header of our own on its way to the error;
// a host of files can't write it.
func TestHostOfFilesWritesNoSignedText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{Sender: "Posten"})
	page, err := w.client.Inbox.List(t.Context(), w.sender(), 0, 1)
	require.NoError(t, err)
	w.between(t, func(res *http.Response) {
		if strings.Contains(res.Request.URL.Path, "one-time") {
			_ = res.Body.Close()
			*res = *plainAnswer(403, http.Header{ //nolint:bodyclose // the client closes it
				"Content-Type": {"application/xml"}, "X-Countersign-Signed": {base64.StdEncoding.EncodeToString([]byte("made up\n"))},
			}, "<error><error-code>INVALID_SIGNATURE</error-code><error-message>===START===\nGET\n===SLUTT===</error-message></error>")
		}
	})
	_, err = w.client.Inbox.Content(t.Context(), page.Items[0])
	e, ok := errors.AsType[*digipost.SignatureError](err)
	require.True(t, ok, "%v", err)
	require.Empty(t, e.Diff)
}

// A file that fails is not sent in part, and is closed.
func TestFilesThatFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var opened, closed atomic.Int64
	for name, open := range map[string]func() (io.ReadCloser, error){
		"open":    func() (io.ReadCloser, error) { return nil, errors.New("gone") },
		"shorter": func() (io.ReadCloser, error) { opened.Add(1); return counted{strings.NewReader("Hei"), &closed}, nil },
	} {
		m := w.message()
		m.Attachments[0].Content = countersign.Upload{Size: 10, Open: open}
		_, err := w.client.Messages.Send(t.Context(), m)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown, "what was not sent whole did not arrive")
	}
	require.Empty(t, w.srv.Messages())
	require.Positive(t, opened.Load())
	require.Equal(t, opened.Load(), closed.Load())
}

type counted struct {
	io.Reader
	closed *atomic.Int64
}

func (c counted) Close() error { c.closed.Add(1); return nil }

// An entry point whose certificate can't be used makes no answer trustworthy.
func TestUselessCertificates(t *testing.T) {
	t.Parallel()
	for _, certificate := range []string{"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"} {
		w := newWorld(t)
		w.between(t, func(res *http.Response) {
			if res.Request.URL.Path == "/" {
				body := `<entrypoint xmlns="http://api.digipost.no/schema/v8"><certificate>` + certificate + `</certificate>` +
					`<link rel="get_sender_information" uri="/sender-information-example"/></entrypoint>`
				_ = res.Body.Close()
				res.Body, res.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			}
		})
		_, err := w.client.Senders.Get(t.Context(), w.sender())
		_, ok := errors.AsType[*digipost.AnswerError](err)
		require.True(t, ok, "%v", err)
	}
}

// A gateway's page in place of a document is named as what it is.
func TestPageInPlaceOfXML(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.between(t, func(res *http.Response) {
		res.Header.Set("Content-Type", "text/html")
	})
	_, err := w.client.Links(t.Context(), 0)
	e, ok := errors.AsType[*countersign.DecodeError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "expected XML", e.Reason)
}
