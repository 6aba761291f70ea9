// Package salesdock is a client of the Salesdock API v1: products, flows,
// questions, agreements and statuses, sales and offers, the dialer, leads,
// forms, relations, tasks, users, organisations, commissions and webhooks.
//
//	client, err := salesdock.New(salesdock.Config{
//		Environment: salesdock.Production,
//		Domain:      "myaccount",
//		Token:       countersign.NewSecret(os.Getenv("SALESDOCK_TOKEN")),
//		Scope:       salesdock.ScopeUser,
//	})
//	…
//	for product, err := range client.Products.All(ctx, salesdock.ProductQuery{}) {
//		…
//	}
//
// A token belongs to one user and has that user's rights. An Agent's token works
// in the scope "user", an Admin's in the scope "account". Config.Scope says which
// of the two a client uses; a method of the other scope fails with a *ScopeError
// before anything is sent. Client.In gives the same client in the other scope.
// A token that was marked as used for an integration works inside Salesdock
// alone, not here.
//
// Salesdock has no way to recognise a request that was sent before: nothing but a
// read is ever repeated after an answer that did not come, and such a write ends in
// countersign.ErrOutcomeUnknown. Sales.Create is not repeated after a limit
// either; only where Config.TokenFrom has another token than the one that was
// refused (401) is it sent again with that.
//
// Texts of errors come in Dutch or English as the account has it. Branch on the
// kinds of package countersign, on Error.StatusCode and on Error.Fields, never
// on Error.Message.
//
// Salesdock's times have no zone and are those of Amsterdam; this package brings
// that zone along, so that it works on machines without a time zone database.
//
// Integrations between two environments (the menu "Integraties") have no
// endpoint: none creates, reads, tests or removes one, and none reads or writes
// its mapping. OwnerRunbook and SellerRunbook give the steps that
// people take in the screens.
package salesdock

