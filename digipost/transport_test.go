package digipost_test

import (
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

func (w *world) between(t *testing.T, change func(*http.Response)) {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	w.opts = append(w.opts, countersign.WithHTTPClient(&http.Client{Transport: between{tr, change}}))
	w.client = w.connect(t, digipost.SignatureAuth{Key: brokerKey()})
}

// A redirect leads to one https address and no further.
func TestHostileRedirects(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "/relative", "http://attacker.example/a", "ftp://attacker.example", "://", "LOOP"} {
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
