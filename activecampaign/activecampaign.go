// Package activecampaign is a client of the ActiveCampaign API v3 and a receiver
// of ActiveCampaign's webhooks: contacts, custom fields, tags, custom objects,
// automations, notes, tracked events and bulk import.
//
// A client is one account seen through one user's key. ConnectSteps says where
// a person finds both; the address is given and never made from an account's
// name, since ActiveCampaign does not promise one form for all accounts.
//
//	client, err := activecampaign.New(activecampaign.Config{
//		BaseURL: os.Getenv("ACTIVECAMPAIGN_URL"),
//		APIKey:  countersign.NewSecret(os.Getenv("ACTIVECAMPAIGN_KEY")),
//	})
//	…
//	synced, err := client.Contacts.Sync(ctx, activecampaign.ContactInput{Email: "robin@example.com"})
//	…
//	tag, err := client.Tags.Ensure(ctx, "signed", "")
//	…
//	_, err = client.Tags.Apply(ctx, synced.Contact.ID, tag.ID)
//
// ActiveCampaign allows 5 requests a second for each account, whatever key or
// program sends them. All clients of one address in a process share one limiter
// of 4.5 requests a second, which is silent for its first second, so that a
// restart does not add to what was sent before it. Programs that use an account in
// several processes at once pass a common limiter with countersign.WithLimiter.
// What the answers announce (RateLimit-Remaining, Retry-After) holds all clients
// of the account back as well.
//
// A call that changes something each time it is sent is never repeated after a
// failure that leaves open whether it happened; it ends in
// countersign.ErrOutcomeUnknown. Each method says whether it is repeated.
//
// Errors are *countersign.Error, whichever of its shapes ActiveCampaign chose;
// match the kinds of package countersign, or those of this package.
//
// Automations themselves, the triggers of an app and its building blocks in the
// automation editor exist only inside ActiveCampaign's App Studio: no call makes
// them. A program enrols contacts in automations that exist, adds tags and writes
// records that automations wait for, and takes the "Webhook" action of an
// automation with a Receiver.
//
// Lists are left out on purpose: putting a contact on a list is a consent to
// mailings, which is not this package's to give. Use Do where it is yours.
package activecampaign

