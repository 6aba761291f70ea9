// Package senderonboarding leads a software vendor's customers through Digipost's
// registration of businesses and proves that the sender-id that comes back is
// theirs, so that the vendor can send on their behalf.
//
//	flow, err := senderonboarding.New(senderonboarding.Config{
//		BaseURL:   "https://vendor.example/digipost",
//		PartnerID: 12345, Environment: digipost.Production,
//		OnEvent:   handle, // ready, unproven, expired, …
//	}, senderonboarding.Deps{Store: store, Senders: client.Senders, Messages: client.Messages})
//	…
//	who := func(r *http.Request) (senderonboarding.Start, error) { // from your login
//		return senderonboarding.Start{Tenant: …, Organisation: …}, nil
//	}
//	mux.Handle("/digipost/", flow.Handler())
//	mux.Handle("GET /get-digipost", login(flow.LandingHandler("/get-digipost", who)))
//	mux.Handle("POST /get-digipost", login(flow.StartHandler(who)))
//	flow.Register(engine)
//	…
//	delivery, err := flow.Send(ctx, tenant, digipost.Message{…}) // once it is ready
//
// Both ways of Digipost's page "Onboarding av avsendere" end in the same session.
// In the full-automatic one the customer, who has signature right in
// Brønnøysund, clicks a link back. In the semi-automatic one Digipost's support
// approves days later and calls BackendURL, an address that is given to Digipost
// beforehand. Which one it is, Digipost decides.
//
// What it keeps to:
//
//   - Proven beats believed. A sender-id is proven when Digipost's API confirms it by
//     itself and gives it for the organisation number that the vendor knows the tenant
//     by; what a visitor typed is never proof, and a callback is a hint. What can be
//     asked is asked under every policy but ProofOff. Whoever has the proof gets the
//     sender-id, also from a tenant for whom it was decided or believed.
//   - A contradiction is for a person. Where callback and Digipost don't agree, or two
//     tenants are believed to have one sender-id, the session ends unproven. By itself
//     it ends refused only where the sender-id is proven to be another tenant's. A
//     proof that comes later makes an unproven session ready.
//   - A callback from the session's own browser, or with its nonce, or of the
//     back-end beats one that has the address alone. What is only believed has to be
//     the former.
//   - Nonces are used once. The browser's is good for hours, the back-end's until
//     the session's deadline; a replay shows the result again and changes nothing.
//   - A callback that never comes is made up for by asking Digipost, with growing
//     pauses. At its deadline every session ends.
//   - The store holds hashes of the secrets only, and no log, error, journal or
//     page holds them.
package senderonboarding

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// Proof is how much must be known before a session is ready.
type Proof string

// The policies.
const (
	// ProofRequired: the API confirms the sender-id by itself and by the
	// organisation number. Where it can't be asked, the session ends unproven and
	// Decide is the vendor's. It is the default.
	ProofRequired Proof = "required"
	// ProofWhenAllowed: as ProofRequired where the API can be asked. A question that
	// can't be asked is left out: what else can be asked has to agree, and then the
	// callback is believed, a click only from the browser that the session began in.
	// A tenant who has another business register in the tenant's own session may get
	// that business's sender-id: choose it where tenants are trusted.
	ProofWhenAllowed Proof = "when allowed"
	// ProofOff: the callback is believed as with ProofWhenAllowed. The API is not
	// asked at all, so that a tenant's word is all there is.
	ProofOff Proof = "off"
)

