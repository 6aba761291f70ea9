// Package contractonetest holds what tests of programs with a contract ledger
// need: Ledger, a reference ledger in memory with faults to switch on, and Run,
// a conformance suite for every contractone.Ledger.
//
// The reference ledger keeps the rules of the ledger's side: one entry for each
// key, present values only, write-once, the precedence of user, linked and
// digitised values, who may see an entry, unique groups, the contracted count,
// the history, and the refusals of a plan or an address that can't be linked.
// The other rules of the link belong to the flow that reads the e-signature
// service: the steps of the wizard and their order (contractone.Settings
// validates the values), one link for each client ID, reach, preview, first load
// and daily difference, and the queue of files to review, which are not in the
// ledger until a reviewer saves them.
//
// The package imports testing, for Run. It is meant for test programs.
package contractonetest
