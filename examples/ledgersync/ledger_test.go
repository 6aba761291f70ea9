package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone/bundle"
	"github.com/countersign/countersign/contractone/gatewaytest"
	"github.com/stretchr/testify/require"
)

// manifestOf reads a bundle's manifest, and checks that each of its PDFs is there.
func manifestOf(t *testing.T, dir string) (files []bundle.File) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, bundle.ManifestJSON))
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	for f, err := range bundle.ReadManifest(file) {
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(dir, filepath.FromSlash(f.File)))
		files = append(files, f)
	}
	return files
}

func TestBundle(t *testing.T) {
	t.Parallel()
	// Everything lies in the folder that the contracts come from.
	from := folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b")})
	dir, out := filepath.Join(from, "data"), filepath.Join(from, "bundle")
	o := options{Data: dir, From: &from, Ledger: "bundle:" + out}
	dry := o
	dry.DryRun = true
	require.NoError(t, execute(t, dry).failure)
	require.NoDirExists(t, out)

	r := execute(t, o)
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 2, files: 2, registered: 2}, r.counts(t))
	require.Contains(t, r.out, out)
	require.NotContains(t, r.out, "ledger.db")
	require.NoFileExists(t, filepath.Join(dir, "ledger.db"))
	require.Len(t, manifestOf(t, out), 2)

	require.NoError(t, os.WriteFile(filepath.Join(from, "c.pdf"), []byte(pdf("c")), 0o600))
	require.NoError(t, execute(t, dry).failure)
	require.Len(t, manifestOf(t, out), 2)
	r = execute(t, o)
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 3, files: 3, registered: 1, unchanged: 2}, r.counts(t), "what the run wrote does not come in again")
	require.Len(t, manifestOf(t, out), 3)

	held, err := bundle.Open(bundle.Config{Dir: out})
	require.NoError(t, err)
	require.ErrorContains(t, execute(t, o).failure, "another run has the bundle")
	require.NoError(t, held.Close())
	require.NoError(t, os.RemoveAll(out))
	require.ErrorContains(t, execute(t, o).failure, "is gone: put it back")
	require.NoDirExists(t, out)
}

func TestBundleInReviewMode(t *testing.T) {
	t.Parallel()
	dir, out := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "bundle")
	from := folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b")})
	common := []string{"--data", dir, "--from", from, "--ledger", "bundle:" + out}
	r := command(t, append([]string{"--review", "--arrivals", "0"}, common...)...)
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 2, files: 2, held: 2}, r.counts(t))
	require.Empty(t, manifestOf(t, out))
	require.ErrorContains(t, command(t, "review", "save", "--all", "--data", dir, "--ledger", "sql").failure, "another ledger (bundle:"+out+")")
	// The folder remembers the ledger, and where its contracts come from.
	require.NoError(t, command(t, "review", "save", "--all", "--data", dir).failure)
	require.Len(t, manifestOf(t, out), 2)
}

// waitFor calls f when a condition holds, and ends with the test.
func waitFor(t *testing.T, condition func() bool, f func()) {
	t.Helper()
	var waiting gosync.WaitGroup
	waiting.Go(func() {
		for !condition() && t.Context().Err() == nil {
			<-time.After(time.Millisecond)
		}
		f()
	})
	t.Cleanup(waiting.Wait)
}

// TestKeepRunningOnTheRealService: the engine runs the daily difference by itself,
// and the bundle's manifest follows while it does.
func TestKeepRunningOnTheRealService(t *testing.T) {
	t.Parallel()
	srv := cloudsigntest.NewServer()
	defer srv.Close()
	user := srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded})
	out := filepath.Join(t.TempDir(), "bundle")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var day time.Duration // the program's clock is ahead by this; set before the engine runs
	var lines bytes.Buffer
	p := &program{
		options: options{
			Data: filepath.Join(t.TempDir(), "data"), Environment: "sandbox", ClientID: user.ClientID, Yes: true, KeepRunning: true, Ledger: "bundle:" + out,
		},
		in: strings.NewReader(""), out: &lines, baseURL: srv.URL(), finishEvery: time.Millisecond,
	}
	p.clock = func() time.Time { return time.Now().Add(day) }
	p.err = &watcher{&bytes.Buffer{}, "running: interrupt to end", func() {
		srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded})
		day = 24 * time.Hour
		waitFor(t, func() bool {
			text, err := os.ReadFile(filepath.Join(out, bundle.ManifestCSV))
			return err == nil && bytes.Count(bytes.TrimSpace(text), []byte("\n")) >= 2
		}, interrupt)
	}}
	require.NoError(t, p.run(ctx))
	require.NoError(t, t.Context().Err())
	require.Contains(t, lines.String(), "registered=1")
	require.Len(t, manifestOf(t, out), 2)
}

