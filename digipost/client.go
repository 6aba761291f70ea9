package digipost

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// BrokerID is the account that calls the API: the partner's own.
type BrokerID int64

// Config is what a client needs.
type Config struct {
	// Environment says which Digipost is meant. It is required unless
	// countersign.WithBaseURL names an address.
	Environment Environment
	// BrokerID is required.
	BrokerID BrokerID
	// Auth is how requests are authorised: SignatureAuth or TokenAuth. It is
	// required.
	Auth Authentication
	// Clock replaces time.Now for the Date of requests and the age of answers.
	Clock func() time.Time
}

// Client is Digipost's REST API v8 seen by one broker. It is immutable but for
// its caches, and safe for concurrent use.
type Client struct {
	Senders    SendersService
	Recipients RecipientsService
	Messages   MessagesService
	Documents  DocumentsService
	Inbox      InboxService
	Archive    ArchiveService
	Batches    BatchesService
}

// service is what all services share.
type service struct{ *core }

// core runs the calls of a client and remembers its entry point.
type core struct {
	api   *api.Client
	entry entryCache
	clock func() time.Time
}

// New checks the configuration and makes a client; nothing is sent. Its error is
// a *countersign.ConfigError.
func New(cfg Config, opts ...countersign.Option) (*Client, error) {
	var addresses Addresses
	defaults := countersign.Settings{Timeout: time.Minute}
	if cfg.Environment != "" {
		a, err := cfg.Environment.Addresses()
		if err != nil {
			return nil, err
		}
		addresses = a
		if defaults.BaseURL, err = url.Parse(a.API); err != nil {
			return nil, err
		}
	}
	set, err := countersign.NewSettings(defaults, opts...)
	if err != nil {
		return nil, err
	}
	switch {
	case set.BaseURL == nil:
		return nil, &countersign.ConfigError{Component: "digipost", Field: "Environment", Reason: "is empty", Fix: "choose production, test, difitest or nhn"}
	case cfg.BrokerID <= 0:
		return nil, &countersign.ConfigError{Component: "digipost", Field: "BrokerID", Reason: "is not positive", Fix: "take it from your Digipost account"}
	case cfg.Auth == nil:
		return nil, &countersign.ConfigError{Component: "digipost", Field: "Auth", Reason: "is missing", Fix: "use SignatureAuth or TokenAuth"}
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	c := &core{clock: cfg.Clock, entry: entryCache{turn: make(chan struct{}, 1)}}
	auth, signer, err := cfg.Auth.prepare(cfg, set, addresses)
	if err != nil {
		return nil, err
	}
	set.HTTPClient = c.httpClient(cfg, set, signer)
	c.api, err = api.New(api.Config{Provider: "digipost", Settings: set, Auth: auth, ParseError: parseError})
	if err != nil {
		return nil, err
	}
	s := service{c}
	return &Client{
		Senders: SendersService{s}, Recipients: RecipientsService{s}, Messages: MessagesService{s}, Documents: DocumentsService{s},
		Inbox: InboxService{s}, Archive: ArchiveService{s}, Batches: BatchesService{s},
	}, nil
}

// httpClient puts the transport that writes Digipost's headers around the
// caller's own.
func (c *core) httpClient(cfg Config, set countersign.Settings, s *signer) *http.Client {
	hc := &http.Client{}
	if set.HTTPClient != nil {
		*hc = *set.HTTPClient
	}
	base := hc.Transport
	if base == nil {
		if t, ok := http.DefaultTransport.(*http.Transport); ok {
			own := t.Clone()
			own.MaxIdleConnsPerHost = 32
			base = own
		}
	}
	hc.Transport = &transport{
		base: base, host: set.BaseURL.Host, prefix: set.BaseURL.Path, broker: cfg.BrokerID,
		signer: s, clock: cfg.Clock, certificate: c.certificate,
	}
	return hc
}

const (
	mediaType = "application/vnd.digipost-v8+xml"
	namespace = "http://api.digipost.no/schema/v8"
)

// run sends a call and decodes its answer as XML into into, unless that is nil.
func (c *core) run(ctx context.Context, call api.Call, into any, opts ...countersign.CallOption) error {
	if call.Accept == "" {
		call.Accept = mediaType
	}
	var dec api.Decoder
	if into != nil {
		dec = decodeXML(into)
	}
	return c.api.Run(ctx, call, dec, opts...)
}

// path makes a path of an address that Digipost gave. Of the address only path
// and query count: it is called on the configured host, whatever host it names.
func path(link string, more ...string) (api.Path, url.Values, error) {
	u, err := url.Parse(link)
	if err != nil {
		return api.Path{}, nil, &LinkError{Reason: "is not an address"}
	}
	var elements []string
	for e := range strings.SplitSeq(u.EscapedPath(), "/") {
		if e == "" {
			continue
		}
		plain, err := url.PathUnescape(e)
		if err != nil {
			return api.Path{}, nil, &LinkError{Reason: "has a broken path"}
		}
		elements = append(elements, plain)
	}
	return api.PathOf(append(elements, more...)...), u.Query(), nil
}
