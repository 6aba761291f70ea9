// Package gateway is a contractone.Ledger behind HTTP, for customers who hold an
// interface to Contract One of their own: a private agreement with the vendor, an
// automation of their own, another contract database. They put a small gateway in
// front of it that speaks the contract of OpenAPI, and this client speaks to that.
//
// The contract is Countersign's own. Sansan publishes no API for Contract One, so
// nothing here is the vendor's, there is no default address, and how a request
// is authenticated is said by the caller.
//
//	POST /entries        register a file: the draft and the PDF, multipart/form-data
//	GET  /entries?key=…  the entry of a file
//	GET  /quota          the contracted count (optional)
//
// # Nothing twice, nothing lost
//
// An imported contract can't be taken back and is paid for, so Register looks the
// key up first, and sends the file with an Idempotency-Key that is the key of the
// draft. A gateway recognises a repeated key, so requests that got 429, 502, 503,
// 504 or no answer in time are sent again, as countersign.WithRetry says and not
// before a Retry-After. When no trustworthy answer came in the end, Register asks
// with Lookup, and only where that can't tell either it is a
// countersign.ErrOutcomeUnknown. For a gateway that can't recognise repeated keys,
// WithRetry(RetryPolicy{MaxAttempts: 1}) sends each file once and looks it up.
//
// The PDF is read once, into a temporary file, where its form, size and SHA-256
// are checked before anything is sent; it is streamed from there for each attempt.
//
// Package contractone/gatewaytest is a gateway for tests.
package gateway

import _ "embed" // for the contract

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the contract that a gateway has to keep, as an OpenAPI 3.0 document in
// YAML. It is Countersign's own, and not an interface of the vendor.
func OpenAPI() []byte { return append([]byte(nil), openAPI...) }
