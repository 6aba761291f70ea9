package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/internal/api"
)

// wireDraft is the member draft of POST /entries.
type wireDraft struct {
	RequestID   string                   `json:"request_id"`
	Source      contractone.Source       `json:"source"`
	Link        contractone.ManagementID `json:"link,omitempty"`
	Items       contractone.Items        `json:"items"`
	Extensions  map[string]string        `json:"extensions,omitempty"`
	Share       contractone.Share        `json:"share"`
	Responsible []contractone.Principal  `json:"responsible"`
	PDF         contractone.PDF          `json:"pdf"`
}

type wireReceipt struct {
	ID           contractone.EntryID `json:"id"`
	Key          contractone.Key     `json:"key"`
	PDF          contractone.PDF     `json:"pdf"`
	RegisteredAt time.Time           `json:"registered_at"`
}

func (w wireReceipt) receipt(created bool) contractone.Receipt {
	return contractone.Receipt{ID: w.ID, Key: w.Key, Created: created, PDF: w.PDF, RegisteredAt: w.RegisteredAt.UTC()}
}

type wireEntry struct {
	contractone.Entry

	RequestID string `json:"request_id"`
}

func (w wireEntry) receipt(created bool) contractone.Receipt {
	return wireReceipt{w.ID, w.Key, w.PDF, w.RegisteredAt}.receipt(created)
}

// Register sends a file unless the gateway holds it; see contractone.Ledger and
// the package comment.
func (l *Ledger) Register(ctx context.Context, d contractone.Draft) (contractone.Receipt, error) {
	if err := d.Validate(); err != nil {
		return contractone.Receipt{}, err
	}
	held, found, err := l.get(ctx, d.Key())
	switch {
	case err != nil:
		return contractone.Receipt{}, d.Fail(err)
	case found:
		return held.receipt(false), nil
	}
	file, pdf, err := l.spool(ctx, d)
	if err != nil {
		return contractone.Receipt{}, failed(d, err)
	}
	defer file.discard()
	draft := wireDraft{rand.Text(), d.Source, d.Link, d.Items, d.Extensions, d.Share, d.Responsible, pdf}
	receipt, err := l.send(ctx, d, draft, file)
	if errors.Is(err, countersign.ErrOutcomeUnknown) && ctx.Err() == nil {
		// What the ledger holds says more than an answer that got lost.
		if held, found, lerr := l.get(ctx, d.Key()); lerr == nil && found {
			return held.receipt(held.RequestID == draft.RequestID), nil
		}
	}
	return receipt, failed(d, err)
}

// failed names the file in an error that does not do so already.
func failed(d contractone.Draft, err error) error {
	if _, ok := errors.AsType[*contractone.FileError](err); ok || err == nil {
		return err
	}
	return d.Fail(err)
}

// send posts the file. The draft stands before the PDF, so that a gateway can
// refuse before it has read the file.
func (l *Ledger) send(ctx context.Context, d contractone.Draft, draft wireDraft, file *spooled) (contractone.Receipt, error) {
	text, err := json.Marshal(draft)
	if err != nil {
		return contractone.Receipt{}, err
	}
	name := d.PDF.Name
	if name == "" {
		name = "contract.pdf"
	}
	upload := countersign.Upload{Name: name, ContentType: "application/pdf", Size: draft.PDF.Size, Open: file.open}
	var meta countersign.Meta
	var w wireReceipt
	err = l.api.Run(ctx, api.Call{
		Op: "register file", Method: http.MethodPost, Path: api.NewPath("/entries"),
		Body: api.Multipart(api.Field("draft", string(text)), api.FilePart("pdf", upload)),
	}, func(contentType string, body []byte) error {
		if err := api.DecodeJSON(&w)(contentType, body); err != nil {
			return err
		}
		if w.Key != d.Key() || w.ID == "" || w.RegisteredAt.IsZero() {
			return errOtherFile
		}
		return nil
	}, countersign.WithIdempotencyKey(string(d.Key())), countersign.WithMeta(&meta))
	if err != nil {
		return contractone.Receipt{}, err
	}
	created := meta.StatusCode == http.StatusCreated
	if created && w.PDF != draft.PDF {
		return contractone.Receipt{}, fmt.Errorf("gateway: the receipt names another PDF than was sent: %w", countersign.ErrOutcomeUnknown)
	}
	return w.receipt(created), nil
}

