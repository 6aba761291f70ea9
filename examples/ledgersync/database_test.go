package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	gosync "sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/examples/cluster"
	"github.com/countersign/countersign/orchestration/postgres"
	"github.com/stretchr/testify/require"
)

// screen is what a program prints, for several goroutines, and can be waited for.
type screen struct {
	mu   gosync.Mutex
	text bytes.Buffer
	on   string // when this stands there, seen is closed
	seen chan struct{}
}

func newScreen(on string) *screen { return &screen{on: on, seen: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.text.Write(p)
	if s.on != "" && strings.Contains(s.text.String(), s.on) {
		s.on = ""
		close(s.seen)
	}
	return n, err
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// started is a program at work.
type started struct {
	out, err *screen
	ended    chan error
}

// start runs a program beside the test; onOut and onErr are texts to wait for.
func start(t *testing.T, o options, onOut, onErr string, change ...func(*program)) started {
	t.Helper()
	s := started{newScreen(onOut), newScreen(onErr), make(chan error, 1)}
	p := &program{options: o, in: strings.NewReader(""), out: s.out, err: s.err}
	for _, c := range change {
		c(p)
	}
	go func() { s.ended <- p.run(t.Context()) }()
	return s
}

// until waits for a text on one of the program's screens.
func (s started) until(t *testing.T, seen <-chan struct{}) {
	t.Helper()
	select {
	case <-seen:
	case err := <-s.ended:
		require.FailNow(t, "it ended before", "%v\n%s%s", err, s.out, s.err)
	case <-time.After(time.Minute):
		require.FailNow(t, "it does not come", "%s%s", s.out, s.err)
	}
}

func (s started) result() result {
	err := <-s.ended
	return result{s.out.String(), s.err.String(), err}
}

// entries counts the ledger's rows and looks for their files.
func entries(t *testing.T, database, dir string) (n int) {
	t.Helper()
	db, err := postgres.OpenDB(t.Context(), database)
	require.NoError(t, err)
	defer db.Close()
	l, err := sqlledger.Open(t.Context(), sqlledger.Config{DB: db, Dialect: sqlledger.PostgreSQL, Dir: filepath.Join(dir, "pdf")})
	require.NoError(t, err)
	for e, err := range contractone.All(t.Context(), l, contractone.Query{}) {
		require.NoError(t, err)
		require.FileExists(t, l.PDFPath(e))
		n++
	}
	return n
}

// Two programs on one database: the second works for the first, and both tell the
// same. A later one goes on as with a folder.
func TestTwoProcessesShareTheSimulatedAccount(t *testing.T) {
	t.Parallel()
	o := options{Flags: cluster.Flags{Database: newSchema(t)}, Data: filepath.Join(t.TempDir(), "data"), Arrivals: 3}
	person, answers := io.Pipe()
	first := start(t, o, "[y/N]", "another process shares the work", func(p *program) { p.terminal, p.in = true, person })
	first.until(t, first.out.seen)
	second := start(t, o, "", "")
	first.until(t, first.err.seen)
	require.NoError(t, command(t, "links", "--data", o.Data, "--database", o.Database).failure, "the others can be looked at meanwhile")
	for flag, change := range map[string]func(*options){
		"--webhook":     func(o *options) { o.Webhook = "127.0.0.1:0" },
		"--review-page": func(o *options) { o.ReviewPage = "127.0.0.1:0" },
	} {
		refused := o
		change(&refused)
		require.ErrorContains(t, execute(t, refused).failure, flag)
	}
	_, err := io.WriteString(answers, "y\n")
	require.NoError(t, err)
	one, two := first.result(), second.result()
	require.NoError(t, one.failure)
	require.NoError(t, two.failure)
	c := one.counts(t)
	require.Equal(t, c, two.counts(t))
	require.Equal(t, c.files, c.registered)
	require.Equal(t, c.files, entries(t, o.Database, o.Data), "each is registered once")

	third := execute(t, o)
	require.NoError(t, third.failure)
	again := third.counts(t)
	require.Equal(t, c.files, again.unchanged)
	require.Positive(t, again.registered)
	require.Equal(t, again.files, entries(t, o.Database, o.Data))
}

// Programs on the real service are equals.
func TestTwoProcessesOnTheRealService(t *testing.T) {
	t.Parallel()
	srv := cloudsigntest.NewServer(cloudsigntest.WithRateLimit(0))
	defer srv.Close()
	user := srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	const files = 30
	for range files {
		srv.AddDocument(cloudsigntest.Document{UserID: user.ID, Status: cloudsigntest.Concluded})
	}
	o := options{
		Flags: cluster.Flags{Database: newSchema(t)}, Data: filepath.Join(t.TempDir(), "data"), Environment: "sandbox", ClientID: user.ClientID, Yes: true,
	}
	there := func(p *program) { p.baseURL = srv.URL() }
	first, second := start(t, o, "", "", there), start(t, o, "", "", there)
	for _, r := range []result{first.result(), second.result()} {
		require.NoError(t, r.failure)
		c := r.counts(t)
		require.Equal(t, files, c.files)
		require.Equal(t, files, c.registered+c.unchanged)
	}
	require.Equal(t, files, entries(t, o.Database, o.Data))
	third := start(t, o, "", "", there).result()
	require.NoError(t, third.failure)
	require.Equal(t, counts{documents: files, files: files, unchanged: files}, third.counts(t))

	db, err := postgres.OpenDB(t.Context(), o.Database)
	require.NoError(t, err)
	defer db.Close()
	var limits int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM countersign_rate WHERE account = 'cloudsign sandbox'").Scan(&limits))
	require.Equal(t, 1, limits, "they kept to one limit together")
}

// A folder and a database belong together, and a dry run begins neither.
func TestFolderOfADatabase(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{"a.pdf": pdf("a")})
	o := options{Flags: cluster.Flags{Database: newSchema(t)}, Data: filepath.Join(t.TempDir(), "data"), From: &from}
	dry := o
	dry.DryRun = true
	require.NoError(t, execute(t, dry).failure)
	require.NoDirExists(t, o.Data)
	require.NoError(t, execute(t, o).failure)
	require.NoError(t, execute(t, dry).failure)
	require.NoError(t, command(t, "links", "--data", o.Data, "--database", o.Database).failure)

	other := o
	other.Data = filepath.Join(t.TempDir(), "other")
	require.ErrorContains(t, execute(t, other).failure, "--data")
	other = o
	other.Database = newSchema(t)
	require.ErrorContains(t, execute(t, other).failure, "--database")
	other.Database = ""
	require.ErrorContains(t, execute(t, other).failure, "--database")
	other = o
	other.Ledger = "bundle:" + t.TempDir()
	require.ErrorContains(t, execute(t, other).failure, "--ledger bundle")
	other = options{Data: filepath.Join(t.TempDir(), "rows"), From: &from}
	require.NoError(t, execute(t, other).failure)
	other.Database = o.Database
	require.ErrorContains(t, execute(t, other).failure, "state.db")
}

// What is held for a review is decided by a command beside the program.
func TestReviewOnADatabase(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{"a.pdf": pdf("a"), "b.pdf": pdf("b")})
	o := options{Flags: cluster.Flags{Database: newSchema(t)}, Data: filepath.Join(t.TempDir(), "data"), From: &from, Review: true}
	require.NoError(t, execute(t, o).failure)
	flags := []string{"--data", o.Data, "--database", o.Database, "--from", from}
	r := command(t, append([]string{"review", "save", "--all"}, flags...)...)
	require.NoError(t, r.failure)
	require.Contains(t, r.out, "registered=2")
	require.Equal(t, 2, entries(t, o.Database, o.Data))
}

