package api

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

func TestKeyDoesNotFollowARedirect(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	c := serve(t, Config{Auth: keyAuth()}, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/stolen", http.StatusTemporaryRedirect)
	})
	for _, call := range []Call{get("get item"), post(Write)} {
		_, err := fetch(t.Context(), c, call)
		require.ErrorIs(t, err, errRedirect)
		require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown)
		require.NotContains(t, err.Error(), "stolen")
	}
	require.Zero(t, reached.Load())
}

func TestRedirectOnTheSameHost(t *testing.T) {
	t.Parallel()
	c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/items/1":
			http.Redirect(w, r, "/moved", http.StatusFound)
		case "/items":
			http.Redirect(w, r, "/moved", http.StatusSeeOther)
		case "/endless":
			http.Redirect(w, r, "/endless", http.StatusFound)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":"moved"}`)
		}
	})
	got, err := fetch(t.Context(), c, get("get item"))
	require.NoError(t, err)
	require.Equal(t, "moved", got.ID)
	_, err = fetch(t.Context(), c, post(Write))
	require.ErrorIs(t, err, errRedirect, "a write must not turn into a read")
	endless := get("get item")
	endless.Path = NewPath("/endless")
	_, err = fetch(t.Context(), c, endless)
	require.ErrorIs(t, err, errRedirect)
}

// TestRedirectWithoutAPlace: an answer that is neither success nor failure is no
// success.
func TestRedirectWithoutAPlace(t *testing.T) {
	t.Parallel()
	for _, status := range []int{300, 303, 304, 307} {
		c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
		err := c.Run(t.Context(), get("get item"), nil)
		require.ErrorIs(t, err, countersign.ErrInvalid)
		require.Equal(t, status, asError(t, err).StatusCode)
		require.ErrorIs(t, c.Run(t.Context(), post(Write), nil), countersign.ErrOutcomeUnknown)
		_, err = c.Download(t.Context(), get("get file"))
		require.ErrorIs(t, err, countersign.ErrInvalid)
	}
}

// TestTimeoutOfTheCallersClient: the caller's client has given up, not the caller.
func TestTimeoutOfTheCallersClient(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"late"}`)
	}))
	defer srv.Close()
	mine := &http.Client{Timeout: 400 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}
	c := newClient(t, srv.URL, Config{}, countersign.WithHTTPClient(mine), countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Millisecond}))
	got, err := fetch(t.Context(), c, get("get item"))
	require.NoError(t, err)
	require.Equal(t, "late", got.ID)
	n.Store(0)
	_, err = fetch(t.Context(), c, get("get item"), countersign.WithoutRetry())
	require.ErrorIs(t, err, countersign.ErrUnavailable)
}

func TestCallersClientStaysAsItIs(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	var cookies atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int32(len(r.Cookies())))
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	}))
	defer srv.Close()
	mine := &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	c := newClient(t, srv.URL, Config{}, countersign.WithHTTPClient(mine))
	for range 2 {
		_, err := fetch(t.Context(), c, get("get item"))
		require.NoError(t, err)
	}
	require.Zero(t, cookies.Load())
	require.Nil(t, mine.CheckRedirect)
	require.Equal(t, jar, mine.Jar)
}

func TestBasePathAndHeaders(t *testing.T) {
	t.Parallel()
	var got *http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	}))
	defer srv.Close()
	c := newClient(t, srv.URL+"/base/path", Config{Auth: HeaderKey("Authorization", "Bearer ", countersign.NewSecret("t0ken"))},
		countersign.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}),
		countersign.WithUserAgent("billing", "2.1"))
	call := get("get item")
	call.Header = http.Header{"x-extra": {"1"}}
	_, err := fetch(t.Context(), c, call)
	require.NoError(t, err)
	require.Equal(t, "/base/path/items/1", got.URL.Path)
	require.Equal(t, "Bearer t0ken", got.Header.Get("Authorization"))
	require.Equal(t, "billing/2.1 countersign/"+countersign.Version, got.UserAgent())
	require.Equal(t, "1", got.Header.Get("X-Extra"))
	require.Empty(t, got.Header.Get("Origin"))
}

// breakOff writes a header and half of the body, then resets the connection.
func breakOff(t testing.TB, w http.ResponseWriter) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	require.NoError(t, err)
	_, _ = io.WriteString(buf, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":")
	_ = buf.Flush()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func TestResetInMidBody(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 || r.Method == http.MethodPost {
			breakOff(t, w)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"whole"}`)
	})
	got, err := fetch(t.Context(), c, get("get item"))
	require.NoError(t, err, "a read that broke off is repeated")
	require.Equal(t, "whole", got.ID)

	_, err = fetch(t.Context(), c, post(Write))
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.EqualValues(t, 4, n.Load())
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	c := newClient(t, "http://"+addr, Config{}, countersign.WithRetry(countersign.RetryPolicy{BaseDelay: time.Millisecond}))
	_, err = fetch(t.Context(), c, post(Write))
	require.ErrorIs(t, err, countersign.ErrUnavailable, "nothing was sent")
	require.NotErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.Equal(t, 3, asError(t, err).Attempts)
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = quiet()
	srv.StartTLS()
	defer srv.Close()
	c := newClient(t, srv.URL, Config{}, countersign.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}))
	_, err := fetch(t.Context(), c, get("get item"))
	require.Error(t, err)
	require.Equal(t, 1, asError(t, err).Attempts)
}

