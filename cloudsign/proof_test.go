package cloudsign_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/cloudsigntest"
	"github.com/stretchr/testify/require"
)

// mostAllocated is what a large transfer may allocate in all.
const mostAllocated = 4 << 20

// allocated is how many bytes f allocates, and whatever else runs in the
// process, so the server's part counts too.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemoryOfLargeFilesCloudSign is not parallel: it measures the whole
// process.
func TestMemoryOfLargeFilesCloudSign(t *testing.T) {
	const size = cloudsign.MaxUploadBytes036
	drain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			_, _ = io.WriteString(w, `{"access_token":"tok-0123456789","expires_in":3600}`)
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil || n <= size {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, `{"id":"d1","files":[{"id":"f1","order":0}]}`)
	}))
	defer drain.Close()
	c, err := cloudsign.New(cloudsign.Config{ClientID: countersign.NewSecret(clientID)},
		countersign.WithBaseURL(drain.URL), countersign.WithHTTPClient(client(t)))
	require.NoError(t, err)
	pdf := cloudsigntest.PDF("契約", "", size)
	require.EqualValues(t, size, pdf.Size)
	up := allocated(func() {
		a, err := c.Files.Upload(t.Context(), "d1", countersign.Upload{Name: "契約書.pdf", Size: pdf.Size, Open: pdf.Open})
		require.NoError(t, err)
		require.Equal(t, cloudsign.FileID("f1"), a.New.ID)
	})

	srv, user, c := account(t, cloudsigntest.WithPDFSize(size))
	doc := srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded})
	down := allocated(func() {
		d, err := c.Files.Download(t.Context(), cloudsign.DocumentID(doc.ID), cloudsign.FileID(doc.Files[0].ID))
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, d)
		require.NoError(t, err)
		require.EqualValues(t, size, n)
		require.NoError(t, d.Close())
	})
	t.Logf("proof: cloudsign memory file=%.0fMiB upload_total_alloc=%.2fMiB download_total_alloc=%.2fMiB bound=%dMiB",
		float64(size)/(1<<20), float64(up)/(1<<20), float64(down)/(1<<20), mostAllocated>>20)
	require.Less(t, up, uint64(mostAllocated))
	require.Less(t, down, uint64(mostAllocated))
}

// BenchmarkPageCloudSign decodes a full page, as a listing does for each hundred
// documents.
func BenchmarkPageCloudSign(b *testing.B) {
	body := `{"total":100,"page":1,"documents":[` + strings.TrimSuffix(strings.Repeat(everything+",", 100), ",") + `]}`
	var page struct {
		Documents []cloudsign.Document `json:"documents"`
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		page.Documents = nil
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			b.Fatal(err)
		}
	}
	if len(page.Documents) != 100 || page.Documents[99].Extra == nil {
		b.Fatal("the page was not decoded whole")
	}
	b.Logf("proof: cloudsign page documents=100 bytes=%d decoded_in=%s", len(body), (b.Elapsed() / time.Duration(b.N)).Round(10*time.Microsecond))
}