func TestGateway(t *testing.T) {
	t.Parallel()
	const credential = "Bearer 4f0b6c2e"
	srv := gatewaytest.NewServer(gatewaytest.WithHeader("Authorization", credential), gatewaytest.WithContracted(3))
	defer srv.Close()
	from := folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b")})
	o := options{
		Data: filepath.Join(t.TempDir(), "data"), From: &from, Ledger: "gateway:" + srv.URL() + "/", GatewayQuota: true,
		GatewayHeader: "Authorization", GatewayCredential: credential,
	}
	dry := o
	dry.DryRun = true
	r := execute(t, dry)
	require.NoError(t, r.failure)
	require.Contains(t, r.out, "left of the contracted count")
	require.Empty(t, srv.Entries())

	wrong := o
	wrong.GatewayCredential = "Bearer other"
	r = execute(t, wrong)
	require.ErrorContains(t, r.failure, "COUNTERSIGN_GATEWAY_CREDENTIAL")
	require.NotContains(t, r.failure.Error(), "other")

	r = execute(t, o)
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 2, files: 2, registered: 2}, r.counts(t))
	require.Contains(t, r.out, "behind the gateway "+srv.URL())
	require.Len(t, srv.Entries(), 2)
	require.NotContains(t, r.out+r.err, "4f0b6c2e")

	for _, name := range []string{"c.pdf", "d.pdf"} {
		require.NoError(t, os.WriteFile(filepath.Join(from, name), []byte(pdf(name)), 0o600))
	}
	r = execute(t, o)
	require.ErrorContains(t, r.failure, "has stopped", "the contracted count is used up")
	require.Len(t, srv.Entries(), 3)

	plain := o
	plain.Ledger = "sql"
	require.ErrorContains(t, execute(t, plain).failure, "(gateway:"+srv.URL()+")")
}

// TestKeepRunningInReviewModeThroughTheGateway: what is decided by the command later is registered.
func TestKeepRunningInReviewModeThroughTheGateway(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer()
	defer srv.Close()
	dir := filepath.Join(t.TempDir(), "data")
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	p := &program{options: options{Data: dir, From: &from, Ledger: "gateway:" + srv.URL(), KeepRunning: true, Review: true}, in: strings.NewReader(""), out: &bytes.Buffer{}}
	p.err = &watcher{&bytes.Buffer{}, "running", interrupt}
	require.NoError(t, p.run(ctx))
	require.Empty(t, srv.Entries())
	require.NoError(t, command(t, "review", "save", "--all", "--data", dir, "--from", from, "--ledger", "gateway:"+srv.URL()).failure)
	require.Len(t, srv.Entries(), 1)
}

// TestBadLedger: each mistake is one sentence that names the way out, and nothing
// is registered anywhere.
func TestBadLedger(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	file := filepath.Join(from, "a.pdf")
	srv := gatewaytest.NewServer(gatewaytest.WithHeader("X-Key", "k"))
	t.Cleanup(srv.Close)
	gone := gatewaytest.NewServer()
	gone.Close()
	used := filepath.Join(t.TempDir(), "used")
	require.NoError(t, execute(t, options{Data: used, From: &from}).failure)
	require.NoError(t, os.Remove(filepath.Join(used, ledgerFile)), "a folder from before there was a choice")
	for name, c := range map[string]struct {
		o    options
		want []string
	}{
		"unknown":            {options{Ledger: "excel"}, []string{"--ledger", ledgerForms}},
		"with a place":       {options{Ledger: "sql:x"}, []string{ledgerForms}},
		"bundle without":     {options{Ledger: "bundle"}, []string{"does not say where", ledgerForms}},
		"gateway without":    {options{Ledger: "gateway:"}, []string{"does not say where"}},
		"no address":         {options{Ledger: "gateway:ledger.example"}, []string{"--ledger gateway", "https://"}},
		"password":           {options{Ledger: "gateway:https://taro:geheim@ledger.example"}, []string{"user name or password"}},
		"plain http":         {options{Ledger: "gateway:http://ledger.example", Environment: "sandbox", ClientID: "x"}, []string{"loopback"}},
		"simulated":          {options{Ledger: "gateway:https://ledger.example"}, []string{"not real", "--environment"}},
		"no header":          {options{Ledger: "gateway:https://ledger.example", Environment: "sandbox", ClientID: "x"}, []string{"COUNTERSIGN_GATEWAY_HEADER is not set"}},
		"header alone":       {options{Ledger: "gateway:" + srv.URL(), GatewayHeader: "X-Key"}, []string{"COUNTERSIGN_GATEWAY_CREDENTIAL is not set"}},
		"value alone":        {options{Ledger: "gateway:" + srv.URL(), GatewayCredential: "geheim"}, []string{"COUNTERSIGN_GATEWAY_HEADER is not set"}},
		"no header's name":   {options{Ledger: "gateway:" + srv.URL(), GatewayHeader: "X Key", GatewayCredential: "geheim"}, []string{"COUNTERSIGN_GATEWAY_HEADER"}},
		"refused":            {options{Ledger: "gateway:" + srv.URL()}, []string{"refuses the credential", "COUNTERSIGN_GATEWAY_HEADER"}},
		"nobody there":       {options{Ledger: "gateway:" + gone.URL()}, []string{"can't be used", "nothing is lost"}},
		"bundle on a file":   {options{Ledger: "bundle:" + file}, []string{file, "bundle:FOLDER"}},
		"bundle of the PDFs": {options{Ledger: "bundle:" + from}, []string{"--from", "bundle"}},
		"another ledger":     {options{Ledger: "bundle:" + from + "x", Data: used}, []string{"another ledger (sql)", "--data"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.o.Data == "" {
				c.o.Data = filepath.Join(t.TempDir(), "data")
			}
			if c.o.Environment == "" {
				c.o.From = &from
			}
			r := execute(t, c.o)
			require.Error(t, r.failure)
			for _, w := range c.want {
				require.ErrorContains(t, r.failure, w)
			}
			require.NotContains(t, fmt.Sprint(r), "geheim")
			require.NotContains(t, r.failure.Error(), "\n")
			// A mistake settles nothing: the same folder goes on with a ledger that works.
			if c.o.Environment == "" {
				r = execute(t, options{Data: c.o.Data, From: &from})
				require.NoError(t, r.failure)
				require.Equal(t, 1, r.counts(t).files)
			}
		})
	}
	require.Empty(t, srv.Entries())
}
