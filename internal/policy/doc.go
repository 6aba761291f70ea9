// Package policy holds the house rules of this repository as ordinary tests:
// who may import whom, how long files and functions may be, what must be
// documented, which dependencies are allowed, where credentials may stand, that
// every Go snippet of the documentation is compiled code, and that the exported
// API changes only when somebody means it.
//
// It has no code of its own. Each rule is a function from sources to findings,
// and each has a self-test that feeds it a breach, so that no rule can pass
// because it looks at nothing.
package policy