// Config is how a flow works. BaseURL, PartnerID and either Environment or Web
// are required; the zero value of every other field is its default.
type Config struct {
	// Name tells instances apart that share a store; empty is an instance too.
	Name string
	// BaseURL is where Handler is reached from outside, https (http on loopback
	// addresses only). Its path is the one that Handler serves.
	BaseURL string
	// PartnerID is the vendor's Digipost account.
	PartnerID digipost.PartnerID
	// Environment says whose registration is used, and Web replaces its site.
	Environment digipost.Environment
	Web         string
	// Proof is the policy. Empty: ProofRequired.
	Proof Proof
	// BrowserWindow is how long the customer's own way back is open. 0: 12 hours.
	BrowserWindow time.Duration
	// Deadline is when a session ends whatever happened, counted from its start;
	// Digipost does not say how long approval takes. 0: 14 days.
	Deadline time.Duration
	// Poll is the pause before Digipost is asked for the attempt-th time (1, 2, …).
	// Nil: a minute, doubling up to an hour.
	Poll func(attempt int) time.Duration
	// OnEvent is told what happens, each event of a session once in effect: it is
	// called again, with the same Event.ID, until it returns nil; after four days it
	// is one of DeadLetters. Nil: nobody is.
	OnEvent func(ctx context.Context, e Event) error
	// BackendTokens, BackendSources and TrustedProxies guard the back-end
	// callback beside its nonce; see digipost.BackendConfig. BackendURL holds the
	// first token.
	BackendTokens  []countersign.Secret
	BackendSources []netip.Prefix
	TrustedProxies []netip.Prefix
	// LenientNumbers takes organisation numbers with a wrong check digit too, such as
	// the 987654321 of Digipost's own example. It is for made-up customers.
	LenientNumbers bool
	// Public offers the landing page and its start to visitors who are not signed
	// in. Limit in front of the flow how often one visitor may start.
	Public bool
	// Brand is how the pages look.
	Brand Brand
	// Pages replaces the built-in pages: templates named "landing", "waiting",
	// "done" and "problem" that are executed with a PageData. New
	// executes each once, to find mistakes.
	Pages *template.Template
	// Clock replaces time.Now.
	Clock func() time.Time
	// Logger gets callbacks that are refused. Nil: silent.
	Logger *slog.Logger
}

// Senders asks Digipost about senders. The Senders service of a digipost.Client
// is one.
type Senders interface {
	Get(ctx context.Context, id digipost.SenderID, opts ...countersign.CallOption) (*digipost.SenderInformation, error)
	GetByOrganisation(ctx context.Context, org digipost.OrganisationNumber, opts ...countersign.CallOption) (*digipost.SenderInformation, error)
}

// Registry tells who may sign for an organisation. A digipost.Registry is one.
type Registry interface {
	SignatureRight(ctx context.Context, org digipost.OrganisationNumber) (digipost.SignatureRight, error)
}

// Deps is what a flow works with. Store is required.
type Deps struct {
	Store orchestration.Store
	// Senders proves sender-ids. Nil: nothing can be proved.
	Senders Senders
	// Messages sends on behalf of tenants. Nil: Send is not possible.
	Messages Messages
	// Registry sets the customer's expectations before the registration, and
	// never stands in its way. Nil: it is not asked.
	Registry Registry
}

// Flow is the onboarding of one vendor's customers. It is safe for concurrent
// use.
type Flow struct {
	cfg      Config
	deps     Deps
	path     string // of BaseURL
	backend  http.Handler
	pages    *template.Template
	sessions orchestration.Table[sessionBody]
	tokens   orchestration.Table[tokenBody]
	events   orchestration.Table[eventBody]
	senders  orchestration.Table[senderBody]
	journal  orchestration.Journal
	expected expectations
}

// flowName is the first part of the flow's tables.
const flowName = "senderonboarding"

// New checks the configuration. Its error is a *countersign.ConfigError.
func New(cfg Config, deps Deps) (*Flow, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	if deps.Store == nil {
		return nil, configError("Store", "is missing", "open one with orchestration/sqlite")
	}
	table := func(noun string) string { return orchestration.TableName(flowName, cfg.Name, noun) }
	f := &Flow{
		cfg: cfg, deps: deps, path: pathOf(cfg.BaseURL), pages: cfg.Pages,
		sessions: orchestration.Table[sessionBody](table("session")),
		tokens:   orchestration.Table[tokenBody](table("token")),
		events:   orchestration.Table[eventBody](table("event")),
		senders:  orchestration.Table[senderBody](table("sender")),
		journal:  orchestration.Journal(table("journal")),
	}
	if f.pages == nil {
		f.pages = builtInPages
	}
	f.backend, err = digipost.NewBackendReceiver(digipost.BackendConfig{
		Accept: f.Approve, Tokens: cfg.BackendTokens, AllowedSources: cfg.BackendSources,
		TrustedProxies: cfg.TrustedProxies, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Tables are the names of the tables of an instance, for stores that offer them
// as views.
func Tables(instance string) []string {
	var out []string
	for _, noun := range []string{"session", "token", "event", "sender", "journal"} {
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
	e.Handle(string(f.sessions), f.runSession)
	e.Handle(string(f.events), f.runEvents)
}
