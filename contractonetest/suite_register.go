package contractonetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

var registerCases = map[string]func(*testing.T, contractone.Ledger){
	"receipt":            testReceipt,
	"replay":             testReplay,
	"concurrent replays": testConcurrentReplays,
	"equal PDFs":         testEqualPDFs,
	"PDF headers":        testPDFHeaders,
	"unknown size":       testUnknownSize,
	"invalid drafts":     testInvalidDrafts,
}

func testReceipt(t *testing.T, l contractone.Ledger) {
	d := full("doc", "file", 2)
	wantAbsent(t, l, d.Key())
	r := register(t, l, d)
	sum := sha256.Sum256(pdfOf("doc", "file"))
	equal(t, "PDF", r.PDF, contractone.PDF{SHA256: hex.EncodeToString(sum[:]), Size: 2048})
	equal(t, "key", r.Key, contractone.CloudSignKey("doc", "file"))
	equal(t, "created", r.Created, true)
	if r.ID == "" || r.RegisteredAt.IsZero() {
		t.Fatalf("receipt %+v has no ID or no time", r)
	}
}

func testReplay(t *testing.T, l contractone.Ledger) {
	d := full("doc", "file", 1)
	first := register(t, l, d)
	d.Items.Title, d.Items.Amount = "changed at the source", contractone.Amount{}
	d.Share, d.Responsible = contractone.Private(), []contractone.Principal{contractone.User("hanako@example.com")}
	d.PDF.Open = func() (io.ReadCloser, error) {
		t.Error("the PDF of a file that is registered was opened")
		return io.NopCloser(strings.NewReader("%PDF-another")), nil
	}
	again := register(t, l, d)
	equal(t, "created", again.Created, false)
	again.Created = true
	equal(t, "receipt of a replay", again, first)
	if !l.Capabilities().Async {
		want := full("doc", "file", 1)
		e := lookup(t, l, d.Key())
		equal(t, "items stay as they were first", e.Items, want.Items)
		equal(t, "share scope stays as it was first", e.Share, want.Share)
		equal(t, "responsible persons stay as they were first", e.Responsible, want.Responsible)
	}
}

func testConcurrentReplays(t *testing.T, l contractone.Ledger) {
	const n = 16
	var wg sync.WaitGroup
	var created atomic.Int32
	receipts, errs := make([]contractone.Receipt, n), make([]error, n)
	for i := range n {
		wg.Go(func() {
			d := full("doc", "file", 1)
			d.Items.Title = fmt.Sprint("title ", i)
			d.PDF = Upload("x.pdf", PDF(fmt.Sprint(i), 1024+i))
			receipts[i], errs[i] = l.Register(t.Context(), d)
			if receipts[i].Created {
				created.Add(1)
			}
		})
	}
	wg.Wait()
	winner := -1
	for i := range n {
		if errs[i] != nil {
			t.Fatalf("Register %d: %v", i, errs[i])
		}
		if receipts[i].Created {
			winner = i
		}
	}
	equal(t, "registrations that say created", created.Load(), 1)
	for _, r := range receipts {
		equal(t, "ID", r.ID, receipts[winner].ID)
		equal(t, "PDF", r.PDF, receipts[winner].PDF)
	}
	if !l.Capabilities().Async {
		e := lookup(t, l, contractone.CloudSignKey("doc", "file"))
		equal(t, "title of the one that was created", e.Items.Title, fmt.Sprint("title ", winner))
		equal(t, "size of the one that was created", e.PDF.Size, int64(1024+winner))
	}
}

// Equal bytes under different keys are different contracts.
func testEqualPDFs(t *testing.T, l contractone.Ledger) {
	data := PDF("same", 3000)
	ids := map[contractone.EntryID]bool{}
	for _, k := range [][2]string{{"doc1", "file1"}, {"doc1", "file2"}, {"doc2", "file1"}} {
		d := plain(k[0], k[1])
		d.PDF = Upload("same.pdf", data)
		r := register(t, l, d)
		equal(t, "created", r.Created, true)
		equal(t, "size", r.PDF.Size, 3000)
		ids[r.ID] = true
	}
	equal(t, "entries", len(ids), 3)
}

