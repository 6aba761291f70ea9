// Package conformance checks what clients send and what fakes answer against
// the vendors' own specifications. What a fake and a client agree on proves
// nothing about the vendor; the vendor's file does.
//
// The gateway of package contractone/gateway is checked in the same way against
// the contract that the package itself publishes.
//
// The specifications belong to the vendors and are not part of this
// repository. The tests of this package find them in the folder that the
// environment variable COUNTERSIGN_SPECS names, and skip when it is not set.
//
// The check is strict: every member of a body, every key of a form, every name
// in a query and every header has to stand in the specification, which is
// stricter than OpenAPI itself. Where a file contradicts its own descriptions
// it is read through an overlay, whose every line cites the text that it
// follows; a citation that the file does not contain is an error.
package conformance
