// Package salelink joins two Salesdock environments: B owns propositions, A sells
// them. It imports B's products into A, forwards A's sales to B, and pulls B's
// statuses back.
//
//	flow, err := salelink.New(salelink.Config{Mode: salesdock.SDKLink}, salelink.Deps{
//		Store: store, A: a, B: b, // clients of both environments
//	})
//	…
//	flow.Register(engine)
//	err = flow.Configure(ctx, salelink.Settings{Mapping: m, Policy: p})
//	plan, err := flow.Plan(ctx) // what it would do
//	err = flow.GoLive(ctx)      // refuses while the mapping has errors
//
// There are two modes, and never both for one link. With salesdock.NativeLink
// Salesdock's own integration does the work, which has no API: the flow checks
// the mapping beforehand and watches what the integration does, and writes
// nothing. With salesdock.SDKLink this flow does the work through the public
// API. It needs an Admin's token at A, and at B the ordinary token of an Agent of
// A's organisation: a token that was marked for an integration works inside
// Salesdock alone. A sale that somebody else handed over is never forwarded.
//
// What it keeps to:
//
//   - The mapping is checked before going live, before each sale and whenever
//     either side changes. A condition that can't be decided is never true.
//   - A sale is sent once. After an answer that did not come, B's list is searched:
//     exactly one match is adopted, none at all is sent again, and what can't be
//     told apart waits for a person (Parked). Nothing is sent again on doubt.
//   - A product that is missing from a list has not vanished yet: several
//     complete listings and a look at the product itself must say so, and when
//     many are missing a person has to confirm.
//   - "Last synchronised" moves only when something changed.
//   - The store holds no customer's data: ids, hashes, states, and names of
//     questions. Texts of errors are B's, without the words of the sale's customer;
//     Forget takes them away.
package salelink

