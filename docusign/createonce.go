package docusign

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"github.com/countersign/countersign"
)

// recoveryWaits are the waits between the looks for an envelope that may have
// been made. DocuSign does not say how soon a transaction can be found.
var recoveryWaits = [...]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// CreateOnce makes an envelope under a transaction id, so that a lost answer
// does not lead to a second envelope (POST /envelopes, and GET /envelopes with
// transaction_ids).
//
// Without a TransactionID, one is chosen. When the creation's answer is lost, the
// id is looked up for 15 seconds; if nothing is found the error is an
// *UnknownCreationError with the id.
//
// A definition that comes with a TransactionID may have been created before: the
// id is looked up for 15 seconds, and only if nothing is found is the envelope
// made. A program that stores the id before it calls can so call again after a
// crash, for seven days. It spares itself the wait by making its first attempt
// with Create under the stored id, and coming here only to repeat it.
//
// One risk is left: DocuSign promises no time after which a transaction can be
// found. If that takes longer than 15 seconds from the call on, an envelope that
// exists is not seen and a second one is made. Let some minutes pass before
// calling again with an id, and two callers never use one id at the same time.
func (s EnvelopesService) CreateOnce(ctx context.Context, d EnvelopeDefinition, opts ...countersign.CallOption) (*Created, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if d.TransactionID == "" {
		d.TransactionID = newTransactionID()
	} else if found, err := s.search(ctx, d.TransactionID); found != nil || err != nil {
		return found, err
	}
	made, err := s.Create(ctx, d, opts...)
	if !errors.Is(err, countersign.ErrOutcomeUnknown) {
		return made, err
	}
	for _, wait := range recoveryWaits {
		if pause(ctx, wait) != nil {
			break
		}
		// A look that fails is as good as one that finds nothing.
		if found, _ := s.recover(ctx, d.TransactionID); found != nil {
			return found, nil
		}
	}
	return nil, &UnknownCreationError{TransactionID: d.TransactionID, Err: err}
}

// search looks for an envelope that may have been made a moment ago. Nothing may
// be made after a look that failed, so its error ends the search.
func (s EnvelopesService) search(ctx context.Context, id TransactionID) (*Created, error) {
	found, err := s.recover(ctx, id)
	for _, wait := range recoveryWaits {
		if found != nil || err != nil {
			break
		}
		if err = pause(ctx, wait); err == nil {
			found, err = s.recover(ctx, id)
		}
	}
	return found, err
}

// recover gives the envelope that was made under the id, or nil.
func (s EnvelopesService) recover(ctx context.Context, id TransactionID) (*Created, error) {
	all, err := s.Transactions(ctx, []TransactionID{id})
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.TransactionID == id && t.EnvelopeID != "" {
			return &Created{ID: t.EnvelopeID, Status: t.Status, URI: "/envelopes/" + string(t.EnvelopeID), TransactionID: id, Found: true}, nil
		}
	}
	return nil, nil
}

// UnknownCreationError says that an envelope may have been made, and under which
// id to look for it. It matches countersign.ErrOutcomeUnknown.
type UnknownCreationError struct {
	TransactionID TransactionID
	Err           error
}

// Error names the transaction.
func (e *UnknownCreationError) Error() string {
	return e.Err.Error() + " (transaction " + string(e.TransactionID) + ")"
}

// Unwrap gives the creation's error.
func (e *UnknownCreationError) Unwrap() error { return e.Err }

// newTransactionID is a random UUID (RFC 9562, version 4).
func newTransactionID() TransactionID {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return TransactionID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}
