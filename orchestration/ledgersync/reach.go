package ledgersync

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
)

// Advice is something about the account that a person should know before the
// link starts.
type Advice string

// The advice that a preview may hold; the first is the vendor's own, with its two
// reasons.
const (
	// AdviceDedicatedUser is in each preview: CloudSign does not tell whether a user
	// is a person.
	AdviceDedicatedUser Advice = "use a user of its own for the link, not a person's, with the right to manage documents (書類管理権限): " +
		"a person's confidential documents (親展) would be linked too, and the link ends when the person's user is removed"
	// AdviceNotAdministrator: the user lacks 書類管理権限, so only documents that
	// concern the user are linked.
	AdviceNotAdministrator Advice = "the user has no right to manage documents (書類管理権限), so only documents that concern this user are seen"
	// AdviceSeesConfidential: the user has 親展書類管理権限.
	AdviceSeesConfidential Advice = "the user may see all confidential documents (親展書類管理権限)"
	// AdviceOverlap: another link sees the same files.
	AdviceOverlap Advice = "another link holds files that this user sees too: they are registered once, with that link's settings"
)

// reach is what an account can see, and through which listing.
type reach struct {
	client *cloudsign.Client
	team   bool
	name   string // of the team
	advice []Advice
}

// look asks the service who the client ID stands for. It tells the plans and
// refusals apart that end a link.
func look(ctx context.Context, client *cloudsign.Client) (reach, error) {
	me, err := client.Users.Me(ctx)
	if err != nil {
		return reach{}, explain(ctx, client, err)
	}
	r := reach{client: client, team: me.Authorities.TeamDocumentAdministrator, name: me.Team.Name, advice: []Advice{AdviceDedicatedUser}}
	if !r.team {
		r.advice = append(r.advice, AdviceNotAdministrator)
	}
	if me.Authorities.PrivateDocumentAdministrator {
		r.advice = append(r.advice, AdviceSeesConfidential)
	}
	return r, nil
}

// RefusedError says what a refused GET /me means, and what to do.
type RefusedError struct {
	Reason string
	Fix    string
	Kind   error // contractone.ErrPlanNotSupported or contractone.ErrAccessRestricted
	Err    error // the service's refusal
}

// Error gives the reason, the fix and the service's own words.
func (e *RefusedError) Error() string { return e.Reason + ": " + e.Fix + " (" + e.Err.Error() + ")" }

// Unwrap gives the kind and the service's refusal.
func (e *RefusedError) Unwrap() []error { return []error{e.Kind, e.Err} }

// explain finds out what a refused GET /me means: an account that has cabinets
// instead of a user is an Enterprise one; where those are refused too, the user is
// disabled or the address not allowed, which the service answers the same way.
func explain(ctx context.Context, client *cloudsign.Client, err error) error {
	own := errors.Is(err, cloudsign.ErrAPIOptionRequired) || errors.Is(err, cloudsign.ErrClientRefused)
	if own || !errors.Is(err, countersign.ErrForbidden) {
		return err
	}
	_, refusal := client.Cabinets.List(ctx, 1)
	switch {
	case refusal == nil:
		return &RefusedError{
			Reason: "the account is on CloudSign's Enterprise plan, which can't be linked", Fix: "use an account on another plan",
			Kind: contractone.ErrPlanNotSupported, Err: err,
		}
	case errors.Is(refusal, countersign.ErrForbidden):
		return &RefusedError{
			Reason: "CloudSign refuses the client ID's user, who is disabled, or this machine's address",
			Fix:    "have an administrator enable the user or allow the address",
			Kind:   contractone.ErrAccessRestricted, Err: err,
		}
	}
	return refusal // nothing is known yet: the question comes again with the next run
}

// pages goes through the documents that were processed in a window. Imported
// documents can't be asked for by status, so a listing of the user's own
// documents asks for all; a team's listing has no such filter anyway.
func (r reach) pages(ctx context.Context, from, to time.Time, page int) iter.Seq2[*countersign.Page[cloudsign.Document], error] {
	q := cloudsign.DocumentQuery{From: from, To: to, Page: page, WithoutParticipants: true}
	if r.team {
		return r.client.Documents.PagesTeam(ctx, q)
	}
	return r.client.Documents.Pages(ctx, q)
}

// linkable reports whether a document is one that a link carries: concluded, or
// imported.
func linkable(d *cloudsign.Document) bool {
	return (d.Status == cloudsign.StatusConcluded || d.Status == cloudsign.StatusImported) && len(d.Files) > 0
}
