package api

import (
	"bytes"
	"errors"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func upload(name, content string, size int64) countersign.Upload {
	return countersign.Upload{Name: name, ContentType: "application/pdf", Size: size, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	evil := "契約\"\\\r\nX-Evil: 1\r\n\r\n.pdf"
	p, err := Multipart(Field("name", "契約書"), FilePart("uploadfile", upload(evil, "%PDF-1", 6))).prepare()
	require.NoError(t, err)
	for range 2 { // each opening gives the whole body
		rc, err := p.open()
		require.NoError(t, err)
		raw, err := io.ReadAll(rc)
		require.NoError(t, err)
		require.NoError(t, rc.Close())
		require.Len(t, raw, int(p.length))
		_, params, err := mime.ParseMediaType(p.contentType)
		require.NoError(t, err)
		form, err := multipart.NewReader(bytes.NewReader(raw), params["boundary"]).ReadForm(1 << 20)
		require.NoError(t, err)
		require.Equal(t, map[string][]string{"name": {"契約書"}}, form.Value)
		fh := form.File["uploadfile"][0]
		require.Equal(t, "契約__X-Evil: 1.pdf", fh.Filename)
		require.Empty(t, fh.Header.Get("X-Evil"))
		require.Equal(t, "application/pdf", fh.Header.Get("Content-Type"))
	}
	p, err = Multipart(FilePart("f", upload("a", "x", -1))).prepare()
	require.NoError(t, err)
	require.EqualValues(t, -1, p.length)
}

func FuzzHeaderText(f *testing.F) {
	f.Add("a\r\nb")
	f.Add(strings.Repeat("契", 200))
	f.Fuzz(func(t *testing.T, s string) {
		got := headerText(s)
		require.LessOrEqual(t, len(got), 255)
		require.False(t, strings.ContainsAny(got, "\r\n\"\\\x00"))
	})
}

func TestUploadIsReplayedWhole(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	var bodies []string
	c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		if r.ContentLength != 7 {
			t.Errorf("the length is announced as %d", r.ContentLength)
		}
		w.Header().Set("Content-Type", "application/json")
		if n.Add(1) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, `{"id":"a"}`)
	})
	call := post(Write)
	call.Body = Raw(upload("a.pdf", "content", 7))
	_, err := fetch(t.Context(), c, call)
	require.NoError(t, err)
	require.Equal(t, []string{"content", "content", "content"}, bodies)
}

func TestBadUploadIsNotAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	for name, u := range map[string]countersign.Upload{
		"shorter than stated": upload("a", "abc", 10),
		"longer than stated":  upload("a", "abcdef", 3),
		"can't be opened":     {Size: 1, Open: func() (io.ReadCloser, error) { return nil, broken }},
		"can't be read":       {Size: -1, Open: func() (io.ReadCloser, error) { return io.NopCloser(failing{broken}), nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{}`)
			})
			call := post(Write)
			call.Body = Raw(u)
			_, err := fetch(t.Context(), c, call)
			require.ErrorIs(t, err, countersign.ErrInvalid)
			require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown)
			require.Equal(t, 1, asError(t, err).Attempts)
		})
	}
	c := serve(t, Config{}, http.NotFound)
	call := post(Write)
	call.Body = Raw(countersign.Upload{})
	_, err := fetch(t.Context(), c, call)
	require.ErrorIs(t, err, countersign.ErrInvalid)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

const streamed = 64 << 20

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// allocated runs f and gives what it allocated in all. Client and server share
// the process, so the server's part counts too.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestStreaming is not parallel: it measures the whole process.
func TestStreaming(t *testing.T) {
	c := serve(t, Config{Auth: keyAuth()}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.CopyN(w, zeros{}, streamed)
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		if n <= streamed {
			t.Errorf("only %d bytes came", n)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	})
	big := countersign.Upload{Name: "big.pdf", Size: streamed, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(zeros{}, streamed)), nil
	}}
	call := post(Write)
	call.Body = Multipart(Field("name", "big.pdf"), FilePart("uploadfile", big))
	up := allocated(func() {
		_, err := fetch(t.Context(), c, call)
		require.NoError(t, err)
	})
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer out.Close()
	down := allocated(func() {
		d, err := c.Download(t.Context(), get("get file"))
		require.NoError(t, err)
		n, err := io.Copy(out, d)
		require.NoError(t, err)
		require.NoError(t, d.Close())
		require.EqualValues(t, streamed, n)
	})
	t.Logf("64 MiB up allocates %d KiB, down %d KiB", up>>10, down>>10)
	require.Less(t, up, uint64(4<<20))
	require.Less(t, down, uint64(4<<20))
}

// TestNoBody: a write without a body goes out with a length of zero, since some
// servers refuse chunks where they expect nothing.
func TestNoBody(t *testing.T) {
	t.Parallel()
	c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 || len(r.TransferEncoding) > 0 || r.Header.Get("Content-Type") != "" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	call := post(Write)
	call.Body = nil
	require.NoError(t, c.Run(t.Context(), call, nil))
}
