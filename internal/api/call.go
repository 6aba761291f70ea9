package api

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/countersign/countersign"
)

// Effect says what a call does to the service, and so what may be repeated. It
// is stated for each call and never guessed from the method.
type Effect int

const (
	// Write changes something each time it is sent. It is the zero value, so
	// that a call that forgets to say is not repeated.
	Write Effect = iota
	// IdempotentWrite leaves the service as it is when it is sent again.
	IdempotentWrite
	// Read changes nothing.
	Read
)

// Call describes one call of an endpoint.
type Call struct {
	Op     string // "get document"
	Method string
	Path   Path
	Effect Effect
	Query  url.Values
	Header http.Header
	Body   Body   // nil: none
	Accept string // empty: application/json
	NoAuth bool   // the call that fetches the credential
	// Secrets are credentials that the body carries; should the service repeat
	// them in an error, they are taken out.
	Secrets []countersign.Secret
}

// Decoder reads an answer's body.
type Decoder func(contentType string, body []byte) error

// badAnswer is a Decoder's own objection.
type badAnswer string

func (e badAnswer) Error() string { return string(e) }

// BadAnswer is an objection of a Decoder that becomes the DecodeError's reason. It
// must not quote the answer.
func BadAnswer(reason string) error { return badAnswer(reason) }

// JSON runs the call and decodes its answer as JSON into a new T.
func JSON[T any](ctx context.Context, c *Client, call Call, opts ...countersign.CallOption) (*T, error) {
	v := new(T)
	if err := c.Run(ctx, call, DecodeJSON(v), opts...); err != nil {
		return nil, err
	}
	return v, nil
}

// DecodeJSON decodes into v and refuses a content type that is not JSON, an
// empty body and text behind the value. Unknown members are ignored: services
// add them at any time.
func DecodeJSON(v any) Decoder {
	return func(contentType string, body []byte) error {
		media, _, _ := mime.ParseMediaType(contentType)
		if media != "application/json" && media != "text/json" && !strings.HasSuffix(media, "+json") {
			return errNotJSON
		}
		return json.Unmarshal(body, v)
	}
}

// Request runs a call that a provider has no method for.
func (c *Client) Request(ctx context.Context, r countersign.Request, into any, opts ...countersign.CallOption) error {
	call := Call{Op: r.Op, Method: r.Method, Path: PathOf(r.Path...), Query: r.Query, Header: r.Header}
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	if call.Op == "" {
		call.Op = strings.ToLower(call.Method) + " " + call.Path.template
	}
	switch {
	case call.Method == http.MethodGet || call.Method == http.MethodHead:
		call.Effect = Read
	case r.Idempotent:
		call.Effect = IdempotentWrite
	}
	switch {
	case r.Form != nil && r.JSON != nil:
		return &countersign.ConfigError{Component: c.cfg.Provider, Field: "Request.JSON", Reason: "is set beside Form", Fix: "set one of the two"}
	case r.Form != nil:
		call.Body = Form(r.Form)
	case r.JSON != nil:
		call.Body = JSONBody(r.JSON)
	}
	var dec Decoder
	if into != nil {
		dec = DecodeJSON(into)
	}
	return c.Run(ctx, call, dec, opts...)
}
