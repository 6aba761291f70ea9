package senderonboarding_test

import (
	"context"
	"testing"

	"github.com/countersign/countersign/digiposttest"
	"github.com/countersign/countersign/orchestration"
	"github.com/countersign/countersign/orchestration/senderonboarding"
	"github.com/stretchr/testify/require"
)

// ahead is a store on which another tenant's session is always a moment ahead: it
// takes each sender-id just before it is inserted, as a database lets happen
// between two statements.
type ahead struct{ orchestration.Store }

// Tx runs fn behind the other session.
func (s ahead) Tx(ctx context.Context, fn func(orchestration.Tx) error) error {
	return s.Store.Tx(ctx, func(tx orchestration.Tx) error { return fn(aheadTx{tx}) })
}

type aheadTx struct{ orchestration.Tx }

// Insert lets the other session insert first.
func (tx aheadTx) Insert(ctx context.Context, recs ...orchestration.Record) (int, error) {
	if recs[0].Table == "senderonboarding.sender" {
		theirs := recs[0]
		theirs.Scope = "mallory"
		if _, err := tx.Tx.Insert(ctx, theirs); err != nil {
			return 0, err
		}
	}
	return tx.Tx.Insert(ctx, recs...)
}

// Two sessions that end at the same moment don't share a sender-id.
func TestSenderTakenAtTheSameMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withEscaping(digiposttest.EscapedHash), withDeps(func(d *senderonboarding.Deps) { d.Store = ahead{d.Store} }))
	f := w.fresh("acme", acme)
	w.visitor().open(w.register(f.Started, acme))
	w.run()
	s := w.session(f.Session.ID)
	require.Equal(t, senderonboarding.StateRefused, s.State)
	require.Equal(t, "the sender-id belongs to another tenant", s.Reason)
	_, err := w.flow.Sender(t.Context(), "acme")
	require.ErrorIs(t, err, senderonboarding.ErrNoSender)
}
