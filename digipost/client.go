package digipost

import (
	"context"
	"errors"
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
	// MaxAttachments is how many attachments a message may have. 0: 99, as
	// Digipost's page of questions says; its schema allows 201.
	MaxAttachments int
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
	Tags       TagsService
	Shared     SharedDocumentsService

	core *core
}

// service is what all services share.
type service struct{ *core }

// core runs the calls of a client and remembers its entry point.
type core struct {
	api         *api.Client
	entry       entryCache
	clock       func() time.Time
	attachments int // how many a message may have
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
	if cfg.MaxAttachments <= 0 {
		cfg.MaxAttachments = defaultAttachments
	}
	c := &core{clock: cfg.Clock, attachments: cfg.MaxAttachments}
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
		Tags: TagsService{s}, Shared: SharedDocumentsService{s}, core: c,
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

// post is run with a document as its body.
func (c *core) post(ctx context.Context, call api.Call, doc, into any, opts []countersign.CallOption) error {
	body, err := xmlBody(doc)
	if err != nil {
		return err
	}
	call.Body = api.Raw(body)
	return c.run(ctx, call, into, opts...)
}

// remove deletes. Where an attempt's answer was lost and the next one finds
// nothing, the first one had done it.
func (c *core) remove(ctx context.Context, op string, p api.Path, query url.Values, opts []countersign.CallOption) error {
	err := c.run(ctx, api.Call{Op: op, Method: http.MethodDelete, Effect: api.IdempotentWrite, Path: p, Query: query}, nil, opts...)
	if e, ok := errors.AsType[*countersign.Error](err); ok && e.Attempts > 1 && errors.Is(err, countersign.ErrNotFound) {
		return nil
	}
	return err
}

// get describes a call that reads.
func get(op string, p api.Path, query url.Values) api.Call {
	return api.Call{Op: op, Method: http.MethodGet, Effect: api.Read, Path: p, Query: query}
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
