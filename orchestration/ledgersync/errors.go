package ledgersync

import (
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/cloudsign"
	"github.com/countersign/countersign/contractone"
)

// LinkError is a failure that concerns a link, named by its management ID.
type LinkError struct {
	Link contractone.ManagementID
	Err  error
}

// Error names the link and the reason.
func (e *LinkError) Error() string { return "link " + string(e.Link) + ": " + e.Err.Error() }

// Unwrap gives the reason.
func (e *LinkError) Unwrap() error { return e.Err }

// ErrGrew says that there is more to register than was confirmed. The *GrewError
// holds the new preview.
var ErrGrew = errors.New("the count grew since it was confirmed")

// ErrNotReviewer says that the actor is not among the reviewers of the link
// [countersign.ErrForbidden].
var ErrNotReviewer = fmt.Errorf("only the reviewers of the link may do that: %w", countersign.ErrForbidden)

// DecidedError is what a reviewer gets who comes too late. It is a
// countersign.ErrConflict.
type DecidedError struct {
	Decision Decision
}

// Error says who decided what.
func (e *DecidedError) Error() string {
	return fmt.Sprintf("it was %s already by %s at %s", e.Decision.What, e.Decision.By, e.Decision.At.Format(time.RFC3339))
}

// Is reports a DecidedError as countersign.ErrConflict.
func (e *DecidedError) Is(target error) bool { return target == countersign.ErrConflict }

// errNoAccount: the program did not pass the account that a link was made with.
var errNoAccount = errors.New("the link's account is missing")

// GrewError is what Start gives when more files would be registered than the
// preview said: show the new one and ask again.
type GrewError struct {
	Confirmed int64   // registrations that were confirmed
	Preview   Preview // as it is now
}

// Error tells both counts.
func (e *GrewError) Error() string {
	return fmt.Sprintf("link %s: %d registrations were confirmed and there are %d now: look at the new preview and start again",
		e.Preview.Link, e.Confirmed, e.Preview.Registrations)
}

// Is reports a GrewError as ErrGrew and countersign.ErrConflict.
func (e *GrewError) Is(target error) bool {
	return target == ErrGrew || target == countersign.ErrConflict
}

// stopsLink reports a failure that every file of the link would meet, and that
// waiting does not mend.
func stopsLink(err error) bool {
	for _, kind := range []error{
		countersign.ErrUnauthorized, cloudsign.ErrInvalidClient, cloudsign.ErrClientRefused, cloudsign.ErrAPIOptionRequired,
		contractone.ErrQuota, contractone.ErrPlanNotSupported, contractone.ErrAccessRestricted, contractone.ErrStorage, errNoAccount,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
