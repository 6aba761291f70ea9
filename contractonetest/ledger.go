package contractonetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
)

// Ledger is the reference ledger. It keeps everything in memory, the PDFs too.
// It is safe for concurrent use.
type Ledger struct {
	now           func() time.Time
	chargeOnFetch bool

	mu         sync.Mutex
	rows       []*row // in the order of registration
	byKey      map[contractone.Key]*row
	groups     map[string][]string // accounts by name
	contracted int64
	used       int64
	refusal    error
	fault      func(contractone.Draft) Fault
}

type row struct {
	entry   contractone.Entry
	pdf     []byte
	history []contractone.Change
}

// Option changes a new Ledger.
type Option func(*Ledger)

// WithClock takes the time from now instead of time.Now.
func WithClock(now func() time.Time) Option { return func(l *Ledger) { l.now = now } }

// WithContracted limits the contracted count to n registrations. The default is
// no limit.
func WithContracted(n int64) Option { return func(l *Ledger) { l.contracted = n } }

// WithChargeOnFetch uses up a contract as soon as a PDF was fetched, even when
// the registration fails later. Undocumented: the vendor says only that
// registration uses up the count; the default charges when the entry is kept.
func WithChargeOnFetch() Option { return func(l *Ledger) { l.chargeOnFetch = true } }

// NewLedger makes an empty ledger.
func NewLedger(opts ...Option) *Ledger {
	l := &Ledger{
		now: time.Now, contracted: -1,
		byKey: map[contractone.Key]*row{}, groups: map[string][]string{},
	}
	for _, o := range opts {
		o(l)
	}
	return l
}

var _ interface {
	contractone.Ledger
	contractone.Searcher
	contractone.Updater
	contractone.Digitiser
	contractone.Historian
	contractone.Opener
	contractone.Quota
} = (*Ledger)(nil)

// Capabilities states everything but Durable.
func (l *Ledger) Capabilities() contractone.Capabilities {
	return contractone.Capabilities{Search: true, Update: true, Digitise: true, History: true, Open: true, Quota: true}
}

// Register enters a file; see contractone.Ledger.
func (l *Ledger) Register(ctx context.Context, d contractone.Draft) (contractone.Receipt, error) {
	if err := d.Validate(); err != nil {
		return contractone.Receipt{}, err
	}
	fault, err := l.before(ctx, d)
	if err != nil {
		return contractone.Receipt{}, err
	}
	if receipt, found, err := l.admit(d); found || err != nil {
		return receipt, err
	}
	var pdf bytes.Buffer
	kept, err := d.CopyPDF(ctx, &pdf)
	if err != nil {
		return contractone.Receipt{}, err
	}
	receipt, err := l.commit(d, kept, pdf.Bytes())
	if err == nil && fault.After != nil {
		return contractone.Receipt{}, d.Fail(fault.After)
	}
	return receipt, err
}

// admit gives the receipt of a key that is there, or refuses the draft.
func (l *Ledger) admit(d contractone.Draft) (contractone.Receipt, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.byKey[d.Key()]; ok {
		return r.receipt(false), true, nil
	}
	if l.refusal != nil {
		return contractone.Receipt{}, false, d.Fail(l.refusal)
	}
	if err := l.checkQuota(d); err != nil {
		return contractone.Receipt{}, false, err
	}
	if l.chargeOnFetch {
		l.used++
	}
	return contractone.Receipt{}, false, nil
}

func (l *Ledger) checkQuota(d contractone.Draft) error {
	if l.contracted >= 0 && l.used >= l.contracted {
		return d.Fail(fmt.Errorf("%w: %d of %d", contractone.ErrQuota, l.used, l.contracted))
	}
	return nil
}

// commit keeps the entry unless somebody else was faster.
func (l *Ledger) commit(d contractone.Draft, kept contractone.PDF, pdf []byte) (contractone.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.byKey[d.Key()]; ok {
		return r.receipt(false), nil
	}
	if !l.chargeOnFetch {
		if err := l.checkQuota(d); err != nil {
			return contractone.Receipt{}, err
		}
		l.used++
	}
	e, c := contractone.NewEntry(d, kept, l.now().UTC())
	e.ID = contractone.EntryID(strconv.Itoa(len(l.rows) + 1))
	r := &row{entry: e, pdf: pdf, history: []contractone.Change{c}}
	l.rows = append(l.rows, r)
	l.byKey[e.Key] = r
	return r.receipt(true), nil
}

