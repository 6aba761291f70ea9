package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration/ledgersync"
	"github.com/stretchr/testify/require"
)

// command runs the program with a command line.
func command(t *testing.T, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	var c commands
	parser, err := kong.New(&c, kong.Writers(&out, &errs))
	require.NoError(t, err)
	parsed, err := parser.Parse(args)
	require.NoError(t, err)
	p := &program{options: c.options, in: strings.NewReader(""), out: &out, err: &errs}
	failure := p.do(t.Context(), parsed.Command(), &c)
	return result{out.String(), errs.String(), failure}
}

func TestReview(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	from := folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b"), "c.pdf": pdf("c")})
	r := command(t, "--review", "--data", dir, "--from", from, "--arrivals", "0")
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 3, files: 3, held: 3}, r.counts(t))
	require.Contains(t, r.err, "review list")
	require.Empty(t, entriesOf(t, dir))

	r = command(t, "review", "list", "--data", dir, "--from", from)
	require.NoError(t, r.failure)
	require.Contains(t, r.out, "held=3")
	keys := regexp.MustCompile(`cloudsign:\S+`).FindAllString(r.out, -1)
	require.Len(t, keys, 3)

	r = command(t, "review", "share", "--with", "private", keys[0], "--data", dir, "--from", from)
	require.NoError(t, r.failure)
	r = command(t, "review", "save", keys[0], "--as", "hanako", "--data", dir, "--from", from)
	require.NoError(t, r.failure)
	require.Contains(t, r.out, "ledgersync: decided=1 refused=0 held=2 registered=1\n")
	entries := entriesOf(t, dir)
	require.Len(t, entries, 1)
	require.Equal(t, contractone.Private(), entries[0].Share)
	r = command(t, "review", "delete", "--reason", "draft", keys[0], keys[1], "--data", dir, "--from", from)
	require.ErrorContains(t, r.failure, "1 of 2 files were refused, the first because it was saved already by hanako")
	require.Contains(t, r.out, "decided=1 refused=1 held=1 registered=0\n")

	r = command(t, "--data", dir, "--from", from, "--arrivals", "0")
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 3, files: 3, unchanged: 2, held: 1}, r.counts(t), "what was deleted does not come back")
	r = command(t, "review", "save", "--all", "--data", dir, "--from", from)
	require.NoError(t, r.failure)
	require.Len(t, entriesOf(t, dir), 2)
}

func TestBadReview(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	require.ErrorContains(t, command(t, "review", "list", "--data", dir, "--from", from).failure, "--review")
	require.NoDirExists(t, dir)
	require.NoError(t, command(t, "--data", dir, "--from", from).failure)
	require.ErrorContains(t, command(t, "review", "list", "--data", dir, "--from", from).failure, "--review")
	require.ErrorContains(t, command(t, "--review", "--data", dir, "--from", from).failure, "without a review")

	dir = filepath.Join(t.TempDir(), "reviewed")
	require.NoError(t, command(t, "--review", "--data", dir, "--from", from).failure)
	require.ErrorContains(t, command(t, "review", "save", "--data", dir, "--from", from).failure, "--all")
	require.ErrorContains(t, command(t, "review", "save", "--all", "x", "--data", dir, "--from", from).failure, "--all")
	require.ErrorContains(t, command(t, "review", "save", "cloudsign:a:b", "--data", dir, "--from", from).failure, "no file")
	for _, with := range []string{",", "privat", "Legal", "group:", "group:Legal,", "group:A,A", ""} {
		require.ErrorContains(t, command(t, "review", "share", "--with", with, "--all", "--data", dir, "--from", from).failure, "write company, private or group:NAME", with)
	}
	r := command(t, "review", "share", "--with", "group:Legal, Sales ", "--all", "--data", dir, "--from", from)
	require.NoError(t, r.failure)
	require.NoError(t, command(t, "review", "save", "--all", "--data", dir, "--from", from).failure)
	require.Equal(t, contractone.Groups("Legal", "Sales"), entriesOf(t, dir)[0].Share)
}

// TestWordsOfTheReview: in review mode nothing is said to be registered, and what is
// held for other reasons waits for no reviewer. The mode follows the flags until
// the first load is confirmed.
func TestWordsOfTheReview(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	o := options{Data: dir, From: &from, Review: true}
	no := func(p *program) { p.terminal, p.in = true, strings.NewReader("n\n") }
	page := o
	page.Review, page.ReviewPage = false, "127.0.0.1:0"
	r := execute(t, page)
	require.ErrorContains(t, r.failure, "give --review, too")
	r = execute(t, o, no)
	require.ErrorContains(t, r.failure, "not confirmed")
	require.Contains(t, r.out, "to be held for a review")
	require.Contains(t, r.out, "Hold 1 files for a review?")
	require.NotContains(t, r.out, "to be registered")
	r = execute(t, o)
	require.NoError(t, r.failure)
	require.Contains(t, r.err, "1 files wait for a review")

	p := &program{options: o, in: strings.NewReader(""), out: io.Discard, err: io.Discard}
	require.NoError(t, p.openLink(t.Context(), true, func(s *sync) error {
		_, err := s.flow.ChangeLink(t.Context(), s.link.ID, "hanako", func(set *ledgersync.Settings) { set.GraceDays = 365 })
		return err
	}))
	require.NoError(t, os.WriteFile(filepath.Join(from, "b.pdf"), []byte(pdf("b")), 0o600))
	r = execute(t, o)
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 2, files: 2, held: 2}, r.counts(t))
	require.Contains(t, r.err, "1 files wait for a review")
}

// TestReviewBesideAnotherRun: a decision holds also while another run has the
// folder, which registers what was saved.
func TestReviewBesideAnotherRun(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	from := folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b")})
	require.NoError(t, command(t, "--review", "--data", dir, "--from", from, "--arrivals", "0").failure)
	p := &program{options: options{Data: dir}, in: strings.NewReader(""), out: io.Discard, err: io.Discard}
	require.NoError(t, p.openLink(t.Context(), true, func(s *sync) error {
		release, err := s.data.store.Own(t.Context())
		require.NoError(t, err)
		defer release()
		r := command(t, "review", "save", "--all", "--data", dir)
		require.NoError(t, r.failure)
		require.Contains(t, r.out, "decided=2 refused=0 held=0 registered=0")
		require.Contains(t, r.err, "another run works on this folder: it registers")
		return nil
	}))
	require.NoError(t, command(t, "--data", dir, "--arrivals", "0").failure)
	require.Len(t, entriesOf(t, dir), 2)
}

// TestKeepRunning: the program goes on until it is interrupted, which is no error.
func TestKeepRunning(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	ctx, interrupt := context.WithCancel(t.Context())
	var out bytes.Buffer
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	p := &program{
		options: options{Data: dir, From: &from, KeepRunning: true}, in: strings.NewReader(""), out: &out,
		err: writer(func(b []byte) {
			if bytes.Contains(b, []byte("running")) {
				interrupt()
			}
		}),
	}
	require.NoError(t, p.run(ctx))
	require.Contains(t, out.String(), "registered=1")
	require.Len(t, entriesOf(t, dir), 1)
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}
