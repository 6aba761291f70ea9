// Package ledgersync links CloudSign with a contract ledger as Contract One's own
// CloudSign link does: it counts what can be linked, carries everything over once
// that count is confirmed, and from then on the daily difference, one ledger
// entry for each PDF file.
//
//	flow, err := ledgersync.New(ledgersync.Config{}, ledgersync.Deps{
//		Store:    store,  // orchestration/sqlite, orchestration/postgres
//		Ledger:   ledger, // contractone/sqlledger, or one of your own
//		Accounts: []ledgersync.Account{account},
//	})
//	…
//	flow.Register(engine)
//	link, err := flow.AddLink(ctx, ledgersync.Settings{…})    // steps 1 to 3
//	preview, err := flow.Preview(ctx, link.ID)                // step 4: the count
//	err = flow.Start(ctx, link.ID, preview)                   // after a person agreed
//	err = engine.Run(ctx)                                     // first load, then daily
//
// What it keeps to:
//
//   - A link reaches exactly what the user of its client ID can see in CloudSign.
//     Confidential documents are left out unless the link asks for them, which
//     deviates from the vendor on purpose.
//   - Nine items are carried, where CloudSign has a value; see mapping/ledgermap.
//   - A file is registered once, whatever link sees it: its key is
//     "cloudsign:<document>:<file>". Later changes in CloudSign do not arrive.
//     Once a week a run goes through everything, and tells what has changed (Drift).
//   - A link in review mode holds its files outside the ledger until a reviewer
//     decides (Review). Rules make a link wait, spend less or carry more;
//     LikeVendor gives those of the vendor's link.
//   - All state is in the store, so the program may end or be killed at any moment
//     and goes on where it was. A registration whose outcome is not known is looked
//     up in the ledger before anything is sent again.
//   - A failure that concerns the whole link (credential, plan, quota) stops the
//     link with the reason; a failure of one file concerns that file.
//
// Every error, result and notice names the link's management ID, and the document
// and file where there is one.
package ledgersync

import (
	"context"
	"log/slog"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/mapping/ledgermap"
	"github.com/countersign/countersign/orchestration"
)

// Config changes how a flow works. The zero value is the default of each field.
type Config struct {
	// Name tells instances apart that share a store; empty is an instance too.
	// Lower-case letters, digits, hyphens and underscores, at most 40.
	Name string
	// Map carries a file's values to a draft. Nil: ledgermap.New(ledgermap.Config{}).
	Map *ledgermap.Map
	// Schedule gives the time of the next run after a time. Nil: every day at
	// 03:00 in Japan. The vendor runs its own link once a day and does not say when.
	Schedule func(time.Time) time.Time
	// Overlap is how far a daily run looks back behind the end of the run before,
	// for documents that became visible late and for clocks that differ.
	// 0: 48 hours.
	Overlap time.Duration
	// FullEvery is how often a run goes through everything that the user sees
	// instead of the difference: it finds what no time tells (rights that were
	// given late, imports, pages that shifted, clocks that differ) and compares
	// what is linked with its source, see LatePolicy. 0: every seven days.
	FullEvery time.Duration
	// Lanes is how many files of a link are registered side by side, at most 64.
	// 0: 8. The client's limiter bounds the calls in any case.
	Lanes int
	// Attempts is how often a file is tried before it is given up. 0: 20, which
	// with the default Backoff rides out eight hours of outage.
	Attempts int
	// Backoff is the wait after a file's attempt-th failure. Nil:
	// orchestration.Backoff.
	Backoff func(attempt int) time.Duration
	// Include chooses among the documents that a link may carry; it is asked in the
	// preview, when a document is found, and again when its files waited before they
	// are sent. The document has no participants. One that it refuses is found again by
	// the next complete run. It must be quick and safe for concurrent use. Nil: all.
	Include func(link contractone.ManagementID, doc *cloudsign.Document) bool
	// Clock replaces time.Now.
	Clock func() time.Time
	// Progress is told of the phases "preview" and "list" (documents) and
	// "register" (files). Nil: nobody is.
	Progress orchestration.Progress
	// Notifier tells people of links that stop, files that are given up and, once a
	// month, of deadlines that come near, where the ledger can be searched; where it
	// can't, the Logger says so. Nil: nobody is told.
	Notifier Notifier
	// Logger gets links that stop, files that fail, and at Register what the ledger
	// can't do. Nil: silent.
	Logger *slog.Logger
}

// Account is a CloudSign account that links may use. The program gives the same
// accounts each time it starts; the store keeps no client ID.
type Account struct {
	// Credential names the client ID that Client was made with; links find their
	// account by it.
	Credential  contractone.Credential
	Client      *cloudsign.Client
	Environment cloudsign.Environment // of Client; Extras.DocumentURL needs it
}

// NewAccount makes the client for a client ID and names it. The label is what
// people call it: "legal team".
func NewAccount(label string, cfg cloudsign.Config, opts ...countersign.Option) (Account, error) {
	client, err := cloudsign.New(cfg, opts...)
	if err != nil {
		return Account{}, err
	}
	// Environments share nothing, so the same client ID in another one is another
	// credential.
	id := countersign.NewSecret(string(cfg.Environment) + " " + cfg.ClientID.Reveal())
	return Account{Credential: contractone.NewCredential(label, id), Client: client, Environment: cfg.Environment}, nil
}