func (r *row) receipt(created bool) contractone.Receipt {
	return contractone.Receipt{
		ID: r.entry.ID, Key: r.entry.Key, Created: created, PDF: r.entry.PDF, RegisteredAt: r.entry.RegisteredAt,
	}
}

// Lookup gives the entry of a key.
func (l *Ledger) Lookup(ctx context.Context, key contractone.Key) (contractone.Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return contractone.Entry{}, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.byKey[key]
	if !ok {
		return contractone.Entry{}, false, nil
	}
	return r.entry.Clone(), true, nil
}

// Search gives a page of entries.
func (l *Ledger) Search(ctx context.Context, q contractone.Query) (*countersign.Page[contractone.Entry], error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	start := 0
	if q.Cursor != "" {
		n, err := strconv.Atoi(q.Cursor)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("contractonetest: %.40q is not a cursor of this ledger: %w", q.Cursor, countersign.ErrInvalid)
		}
		start = n
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	page := &countersign.Page[contractone.Entry]{Total: -1}
	for i := start; i < len(l.rows); i++ {
		if !q.Matches(l.rows[i].entry) {
			continue
		}
		if len(page.Items) == q.PageSize() {
			page.Next = strconv.Itoa(i)
			break
		}
		page.Items = append(page.Items, l.rows[i].entry.Clone())
	}
	return page, nil
}

// Update applies a user's edit.
func (l *Ledger) Update(ctx context.Context, key contractone.Key, p contractone.Patch, by contractone.Edit) (contractone.Entry, error) {
	return l.change(ctx, key, func(e contractone.Entry) (contractone.Entry, contractone.Change, bool, error) {
		return e.Edited(p, by, l.now().UTC())
	})
}

// Digitise fills items that have no value.
func (l *Ledger) Digitise(ctx context.Context, key contractone.Key, items contractone.Items) (contractone.Entry, error) {
	if err := items.Validate(); err != nil {
		return contractone.Entry{}, err
	}
	return l.change(ctx, key, func(e contractone.Entry) (contractone.Entry, contractone.Change, bool, error) {
		out, c, changed := e.Digitised(items, l.now().UTC())
		return out, c, changed, nil
	})
}

func (l *Ledger) change(ctx context.Context, key contractone.Key,
	fn func(contractone.Entry) (contractone.Entry, contractone.Change, bool, error),
) (contractone.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, err := l.find(ctx, key)
	if err != nil {
		return contractone.Entry{}, err
	}
	e, c, changed, err := fn(r.entry)
	if err != nil {
		return contractone.Entry{}, err
	}
	if changed {
		r.entry = e
		r.history = append(r.history, c)
	}
	return r.entry.Clone(), nil
}

func (l *Ledger) find(ctx context.Context, key contractone.Key) (*row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, ok := l.byKey[key]
	if !ok {
		return nil, fmt.Errorf("contractonetest: entry %.120q: %w", string(key), countersign.ErrNotFound)
	}
	return r, nil
}

// History gives the changes of an entry, oldest first.
func (l *Ledger) History(ctx context.Context, key contractone.Key) ([]contractone.Change, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, err := l.find(ctx, key)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(r.history)
	for i := range out {
		out[i].Values = slices.Clone(out[i].Values)
	}
	return out, nil
}

// OpenPDF gives the PDF of an entry.
func (l *Ledger) OpenPDF(ctx context.Context, key contractone.Key) (*countersign.Download, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, err := l.find(ctx, key)
	if err != nil {
		return nil, err
	}
	return &countersign.Download{
		ReadCloser:  io.NopCloser(bytes.NewReader(r.pdf)),
		ContentType: "application/pdf", Size: r.entry.PDF.Size, FileName: r.entry.Items.FileName,
	}, nil
}

// Usage gives the contracted count and how much of it is used up.
func (l *Ledger) Usage(ctx context.Context) (contractone.Usage, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return contractone.Usage{Contracted: l.contracted, Used: l.used}, ctx.Err()
}
