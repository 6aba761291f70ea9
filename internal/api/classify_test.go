package api

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	reset := &net.OpError{Op: "read", Err: errors.New("reset")}
	for _, c := range []struct {
		name                    string
		o                       outcome
		read, idempotent, write verdict
	}{
		{"200", outcome{status: 200}, done, done, done},
		{"204", outcome{status: 204}, done, done, done},
		{"302", outcome{status: 302}, stop, unknown, unknown},
		{"304", outcome{status: 304}, stop, unknown, unknown},
		{"400", outcome{status: 400}, stop, stop, stop},
		{"401", outcome{status: 401}, stop, stop, stop},
		{"404", outcome{status: 404}, stop, stop, stop},
		{"408", outcome{status: 408}, again, again, unknown},
		{"409", outcome{status: 409}, stop, stop, stop},
		{"425", outcome{status: 425}, again, again, again},
		{"429", outcome{status: 429}, again, again, again},
		{"500", outcome{status: 500}, stop, unknown, unknown},
		{"501", outcome{status: 501}, stop, stop, stop},
		{"502", outcome{status: 502}, again, again, unknown},
		{"503", outcome{status: 503}, again, again, unknown},
		{"503 and when", outcome{status: 503, retryAfter: true}, again, again, again},
		{"504", outcome{status: 504}, again, again, unknown},
		{"400, refused for now", outcome{status: 400, repeat: RepeatLater}, again, again, again},
		{"500, refused for now", outcome{status: 500, repeat: RepeatLater}, again, again, again},
		{"429, never again", outcome{status: 429, repeat: RepeatNever}, stop, stop, stop},
		{"no connection", outcome{err: dial}, again, again, again},
		{"name not found", outcome{err: &net.DNSError{IsNotFound: true}}, stop, stop, stop},
		{"name server away", outcome{err: &net.DNSError{IsTimeout: true}}, again, again, again},
		{"certificate", outcome{err: x509.UnknownAuthorityError{}}, stop, stop, stop},
		{"reset", outcome{err: reset}, again, again, unknown},
		{"cut off", outcome{err: io.ErrUnexpectedEOF}, again, again, unknown},
		{"stalled", outcome{err: errStalled}, again, again, unknown},
		{"caller left", outcome{err: context.Canceled, left: true}, stop, unknown, unknown},
		{"caller's deadline", outcome{err: context.DeadlineExceeded, left: true}, stop, unknown, unknown},
		{"transport's timeout", outcome{err: context.DeadlineExceeded}, again, again, unknown},
		{"redirect", outcome{err: redirectError{"x"}}, stop, stop, stop},
		{"upload", outcome{err: &uploadError{io.EOF}}, stop, stop, stop},
	} {
		for effect, want := range map[Effect]verdict{Read: c.read, IdempotentWrite: c.idempotent, Write: c.write} {
			c.o.effect = effect
			require.Equal(t, want, classify(c.o), "%s, effect %d", c.name, effect)
		}
	}
}
