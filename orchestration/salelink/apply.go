package salelink

import (
	"context"
	"errors"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// Plan reads both sides and says what the flow would do now. It writes nothing.
func (f *Flow) Plan(ctx context.Context) (Plan, error) {
	link, err := f.link(ctx)
	if err != nil {
		return Plan{}, err
	}
	a, b, err := f.snapshots(ctx, link)
	if err != nil {
		return Plan{}, err
	}
	m, err := f.mapping(ctx, link)
	if err != nil {
		return Plan{}, err
	}
	return makePlan(a, b, m, link.Value.Settings.Policy, f.cfg.Fields), nil
}

// snapshots reads what a plan looks at.
func (f *Flow) snapshots(ctx context.Context, link linkRow) (a SnapshotA, b SnapshotB, err error) {
	cats, err := f.freshCatalogues(ctx, f.now())
	if err != nil {
		return a, b, err
	}
	a = SnapshotA{
		Domain: f.deps.A.Domain(), Taken: f.now(), Catalogue: cats.a, Sent: map[salesdock.SaleID]bool{}, Mode: link.Value.Mode,
		Live: State(link.State) == StateLive, Since: link.Value.LiveSince, Paused: link.Value.Paused,
	}
	b = SnapshotB{Domain: f.deps.B.Domain(), Catalogue: cats.b, Complete: true}
	if b.Offered, err = f.offered(ctx); err != nil {
		return a, b, err
	}
	if a.Imported, _, err = f.imported(ctx, 0); err != nil {
		return a, b, err
	}
	missing(a.Imported, b.Offered)
	if !a.Live || link.Value.Mode != salesdock.SDKLink {
		return a, b, nil
	}
	if err := f.openSales(ctx, link, &a); err != nil {
		return a, b, err
	}
	b.News, err = f.news(ctx, link)
	return a, b, err
}

// openSales reads the sales of A that B does not have: those that changed since
// the last look, and those that a rule keeps back.
func (f *Flow) openSales(ctx context.Context, link linkRow, a *SnapshotA) error {
	var open []salesdock.SaleID
	for row, err := range f.sales.All(ctx, f.deps.Store, orchestration.Query{}) {
		if err != nil {
			return err
		}
		switch row.State {
		case orchestration.StatePending, SaleRefused, SaleWaiting, SaleHeld:
			open = append(open, salesdock.SaleID(row.Key))
		default:
			a.Sent[salesdock.SaleID(row.Key)] = true
		}
	}
	since, err := f.since(ctx, jobSales, link)
	if err != nil {
		return err
	}
	seen := map[salesdock.SaleID]bool{}
	add := func(s *salesdock.Sale) {
		if !seen[s.ID] && !s.UpdatedAt.Before(f.firstSeen(link)) {
			seen[s.ID] = true
			a.Sales = append(a.Sales, s)
		}
	}
	for s, err := range f.deps.A.Sales.AllFull(ctx, salesdock.SaleQuery{Period: f.window(since)}) {
		if err != nil {
			return &sideError{"A", err}
		}
		add(s)
	}
	for _, id := range open {
		if seen[id] {
			continue
		}
		s, err := f.deps.A.Sales.Get(ctx, id)
		if errors.Is(err, countersign.ErrNotFound) {
			continue
		}
		if err != nil {
			return &sideError{"A", err}
		}
		add(s)
	}
	return nil
}

// since is the time up to which a job has seen everything.
func (f *Flow) since(ctx context.Context, name string, link linkRow) (at time.Time, err error) {
	job, err := f.job(ctx, name)
	if errors.Is(err, orchestration.ErrNoRecord) || err == nil && job.Value.Until.IsZero() {
		return link.Value.LiveSince, nil
	}
	return job.Value.Until, err
}

// news reads what B says of forwarded sales since the last look.
func (f *Flow) news(ctx context.Context, link linkRow) (out []StatusNews, err error) {
	since, err := f.since(ctx, jobStatuses, link)
	if err != nil || !link.Value.Settings.Policy.PullStatuses {
		return nil, err
	}
	for r, err := range f.deps.B.Sales.All(ctx, salesdock.SaleQuery{Period: f.window(since)}) {
		if err != nil {
			return nil, &sideError{"B", err}
		}
		err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
			rows, err := f.sales.List(ctx, tx, orchestration.Query{Ref: string(r.ID)})
			if err == nil && len(rows) == 1 {
				out = append(out, newsOf(rows[0], r))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Applied says what became of a plan's actions.
type Applied struct {
	Due   int // made due: the engine does them
	Stale int // no longer what is to be done: something changed since the plan was made
}

// Apply makes the actions of a plan due; the engine does them. Each is decided
// again on what is true now, and one that comes out otherwise is left alone: a plan
// that lay about does no harm. What the plan does not name is not done.
func (f *Flow) Apply(ctx context.Context, p Plan) (Applied, error) {
	var done Applied
	if p.A != f.deps.A.Domain() || p.B != f.deps.B.Domain() {
		return done, configError("Plan", "is that of another link", "")
	}
	now, err := f.Plan(ctx)
	if err != nil {
		return done, err
	}
	link, err := f.link(ctx)
	if err != nil {
		return done, err
	}
	rows, err := f.offered(ctx)
	if err != nil {
		return done, err
	}
	offered := map[string]Offered{}
	for _, o := range rows {
		offered[string(o.ID)] = o
	}
	still := map[Action]bool{}
	for _, a := range now.Actions {
		still[a.what()] = true
	}
	for _, a := range p.Actions {
		if signs[a.Part+" "+a.Kind] == "" {
			continue
		}
		if !still[a.what()] {
			done.Stale++
			continue
		}
		n, err := f.apply(ctx, link, a, offered)
		if err != nil {
			return done, err
		}
		done.Due += n
	}
	return done, nil
}

// what is the thing to be done without its reasons.
func (a Action) what() Action { return Action{Part: a.Part, Kind: a.Kind, A: a.A, B: a.B, To: a.To} }

// apply makes one action due and tells whether there is something to do.
func (f *Flow) apply(ctx context.Context, link linkRow, a Action, offered map[string]Offered) (int, error) {
	switch a.Part + " " + a.Kind {
	case "sale forward":
		return 1, f.queue(ctx, salesdock.SaleID(a.A))
	case "status set":
		return 1, f.takeStatus(ctx, link, salesdock.SaleID(a.B))
	case "product create", "product read", "product update", "product deactivate", "product delete":
		o, there := offered[a.B]
		if !there {
			o = Offered{ID: salesdock.ProductID(a.B), Name: a.Name}
		}
		return 1, f.applyProduct(ctx, a, o)
	}
	return 0, nil
}

// queue makes a sale due for automatic forwarding.
func (f *Flow) queue(ctx context.Context, id salesdock.SaleID) error {
	sale, err := f.deps.A.Sales.Get(ctx, id)
	if err != nil {
		return &sideError{"A", err}
	}
	return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		n, err := f.sales.Insert(ctx, tx, f.freshSale(id, "", sale.UpdatedAt.Time))
		if err != nil || n == 1 {
			return err
		}
		return f.takeUp(ctx, tx, "", id)
	})
}

// takeStatus takes in the status of one sale of B.
func (f *Flow) takeStatus(ctx context.Context, link linkRow, id salesdock.SaleID) error {
	for r, err := range f.deps.B.Sales.All(ctx, salesdock.SaleQuery{IDs: []salesdock.SaleID{id}}) {
		if err != nil {
			return &sideError{"B", err}
		}
		if r.ID == id {
			return f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error { return f.noteStatus(ctx, tx, link, r) })
		}
	}
	return nil
}