import (
	"context"
	"strings"
	"unicode"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// version is the path that all calls of the API begin with.
const version = "/api/3"

// Config is what a client needs.
type Config struct {
	// BaseURL is the account's address as ActiveCampaign shows it, with or without
	// "/api/3" at its end. It is required unless countersign.WithBaseURL names
	// an address.
	BaseURL string
	// APIKey is the key of one user; calls have that user's rights. It is required.
	APIKey countersign.Secret
	// Tracking is needed for EventsService.Track alone.
	Tracking Tracking
}

// Tracking is what event tracking needs beside the account's address and key.
type Tracking struct {
	AccountID string             // "actid": a number
	EventKey  countersign.Secret // the event key, which is not the API key
}

// ConnectSteps tells a person where to find what Config asks for. ActiveCampaign
// publishes no address for these pages, so they are paths through its menus.
func ConnectSteps() []string {
	return []string{
		"Log in to ActiveCampaign as the user in whose name the program shall act.",
		"Open Settings (the gear), then Developer.",
		"Copy the URL under \"API Access\" as it stands: it is Config.BaseURL.",
		"Copy the key beside it: it is Config.APIKey. Each user has one key, with that user's rights.",
		"For event tracking only: open Settings, then Tracking, then Event Tracking, switch it on, and copy the event key (Tracking.EventKey) and the actid of the example code (Tracking.AccountID).",
	}
}

// Client is an ActiveCampaign account seen through one key. It is immutable and
// safe for concurrent use.
type Client struct {
	Contacts    ContactsService
	Fields      FieldsService
	Tags        TagsService
	Schemas     SchemasService
	Records     RecordsService
	Automations AutomationsService
	Notes       NotesService
	Events      EventsService
	Import      ImportService
	Webhooks    WebhooksService

	api *api.Client
}

// service is what all services share.
type service struct{ api *api.Client }

// New checks the configuration and makes a client; nothing is sent. With
// countersign.WithBaseURL every request goes to that address, those of event
// tracking too: it is for activecampaigntest and for proxies. Its error is a
// *countersign.ConfigError.
func New(cfg Config, opts ...countersign.Option) (*Client, error) {
	set, direct, err := settings(cfg, opts)
	if err != nil {
		return nil, err
	}
	if err := checkKey(cfg.APIKey); err != nil {
		return nil, err
	}
	budget := accountBudget(accountHost(set.BaseURL))
	set.Limiter = budget.limiter(set)
	a, err := api.New(apiConfig(set, budget, api.HeaderKey("Api-Token", "", cfg.APIKey)))
	if err != nil {
		return nil, err
	}
	tracker, err := newTracker(cfg.Tracking, set, direct, budget)
	if err != nil {
		return nil, err
	}
	s := service{a}
	return &Client{
		Contacts: ContactsService{s}, Fields: FieldsService{s}, Tags: TagsService{s},
		Schemas: SchemasService{s}, Records: RecordsService{s}, Automations: AutomationsService{s},
		Notes: NotesService{s}, Events: EventsService{s, tracker}, Import: ImportService{s, budget},
		Webhooks: WebhooksService{s}, api: a,
	}, nil
}

// settings resolves the address; direct is true when an option gave it.
func settings(cfg Config, opts []countersign.Option) (set countersign.Settings, direct bool, err error) {
	set, err = countersign.NewSettings(countersign.Settings{}, opts...)
	if err != nil {
		return set, false, err
	}
	direct = set.BaseURL != nil
	if !direct {
		if strings.TrimSpace(cfg.BaseURL) == "" {
			return set, false, badConfig("BaseURL", "is empty", "copy the URL from ActiveCampaign: Settings, Developer")
		}
		if set.BaseURL, err = countersign.ParseBaseURL(strings.TrimSpace(cfg.BaseURL)); err != nil {
			return set, false, badConfig("BaseURL", "is not the address of an account", "copy the URL from ActiveCampaign: Settings, Developer")
		}
	}
	if root := *set.BaseURL; !strings.HasSuffix(root.Path, version) {
		root.Path += version
		set.BaseURL = &root
	}
	return set, direct, nil
}

func checkKey(key countersign.Secret) error {
	switch s := key.Reveal(); {
	case strings.TrimSpace(s) == "":
		return badConfig("APIKey", "is empty", "copy the key from ActiveCampaign: Settings, Developer")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return badConfig("APIKey", "has white space in it", "take out spaces and line breaks around it")
	}
	return nil
}

func apiConfig(set countersign.Settings, budget *budget, auth api.Auth) api.Config {
	return api.Config{Provider: provider, Settings: set, Auth: auth, ParseError: parseError, Observe: budget.observe}
}

// User is the user whose key a client has.
type User struct {
	ID        UserID `json:"id"`
	Username  string `json:"username"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
	Phone     string `json:"phone"`
}

// Me reads the user of the key (GET /users/me): the cheapest way to find out
// whether address and key are right.
func (c *Client) Me(ctx context.Context, opts ...countersign.CallOption) (*User, error) {
	m, err := api.JSON[struct {
		User User `json:"user"`
	}](ctx, c.api, get("get user", "/users/me"), opts...)
	if err != nil {
		return nil, err
	}
	return &m.User, nil
}

// Do runs a call that this package has no method for, with the same
// authentication, limits and errors. The path begins below /api/3. The answer is
// decoded as JSON into into, unless that is nil.
func (c *Client) Do(ctx context.Context, r countersign.Request, into any, opts ...countersign.CallOption) error {
	return c.api.Request(ctx, r, into, opts...)
}
