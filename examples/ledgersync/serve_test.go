package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign/orchestration"
	"github.com/stretchr/testify/require"
)

// watcher calls f once when a line of the program holds a text.
type watcher struct {
	io.Writer
	text string
	f    func()
}

func (w *watcher) Write(p []byte) (int, error) {
	if w.f != nil && strings.Contains(string(p), w.text) {
		w.f()
		w.f = nil
	}
	return w.Writer.Write(p)
}

// TestWebhooks: a document that is concluded while the program waits is linked,
// and an interruption ends the program well.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs bytes.Buffer
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	var waiting atomic.Bool
	p := &program{options: options{Data: dir, From: &from, Webhook: "127.0.0.1:0"}, in: strings.NewReader(""), out: &out}
	p.err = &watcher{&errs, "waiting for webhooks", func() { waiting.Store(true) }}
	p.observe = func(e orchestration.Event) {
		if waiting.Load() && e.Phase == "register" && e.Done > 0 {
			cancel() // a webhook's document was linked
		}
	}
	require.NoError(t, p.run(ctx))
	r := result{out.String(), errs.String(), nil}
	c := r.counts(t)
	require.GreaterOrEqual(t, c.registered, 2)
	token, _, err := webhookToken(dir)
	require.NoError(t, err)
	require.NotContains(t, r.out+r.err, token.Reveal())
}

func TestWebhookMistakes(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	r := execute(t, options{Data: filepath.Join(t.TempDir(), "data"), From: &from, Webhook: "nowhere:x"})
	require.ErrorContains(t, r.failure, "--webhook")
	r = execute(t, options{Data: filepath.Join(t.TempDir(), "data"), From: &from, Webhook: "127.0.0.1:0", TrustedProxy: []string{"proxy"}})
	require.ErrorContains(t, r.failure, "--trusted-proxy")
}
