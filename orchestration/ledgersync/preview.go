package ledgersync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// Preview is what a first load would do, counted by documents and files, as the
// fourth step of the vendor's wizard shows it before anything is registered. It
// is a plain value: it can be stored, sent and compared.
type Preview struct {
	Link contractone.ManagementID `json:"link"`
	At   time.Time                `json:"at"` // documents processed up to this time were counted

	Concluded contractone.Count `json:"concluded"` // 締結済
	Imported  contractone.Count `json:"imported"`  // brought into CloudSign with its import function
	// Confidential ones (親展) are among the two above. Excluded is the part that
	// is left out because the link does not ask for it.
	Confidential contractone.Count `json:"confidential"`
	Excluded     contractone.Count `json:"excluded"`
	// Linked are in the ledger already.
	Linked contractone.Count `json:"linked"`
	// Elsewhere are on their way through another active link, which sees them too.
	Elsewhere contractone.Count `json:"elsewhere"`
	// Registrations is how many files will be registered, and so how much of the
	// contracted count will be used up.
	Registrations int64 `json:"registrations"`
	// Usage is the ledger's contracted count, nil when the ledger has none.
	Usage  *contractone.Usage `json:"usage,omitempty"`
	Advice []Advice           `json:"advice,omitempty"`
}

// Linkable is everything that the user sees and that could be linked.
func (p Preview) Linkable() contractone.Count {
	return contractone.Count{Documents: p.Concluded.Documents + p.Imported.Documents, Files: p.Concluded.Files + p.Imported.Files}
}

