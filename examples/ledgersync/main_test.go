package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/orchestration/sqlite"
	"github.com/stretchr/testify/require"
)

// result is what a run printed.
type result struct {
	out, err string
	failure  error
}

func execute(t *testing.T, o options, change ...func(*program)) result {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{options: o, in: strings.NewReader(""), out: &out, err: &errs}
	for _, c := range change {
		c(p)
	}
	err := p.run(t.Context())
	return result{out.String(), errs.String(), err}
}

var lastLine = regexp.MustCompile(`ledgersync: documents=(\d+) files=(\d+) registered=(\d+) unchanged=(\d+) held=(\d+) failed=(\d+)\n$`)

type counts struct{ documents, files, registered, unchanged, held, failed int }

// counts reads the last line.
func (r result) counts(t *testing.T) (c counts) {
	t.Helper()
	require.Regexp(t, lastLine, r.out)
	line := r.out[strings.LastIndex(strings.TrimSpace(r.out), "\n")+1:]
	_, err := fmt.Sscanf(line, "ledgersync: documents=%d files=%d registered=%d unchanged=%d held=%d failed=%d",
		&c.documents, &c.files, &c.registered, &c.unchanged, &c.held, &c.failed)
	require.NoError(t, err)
	require.Equal(t, c.files, c.registered+c.unchanged+c.held+c.failed)
	return c
}

// ledgerOf opens the ledger that a run left.
func ledgerOf(t *testing.T, dir string) *sqlledger.Ledger {
	t.Helper()
	db, err := sqlite.OpenDB(filepath.Join(dir, "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	l, err := sqlledger.Open(t.Context(), sqlledger.Config{DB: db, Dialect: sqlledger.SQLite, Dir: filepath.Join(dir, "pdf")})
	require.NoError(t, err)
	return l
}

func entriesOf(t *testing.T, dir string) (out []contractone.Entry) {
	t.Helper()
	l := ledgerOf(t, dir)
	for e, err := range contractone.All(t.Context(), l, contractone.Query{}) {
		require.NoError(t, err)
		info, err := os.Stat(l.PDFPath(e))
		require.NoError(t, err, "every entry has its file")
		require.Equal(t, e.PDF.Size, info.Size())
		out = append(out, e)
	}
	return out
}

func TestRunAgainRegistersOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	first := execute(t, options{Data: dir, Arrivals: 3})
	require.NoError(t, first.failure)
	c := first.counts(t)
	require.GreaterOrEqual(t, c.documents, 120)
	require.GreaterOrEqual(t, c.files, 200)
	require.Equal(t, c.files, c.registered)
	require.Contains(t, first.out, "Preview")
	require.Contains(t, first.err, "registering files")
	require.Len(t, entriesOf(t, dir), c.files)

	for range 2 {
		before := c
		again := execute(t, options{Data: dir, Arrivals: 3})
		require.NoError(t, again.failure)
		c = again.counts(t)
		require.Equal(t, before.documents+3, c.documents)
		require.Equal(t, before.files, c.unchanged)
		require.Positive(t, c.registered)
		require.Zero(t, c.failed)
		require.Len(t, entriesOf(t, dir), c.files)
		require.NotContains(t, again.out, "Preview")
	}
}

func TestDryRunLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	r := execute(t, options{Data: dir, DryRun: true})
	require.NoError(t, r.failure)
	require.Contains(t, r.out, "to be registered")
	require.NoDirExists(t, dir)

	require.NoError(t, execute(t, options{Data: dir}).failure)
	state, err := os.ReadFile(filepath.Join(dir, simulationFile))
	require.NoError(t, err)
	require.NoError(t, execute(t, options{Data: dir, DryRun: true}).failure)
	after, err := os.ReadFile(filepath.Join(dir, simulationFile))
	require.NoError(t, err)
	require.Equal(t, state, after, "the simulated clock stays")
}

func pdf(name string) string { return "%PDF-1.4\n" + name + "\n%%EOF\n" }

// folder writes files into a folder of PDFs.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

const heading = "file,title,contract_at,validity_start_at,validity_end_at,validity_end_notice_at,auto_update,local_id,amount\n"

