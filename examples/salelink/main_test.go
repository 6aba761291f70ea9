package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/countersign/countersign"
	"github.com/stretchr/testify/require"
)

func TestSimulationLinksTwoEnvironments(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), options{}, &out))
	require.Regexp(t, `salelink: imported=6 forwarded=1 refused=1 statuses=1 vanished=1\n$`, out.String())
	require.Contains(t, out.String(), "[redacted]")
}

func TestDryRunShowsThePlanAlone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), options{DryRun: true}, &out))
	require.Contains(t, out.String(), "product create 6")
	require.NotContains(t, out.String(), "LAST SYNCED")
}

func TestRealRunSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "link.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"policy":{"import_all":true}}`), 0o600))
	wrong := filepath.Join(t.TempDir(), "wrong.json")
	require.NoError(t, os.WriteFile(wrong, []byte(`{"policy":{"pull_status":true}}`), 0o600))
	full := options{Environment: "staging", A: "alpha", B: "beta", Settings: file, TokenA: countersign.NewSecret("a"), TokenB: countersign.NewSecret("b")}
	for name, change := range map[string]func(*options){
		"settings":    func(o *options) { o.Settings = "" },
		"environment": func(o *options) { o.Environment = "moon" },
		"token of A":  func(o *options) { o.TokenA = countersign.Secret{} },
		"account B":   func(o *options) { o.B = "" },
		"misspelling": func(o *options) { o.Settings = wrong },
		"simulation":  func(o *options) { o.Environment = "" },
	} {
		o := full
		change(&o)
		var out bytes.Buffer
		require.Error(t, run(t.Context(), o, &out), name)
	}
}
