package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func TestSendsFollowsAndSaves(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*options){"own page": func(*options) {}, "template": func(o *options) { o.Template = "any" }} {
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
	o := person(t.TempDir())
	o.Environment = "staging"
	_, err := execute(t, o)
	require.ErrorContains(t, err, "choose demo or production")
	require.False(t, strings.Contains(err.Error(), "\n"))
}
