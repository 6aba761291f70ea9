package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
)

// still is a transport that answers at once, so that the benchmark measures the
// client and not a network.
type still struct{ body string }

func (s still) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(s.body)),
		Body: io.NopCloser(strings.NewReader(s.body)),
	}, nil
}

type benchDoc struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Status  int       `json:"status"`
	Created time.Time `json:"created_at"`
	Files   []item    `json:"files"`
}

const benchBody = `{"id":"01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","title":"業務委託契約","status":2,` +
	`"created_at":"2025-04-01T01:00:00Z","note":"","message":"","can_transfer":false,"private":false,` +
	`"files":[{"id":"01eeeeeeeeeeeeeeeeeeeeeeeeeeeeee"},{"id":"01ffffffffffffffffffffffffffffff"}],` +
	`"participants":[{"id":"01cccccccccccccccccccccccccccccc","name":"送信者","order":0},{"id":"01dddddddddddddddddddddddddddddd","name":"受信者","order":1}]}`

// BenchmarkGET compares a call with the same call written by hand on net/http.
func BenchmarkGET(b *testing.B) {
	hc := &http.Client{Transport: still{benchBody}}
	b.Run("nethttp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "https://api.example.com/v1/documents/01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", nil)
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer x")
			req.Header.Set("Accept", "application/json")
			resp, err := hc.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				b.Fatal(err)
			}
			_ = resp.Body.Close()
			var d benchDoc
			if err := json.Unmarshal(body, &d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("countersign", func(b *testing.B) {
		c := newClient(b, "https://api.example.com/v1", Config{Auth: HeaderKey("Authorization", "Bearer ", countersign.NewSecret("x"))},
			countersign.WithHTTPClient(hc))
		b.ReportAllocs()
		for b.Loop() {
			_, err := JSON[benchDoc](b.Context(), c, Call{
				Op: "get document", Method: http.MethodGet, Effect: Read,
				Path: NewPath("/documents/{documentID}", "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
