// Package cloudsign is a client of the CloudSign Web API (クラウドサイン), the
// signing service of Bengo4.com. It follows the published specification 0.31.0.
//
// A client ID is the whole credential: it belongs to one CloudSign user, and
// whoever holds it sees and does what that user may see and do. ClientIDPageURL
// leads to the page where it is made.
//
//	client, err := cloudsign.New(cloudsign.Config{
//		Environment: cloudsign.Sandbox,
//		ClientID:    countersign.NewSecret(os.Getenv("CLOUDSIGN_CLIENT_ID")),
//	})
//	if err != nil {
//		return err
//	}
//	for doc, err := range client.Documents.All(ctx, cloudsign.DocumentQuery{Status: new(cloudsign.StatusConcluded)}) {
//		…
//	}
//
// The service allows 800 requests a minute for each token, and all clients with
// one client ID share one token; clients of one process therefore share one
// limiter for each client ID, which stays below that. Programs that use a client
// ID in several processes at once pass a common limiter with
// countersign.WithLimiter.
//
// A call that changes something is never repeated after a failure that leaves
// open whether it happened; it ends in countersign.ErrOutcomeUnknown, and
// DocumentsService.Reconcile finds out. Calls of one client that change the same
// document wait for each other.
//
// The service adds members and values at any time. Values that this package
// does not know are kept as they are, and members in the field Extra.
//
// Errors are *countersign.Error with the service's code and message; match the
// kinds of package countersign, or the errors of this one. What a call would be
// refused for is found before it is sent, where it can be: a
// *countersign.ConfigError that names the field.
//
// The deprecated GET /token is left out, since it puts the client ID into an
// address.
package cloudsign

import (
	"cmp"
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// answerTimeout: the service holds a connection for up to 180 s before its
// gateway gives up (CloudSign help centre, article 10278776).
const answerTimeout = 185 * time.Second

// Config is what a client needs.
type Config struct {
	// Environment says which CloudSign is meant. It is required unless
	// countersign.WithBaseURL names an address.
	Environment Environment
	// ClientID is the credential. It is required.
	ClientID countersign.Secret
	// MaxUploadBytes is the largest file that FilesService.Upload sends; 0:
	// MaxUploadBytes036, negative: any. The service has a bound of its own and
	// raises it from time to time.
	MaxUploadBytes int64
}

// The largest upload of two versions of the API, in bytes. The specification
// says MB; the larger reading is taken, and the service has the last word.
const (
	MaxUploadBytes031 = 20 << 20 // CloudSign Web API 0.31.0
	MaxUploadBytes036 = 50 << 20 // CloudSign Web API 0.36.0, the default
)

// Client is a CloudSign account seen through one client ID. It is immutable and
// safe for concurrent use.
type Client struct {
	Documents         DocumentsService
	Files             FilesService
	Participants      ParticipantsService
	Widgets           WidgetsService
	Reportees         ReporteesService
	Attachments       AttachmentsService
	Attributes        AttributesService
	Alerts            AlertsService
	ImportedDocuments ImportedDocumentsService
	Cabinets          CabinetsService
	Users             UsersService

	api    *api.Client
	tokens *TokenSource
}

// service is what all services share.
type service struct {
	api       *api.Client
	locks     *locks
	maxUpload int64
}

// New checks the configuration and makes a client; nothing is sent. Its error
// is a *countersign.ConfigError.
func New(cfg Config, opts ...countersign.Option) (*Client, error) {
	defaults := countersign.Settings{Timeout: answerTimeout}
	if cfg.Environment != "" {
		u, err := cfg.Environment.baseURL()
		if err != nil {
			return nil, err
		}
		defaults.BaseURL = u
	}
	set, err := countersign.NewSettings(defaults, opts...)
	if err != nil {
		return nil, err
	}
	switch {
	case set.BaseURL == nil:
		return nil, &countersign.ConfigError{Component: "cloudsign", Field: "Environment", Reason: "is empty", Fix: "choose production, sandbox, lgwan or lgwan-sandbox"}
	case strings.TrimSpace(cfg.ClientID.Reveal()) == "":
		return nil, &countersign.ConfigError{Component: "cloudsign", Field: "ClientID", Reason: "is empty", Fix: clientIDHelp(cfg.Environment)}
	case strings.ContainsFunc(cfg.ClientID.Reveal(), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return nil, &countersign.ConfigError{Component: "cloudsign", Field: "ClientID", Reason: "has white space in it", Fix: "take out spaces and line breaks around it"}
	}
	if set.Limiter == nil {
		set.Limiter = sharedLimiter(set.BaseURL.Host, cfg.ClientID)
	}
	tokens, err := newTokenSource(cfg, set)
	if err != nil {
		return nil, err
	}
	a, err := api.New(apiConfig(set, tokens.tokens))
	if err != nil {
		return nil, err
	}
	s := service{api: a, locks: newLocks(), maxUpload: cmp.Or(cfg.MaxUploadBytes, MaxUploadBytes036)}
	return &Client{
		Documents: DocumentsService{s}, Files: FilesService{s}, Participants: ParticipantsService{s},
		Widgets: WidgetsService{s}, Reportees: ReporteesService{s}, Attachments: AttachmentsService{s},
		Attributes: AttributesService{s}, Alerts: AlertsService{s}, ImportedDocuments: ImportedDocumentsService{s},
		Cabinets: CabinetsService{s}, Users: UsersService{s}, api: a, tokens: tokens,
	}, nil
}

func apiConfig(set countersign.Settings, auth api.Auth) api.Config {
	return api.Config{
		Provider: "cloudsign", Settings: set, Auth: auth, ParseError: parseError,
		RateLimitWait: time.Minute, // a blocked token is free again after a minute's pause
	}
}

// TokenSource gives the client's access tokens, for requests that a program
// sends itself.
func (c *Client) TokenSource() *TokenSource { return c.tokens }

// Do runs a call that this package has no method for, with the same
// authentication, limits and errors; only, a write that goes this way does not wait
// for other writes of the same document. The answer is decoded as JSON into into,
// unless that is nil.
func (c *Client) Do(ctx context.Context, r countersign.Request, into any, opts ...countersign.CallOption) error {
	return c.api.Request(ctx, r, into, opts...)
}
