package mapping

// Rule fills one target field.
type Rule struct {
	// From are keys of source fields; the first one that yields a value
	// decides. Empty only with the transform Constant.
	From []string
	// To is the key of the target field.
	To string
	// Transform makes the target's value. The zero Transform copies, which
	// needs fields of one kind.
	Transform Transform
	// Required adds an error to the result when the target gets no value.
	Required bool
	// Replace says that this rule takes the place of an earlier rule for the
	// same target. Without it a second rule for a target is a mistake, and so
	// is a Replace with nothing to replace.
	Replace bool
}

// Check looks at a whole record after the rules have run and returns what it
// found, or nil. It must not change the records.
type Check[S, T any] func(src *S, dst *T) []Finding

// Definition is everything that makes a map, as a plain value.
type Definition[S, T any] struct {
	Name   string // in errors and in Explain: "ledger"
	Source Source[S]
	Target Target[T]
	Rules  []Rule
	Checks []Check[S, T] // run in order after the rules
}
