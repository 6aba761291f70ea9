package envelopesync

import (
	"errors"
	"fmt"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/docusign"
)

// What is wrong with a call of the flow.
var (
	// ErrUnknownAccount: Deps.Accounts does not have the account, or it has no
	// connection.
	ErrUnknownAccount = fmt.Errorf("no connection for this account (%w)", countersign.ErrNotFound)
	// ErrUnknownPrefill: Config.Prefills does not have the rule.
	ErrUnknownPrefill = fmt.Errorf("no prefill rule of this name (%w)", countersign.ErrNotFound)
)

// NoticeKind is what a person is told.
type NoticeKind string

// The notices.
const (
	// NoticeNoRecords: the ActiveCampaign account has no custom objects of its own.
	// It is given once; fields, tags and notes go on.
	NoticeNoRecords NoticeKind = "no records"
	// NoticeEdited: somebody changed an envelope's record; it was restored.
	NoticeEdited NoticeKind = "edited"
	// NoticeGivenUp: something failed for good. Notice.Work says of which kind it is:
	// Flow.DeadLetters of that kind lists it, by Notice.Ref, and takes it up again.
	NoticeGivenUp NoticeKind = "given up"
	// NoticeDraft: a draft was made in DocuSign.
	NoticeDraft NoticeKind = "draft"
)

// Notice is something that a person should know. It holds no names, addresses or
// values.
type Notice struct {
	Kind    NoticeKind
	Account docusign.AccountID
	// Work is the kind of NoticeGivenUp.
	Work Work
	// Ref is the record ("<envelope>:<recipient>"), or the key of the message, firing,
	// prefill or import.
	Ref    string
	Fields []string // ids of the record's fields that were edited
	Reason string
	// Draft and Link are those of NoticeDraft.
	Draft docusign.EnvelopeID
	Link  string
}

// permanent reports an error that doing the same again does not change.
func permanent(err error) bool {
	_, config := errors.AsType[*countersign.ConfigError](err)
	return config || errors.Is(err, countersign.ErrInvalid) || errors.Is(err, countersign.ErrNotFound) || errors.Is(err, countersign.ErrConflict)
}

// noEffect reports an error which says for certain that nothing happened.
func noEffect(err error) bool {
	return !errors.Is(err, countersign.ErrOutcomeUnknown) && (permanent(err) || errors.Is(err, countersign.ErrRateLimited) ||
		errors.Is(err, countersign.ErrUnavailable) || errors.Is(err, countersign.ErrUnauthorized) || errors.Is(err, countersign.ErrForbidden))
}
