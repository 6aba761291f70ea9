package ledgersync

import (
	"context"
	"errors"
	"fmt"

	"github.com/countersign/countersign"
	"github.com/countersign/countersign/contractone"
	"github.com/countersign/countersign/orchestration"
)

// A claim is a record that a link has its client ID for itself. Its key is the
// credential's fingerprint, so that of two programs that add a link at the same
// moment one meets the other's, which neither sees among the links.

// refuseTwice refuses a client ID that another link has. The links are asked too:
// those of older versions have no claim.
func (f *Flow) refuseTwice(ctx context.Context, tx orchestration.Tx, c contractone.Credential) error {
	rows, err := f.links.List(ctx, tx, orchestration.Query{})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Value.Settings.Credential.Fingerprint == c.Fingerprint && State(r.State) != StateRemoved {
			return &LinkError{Link: contractone.ManagementID(r.Key), Err: errLinkedAlready}
		}
	}
	return nil
}

var errLinkedAlready = fmt.Errorf("this client ID is linked already: %w", countersign.ErrConflict)

// claim takes the client ID for a link, in the transaction that adds it.
func (f *Flow) claim(ctx context.Context, tx orchestration.Tx, id contractone.ManagementID, c contractone.Credential) error {
	claim := orchestration.Record{Table: f.claims, Key: c.Fingerprint, Scope: string(id), State: "claimed", Updated: f.now()}
	fresh, err := tx.Insert(ctx, claim)
	if err != nil || fresh == 1 {
		return err
	}
	first, err := tx.Get(ctx, f.claims, c.Fingerprint)
	if err != nil {
		return errors.Join(errLinkedAlready, err)
	}
	return &LinkError{Link: contractone.ManagementID(first.Scope), Err: errLinkedAlready}
}

// disclaim gives a removed link's client ID free. The claim of a link that came
// after it stays.
func (f *Flow) disclaim(ctx context.Context, tx orchestration.Tx, id contractone.ManagementID, c contractone.Credential) error {
	claim, err := tx.Get(ctx, f.claims, c.Fingerprint)
	switch {
	case errors.Is(err, orchestration.ErrNoRecord):
		return nil
	case err != nil || claim.Scope != string(id):
		return err
	}
	return tx.Delete(ctx, f.claims, c.Fingerprint)
}
