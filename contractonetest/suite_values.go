package contractonetest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

var valueCases = map[string]func(*testing.T, contractone.Ledger){
	"entry":               testEntry,
	"present values only": testPresentOnly,
	"amounts":             testAmounts,
	"dates":               testDates,
	"text":                testText,
	"copies":              testCopies,
}

var openCases = map[string]func(*testing.T, contractone.Ledger){
	"bytes": testOpenPDF,
}

var quotaCases = map[string]func(*testing.T, contractone.Ledger){
	"each file counts once": testUsage,
}

func testEntry(t *testing.T, l contractone.Ledger) {
	d := full("doc", "file", 2)
	r := register(t, l, d)
	e := lookup(t, l, d.Key())
	equal(t, "ID", e.ID, r.ID)
	equal(t, "key", e.Key, "cloudsign:doc:file")
	equal(t, "source", e.Source, d.Source)
	equal(t, "link", e.Link, d.Link)
	equal(t, "items", e.Items, d.Items)
	equal(t, "extensions", e.Extensions, d.Extensions)
	equal(t, "share scope", e.Share, d.Share)
	equal(t, "responsible persons", e.Responsible, d.Responsible)
	equal(t, "PDF", e.PDF, r.PDF)
	if !e.RegisteredAt.Equal(r.RegisteredAt) {
		t.Fatalf("registered at %s, the receipt says %s", e.RegisteredAt, r.RegisteredAt)
	}
	for _, it := range contractone.Catalogue() {
		p, ok := e.Provenance[it.Key]
		equal(t, "provenance of "+string(it.Key), ok, it.Linked)
		if ok && (p.Authority != contractone.Linked || p.Ref != string(e.Key) || !p.At.Equal(r.RegisteredAt)) {
			t.Fatalf("provenance of %s is %+v", it.Key, p)
		}
	}
}

func testPresentOnly(t *testing.T, l contractone.Ledger) {
	d := plain("doc", "file")
	register(t, l, d)
	e := lookup(t, l, d.Key())
	equal(t, "items", e.Items, contractone.Items{})
	equal(t, "items with provenance", len(e.Provenance), 0)
	equal(t, "extensions", len(e.Extensions), 0)
	equal(t, "link", e.Link, "")
}

func testAmounts(t *testing.T, l contractone.Ledger) {
	for i, want := range []contractone.Amount{
		{}, contractone.Yen(0), contractone.Yen(-1), contractone.Yen(math.MaxInt32 + 1), contractone.Yen(1<<53 + 1),
		contractone.Yen(math.MaxInt64), contractone.Yen(math.MinInt64),
	} {
		d := plain("doc", fmt.Sprint("file", i))
		d.Items.Amount = want
		register(t, l, d)
		e := lookup(t, l, d.Key())
		equal(t, "amount", e.Items.Amount, want)
		_, known := e.Provenance[contractone.ItemAmount]
		equal(t, "the amount has a provenance", known, !want.IsZero())
	}
}

func testDates(t *testing.T, l contractone.Ledger) {
	for i, s := range []string{"0001-01-01", "1582-10-10", "1970-01-01", "2028-02-29", "9999-12-31"} {
		d := plain("doc", fmt.Sprint("file", i))
		d.Items.SignedOn, d.Items.EndsOn = day(s), day(s)
		register(t, l, d)
		items := lookup(t, l, d.Key()).Items
		equal(t, "date", items.SignedOn, day(s))
		equal(t, "date", items.EndsOn, day(s))
		equal(t, "no date", items.StartsOn, countersign.Date{})
	}
}

func testText(t *testing.T, l contractone.Ledger) {
	for i, want := range []string{
		"契約書", "か\u3099", "が", "🈺👩‍⚖️", "שלום", "a\tb\r\nc", " spaces ", "'; DROP TABLE entries; --", `"\%_?$1`,
		"\u200b\ufeff\ufffd", "=1+1", strings.Repeat("長", 500), strings.Repeat("x", 70_000),
	} {
		d := plain("doc", fmt.Sprint("file", i))
		d.Items.Title, d.Items.ApprovalNumber = want, want
		d.Extensions = map[string]string{want: want}
		d.Share, d.Responsible = contractone.Groups(want), []contractone.Principal{contractone.Group(want)}
		register(t, l, d)
		e := lookup(t, l, d.Key())
		equal(t, "title", e.Items.Title, want)
		equal(t, "approval number", e.Items.ApprovalNumber, want)
		equal(t, "extensions", e.Extensions, d.Extensions)
		equal(t, "share scope", e.Share, d.Share)
		equal(t, "responsible persons", e.Responsible, d.Responsible)
	}
}

// What a caller does to a draft or an entry does not reach the ledger.
func testCopies(t *testing.T, l contractone.Ledger) {
	d := full("doc", "file", 1)
	register(t, l, d)
	want := lookup(t, l, d.Key())
	d.Extensions["region"], d.Share.Groups[0], d.Responsible[0] = "x", "x", contractone.User("x")
	got := lookup(t, l, d.Key())
	equal(t, "the entry after the draft changed", got, want)
	got.Extensions["region"], got.Share.Groups[0], got.Responsible[0] = "x", "x", contractone.User("x")
	delete(got.Provenance, contractone.ItemTitle)
	equal(t, "the entry after a copy changed", lookup(t, l, d.Key()), want)
}

func testOpenPDF(t *testing.T, l contractone.Ledger) {
	o, ok := l.(contractone.Opener)
	if !ok {
		t.Fatal("the ledger states Open but is no Opener")
	}
	for i, size := range []int{100, 1023, 1024, 1025, 32 << 10, 32<<10 + 1, 3 << 20} {
		d := plain("doc", fmt.Sprint("file", i))
		data := PDF(fmt.Sprint(i), size)
		data[size/2] = 0
		d.PDF = Upload("x.pdf", data)
		register(t, l, d)
		if string(readPDF(t, o, d.Key())) != string(data) {
			t.Fatalf("the PDF of %d bytes came back changed", size)
		}
	}
	_, err := o.OpenPDF(t.Context(), contractone.CloudSignKey("doc", "other"))
	wantError(t, "unknown key", err, countersign.ErrNotFound)
}

// Where a limit is stated, the registration after the last one is refused and
// leaves nothing; else each file counts once.
func testUsage(t *testing.T, l contractone.Ledger) {
	q, ok := l.(contractone.Quota)
	if !ok {
		t.Fatal("the ledger states Quota but is no Quota")
	}
	before, err := q.Usage(t.Context())
	if err != nil {
		t.Fatalf("Usage: %v", err)
	}
	left, limited := before.Remaining()
	n := int64(4)
	if limited {
		n = min(n, left)
	}
	for i := range n {
		register(t, l, plain("doc", fmt.Sprint("file", i)))
		register(t, l, plain("doc", fmt.Sprint("file", i)))
	}
	after, err := q.Usage(t.Context())
	if err != nil {
		t.Fatalf("Usage: %v", err)
	}
	equal(t, "used up", after.Used-before.Used, n)
	if !limited || left > n {
		return
	}
	d := plain("doc", "one too many")
	d.Source.FileID = "one-too-many"
	_, err = l.Register(t.Context(), d)
	wantError(t, "one too many", err, contractone.ErrQuota)
	if _, ok := errors.AsType[*contractone.FileError](err); !ok {
		t.Fatalf("error %q does not name the file", err)
	}
	wantAbsent(t, l, d.Key())
}
