package senderonboarding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"strconv"
	"time"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// SessionID names a session, for the vendor's code and support staff. It is no
// secret: nothing can be done with it from outside.
type SessionID string

// State is how far a session is.
type State string

// The states. Time does not change the last four. A decision or a proof changes an
// unproven session still, and a session that is ready without a proof loses its
// sender-id to a tenant with a better one.
const (
	StateStarted  State = "started"  // the customer was sent to Digipost
	StateReturned State = "returned" // and came back; the proof is under way
	StateWaiting  State = "waiting"  // did not come back, or is not confirmed yet: approval may be under way
	StateReady    State = "ready"    // the sender-id is the tenant's
	StateUnproven State = "unproven" // there is a sender-id that nobody could prove: Decide
	StateExpired  State = "expired"  // nothing came until the deadline
	StateRefused  State = "refused"  // the sender-id is proven to be another tenant's, or a person said no
)

// Final reports a state that time does not change.
func (s State) Final() bool {
	return s == StateReady || s == StateUnproven || s == StateExpired || s == StateRefused
}

// Session is one customer's way through the registration.
type Session struct {
	ID     SessionID
	State  State
	Tenant string // empty until it is claimed
	// Organisation is the number that the vendor knows the tenant by.
	Organisation digipost.OrganisationNumber
	// Prefill is the number that a visitor typed.
	Prefill digipost.OrganisationNumber
	// SenderID is what a callback or Digipost's API said; zero until then. It is
	// to be used in StateReady only.
	SenderID digipost.SenderID
	// Address is the Digipost address that came with it, if one did.
	Address string
	// Proven: Digipost's API confirmed the sender-id for the organisation.
	Proven bool
	// Reason says why the session is unproven, expired, refused or still waiting.
	Reason string
	// Expectation is what the Brønnøysund register said before; empty: it was not
	// asked.
	Expectation  digipost.SignatureRight
	Started      time.Time
	Returned     time.Time // the customer's click; zero: never
	SameBrowser  bool      // the click came from the browser that the session began in
	Approved     time.Time // the back-end callback; zero: never
	BrowserUntil time.Time // the customer's way back is open until then
	Deadline     time.Time
	Changed      time.Time
	// Attempts is how often the session was looked at in vain, the last callback
	// being later; where there is something to ask, Digipost was asked each time.
	Attempts int
	// NextAttempt is when it is looked at again, at its deadline in the end. Zero: it
	// won't be.
	NextAttempt time.Time
	// Contradicting counts the callbacks that named another sender-id than the one
	// before, of those that count: one click, or two where the first was weak, and one
	// of the back-end.
	Contradicting int
}

// sessionBody is what the store keeps of a session beside the record's own
// columns: key the id, scope the tenant, ref the sender-id.
type sessionBody struct {
	Organisation  digipost.OrganisationNumber `json:"organisation,omitzero"`
	Prefill       digipost.OrganisationNumber `json:"prefill,omitzero"`
	NonceHash     string                      `json:"nonce_sha256"`
	BrowserHash   string                      `json:"browser_sha256,omitzero"`
	SenderID      digipost.SenderID           `json:"sender_id,omitzero"`
	Firm          bool                        `json:"firm,omitzero"` // as claim.firm
	Address       string                      `json:"address,omitzero"`
	Proven        bool                        `json:"proven,omitzero"`
	Reason        string                      `json:"reason,omitzero"`
	Expectation   digipost.SignatureRight     `json:"expectation,omitzero"`
	Started       time.Time                   `json:"started"`
	Returned      time.Time                   `json:"returned,omitzero"`
	SameBrowser   bool                        `json:"same_browser,omitzero"`
	Approved      time.Time                   `json:"approved,omitzero"`
	BrowserUntil  time.Time                   `json:"browser_until"`
	Deadline      time.Time                   `json:"deadline"`
	Contradicting int                         `json:"contradicting,omitzero"`
}

type sessionRow = orchestration.Row[sessionBody]

// tokenBody says what a secret, whose hash is the record's key, is good for; the
// record's ref is the session.
type tokenBody struct {
	Use string `json:"use"`
}

// What a secret is good for.
const (
	useState = "state" // names the session in the path of the redirect URL
	useNonce = "nonce"
	useClaim = "claim"
)

// hash is how a secret is stored. Secrets are random and long, so that nothing
// slower is needed.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func session(row sessionRow) Session {
	b := row.Value
	return Session{
		ID: SessionID(row.Key), State: State(row.State), Tenant: row.Scope,
		Organisation: b.Organisation, Prefill: b.Prefill, SenderID: b.SenderID, Address: b.Address,
		Proven: b.Proven, Reason: b.Reason, Expectation: b.Expectation, Started: b.Started,
		Returned: b.Returned, SameBrowser: b.SameBrowser, Approved: b.Approved, BrowserUntil: b.BrowserUntil, Deadline: b.Deadline,
		Changed: row.Updated, Attempts: row.Attempt, NextAttempt: row.Due, Contradicting: b.Contradicting,
	}
}

// Session reads a session; ErrUnknown if there is none.
func (f *Flow) Session(ctx context.Context, id SessionID) (Session, error) {
	var s Session
	err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.sessions.Get(ctx, tx, string(id))
		s = session(row)
		return err
	})
	if err != nil {
		return Session{}, sessionError(id, unknown(err))
	}
	return s, nil
}

// unknown tells a record that is not there as ErrUnknown.
func unknown(err error) error {
	if errors.Is(err, orchestration.ErrNoRecord) {
		return ErrUnknown
	}
	return err
}

// Sessions goes through the sessions of a tenant, or of all where it is empty,
// in the order in which they began; those in the given states, or all. An error
// is given once and ends the sequence.
func (f *Flow) Sessions(ctx context.Context, tenant string, states ...State) iter.Seq2[Session, error] {
	q := orchestration.Query{Scope: tenant}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	return func(yield func(Session, error) bool) {
		for row, err := range f.sessions.All(ctx, f.deps.Store, q) {
			if err != nil {
				yield(Session{}, err)
				return
			}
			if !yield(session(row), nil) {
				return
			}
		}
	}
}

// sessionOf finds the session of a secret. A secret of another use is as unknown
// as one that was made up.
func (f *Flow) sessionOf(ctx context.Context, tx orchestration.Tx, secret countersign.Secret, use string) (sessionRow, error) {
	if secret.IsZero() {
		return sessionRow{}, ErrUnknown
	}
	token, err := f.tokens.Get(ctx, tx, hash(secret.Reveal()))
	if err != nil {
		return sessionRow{}, unknown(err)
	}
	if token.Value.Use != use {
		return sessionRow{}, ErrUnknown
	}
	row, err := f.sessions.Get(ctx, tx, token.Ref)
	return row, unknown(err)
}

// write stores a changed session, its events and its line of the journal.
func (f *Flow) write(ctx context.Context, tx orchestration.Tx, row *sessionRow, what string, events ...EventKind) error {
	row.Updated = f.now()
	if err := f.sessions.Update(ctx, tx, row); err != nil {
		return err
	}
	if err := f.tell(ctx, tx, *row, events...); err != nil {
		return err
	}
	ids := map[string]string{"session": row.Key}
	if row.Ref != "" {
		ids["sender"] = row.Ref
	}
	return f.journal.Append(ctx, tx, orchestration.Entry{
		At: f.now(), Who: flowName, What: what, Why: row.Value.Reason, Scope: row.Scope, Ref: row.Key, IDs: ids,
	})
}

func senderText(id digipost.SenderID) string { return strconv.FormatInt(int64(id), 10) }
