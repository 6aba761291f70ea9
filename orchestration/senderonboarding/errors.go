package senderonboarding

import (
	"errors"
	"fmt"

	"github.com/countersign/countersign"
)

// What is wrong with a callback, a claim or a decision.
var (
	// ErrUnknown: no session has this secret or id, or it is gone. What was guessed
	// is not told apart from what was purged.
	ErrUnknown = fmt.Errorf("there is no such session (%w)", countersign.ErrNotFound)
	// ErrForeignNonce: the nonce is not that of the session of the address.
	ErrForeignNonce = fmt.Errorf("the nonce belongs to another session (%w)", countersign.ErrInvalid)
	// ErrTooLate: the session's secret is not good any more.
	ErrTooLate = fmt.Errorf("the session's time is over (%w)", countersign.ErrInvalid)
	// ErrClaimed: the session belongs to another tenant.
	ErrClaimed = fmt.Errorf("the session belongs to another tenant (%w)", countersign.ErrConflict)
	// ErrNotUnproven: only unproven sessions are decided on.
	ErrNotUnproven = fmt.Errorf("the session is not unproven (%w)", countersign.ErrConflict)
	// ErrNoSender: the tenant has no sender that is ready.
	ErrNoSender = fmt.Errorf("no sender is ready; Flow.Sessions tells how far the registration is (%w)", countersign.ErrNotFound)
)

// SessionError is a failure that concerns a session, named by its id; the id is empty
// where what was brought names no session.
type SessionError struct {
	Session SessionID
	Err     error
}

// Error names the session and the reason.
func (e *SessionError) Error() string {
	if e.Session == "" {
		return "onboarding: " + e.Err.Error()
	}
	return "onboarding " + string(e.Session) + ": " + e.Err.Error()
}

// Unwrap gives the reason.
func (e *SessionError) Unwrap() error { return e.Err }

func sessionError(id SessionID, err error) error {
	if err == nil {
		return nil
	}
	if _, named := errors.AsType[*SessionError](err); named {
		return err
	}
	return &SessionError{id, err}
}
