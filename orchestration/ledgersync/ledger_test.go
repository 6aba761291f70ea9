package ledgersync_test

import (
	"context"
	"io"
	"testing"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/contractonetest"
	"github.com/countersign/countersign/orchestration"
)

// pdfOf is an entry's PDF as a draft takes it.
func pdfOf(t *testing.T, l *contractonetest.Ledger, key contractone.Key) countersign.Upload {
	t.Helper()
	return countersign.Upload{Name: "copy.pdf", ContentType: "application/pdf", Size: -1, Open: func() (io.ReadCloser, error) {
		return l.OpenPDF(t.Context(), key)
	}}
}

// blindLedger is a ledger that can't be asked for a while.
type blindLedger struct {
	*contractonetest.Ledger
	blind bool
}

func (l *blindLedger) Lookup(ctx context.Context, key contractone.Key) (contractone.Entry, bool, error) {
	if l.blind {
		return contractone.Entry{}, false, orchestration.ErrNoLookup
	}
	return l.Ledger.Lookup(ctx, key)
}