func TestErrorAnswersKeepTheirStatus(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]error{
		400: countersign.ErrInvalid, 401: countersign.ErrUnauthorized, 403: countersign.ErrForbidden,
		404: countersign.ErrNotFound, 409: countersign.ErrConflict, 413: countersign.ErrInvalid,
		415: countersign.ErrInvalid, 500: countersign.ErrUnavailable,
	} {
		c := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = w.Write(make([]byte, maxErrorBody+5))
		})
		_, err := fetch(t.Context(), c, get("get item"))
		e := asError(t, err)
		require.ErrorIs(t, err, kind)
		require.Equal(t, status, e.StatusCode)
		require.Len(t, e.Body, keepBody)
		_, err = c.Download(t.Context(), get("get file"))
		require.ErrorIs(t, err, kind)
	}
}

func TestDownloadThatBreaksOff(t *testing.T) {
	t.Parallel()
	c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) { breakOff(t, w) })
	d, err := c.Download(t.Context(), get("get file"))
	require.NoError(t, err)
	defer d.Close()
	require.EqualValues(t, 100, d.Size)
	_, err = io.ReadAll(d)
	require.ErrorIs(t, err, countersign.ErrUnavailable)
	require.Equal(t, "get file", asError(t, err).Op)
}

func TestDownloadThatStandsStill(t *testing.T) {
	t.Parallel()
	c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "start")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, countersign.WithTimeout(500*time.Millisecond))
	d, err := c.Download(t.Context(), get("get file"))
	require.NoError(t, err)
	defer d.Close()
	_, err = io.ReadAll(d)
	require.ErrorIs(t, err, errStalled)
}

func TestDownloadRefusesAWebPage(t *testing.T) {
	t.Parallel()
	c := serve(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<html>please sign in</html>")
	})
	_, err := c.Download(t.Context(), get("get file"))
	_, ok := errors.AsType[*countersign.DecodeError](err)
	require.True(t, ok)
}

func TestFileName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`attachment; filename="a.pdf"`:                          "a.pdf",
		`attachment; filename="../../etc/passwd"`:               "passwd",
		`attachment; filename="..\\..\\x.pdf"`:                  "x.pdf",
		`attachment; filename*=UTF-8''%E5%A5%91%E7%B4%84.pdf`:   "契約.pdf",
		`attachment; filename*=UTF-8''a%0D%0AX-Evil%3A%201.pdf`: "aX-Evil: 1.pdf",
		`file; filename="NDA.pdf"; documentid="1`:               "NDA.pdf",
		`attachment`: "", ``: "", `attachment; filename=".."`: "", `;;;`: "",
	} {
		require.Equal(t, want, fileName(in), in)
	}
}

func FuzzFileName(f *testing.F) {
	f.Add(`attachment; filename="a.pdf"`)
	f.Add(`attachment; filename*=UTF-8''%2F..%2F`)
	f.Fuzz(func(t *testing.T, v string) {
		name := fileName(v)
		require.NotContains(t, name, "/")
		require.NotEqual(t, "..", name)
	})
}

// net/http repeats a request that has an Idempotency-Key by itself when a kept
// connection breaks. Who asked for one attempt gets one.
func TestTheTransportDoesNotRepeatByItself(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	c := serve(t, Config{IdempotencyHeader: "Idempotency-Key"}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if requests.Add(1) == 1 {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":"1"}`)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	key := countersign.WithIdempotencyKey("k")
	_, err := fetch(t.Context(), c, post(Write), key)
	require.NoError(t, err)
	_, err = fetch(t.Context(), c, post(Write), key, countersign.WithoutRetry())
	require.ErrorIs(t, err, countersign.ErrOutcomeUnknown)
	require.Equal(t, int32(2), requests.Load())
}