import (
	"context"
	"log/slog"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/mapping/salemap"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// Defaults of Config.
const (
	DefaultEvery     = 15 * time.Minute
	DefaultFullEvery = 24 * time.Hour
	DefaultSettle    = 2 * time.Minute
	DefaultSkew      = 10 * time.Minute
	DefaultAttempts  = 20
)

// Config is how a flow works. Mode is required; the zero value of every other
// field is its default.
type Config struct {
	// Name tells links apart that share a store; empty is a link too.
	Name string
	// Mode is who does the work. It is kept with the link: another mode under the
	// same name is refused.
	Mode salesdock.LinkMode
	// Every is the pause between two looks at products, sales and statuses.
	// 0: 15 minutes.
	Every time.Duration
	// FullEvery is how often each product is compared in full. 0: daily, which is also
	// the most.
	FullEvery time.Duration
	// Settle is how long after an answer that did not come B's list is believed.
	// 0: 2 minutes. Negative: at once.
	Settle time.Duration
	// Skew is how far the clocks of A and B may be from this one's: a sale that B dates
	// earlier than that before an attempt is not taken for its result, and one that A
	// dates earlier than that before the link went live is passed over. 0: 10 minutes.
	Skew time.Duration
	// Attempts is how often a sale is tried before it is given up. 0: 20.
	Attempts int
	// Backoff is the pause after the attempt-th failure. Nil: orchestration.Backoff.
	Backoff func(attempt int) time.Duration
	// Fields carries the fixed members of a sale. Nil: salemap.New.
	Fields *salemap.Map
	// WebhookTokens guard Handler, which needs at least one.
	WebhookTokens []countersign.Secret
	// Clock replaces time.Now.
	Clock func() time.Time
	// Logger gets what went wrong. Nil: silent.
	Logger *slog.Logger
}

// Deps is what a flow works with. Store, A and B are required.
type Deps struct {
	Store orchestration.Store
	// A is the seller's environment, in the scope account.
	A *salesdock.Client
	// B is the owner's environment, in the scope user, with the token of the Agent
	// that stands for the link.
	B *salesdock.Client
	// OptIn gives the dialer's opt-in data of a sale of A; nil data where it has none.
	// Required where Policy.OptIn is on.
	OptIn func(ctx context.Context, sale salesdock.SaleID) (*salesdock.OptIn, error)
	// Signature gives the image that a flow of B may want, as a data URI: A's API does
	// not tell it. Nil: none is sent.
	Signature func(ctx context.Context, sale salesdock.SaleID) (countersign.Secret, error)
}

// Flow is one link. It is safe for concurrent use.
type Flow struct {
	cfg      Config
	deps     Deps
	links    orchestration.Table[linkBody]
	jobs     orchestration.Table[jobBody]
	products orchestration.Table[productBody]
	sales    orchestration.Table[saleBody]
	updates  orchestration.Table[updateBody]
	journal  orchestration.Journal
	cache    catalogueCache

	sweepSize int
}

// flowName is the first part of the flow's tables.
const flowName = "salelink"

// New checks the configuration; nothing is sent. Its error is a
// *countersign.ConfigError.
func New(cfg Config, deps Deps) (*Flow, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	if err := deps.check(cfg.Mode); err != nil {
		return nil, err
	}
	table := func(noun string) string { return orchestration.TableName(flowName, cfg.Name, noun) }
	return &Flow{
		cfg: cfg, deps: deps,
		links:    orchestration.Table[linkBody](table("link")),
		jobs:     orchestration.Table[jobBody](table("job")),
		products: orchestration.Table[productBody](table("product")),
		sales:    orchestration.Table[saleBody](table("sale")),
		updates:  orchestration.Table[updateBody](table("update")),
		journal:  orchestration.Journal(table("journal")),
		cache:    catalogueCache{one: make(chan struct{}, 1)}, sweepSize: sweepSize,
	}, nil
}

// Tables are the names of the tables of an instance, for stores that offer them
// as views.
func Tables(instance string) []string {
	var out []string
	for _, noun := range []string{"link", "job", "product", "sale", "update", "journal"} {
		out = append(out, orchestration.TableName(flowName, instance, noun))
	}
	return out
}

func (c Config) filled() (Config, error) {
	if err := orchestration.CheckInstance(c.Name); err != nil {
		return c, configError("Name", "can't name an instance", "use lower-case letters, digits, hyphens and underscores")
	}
	switch {
	case c.Mode != salesdock.NativeLink && c.Mode != salesdock.SDKLink:
		return c, configError("Mode", "is neither native nor sdk", "choose salesdock.NativeLink or salesdock.SDKLink")
	case c.Every < 0, c.FullEvery < 0, c.Skew < 0, c.Attempts < 0:
		return c, configError("Every, FullEvery, Skew or Attempts", "is negative", "")
	case c.FullEvery > DefaultFullEvery:
		return c, configError("FullEvery", "is more than a day", "what a list does not tell would go unseen for longer")
	}
	setDefault(&c.Every, DefaultEvery)
	setDefault(&c.FullEvery, DefaultFullEvery)
	setDefault(&c.Settle, DefaultSettle)
	setDefault(&c.Skew, DefaultSkew)
	setDefault(&c.Attempts, DefaultAttempts)
	c.Settle = max(c.Settle, 0)
	if c.Backoff == nil {
		c.Backoff = orchestration.Backoff
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Fields == nil {
		fields, err := salemap.New(salemap.Config{})
		if err != nil {
			return c, err
		}
		c.Fields = fields
	}
	return c, nil
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

func (d Deps) check(mode salesdock.LinkMode) error {
	switch {
	case d.Store == nil:
		return configError("Store", "is missing", "open one with orchestration/sqlite")
	case d.A == nil || d.B == nil:
		return configError("A or B", "is missing", "make clients of both environments with salesdock.New")
	case d.A.Scope() != salesdock.ScopeAccount:
		return configError("A", "has the scope user", "A's side needs an Admin's token and the scope account")
	case mode == salesdock.SDKLink && d.B.Scope() != salesdock.ScopeUser:
		return configError("B", "has the scope account", "sales are placed by the Agent of A's organisation, in the scope user")
	}
	return nil
}

func configError(field, reason, fix string) error {
	return &countersign.ConfigError{Component: flowName, Field: field, Reason: reason, Fix: fix}
}

func (f *Flow) now() time.Time { return f.cfg.Clock() }

// Register sets the flow's handlers on an engine. It is called once, before the
// engine runs.
func (f *Flow) Register(e orchestration.Engine) {
	e.Handle(string(f.jobs), f.runJob)
	e.Handle(string(f.products), f.runProducts)
	e.Handle(string(f.sales), f.runSales)
	e.Handle(string(f.updates), f.runUpdates)
}