// No mistake in the address shows the password.
func TestPasswordIsNotPrinted(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"postgres://u:s3cret@127.0.0.1:1/x", "postgres://u:s3cret@127.0.0.1:port/x", "s3cret"} {
		r := execute(t, options{Flags: cluster.Flags{Database: address}, Data: filepath.Join(t.TempDir(), "data")})
		require.Error(t, r.failure)
		require.NotContains(t, r.out+r.err+r.failure.Error(), "s3cret")
	}
}

var schemas atomic.Int64

// newSchema makes a schema on the server that COUNTERSIGN_POSTGRES names, and
// gives an address that leads into it.
func newSchema(t *testing.T) string {
	t.Helper()
	server := os.Getenv("COUNTERSIGN_POSTGRES")
	if server == "" {
		const missing = "COUNTERSIGN_POSTGRES does not name a PostgreSQL server"
		if strings.Contains(os.Getenv("COUNTERSIGN_REQUIRE"), "postgres") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	name := fmt.Sprintf("countersign_ledgersync_%d_%d", os.Getpid(), schemas.Add(1))
	db, err := postgres.OpenDB(t.Context(), server)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+name+" CASCADE")
		require.NoError(t, err)
		require.NoError(t, db.Close())
	})
	u, err := url.Parse(server)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}