// Plan reads the whole listing and counts what Start would do. Nothing is
// registered and nothing is kept. Its error is a *LinkError.
func (f *Flow) Plan(ctx context.Context, id contractone.ManagementID) (Preview, error) {
	row, err := f.link(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	p, err := f.count(ctx, row)
	if err != nil {
		return Preview{}, &LinkError{Link: id, Err: err}
	}
	return p, nil
}

// Preview is Plan, with the count kept as the link's last one: Start takes that
// one alone, so that what is started is what was confirmed.
func (f *Flow) Preview(ctx context.Context, id contractone.ManagementID) (Preview, error) {
	p, err := f.Plan(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	err = f.changeLink(ctx, id, func(row *linkRow) error {
		row.Value.Preview = &p
		return nil
	})
	return p, err
}

func (f *Flow) count(ctx context.Context, row linkRow) (Preview, error) {
	client, err := f.client(row)
	if err != nil {
		return Preview{}, err
	}
	r, err := look(ctx, client)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Link: contractone.ManagementID(row.Key), At: f.now(), Advice: r.advice}
	if q, ok := f.ledger.(contractone.Quota); ok && f.ledger.Capabilities().Quota {
		u, err := q.Usage(ctx)
		if err != nil {
			return Preview{}, err
		}
		p.Usage = &u
	}
	var rep *orchestration.Reporter
	var last seenPage
	for page, err := range r.pages(ctx, time.Time{}, p.At, 1) {
		if err != nil {
			return Preview{}, err
		}
		if rep == nil {
			rep = orchestration.NewReporter("preview", page.Total, f.cfg.Clock, f.cfg.Progress)
		}
		docs := last.fresh(page.Items)
		if err := f.countPage(ctx, &p, docs, row.Value.Settings.IncludeConfidential); err != nil {
			return Preview{}, err
		}
		rep.Add(int64(len(docs)), 0)
	}
	return p, nil
}

// countPage adds the documents of a page.
func (f *Flow) countPage(ctx context.Context, p *Preview, docs []cloudsign.Document, confidential bool) error {
	for i := range docs {
		d := &docs[i]
		if !linkable(d) {
			continue
		}
		files := int64(len(d.Files))
		if d.Status == cloudsign.StatusImported {
			add(&p.Imported, files)
		} else {
			add(&p.Concluded, files)
		}
		if d.Private {
			add(&p.Confidential, files)
		}
		if d.Private && !confidential {
			add(&p.Excluded, files)
			continue
		}
		linked, elsewhere, err := f.known(ctx, p.Link, d)
		if err != nil {
			return err
		}
		if linked > 0 {
			add(&p.Linked, linked)
		}
		if elsewhere > 0 {
			add(&p.Elsewhere, elsewhere)
		}
		p.Registrations += files - linked - elsewhere
	}
	return nil
}

func add(c *contractone.Count, files int64) {
	c.Documents++
	c.Files += files
}

// known counts the files of a document that are in the ledger, and those that
// another active link has taken up. The ledger is asked, not the store: another
// program, or this one with a store that was lost since, may have registered them.
func (f *Flow) known(ctx context.Context, id contractone.ManagementID, d *cloudsign.Document) (linked, elsewhere int64, err error) {
	var missing []string
	for _, file := range d.Files {
		key := contractone.CloudSignKey(string(d.ID), string(file.ID))
		_, found, err := f.ledger.Lookup(ctx, key)
		switch {
		case err != nil:
			return 0, 0, err
		case found:
			linked++
		default:
			missing = append(missing, string(key))
		}
	}
	if len(missing) == 0 {
		return linked, 0, nil
	}
	err = f.store.Tx(ctx, func(tx orchestration.Tx) error {
		elsewhere = 0
		for _, key := range missing {
			row, err := f.files.Get(ctx, tx, key)
			if errors.Is(err, orchestration.ErrNoRecord) || err == nil && row.Scope == string(id) {
				continue
			}
			if err != nil {
				return err
			}
			if active, err := f.active(ctx, tx, contractone.ManagementID(row.Scope)); err != nil {
				return err
			} else if active {
				elsewhere++
			}
		}
		return nil
	})
	return linked, elsewhere, err
}

// seenPage drops documents that a shifted page repeats.
type seenPage map[cloudsign.DocumentID]bool

func (s *seenPage) fresh(docs []cloudsign.Document) []cloudsign.Document {
	now := make(seenPage, len(docs))
	out := docs[:0:0]
	for _, d := range docs {
		now[d.ID] = true
		if !(*s)[d.ID] {
			out = append(out, d)
		}
	}
	*s = now
	return out
}

// Start begins the link with the preview that a person confirmed: everything that
// can be linked at this moment is registered, and from then on the daily
// difference. It counts anew; when more would be registered than was confirmed it
// gives a *GrewError with the new preview and starts nothing. The work itself is
// the engine's. Errors are *LinkError or *GrewError; a link that runs already, or
// a preview that is not the link's last one, is a countersign.ErrConflict.
func (f *Flow) Start(ctx context.Context, id contractone.ManagementID, confirmed Preview) error {
	row, err := f.link(ctx, id)
	if err != nil {
		return err
	}
	if err := startable(row, confirmed); err != nil {
		return &LinkError{Link: id, Err: err}
	}
	now, err := f.count(ctx, row)
	if err != nil {
		return &LinkError{Link: id, Err: err}
	}
	grew := now.Registrations > confirmed.Registrations
	err = f.changeLink(ctx, id, func(row *linkRow) error {
		if err := startable(*row, confirmed); err != nil {
			return &LinkError{Link: id, Err: err}
		}
		row.Value.Preview = &now
		if grew {
			return nil
		}
		count := confirmed.Linkable()
		row.Value.Settings.Confirmed = &count
		row.State, row.LastError, row.Due, row.Attempt = string(StateActive), "", f.now(), 0
		return nil
	})
	if err == nil && grew {
		return &GrewError{Confirmed: confirmed.Registrations, Preview: now}
	}
	return err
}

func startable(row linkRow, confirmed Preview) error {
	last := row.Value.Preview
	switch {
	case State(row.State) != StateDraft:
		return fmt.Errorf("it is %s, not a draft: %w", row.State, countersign.ErrConflict)
	case string(confirmed.Link) != row.Key || last == nil || !last.At.Equal(confirmed.At) || last.Registrations != confirmed.Registrations:
		return fmt.Errorf("the confirmed preview is not the link's last one: make a new one with Preview: %w", countersign.ErrConflict)
	}
	return nil
}
