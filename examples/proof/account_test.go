package proof

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/countersign/countersign/cloudsigntest"
	"github.com/countersign/countersign/contractone"
)

// account is the simulated CloudSign account: it lives in this process, outlives
// every child, and knows what has to arrive in the ledger.
type account struct {
	t      testing.TB
	srv    *cloudsigntest.Server
	user   cloudsigntest.User
	random *rand.Rand
	seeds  uint64
	want   map[contractone.Key]digest // all files that have to arrive
	trap   trap

	gateway   *gatewayBehind           // nil: the ledger lies in the program's folder
	reviewed  bool                     // the reviewer decides
	discarded map[contractone.Key]bool // linkable files that the reviewer keeps out
	database  string                   // of the program; empty: SQLite in its folder
	running   bool                     // documents arrive while programs run
}

// newAccount starts an account without documents. Its random choices follow the
// seed.
func newAccount(t testing.TB, seed uint64, opts ...cloudsigntest.Option) *account {
	t.Helper()
	opts = append([]cloudsigntest.Option{cloudsigntest.WithRateLimit(0), cloudsigntest.WithLogSize(1), cloudsigntest.WithSeed(seed)}, opts...)
	a := &account{
		t: t, srv: cloudsigntest.NewServer(opts...),
		random: rand.New(rand.NewPCG(seed, 1)), want: map[contractone.Key]digest{}, discarded: map[contractone.Key]bool{},
	}
	t.Cleanup(a.srv.Close)
	a.user = a.srv.AddUser(cloudsigntest.User{Authorities: cloudsigntest.Authorities{TeamDocumentAdministrator: true}})
	return a
}

// job is the account's part of a job.
func (a *account) job(dir string) job {
	return job{URL: a.srv.URL(), ClientID: a.user.ClientID, Dir: dir, Review: a.reviewed, Gateway: a.gateway.address(), Database: a.database}
}

// files is how many files the link sees.
func (a *account) files() int { return len(a.want) + len(a.discarded) }

// arrive adds documents that were concluded just now, or long ago: every third
// has two files, every tenth is confidential and so not to be linked. A seventh of
// the files are equal.
func (a *account) arrive(documents int, concluded time.Time) {
	a.t.Helper()
	a.seeds++
	ids := a.srv.Seed(a.user, cloudsigntest.Account{
		Documents: documents, Files: documents + documents/3, Private: documents / 10, Imported: documents / 10, Others: documents / 10,
		Seed: a.seeds, From: concluded.Add(-time.Second), To: concluded,
	})
	for _, id := range ids {
		if a.running {
			a.expect(id)
			continue
		}
		a.srv.UpdateDocument(id, func(d *cloudsigntest.Document) {
			for i := range d.Files {
				f := &d.Files[i]
				f.Content = a.content(f.ID)
				a.linkable(d, f)
				f.Content = a.trap.watch(f.Content)
			}
		})
	}
}

// generated is the size of the PDFs that the service makes up itself: a program
// that runs may have them before anything could be put in their place.
const generated = 3 << 10

// expect notes the files of a document as the service has made them up.
func (a *account) expect(id string) {
	a.t.Helper()
	d, ok := a.srv.Document(id)
	require.True(a.t, ok)
	for _, f := range d.Files {
		f.Content = cloudsigntest.PDF(d.Title, f.ID, generated)
		a.linkable(&d, &f)
	}
}

// linkable notes a file that has to arrive, or that the reviewer keeps out.
func (a *account) linkable(d *cloudsigntest.Document, f *cloudsigntest.File) {
	switch key := contractone.CloudSignKey(d.ID, f.ID); {
	case d.Private:
	case a.reviewed && decisionOn(key) == discard:
		a.discarded[key] = true
	default:
		a.want[key] = digestOf(a.t, f.Content)
	}
}

// content is a PDF of one of several sizes; the largest take many writes.
func (a *account) content(name string) cloudsigntest.Content {
	if a.random.IntN(7) == 0 {
		name = "the same for many"
		return cloudsigntest.PDF(name, name, 3<<10)
	}
	sizes := []int64{2 << 10, 2 << 10, 2 << 10, 20 << 10, 200 << 10}
	return cloudsigntest.PDF(name, strconv.Itoa(a.random.Int()), sizes[a.random.IntN(len(sizes))])
}

func digestOf(t testing.TB, c cloudsigntest.Content) digest {
	t.Helper()
	data, err := read(c.Open())
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	return digest{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
}

// downloaded counts the linkable files that the service sent in full at least
// once.
func (a *account) downloaded() (n int) {
	for key, tally := range a.srv.Log().Subjects(cloudsigntest.OpDownloadFile) {
		doc, file, _ := cut(key)
		if _, linkable := a.want[contractone.CloudSignKey(doc, file)]; linkable && tally.Answered > 0 {
			n++
		}
	}
	return n
}

// moment is when a trap springs.
type moment int

const (
	atStart moment = iota // before the first byte of a download
	inside                // in the middle of a download
	behind                // some time after a download: file, ledger and record are being written
	moments
)

// trap does something at a chosen moment of the nth download from when it was set.
type trap struct {
	mu     sync.Mutex
	left   int // 0: not set
	at     moment
	delay  time.Duration // after the moment
	spring func()
}

func (t *trap) set(n int, at moment, delay time.Duration, spring func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left, t.at, t.delay, t.spring = n, at, delay, spring
}

// next counts a download. It gives what to do if it is the chosen one.
func (t *trap) next() (moment, func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left == 0 {
		return 0, nil
	}
	if t.left--; t.left > 0 {
		return 0, nil
	}
	spring, delay := t.spring, t.delay
	return t.at, func() {
		if delay == 0 {
			spring()
		} else {
			time.AfterFunc(delay, spring)
		}
	}
}

// watch gives the same content and counts who reads it.
func (t *trap) watch(c cloudsigntest.Content) cloudsigntest.Content {
	return cloudsigntest.Content{Size: c.Size, Open: func() (io.ReadCloser, error) {
		r, err := c.Open()
		at, spring := t.next()
		if err != nil || spring == nil {
			return r, err
		}
		if at == atStart {
			spring()
			return r, nil
		}
		return &watched{ReadCloser: r, at: at, half: c.Size / 2, spring: spring}, nil
	}}
}

// watched is the content of the download at which a trap springs.
type watched struct {
	io.ReadCloser
	at     moment
	half   int64
	read   int64
	sprung bool
	spring func()
}

func (w *watched) Read(p []byte) (int, error) {
	// Small pieces, so that half of the file is on its way when half is read.
	n, err := w.ReadCloser.Read(p[:min(len(p), 1<<10)])
	w.read += int64(n)
	if w.at == inside && !w.sprung && w.read >= w.half {
		w.sprung = true
		w.spring()
	}
	return n, err
}

// Close also ends a download that a fault cut before its middle.
func (w *watched) Close() error {
	if !w.sprung {
		w.sprung = true
		w.spring()
	}
	return w.ReadCloser.Close()
}
