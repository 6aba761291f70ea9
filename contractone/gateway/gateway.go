package gateway

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/internal/api"
)

// Config says what the gateway wants and offers. The zero value is a gateway
// that wants no credential (it knows its clients by certificate or network) and
// offers no quota. Its address comes with countersign.WithBaseURL and is required.
type Config struct {
	// Header and Credential are sent with each request: "Authorization" with
	// "Bearer …", or whatever the gateway asks for. Both or neither.
	Header     string
	Credential countersign.Secret
	// Quota says that the gateway has GET /quota.
	Quota bool
	// Async says that an entry may be found a while after its registration, not at
	// once.
	Async bool
	// TempDir is where a PDF lies while it is sent; empty: os.TempDir.
	TempDir string
}

// Ledger is a ledger behind a gateway. It is immutable and safe for concurrent
// use.
type Ledger struct {
	api *api.Client
	cfg Config
}

var _ interface {
	contractone.Ledger
	contractone.Quota
} = (*Ledger)(nil)

// reserved are headers that belong to the request itself.
var reserved = []string{"Accept", "Connection", "Content-Length", "Content-Type", "Host", "Idempotency-Key", "Transfer-Encoding", "User-Agent"}

// New checks the configuration and makes a ledger; nothing is sent. Its error is
// a *countersign.ConfigError.
func New(cfg Config, opts ...countersign.Option) (*Ledger, error) {
	bad := func(field, reason, fix string) (*Ledger, error) {
		return nil, &countersign.ConfigError{Component: "gateway", Field: field, Reason: reason, Fix: fix}
	}
	set, err := countersign.NewSettings(countersign.Settings{}, opts...)
	if err != nil {
		return nil, err
	}
	value := cfg.Credential.Reveal()
	switch {
	case set.BaseURL == nil:
		return bad("BaseURL", "is missing", "use countersign.WithBaseURL with the address of your gateway; there is no default, since the vendor has no API")
	case (cfg.Header == "") != cfg.Credential.IsZero():
		return bad("Header", "and Credential are not both set", "set both, or neither for a gateway that knows its clients in another way")
	case !headerName(cfg.Header), slices.Contains(reserved, http.CanonicalHeaderKey(cfg.Header)):
		return bad("Header", "is not the name of a header for a credential", "")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
		return bad("Credential", "holds a character that a header can't carry", "")
	}
	conf := api.Config{Provider: "gateway", Settings: set, ParseError: parseError, IdempotencyHeader: "Idempotency-Key"}
	if cfg.Header != "" {
		conf.Auth = api.HeaderKey(cfg.Header, "", cfg.Credential)
	}
	client, err := api.New(conf)
	if err != nil {
		return nil, err
	}
	return &Ledger{api: client, cfg: cfg}, nil
}

func headerName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// Capabilities states Durable, and Quota and Async as the configuration says.
func (l *Ledger) Capabilities() contractone.Capabilities {
	return contractone.Capabilities{Quota: l.cfg.Quota, Async: l.cfg.Async, Durable: true}
}

// Do runs a call that this package has no method for, with the same
// authentication, limits and errors. The answer is decoded as JSON into into,
// unless that is nil.
func (l *Ledger) Do(ctx context.Context, r countersign.Request, into any, opts ...countersign.CallOption) error {
	return l.api.Request(ctx, r, into, opts...)
}