func TestOwnFiles(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{
		"a.pdf": pdf("same"), "sub/契約 b.PDF": pdf("same"), "notes.txt": "not a contract",
		"contracts.csv": "\ufeff" + heading + "sub/契約 b.PDF,\"業務委託, 契約\",2026-01-02,2026-02-01,2027-01-31,2026-12-31,1,K-1,-5\n",
	})
	dir := filepath.Join(t.TempDir(), "data")
	r := execute(t, options{Data: dir, From: &from})
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 2, files: 2, registered: 2}, r.counts(t))
	entries := entriesOf(t, dir)
	require.Len(t, entries, 2, "equal files are two entries")
	require.Equal(t, entries[0].PDF, entries[1].PDF)
	byName := map[string]contractone.Items{}
	for _, e := range entries {
		byName[e.Items.FileName] = e.Items
	}
	require.Equal(t, contractone.Items{Title: "a", FileName: "a.pdf"}, byName["a.pdf"])
	b := byName["契約 b.PDF"]
	require.Equal(t, "業務委託, 契約", b.Title)
	require.Equal(t, contractone.Yen(-5), b.Amount)
	require.Equal(t, "2026-12-31", b.NoticeDeadline.String())

	require.NoError(t, os.WriteFile(filepath.Join(from, "new.pdf"), []byte(pdf("new")), 0o600))
	r = execute(t, options{Data: dir, From: &from, Arrivals: 3})
	require.NoError(t, r.failure)
	c := r.counts(t)
	require.Equal(t, 2, c.unchanged)
	require.Equal(t, 6, c.documents, "the new file and three arrivals")
}

func TestBadFilesAreNamedAndNothingElseIsLost(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{"good.pdf": pdf("x"), "empty.pdf": "", "word.pdf": "PK"})
	dir := filepath.Join(t.TempDir(), "data")
	r := execute(t, options{Data: dir, From: &from})
	require.Error(t, r.failure)
	require.Equal(t, counts{documents: 3, files: 3, registered: 1, failed: 2}, r.counts(t))
	require.Contains(t, r.out, "empty.pdf")
	require.Contains(t, r.out, "word.pdf")
	require.Len(t, entriesOf(t, dir), 1)

	require.NoError(t, os.WriteFile(filepath.Join(from, "empty.pdf"), []byte(pdf("now")), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(from, "word.pdf"), []byte(pdf("too")), 0o600))
	r = execute(t, options{Data: dir, From: &from})
	require.NoError(t, r.failure, "mended files are taken up by the next run")
	require.Equal(t, counts{documents: 3, files: 3, registered: 2, unchanged: 1}, r.counts(t))
}

// TestBadInput: each mistake is one sentence that names the thing and the way out.
func TestBadInput(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, []byte("x"), 0o600))
	used := filepath.Join(t.TempDir(), "used")
	require.NoError(t, execute(t, options{Data: used, From: new(folder(t, map[string]string{"a.pdf": pdf("a")}))}).failure)
	generated := filepath.Join(t.TempDir(), "generated")
	require.NoError(t, execute(t, options{Data: generated}).failure)
	broken := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, simulationFile), []byte("{"), 0o600))
	for name, c := range map[string]struct {
		o    options
		want []string
	}{
		"no PDF":             {options{From: new(folder(t, map[string]string{"a.txt": ""}))}, []string{"no PDF file", "--from"}},
		"no folder":          {options{From: new(filepath.Join(plain, "x"))}, []string{plain, "--from"}},
		"below a file":       {options{Data: filepath.Join(plain, "data")}, []string{plain, "--data"}},
		"a file":             {options{Data: plain}, []string{plain, "--data"}},
		"wrong date":         {options{From: new(folder(t, map[string]string{"a.pdf": pdf("a"), "contracts.csv": heading + "a.pdf,T,2026-02-30,,,,,,\n"}))}, []string{"line 2", "contract_at", "YYYY-MM-DD"}},
		"unknown file":       {options{From: new(folder(t, map[string]string{"a.pdf": pdf("a"), "contracts.csv": heading + "b.pdf,T,,,,,,,\n"}))}, []string{"line 2", "b.pdf"}},
		"client ID only":     {options{ClientID: "x"}, []string{"--environment"}},
		"environment only":   {options{Environment: "sandbox"}, []string{"CLOUDSIGN_CLIENT_ID", "https://sandbox.cloudsign.jp/api/clients"}},
		"production only":    {options{Environment: "production"}, []string{"https://www.cloudsign.jp/api/clients"}},
		"LGWAN only":         {options{Environment: "lgwan"}, []string{"クライアントID"}},
		"wrong environment":  {options{Environment: "staging", ClientID: "x"}, []string{"production, sandbox"}},
		"both":               {options{Environment: "sandbox", ClientID: "x", From: new(".")}, []string{"--from"}},
		"arrivals":           {options{Arrivals: -1}, []string{"--arrivals"}},
		"other simulation":   {options{Data: generated, From: new(t.TempDir())}, []string{"no PDF file"}},
		"simulated and real": {options{Data: used, Environment: "sandbox", ClientID: "x"}, []string{used, "--data"}},
		"empty --from":       {options{From: new("")}, []string{"--from"}},
		"with --from":        {options{Data: generated, From: new(folder(t, map[string]string{"a.pdf": pdf("a")}))}, []string{generated, "--from"}},
		"broken state":       {options{Data: broken}, []string{simulationFile, "--data"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.o.Data == "" {
				c.o.Data = filepath.Join(t.TempDir(), "data")
			}
			r := execute(t, c.o)
			require.Error(t, r.failure)
			for _, w := range c.want {
				require.ErrorContains(t, r.failure, w)
			}
			require.NotContains(t, r.failure.Error(), "\n")
		})
	}
}

