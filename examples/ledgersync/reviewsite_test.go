package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/countersign/countersign/contractone"
	"github.com/stretchr/testify/require"
)

// visit asks the page for something, as a browser on this machine does.
func visit(t *testing.T, method, address string, form url.Values, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Host = host
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

// TestReviewPage: what is saved on the page is registered while the program runs,
// and an interruption ends it well.
func TestReviewPage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	from := folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b")})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out bytes.Buffer
	addresses := make(chan string, 1)
	p := &program{
		options: options{Data: dir, From: &from, Review: true, ReviewPage: "localhost:0", Reviewer: "hanako"},
		in:      strings.NewReader(""), out: &out,
		err: writer(func(b []byte) {
			if m := regexp.MustCompile(`review page: (http://\S+/) decides as hanako`).FindSubmatch(b); m != nil {
				addresses <- string(m[1])
			}
		}),
	}
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx) }()
	root := <-addresses
	status, _ := visit(t, "GET", root, nil, "attacker.example")
	require.Equal(t, http.StatusMisdirectedRequest, status)
	status, body := visit(t, "GET", root, nil, "")
	require.Equal(t, http.StatusOK, status)
	link := regexp.MustCompile(`links/[A-Z0-9-]+`).FindString(body)
	_, body = visit(t, "GET", root+link, nil, "")
	keys := regexp.MustCompile(`name="shown" value="([^"]+)"`).FindAllStringSubmatch(body, -1)
	require.Len(t, keys, 2)
	status, body = visit(t, "POST", root+link+"?lang=en", url.Values{"key": {keys[0][1]}, "do": {"save"}}, "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "Done for 1 files.")
	ledger := ledgerOf(t, dir)
	waitFor(t, func() bool {
		page, err := ledger.Search(t.Context(), contractone.Query{})
		return err == nil && len(page.Items) == 1
	}, interrupt)
	require.NoError(t, <-ended)
	require.Equal(t, counts{documents: 2, files: 2, registered: 1, held: 1}, result{out: out.String()}.counts(t))
	r := command(t, "review", "save", keys[0][1], "--data", dir, "--from", from)
	require.ErrorContains(t, r.failure, "saved already by hanako")
}

func TestBadReviewPage(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	for address, want := range map[string]string{
		"8081": "write it as 127.0.0.1:8081", "0.0.0.0:0": "signs nobody in", "[::]:0": "signs nobody in", "example.com:80": "signs nobody in",
		"127.0.0.1:http-x": "can't be listened on",
	} {
		r := execute(t, options{Data: filepath.Join(t.TempDir(), "data"), From: &from, Review: true, ReviewPage: address})
		require.ErrorContains(t, r.failure, "--review-page "+address)
		require.ErrorContains(t, r.failure, want)
	}
	r := execute(t, options{Data: filepath.Join(t.TempDir(), "data"), From: &from, ReviewPage: ":0"})
	require.ErrorContains(t, r.failure, "give --review, too")
	dir := filepath.Join(t.TempDir(), "data")
	require.NoError(t, execute(t, options{Data: dir, From: &from}).failure)
	r = execute(t, options{Data: dir, From: &from, ReviewPage: ":0"})
	require.ErrorContains(t, r.failure, "begin with --review and another folder")
}
