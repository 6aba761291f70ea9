package salelink

import (
	"context"
	"errors"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/salesdock"
)

// Cause is what may keep a connection from working.
type Cause string

// The causes.
const (
	CauseToken       Cause = "token"            // it is wrong, expired or withdrawn
	CauseAccount     Cause = "account"          // the account's name in the address is another one's
	CauseRole        Cause = "role"             // the user's role has no right to the scope
	CauseAddress     Cause = "address"          // the token is bound to other source addresses
	CauseIntegration Cause = "integration_only" // the token was marked for an integration and works inside Salesdock alone
	CauseUnavailable Cause = "unavailable"      // Salesdock did not answer, or not as Salesdock does
)

// Connection is the result of TestConnection.
type Connection struct {
	OK bool
	// Scopes are those that answered. An Agent's token has ScopeUser alone.
	Scopes []salesdock.Scope
	// Causes are what is still possible when it is not OK.
	Causes []Cause
	Err    error // what the client's own scope answered
}

// TestConnection tries a token, as "Test API verbinding" does. A 401 is the token.
// A 403 does not say why, so both scopes are tried: where the other one answers,
// it is the role; where neither does, the account, the address and a token for
// integrations alone are left. Texts of errors, which come in two languages, are
// not looked at. It reads one list in each scope and changes nothing.
func TestConnection(ctx context.Context, c *salesdock.Client) Connection {
	out := Connection{Err: probe(ctx, c)}
	other := salesdock.ScopeAccount
	if c.Scope() == salesdock.ScopeAccount {
		other = salesdock.ScopeUser
	}
	switch {
	case out.Err == nil:
		out.OK, out.Scopes = true, []salesdock.Scope{c.Scope()}
		if c.Scope() == salesdock.ScopeAccount || probe(ctx, c.In(other)) != nil {
			return out
		}
		out.Scopes = append(out.Scopes, other)
	case errors.Is(out.Err, countersign.ErrUnauthorized):
		out.Causes = []Cause{CauseToken}
	case errors.Is(out.Err, countersign.ErrNotFound):
		out.Causes = []Cause{CauseAccount}
	case !errors.Is(out.Err, countersign.ErrForbidden):
		out.Causes = []Cause{CauseUnavailable}
	case probe(ctx, c.In(other)) == nil:
		out.Scopes, out.Causes = []salesdock.Scope{other}, []Cause{CauseRole}
	default:
		out.Causes = []Cause{CauseAccount, CauseRole, CauseAddress, CauseIntegration}
	}
	return out
}

// probe reads the shortest list that both scopes have.
func probe(ctx context.Context, c *salesdock.Client) error {
	_, err := c.Flows.List(ctx)
	return err
}

// TestConnections tries the tokens of both sides.
func (f *Flow) TestConnections(ctx context.Context) (a, b Connection) {
	return TestConnection(ctx, f.deps.A), TestConnection(ctx, f.deps.B)
}
