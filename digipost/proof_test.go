package digipost_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/digiposttest"
	"github.com/stretchr/testify/require"
)

const (
	fileSize      = 26 << 20 // of a large file, bytes
	mostAllocated = 4 << 20  // what a large transfer may allocate in all
)

// allocated is how many bytes f allocates, and whatever else runs in the process,
// so the server's part counts too.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// zeros is a file of a size that nobody holds in memory.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// sink takes messages without keeping them and lets all else through. Digipost's
// answers are not signed where requests carry a token.
type sink struct {
	through http.RoundTripper
	clock   func() string
	took    int64
}

func (s *sink) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/messages" {
		return s.through.RoundTrip(r)
	}
	hash := sha256.New()
	n, err := io.Copy(hash, r.Body)
	s.took += n
	if err = joinClose(err, r.Body); err != nil {
		return nil, err
	}
	if base64.StdEncoding.EncodeToString(hash.Sum(nil)) != r.Header.Get("X-Content-SHA256") || n != r.ContentLength {
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	answer := []byte(`<message-delivery xmlns="http://api.digipost.no/schema/v8"><delivery-method>DIGIPOST</delivery-method><sender-id>1</sender-id><status>DELIVERED</status></message-delivery>`)
	sum := sha256.Sum256(answer)
	return &http.Response{
		StatusCode: http.StatusCreated, Body: io.NopCloser(bytes.NewReader(answer)), Request: r, Header: http.Header{
			"Content-Type": {"application/vnd.digipost-v8+xml"}, "Date": {s.clock()}, "X-Content-Sha256": {base64.StdEncoding.EncodeToString(sum[:])},
		},
	}, nil
}

func joinClose(err error, c io.Closer) error {
	if closed := c.Close(); err == nil {
		err = closed
	}
	return err
}

// TestMemoryOfLargeFilesDigipost is not parallel: it measures the whole process.
func TestMemoryOfLargeFilesDigipost(t *testing.T) {
	w := newWorld(t)
	cert := certificate(t)
	w.broker = w.srv.AddPartner(digiposttest.Partner{ClientID: "client-0123456789", Certificate: cert.Certificate[0]})
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	s := &sink{through: tr, clock: func() string { return w.srv.Clock().Now().UTC().Format(http.TimeFormat) }}
	w.opts = append(w.opts, countersign.WithHTTPClient(&http.Client{Transport: s}))
	c := w.connect(t, digipost.TokenAuth{ClientID: countersign.NewSecret("client-0123456789"), Certificate: cert, Endpoint: w.srv.TokenURL(), RootCAs: w.srv.TokenRoots()})

	m := digipost.Message{Recipient: digipost.Recipient{PersonalID: "01043100358"}, Primary: letter("Hei"), Attachments: []digipost.Document{letter("")}}
	m.Attachments[0].Content = countersign.Upload{ContentType: "application/pdf", Size: fileSize, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(zeros{}, fileSize)), nil
	}}
	up := allocated(func() {
		_, err := c.Messages.Send(t.Context(), m)
		require.NoError(t, err)
	})
	require.Greater(t, s.took, int64(fileSize))

	content := []byte(strings.Repeat("x", fileSize))
	w = newWorld(t)
	w.srv.AddInbox(w.customer.SenderID, digiposttest.InboxDocument{Sender: "Posten", ContentType: "application/pdf", Content: content})
	w.srv.AddArchived(w.customer.SenderID, digiposttest.ArchivedDocument{UUID: digipost.UUIDOf("a"), FileType: "pdf", Content: content})
	page, err := w.client.Inbox.List(t.Context(), w.sender(), 0, 1)
	require.NoError(t, err)
	kept, err := w.client.Archive.Get(t.Context(), w.sender(), digipost.UUIDOf("a"))
	require.NoError(t, err)
	read := func(d *countersign.Download, err error) {
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, d)
		require.NoError(t, joinClose(err, d))
		require.EqualValues(t, fileSize, n)
	}
	down := allocated(func() { read(w.client.Inbox.Content(t.Context(), page.Items[0])) })
	archived := allocated(func() { read(w.client.Archive.Content(t.Context(), *kept)) })
	t.Logf("proof: digipost memory file=%dMiB send_total_alloc=%.2fMiB inbox_total_alloc=%.2fMiB archive_total_alloc=%.2fMiB bound=%dMiB",
		fileSize>>20, mebibytes(up), mebibytes(down), mebibytes(archived), mostAllocated>>20)
	for _, n := range []uint64{up, down, archived} {
		require.Less(t, n, uint64(mostAllocated))
	}
}

func mebibytes(n uint64) float64 { return float64(n) / (1 << 20) }