// Deps is what a flow works with. Store, Ledger and at least one account are
// required.
type Deps struct {
	Store    orchestration.Store
	Ledger   contractone.Ledger
	Accounts []Account
}

// Flow is the link between CloudSign accounts and a ledger. It is safe for
// concurrent use.
type Flow struct {
	cfg      Config
	store    orchestration.Store
	ledger   contractone.Ledger
	accounts map[string]Account // by fingerprint
	links    orchestration.Table[linkBody]
	files    orchestration.Table[fileBody]
	overlaps orchestration.Table[overlapBody]
	claims   string // the table
	journal  orchestration.Journal
	meters   meters
}

// New checks the configuration. Its error is a *countersign.ConfigError.
func New(cfg Config, deps Deps) (*Flow, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	switch {
	case deps.Store == nil:
		return nil, configError("Store", "is missing", "open one with orchestration/sqlite")
	case deps.Ledger == nil:
		return nil, configError("Ledger", "is missing", "open one with contractone/sqlledger")
	case len(deps.Accounts) == 0:
		return nil, configError("Accounts", "is empty", "make one with ledgersync.NewAccount")
	}
	f := &Flow{
		cfg: cfg, store: deps.Store, ledger: deps.Ledger, accounts: map[string]Account{},
		links:    orchestration.Table[linkBody](orchestration.TableName(flowName, cfg.Name, "link")),
		files:    orchestration.Table[fileBody](orchestration.TableName(flowName, cfg.Name, "file")),
		overlaps: orchestration.Table[overlapBody](orchestration.TableName(flowName, cfg.Name, "overlap")),
		claims:   orchestration.TableName(flowName, cfg.Name, "claim"),
		journal:  orchestration.Journal(orchestration.TableName(flowName, cfg.Name, "journal")),
	}
	for _, a := range deps.Accounts {
		if a.Client == nil || a.Credential.Fingerprint == "" {
			return nil, configError("Accounts", "holds one without client or credential", "make it with ledgersync.NewAccount")
		}
		f.accounts[a.Credential.Fingerprint] = a
	}
	return f, nil
}

// flowName is the first part of the flow's tables.
const flowName = "ledgersync"

// Tables are the names of the tables of an instance, for stores that offer them
// as views.
func Tables(instance string) []string {
	return []string{
		orchestration.TableName(flowName, instance, "link"),
		orchestration.TableName(flowName, instance, "file"),
		orchestration.TableName(flowName, instance, "journal"),
		orchestration.TableName(flowName, instance, "overlap"),
		orchestration.TableName(flowName, instance, "claim"),
	}
}

func (c Config) filled() (Config, error) {
	if err := orchestration.CheckInstance(c.Name); err != nil {
		return c, configError("Name", "can't name an instance", "use lower-case letters, digits, hyphens and underscores")
	}
	switch {
	case c.Overlap < 0:
		return c, configError("Overlap", "is negative", "")
	case c.FullEvery < 0:
		return c, configError("FullEvery", "is negative", "")
	case c.Lanes < 0 || c.Lanes > 64:
		return c, configError("Lanes", "is out of bounds", "choose 1 to 64")
	case c.Attempts < 0:
		return c, configError("Attempts", "is negative", "")
	}
	if c.Map == nil {
		m, err := ledgermap.New(ledgermap.Config{})
		if err != nil {
			return c, err
		}
		c.Map = m
	}
	if c.Schedule == nil {
		c.Schedule = orchestration.Daily(3, 0, japan)
	}
	if c.Overlap == 0 {
		c.Overlap = 48 * time.Hour
	}
	if c.FullEvery == 0 {
		c.FullEvery = 7 * 24 * time.Hour
	}
	if c.Lanes == 0 {
		c.Lanes = 8
	}
	if c.Attempts == 0 {
		c.Attempts = 20
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// japan has no summer time, so the zone database is not needed.
var japan = time.FixedZone("JST", 9*60*60)

func configError(field, reason, fix string) error {
	return &countersign.ConfigError{Component: "ledgersync", Field: field, Reason: reason, Fix: fix}
}

func (f *Flow) now() time.Time { return f.cfg.Clock() }

// Register sets the flow's handlers on an engine. It is called once, before the
// engine runs.
func (f *Flow) Register(e orchestration.Engine) {
	e.Handle(string(f.links), f.runLink)
	e.Handle(string(f.files), f.runFiles)
	_, ok := f.ledger.(contractone.Searcher)
	switch {
	case f.cfg.Notifier == nil:
	case ok && f.ledger.Capabilities().Search:
		e.Every(orchestration.TableName(flowName, f.cfg.Name, "deadlines"), firstOfMonth, f.remind)
	default:
		f.cfg.Logger.Warn("nobody is told of coming deadlines, because the ledger can't be searched")
	}
}

// DeadLetters are the files that were given up: list them, and take up one, all,
// or all but some.
func (f *Flow) DeadLetters() orchestration.DeadLetters {
	return orchestration.DeadLetters{Store: f.store, Table: string(f.files), Clock: f.cfg.Clock}
}

// Purge deletes journal entries from before a time and tells how many. Files
// stay, because their keys keep them from being registered twice.
func (f *Flow) Purge(ctx context.Context, before time.Time) (int, error) {
	return f.journal.Purge(ctx, f.store, before)
}
