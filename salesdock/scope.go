package salesdock

import "github.com/countersign/countersign"

// Scope is the part of the address that says on whose behalf a call is made.
type Scope string

// The scopes.
const (
	ScopeUser    Scope = "user"    // what the token's user may see and do
	ScopeAccount Scope = "account" // the whole account; for admins
)

// rule says in which scopes an endpoint exists.
type rule string

const (
	unscoped    rule = "none"    // the address has no scope; the user's rights count
	userOnly    rule = "user"    //
	accountOnly rule = "account" //
	either      rule = "either"  // the client's own
)

// ScopeError is a method that does not exist in the client's scope. Nothing was
// sent.
type ScopeError struct {
	Op    string
	Scope Scope // the client's
	Needs Scope // the method's; empty: either of the two
}

// Error names the method's scope and the client's.
func (e *ScopeError) Error() string {
	needs := "the scope " + string(e.Needs)
	if e.Needs == "" {
		needs = "one of the scopes user and account"
	}
	return "salesdock: " + e.Op + " exists in " + needs + " alone, and the client's is " + string(e.Scope)
}

// Is reports a ScopeError as countersign.ErrInvalid.
func (e *ScopeError) Is(target error) bool { return target == countersign.ErrInvalid }

// prefix is the path in front of the resource.
func (r rule) prefix(op string, s Scope) (string, error) {
	switch {
	case r == unscoped:
		return "", nil
	case r == either && (s == ScopeUser || s == ScopeAccount), string(r) == string(s):
		return "/" + string(s), nil
	case r == either:
		return "", &ScopeError{Op: op, Scope: s}
	}
	return "", &ScopeError{Op: op, Scope: s, Needs: Scope(r)}
}
