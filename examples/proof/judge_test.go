package proof

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractone/sqlledger"
	"github.com/countersign/countersign/orchestration/ledgersync"
)

// cut splits the subject of a download in the service's log.
func cut(subject string) (doc, file string, ok bool) { return strings.Cut(subject, "/") }

// verdict is what came of an account's files.
type verdict struct {
	Files      int // that had to arrive
	Lost       int // that are not in the ledger, or not marked as linked in the records
	Duplicates int // entries, or lines of the journal, beyond one a file
	Strays     int // entries that nobody may have made: confidential, or never downloaded
	Torn       int // PDFs on the disk that differ from the service's
	Orphans    int // files on the disk that no entry names, after Sweep
	Downloads  int64
	Registered []time.Time
}

func (v verdict) String() string {
	return fmt.Sprintf("files=%d lost=%d duplicates=%d strays=%d torn=%d orphans=%d downloads=%d",
		v.Files, v.Lost, v.Duplicates, v.Strays, v.Torn, v.Orphans, v.Downloads)
}

// judge opens everything anew and compares it with the account and the service's
// own log.
func judge(t testing.TB, a *account, dir string) verdict {
	t.Helper()
	return judgeAll(t, dir, a)
}

// judgeAll is judge for the links of several accounts in one ledger.
func judgeAll(t testing.TB, dir string, accounts ...*account) (v verdict) {
	t.Helper()
	for i, a := range accounts {
		p, err := open(t.Context(), a.job(dir))
		require.NoError(t, err)
		if a.gateway != nil {
			judgeEntries(a, p.link, a.gateway.entered(), &v)
		} else {
			judgeEntries(a, p.link, enteredIn(t, p, entriesOf(t, p, p.link)), &v)
		}
		judgeRecords(t, a, p, &v)
		v.Files += a.files()
		v.Downloads += a.srv.Log().Tally(cloudsigntest.OpDownloadFile).Requests
		if i == 0 {
			judgeStorage(t, p, dir, &v)
		}
		require.NoError(t, p.Close())
	}
	return v
}

// judgeStorage looks at what has no link.
func judgeStorage(t testing.TB, p *program, dir string, v *verdict) {
	t.Helper()
	if p.job.Database == "" {
		requireIntegrity(t, p)
	}
	if p.ledger == nil {
		return
	}
	all, linked := entriesOf(t, p, ""), 0
	links, err := p.flow.Links(t.Context())
	require.NoError(t, err)
	for _, l := range links {
		linked += len(entriesOf(t, p, l.ID))
	}
	v.Strays += len(all) - linked
	judgeFolder(t, p, all, contracts(dir), v)
}

// requireIntegrity lets SQLite check every page, index and reference.
func requireIntegrity(t testing.TB, p *program) {
	t.Helper()
	var answer string
	require.NoError(t, p.store.DB().QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&answer))
	require.Equal(t, "ok", answer)
	var violations int
	require.NoError(t, p.store.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM pragma_foreign_key_check").Scan(&violations))
	require.Zero(t, violations)
}

// entered is an entry of a ledger, of whatever kind.
type entered struct {
	key    contractone.Key
	link   contractone.ManagementID
	source contractone.Source
	titled bool
	share  contractone.Share
	pdf    digest
	at     time.Time
}

// entriesOf gives the entries of a link, or of all.
func entriesOf(t testing.TB, p *program, link contractone.ManagementID) (entries []contractone.Entry) {
	t.Helper()
	for e, err := range contractone.All(t.Context(), p.ledger, contractone.Query{Link: link}) {
		require.NoError(t, err)
		entries = append(entries, e)
	}
	return entries
}

// enteredIn gives the entries of the folder's ledger, with the PDFs that lie there.
func enteredIn(t testing.TB, p *program, entries []contractone.Entry) (out []entered) {
	t.Helper()
	for _, e := range entries {
		pdf := e.PDF
		if !onDisk(t, p, e, pdf) {
			pdf = digest{}
		}
		out = append(out, entered{e.Key, e.Link, e.Source, e.Items.Title != "", e.Share, pdf, e.RegisteredAt})
	}
	return out
}

// judgeEntries compares a ledger with the account and the service's log.
func judgeEntries(a *account, link contractone.ManagementID, entries []entered, v *verdict) {
	answered := a.srv.Log().Subjects(cloudsigntest.OpDownloadFile)
	seen := map[contractone.Key]int{}
	for _, e := range entries {
		seen[e.key]++
		v.Registered = append(v.Registered, e.at)
		want, linkable := a.want[e.key]
		switch sent := answered[cloudsigntest.FileSubject(e.source.DocumentID, e.source.FileID)]; {
		case !linkable, sent.Answered == 0, e.link != link, !e.titled, !reflect.DeepEqual(e.share, a.shareOf(e.key)):
			v.Strays++
		case seen[e.key] > 1:
			v.Duplicates++
		case e.pdf != want:
			v.Torn++
		}
	}
	for key := range a.want {
		if seen[key] == 0 {
			v.Lost++
		}
	}
}

// onDisk compares the bytes of an entry's PDF with what the service sent.
func onDisk(t testing.TB, p *program, e contractone.Entry, want digest) bool {
	t.Helper()
	return digestOf(t, cloudsigntest.FileFromPath(p.ledger.PDFPath(e))) == want
}

// judgeRecords wants each file linked, with one line in the journal, or discarded.
func judgeRecords(t testing.TB, a *account, p *program, v *verdict) {
	t.Helper()
	linked := map[contractone.Key]digest{}
	for f, err := range p.flow.Files(t.Context(), p.link, ledgersync.FileLinked) {
		require.NoError(t, err)
		linked[f.Key] = f.PDF
	}
	lines := map[string]int{}
	for e, err := range p.flow.Journal(t.Context(), p.link) {
		require.NoError(t, err)
		if e.What == "registered" {
			lines[e.Ref]++
		}
	}
	for key, want := range a.want {
		if linked[key] != want || lines[string(key)] == 0 {
			v.Lost++
		}
		if lines[string(key)] > 1 {
			v.Duplicates++
		}
	}
	discarded := map[contractone.Key]bool{}
	for f, err := range p.flow.Files(t.Context(), p.link, ledgersync.FileDiscarded) {
		require.NoError(t, err)
		discarded[f.Key] = true
	}
	require.Equal(t, a.discarded, discarded)
	s, err := p.flow.Summary(t.Context(), p.link)
	require.NoError(t, err)
	require.EqualValues(t, a.files(), s.Files, "%+v", s)
}

// judgeFolder makes all files old enough for Sweep, which may take what the
// crashes left and nothing that an entry names.
func judgeFolder(t testing.TB, p *program, entries []contractone.Entry, dir string, v *verdict) {
	t.Helper()
	old := time.Now().Add(-2 * sqlledger.MinSweepAge)
	paths := filesBelow(t, dir)
	for _, path := range paths {
		require.NoError(t, os.Chtimes(path, old, old))
	}
	named := map[string]bool{}
	for _, e := range entries {
		named[p.ledger.PDFPath(e)] = true
	}
	swept, err := p.ledger.Sweep(context.WithoutCancel(t.Context()), sqlledger.MinSweepAge)
	require.NoError(t, err)
	left := filesBelow(t, dir)
	require.Len(t, left, len(paths)-int(swept.Files))
	for _, path := range left {
		if !named[path] {
			v.Orphans++
		}
		delete(named, path)
	}
	v.Torn += len(named) // of these the file is gone
}

func filesBelow(t testing.TB, dir string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	}))
	return paths
}