import (
	"context"
	"net/url"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Config is what a client needs.
type Config struct {
	// Environment is Production or Staging. It is required unless
	// countersign.WithBaseURL names an address.
	Environment Environment
	// Domain is the account's name in addresses, such as "myaccount". It is
	// required.
	Domain string
	// Token is a user's API token. One of Token and TokenFrom is required.
	Token countersign.Secret
	// TokenFrom gives the token at each attempt, so that one that was changed in a
	// secret store takes effect without a restart. It is called concurrently, and a
	// second time when the service refused a token. It should answer from memory.
	TokenFrom func(ctx context.Context) (countersign.Secret, error)
	// Scope is what the token's user may use: ScopeUser for an Agent, ScopeAccount
	// for an Admin. It is required.
	Scope Scope
}

// Client is one account seen by one user. It is immutable and safe for
// concurrent use.
type Client struct {
	Products      ProductsService
	Rights        RightsService
	Suppliers     SuppliersService
	Flows         FlowsService
	Questions     QuestionsService
	Agreements    AgreementsService
	Statuses      StatusesService
	Sales         SalesService
	Calculators   CalculatorsService
	Concepts      ConceptsService
	Leads         LeadsService
	Forms         FormsService
	Relations     RelationsService
	Tasks         TasksService
	Commissions   CommissionsService
	Users         UsersService
	Organisations OrganisationsService
	Webhooks      WebhooksService

	conn *conn
}

// service is what all services share.
type service struct{ conn *conn }

// conn is a connection in one scope.
type conn struct {
	api    *api.Client
	domain string
	scope  Scope
}

// New checks the configuration and makes a client; nothing is sent. Its error is
// a *countersign.ConfigError.
//
// Salesdock counts calls by user and by source address. A client counts its own,
// and all clients of a process count together against one address of the
// service; the limit is the one that answers announce. countersign.WithLimiter
// replaces both, and is the way to share one budget among processes.
func New(cfg Config, opts ...countersign.Option) (*Client, error) {
	// A used up limit is over after a minute, and the Retry-After that Salesdock
	// shows is 65 s: the default patience of 60 s would never outlast it.
	defaults := countersign.Settings{Retry: countersign.RetryPolicy{MaxDelay: 2 * time.Minute}}
	if cfg.Environment != "" {
		site, err := cfg.Environment.Site()
		if err != nil {
			return nil, err
		}
		if defaults.BaseURL, err = url.Parse(site); err != nil {
			return nil, err
		}
	}
	set, err := countersign.NewSettings(defaults, opts...)
	if err != nil {
		return nil, err
	}
	if set.BaseURL == nil {
		return nil, badConfig("Environment", "is empty", "choose production or staging")
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	observe := useLimits(&set)
	client, err := api.New(api.Config{
		Provider: "salesdock", Settings: set, Auth: newAuth(cfg), ParseError: parseError, Observe: observe,
		RequestIDHeader: "CF-RAY", RateLimitWait: time.Minute,
	})
	if err != nil {
		return nil, err
	}
	return newClient(&conn{api: client, domain: cfg.Domain, scope: cfg.Scope}), nil
}

func newClient(c *conn) *Client {
	s := service{c}
	return &Client{
		Products: ProductsService{s}, Rights: RightsService{s}, Suppliers: SuppliersService{s}, Flows: FlowsService{s},
		Questions: QuestionsService{s}, Agreements: AgreementsService{s}, Statuses: StatusesService{s}, Sales: SalesService{s},
		Calculators: CalculatorsService{s}, Concepts: ConceptsService{s}, Leads: LeadsService{s}, Forms: FormsService{s},
		Relations: RelationsService{s}, Tasks: TasksService{s}, Commissions: CommissionsService{s}, Users: UsersService{s},
		Organisations: OrganisationsService{s}, Webhooks: WebhooksService{s}, conn: c,
	}
}

func (cfg Config) check() error {
	switch {
	case cfg.Domain == "":
		return badConfig("Domain", "is empty", "take it from the address that you log in at")
	case !validDomain(cfg.Domain):
		return badConfig("Domain", "is not letters, digits, hyphens and underscores", "")
	case cfg.Token.IsZero() && cfg.TokenFrom == nil:
		return badConfig("Token", "is empty", "generate one at Account, Gebruikers, the user, API token")
	case !cfg.Token.IsZero() && cfg.TokenFrom != nil:
		return badConfig("Token", "is set beside TokenFrom", "set one of the two")
	case cfg.TokenFrom == nil && tokenFault(cfg.Token) != "":
		return badConfig("Token", tokenFault(cfg.Token), "give the token alone")
	case cfg.Scope != ScopeUser && cfg.Scope != ScopeAccount:
		return badConfig("Scope", "is neither user nor account", "take user for an Agent's token, account for an Admin's")
	}
	return nil
}

// Domain is the account's name in addresses.
func (c *Client) Domain() string { return c.conn.domain }

// Scope is the scope that the client uses.
func (c *Client) Scope() Scope { return c.conn.scope }

// In gives the same client, with the same token and limits, in the given scope:
// to find out what a token may do, or for an Admin who works as a user. Salesdock
// answers 403 where the token has no right to it. A scope that is neither user
// nor account fails with each call that needs one.
func (c *Client) In(scope Scope) *Client {
	other := *c.conn
	other.scope = scope
	return newClient(&other)
}

// Do runs a call that this package has no method for, with the same
// authentication, limits and errors. The path begins behind the version, and
// includes the scope where the resource has one: "account", "users". into takes
// the member data of the answer, unless it is nil.
func (c *Client) Do(ctx context.Context, r countersign.Request, into any, opts ...countersign.CallOption) error {
	r.Path = append([]string{"api", c.conn.domain, "v1"}, r.Path...)
	if r.Op == "" {
		r.Op = "do"
	}
	return c.conn.api.Request(ctx, r, &envelope{into: into}, opts...)
}
