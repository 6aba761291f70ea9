package senderonboarding

import (
	"cmp"
	"context"
	"crypto/rand"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/digipost"
	"github.com/countersign/countersign/orchestration"
)

// Start says for whom a session begins.
type Start struct {
	// Tenant is the vendor's id of the customer. Empty: on a public page; the
	// session is claimed after the customer signed in.
	Tenant string
	// Organisation is the number that the vendor itself knows the tenant by, never
	// what a visitor typed: the proof that a sender-id is this tenant's rests on
	// it. Empty: nothing can be proved.
	Organisation digipost.OrganisationNumber
	// Prefill fills in Digipost's form, as a visitor typed it. Organisation is used
	// where it is empty.
	Prefill digipost.OrganisationNumber
	// Browser is a secret of the customer's browser: without a proof, a click is then
	// believed only if its Arrival has the same. StartHandler sets it, and Handler
	// reads it; it is for those who call Start and Return themselves. Empty: a click
	// from any browser may be believed.
	Browser countersign.Secret
}

// Started is a session that has begun.
type Started struct {
	Session Session
	// Address is where to send the customer. It holds the session's secrets, so it
	// belongs to this customer's browser and into no log.
	Address countersign.Secret
	// Claim is for Flow.Claim, in a session without a tenant.
	Claim countersign.Secret
}

// Start begins a session. StartHandler is the same over HTTP.
func (f *Flow) Start(ctx context.Context, s Start) (Started, error) {
	if err := f.cfg.checkNumber(s.Organisation); err != nil {
		return Started{}, err
	}
	state, nonce, now := rand.Text(), digipost.NewNonce(), f.now()
	address, err := f.cfg.registration(state, nonce, cmp.Or(s.Prefill, s.Organisation))
	if err != nil {
		return Started{}, err
	}
	out := Started{Address: countersign.NewSecret(address)}
	secrets := map[string]string{useState: state, useNonce: nonce.Reveal()}
	if s.Tenant == "" {
		out.Claim = countersign.NewSecret(rand.Text())
		secrets[useClaim] = out.Claim.Reveal()
	}
	row := sessionRow{
		Record: orchestration.Record{Key: rand.Text(), Scope: s.Tenant, State: string(StateStarted), Updated: now},
		Value: sessionBody{
			Organisation: s.Organisation, Prefill: s.Prefill, NonceHash: hash(nonce.Reveal()),
			Expectation: f.expectation(ctx, cmp.Or(s.Organisation, s.Prefill)), Started: now,
			BrowserUntil: now.Add(f.cfg.BrowserWindow), Deadline: now.Add(f.cfg.Deadline),
		},
	}
	if !s.Browser.IsZero() {
		row.Value.BrowserHash = hash(s.Browser.Reveal())
	}
	row.Group, row.Due = row.Key, f.next(row, now)
	err = f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		for use, secret := range secrets {
			token := orchestration.Row[tokenBody]{Record: orchestration.Record{Key: hash(secret), Ref: row.Key, State: use, Updated: now}, Value: tokenBody{Use: use}}
			if _, err := f.tokens.Insert(ctx, tx, token); err != nil {
				return err
			}
		}
		if _, err := f.sessions.Insert(ctx, tx, row); err != nil {
			return err
		}
		if err := f.tell(ctx, tx, row, EventStarted); err != nil {
			return err
		}
		return f.journal.Append(ctx, tx, orchestration.Entry{At: now, Who: flowName, What: "started", Scope: s.Tenant, Ref: row.Key})
	})
	if err != nil {
		return Started{}, sessionError(SessionID(row.Key), err)
	}
	out.Session = session(row)
	return out, nil
}

// Claimant is the tenant that a session turns out to belong to.
type Claimant struct {
	Tenant string
	// Organisation is the number that the vendor knows the tenant by; see Start.
	// Empty: what the session began with stays.
	Organisation digipost.OrganisationNumber
}

// Claim gives a session that began on a public page to the tenant who signed in
// on the same browser. It is idempotent; ErrClaimed when another tenant has it, and
// ErrTooLate after its deadline.
func (f *Flow) Claim(ctx context.Context, claim countersign.Secret, c Claimant) (Session, error) {
	if c.Tenant == "" {
		return Session{}, configError("Tenant", "is empty", "")
	}
	if err := f.cfg.checkNumber(c.Organisation); err != nil {
		return Session{}, err
	}
	expectation := f.expectation(ctx, c.Organisation)
	var s Session
	err := f.deps.Store.Tx(ctx, func(tx orchestration.Tx) error {
		row, err := f.sessionOf(ctx, tx, claim, useClaim)
		if err != nil {
			return err
		}
		s = session(row)
		switch {
		case row.Scope == c.Tenant:
			return nil
		case row.Scope != "":
			return ErrClaimed
		case State(row.State).Final(), !f.now().Before(row.Value.Deadline):
			return ErrTooLate
		}
		row.Scope, row.Due = c.Tenant, f.now()
		row.Value.Organisation = cmp.Or(c.Organisation, row.Value.Organisation)
		row.Value.Expectation = cmp.Or(expectation, row.Value.Expectation)
		err = f.write(ctx, tx, &row, "claimed")
		s = session(row)
		return err
	})
	if err != nil {
		return Session{}, sessionError(s.ID, err)
	}
	return s, nil
}
