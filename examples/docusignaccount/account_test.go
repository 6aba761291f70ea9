package docusignaccount

import (
	"bytes"
	"path/filepath"
	"reflect"
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

func TestHelpNamesWhatARealAccountNeeds(t *testing.T) {
	t.Parallel()
	options := reflect.TypeFor[Options]()
	var help string
	for i := range options.NumField() {
		help += options.Field(i).Tag.Get("help")
	}
	for _, want := range []string{"DOCUSIGN_INTEGRATION_KEY", "DOCUSIGN_USER_ID", "DOCUSIGN_PRIVATE_KEY_FILE", "DOCUSIGN_SECRET", redirectURI} {
		require.Contains(t, help, want)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	noFile := Credentials{IntegrationKey: "key", UserID: "user", KeyFile: filepath.Join(t.TempDir(), "no.pem")}
	for want, o := range map[string]Options{
		"choose demo or production":                       {Environment: "staging"},
		"DOCUSIGN_INTEGRATION_KEY is not set":             {Environment: "demo"},
		"DOCUSIGN_INTEGRATION_KEY is set: say with --env": {Credentials: Credentials{IntegrationKey: "key"}},
		"--account names an account of the real service":  {Account: "guid"},
		"--login logs in to the real service":             {Login: true},
		"DOCUSIGN_USER_ID is not set":                     {Environment: "demo", Credentials: Credentials{IntegrationKey: "key", KeyFile: "key.pem"}},
		"DOCUSIGN_PRIVATE_KEY_FILE is not set":            {Environment: "demo", Credentials: Credentials{IntegrationKey: "key", UserID: "user"}},
		"DOCUSIGN_PRIVATE_KEY_FILE: open":                 {Environment: "demo", Credentials: noFile},
	} {
		_, err := Open(t.Context(), o, &bytes.Buffer{})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
	}
}
