package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/docusigntest"
	"github.com/countersign/countersign/examples/docusignaccount"
	"github.com/stretchr/testify/require"
)

func execute(t *testing.T, o options) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := (&program{options: o, out: &out, err: &errs}).run(t.Context())
	return out.String(), err
}

func person(dir string) options {
	return options{Subject: "Please sign", Name: "Robin", Email: "robin@example.com", Role: "customer", Out: dir}
}

// simulatedTemplate is the id of the simulated account's first template, the same
// in every simulation.
func simulatedTemplate() string {
	srv := docusigntest.NewServer()
	defer srv.Close()
	return srv.AddTemplate(template)
}

func TestSendsFollowsAndSaves(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*options){"own page": func(*options) {}, "template": func(o *options) { o.Template = simulatedTemplate() }} {
		dir := t.TempDir()
		o := person(dir)
		change(&o)
		out, err := execute(t, o)
		require.NoError(t, err, name)
		require.Contains(t, out, "Robin <robin@example.com>: completed", name)
		files, err := filepath.Glob(filepath.Join(dir, "*.pdf"))
		require.NoError(t, err)
		require.Len(t, files, 2, name)
		for _, f := range files {
			content, err := os.ReadFile(f)
			require.NoError(t, err)
			require.True(t, bytes.HasPrefix(content, []byte("%PDF-")))
		}
	}
}

func TestSendsAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := person(dir)
	o.PDF = filepath.Join(dir, "mine.pdf")
	require.NoError(t, os.WriteFile(o.PDF, []byte("%PDF-1.4 mine"), 0o600))
	_, err := execute(t, o)
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "* combined.pdf"))
	require.NoError(t, err)
	content, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Equal(t, "%PDF-1.4 mine", string(content))
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	empty, text, pdf := file("empty.pdf", ""), file("text.pdf", "hello"), file("good.pdf", "%PDF-1.4")
	id := simulatedTemplate()
	for want, change := range map[string]func(*options){
		"choose demo or production":                           func(o *options) { o.Environment = "staging" },
		"DOCUSIGN_INTEGRATION_KEY is set":                     func(o *options) { o.IntegrationKey = "key" },
		"--account names an account":                          func(o *options) { o.Account = "guid" },
		"--login logs in":                                     func(o *options) { o.Login = true },
		`no template "none": the simulated one has ` + id:     func(o *options) { o.Template = "none" },
		`the template has no role "other": it has customer`:   func(o *options) { o.Template, o.Role = id, "other" },
		"--template and --pdf":                                func(o *options) { o.Template, o.PDF = id, pdf },
		`--email "robin" is not an address`:                   func(o *options) { o.Email = "robin" },
		`--email "Robin <robin@example.com>" is not an addre`: func(o *options) { o.Email = "Robin <robin@example.com>" },
		"empty.pdf is empty":                                  func(o *options) { o.PDF = empty },
		"text.pdf is not a PDF file":                          func(o *options) { o.PDF = text },
		"no such file":                                        func(o *options) { o.PDF = filepath.Join(dir, "none.pdf") },
		"--out: ":                                             func(o *options) { o.Out = filepath.Join(text, "below") },
	} {
		o := person(filepath.Join(dir, "out"))
		change(&o)
		out, err := execute(t, o)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
		require.Empty(t, out, "nothing was sent")
	}
}

func TestSimulatedRecipientsSignInTheirOrder(t *testing.T) {
	t.Parallel()
	account, err := docusignaccount.Open(t.Context(), docusignaccount.Options{}, &bytes.Buffer{})
	require.NoError(t, err)
	defer account.Close()
	made, err := account.Client.Envelopes.CreateOnce(t.Context(), docusign.EnvelopeDefinition{
		Status: docusign.EnvelopeSent, EmailSubject: "Two",
		Documents: []docusign.Document{{ID: "1", Name: "a.pdf", FileExtension: "pdf", Content: page}},
		Recipients: &docusign.Recipients{Signers: []docusign.Recipient{
			{ID: "7", Name: "Second", Email: "second@example.com", RoutingOrder: "2"},
			{ID: "4", Name: "First", Email: "first@example.com", RoutingOrder: "1"},
		}},
	})
	require.NoError(t, err)
	var progress bytes.Buffer
	(&program{err: &progress}).sign(account.Simulation, string(made.ID))
	require.Equal(t, "simulated: First opens the envelope and signs\nsimulated: Second opens the envelope and signs\n", progress.String())
	envelope, _ := account.Simulation.Envelope(string(made.ID))
	require.Equal(t, "completed", envelope.Status)
}
