package salelink

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/countersign/countersign/mapping"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// catalogues are both sides as they were read together.
type catalogues struct {
	a, b  salemap.Catalogue
	began time.Time // before anything was read
	read  time.Time
	seen  string // a hash of both
}

// catalogueCache keeps what was read last, so that not each sale reads it anew, and
// what a turn that was over left of a reading.
type catalogueCache struct {
	one  chan struct{} // holds a value while somebody reads or looks
	last *catalogues
	half *reading
}

// lock waits for whoever reads both sides, which may take minutes, but no longer than
// ctx: a turn must not hold its lane for that.
func (c *catalogueCache) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case c.one <- struct{}{}:
		return func() { <-c.one }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// reading is catalogues that are being read: each flow, question and agreement is
// a call, and all of them may be more than one turn has time for.
type reading struct {
	began, went time.Time      // when it was begun, and when it went on last
	details     map[string]any // what was read in full
}

// catalogues gives what was read less than Config.Every ago, or reads it.
func (f *Flow) catalogues(ctx context.Context) (*catalogues, error) {
	unlock, err := f.cache.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if c := f.cache.last; c != nil && c.read.Add(f.cfg.Every).After(f.now()) {
		return c, nil
	}
	return f.readCatalogues(ctx)
}

// freshCatalogues gives what was read since a time, or reads it.
func (f *Flow) freshCatalogues(ctx context.Context, since time.Time) (*catalogues, error) {
	unlock, err := f.cache.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if c := f.cache.last; c != nil && c.began.After(since) {
		return c, nil
	}
	if r := f.cache.half; r != nil && r.began.Before(since) {
		f.cache.half = nil
	}
	return f.readCatalogues(ctx)
}

// readCatalogues reads both sides, or goes on with that; the cache is locked.
func (f *Flow) readCatalogues(ctx context.Context) (*catalogues, error) {
	now := f.now()
	r := f.cache.half
	if r == nil || r.went.Add(f.cfg.Every).Before(now) {
		r = &reading{began: now, details: map[string]any{}}
	}
	f.cache.half = r
	r.went = now
	c := &catalogues{began: r.began}
	var err error
	if c.a, err = r.catalogue(ctx, "A", f.deps.A); err != nil {
		return nil, &sideError{"A", err}
	}
	if c.b, err = r.catalogue(ctx, "B", f.deps.B); err != nil {
		return nil, &sideError{"B", err}
	}
	if c.seen, err = hashOf(c.a, c.b); err != nil {
		return nil, err
	}
	c.read = f.now()
	f.cache.last, f.cache.half = c, nil
	return c, nil
}

// sideError says whose environment failed.
type sideError struct {
	side string
	err  error
}

func (e *sideError) Error() string { return "environment " + e.side + ": " + e.err.Error() }
func (e *sideError) Unwrap() error { return e.err }

// catalogue reads all that a mapping is about.
func (r *reading) catalogue(ctx context.Context, side string, c *salesdock.Client) (out salemap.Catalogue, err error) {
	rows, err := c.Products.List(ctx, salesdock.ProductQuery{})
	if err != nil {
		return out, err
	}
	for _, p := range rows {
		out.Products = append(out.Products, salemap.Product{ID: p.ID, Name: p.Name, Type: p.Type, SupplierID: p.SupplierID})
	}
	if out.Suppliers, err = c.Suppliers.List(ctx); err != nil {
		return out, err
	}
	if out.Statuses, err = c.Statuses.List(ctx, salesdock.OfSales); err != nil {
		return out, err
	}
	flows, err := c.Flows.List(ctx)
	if err != nil {
		return out, err
	}
	if out.Flows, err = details(ctx, r, side+" flow ", flows, func(r salesdock.FlowRow) salesdock.FlowID { return r.ID }, func(id salesdock.FlowID) (*salesdock.Flow, error) { return c.Flows.Get(ctx, id) }); err != nil {
		return out, err
	}
	questions, err := c.Questions.List(ctx)
	if err != nil {
		return out, err
	}
	if out.Questions, err = details(ctx, r, side+" question ", questions, func(r salesdock.QuestionRow) salesdock.QuestionID { return r.ID }, func(id salesdock.QuestionID) (*salesdock.Question, error) { return c.Questions.Get(ctx, id) }); err != nil {
		return out, err
	}
	agreements, err := c.Agreements.List(ctx)
	if err != nil {
		return out, err
	}
	out.Agreements, err = details(ctx, r, side+" agreement ", agreements, func(r salesdock.AgreementRow) salesdock.AgreementID { return r.ID }, func(id salesdock.AgreementID) (*salesdock.Agreement, error) { return c.Agreements.Get(ctx, id) })
	return out, err
}

