// Package mapping carries records from one service's fields to another's. It
// does no I/O, has no clock and keeps no state: the same record gives the same
// result every time.
//
// A [Definition] names two catalogues, of source fields with getters and of
// target fields with setters, and an ordered list of rules between them:
//
//	mapping.Rule{From: []string{"attribute.title", "document.title"}, To: "title", Required: true}
//
// Compile finds every mistake in it at once (an unknown field, kinds that do
// not fit, a target that two rules write) and gives a [Map]. [Map.Run] then
// carries one record without reflection. It never panics and drops nothing in
// silence: its [Result] says for each target where the value came from, and
// lists what a person should look at as findings.
//
// A map is extended with [Map.With] and [Map.WithChecks], which leave the
// original as it was. A compiled Map is immutable and safe for concurrent use.
package mapping
