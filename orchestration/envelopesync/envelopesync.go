// Package envelopesync carries what happens to DocuSign envelopes to the contacts
// of an ActiveCampaign account, and makes drafts in DocuSign from contacts: what
// ActiveCampaign's own DocuSign integration does, for programs.
//
//	flow, err := envelopesync.New(envelopesync.Config{
//		BaseURL:       "https://sync.example/docusign",
//		WebhookTokens: tokens,
//		Automations: []envelopesync.Automation{{
//			Name:     "thank",
//			Triggers: []envelopesync.Trigger{envelopesync.RecordUpdated(contactmap.Completed, "status", "", "Completed")},
//			Enrol:    "12",
//		}},
//	}, envelopesync.Deps{Store: store, ActiveCampaign: client, Accounts: accounts})
//	…
//	flow.Register(engine)
//	mux.Handle("/docusign/", flow.Handler())
//	plan, err := flow.Plan(ctx, connection)   // what going live would do
//	plan, err = flow.Apply(ctx, connection)   // go live
//	err = engine.Run(ctx)
//
// What it keeps to:
//
//   - DocuSign Connect reports the chosen actions. A message is answered when it is
//     stored; the work comes later.
//   - Messages come late, twice and in any order. They are merged into one record
//     for each recipient of each envelope, and the contact, its tags and its
//     envelope record in ActiveCampaign are then made what that record says.
//   - Automations fire once for each action of each record, in the order of the
//     actions, also those whose messages came late or never. A late message fires
//     nothing.
//   - Every effect is recorded, so that work that was cut off goes on where it was.
//   - Contacts are put on no list, and no field of contacts is made.
//   - Without ActiveCampaign's Enterprise plan there are no envelope records: fields,
//     tags and a note take their place.
//
// The store holds names and addresses of recipients; the journal does not. Purge
// and Forget take them away.
package envelopesync

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/activecampaign"
	"github.com/countersign/countersign/docusign"
	"github.com/countersign/countersign/mapping/contactmap"
	"github.com/countersign/countersign/orchestration"
)

// flowName is the first part of the flow's tables.
const flowName = "envelopesync"

// Config is how a flow works. BaseURL is required; the zero value of every other
// field is its default.
type Config struct {
	// Name tells instances apart that share a store; empty is an instance too.
	// Lower-case letters, digits, hyphens and underscores, at most 40.
	Name string
	// BaseURL is where Handler is reached from outside, https. Its path is the one
	// that Handler serves.
	BaseURL string
	// Automations are started by what happens to envelopes.
	Automations []Automation
	// Prefills make drafts from contacts.
	Prefills []PrefillRule
	// WebhookTokens are secrets of at least 22 characters, as rand.Text of crypto/rand
	// makes them, one of which the address of an automation's
	// webhook carries, since ActiveCampaign signs nothing; see
	// activecampaign.Receiver. They are required where there are Prefills.
	WebhookTokens []countersign.Secret
	// Link gives the address at which an envelope is shown. Nil:
	// contactmap.WebLink, which DocuSign does not document.
	Link func(env docusign.Environment, id docusign.EnvelopeID) string
	// Location is where a point in time becomes a day, for contact fields that are
	// dates. Nil: UTC.
	Location *time.Location
	// Attempts is how often a thing is tried before it is given up. 0: 20, which
	// with the default Backoff rides out eight hours of outage.
	Attempts int
	// Backoff is the wait after the attempt-th failure. Nil: orchestration.Backoff.
	Backoff func(attempt int) time.Duration
	// Notify is told what a person should know: records that somebody edited, a
	// plan without custom objects, what was given up, drafts. It must be quick and
	// safe for concurrent use, and may be told twice. Nil: nobody is told.
	Notify func(Notice)
	// Clock replaces time.Now.
	Clock func() time.Time
	// Logger gets what fails. Nil: silent.
	Logger *slog.Logger
}

// Account is a DocuSign account. The program gives the same accounts each time it
// starts; the store keeps no credentials.
type Account struct {
	ID          docusign.AccountID // GUID
	Client      *docusign.Client
	Environment docusign.Environment // that Client was made with
	// Keys are the account's HMAC keys for Connect, as DocuSign shows them. Messages
	// have to be signed with one of them.
	Keys []countersign.Secret
}

// Deps is what a flow works with. All of it is required.
type Deps struct {
	Store          orchestration.Store
	ActiveCampaign *activecampaign.Client
	Accounts       []Account
}

// Flow is the sync between DocuSign accounts and an ActiveCampaign account. It is
// safe for concurrent use.
type Flow struct {
	cfg         Config
	store       orchestration.Store
	ac          *activecampaign.Client
	tags        *activecampaign.TagResolver
	accounts    map[docusign.AccountID]Account // by accountKey
	web         http.Handler
	connections orchestration.Table[connectionBody]
	events      orchestration.Table[eventBody]
	records     orchestration.Table[recordBody]
	contacts    orchestration.Table[contactBody]
	firings     orchestration.Table[firingBody]
	prefills    orchestration.Table[prefillBody]
	backfills   orchestration.Table[backfillBody]
	imports     orchestration.Table[importBody]
	journal     orchestration.Journal

	mu       sync.Mutex
	compiled map[string]*live // connections that were read, by their keys
}

