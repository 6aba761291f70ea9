package salelink

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/salesdock"
)

// Owner is B's side of a link: it prepares the environment that owns the
// propositions, as far as there is an API. salesdock.OwnerRunbook gives all steps;
// Check tells which of them are done.
type Owner struct {
	client *salesdock.Client
	store  orchestration.Store
	table  orchestration.Table[struct{}]
}

// NewOwner takes a client of B with an Admin's token, in the scope account, and
// the store that remembers what was handed over; name is that of the link. Its
// error is a *countersign.ConfigError.
func NewOwner(client *salesdock.Client, store orchestration.Store, name string) (*Owner, error) {
	switch {
	case client == nil || client.Scope() != salesdock.ScopeAccount:
		return nil, configError("Owner", "has no client in the scope account", "B's side needs an Admin's token")
	case store == nil:
		return nil, configError("Store", "is missing", "open one with orchestration/sqlite")
	}
	if err := orchestration.CheckInstance(name); err != nil {
		return nil, configError("Name", "can't name an instance", "use lower-case letters, digits, hyphens and underscores")
	}
	return &Owner{client, store, orchestration.Table[struct{}](orchestration.TableName(flowName, name, "handover"))}, nil
}

// Organisation gives the organisation with an identifier, nil if there is none.
func (o *Owner) Organisation(ctx context.Context, identifier string) (*salesdock.Organisation, error) {
	for org, err := range o.client.Organisations.All(ctx) {
		if err != nil {
			return nil, err
		}
		if org.Identifier == identifier {
			return org, nil
		}
	}
	return nil, nil //nolint:nilnil // none is an answer
}

// EnsureOrganisation makes A's organisation, one for each partner, unless there is
// one with its identifier (step B1).
func (o *Owner) EnsureOrganisation(ctx context.Context, in salesdock.OrganisationInput) (id salesdock.OrganisationID, made bool, err error) {
	org, err := o.Organisation(ctx, in.Identifier)
	if err != nil {
		return "", false, err
	}
	if org != nil {
		return org.ID, false, nil
	}
	id, err = o.client.Organisations.Create(ctx, in)
	return id, err == nil, err
}

// ErrRights: what was read back of product rights is not what was set.
var ErrRights = fmt.Errorf("the product rights that were read back are not those that were set (%w)", countersign.ErrConflict)

// GrantProducts lets an organisation sell these products and no others, and reads
// back what came of it (step B2a): that a list replaces what was there is
// undocumented. nil is refused; an empty list takes everything away.
func (o *Owner) GrantProducts(ctx context.Context, org salesdock.OrganisationID, products []salesdock.ProductID) error {
	if _, err := o.client.Rights.SetOrganisationProducts(ctx, org, products); err != nil {
		return err
	}
	same, err := o.grantsExactly(ctx, org, products)
	if err == nil && !same {
		err = ErrRights
	}
	return err
}

func (o *Owner) grantsExactly(ctx context.Context, org salesdock.OrganisationID, products []salesdock.ProductID) (bool, error) {
	has, err := o.client.Rights.Products(ctx, org)
	return slices.Equal(sortedIDs(has), sortedIDs(products)), err
}

