// Package docusign is a client of the DocuSign eSignature REST API v2.1 and of
// its account server: OAuth, envelopes, templates, and the configuration of
// Connect, DocuSign's webhooks.
//
// A client is one account seen through one credential. JWTGrant acts for a user
// without their being there, CodeGrant keeps a user's own login alive, and
// StaticToken and SourceToken take a token from elsewhere:
//
//	client, err := docusign.New(docusign.Config{
//		Environment: docusign.Demo,
//		Auth: docusign.JWTGrant{
//			IntegrationKey: os.Getenv("DOCUSIGN_INTEGRATION_KEY"),
//			UserID:         docusign.UserID(os.Getenv("DOCUSIGN_USER_ID")),
//			PrivateKey:     countersign.NewSecret(os.Getenv("DOCUSIGN_PRIVATE_KEY")),
//			RedirectURI:    "https://example.com/consented",
//		},
//	})
//	…
//	created, err := client.Envelopes.CreateOnce(ctx, docusign.EnvelopeDefinition{
//		Status:        docusign.EnvelopeSent,
//		TemplateID:    "…",
//		TemplateRoles: []docusign.TemplateRole{{RoleName: "signer", Name: "…", Email: "…"}},
//	})
//	if consent, ok := errors.AsType[*docusign.ConsentRequiredError](err); ok {
//		fmt.Println("open this address once as the user:", consent.URL)
//	}
//
// The first call discovers the account and the address of its data centre
// through /oauth/userinfo; both are kept. A token goes to DocuSign's own hosts
// alone.
//
// DocuSign counts the calls of all programs of an account together, by the hour
// and by bursts of 30 seconds, and says in each answer what is left. A client
// holds its calls back when nothing is: a short wait is waited for, a long one
// ends the call with a *LimitError. Reading one envelope more often than every
// 15 minutes breaks DocuSign's rules: use Connect, or Envelopes.Wait. A client
// reports a breach once for each envelope through its logger and observer.
//
// Errors are *countersign.Error with DocuSign's errorCode and message; match the
// kinds of package countersign, or those of this package.
package docusign

import (
	"context"

	"github.com/countersign/countersign"
)

// Config is what a client needs.
type Config struct {
	// Environment is Demo or Production. It is required.
	Environment Environment
	// Auth is how the client gets its tokens: JWTGrant, CodeGrant, StaticToken or
	// SourceToken. It is required.
	Auth Auth
	// AccountID is the account's GUID. Empty takes the user's default account,
	// which the user can change at any time: name it where that matters.
	AccountID AccountID
}

// Client is one DocuSign account seen through one credential. It is immutable
// and safe for concurrent use.
type Client struct {
	Envelopes    EnvelopesService
	Documents    DocumentsService
	Recipients   RecipientsService
	Tabs         TabsService
	CustomFields CustomFieldsService
	Views        ViewsService
	BulkSend     BulkSendService
	Templates    TemplatesService
	Folders      FoldersService
	Users        UsersService
	Accounts     AccountsService
	Connect      ConnectService

	conn *connection
}

// service is what all services share.
type service struct{ conn *connection }

// New checks the configuration and makes a client; nothing is sent. With
// countersign.WithBaseURL every request, also those of the account server, goes
// to that address, and the address that the account names is not used: it is
// for docusigntest and for proxies. Its error is a *countersign.ConfigError.
func New(cfg Config, opts ...countersign.Option) (*Client, error) {
	conn, err := newConnection(cfg, opts)
	if err != nil {
		return nil, err
	}
	s := service{conn}
	return &Client{
		Envelopes: EnvelopesService{s}, Documents: DocumentsService{s}, Recipients: RecipientsService{s},
		Tabs: TabsService{s}, CustomFields: CustomFieldsService{s}, Views: ViewsService{s},
		BulkSend: BulkSendService{s}, Templates: TemplatesService{s}, Folders: FoldersService{s},
		Users: UsersService{s}, Accounts: AccountsService{s}, Connect: ConnectService{s}, conn: conn,
	}, nil
}

// Account gives the account that the client works on, discovered at the first
// call and then kept.
func (c *Client) Account(ctx context.Context) (Account, error) {
	site, err := c.conn.site(ctx)
	if err != nil {
		return Account{}, err
	}
	return site.account, nil
}

// Do runs a call that this package has no method for, with the same
// authentication, limits and errors. The path begins below
// /restapi/v2.1/accounts/{accountId}, or below /restapi when its first element
// is "v2.1". The answer is decoded as JSON into into, unless that is nil.
func (c *Client) Do(ctx context.Context, r countersign.Request, into any, opts ...countersign.CallOption) error {
	return c.conn.watched(ctx, asCall(r), func() error {
		return c.conn.with(ctx, func(s *site) error {
			request := r
			if len(r.Path) == 0 || r.Path[0] != "v2.1" {
				request.Path = append([]string{"v2.1", "accounts", string(s.account.ID)}, r.Path...)
			}
			return s.api.Request(ctx, request, into, opts...)
		})
	})
}
