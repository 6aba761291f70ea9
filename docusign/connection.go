package docusign

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// answerTimeout bounds an attempt. Creating an envelope of large documents takes
// DocuSign longer than the 30 s that do for other services.
const answerTimeout = 2 * time.Minute

// connection finds the account's data centre and runs calls there.
type connection struct {
	set     countersign.Settings // BaseURL is that of the account server
	direct  *url.URL             // where WithBaseURL leads everything; nil: the account's data centre
	account AccountID            // as configured; may be empty
	auth    api.Auth
	oauth   *OAuth
	gate    *gate
	polls   *polls

	turn  chan struct{} // holds one item while somebody discovers
	found atomic.Pointer[site]
}

// site is an account at its data centre.
type site struct {
	api     *api.Client
	account Account
}

func newConnection(cfg Config, opts []countersign.Option) (*connection, error) {
	if cfg.Auth == nil {
		return nil, badConfig("Auth", "is nil", "use JWTGrant, CodeGrant, StaticToken or SourceToken")
	}
	oauth, err := newOAuth(App{Environment: cfg.Environment}, opts)
	if err != nil {
		return nil, err
	}
	given, err := countersign.NewSettings(countersign.Settings{}, opts...)
	if err != nil {
		return nil, err
	}
	c := &connection{
		set: oauth.api.Settings(), direct: given.BaseURL, account: cfg.AccountID, oauth: oauth,
		polls: newPolls(), turn: make(chan struct{}, 1),
	}
	c.gate = &gate{maxWait: c.set.Retry.MaxDelay}
	c.set.Limiter = inTurn{c.set.Limiter, c.gate}
	c.auth, err = cfg.Auth.auth(oauth)
	return c, err
}

// inTurn waits for the program's own limiter, which may be nil, and then for what
// DocuSign's answers leave.
type inTurn struct {
	own  countersign.Limiter
	gate *gate
}

// Wait implements countersign.Limiter.
func (t inTurn) Wait(ctx context.Context) error {
	if t.own != nil {
		if err := t.own.Wait(ctx); err != nil {
			return err
		}
	}
	return t.gate.Wait(ctx)
}

// site gives the account's place, discovered once. Who waits for another's
// discovery stops waiting when its own context ends.
func (c *connection) site(ctx context.Context) (*site, error) {
	if s := c.found.Load(); s != nil {
		return s, nil
	}
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.turn }()
	if s := c.found.Load(); s != nil {
		return s, nil
	}
	s, err := c.discover(ctx)
	if err == nil {
		c.found.Store(s)
	}
	return s, err
}

func (c *connection) discover(ctx context.Context) (*site, error) {
	info, err := c.oauth.userInfo(ctx, c.auth)
	if err != nil {
		return nil, err
	}
	account, err := info.Choose(c.account)
	if err != nil {
		return nil, err
	}
	base := c.direct
	if base == nil {
		if base, err = dataCentre(account.BaseURI); err != nil {
			return nil, err
		}
	}
	set := c.set
	set.BaseURL = base.JoinPath("restapi")
	client, err := api.New(api.Config{
		Provider: "docusign", Settings: set, Auth: c.auth, ParseError: parseError, Observe: c.gate.observe,
		RequestIDHeader: "X-DocuSign-TraceToken", RateLimitWait: burstWindow,
	})
	if err != nil {
		return nil, err
	}
	return &site{client, account}, nil
}

// dataCentre checks the address that the account server gave.
func dataCentre(raw string) (*url.URL, error) {
	u, err := countersign.ParseBaseURL(raw)
	if err != nil {
		return nil, badConfig("base_uri", "of the account is not usable", "")
	}
	if !docusignHost(u) {
		return nil, badConfig("base_uri", "of the account is not a DocuSign host, so that no token is sent there", "use countersign.WithBaseURL for a proxy")
	}
	return u, nil
}

// with runs f at the account's place. When the place turns out to be stale, it
// is discovered anew once; a call that failed for that has had no effect.
func (c *connection) with(ctx context.Context, f func(*site) error) error {
	known := c.found.Load()
	s, err := c.site(ctx)
	if err != nil {
		return err
	}
	err = f(s)
	if !stale(err) || known != s {
		return err
	}
	c.found.CompareAndSwap(s, nil) // unless somebody has discovered anew
	moved, again := c.site(ctx)
	if again != nil || moved.account == s.account {
		return err
	}
	return f(moved)
}

// stale reports a failure that comes of an account that has moved.
func stale(err error) bool {
	if errors.Is(err, ErrWrongAccount) {
		return true
	}
	// A data centre says this of a good token that belongs to another one. The
	// token has been renewed by now, where it can be.
	if e, ok := errors.AsType[*countersign.Error](err); ok && strings.EqualFold(e.Code, CodeAuthenticationFailed) {
		return true
	}
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// call describes one call below /v2.1/accounts/{accountId}.
type call struct {
	api.Call
	path   string // "/envelopes/{envelopeId}"
	values []string
}

func (s *site) describe(c call) api.Call {
	c.Path = api.NewPath("/v2.1/accounts/{accountId}"+c.path, append([]string{string(s.account.ID)}, c.values...)...)
	return c.Call
}

// get describes a call that changes nothing.
func get(op, path string, values ...string) call {
	return call{Call: api.Call{Op: op, Method: "GET", Effect: api.Read}, path: path, values: values}
}

// send describes a call with a JSON body.
func send(effect api.Effect, op, method, path string, body any, values ...string) call {
	c := call{Call: api.Call{Op: op, Method: method, Effect: effect}, path: path, values: values}
	if body != nil {
		c.Body = api.JSONBody(body)
	}
	return c
}

func (c call) query(v url.Values) call {
	c.Query = maps.Clone(v)
	return c
}

// ask runs a call and decodes its answer.
func ask[T any](ctx context.Context, conn *connection, c call, opts []countersign.CallOption) (*T, error) {
	var v *T
	err := conn.watched(ctx, c, func() error {
		return conn.with(ctx, func(s *site) (err error) {
			v, err = api.JSON[T](ctx, s.api, s.describe(c), opts...)
			return err
		})
	})
	return v, err
}

// do runs a call whose answer says nothing.
func do(ctx context.Context, conn *connection, c call, opts []countersign.CallOption) error {
	return conn.with(ctx, func(s *site) error {
		return s.api.Run(ctx, s.describe(c), nil, opts...)
	})
}
