package digipost

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/internal/api"
)

// Request is a call that this package has no method for. Exactly one of Path, Link
// and Relation says where it goes; each is called on the configured base address
// alone.
type Request struct {
	Op     string // for errors and logs; empty: method and path
	Method string // empty: GET
	Path   []string
	// Link is an address that an answer offered. Its host does not count.
	Link string
	// Relation is one of the entry point of Sender, which is 0 for the broker's.
	Relation string
	Sender   SenderID
	More     []string   // elements behind Link or Relation
	Query    url.Values // in place of what Link or Relation bring under the same names
	// XML is the body: a value for package encoding/xml, or []byte, sent as they
	// are. Nil: none.
	XML any
	// Idempotent says that sending the request twice has the effect of sending it
	// once, so that it may be retried. GET and HEAD always are.
	Idempotent bool
}

// Do sends a call that this package has no method for, with the authentication,
// the limits and the errors of all calls. The answer's XML is decoded into into,
// unless that is nil.
func (c *Client) Do(ctx context.Context, r Request, into any, opts ...countersign.CallOption) error {
	p, query, err := c.core.address(ctx, r)
	if err != nil {
		return err
	}
	maps.Copy(query, r.Query)
	call := api.Call{Op: r.Op, Method: r.Method, Path: p, Query: query}
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	if call.Op == "" {
		call.Op = strings.ToLower(call.Method) + " " + p.Template()
	}
	switch {
	case call.Method == http.MethodGet || call.Method == http.MethodHead:
		call.Effect = api.Read
	case r.Idempotent:
		call.Effect = api.IdempotentWrite
	}
	switch doc := r.XML.(type) {
	case nil:
		return c.core.run(ctx, call, into, opts...)
	case []byte:
		call.Body = api.Raw(upload(mediaType, slices.Clone(doc)))
		return c.core.run(ctx, call, into, opts...)
	default:
		return c.core.post(ctx, call, doc, into, opts)
	}
}

func (c *core) address(ctx context.Context, r Request) (api.Path, url.Values, error) {
	given := 0
	for _, set := range []bool{len(r.Path) > 0, r.Link != "", r.Relation != ""} {
		if set {
			given++
		}
	}
	switch {
	case given != 1:
		return api.Path{}, nil, messageError("Request", "does not have exactly one of Path, Link and Relation")
	case r.Relation != "":
		return c.link(ctx, r.Sender, r.Relation, r.More...)
	case r.Link != "":
		return path(r.Link, r.More...)
	}
	return api.PathOf(append(slices.Clone(r.Path), r.More...)...), url.Values{}, nil
}

// Links are what the service offers now: to the broker (0), or to the broker for a
// sender. An offer that this package has no method for can be taken with Do.
func (c *Client) Links(ctx context.Context, sender SenderID) ([]Link, error) {
	entry, err := c.core.entryPoint(ctx, sender, time.Time{})
	if err != nil {
		return nil, err
	}
	return slices.Clone(entry.Links), nil
}
