package ledgersync

import (
	"context"
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
	TooOld       contractone.Count `json:"too_old,omitzero"`  // left out by the cut-off date
	Filtered     contractone.Count `json:"filtered,omitzero"` // left out by Config.Include
	InGrace      contractone.Count `json:"in_grace,omitzero"` // to be registered, but held back at first
	// Linked are in the ledger already.
	Linked contractone.Count `json:"linked"`
	// Overlap are held by another link, also those that are in the ledger already.
	Overlap contractone.Count `json:"overlap,omitzero"`
	// Elsewhere are on their way through another link, which sees them too, or wait
	// for its reviewers.
	Elsewhere contractone.Count `json:"elsewhere"`
	// Registrations is how many files will be registered, and so how much of the
	// contracted count will be used up; in review mode, how many reviewers will see.
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
	p, _, err := f.plan(ctx, id)
	return p, err
}

func (f *Flow) plan(ctx context.Context, id contractone.ManagementID) (p Preview, team string, err error) {
	row, err := f.link(ctx, id)
	if err != nil {
		return Preview{}, "", err
	}
	if State(row.State) == StateRemoved {
		return Preview{}, "", &LinkError{Link: id, Err: fmt.Errorf("it was removed: %w", countersign.ErrConflict)}
	}
	if p, team, err = f.count(ctx, row); err != nil {
		return Preview{}, "", &LinkError{Link: id, Err: err}
	}
	return p, team, nil
}

// Preview is Plan, with the count kept as the link's last one: Start takes that
// one alone, so that what is started is what was confirmed.
func (f *Flow) Preview(ctx context.Context, id contractone.ManagementID) (Preview, error) {
	p, team, err := f.plan(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	err = f.changeLink(ctx, id, func(row *linkRow) error {
		row.Value.Preview, row.Value.TeamName = &p, team
		return nil
	})
	return p, err
}

func (f *Flow) count(ctx context.Context, row linkRow) (p Preview, team string, err error) {
	client, err := f.client(row)
	if err != nil {
		return p, "", err
	}
	r, err := look(ctx, client)
	if err != nil {
		return p, "", err
	}
	p = Preview{Link: contractone.ManagementID(row.Key), At: f.now(), Advice: r.advice}
	if q, ok := f.ledger.(contractone.Quota); ok && f.ledger.Capabilities().Quota {
		u, err := q.Usage(ctx)
		if err != nil {
			return p, "", err
		}
		p.Usage = &u
	}
	var rep *orchestration.Reporter
	var last seenPage
	for page, err := range r.pages(ctx, time.Time{}, p.At, 1) {
		if err != nil {
			return p, "", err
		}
		if rep == nil {
			rep = orchestration.NewReporter("preview", page.Total, f.cfg.Clock, f.cfg.Progress)
		}
		docs := last.fresh(page.Items)
		if err := f.countPage(ctx, &p, docs, row.Value.Settings); err != nil {
			return p, "", err
		}
		rep.Add(int64(len(docs)), 0)
	}
	if p.Overlap.Files > 0 {
		p.Advice = append(p.Advice, AdviceOverlap)
	}
	return p, r.name, nil
}

// countPage adds the documents of a page.
func (f *Flow) countPage(ctx context.Context, p *Preview, docs []cloudsign.Document, set Settings) error {
	var carry []*cloudsign.Document
	for i := range docs {
		d := &docs[i]
		if !p.judged(d, f.judge(p.Link, set.Rules, d)) {
			continue
		}
		carry = append(carry, d)
		if set.GraceDays > 0 && set.graceEnd(d).After(p.At) {
			add(&p.InGrace, int64(len(d.Files)))
		}
	}
	standings, err := f.stand(ctx, p.Link, set, carry)
	for _, s := range standings {
		if s.linked > 0 {
			add(&p.Linked, s.linked)
		}
		if s.other > 0 {
			add(&p.Overlap, s.other)
		}
		if s.elsewhere > 0 {
			add(&p.Elsewhere, s.elsewhere)
		}
		p.Registrations += s.open
	}
	return err
}

// judged counts a document and tells whether the link carries it.
func (p *Preview) judged(d *cloudsign.Document, v verdict) bool {
	if v == notLinkable {
		return false
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
	switch v {
	case confidential:
		add(&p.Excluded, files)
	case tooOld:
		add(&p.TooOld, files)
	case filtered:
		add(&p.Filtered, files)
	}
	return v == carried
}

func add(c *contractone.Count, files int64) {
	c.Documents++
	c.Files += files
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
	now, _, err := f.count(ctx, row)
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
		f.activate(row)
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