// details gives each row of a list in full. What was read in an earlier turn is not
// read again.
func details[R, T any, ID ~string](ctx context.Context, r *reading, what string, rows []R, id func(R) ID, get func(ID) (*T, error)) ([]T, error) {
	out := make([]T, 0, len(rows))
	for _, row := range rows {
		key := what + string(id(row))
		if _, read := r.details[key]; !read {
			full, err := get(id(row))
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", id(row), err)
			}
			r.details[key] = *full
			if orchestration.TurnOver(ctx) {
				return nil, orchestration.ErrTurnOver
			}
		}
		out = append(out, r.details[key].(T)) //nolint:forcetypeassert // what says the type
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// hashOf hashes values as JSON.
func hashOf(values ...any) (string, error) {
	h := sha256.New()
	for _, v := range values {
		if err := json.NewEncoder(h).Encode(v); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// check checks the mapping with both sides as they were read since a time, keeps the
// findings, and gives a hash of all that it looked at.
func (f *Flow) check(ctx context.Context, since time.Time) (seen string, err error) {
	c, err := f.freshCatalogues(ctx, since)
	if err != nil {
		return "", err
	}
	row, err := f.link(ctx)
	if err != nil {
		return "", err
	}
	m, err := f.mapping(ctx, row)
	if err != nil {
		return "", err
	}
	seen, err = hashOf(c.seen, m, row.Value.Settings.Policy)
	if err != nil {
		return "", err
	}
	found := salemap.Check(c.a, c.b, m, checkOptions(row.Value.Settings.Policy, f.deps.Signature != nil))
	if f.native() && len(m.Products) == 0 {
		found = append(found, salemap.Finding{
			Severity: mapping.SeverityWarning, Part: salemap.PartProduct, Code: salemap.CodeUnmapped,
			Message: "no product is named in Mapping.Products, and questions and agreements are checked for those alone",
		})
	}
	err = f.changeLink(ctx, func(_ orchestration.Tx, row *linkRow) error {
		row.Value.Findings, row.Value.Checked, row.Value.Seen = found, f.now(), seen
		return nil
	})
	return seen, err
}

// Check reads both sides and gives all that is wrong with the mapping, errors
// first. It is the preflight of both modes.
func (f *Flow) Check(ctx context.Context) ([]salemap.Finding, error) {
	if _, err := f.check(ctx, f.now()); err != nil {
		return nil, err
	}
	row, err := f.link(ctx)
	return row.Value.Findings, err
}

// Describe prints what B's question asks of an answer: type, validations,
// conditions and options.
func (f *Flow) Describe(ctx context.Context, id salesdock.QuestionID) (string, error) {
	q, err := f.deps.B.Questions.Get(ctx, id)
	if err != nil {
		return "", err
	}
	return salemap.Describe(q), nil
}

// Statuses gives the lines of the screen "Statussen"; system statuses as
// Policy.ShowSystem says.
func (f *Flow) Statuses(ctx context.Context) ([]salemap.StatusLine, error) {
	c, err := f.catalogues(ctx)
	if err != nil {
		return nil, err
	}
	row, err := f.link(ctx)
	if err != nil {
		return nil, err
	}
	p := row.Value.Settings.Policy
	return salemap.StatusLines(&c.b, row.Value.Settings.Mapping, p.statuses(), p.ShowSystem), nil
}
