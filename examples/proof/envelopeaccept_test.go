package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/sqlite"
)

// BenchmarkAcceptEnvelopeSync measures how fast messages are taken: signature
// checked, decoded, told from repetitions and stored so that a crash loses
// nothing. Beside it the same server on the same store does nothing but store the
// bytes. Both take messages over HTTP, from 1, 16 and 64 clients, in turns.
func BenchmarkAcceptEnvelopeSync(b *testing.B) {
	each := size(50, 200, 3_000)
	rounds := 0
	runs := []acceptRun{{clients: 1, messages: each}, {clients: 16, messages: 4 * each}, {clients: 64, messages: 4 * each}}
	for b.Loop() {
		rounds++
		for i := range runs {
			messages := connectMessages(b, runs[i].messages)
			runs[i].raw += timeAccept(b, rawServer(b), messages, runs[i].clients)
			runs[i].flow += timeAccept(b, flowServer(b), messages, runs[i].clients)
		}
	}
	for _, r := range runs {
		n := r.messages * rounds
		perSecond := func(d time.Duration) float64 { return float64(n) / d.Seconds() }
		b.Logf("proof: envelopesync accept clients=%d messages=%d messages_per_s=%.0f raw_per_s=%.0f ratio=%.2f",
			r.clients, n, perSecond(r.flow), perSecond(r.raw), perSecond(r.flow)/perSecond(r.raw))
	}
}

// acceptRun is one number of clients and how long both servers took.
type acceptRun struct {
	clients, messages int
	flow, raw         time.Duration
}

// connectMessages are n messages that differ, about as long as real ones.
func connectMessages(b *testing.B, n int) []docusigntest.Message {
	b.Helper()
	const account = "5a4d4a44-1d5f-4b57-9d1f-0a1b2c3d4e5f"
	var recipients []string
	for i := range 3 {
		recipients = append(recipients, fmt.Sprintf(`{"recipientId":"%d","recipientIdGuid":"9f2c1f5e-0000-4000-8000-00000000000%d","name":"Given Name","email":"person%d@example.com","status":"sent","routingOrder":"1","recipientType":"signer","sentDateTime":"2026-03-02T09:00:00.0000000Z","tabs":{"textTabs":[{"tabLabel":"city","value":"%s"}]}}`, i+1, i, i, strings.Repeat("x", 200)))
	}
	out := make([]docusigntest.Message, n)
	for i := range out {
		body := fmt.Appendf(nil, `{"event":"recipient-sent","apiVersion":"v2.1","uri":"/restapi/v2.1/accounts/%[1]s/envelopes/e%[2]d","retryCount":0,"configurationId":10055000,"generatedDateTime":"2026-03-02T09:00:00.0000000Z","data":{"accountId":"%[1]s","userId":"u","envelopeId":"e%[2]d","recipientId":"1","envelopeSummary":{"status":"sent","emailSubject":"Offer","sentDateTime":"2026-03-02T09:00:00.0000000Z","sender":{"userName":"Sam Sender","email":"sam@example.com"},"recipients":{"signers":[%[3]s]}}}}`,
			account, i, strings.Join(recipients, ","))
		out[i] = docusigntest.Message{Body: body, Header: docusigntest.SignConnect(body, account, envelopeKey)}
	}
	return out
}

// flowServer takes messages as the flow does.
func flowServer(b *testing.B) http.Handler {
	b.Helper()
	return flowServerOn(b, "")
}

// flowServerOn is flowServer on a PostgreSQL database.
func flowServerOn(b *testing.B, database string) http.Handler {
	b.Helper()
	p, err := openEnvelopes(b.Context(), job{Dir: b.TempDir(), Database: database, Envelopes: envelopeJob{
		DocuSign: "http://127.0.0.1:1", ActiveCampaign: "http://127.0.0.1:1", Token: "t", Key: "k", PerSecond: 1, WithoutAutomatic: true,
		Account: "5a4d4a44-1d5f-4b57-9d1f-0a1b2c3d4e5f",
	}})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, p.Close()) })
	return p.flow.Handler()
}

// rawServer stores the bytes of what comes and looks at nothing.
func rawServer(b *testing.B) http.Handler {
	b.Helper()
	store, err := sqlite.Open(filepath.Join(b.TempDir(), "raw.db"))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		stored, err := json.Marshal(struct{ Raw []byte }{body})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		err = store.Tx(r.Context(), func(tx orchestration.Tx) error {
			_, err := tx.Insert(r.Context(), orchestration.Record{Table: "raw.message", Body: stored})
			return err
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
}

// timeAccept times how long a server takes for all messages.
func timeAccept(b *testing.B, h http.Handler, messages []docusigntest.Message, clients int) time.Duration {
	b.Helper()
	took, _ := timeEachAccept(b, h, messages, clients)
	return took
}

// timeEachAccept also gives how long each message took.
func timeEachAccept(b *testing.B, h http.Handler, messages []docusigntest.Message, clients int) (took time.Duration, each []time.Duration) {
	b.Helper()
	each = make([]time.Duration, len(messages))
	server := httptest.NewServer(h)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var next, failed atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range clients {
		all.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(messages); i = next.Add(1) - 1 {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/docusign/connect", bytes.NewReader(messages[i].Body))
				if err != nil {
					failed.Add(1)
					continue
				}
				req.Header = messages[i].Header
				sent := time.Now()
				answer, err := client.Do(req)
				if err != nil {
					failed.Add(1)
					continue
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				each[i] = time.Since(sent)
				if answer.StatusCode != http.StatusOK {
					failed.Add(1)
				}
			}
		})
	}
	all.Wait()
	took = time.Since(began)
	require.Zero(b, failed.Load())
	return took, each
}