// New checks the configuration. Its error is a *countersign.ConfigError, or joins
// several.
func New(cfg Config, deps Deps) (*Flow, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	switch {
	case deps.Store == nil:
		return nil, configError("Store", "is missing", "open one with orchestration/sqlite")
	case deps.ActiveCampaign == nil:
		return nil, configError("ActiveCampaign", "is missing", "make one with activecampaign.New")
	case len(deps.Accounts) == 0:
		return nil, configError("Accounts", "is empty", "name at least one DocuSign account")
	}
	table := func(noun string) string { return orchestration.TableName(flowName, cfg.Name, noun) }
	f := &Flow{
		cfg: cfg, store: deps.Store, ac: deps.ActiveCampaign, tags: deps.ActiveCampaign.Tags.Resolver(),
		accounts:    map[docusign.AccountID]Account{},
		connections: orchestration.Table[connectionBody](table("connection")),
		events:      orchestration.Table[eventBody](table("event")),
		records:     orchestration.Table[recordBody](table("record")),
		contacts:    orchestration.Table[contactBody](table("contact")),
		firings:     orchestration.Table[firingBody](table("firing")),
		prefills:    orchestration.Table[prefillBody](table("prefill")),
		backfills:   orchestration.Table[backfillBody](table("backfill")),
		imports:     orchestration.Table[importBody](table("import")),
		journal:     orchestration.Journal(table("journal")),
		compiled:    map[string]*live{},
	}
	for i, a := range deps.Accounts {
		if err := a.check(fmt.Sprintf("Accounts[%d]", i)); err != nil {
			return nil, err
		}
		f.accounts[accountKey(a.ID)] = a
	}
	for _, r := range cfg.Prefills {
		if _, ok := f.accounts[accountKey(r.Account)]; !ok {
			return nil, configError("Prefills["+r.Name+"]", fmt.Sprintf("names the account %q, which Deps.Accounts does not have", r.Account), "use the ID of one of them")
		}
	}
	if f.web, err = f.newWeb(); err != nil {
		return nil, err
	}
	return f, nil
}

func (c Config) filled() (Config, error) {
	if err := orchestration.CheckInstance(c.Name); err != nil {
		return c, configError("Name", "can't name an instance", "use lower-case letters, digits, hyphens and underscores")
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return c, configError("BaseURL", "is not an https address without query", "DocuSign and ActiveCampaign call no other")
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	if c.Attempts < 0 {
		return c, configError("Attempts", "is negative", "")
	}
	if err := checkAutomations(c.Automations); err != nil {
		return c, err
	}
	if err := checkPrefills(c); err != nil {
		return c, err
	}
	if c.Link == nil {
		c.Link = contactmap.WebLink
	}
	if c.Attempts == 0 {
		c.Attempts = 20
	}
	if c.Backoff == nil {
		c.Backoff = orchestration.Backoff
	}
	if c.Notify == nil {
		c.Notify = func(Notice) {}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// check names what an account lacks.
func (a Account) check(field string) error {
	switch {
	case a.ID == "":
		return configError(field+".ID", "is empty", "it is the account's GUID; Client.Account gives it")
	case a.Client == nil:
		return configError(field+".Client", "is missing", "make one with docusign.New")
	case a.Environment != docusign.Demo && a.Environment != docusign.Production:
		return configError(field+".Environment", "is not known", "give the one that Client was made with, docusign.Demo or docusign.Production")
	case len(a.Keys) == 0:
		return configError(field+".Keys", "is empty", "create an HMAC key in the Connect settings of DocuSign")
	case slices.ContainsFunc(a.Keys, func(key countersign.Secret) bool { return strings.TrimSpace(key.Reveal()) == "" }):
		return configError(field+".Keys", "has an empty key", "take the HMAC key as the Connect settings of DocuSign show it")
	}
	return nil
}

// nouns name the flow's tables.
var nouns = []string{"connection", "event", "record", "contact", "firing", "prefill", "backfill", "import", "journal"}

// Tables are the names of the tables of an instance, for stores that offer them
// as views.
func Tables(instance string) []string {
	var out []string
	for _, noun := range nouns {
		out = append(out, orchestration.TableName(flowName, instance, noun))
	}
	return out
}

func configError(field, reason, fix string) error {
	return &countersign.ConfigError{Component: flowName, Field: field, Reason: reason, Fix: fix}
}

func (f *Flow) now() time.Time { return f.cfg.Clock() }

// Register sets the flow's handlers on an engine. It is called once, before the
// engine runs.
func (f *Flow) Register(e orchestration.Engine) {
	e.Handle(string(f.events), f.runEvents)
	e.Handle(string(f.records), f.runRecords)
	e.Handle(string(f.firings), f.runFirings)
	e.Handle(string(f.prefills), f.runPrefills)
	e.Handle(string(f.backfills), f.runBackfill)
	e.Handle(string(f.imports), f.runImport)
	e.Every(orchestration.TableName(flowName, f.cfg.Name, "retention"), orchestration.Interval(24*time.Hour), func(ctx context.Context) error {
		_, err := f.purgeRaw(ctx, f.now().Add(-KeepRaw))
		return err
	})
}

// account is the account of a connection.
func (f *Flow) account(id docusign.AccountID) (Account, error) {
	a, ok := f.accounts[accountKey(id)]
	if !ok {
		return Account{}, fmt.Errorf("Deps.Accounts does not have the DocuSign account %q: %w", id, ErrUnknownAccount)
	}
	return a, nil
}

// accountKey is how an account is named in the store: GUIDs come in either case.
func accountKey(id docusign.AccountID) docusign.AccountID {
	return docusign.AccountID(strings.ToLower(strings.TrimSpace(string(id))))
}

// log appends to the journal in the transaction of what it tells about.
func (f *Flow) log(ctx context.Context, tx orchestration.Tx, account docusign.AccountID, ref, what, why string, ids ...string) error {
	named := map[string]string{}
	for i := 0; i+1 < len(ids); i += 2 {
		if ids[i+1] != "" {
			named[ids[i]] = ids[i+1]
		}
	}
	return f.journal.Append(ctx, tx, orchestration.Entry{
		At: f.now(), Who: flowName, What: what, Why: why, Scope: string(account), Ref: ref, IDs: named,
	})
}