// real points the program at a fake in place of the real service.
func realService(srv *cloudsigntest.Server) func(*program) {
	return func(p *program) { p.baseURL = srv.URL() }
}

func TestRealService(t *testing.T) {
	t.Parallel()
	srv := cloudsigntest.NewServer()
	defer srv.Close()
	user := srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded})
	o := options{Data: filepath.Join(t.TempDir(), "data"), Environment: "sandbox", ClientID: user.ClientID}

	r := execute(t, o, realService(srv))
	require.ErrorContains(t, r.failure, "--yes", "nobody can answer")
	r = execute(t, o, realService(srv), func(p *program) { p.terminal, p.in = true, strings.NewReader("n\n") })
	require.ErrorContains(t, r.failure, "not confirmed")
	require.Zero(t, srv.Log().Tally(cloudsigntest.OpDownloadFile).Requests)
	r = execute(t, o, realService(srv), func(p *program) { p.terminal, p.in = true, strings.NewReader("y\n") })
	require.NoError(t, r.failure)
	require.Equal(t, 1, r.counts(t).registered)
	srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded})
	r = execute(t, o, realService(srv))
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 2, files: 2, registered: 1, unchanged: 1}, r.counts(t))

	require.ErrorContains(t, execute(t, options{Data: o.Data, From: new(folder(t, map[string]string{"a.pdf": pdf("a")}))}).failure, "--data", "a real folder is not for the simulation")
	require.ErrorContains(t, execute(t, options{Data: o.Data}).failure, "CLOUDSIGN_CLIENT_ID", "nor goes on without the client ID")
	remembered := o
	remembered.Environment = ""
	r = execute(t, remembered, realService(srv))
	require.NoError(t, r.failure)
	require.Equal(t, counts{documents: 2, files: 2, unchanged: 2}, r.counts(t))
	production := o
	production.Environment = "production"
	require.ErrorContains(t, execute(t, production, realService(srv)).failure, "holds contracts of sandbox")
	srv.UpdateUser(user.ID, func(u *cloudsigntest.User) { u.Disabled = true })
	srv.ExpireTokens()
	r = execute(t, o, realService(srv))
	require.ErrorContains(t, r.failure, "has stopped")
	require.NotContains(t, r.failure.Error()+r.out+r.err, user.ClientID)
	srv.UpdateUser(user.ID, func(u *cloudsigntest.User) { u.Disabled = false })
	require.NoError(t, execute(t, o, realService(srv)).failure, "running again goes on")
}

func TestRefusedClientID(t *testing.T) {
	t.Parallel()
	srv := cloudsigntest.NewServer()
	defer srv.Close()
	o := options{Data: filepath.Join(t.TempDir(), "data"), Environment: "production", ClientID: "ffffffff-ffff-ffff-ffff-ffffffffffff"}
	r := execute(t, o, realService(srv))
	require.ErrorContains(t, r.failure, "https://www.cloudsign.jp/api/clients")
	require.NotContains(t, r.failure.Error(), o.ClientID)
}
