package webhook

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pipeListener hands one in-memory connection to a server, so that its
// deadlines run on the bubble's clock.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.conns) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// connect starts a server in the bubble and gives its client's end.
func connect(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	l := &pipeListener{conns: make(chan net.Conn, 1)}
	l.conns <- server
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() {
		_ = client.Close()
		_ = srv.Close()
	})
	return client
}

func send(t *testing.T, conn net.Conn, length int, body string) *http.Response {
	t.Helper()
	_, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", length, body)
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		res := send(t, connect(t, newHandler(t, nil)), 100, "half")
		require.Equal(t, http.StatusRequestTimeout, res.StatusCode)
		require.Equal(t, DefaultReadTimeout, time.Since(begin))
	})
}

// The time for the body must not run on while Accept works.
func TestSlowAccept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, func(c *Config[string]) {
			c.Accept = func(ctx context.Context, _ string) error {
				time.Sleep(2 * DefaultReadTimeout)
				return ctx.Err()
			}
		})
		require.Equal(t, http.StatusOK, send(t, connect(t, h), 4, "body").StatusCode)
	})
}

func TestHangingAccept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, func(c *Config[string]) {
			c.Accept = func(ctx context.Context, _ string) error {
				<-ctx.Done()
				return ctx.Err()
			}
		})
		begin := time.Now()
		require.Equal(t, http.StatusServiceUnavailable, send(t, connect(t, h), 4, "body").StatusCode)
		require.Equal(t, DefaultTimeout, time.Since(begin))
	})
}