var errOtherFile = errors.New("it is not about the file that was asked for")

// Lookup gives the entry of a key. One that is not of the form that ParseKey
// reads is not there.
func (l *Ledger) Lookup(ctx context.Context, key contractone.Key) (contractone.Entry, bool, error) {
	e, found, err := l.get(ctx, key)
	return e.Entry, found, err
}

func (l *Ledger) get(ctx context.Context, key contractone.Key) (wireEntry, bool, error) {
	if _, err := contractone.ParseKey(string(key)); err != nil {
		return wireEntry{}, false, ctx.Err() // no entry has such a key
	}
	var list struct {
		Entries []wireEntry `json:"entries"`
	}
	err := l.api.Run(ctx, api.Call{
		Op: "look up entry", Method: http.MethodGet, Path: api.NewPath("/entries"), Effect: api.Read, Query: url.Values{"key": {string(key)}},
	}, func(contentType string, body []byte) error {
		if err := api.DecodeJSON(&list)(contentType, body); err != nil {
			return err
		}
		for _, e := range list.Entries {
			if e.Key != key || e.ID == "" {
				return errOtherFile
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return wireEntry{}, false, err
	case len(list.Entries) == 0:
		return wireEntry{}, false, nil
	case len(list.Entries) > 1:
		return wireEntry{}, false, fmt.Errorf("gateway: the ledger holds %s %d times: %w", key, len(list.Entries), countersign.ErrConflict)
	}
	e := list.Entries[0]
	e.RegisteredAt = e.RegisteredAt.UTC()
	for item, p := range e.Provenance {
		p.At = p.At.UTC()
		e.Provenance[item] = p
	}
	return e, true, nil
}

// Usage reads the contracted count and how much of it is used up (GET /quota).
func (l *Ledger) Usage(ctx context.Context) (contractone.Usage, error) {
	w, err := api.JSON[struct {
		Contracted *int64 `json:"contracted"`
		Used       int64  `json:"used"`
	}](ctx, l.api, api.Call{Op: "read quota", Method: http.MethodGet, Path: api.NewPath("/quota"), Effect: api.Read})
	if err != nil {
		return contractone.Usage{}, err
	}
	u := contractone.Usage{Contracted: -1, Used: w.Used}
	if w.Contracted != nil {
		u.Contracted = *w.Contracted
	}
	return u, nil
}

// spooled is a PDF that was read once and can be sent several times.
type spooled struct {
	file *os.File
	size int64
}

// storageWriter marks the errors of its file, to tell them from those of the
// upload that is copied to it.
type storageWriter struct{ file *os.File }

func (w storageWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	if err != nil {
		err = storageError(err)
	}
	return n, err
}

func storageError(err error) error {
	return fmt.Errorf("gateway: temporary file: %w: %w", contractone.ErrStorage, err)
}

// spool copies the draft's PDF into a temporary file and checks it.
func (l *Ledger) spool(ctx context.Context, d contractone.Draft) (*spooled, contractone.PDF, error) {
	file, err := os.CreateTemp(l.cfg.TempDir, "countersign-*.pdf")
	if err != nil {
		return nil, contractone.PDF{}, storageError(err)
	}
	// Where an open file can lose its name, a killed process leaves nothing.
	_ = os.Remove(file.Name())
	s := &spooled{file: file}
	pdf, err := d.CopyPDF(ctx, storageWriter{file})
	if err != nil {
		s.discard()
		return nil, contractone.PDF{}, err
	}
	s.size = pdf.Size
	return s, pdf, nil
}

func (s *spooled) open() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(s.file, 0, s.size)), nil
}

func (s *spooled) discard() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name()) // Windows removes it only now
}
