package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWalk(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", filepath.Join(t.TempDir(), "state.db")} {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), options{Listen: "127.0.0.1:0", Walk: true, Organisation: "984661185", Data: data}, &out))
		require.Contains(t, out.String(), "onboarding: sessions=2 ready=2 letters=1\n")
		require.Contains(t, out.String(), "letter: DIGIPOST DELIVERED from sender 34567\n")
	}
}

// ender ends the program when it says where it is.
type ender struct {
	bytes.Buffer
	end func()
}

func (e *ender) Write(p []byte) (int, error) {
	defer e.end()
	return e.Buffer.Write(p)
}

func TestServeUntilTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &ender{end: cancel}
	require.NoError(t, run(ctx, options{Listen: "127.0.0.1:0", Organisation: "984661185"}, out))
	require.Contains(t, out.String(), "open http://127.0.0.1:")
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{
		"organisation":       {Organisation: "987654321"},
		"environment alone":  {Organisation: "984661185", Environment: "test"},
		"broker alone":       {Organisation: "984661185", BrokerID: "12345"},
		"walk for real":      {Organisation: "984661185", Environment: "test", BrokerID: "1", KeyFile: "x", Walk: true},
		"unknown":            {Organisation: "984661185", Environment: "moon", BrokerID: "1", KeyFile: "x"},
		"broker not numeric": {Organisation: "984661185", Environment: "test", BrokerID: "x", KeyFile: "x"},
		"no key":             {Organisation: "984661185", Environment: "test", BrokerID: "1", KeyFile: filepath.Join(t.TempDir(), "none.pem")},
	} {
		o.Listen = "127.0.0.1:0"
		require.Error(t, run(t.Context(), o, &bytes.Buffer{}), name)
	}
}
