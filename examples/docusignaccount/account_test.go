package docusignaccount

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/docusigntest"
)

func TestSimulation(t *testing.T) {
	t.Parallel()
	var progress bytes.Buffer
	a, err := Open(t.Context(), Options{}, &progress)
	require.NoError(t, err)
	defer a.Close()
	require.Contains(t, progress.String(), a.Simulation.Account().Name)
}

func TestConsentIsMissing(t *testing.T) {
	t.Parallel()
	srv := docusigntest.NewServer()
	defer srv.Close()
	client, err := clientOf(srv)
	require.NoError(t, err)
	err = greet(t.Context(), client, &bytes.Buffer{})
	require.ErrorContains(t, err, "allow the app")
	require.ErrorContains(t, err, srv.URL()+"/oauth/auth?")
	require.ErrorContains(t, err, srv.App().IntegrationKey)
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	noFile := Credentials{IntegrationKey: "key", KeyFile: filepath.Join(t.TempDir(), "no.pem")}
	for want, o := range map[string]Options{
		"choose demo or production": {Environment: "staging"},
		"DOCUSIGN_INTEGRATION_KEY":  {Environment: "demo"},
		"DOCUSIGN_PRIVATE_KEY_FILE": {Environment: "demo", Credentials: noFile},
	} {
		_, err := Open(t.Context(), o, &bytes.Buffer{})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
	}
}
