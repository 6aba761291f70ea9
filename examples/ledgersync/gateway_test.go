package main

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGatewayForTrials: a newcomer starts a gateway and registers there, as the
// program says.
func TestGatewayForTrials(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	hints := make(chan string, 1)
	var out bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &out, err: writer(func(b []byte) {
		if m := regexp.MustCompile(`--ledger (gateway:\S+)`).FindSubmatch(b); m != nil {
			hints <- string(m[1])
		}
	})}
	p.GatewayHeader, p.GatewayCredential = "X-Key", "geheim"
	ended := make(chan error, 1)
	go func() { ended <- p.gateway(ctx, gatewayCommand{Contracted: new(int64(2))}) }()
	o := options{
		Data: filepath.Join(t.TempDir(), "trial"), From: new(folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b"), "c.pdf": pdf("c")})),
		Ledger: <-hints, GatewayHeader: "X-Key", GatewayCredential: "geheim", GatewayQuota: true,
	}
	require.ErrorContains(t, execute(t, o).failure, "has stopped", "the contracted count is used up")
	interrupt()
	require.NoError(t, <-ended)
	require.Contains(t, out.String(), "ledgersync: entries=2\n")
	require.Contains(t, out.String(), ".pdf")
	require.NotContains(t, out.String(), "geheim")

	require.ErrorContains(t, p.gateway(ctx, gatewayCommand{Contracted: new(int64(-1))}), "--contracted")
}
