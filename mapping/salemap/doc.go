// Package salemap carries a sale of one Salesdock environment, A, to another
// one, B: flows, product questions with their options, agreements and statuses.
// It does no I/O and keeps no state.
//
// A Mapping is what people choose in the screens "Flows", "Productvragen",
// "Accorderingen" and "Statussen" of Salesdock's own integration: a plain value
// of pairs. Check compares it with the catalogues of both sides and gives
// findings that programs can act on, each with a suggestion where there is one:
//
//	for _, f := range salemap.Check(a, b, m, salemap.Options{}) {
//		fmt.Println(f)
//	}
//
// Carry makes the sale that B gets out of A's, or says why it can't be made;
// Translate gives a status of B in A's terms, and Describe prints what B asks of
// an answer.
//
// Rules decide when a question or agreement is shown or required. Salesdock
// publishes one operator and four subjects of them, so a rule is decided in three
// values: a condition that this package can't read is Undecidable, never true and
// never false.
package salemap
