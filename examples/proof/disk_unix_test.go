//go:build unix

package proof

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

func init() { modes[modeFull] = runFull }

// modeFull runs the program under a limit on the size of files, which stands for a
// full disk; modeFull's answer is a report.
const modeFull = "full"

// report is how a program ended that could not write.
type report struct {
	State     ledgersync.State // of the link
	LastError string           // of the link
	RunError  string           // of the engine
}

func runFull(ctx context.Context, j job) error {
	signal.Ignore(syscall.SIGXFSZ) // without a reader of the signal, writes fail with EFBIG
	p, err := open(ctx, j)
	if err != nil {
		return err
	}
	limit := syscall.Rlimit{Cur: j.Limit, Max: j.Limit}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	var r report
	if err := p.engine.RunUntilIdle(ctx); err != nil {
		r.RunError = err.Error()
	}
	link, err := p.flow.Link(ctx, p.link)
	if err != nil {
		return err
	}
	r.State, r.LastError = link.State, link.LastError
	return json.NewEncoder(os.Stdout).Encode(r)
}

// TestFullDiskLedgerSync fills the disk under the PDFs or under the database. The
// program says so in one sentence with the way out, and with room again
// everything arrives.
func TestFullDiskLedgerSync(t *testing.T) {
	t.Parallel()
	t.Run("PDFs", func(t *testing.T) {
		t.Parallel()
		f := newFull(t)
		big := a20MiB(f.account)
		r := f.run(16 << 20)
		require.Equal(t, ledgersync.StateStopped, r.State)
		requireSentence(t, r.LastError, filepath.Join(f.job.Dir, "contracts"), "make room")
		require.NotContains(t, r.LastError, "\n")
		f.recover(big)
	})
	t.Run("database", func(t *testing.T) {
		t.Parallel()
		f := newFull(t)
		f.account.arrive(size(60, 150, 400), f.account.srv.Clock().Now())
		r := f.run(640 << 10)
		// The record's commit or the ledger's, whichever came first, names the place;
		// the ledger does not know its database's file.
		thing := filepath.Join(f.job.Dir, "countersign.db")
		if r.RunError == "" {
			thing = "the database"
		}
		requireSentence(t, cmp.Or(r.RunError, r.LastError), thing, "room")
		f.recover("")
	})
}

// requireSentence wants one line with the thing and the way out.
func requireSentence(t *testing.T, text, thing, wayOut string) {
	t.Helper()
	t.Logf("proof: ledgersync full-disk says %q", strings.ReplaceAll(text, filepath.Dir(thing), ""))
	require.Contains(t, text, thing)
	require.Contains(t, text, wayOut)
	require.NotContains(t, text, "\n")
}

type full struct {
	t       *testing.T
	account *account
	job     job
}

func newFull(t *testing.T) *full {
	t.Helper()
	a := newAccount(t, 1)
	f := &full{t: t, account: a, job: a.job(t.TempDir())}
	a.arrive(20, a.srv.Clock().Now())
	return f
}

// a20MiB adds a document with one file of that size.
func a20MiB(a *account) contractone.Key {
	a.t.Helper()
	content := cloudsigntest.PDF("large", "large", 20<<20)
	d := a.srv.AddDocument(cloudsigntest.Document{
		Title: "large", Status: cloudsigntest.Concluded, UserID: a.user.ID, Files: []cloudsigntest.File{{Name: "large.pdf", Content: content}},
	})
	key := contractone.CloudSignKey(d.ID, d.Files[0].ID)
	a.want[key] = digestOf(a.t, content)
	return key
}

// run starts the link with room, and works without.
func (f *full) run(limit uint64) (r report) {
	f.t.Helper()
	p, err := open(f.t.Context(), f.job)
	require.NoError(f.t, err)
	require.NoError(f.t, p.add(f.t.Context()))
	require.NoError(f.t, p.start(f.t.Context()))
	require.NoError(f.t, p.Close())
	f.job.Limit = limit
	require.NoError(f.t, json.Unmarshal([]byte(startChild(f.t, f.job, modeFull).done(f.t)), &r))
	return r
}

// recover goes on with room, and wants every file.
func (f *full) recover(missing contractone.Key) {
	t := f.t
	t.Helper()
	p, err := open(t.Context(), f.job)
	require.NoError(t, err)
	if missing != "" {
		_, found, err := p.ledger.Lookup(t.Context(), missing)
		require.NoError(t, err)
		require.False(t, found)
	}
	link, err := p.flow.Link(t.Context(), p.link)
	require.NoError(t, err)
	if link.State == ledgersync.StateStopped {
		require.NoError(t, p.flow.Resume(t.Context(), p.link))
	}
	require.NoError(t, p.drain(t.Context()))
	require.NoError(t, p.Close())
	v := judge(t, f.account, f.job.Dir)
	t.Logf("proof: ledgersync full-disk %s", v)
	require.Zero(t, v.Lost+v.Duplicates+v.Strays+v.Torn+v.Orphans, "%s", v)
}