// Readers of PDF accept bytes before the header, and nobody but them can tell
// whether a password fits.
func testPDFHeaders(t *testing.T, l contractone.Ledger) {
	for i, head := range []string{"%PDF-1.0", "\ufeff%PDF-1.4\n", strings.Repeat(" ", 1019) + "%PDF-", "%PDF-1.6\n/Encrypt 5 0 R"} {
		d := plain("doc", fmt.Sprint("file", i))
		d.PDF = Upload("x.pdf", []byte(head))
		equal(t, "created", register(t, l, d).Created, true)
	}
}

// dribble reads one byte at a time, and gives the last one together with EOF.
type dribble struct{ rest []byte }

func (d *dribble) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	p[0], d.rest = d.rest[0], d.rest[1:]
	if len(d.rest) == 0 {
		return 1, io.EOF
	}
	return 1, nil
}

func testUnknownSize(t *testing.T, l contractone.Ledger) {
	data := PDF("big", 200_000)
	sum := sha256.Sum256(data)
	d := plain("doc", "file")
	d.PDF.Size = -1
	d.PDF.Open = func() (io.ReadCloser, error) { return io.NopCloser(&dribble{bytes.Clone(data)}), nil }
	equal(t, "PDF", register(t, l, d).PDF, contractone.PDF{SHA256: hex.EncodeToString(sum[:]), Size: 200_000})
}

func testInvalidDrafts(t *testing.T, l contractone.Ledger) {
	for name, spoil := range map[string]func(*contractone.Draft){
		"no document":         func(d *contractone.Draft) { d.Source.DocumentID = "" },
		"no file":             func(d *contractone.Draft) { d.Source.FileID = "" },
		"no origin":           func(d *contractone.Draft) { d.Source.Origin = "" },
		"colon in an id":      func(d *contractone.Draft) { d.Source.FileID = "a:b" },
		"file 0":              func(d *contractone.Draft) { d.Source.FileIndex = 0 },
		"file 4 of 3":         func(d *contractone.Draft) { d.Source.FileIndex = 4 },
		"no share scope":      func(d *contractone.Draft) { d.Share = contractone.Share{} },
		"groups without one":  func(d *contractone.Draft) { d.Share = contractone.Groups() },
		"a group twice":       func(d *contractone.Draft) { d.Share = contractone.Groups("A", "A") },
		"nobody responsible":  func(d *contractone.Draft) { d.Responsible = nil },
		"nameless person":     func(d *contractone.Draft) { d.Responsible = []contractone.Principal{contractone.User("")} },
		"NUL in a title":      func(d *contractone.Draft) { d.Items.Title = "a\x00b" },
		"broken UTF-8":        func(d *contractone.Draft) { d.Items.FileName = "a\xffb" },
		"NUL in an extension": func(d *contractone.Draft) { d.Extensions = map[string]string{"a": "\x00"} },
		"31 February":         func(d *contractone.Draft) { d.Items.EndsOn = countersign.Date{Year: 2026, Month: 2, Day: 31} },
		"unknown renewal":     func(d *contractone.Draft) { d.Items.AutoRenewal = "maybe" },
		"wrong management ID": func(d *contractone.Draft) { d.Link = "2222-2223" },
		"no PDF":              func(d *contractone.Draft) { d.PDF.Open = nil },
	} {
		d := full("doc", "file", 1)
		spoil(&d)
		_, err := l.Register(t.Context(), d)
		wantError(t, name, err, countersign.ErrInvalid)
	}
	wantAbsent(t, l, contractone.CloudSignKey("doc", "file"))
	equal(t, "created after refusals", register(t, l, full("doc", "file", 1)).Created, true)
}
