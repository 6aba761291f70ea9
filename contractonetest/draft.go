package contractonetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

// PDF gives size bytes that every ledger takes for a PDF and that differ for
// each seed. They are at least as many as the header and the seed need.
func PDF(seed string, size int) []byte {
	out := []byte("%PDF-1.7\n%" + seed + "\n")
	for len(out) < size-6 {
		sum := sha256.Sum256(out[max(0, len(out)-64):])
		out = append(out, hex.EncodeToString(sum[:])[:min(64, size-6-len(out))]...)
	}
	return append(out, "\n%%EOF"...)
}

// Upload is an upload of these bytes.
func Upload(name string, data []byte) countersign.Upload {
	return countersign.Upload{
		Name: name, ContentType: "application/pdf", Size: int64(len(data)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}
}

func pdfOf(document, file string) []byte { return PDF(document+"/"+file, 2048) }

// plain is a draft without any item.
func plain(document, file string) contractone.Draft {
	return contractone.Draft{
		Source:      contractone.Source{Origin: contractone.OriginCloudSign, DocumentID: document, FileID: file, FileIndex: 1, FileCount: 3},
		Share:       contractone.CompanyWide(),
		Responsible: []contractone.Principal{contractone.User("taro@example.com")},
		PDF:         Upload(file+".pdf", pdfOf(document, file)),
	}
}

// full is a draft with every item that the link carries, and more.
func full(document, file string, index int) contractone.Draft {
	d := plain(document, file)
	d.Source.FileIndex = index
	d.Link = "2222-2222"
	d.Share = contractone.Groups("法務", "Sales")
	d.Responsible = append(d.Responsible, contractone.Group("法務"))
	d.Extensions = map[string]string{"region": "関東", "status": "【契約終了】"}
	d.Items = contractone.Items{
		Title: "業務委託契約書", SignedOn: day("2026-04-01"), StartsOn: day("2026-04-02"), EndsOn: day("2027-03-31"),
		Amount: contractone.Yen(1_200_000), AutoRenewal: contractone.RenewalYes, NoticeDeadline: day("2026-12-31"),
		FileName: "業務委託.pdf", ApprovalNumber: "R-0001",
	}
	return d
}

func day(s string) countersign.Date {
	d, err := countersign.ParseDate(s)
	if err != nil {
		panic(err) // a mistake in this package
	}
	return d
}

func register(t *testing.T, l contractone.Ledger, d contractone.Draft) contractone.Receipt {
	t.Helper()
	r, err := l.Register(t.Context(), d)
	if err != nil {
		t.Fatalf("Register(%s): %v", d.Key(), err)
	}
	return r
}

func lookup(t *testing.T, l contractone.Ledger, key contractone.Key) contractone.Entry {
	t.Helper()
	e, found, err := l.Lookup(t.Context(), key)
	if err != nil || !found {
		t.Fatalf("Lookup(%s) = found %v, %v; want the entry", key, found, err)
	}
	return e
}

func wantAbsent(t *testing.T, l contractone.Ledger, key contractone.Key) {
	t.Helper()
	if _, found, err := l.Lookup(t.Context(), key); err != nil || found {
		t.Fatalf("Lookup(%s) = found %v, %v; want nothing", key, found, err)
	}
}

func readPDF(t *testing.T, o contractone.Opener, key contractone.Key) []byte {
	t.Helper()
	dl, err := o.OpenPDF(t.Context(), key)
	if err != nil {
		t.Fatalf("OpenPDF(%s): %v", key, err)
	}
	data, err := io.ReadAll(dl)
	if cerr := dl.Close(); err != nil || cerr != nil {
		t.Fatalf("reading the PDF of %s: %v, close: %v", key, err, cerr)
	}
	equal(t, "the PDF's announced size", dl.Size, int64(len(data)))
	return data
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func wantError(t *testing.T, what string, err error, kinds ...error) {
	t.Helper()
	if err == nil {
		t.Fatalf("%s: no error", what)
	}
	for _, k := range kinds {
		if !errors.Is(err, k) {
			t.Fatalf("%s: error %q is not %q", what, err, k)
		}
	}
}