func sortedIDs(ids []salesdock.ProductID) []salesdock.ProductID {
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// InviteAgent mails an invitation to become the technical user of an organisation
// (step B3). It needs a mailbox that somebody reads: a user without one, named
// salesdock.TechnicalUser, is made in the screens.
func (o *Owner) InviteAgent(ctx context.Context, org salesdock.OrganisationID, email string) error {
	return o.client.Users.Invite(ctx, salesdock.Invitation{Email: email, Role: salesdock.RoleAgent, OrganisationID: org})
}

// Agent gives the active user of the type Agent of an organisation, nil if there
// is none. Several are a countersign.ErrConflict: the link's user stands for the
// link alone.
func (o *Owner) Agent(ctx context.Context, org salesdock.OrganisationID) (*salesdock.User, error) {
	var found *salesdock.User
	for u, err := range o.client.Users.All(ctx, salesdock.UserQuery{}) {
		switch {
		case err != nil:
			return nil, err
		case u.OrganisationID != org || u.Role != salesdock.RoleAgent || !bool(u.Active):
		case found != nil:
			return nil, fmt.Errorf("the organisation has several agents: %w", countersign.ErrConflict)
		default:
			found = u
		}
	}
	return found, nil
}

// MissingFlows gives the flows, by identifier, that an Agent's token does not see
// (step B2b): granting them is a step in the screens. That the list shows granted
// flows alone is undocumented.
func MissingFlows(ctx context.Context, agent *salesdock.Client, identifiers ...string) ([]string, error) {
	rows, err := agent.Flows.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, id := range identifiers {
		if !slices.ContainsFunc(rows, func(r salesdock.FlowRow) bool { return r.Identifier == id }) {
			out = append(out, id)
		}
	}
	return out, nil
}

// ErrHandedOver: the token was handed over before.
var ErrHandedOver = fmt.Errorf("the token was handed over already: make a new one (%w)", countersign.ErrConflict)

// HandOver gives a token to deliver, once (step B5): what deliver does with it is
// the program's, such as sealing it for A. When deliver fails, the token counts as
// not handed over. The store keeps a hash of it; no log, error or address holds it.
func (o *Owner) HandOver(ctx context.Context, token countersign.Secret, deliver func(context.Context, countersign.Secret) error) error {
	if token.IsZero() || deliver == nil {
		return configError("HandOver", "has no token or nobody to give it to", "")
	}
	sum := sha256.Sum256([]byte(token.Reveal()))
	key := hex.EncodeToString(sum[:])
	err := o.store.Tx(ctx, func(tx orchestration.Tx) error {
		n, err := o.table.Insert(ctx, tx, orchestration.Row[struct{}]{Record: orchestration.Record{Key: key, State: "handed-over"}})
		if err == nil && n == 0 {
			err = ErrHandedOver
		}
		return err
	})
	if err != nil {
		return err
	}
	if deliver(ctx, token) == nil {
		return nil
	}
	undo := context.WithoutCancel(ctx)
	return errors.Join(errNotDelivered, o.store.Tx(undo, func(tx orchestration.Tx) error { return tx.Delete(undo, string(o.table), key) }))
}

// errNotDelivered does not say why: the reason may quote what was to be delivered.
var errNotDelivered = fmt.Errorf("the token was not delivered (%w)", countersign.ErrUnavailable)

// Preparation is what B's side is to be like.
type Preparation struct {
	Mode         salesdock.LinkMode
	Language     salesdock.Language
	Names        salesdock.LinkNames
	Organisation string                // identifier
	Products     []salesdock.ProductID // that the organisation may sell
	Flows        []string              // identifiers
	// Agent is a client with the token of the organisation's Agent, in the scope user.
	// Nil: what only it can see is not checked.
	Agent *salesdock.Client
}

// StepState is a step of the runbook and whether it was done.
type StepState struct {
	salesdock.Step
	Checked bool   // the API was asked
	Done    bool   // and said yes
	Problem string // or this
}

// Check gives B's runbook with what the API can tell of each step.
func (o *Owner) Check(ctx context.Context, p Preparation) ([]StepState, error) {
	book, err := salesdock.OwnerRunbook(p.Mode, p.Language, p.Names)
	if err != nil {
		return nil, err
	}
	org, err := o.Organisation(ctx, p.Organisation)
	if err != nil {
		return nil, err
	}
	out := make([]StepState, len(book.Steps))
	for i, step := range book.Steps {
		out[i].Step = step
		if step.Kind == salesdock.Manual {
			continue
		}
		if out[i].Checked, out[i].Problem, err = o.checkStep(ctx, step.ID, p, org); err != nil {
			return nil, err
		}
		out[i].Done = out[i].Checked && out[i].Problem == ""
	}
	return out, nil
}

// checkStep asks the API about one step.
func (o *Owner) checkStep(ctx context.Context, id string, p Preparation, org *salesdock.Organisation) (checked bool, problem string, err error) {
	switch {
	case id == "B1" && org == nil:
		return true, "there is no organisation " + p.Organisation, nil
	case id == "B1":
		return true, "", nil
	case (id == "B2a" || id == "B3") && org == nil:
		return true, "there is no organisation yet", nil
	case id == "B2a":
		same, err := o.grantsExactly(ctx, org.ID, p.Products)
		return true, unless(same, "the organisation's products are others"), err
	case id == "B3":
		agent, err := o.Agent(ctx, org.ID)
		if errors.Is(err, countersign.ErrConflict) {
			return true, "the organisation has several agents", nil
		}
		return true, unless(agent != nil, "the organisation has no active agent"), err
	case p.Agent == nil:
		return false, "", nil
	case id == "B2b":
		missing, err := MissingFlows(ctx, p.Agent, p.Flows...)
		return true, unless(len(missing) == 0, fmt.Sprintf("the token does not see the flows %q", missing)), err
	case id == "B4":
		c := TestConnection(ctx, p.Agent)
		return true, unless(c.OK, fmt.Sprintf("the token does not work: %v", c.Causes)), nil
	}
	return false, "", nil
}

func unless(fine bool, problem string) string {
	if fine {
		return ""
	}
	return problem
}
